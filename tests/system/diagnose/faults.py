"""The faults that scripts/diagnose must name: how each is made with real parts, and which part and place are the right answer.

A case is a function that takes a Stage, makes a site with the fault in it, and returns a Case: the site (or what stands for it), the parts
and places that would be right, and what else may be said.
"""

import os
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "upstream")]
import site_rig  # noqa: E402

TWO = {"A": {"line": "rtu", "doors": 8, "unit": 1}, "B": {"line": "rtu", "doors": 8, "unit": 2}}
ONE = {"A": {"line": "tcp", "doors": 8, "unit": 1}}
FAULTS = {}


class Right:
    """part: one of these; place: exactly one of these; beside: codes that may be named too, for they are true as well."""

    def __init__(self, parts, places, beside=()):
        self.parts = {parts} if isinstance(parts, str) else set(parts)
        self.places = {places} if isinstance(places, str) else set(places)
        self.beside = set(beside)


def fault(name, long=False):
    def keep(function):
        FAULTS[name] = function
        function.long = long
        return function
    return keep


def bus_settled(site, state, *banks):
    site_rig.until(lambda: all(next(b for b in site.admin("status")["banks"] if b["name"] == n)["state"] == state for n in banks), 20,
                   f"{banks} to be {state}")


def answers(site):
    try:
        return site.admin("status")
    except OSError:
        return None


def until_up(site):
    site_rig.until(lambda: answers(site), 20, "the daemon")
    return site


def requests(site, most=400):
    """Waits until each board was asked so often that a rate says something."""
    def enough():
        return all(u["requests"] >= most for bus in site.admin("bus")["fieldbuses"] for u in bus["units"])
    until_up(site)
    site_rig.until(enough, 60, f"{most} requests")


def try_open(site, door):
    try:
        return site.admin("open", door=door, why="a test")
    except site_rig.Refused as refused:
        return refused.reason


# ---- boards and lines ------------------------------------------------------------------------------------------------

def board_fault(stage, what, **args):
    site = stage.site(TWO, broker=False)
    site.sim.ask("fault", board="B", fault=what, **args)
    return site


@fault("a board without power, its neighbour well")
def dead_board(stage):
    site = board_fault(stage, "dead")
    bus_settled(site, "lost", "B")
    return site, Right("board", "RTU/2 (B)")


@fault("an Ethernet board that went silent")
def dead_tcp_board(stage):
    site = stage.site(ONE, broker=False)
    site.sim.ask("fault", board="A", fault="dead")
    bus_settled(site, "lost", "A")
    return site, Right("board", "TCP1/1 (A)")


@fault("the whole line went silent")
def dead_line(stage):
    site = stage.site(TWO, broker=False)
    for board in ("A", "B"):
        site.sim.ask("fault", board=board, fault="dead")
    bus_settled(site, "lost", "A", "B")
    return site, Right("wiring", "RTU")


@fault("wires A and B swapped at the adapter: nothing was ever heard")
def swapped_line(stage):
    site = stage.site(TWO, broker=False, start=False)
    for board in ("A", "B"):
        site.sim.ask("fault", board=board, fault="dead")
    site.start(ready=False)
    requests(site, 5)
    return site, Right("wiring", "RTU")


@fault("wrong baud rate")
def wrong_baud(stage):
    site = stage.site(TWO, broker=False, start=False, rtu="baud=115200,same_baud")
    stage.edit(site, "baud = 115200", "baud = 57600")
    site.start(ready=False)
    requests(site, 5)
    return site, Right("wiring", "RTU")


@fault("a board with another address than configured")
def wrong_address(stage):
    site = stage.site(TWO, broker=False, start=False)
    stage.edit(site, "unit = 2", "unit = 9")
    site.start(ready=False)
    requests(site, 5)
    return site, Right("address", "RTU/9 (B)")


@fault("two boards on one address")
def duplicate_address(stage):
    site = stage.site(TWO, broker=False, start=False)
    site.sim.ask("fault", board="B", fault="same-address", value=1)
    until_up(site.start(ready=False))
    site_rig.until(lambda: any(b["reason"] in ("duplicate_address", "garbled") for b in site.admin("status")["banks"]), 30, "it to be noticed")
    return site, Right(("address", "wiring"), ("A", "B"))


@fault("noise on a board's wires")
def noise(stage):
    site = board_fault(stage, "noise", p=0.05)
    requests(site)
    return site, Right("wiring", "RTU/2 (B)", {"board_gap", "board_slow"})


@fault("a board that answers too late")
def late(stage):
    site = board_fault(stage, "late", p=0.05, ms=700)
    requests(site)
    return site, Right(("board", "wiring"), "RTU/2 (B)", {"board_gap", "board_slow", "board_late"})


@fault("replies cut short")
def truncated(stage):
    site = board_fault(stage, "truncated", p=0.05)
    requests(site)
    return site, Right(("wiring", "board"), "RTU/2 (B)", {"board_gap", "board_slow", "board_late"})


@fault("requests that get lost")
def lost(stage):
    site = board_fault(stage, "lost", p=0.05)
    requests(site)
    return site, Right("wiring", "RTU/2 (B)", {"board_gap"})


@fault("a board that refuses requests")
def exception(stage):
    site = board_fault(stage, "exception", p=0.05)
    requests(site)
    return site, Right("board", "RTU/2 (B)", {"board_gap", "board_slow"})


@fault("answers under another address")
def wrong_unit(stage):
    site = board_fault(stage, "wrong-unit", p=0.05)
    requests(site)
    return site, Right(("board", "wiring", "address"), "RTU/2 (B)", {"board_gap", "board_slow", "board_late"})


@fault("the serial adapter was unplugged")
def adapter(stage):
    site = stage.site(TWO, broker=False)
    site.sim.ask("line", line="RTU", action="unplug")
    bus_settled(site, "lost", "A", "B")
    return site, Right("adapter", "RTU")


@fault("nobody listens at the Ethernet board's address")
def no_host(stage):
    site = stage.site(ONE, broker=False, start=False)
    stage.edit(site, f"port = {site.sim.port['TCP1']}", f"port = {site_rig.free_port()}")
    until_up(site.start(ready=False))
    site_rig.until(lambda: site.admin("bus")["fieldbuses"][0]["state"] != "up", 20, "the line to be down")
    return site, Right(("board", "adapter"), "TCP1")


@fault("a relay that does not let go")
def coil_stuck(stage):
    site = stage.site(ONE, broker=False)
    site.sim.ask("fault", board="A", fault="pulse-stays")
    try_open(site, "A03")
    site_rig.until(lambda: site.admin("status")["banks"][0]["state"] == "stopped", 20, "the bank to be stopped")
    return site, Right("board", "A", {"door_left_open", "door_jammed", "door_blocked", "door_doubt"})


@fault("the power supply of two banks is gone")
def dead_supply(stage):
    banks = {name: {"line": "rtu", "doors": 8, "unit": unit, "more": f"supply = {supply}\n"}
             for name, unit, supply in (("A", 1, "left"), ("B", 2, "right"), ("C", 3, "right"))}
    site = stage.site(banks, broker=False)
    for board in ("B", "C"):
        site.sim.ask("fault", board=board, fault="dead")
    bus_settled(site, "lost", "B", "C")
    return site, Right("supply", "right")


@fault("the locks have no power: the boards answer, no lock moves")
def locks_without_power(stage):
    site = stage.site(ONE, broker=False)
    for n in (1, 2, 3):
        site.sim.ask("fault", door=f"A0{n}", fault="jam")
        try_open(site, f"A0{n}")
    return site, Right("supply", "main", {"door_blocked"})


# ---- doors -----------------------------------------------------------------------------------------------------------

def door_fault(stage, what, open_it=True, **args):
    site = stage.site(ONE, broker=False)
    site.sim.ask("fault", door="A03", fault=what, **args)
    if open_it:
        try_open(site, "A03")
    return site


@fault("a stuck latch")
def jam(stage):
    return door_fault(stage, "jam"), Right("lock", "A03")


@fault("a weak coil")
def weak_coil(stage):
    return door_fault(stage, "weak-coil", p=0.001), Right("lock", "A03")


@fault("a relay contact that does not close")
def relay_open(stage):
    return door_fault(stage, "relay-open"), Right("lock", "A03")


@fault("a welded relay contact")
def relay_welded(stage):
    site = door_fault(stage, "relay-welded", open_it=False, value=1)
    site_rig.until(lambda: site.door("A03")["state"] != "closed" or site.admin("status")["banks"][0]["state"] != "ready", 20, "it to show")
    return site, Right(("board", "lock", "people"), ("A", "A03"), {"door_forced", "door_left_open", "door_blocked"})


@fault("a door switch stuck at shut")
def sensor_shut(stage):
    return door_fault(stage, "sensor-stuck", value=1), Right("lock", "A03")


@fault("the wire of a door switch is broken")
def sensor_wire(stage):
    site = door_fault(stage, "sensor-stuck", open_it=False, value=0)
    site_rig.until(lambda: site.door("A03")["state"] != "closed", 20, "it to show")
    return site, Right(("lock", "people"), "A03", {"door_blocked"})


@fault("a door switch that says the opposite")
def sensor_inverted(stage):
    site = door_fault(stage, "sensor-inverted", open_it=False)
    site_rig.until(lambda: site.door("A03")["state"] != "closed", 20, "it to show")
    return site, Right(("lock", "people"), "A03", {"door_blocked"})


@fault("the wires of two locks are swapped")
def swapped_locks(stage):
    site = door_fault(stage, "swapped-wires", open_it=False, **{"with": "A05"})
    try_open(site, "A03")
    site_rig.until(lambda: site.admin("status")["banks"][0]["state"] == "stopped", 20, "the bank to be stopped")
    return site, Right("wiring", "A", {"door_forced", "door_left_open", "door_blocked", "door_jammed", "door_doubt"})


@fault("a door forced open")
def forced(stage):
    site = stage.site(ONE, broker=False)
    site.sim.ask("door", door="A03", action="force")
    site_rig.until(lambda: site.door("A03")["state"] == "forced", 20, "it to be seen")
    return site, Right("people", "A03", {"door_blocked"})


@fault("channels exchanged in the configuration")
def rewired(stage):
    site = stage.site(ONE, broker=False)
    site.daemon.stop()
    stage.edit(site, "[bank A]\n", "[bank A]\nchannels = 2 1 3-8\n")
    site.start()
    return site, Right("wiring", ("A01", "A02"))


# ---- postal system ---------------------------------------------------------------------------------------------------

def uplink(stage, text, keys=True):
    """A site whose [uplink] is this text."""
    site = stage.site(ONE, broker=False, start=False)
    line = f"command_keys = {site.keys.public_file}\n" if keys else ""
    stage.append(site, f"[uplink]\n{line}{text}")
    return until_up(site.start(ready=False))


def until_not_connected(site):
    site_rig.until(lambda: site.admin("uplink")["last_error"], 40, "the uplink to say why")
    return site


@fault("the broker's name is wrong")
def broker_name(stage):
    site = until_not_connected(uplink(stage, "url = mqtt://broker.invalid:1883\n"))
    return site, Right("network", "broker.invalid")


@fault("the broker does not run")
def broker_gone(stage):
    port = site_rig.free_port()
    site = until_not_connected(uplink(stage, f"url = mqtt://127.0.0.1:{port}\n"))
    return site, Right("broker", f"127.0.0.1:{port}")


def tls(stage, host="localhost", ca="ca", server="server", client="client", more=""):
    """A real mosquitto with TLS that wants a client certificate."""
    store = stage.pki()
    port = stage.tls_broker(store, server)
    return uplink(stage, f"url = mqtts://{host}:{port}\nca = {store}/{ca}.pem\ncert = {store}/{client}.pem\nkey = {store}/{client}.key\n{more}"), port


@fault("the broker's certificate is from another authority")
def tls_authority(stage):
    site, port = tls(stage, ca="other-ca")
    return until_not_connected(site), Right("broker", f"localhost:{port}")


@fault("the broker's certificate is for another name")
def tls_name(stage):
    site, port = tls(stage, server="elsewhere")
    return until_not_connected(site), Right("broker", f"localhost:{port}")


@fault("the broker's certificate has expired")
def tls_expired(stage):
    site, port = tls(stage, server="expired")
    return until_not_connected(site), Right("broker", f"localhost:{port}")


@fault("this site's certificate has expired")
def own_expired(stage):
    site, _ = tls(stage, client="expired-client")
    return until_not_connected(site), Right("certificate", f"{stage.pki()}/expired-client.pem")


@fault("this site's certificate expires in ten days")
def own_soon(stage):
    site, _ = tls(stage, client="soon-client")
    site_rig.until(lambda: site.admin("uplink")["connected"], 20, "the uplink")
    return site, Right("certificate", f"{stage.pki()}/soon-client.pem", {"backlog_unconfirmed"})


@fault("no key for commands")
def no_command_keys(stage):
    site = stage.site(ONE, broker=False, start=False)
    broker = stage.plain_broker()
    stage.append(site, f"[uplink]\nurl = mqtt://127.0.0.1:{broker}\n")
    until_up(site.start(ready=False))
    site_rig.until(lambda: site.admin("uplink")["connected"], 20, "the uplink")
    return site, Right("keys", "")


# ---- wear ------------------------------------------------------------------------------------------------------------

def worn(stage, door, more="", **columns):
    """A site whose door has a long life behind it."""
    site = stage.site(ONE, broker=False, more="[wear]\nwindow = 8\n" + more)
    site.daemon.stop()
    with sqlite3.connect(database(site)) as db:
        db.execute(f"INSERT INTO wear (label, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})", [door, *columns.values()])
    db.close()
    return site.start()


def warned(site, door, warning):
    site_rig.until(lambda: warning in next(d for d in site.admin("wear")["doors"] if d["door"] == door)["warnings"], 20, f"{warning} of {door}")
    return site


@fault("a coil that grows weak: the door opens slower and slower")
def slow_door(stage):
    site = worn(stage, "A04", baseline_ms=130, recent=struct.pack("<5H", *[480] * 5))
    site.sim.ask("fault", door="A04", fault="slow", ms=400)
    for _ in range(3):
        site.admin("open", door="A04", why="a test")
        site.shut("A04")
        site_rig.until(lambda: next(d for d in site.admin("doors")["doors"] if d["door"] == "A04")["state"] == "closed", 10, "A04 to be shut")
    return warned(site, "A04", "opening_slower"), Right("lock", "A04")


@fault("a lock near the end of its rated life")
def lock_worn(stage):
    return warned(worn(stage, "A06", lock_cycles=450000), "A06", "lock_near_rating"), Right("lock", "A06")


@fault("a relay near the end of its rated life")
def relay_worn(stage):
    return warned(worn(stage, "A02", relay_cycles=95000), "A02", "relay_near_rating"), Right("relay", "A02")


@fault("a door that jams now and then")
def jams_now_and_then(stage):
    site = stage.site(ONE, broker=False, more="[wear]\njams = 2\n")
    for _ in range(2):
        site.sim.ask("fault", door="A05", fault="jam")
        try_open(site, "A05")
        site.sim.ask("clear", door="A05")
    site.admin("open", door="A05", why="a test")
    site.shut("A05")
    site_rig.until(lambda: next(d for d in site.admin("doors")["doors"] if d["door"] == "A05")["state"] == "closed", 20, "A05 to be shut")
    return warned(site, "A05", "jams_often"), Right("lock", "A05")


@fault("a memory card near the end of its life")
def disk_worn(stage):
    site = stage.site(ONE, broker=False, start=False)
    number = os.stat(os.path.join(site.folder, "state")).st_dev
    disk = os.path.join(stage.folder, "machine", "sys", "dev", "block", f"{os.major(number)}:{os.minor(number)}", "device")
    os.makedirs(disk)
    with open(os.path.join(disk, "life_time"), "w", encoding="ascii") as file:
        file.write("0x0a 0x04\n")
    site.start({"LOCKERD_TEST_ROOT": os.path.join(stage.folder, "machine")})
    site_rig.until(lambda: site.admin("wear")["machine"]["warnings"], 20, "the warning")
    return site, Right("disk", "")


# ---- machine ---------------------------------------------------------------------------------------------------------

@fault("the scanner was unplugged")
def scanner(stage):
    site = stage.site(ONE, broker=False, scanner=True)
    site.scanner.close()
    site_rig.until(lambda: not all(r["ok"] for r in site.admin("status")["readers"]), 20, "it to be noticed")
    return site, Right("scanner", "scanner")


@fault("a mistake in the configuration")
def config_wrong(stage):
    site = stage.site(ONE, broker=False, start=False)
    stage.edit(site, "doors = 8", "doors = eight")
    site.daemon.start()
    site.daemon.wait_dead()
    return site, Right("configuration", site.config_path)


@fault("the configuration is gone")
def config_missing(stage):
    site = stage.site(ONE, broker=False, start=False)
    os.unlink(site.config_path)
    site.daemon.start()
    site.daemon.wait_dead()
    return site, Right("configuration", site.config_path)


@fault("the daemon does not run, and nothing is wrong")
def stopped(stage):
    site = stage.site(ONE, broker=False)
    site.daemon.stop()
    return site, Right("daemon", "")


@fault("the key of the pickup codes is gone")
def no_code_key(stage):
    site = stopped_with_events(stage)
    os.unlink(os.path.join(site.folder, "state", "code.key"))
    return fails_to_start(site), Right("keys", os.path.join(site.folder, "state", "code.key"))


def database(site):
    return os.path.join(site.folder, "state", "lockerd.db")


def stopped_with_events(stage):
    site = stage.site(ONE, broker=False)
    for door in ("A01", "A02"):
        try_open(site, door)
        site.shut(door)
    site.daemon.stop()
    return site


def fails_to_start(site):
    site.daemon.start()
    site.daemon.wait_dead(30)
    return site


@fault("a damaged page of the database")
def damaged_page(stage):
    site = stopped_with_events(stage)
    with open(database(site), "r+b") as file:
        file.seek(16)
        size = struct.unpack(">H", file.read(2))[0]
        file.seek(size)
        file.write(os.urandom(size * 4))
    return maybe_started(site), Right("database", ("", database(site)))


def maybe_started(site):
    """Started, whether it stays or refuses; both are answers."""
    site.daemon.start()
    site_rig.until(lambda: not site.daemon.alive() or answers(site), 30, "an answer")
    return site


@fault("the database is another file")
def no_database(stage):
    site = stopped_with_events(stage)
    with open(database(site), "wb") as file:
        file.write(b"this was a letter to somebody\n" * 500)
    return fails_to_start(site), Right("database", ("", database(site)))


@fault("an event was changed afterwards")
def broken_chain(stage):
    site = stopped_with_events(stage)
    with sqlite3.connect(database(site)) as db:
        for (text,) in db.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute("DROP TRIGGER " + text.split()[2])
        db.execute("UPDATE event SET time = '2020-01-01T00:00:00.000Z' WHERE seq = 3")
    return maybe_started(site), Right("database", "")


@fault("a database of a later program")
def newer_database(stage):
    site = stopped_with_events(stage)
    with sqlite3.connect(database(site)) as db:
        db.execute("PRAGMA user_version = 99")
    return fails_to_start(site), Right("database", "")


@fault("somebody guesses pickup codes")
def guesses(stage):
    site = stage.site(ONE, broker=False)
    kiosk = site_rig.Kiosk(site.kiosk_port)
    for n in range(12):
        kiosk.code(f"{n + 1:04d}9317")
        if site.admin("status")["lockout"]["locked_s"]:
            break
        kiosk.press("done")
    return site, Right("people", "")


@fault("the key of the pickup codes is readable for all")
def key_readable(stage):
    site = stopped_with_events(stage)
    os.chmod(os.path.join(site.folder, "state", "code.key"), 0o644)
    return maybe_started(site), Right("keys", os.path.join(site.folder, "state", "code.key"), {"daemon_down", "start_failed"})


@fault("the kiosk's port is taken by another program")
def port_taken(stage):
    site = stage.site(ONE, broker=False, start=False)
    taken = socket.create_server(("127.0.0.1", site.kiosk_port))
    stage.keep(taken.close)
    return fails_to_start(site), Right("daemon", "")


@fault("a second daemon on the same data")
def second_daemon(stage):
    site = stage.site(ONE, broker=False)
    log = os.path.join(site.folder, "second.log")
    with open(log, "wb") as file:
        subprocess.run([site.program("controller/app/lockerd"), "--config", site.config_path], stdout=file, stderr=file, timeout=30, check=False)
    shutil.copy(log, os.path.join(site.folder, "copy.log"))
    return site, None  # nothing is wrong with this site: the second one was refused
