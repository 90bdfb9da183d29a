"""What is measured, one function each. They yield rows; `b` has build, quick, and count(full, quick)."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import bench_site
from bench_site import BenchSite, code_of, label, now_ns, prepared_store, unit_and_pdu, until
from drain import drain as drain_rows
from table import Row

MS = 1e6
BITS, BITS_PARITY = 10, 11  # of a character on an 8N1 line, on an 8E1 line
POLL_MS = 100  # a TCP board, when nothing moves
SLACK_MS = 4  # TCP workers let the kernel gather their timers (hal/linux/fieldbus_linux.c)
OWN_MS = 4  # what we allow ourselves beside the waiting for a reading
SCAN = 1.02  # of the lawful time: what a full scan may take
HEALTHY = 1.15  # of the healthy line's latency: what one dead board may make of it
FOCUS_MS = 10  # a door that moves is not read more often than this (hal/fieldbus/fb_sched.h)
CONFIRM_MS = 200  # [bank] confirm_ms
READ_32, REPLY_32, ECHO = 8, 9, 8  # characters: a read of 32 inputs, its reply, a pulse or its echo


class Line:
    """Lawful times on a serial line, in ms, with the simulated boards' turnaround of one gap."""

    def __init__(self, baud, bits=BITS):
        self.char = bits * 1000 / baud
        self.gap = 3.5 * self.char if baud <= 19200 else 1.75
        self.read = (READ_32 + REPLY_32) * self.char + 2 * self.gap  # request, turnaround, reply, gap
        self.pulse = 2 * ECHO * self.char + 2 * self.gap
        self.tail = self.gap + REPLY_32 * self.char  # from the board's sampling to the last character of the reply


# ---- doors -> subscriber ---------------------------------------------------------------------------------------------

def open_one(site, request):
    """A code at the kiosk; returns when it was sent."""
    at_ns = now_ns()
    answer = site.http.ask(request)
    if b'"ok"' not in answer:
        raise RuntimeError(f"the code was refused: {answer}")
    return at_ns


def moved(site, door, value, timeout_s=5):
    return site.watch.wait("input", timeout_s, door=door, value=value)["at_ns"]


def door_rows(b, medium, baud, boards, n):
    store = prepared_store(b.build, boards, 3000, 1, b.note)
    opened, closed, forced = [], [], []
    with BenchSite(b.build, boards, medium, baud or 9600, store) as site:
        site.subscribe("input")
        phase = random.Random(7)
        doors = [(i % boards) * bench_site.DOORS + i // boards for i in range(n)]
        for i in doors:
            open_one(site, site.http.prepare({"act": "code", "code": code_of(i)}))
            at_ns = moved(site, label(i), 0)
            opened.append((site.listener.wait("door.opened", label(i)) - at_ns) / MS)
            site.shut(label(i))
            at_ns = moved(site, label(i), 1)
            closed.append((site.listener.wait("door.closed", label(i)) - at_ns) / MS)
            # Boards are read closely for a second after a door moved; one person at a time is at the cabinet.
            time.sleep(b.count(1.1, 0.1) + phase.random() * 0.4)
        for i in range(b.count(6, 2)):
            door = label((i % boards) * bench_site.DOORS + 31 - i // boards)
            time.sleep(0.3 + phase.random() * 0.5)  # not so soon after a pulse that it counts as a wrong door
            site.sim.ask("door", door=door, action="force")
            at_ns = moved(site, door, 0)
            forced.append((site.listener.wait("door.forced", door) - at_ns) / MS)
    yield from judge_doors(medium, baud, boards, opened, closed, forced)


def judge_doors(medium, baud, boards, opened, closed, forced):
    """The limit is the longest lawful wait for a reading: a door opens a fixed time after its pulse, so the phase is not
    random and the median need not be half of it. On top come commit, MQTT and two ends: OWN."""
    name = (f"TCP, {boards}" if medium == "tcp" else f"RTU {baud}, {boards}") + (" board" if boards == 1 else " boards")
    if medium == "tcp":
        often, seldom, tail = FOCUS_MS + SLACK_MS, POLL_MS + SLACK_MS, 0
    else:
        line = Line(baud)
        often, seldom, tail = line.read * min(boards, 2), line.read * boards, line.tail
    limit = often + tail
    yield Row(f"door opens after its pulse -> event; {name}", "ms", opened, limit,
              f"a moving door is read each {often:.1f} ms, and the reply", limit + OWN_MS)
    # Confirming is one more reading when the time is over; it waits for one transaction like everything else.
    confirmed = limit + CONFIRM_MS + (often if medium == "tcp" else line.read + line.tail)
    yield Row(f"door is shut, {CONFIRM_MS} ms confirmed -> event; {name}", "ms", closed, confirmed,
              f"as above, {CONFIRM_MS} ms, and the reading that confirms", confirmed + OWN_MS)
    limit = confirmed - often + seldom
    yield Row(f"door forced, {CONFIRM_MS} ms confirmed -> event; {name}", "ms", forced, limit,
              f"any door is read each {seldom:.0f} ms; the rest as above", limit + OWN_MS)


def doors(b):
    """door sensor change -> event at an MQTT subscriber"""
    for boards in (1, 4, 16):
        yield from door_rows(b, "tcp", None, boards, b.count(16, 2))
    for baud in (9600, 19200, 115200):
        for boards in (1, 4, 16):
            if not b.quick or (baud, boards) == (115200, 4):
                yield from door_rows(b, "rtu", baud, boards, b.count(14, 2))


# ---- code -> pulse on the wire ---------------------------------------------------------------------------------------

def store_costs(b, codes):
    """Look-up and commit alone, by bench_store: {name: (median us, p99 us, n)}."""
    shm = "/dev/shm" if os.path.isdir("/dev/shm") else None
    found = {}
    with tempfile.TemporaryDirectory(prefix="lockerd-bench-", dir=shm) as folder:
        out = subprocess.run([b.program("tests/bench/store/bench_store"), str(codes), folder], check=True,
                             capture_output=True, text=True).stdout
    for line in out.splitlines():
        row = re.match(r"(\S.*?)  +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)", line)
        if row:
            found[row.group(1)] = (float(row.group(3)), float(row.group(4)), int(row.group(2)))
    return found


def enter_codes(b, store, n, in_memory):
    """Times from the first byte of the HTTP connection to the pulse request at the board, and of a plain view; in ms."""
    whole, page = [], []
    with BenchSite(b.build, 16, "tcp", store=store, in_memory=in_memory) as site:
        site.person(close_after_ms=150)
        site.subscribe("request", "input")
        pause = random.Random(5)
        for i in range(n):
            door = (i % 16) * bench_site.DOORS + i // 16
            request = site.http.prepare({"act": "code", "code": code_of(door)})
            page.append(site.http.there_and_back_ns() / MS)
            time.sleep(0.005)
            at_ns = open_one(site, request)
            whole.append((site.pulse_request()["start_ns"] - at_ns) / MS)
            site.listener.wait("door.opened", label(door))
            time.sleep(0.02 + pause.random() * 0.05)
    return whole, page


def flushes(n):
    """What two pages of a log that was laid out beforehand cost on this disk, when they come one at a time; in ms."""
    out, page = [], bytes(4120)
    with tempfile.TemporaryFile(dir=tempfile.gettempdir()) as f:
        f.write(page * 2 * n)
        f.flush()
        os.fsync(f.fileno())
        for i in range(n):
            time.sleep(0.05)
            at_ns = now_ns()
            os.pwrite(f.fileno(), page, 2 * i * len(page))
            os.pwrite(f.fileno(), page, (2 * i + 1) * len(page))
            os.fdatasync(f.fileno())
            out.append((now_ns() - at_ns) / MS)
    return out


def codes(b):
    """code entered at the kiosk -> pulse request on the wire, durable intent included"""
    items, n = b.count(1000000, 3000), b.count(400, 8)
    store = prepared_store(b.build, 16, items, 60, b.note)
    whole, page = enter_codes(b, store, n, False)
    disk = flushes(b.count(200, 8))
    costs = store_costs(b, b.count(1000000, 1000))
    lookup = next(v for k, v in costs.items() if k.startswith("a right code"))
    commit = next(v for k, v in costs.items() if k.startswith("durable intent"))
    flush = Row("  of it: this disk's flush of two pages, one at a time", "ms", disk)
    yield Row(f"code entered -> pulse on the wire; TCP, {items} codes", "ms", whole, flush.median,
              "what this disk takes to make two pages durable (below)", 0.6)
    yield flush
    yield part("  of it: look-up of the code, HMAC included", lookup)
    yield part("  of it: commit without a disk (bench_store, in memory)", commit)
    yield Row("  of it: a kiosk request there and back (a view)", "ms", page)
    whole, page = enter_codes(b, store, b.count(200, 8), True)
    yield Row("  the same with the database in memory: the software alone", "ms", whole, None, "", 0.6)


def part(what, cost):
    row = Row(what, "ms", [cost[0] / 1000])
    row.p99, row.max, row.n = cost[1] / 1000, cost[1] / 1000, cost[2]
    return row


# ---- commands --------------------------------------------------------------------------------------------------------

def command_packet(site, mqtt, name, args):
    claims = bench_site.upstream.claims_for(bench_site.OPERATOR, bench_site.SITE, name, args)
    return claims["jti"], mqtt.prepare(bench_site.ROOT + "cmd", site.keys.sign(claims).encode())


def remote_opens(b, site, mqtt, n):
    out = []
    for i in range(n):
        door = label((i % 4) * bench_site.DOORS + i // 4)
        _, packet = command_packet(site, mqtt, "compartment.open", {"compartment": door})
        at_ns = now_ns()
        mqtt.socket.sendall(packet)
        out.append((site.pulse_request()["start_ns"] - at_ns) / MS)
        site.listener.wait("door.opened", door)
        time.sleep(0.1)
    return out


def status_answers(site, mqtt, n):
    out = []
    for _ in range(n):
        jti, packet = command_packet(site, mqtt, "status.get", {})
        at_ns = now_ns()
        mqtt.socket.sendall(packet)
        out.append((site.listener.wait("rsp", jti) - at_ns) / MS)
        time.sleep(0.06)  # longer than a delayed ACK: every round meets a quiet connection
    return out


def commands(b):
    """command on MQTT -> coil, and its answer; with Nagle's algorithm off as shipped, and on to compare"""
    n = b.count(60, 4)
    with BenchSite(b.build, 4, "tcp") as site:
        mqtt = bench_site.Mqtt(site.broker.port, "bench-upstream")
        site.person(close_after_ms=150)
        site.subscribe("request", "input")
        coil = remote_opens(b, site, mqtt, n)
        quiet = status_answers(site, mqtt, b.count(200, 6))
        mqtt.close()
    preload = b.program("tests/bench/libkeep-nagle.so")
    with BenchSite(b.build, 4, "tcp", env={"LD_PRELOAD": preload,
                                                        "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"}) as site:
        mqtt = bench_site.Mqtt(site.broker.port, "bench-upstream")
        nagle = status_answers(site, mqtt, b.count(60, 6))
        mqtt.close()
    yield Row("command on MQTT (compartment.open) -> pulse on the wire", "ms", coil, None, "", 5.0,
              extra="broker, signature, durable command and intent included")
    slow = Row("", "ms", nagle)
    yield Row("command on MQTT (status.get) -> answer at upstream", "ms", quiet, slow.median,
              "the same with Nagle's algorithm left on in lockerd", 5.0)
    yield Row("  the same, Nagle's algorithm left on", "ms", nagle)


# ---- scan of a line --------------------------------------------------------------------------------------------------

def reads_of(site, since_seq, unit):
    log = site.sim.ask("log", since=since_seq, events=["request"])["log"]
    frames = [(unit_and_pdu(one), one["start_ns"]) for one in log]
    return [at for frame, at in frames if frame[0] == unit and frame[1] == 2]


def scan_row(b, baud, boards):
    lawful = Line(baud).read * boards
    with BenchSite(b.build, boards, "rtu", baud, listener=False) as site:
        time.sleep(0.5)
        before = site.sim.line("RTU")
        since = newest(site)
        time.sleep(max(b.count(6.0, 0.5), b.count(12, 3) * lawful / 1000))
        reads = reads_of(site, since, 1)
        line = site.sim.line("RTU")
    took = [(after - this) / MS for this, after in zip(reads, reads[1:])]
    violations, dropped = line["gap_violations"], line["dropped"]
    row = Row(f"scan of a line; RTU {baud}, {boards} board{'s' * (boards > 1)}", "ms", took, lawful,
              "request, turnaround, reply and gap of each board", lawful * SCAN, "median", f"median <= {SCAN} x limit",
              extra=f"gap violations {violations}, dropped {dropped} of {line['requests']} requests, "
                    f"simulator late at most {line['worst_late_ns'] / MS:.1f} ms")
    row.ok = row.ok and violations == 0 and dropped == 0 and line["unanswered"] == before["unanswered"]
    return row


def newest(site):
    return site.sim.ask("log", last=1)["last_seq"]


def scan(b):
    """a full scan of a serial line of strict boards, against the lawful limit of the wire"""
    for baud in (9600, 19200, 115200):
        for boards in (1, 4, 16):
            if not b.quick or boards == 4:
                yield scan_row(b, baud, boards)


# ---- a pulse waits for one transaction -------------------------------------------------------------------------------

def pulse(b):
    """a pulse waits for at most one transaction in flight"""
    store = prepared_store(b.build, 4, 3000, 1, b.note)
    for baud in (9600, 19200, 115200):
        if b.quick and baud != 115200:
            continue
        yield pulse_row(b, baud, store)


def pulse_row(b, baud, store):
    line, waits, between = Line(baud), [], []
    with BenchSite(b.build, 4, "rtu", baud, store) as site:
        site.person(close_after_ms=150)
        phase = random.Random(baud)
        for i in range(b.count(60, 4)):
            door = (i % 4) * bench_site.DOORS + i // 4
            request = site.http.prepare({"act": "code", "code": code_of(door)})
            site.subscribe("request", "input")
            time.sleep(phase.random() * line.read * 2 / 1000)
            open_one(site, request)
            answered_ns = now_ns()  # the pulse was handed to the line just before the answer went out
            pulse_ns, others = pulse_after(site, answered_ns)
            waits.append(max(0, pulse_ns - answered_ns) / MS)
            between.append(others)
            site.listener.wait("door.opened", label(door))
            site.listener.wait("door.closed", label(door))
    row = Row(f"kiosk's answer -> pulse on a busy line; RTU {baud}, 4 boards", "ms", waits, line.read / 2,
              f"half of one read with its gaps; at worst all of it, {line.read:.2f} ms", line.read + 2, "max",
              f"max <= {line.read:.1f} + 2",
              extra=f"other requests that began between the answer and the pulse: at most {max(between)}, none allowed")
    row.ok = row.ok and max(between) == 0
    return row


def pulse_after(site, answered_ns):
    """When the pulse began, and how many other requests began after the answer and before it."""
    others = 0
    while True:
        one = site.watch.wait("request", 5)
        if bench_site.is_pulse(one):
            return one["start_ns"], others
        others += one["start_ns"] > answered_ns


# ---- a line that is kept busy, with a dead board on it ---------------------------------------------------------------

BUSY_BAUD, BUSY_BOARDS = 19200, 16
COIL_MS, COIL_WORST_MS, CHANGE_MS = 14, 21, 25  # command -> coil: median and worst; change -> subscriber: median


def busy_site(b, medium):
    # Doors that need different times to open meet the reading at every phase.
    open_ms = [20 + (i * 7) % 27 for i in range(BUSY_BOARDS)]
    return BenchSite(b.build, BUSY_BOARDS, medium, BUSY_BAUD, parity="even" if medium == "rtu" else "none",
                     open_ms=open_ms)


def dead_now(site):
    """The last board dies, and the line has set it aside."""
    site.sim.ask("fault", board=chr(64 + BUSY_BOARDS), fault="dead")
    until(lambda: [u for line in site.admin("bus")["fieldbuses"] for u in line["units"]
                   if u["bank"] == chr(64 + BUSY_BOARDS)][0]["state"] == "lost", 30, "the dead board set aside")
    time.sleep(3)


def one_command(site, mqtt, door):
    """Opens a door by command: (command -> its coil, its sensor's change -> subscriber) in ms."""
    site.subscribe("pulse-start", "input")
    _, packet = command_packet(site, mqtt, "compartment.open", {"compartment": door})
    at_ns = now_ns()
    mqtt.socket.sendall(packet)
    coil_ns = site.watch.wait("pulse-start", 5, door=door)["at_ns"]
    change_ns = moved(site, door, 0)
    told_ns = site.listener.wait("door.opened", door)
    site.listener.wait("door.closed", door)
    return (coil_ns - at_ns) / MS, (told_ns - change_ns) / MS


def busy_samples(b, medium, dead):
    coil, change, phase = [], [], random.Random(19)
    with busy_site(b, medium) as site:
        mqtt = bench_site.Mqtt(site.broker.port, "bench-upstream")
        site.person(close_after_ms=150)
        until(lambda: all_known(site), 20, "every door known", 0.02)
        if dead:
            dead_now(site)
        for i in range(b.count(60, 3)):
            door = label((i % (BUSY_BOARDS - 1)) * bench_site.DOORS + i // (BUSY_BOARDS - 1))
            time.sleep(phase.random() * 0.1)
            one = one_command(site, mqtt, door)
            coil.append(one[0])
            change.append(one[1])
        mqtt.close()
    return coil, change


def busy(b):
    """a line that is read without a pause: commands and changes, healthy and with one dead board of 16"""
    for medium in ("rtu", "tcp"):
        yield from busy_rows(medium, busy_samples(b, medium, False), busy_samples(b, medium, True))


def busy_rows(medium, healthy, dead):
    line = Line(BUSY_BAUD, BITS_PARITY)
    name = f"{BUSY_BOARDS} boards, " + ("TCP" if medium == "tcp" else f"RTU {BUSY_BAUD} 8E1")
    if medium == "rtu":
        coil, often = line.read / 2 + ECHO * line.char, line.read
        limits = (coil, "half a read with its gaps, and the request itself"), (
            often + line.tail, "half of two reads (every second one is of that board), and the reply")
    else:
        limits = (None, ""), ((FOCUS_MS + SLACK_MS) / 2, f"half of the {FOCUS_MS + SLACK_MS} ms between two reads")
    rtu = medium == "rtu"
    row = Row(f"command on MQTT -> coil; {name}", "ms", healthy[0], limits[0][0], limits[0][1],
              COIL_MS if rtu else None, "median", f"<= {COIL_MS}, max {COIL_WORST_MS}" if rtu else None)
    row.ok = (row.ok and row.max <= COIL_WORST_MS) if rtu else None
    yield row
    yield Row(f"door just pulsed changes -> subscriber; {name}", "ms", healthy[1], limits[1][0], limits[1][1],
              CHANGE_MS if rtu else None)
    for what, before, after in (("command on MQTT -> coil", healthy[0], dead[0]),
                                ("door just pulsed changes -> subscriber", healthy[1], dead[1])):
        was = Row("", "ms", before).median
        yield Row(f"  one of them dead: {what}", "ms", after, was, "the same with all boards healthy (above)",
                  was * HEALTHY, "median", f"median <= {HEALTHY} x")


# ---- the process -----------------------------------------------------------------------------------------------------

def ready(b):
    """start -> ready"""
    store = prepared_store(b.build, 16, 3000, 1, b.note)
    told, known = [], []
    with BenchSite(b.build, 16, "tcp", store=store, start=False, listener=False) as site:
        path = os.path.join(site.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(20)
            for _ in range(b.count(15, 2)):
                at_ns = now_ns()
                site.daemon.start({"NOTIFY_SOCKET": path})
                while b"READY=1" not in notify.recv(4096):
                    pass
                told.append((now_ns() - at_ns) / MS)
                until(lambda: all_known(site), 20, "every door known", 0.005)
                known.append((now_ns() - at_ns) / MS)
                site.daemon.stop()
    yield Row("start -> ready (sd_notify); 16 TCP boards, 3000 items", "ms", told, None, "", 200.0)
    yield Row("  start -> every door of 16 TCP boards known", "ms", known)


def all_known(site):
    try:
        return site.admin("status")["doors"]["unknown"] == 0
    except OSError:
        return False


def memory_of(pid):
    """RSS and PSS in MB (10^6 bytes would flatter: these are 2^20)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            pss = int(re.search(r"Pss:\s+(\d+)", f.read()).group(1)) / 1024
    except PermissionError:
        pss = 0.0
    return rss, pss


def announce(site, mqtt, first, count):
    for i in range(first, first + count):
        jti, packet = command_packet(site, mqtt, "item.announce",
                                     {"item_id": f"parcel-{i}", "size": "S", "code": f"{90000000 + i:08d}"})
        mqtt.socket.sendall(packet)
        site.listener.wait("rsp", jti)


def one_round(site, mqtt, k, batch):
    """Announced, loaded by a courier, picked up by their recipients, with some who mistype."""
    first = k * batch
    announce(site, mqtt, first, batch)
    site.http.act("sign_in", staff="1001", pin="2468")
    until(lambda: site.http.view()["screen"] == "staff_menu", 10, "the courier's menu")
    site.http.act("button", button="deposit")
    for i in range(first, first + batch):
        accepted(site.http.act("scan", text=f"parcel-{i}"))
        accepted(site.http.act("button", button="size", size="S"))
        until(lambda: site.http.view()["screen"] == "placed", 15, "placed")
    site.http.act("button", button="sign_out")
    for i in range(first, first + batch):
        if i % 10 == 0:
            site.http.act("code", code="00000001")
        accepted(site.http.act("code", code=f"{90000000 + i:08d}"))
        until(lambda: site.http.view()["screen"] == "taken", 15, "taken")
    for ask in ("status", "doors", "bus", "uplink", "items"):
        site.admin(ask)


def accepted(answer):
    if answer["result"] != "ok":
        raise RuntimeError(f"the kiosk refused: {answer}")


def memory(b):
    """resident memory after heavy traffic"""
    rounds, batch = b.count(b.rounds, 1), b.count(60, 2)
    rss, pss = [], []
    with BenchSite(b.build, 16, "tcp") as site:
        site.hire()
        mqtt = bench_site.Mqtt(site.broker.port, "bench-upstream")
        streams = [open_stream(site) for _ in range(2)]
        site.person(close_after_ms=60)
        before = memory_of(site.pid)
        begun = time.monotonic()
        for k in range(rounds):
            one_round(site, mqtt, k, batch)
            now = memory_of(site.pid)
            rss.append(now[0])
            pss.append(now[1])
        took = time.monotonic() - begun
        status = site.admin("status")
        settle = b.count(61, 0.1)  # each minute the daemon gives back what it freed
        time.sleep(settle)
        settled = memory_of(site.pid)
        with open(f"/proc/{site.pid}/status", encoding="ascii") as f:
            kinds = dict(re.findall(r"(Rss\w+):\s+(\d+)", f.read()))
        for stream in streams:
            stream.close()
        mqtt.close()
    items = rounds * batch
    extra = (f"{items} deposits and {items} pickups, {status['seq']} events in {took:.0f} s; at start {before[0]:.1f} MB, "
             f"after each round {', '.join(f'{v:.1f}' for v in rss[:6])}{' ...' if len(rss) > 6 else ''}; "
             f"anon {int(kinds['RssAnon']) / 1024:.1f}, file {int(kinds['RssFile']) / 1024:.1f}")
    yield Row("resident memory during the traffic; 16 TCP boards, 512 doors", "MB", rss, None, "", 12.0, "max",
              extra=extra)
    yield Row(f"  {settle:.0f} s later", "MB", [settled[0]], None, "", 12.0, "max")
    yield Row("  proportional share of it (PSS)", "MB", [settled[1]])


def open_stream(site):
    s = socket.create_connection(("127.0.0.1", site.kiosk_port), 10)
    s.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Locker-Token: %s\r\n\r\n"
              % (site.kiosk_port, site.http.token))
    return s


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def cpu_ns(pid):
    """utime and stime of all threads from the scheduler's books, finer than ticks."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def cpu(b):
    """processor time with 16 TCP boards read every 100 ms"""
    shares, seconds = [], b.count(12.0, 2.0)
    with BenchSite(b.build, 16, "tcp", poll_ms=100) as site:
        time.sleep(2)
        reads = sum(site.sim.line(f"TCP{i + 1}")["requests"] for i in range(16))
        ticks, begun = cpu_ticks(site.pid), time.monotonic()
        for _ in range(b.count(3, 1)):
            ns, at_ns = cpu_ns(site.pid), now_ns()
            time.sleep(seconds)
            shares.append((cpu_ns(site.pid) - ns) * 100 / (now_ns() - at_ns))
        took = time.monotonic() - begun
        share = (cpu_ticks(site.pid) - ticks) * 100 / os.sysconf("SC_CLK_TCK") / took
        reads = sum(site.sim.line(f"TCP{i + 1}")["requests"] for i in range(16)) - reads
    yield Row("processor time; 16 TCP boards read every 100 ms", "%", shares, None, "", 1.0,
              extra=f"{reads / took:.0f} reads/s over {took:.0f} s; by ticks (utime + stime) {share:.2f} %")


ALL = {"drain": drain_rows, "doors": doors, "codes": codes, "commands": commands, "scan": scan, "pulse": pulse, "busy": busy, "ready": ready,
       "memory": memory, "cpu": cpu}

# How many rows each gives with --quick.
QUICK_ROWS = {"drain": 4, "doors": 12, "codes": 6, "commands": 3, "scan": 3, "pulse": 1, "busy": 8, "ready": 2, "memory": 3, "cpu": 1}
