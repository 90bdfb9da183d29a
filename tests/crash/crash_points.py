#!/usr/bin/python3
"""Kills the daemon with SIGKILL at every step of a story and checks that nothing was lost, doubled or opened twice.

Real lockerd (built with LK_TEST_HOOKS), real SQLite, cabinet-sim on Modbus TCP and on an RTU line, a real broker, the
reference upstream. Each case has a site of its own. Prints the table of points and outcomes, also to --out.

Needs Debian's mosquitto, python3-paho-mqtt, python3-cryptography. Exit 0 only when every promise held.
"""
import argparse
import collections
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "system")]
import site_rig  # noqa: E402
import stories  # noqa: E402
import truths  # noqa: E402

Case = collections.namedtuple("Case", "story point line dead after second")

# Where the pulse is not yet on the wire; the number is how many intents stay without a pulse (None: may be either).
BEFORE_PULSE = {"intent-before": 0, "intent-after": 1, "pulse-before": 1, "pulse-after": None}
OPENING = [*BEFORE_PULSE, "wire", "echo", "opened", "sense-open", "outcome-before", "outcome-after"]
CLOSING = ["sense-closed", "close-before", "close-after"]
SENDING = [f"{point}:{n}" for n in (1, 2, 3) for point in ("publish-before", "publish-after")]
ACKS = ["ack-before", "ack-after"]
HEARD = {"deposit": "item.deposited", "pickup": "item.collected", "recall": "item.recalled"}
ANSWER = ["answer-before", "answer-after"]


def points_of(story):
    if story == "announce":
        return ["command-before", "command-after", *ANSWER, "publish-before", "publish-after", *ACKS]
    if story == "remote open":
        return [*OPENING, *ANSWER, *CLOSING, *ACKS]
    if story in ("qr pickup", "retry"):
        return OPENING + CLOSING
    if story == "open again":
        return [*OPENING, *CLOSING, *SENDING[:4], *ACKS]
    return [*OPENING, *CLOSING, *SENDING, "received:door.opened", f"received:{HEARD[story]}", *ACKS]


def door_may_be_open(point):
    return point in [*OPENING[3:], *ANSWER, *ACKS, "received:door.opened"] or point.endswith(":1")


def ordinary():
    """Each point of each story on both lines: once the same person comes back, once nobody does. Later events are sent
    like the first one: there one of the two is enough."""
    for story in ("deposit", "pickup", "recall", "open again"):
        for point in points_of(story):
            later = point[-2:] in (":2", ":3")
            if not later or "before" in point:
                yield Case(story, point, "tcp", "wait", "again", None)
            if not later or "after" in point:
                yield Case(story, point, "rtu", "finish" if door_may_be_open(point) else "wait", "nobody", None)
    for story in ("deposit", "pickup"):
        for point in ("echo", "outcome-after"):
            yield Case(story, point, "tcp", "walk", "again", None)
            yield Case(story, point, "rtu", "wait", "again", "outcome-after" if point == "echo" else "close-before")
    for point in ("intent-after", "echo", "outcome-before"):
        yield Case("retry", point, "rtu", "finish", "again", None)
    for point in ("intent-before", "intent-after", "wire", "outcome-after", "answer-before"):
        yield Case("remote open", point, "tcp", "wait", "again", None)
    for point in ("command-before", "command-after", "answer-after"):
        yield Case("announce", point, "tcp", "wait", "again", None)


def everything():
    """Each point of each story on both lines, whatever the person does, also with a second kill in the recovery."""
    for story in stories.ALL:
        for point in points_of(story):
            for line in ("tcp", "rtu"):
                hands = ("wait", "finish", "walk") if door_may_be_open(point) and story != "announce" else ("wait",)
                for dead in hands:
                    for after in ("again",) if story in ("remote open", "announce") else ("again", "nobody"):
                        yield Case(story, point, line, dead, after, None)
    for story in ("deposit", "pickup", "recall", "retry", "qr pickup"):
        for point in OPENING + CLOSING[:2]:
            for second in ("other-before", "outcome-before", "outcome-after", "close-before", "close-after"):
                yield Case(story, point, "tcp", "finish", "again", second)


# ---- one case --------------------------------------------------------------------------------------------------------

class Broken(Exception):
    """A promise that did not hold."""


class Run:
    """One site, one story, one kill."""

    def __init__(self, build, case):
        self.case = case
        banks = {name: {"line": line, "doors": 8, "unit": unit, "sizes": f"{size}:1-8", "more": "pulse_ms = 100\n"}
                 for name, line, unit, size in (("A", "tcp", 1, "S"), ("B", "rtu", 2, "M"))}
        grace_s = 1 if case.after == "nobody" else 60
        self.site = site_rig.Site(build, banks=banks, start=False, timing={
            "open_timeout_ms": 1500 if case.story != "retry" else 700, "left_open_s": 5, "doubt_grace_s": grace_s,
            "late_open_s": 20, "open_again_s": 30, "staff_idle_s": 20})
        self.order = os.path.join(self.site.folder, "kill-at")
        self.watchers = []
        self.notes = []

    def close(self):
        for watcher in self.watchers:
            watcher.close()
        return self.site.close()

    # -- the kill

    def arm(self, point):
        """Named points die inside the daemon; wire, opened and received:TYPE are seen from outside."""
        if point in ("wire", "opened"):
            control = self.site.sim.another_control()
            control.ask("subscribe", events=["pulse-start" if point == "wire" else "door-opened"])
            threading.Thread(target=self._kill_on, args=(control,), daemon=True).start()
        elif point.startswith("received:"):
            self.fatal_event = f"locker.{point[len('received:'):]}.v1"
            self.site.postal.on_event = self._received
        else:
            with open(self.order + ".new", "w", encoding="ascii") as f:
                f.write(point)
            os.rename(self.order + ".new", self.order)

    def _kill_on(self, control):
        while True:
            try:
                line = control.line(30)
            except (OSError, EOFError, ValueError):
                return
            if line and "event" in line:
                self.site.daemon.process.send_signal(signal.SIGKILL)
                return

    def _received(self, event):
        self.site.events.append(event)
        if event["type"] == self.fatal_event:
            self.fatal_event = None
            self.site.daemon.process.send_signal(signal.SIGKILL)

    def disarm(self):
        if os.path.exists(self.order):
            os.unlink(self.order)

    def dies(self, act):
        """Plays on until the daemon is gone."""
        try:
            act()
        except Exception as error:  # pylint: disable=broad-except
            try:
                code = self.site.daemon.wait_dead(3)
            except Exception:  # pylint: disable=broad-except
                raise error  # the daemon lives: the story itself is wrong
            if code != -signal.SIGKILL:
                raise Broken(f"lockerd ended with {code}: {self.site.daemon.log()[-600:]}") from error
        try:
            self.site.daemon.wait_dead(1)
        except Exception as error:  # pylint: disable=broad-except
            raise Broken(f"{self.case.point} was never passed") from error
        self.disarm()

    def coils_rest(self):
        """Law 9: the board ends the pulse, whoever has died; then the door has moved as far as it will."""
        try:
            site_rig.until(lambda: not any(d["coil"] for d in self.story.doors()), 1, "the coils to rest")
        except TimeoutError as error:
            raise Broken("a coil was left pulled") from error
        time.sleep(0.15)

    # -- the story

    def play(self):
        case, site = self.case, self.site
        site.daemon.env = {"LOCKERD_TEST_KILL_AT": "@" + self.order}
        site.start()
        site.hire(stories.STAFF, stories.PIN)
        self.story = story = stories.ALL[case.story](site, case.line)
        story.prepare()
        self.arm(case.point)
        self.dies(story.act)
        self.coils_rest()
        self.was_open = bool(story.open_doors())
        if case.dead != "wait":
            story.hands(case.dead)
        if case.second:
            self.dies_again()
        site.start()
        if case.after == "again":
            self.come_back()
        else:
            self.nobody_comes()
        return self.judge()

    def dies_again(self):
        """The next start is killed too, in the middle of settling what the first one left."""
        self.arm(self.case.second)
        try:
            self.dies(lambda: (self.site.start(), self.story.hands("finish"), time.sleep(0.5)))
        except Broken as error:
            if "never passed" not in str(error):
                raise
            self.notes.append("no second kill: nothing to settle")
            self.disarm()
            self.site.daemon.kill()
        self.coils_rest()

    def come_back(self):
        story = self.story
        story.again()
        if story.open_doors():
            story.hands("finish")
        site_rig.until(lambda: not self.site.admin("status")["doors"]["open"], 5, "every door to be seen shut")

    def nobody_comes(self):
        """Who still stands there finishes without the screen; what is in doubt becomes unknown, and staff are told."""
        self.story.hands("finish")
        site_rig.until(lambda: not self.site.admin("status")["doors"]["open"], 5, "every door to be seen shut")
        site_rig.until(lambda: not any(d["reason"] == "outcome_unproven" and d["use"] != "blocked"
                                       for d in self.site.admin("doors")["doors"]), 5, "doubts to end")

    def inspect(self, item):
        """Staff look behind the door, say where the item is, and give the compartment back."""
        place = self.story.place()
        to = {"courier": "with_courier", "citizen": "collected", "clerk": "at_window"}.get(place, "in_locker")
        self.site.admin("settle", item=item["item"], to=to, why="looked behind the door")
        if to != "in_locker":
            self.site.admin("unblock", door=item["door"] or self.blocked_door(item["item"]), why="it is empty")
        self.notes.append(f"inspection: {to}")

    def blocked_door(self, item):
        log = [e for e in self.site.events_of("audit.mismatch") if e["data"].get("item") == item]
        return log[-1]["data"]["door"]

    # -- the judgement

    def judge(self):
        site, story, broken = self.site, self.story, []
        left_inside = bool(story.open_doors()) or story.name in ("pickup", "qr pickup", "recall", "retry") and \
            self.case.dead == "walk" and bool(site.events_of("door.opened"))
        item, doors = site.item(story.item), site.admin("doors")["doors"]
        kept = item["custody"] if item else "none"
        if kept == "unknown":
            site.until_event("audit.mismatch", 5)
        if item:
            broken += truths.custody(story, item, doors, left_inside)
            if kept == "unknown":
                self.inspect(item)
                item, doors = site.item(story.item), site.admin("doors")["doors"]
                broken += truths.custody(story, item, doors, left_inside)
        broken += truths.compartments(story, doors, left_inside)
        site.until_all_acked(10)
        status = site.admin("status")
        broken += truths.books(story, item, status)
        code = site.daemon.stop()
        if code != 0:
            broken.append(f"the clean stop ended with {code}")
        rows = truths.intents(site)
        exact = not self.case.second and self.case.point not in ACKS  # an acknowledgement may come at any moment
        unsent = BEFORE_PULSE.get(self.case.point, 0) if exact else None
        broken += truths.openings(story, rows, story.asked, unsent)
        if "lockerd" in site.daemon.log() and "bug:" in site.daemon.log():
            broken.append("the log blames a bug of ours")
        return {"broken": broken, "custody": kept, "place": story.place(), "asked": story.asked, "intents": len(rows),
                "pulses": sum(d["commands"] for d in story.doors()), "said": " ".join(story.said) or "-",
                "events": status["seq"], "again": site.postal.log.duplicates, "open": self.was_open}


def run(job):
    build, case = job
    one, started = None, time.monotonic()
    try:
        one = Run(build, case)
        result = one.play()
    except Exception as error:  # pylint: disable=broad-except
        where = traceback.extract_tb(error.__traceback__)[-1] if not isinstance(error, Broken) else None
        result = {"broken": [f"{type(error).__name__}: {error}" + (f" ({where.name}:{where.lineno})" if where else "")]}
    if result["broken"] and one:
        result["trace"] = tail(os.path.join(one.site.folder, "trace.log"), 40) + tail(one.site.daemon.log_path, 20)
    if one:
        result["notes"] = one.notes
        one.close()
    return case, result, time.monotonic() - started


def tail(path, lines):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return [line.rstrip() for line in f][-lines:]
    except OSError:
        return []


# ---- the table -------------------------------------------------------------------------------------------------------

HEAD = ("story", "killed at", "line", "door then", "meanwhile", "after", "pulses / intents / asked", "kiosk said",
        "custody", "item at", "events (again)", "verdict")


def row_of(case, result):
    after = case.after + (f", killed at {case.second}" if case.second else "")
    if "custody" not in result:
        return (case.story, case.point, case.line, "", case.dead, after, "", "", "", "", "", "BROKEN")
    notes = "; ".join(result["notes"])
    return (case.story, case.point, case.line, "open" if result["open"] else "shut", case.dead, after,
            f"{result['pulses']} / {result['intents']} / {result['asked']}", result["said"],
            result["custody"] + (f" ({notes})" if notes else ""), result["place"],
            f"{result['events']} ({result['again']})", "BROKEN" if result["broken"] else "held")


def table(rows):
    width = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(len(HEAD))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, width)) + " |" for row in [HEAD, *rows]]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in width) + "|")
    return "\n".join(lines)


def parse():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--build", required=True, help="build folder with LK_TEST_HOOKS")
    p.add_argument("--long", action="store_true", help="every combination, and a second kill during the recovery")
    p.add_argument("--only", default="", metavar="WORDS", help="cases whose name has all these words, such as "
                   "'pickup echo tcp'")
    p.add_argument("--jobs", type=int, default=4)
    p.add_argument("--out", help="write the table there too (default BUILD/crash-points.md)")
    p.add_argument("--list", action="store_true", help="print the cases' names")
    return p.parse_args()


def main():
    args = parse()
    words = args.only.split()
    name = " ".join
    cases = [c for c in dict.fromkeys(everything() if args.long else ordinary())
             if all(w in name(filter(None, c)) for w in words)]
    if args.list:
        print("\n".join(name(filter(None, c)) for c in cases))
        return 0
    started, done = time.monotonic(), {}
    with multiprocessing.Pool(args.jobs) as pool:
        for case, result, took_s in pool.imap_unordered(run, [(args.build, c) for c in cases]):
            done[case] = result
            for promise in result["broken"]:
                print(f"BROKEN {name(filter(None, case))}: {promise}", flush=True)
            if result["broken"]:
                print("\n".join("    " + line for line in result.get("trace", [])), flush=True)
            if os.environ.get("LK_VERBOSE"):
                print(f"{took_s:5.1f} s {name(filter(None, case))}", flush=True)
    text = table([row_of(case, done[case]) for case in cases])
    print(text)
    broken = sum(bool(result["broken"]) for result in done.values())
    summary = (f"{len(cases)} kills at {len({c.point for c in cases})} points of {len({c.story for c in cases})} stories "
               f"in {time.monotonic() - started:.0f} s: {broken} broke a promise")
    print(summary)
    with open(args.out or os.path.join(args.build, "crash-points.md"), "w", encoding="utf-8") as f:
        f.write(f"# Crash points\n\n{summary}\n\n{text}\n")
    return 1 if broken or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
