#!/usr/bin/python3
"""Law 11 through the whole daemon: a wrong clock may lengthen a deadline, never shorten it. The daemon boots in 1970, its
calendar jumps by years while it runs and across restarts, time services lie, seconds leap, summer begins and ends. Items
go in and out meanwhile by the real kiosk, and a real broker carries what upstream is told. Prints a row for each case.

    time_whole.py --build BUILD [--part years|timers|services|daylight|certificates]
"""

import argparse
import datetime
import mmap
import os
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE, os.path.join(HERE, "..", "..", "upstream")]
import pki  # noqa: E402
import site_rig  # noqa: E402
import tls_whole  # noqa: E402
from contract_examples import expect  # noqa: E402

DAY_S, YEAR_S = 86400, 365 * 86400
UTC = datetime.timezone.utc
CODES = {f"Y{n}": f"7351926{n}" for n in range(1, 9)}
TIME_OK, TIME_INS, TIME_OOP, TIME_WAIT, TIME_ERROR = 0, 1, 3, 4, 5
STA_PLL, STA_INS, STA_UNSYNC = 0x0001, 0x0010, 0x0040
LONGEST_PAUSE_S = 10  # half of WatchdogSec in packaging/systemd
BY_THE_CALENDAR = ("item.reminder", "item.overdue", "item.erased", "audit.purge")


class Clock:
    """The calendar of a daemon: libmoving-clock.so reads it out of a file."""

    def __init__(self, folder, build):
        self.path = os.path.join(folder, "clock")
        with open(self.path, "wb") as f:
            f.write(bytes(16))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 16)
        self.env = {"LD_PRELOAD": os.path.join(build, "tests/system/libmoving-clock.so"), "MOVING_CLOCK": self.path}
        self.synced()

    def _set(self, ahead_s, state, status):
        self.ahead_s = ahead_s
        self.map[0:16] = struct.pack("=qii", int(ahead_s * 1000), state, status)

    def synced(self, ahead_s=0.0, state=TIME_OK, more=0):
        """A time service disciplines the kernel's clock."""
        self._set(ahead_s, state, STA_PLL | more)

    def stepped(self, ahead_s=0.0):
        """Set by somebody, or from the battery clock: settimeofday(2) takes the kernel's word for it away."""
        self._set(ahead_s, TIME_ERROR, STA_UNSYNC)

    def to(self, moment):
        """How far ahead this moment is."""
        return moment.timestamp() - time.time()


class Manager(threading.Thread):
    """The service manager's side of the watchdog."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.path, self.longest, self.last = os.path.join(folder, "notify"), 0.0, None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.start()

    def run(self):
        while True:
            said = self.socket.recv(4096)
            now = time.monotonic()
            if b"WATCHDOG=1" in said and self.last:
                self.longest = max(self.longest, now - self.last)
            self.last = None if b"STOPPING=1" in said else now if b"WATCHDOG=1" in said or b"READY=1" in said else self.last


class Hall:
    """A site under a moving clock, and what the rows of the table check again and again."""

    def __init__(self, site, clock, manager):
        self.site, self.clock, self.manager, self.rows = site, clock, manager, []

    def row(self, case, held):
        self.rows.append(f"{case:58}{held}")

    def start(self):
        self.site.start({**self.clock.env, "NOTIFY_SOCKET": self.manager.path})

    def restart(self):
        expect(self.site.daemon.stop() == 0, "a clean stop")
        self.start()

    def told(self, kind):
        return [e["data"].get("item") for e in self.site.events_of(kind)]

    def until_quality(self, quality):
        site_rig.until(lambda: self.site.admin("status")["clock"] == quality, 5, f"a clock that is {quality}")

        def last_word():
            words = self.site.events_of("site.clock", "site.started")
            return words and words[-1]["data"]["clock"] == quality
        site_rig.until(last_word, 10, f"upstream to be told {quality}")

    def nothing_due(self, case):
        """The calendar was looked at (dues.c does at each change of the clock and after a start) and made nothing due."""
        self.site.until_all_acked()
        time.sleep(0.15)
        self.site.until_all_acked()
        for kind in BY_THE_CALENDAR:
            expect(not self.told(kind), f"law 11, {case}: {kind} of {self.told(kind)}")
        recalls = self.site.admin("items")["items"]
        expect(not [i["item"] for i in recalls if i.get("overdue")], f"law 11, {case}: overdue are {recalls}")

    def deposit(self, item):
        self.site.sign_in()
        self.site.kiosk.press("deposit")
        self.site.deposit(item)
        self.site.kiosk.press("sign_out")

    def pickup(self, item):
        self.site.pickup(CODES[item])
        self.site.kiosk.press("done")
        self.site.until_event("item.collected", item=item)
        if self.site.kiosk.view()["screen"] != "home":
            self.site.kiosk.until("home")

    def keeps_until(self, item):
        """The end of an item's retention in seconds since 1970; None while no trusted clock has set it."""
        text = self.site.item(item)["retain_until"]
        return text and datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

    def clock_faults(self):
        """In the retained state/health, as upstream has it."""
        return [f["reason"] for f in (self.site.postal.health or {}).get("faults", []) if f["what"] == "clock"]

    def command(self):
        return self.site.postal.command("status.get")["result"]


def begin(hall):
    site = hall.site
    hall.start()
    site.hire()
    for item, code in CODES.items():
        expect(site.announce(item, code=code)["result"] == "ok", f"{item} is announced")
    for item in ("Y1", "Y2", "Y3"):
        hall.deposit(item)
    hall.until_quality("synced")


def boot_in_1970(hall):
    clock, site = hall.clock, hall.site
    expect(site.daemon.stop() == 0, "a clean stop")
    clock.stepped(clock.to(datetime.datetime(1970, 1, 2, 3, tzinfo=UTC)))
    hall.start()
    hall.until_quality("unsynced")
    hall.pickup("Y1")
    hall.deposit("Y4")
    expect(hall.keeps_until("Y4") is None, "what was put in in 1970 has no date")
    answer = site.postal.command("status.get")
    expect((answer["result"], answer["reason"]) == ("refused", "clock_unsynced"), f"{answer}")
    hall.nothing_due("1970")
    hall.row("boot in 1970", "pickup, deposit; no date given; commands refused, upstream told unsynced")
    clock.stepped()
    hall.until_quality("rtc")
    expect(hall.command() == "ok" and hall.keeps_until("Y4") is None, "a battery clock is obeyed, and dates nothing")
    hall.row("1970, then the battery clock's time", "commands obeyed; no date given; upstream told rtc")
    clock.synced()
    hall.until_quality("synced")
    site_rig.until(lambda: hall.keeps_until("Y4"), 5, "Y4 to get its date")
    expect(abs(hall.keeps_until("Y4") - time.time() - 15 * DAY_S) < 60, f"15 days from now: {hall.keeps_until('Y4')}")
    hall.nothing_due("1970, then synced")
    hall.row("1970, then a time service", "15 days count from now on; what was collected in 1970 is not erased")


def forward_by_years(hall):
    clock, dates = hall.clock, {item: hall.keeps_until(item) for item in ("Y2", "Y3", "Y4")}
    clock.stepped(10 * YEAR_S)
    hall.until_quality("rtc")
    hall.pickup("Y2")
    hall.deposit("Y5")
    hall.nothing_due("forward while running")
    hall.row("10 years forward while running", "nothing overdue or erased; pickup, deposit; upstream told rtc")
    hall.restart()
    hall.until_quality("rtc")
    hall.nothing_due("forward across a restart")
    hall.row("... and started anew there", "nothing overdue or erased")
    clock.synced()
    hall.until_quality("synced")
    hall.nothing_due("forward and mended")
    expect(hall.keeps_until("Y3") == dates["Y3"] and hall.keeps_until("Y4") == dates["Y4"], "dates stay")
    expect(abs(hall.keeps_until("Y5") - time.time() - 15 * DAY_S) < 60, "15 days from now for what was put in meanwhile")
    hall.row("... and mended", "the dates of before stand; what was put in meanwhile: 15 days from now")


def back_by_years(hall):
    clock, site = hall.clock, hall.site
    door = hall.site.item("Y3")["door"]
    site.broker.stop()
    clock.stepped(-10 * YEAR_S)
    site_rig.until(lambda: site.admin("status")["clock"] == "unsynced", 5, "unsynced")
    site.broker.start()
    site_rig.until(lambda: site.admin("status")["uplink"]["connected"], 30, "the uplink to come back, whatever year it is")
    hall.until_quality("unsynced")
    hall.pickup("Y3")
    hall.deposit("Y6")
    hall.nothing_due("back while running")
    hall.row("10 years back while running, the broker away", f"pickup ({door}), deposit; the uplink comes back; upstream told unsynced")
    hall.restart()
    hall.until_quality("unsynced")
    hall.nothing_due("back across a restart")
    clock.synced()
    hall.until_quality("synced")
    hall.nothing_due("back and mended")
    hall.row("... started anew there, and mended", "nothing overdue or erased")


def lockout(hall):
    """5 s by the monotonic clock: not ended by a jump forward, a jump back, or a restart."""
    clock, site = hall.clock, hall.site
    for _ in range(5):
        site.kiosk.code("00000000")
    begun = time.monotonic()
    expect(site.kiosk.code(CODES["Y1"])["reason"] == "locked_out", "locked out")
    clock.stepped(10 * YEAR_S)
    hall.until_quality("rtc")
    expect(site.kiosk.code(CODES["Y1"])["reason"] == "locked_out", "years forward: still locked out")
    hall.restart()
    again = time.monotonic()
    expect(site.kiosk.code(CODES["Y1"])["reason"] == "locked_out", "and after a restart")
    clock.stepped(-10 * YEAR_S)
    hall.until_quality("unsynced")
    site_rig.until(lambda: site.admin("status")["lockout"]["locked_s"] == 0, 12, "the lock-out to end, though the calendar went back", 0.02)
    held, since = time.monotonic() - begun, time.monotonic() - again
    expect(held > 5 and 4 < since < 8, f"5 s after the restart: {since:.1f}")
    clock.synced()
    hall.until_quality("synced")
    site.kiosk.press("done")
    hall.row("keypad locked for 5 s: forward, restart, back", f"locked for {since:.1f} s after the restart, no less and not for years")


def left_open(hall):
    """A timer of the cabinet, 5 s: a jump forward ends it no sooner, a jump back no later."""
    clock, site = hall.clock, hall.site
    door = site.pickup(CODES["Y2"], close=False)
    begun = time.monotonic()
    clock.stepped(10 * YEAR_S)
    hall.until_quality("rtc")
    clock.stepped(-10 * YEAR_S)
    site.until_event("door.left_open", door=door)
    took = time.monotonic() - begun
    expect(4 < took < 8, f"left open for 5 s is told after {took:.1f} s")
    site.shut(door)
    site.until_event("item.collected", item="Y2")
    site.kiosk.press("done")
    clock.synced()
    hall.until_quality("synced")
    hall.row("a door left open for 5 s: forward, then back", f"told after {took:.1f} s")


def a_service_that_lies(hall):
    """A time service says synchronised and is years off (a receiver whose weeks have rolled over, a wrong server)."""
    clock, site = hall.clock, hall.site
    date = hall.keeps_until("Y1")
    clock.synced(3 * YEAR_S)
    hall.until_quality("rtc")
    hall.nothing_due("a lie at once")
    checks = {c["check"]: c for c in site.admin("selfcheck")["checks"]}
    expect((checks["clock"]["ok"], checks["clock"]["reason"]) == (False, "clock_jumped"), f"{checks['clock']}")
    site_rig.until(lambda: hall.clock_faults() == ["clock_jumped"], 12, "the fault upstream")
    clock.stepped(3 * YEAR_S)
    time.sleep(1.2)
    clock.synced(3 * YEAR_S)
    time.sleep(1.2)
    expect(site.admin("status")["clock"] == "rtc", "the lie is not believed the second time")
    hall.deposit("Y7")
    hall.nothing_due("a lie after a step")
    expect(hall.keeps_until("Y7") is None, "it dates nothing")
    expect("jumped" in site.daemon.log(), "the log says why")
    hall.row("synchronised to a lie 3 years ahead, while running", "not believed (rtc); log, selfcheck and upstream say clock_jumped; nothing due or dated")
    clock.synced()
    hall.until_quality("synced")
    expect(hall.keeps_until("Y1") == date, "the date stands")
    site_rig.until(lambda: hall.clock_faults() == [], 12, "the fault to be gone upstream")
    site_rig.until(lambda: hall.keeps_until("Y7"), 5, "Y7 to get its date")
    expect(abs(hall.keeps_until("Y7") - time.time() - 15 * DAY_S) < 60, "15 days from now")
    hall.row("... and mended", "believed at once")


def leap_second(hall):
    clock, site = hall.clock, hall.site
    before = len(site.events_of("site.clock"))
    for ahead, state, more in ((0, TIME_INS, STA_INS), (-1, TIME_OOP, STA_INS), (-1, TIME_WAIT, 0)):
        clock.synced(ahead, state, more)
        time.sleep(1.05)
        expect(site.admin("status")["clock"] == "synced", f"adjtimex {state}")
    for step in range(100):  # a day's smear in a second: never a jump, a little slow
        clock.synced(-1 + step * 0.01)
        time.sleep(0.01)
    clock.synced()
    time.sleep(1.05)
    expect(len(site.events_of("site.clock")) == before, "a leap second is no news")
    hall.nothing_due("leap second")
    hall.row("a leap second inserted, and one smeared", "synced throughout; no word about it, nothing due")


def books(hall):
    """Order is by seq, times say what they are worth, the chain is whole."""
    site = hall.site
    site.until_all_acked()
    expect([e["seq"] for e in site.events] == list(range(1, len(site.events) + 1)), "a gapless seq, in order")
    times = [datetime.datetime.fromisoformat(e["time"].replace("Z", "+00:00")) for e in site.events]
    back = sum(later < earlier for earlier, later in zip(times, times[1:]))
    expect(back >= 1, f"the times went back {back} times")
    now = datetime.datetime.now(UTC)
    for event, at in zip(site.events, times):
        wrong = abs((at - now).total_seconds()) > DAY_S
        expect(not (wrong and event["timequality"] == "synced"), f"seq {event['seq']} of {event['time']} is called synced")
        expect(event["timequality"] == "unsynced" or at.year >= now.year - 1, f"seq {event['seq']} of {event['time']} is called {event['timequality']}")
    expect(site.admin("store")["chain"]["ok"], "the chain is whole")
    expect(site.postal.log.faults == [] and not site.postal.books.faults, f"{site.postal.log.faults} {site.postal.books.faults}")
    hall.row("the log over all this", f"{len(times)} events by seq, gapless; time went back {back} times; no wrong one is called synced")
    hall.row("the watchdog over all this", f"fed; longest pause {hall.manager.longest:.1f} s")
    expect(hall.manager.longest < LONGEST_PAUSE_S, f"the watchdog was not fed for {hall.manager.longest:.1f} s")


def daylight(build, rows):
    """The windows' hours, shown while the daemon runs into and out of summer time, and where there is none."""
    def moment(*at):
        return datetime.datetime(*at, tzinfo=UTC)
    year = datetime.datetime.now(UTC).year + 1

    def last_sunday(month):
        day = datetime.date(year, month, 31)
        return day.day - (day.weekday() + 1) % 7
    cases = (
        ("summer time begins in Berlin", "Europe/Berlin", "mon-sun 03:00-05:00", moment(year, 3, last_sunday(3), 0, 59, 58),
         ("closed", "03:00"), ("open", "05:00")),
        ("summer time ends in Berlin", "Europe/Berlin", "mon-sun 02:30-03:30", moment(year, 10, last_sunday(10), 0, 59, 58),
         ("open", "03:30"), ("closed", "02:30")),
        ("the same night in Shanghai", "Asia/Shanghai", "mon-sun 09:00-17:00", moment(year, 3, last_sunday(3), 0, 59, 58),
         ("closed", "09:00"), ("open", "17:00")),
    )
    for case, zone, hours, at, before, after in cases:
        more = f"[window 3]\nhours = {hours}\n"
        with site_rig.Site(build, banks={"A": {"line": "tcp", "doors": 8, "unit": 1}}, broker=False, start=False, more=more) as site:
            with open(site.config_path, encoding="utf-8") as f:
                text = f.read().replace("[site]\n", f"[site]\ntime_zone = {zone}\n", 1)
            with open(site.config_path, "w", encoding="utf-8") as f:
                f.write(text)
            clock = Clock(site.folder, build)
            clock.synced(clock.to(at - datetime.timedelta(seconds=4)))
            site.start(clock.env)

            def shown():
                window = site.kiosk.view()["window"]
                return (window["state"], window["at"])
            site_rig.until(lambda: shown() == before, 3, f"{case}: {before} before")
            clock.synced(clock.to(at))
            try:
                site_rig.until(lambda: shown() == after, 6, f"{case}: {after}")
            except TimeoutError as error:
                raise TimeoutError(f"{error}; it is {shown()}") from error
            expect(site.admin("status")["clock"] == "synced", f"{case}: not a jump")
            expect(site.daemon.stop() == 0, "a clean stop")
        rows.append(f"{case + ' (' + hours[8:] + ')':58}{before[0]} ({before[1]}), a second later {after[0]} ({after[1]})")


def certificates(build, rows):
    """A certificate is not called expired by a clock that cannot know; the time service's word is enough, at once."""
    with site_rig.Site(build, banks={"A": {"line": "tcp", "doors": 8, "unit": 1}}, broker=False) as site:
        site.daemon.stop()
        folder = os.path.join(site.folder, "pki")
        os.makedirs(folder)
        ca, clock = pki.Authority(folder), Clock(site.folder, build)
        own = ca.issue("site", f"{site_rig.OPERATOR}/{site_rig.SITE}", client=True, days=200)
        broker = tls_whole.Broker(folder, ca, ca.issue("broker", "localhost", ("localhost", "127.0.0.1")))
        try:
            tls_whole.configure(site, broker.port, ca=ca.file, cert=own[0], key=own[1])
            site.start(clock.env, ready=False)
            site_rig.until(lambda: tls_whole.uplink(site).get("connected"), 15, "the uplink")

            def look(quality):
                site_rig.until(lambda: site.admin("status")["clock"] == quality, 5, quality)
                site.admin("reload")
                site.admin("status")
                return site.daemon.log()
            clock.stepped(20 * YEAR_S)
            expect("has expired" not in look("rtc"), f"called expired by a clock that proves nothing:\n{site.daemon.log()[-600:]}")
            clock.stepped(-30 * YEAR_S)
            expect("has expired" not in look("unsynced"), "nor by one that is not set")
            clock.synced()
            look("synced")
            expect(tls_whole.uplink(site)["connected"], "the link stands")
            rows.append(f"{'20 years forward and 30 back, with certificates':58}none is called expired; the link stands")
            site.daemon.stop()
            clock.stepped(300 * DAY_S)
            site.start(clock.env, ready=False)
            site_rig.until(lambda: tls_whole.uplink(site).get("last_error"), 15, "a word about the handshake")
            expect("clock" in tls_whole.uplink(site)["last_error"], f"the clock is named too: {tls_whole.uplink(site)['last_error']}")
            expect(f"certificate {own[0]} has expired" not in site.daemon.log(), "300 days on, by a battery clock")
            clock.synced(300 * DAY_S)
            site_rig.until(lambda: f"the certificate {own[0]} has expired" in site.daemon.log(), 5, "the true date to be told without an hour's wait")
            rows.append(f"{'300 days on: battery clock, then a time service':58}first nothing, then certificate_expired within a second")
            expect(site.daemon.stop() == 0, "a clean stop")
        finally:
            broker.close()


def hall(build, rows, *cases):
    """These cases one after another, in one site with its broker."""
    more = "[lockout]\nfirst_s = 5\nmost_s = 5\n"
    timing = {"open_timeout_ms": 1500, "left_open_s": 5, "notice_s": 3}
    banks = {"A": {"line": "tcp", "doors": 8, "unit": 1, "sizes": "S:1-8", "more": "pulse_ms = 100\n"}}
    with site_rig.Site(build, banks=banks, start=False, more=more, timing=timing, uplink="health_s = 5\n") as site:
        one = Hall(site, Clock(site.folder, build), Manager(site.folder))
        for case in (begin, *cases, books):
            case(one)
        expect(site.daemon.stop() == 0, "a clean stop")
        rows += one.rows


PARTS = {
    "years": lambda build, rows: hall(build, rows, boot_in_1970, forward_by_years, back_by_years),
    "timers": lambda build, rows: hall(build, rows, lockout, left_open),
    "services": lambda build, rows: hall(build, rows, a_service_that_lies, leap_second),
    "daylight": daylight,
    "certificates": certificates,
}


def run_part(build, part):
    rows = []
    PARTS[part](build, rows)
    print("\n".join(rows))


def run_all(build):
    """Side by side: they wait for most of the time. Each in a process of its own, for sites are started from a main thread."""
    begun = [(part, subprocess.Popen([sys.executable, "-B", __file__, "--build", build, "--part", part], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)) for part in PARTS]
    said = [(part, process.communicate()[0], process.returncode) for part, process in begun]
    for part, text, code in said:
        print(f"-- {part}\n{text.rstrip()}")
        expect(code == 0, f"the part {part} (--part {part} runs it alone)")
    print(f"{sum(len(text.splitlines()) for _, text, _ in said)} cases: law 11 kept")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--part", choices=PARTS)
    args = parser.parse_args()
    if args.part:
        run_part(os.path.abspath(args.build), args.part)
    else:
        run_all(os.path.abspath(args.build))


if __name__ == "__main__":
    main()
