#!/usr/bin/python3
"""lockerctl commission on a simulated line, by somebody who knows nothing but what is painted on the doors; then the
daemon on what it wrote."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "cabinet-sim")]
import cabinet  # noqa: E402
import site_rig  # noqa: E402
from wirer import Wirer  # noqa: E402

REFUSED, LEFT, BUSY, FAILED = 1, 6, 75, 4
BOARDS = ("--board=A,line=r,unit=1,channels=8,doors=8", "--board=B,line=r,unit=2,channels=8,doors=4")
MAIN = """[site]
operator = yulin
id = hall-1
[paths]
state_dir = {folder}/state
run_dir = {folder}/run
[kiosk]
port = 0
[staff]
two_person_within_s = 0
"""


def expect(true, promise):
    if not true:
        raise AssertionError(promise)


class Place:
    """A cabinet, a folder for its configuration, and the programs."""

    def __init__(self, build, *boards, miswired=True):
        self.build, self.folder = os.path.abspath(build), tempfile.mkdtemp(prefix="commission-")
        for name in ("state", "run"):
            os.mkdir(os.path.join(self.folder, name))
        self.config = os.path.join(self.folder, "lockerd.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(MAIN.format(folder=self.folder))
        self.sim = cabinet.Cabinet(self.program("tests/cabinet-sim/cabinet-sim"), *(boards or BOARDS),
                                   rtu={"r": "baud=115200,strict"})
        if miswired:
            self.sim.ask("fault", door="A02", fault="swapped-wires", **{"with": "A05"})
            self.sim.ask("fault", door="A04", fault="sensor-inverted")
            self.sim.ask("fault", door="B01", fault="sensor-inverted")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.sim.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, path):
        return os.path.join(self.build, path)

    def person(self, *words, answers=None):
        return Wirer(self.program("controller/ctl/lockerctl"), self.sim, "commission", "--device", self.sim.path["r"],
                     "--config", self.config, "--units", "1-3", "--baud", "115200", "--socket",
                     os.path.join(self.folder, "run", "admin.sock"), "--lockerd",
                     self.program("controller/app/lockerd"), *words, answers=answers, cwd=self.folder)

    def files(self):
        """What was written; the path of the tty, which differs from run to run, by one name."""
        folder, found = os.path.join(self.folder, "conf.d"), {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                found[name] = f.read().replace(self.sim.path["r"], "TTY")
        return found

    def facts(self):
        with open(os.path.join(self.folder, "commission-rs485-a.jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f.read().splitlines()]

    def pulses(self):
        return sum(d["commands"] for d in self.sim.ask("status")["doors"])

    def coils(self):
        return [d["name"] for d in self.sim.ask("status")["doors"] if d["relay"] or d["coil"]]


def test_from_nothing(build):
    """Swapped locks, inverted switches: the files say so, the daemon takes them and opens the right doors."""
    with Place(build) as place:
        person = place.person("--staff", "m01", "--why", "first wiring")
        code = person.run()
        expect(code == 0, f"commission ends with {code}: {person.errors} {person.said[-3:]}")
        expect(person.heard("check_good"), f"the daemon's check is content: {person.said[-8:]}")
        expect(person.heard("coils_off"), "all coils were read back off")
        files = place.files()
        expect(set(files) == {"20-fieldbus-rs485-a.conf", "30-bank-A.conf", "30-bank-B.conf"}, f"its files: {files}")
        for line in ("channels = 1 5 3-4 2 6-8", "inputs = 1-8", "sensor_closed = high low:4", "doors = 8"):
            expect(line in files["30-bank-A.conf"].splitlines(), f"{line!r} in {files['30-bank-A.conf']}")
        for line in ("doors = 4", "sensor_closed = high low:1"):
            expect(line in files["30-bank-B.conf"].splitlines(), f"{line!r} in {files['30-bank-B.conf']}")
        diff = "".join(s["text"] for s in person.said if s["say"] == "diff")
        expect("+channels = 1 5 3-4 2 6-8" in diff and diff.count("--- /dev/null") == 3, f"the diff came first: {diff}")
        pulses = [f for f in place.facts() if f["fact"] == "pulse"]
        expect(len(pulses) == 16 and all(f["who"] == "m01" and f["text"] == "first wiring" for f in pulses),
               f"each pulse was written down, with who and why: {pulses}")
        expect(place.pulses() == 12, f"each lock was pulsed once: {place.pulses()}")  # 4 channels of B have no door
        again = place.person("--resume")
        expect(again.run() == 0 and again.heard("no_change"), f"once more changes nothing: {again.said}")
        opens_the_right_doors(place)
        return files


def opens_the_right_doors(place):
    daemon = site_rig.Daemon(place.program("controller/app/lockerd"), place.config,
                             os.path.join(place.folder, "lockerd.log")).start()
    socket = os.path.join(place.folder, "run", "admin.sock")
    try:
        def ready():
            expect(daemon.alive(), f"lockerd runs: {daemon.log()[-1500:]}")
            try:
                admin = site_rig.Admin(socket)
            except OSError:
                return None
            if admin.ask("status")["doors"]["unknown"] == 0:
                return admin
            admin.close()
            return None
        admin = site_rig.until(ready, 20, "the daemon to know all doors", 0.05)
        busy = place.person("--resume")
        expect(busy.run() == BUSY, f"commission refuses while the daemon runs: {busy.errors} {busy.result}")
        for door in [d["door"] for d in admin.ask("doors")["doors"]]:
            before = {d["name"]: d["openings"] for d in place.sim.ask("status")["doors"]}
            answer = admin.ask("open", door=door, why="test")
            after = {d["name"]: d["openings"] for d in place.sim.ask("status")["doors"]}
            moved = [name for name in after if after[name] != before[name]]
            expect(answer["outcome"] == "opened" and moved == [door], f"open {door}: {answer}, and {moved} moved")
            site_rig.until(lambda: not place.coils(), 5, "the coil to rest")
            place.sim.ask("door", door=door, action="close")
            site_rig.until(lambda d=door: next(x for x in admin.ask("doors")["doors"] if x["door"] == d)["state"] == "closed",
                           5, f"{door} closed")
        admin.close()
        expect(daemon.stop() == 0, "a clean stop")
    finally:
        daemon.kill()
    refused = place.person("--resume")
    expect(refused.run() == REFUSED and refused.result["reason"] == "not_empty",
           f"a cabinet with a database is not opened door by door: {refused.result}")
    empty = place.person("--resume", "--cabinet-is-empty", "--staff", "m02")
    expect(empty.run() == 0 and [f["who"] for f in place.facts() if f["fact"] == "empty"] == ["m02"],
           f"unless somebody says that it is empty, with their name: {empty.errors}")


def test_killed_and_resumed(build, want):
    """SIGKILL when a lock has just been pulsed, and once more later: the same files, and no pulse in doubt is repeated
    before somebody was asked."""
    with Place(build) as place:
        first = place.person()
        first.run(until=lambda what: what.get("ask") == "which_door" and what["channel"] == "4")
        before = place.pulses()
        expect(place.facts()[-1]["fact"] == "pulse", "the journal ends with the pulse")
        expect(not place.files(), "nothing was written yet")
        fresh = place.person()
        expect(fresh.run() == 2 and place.pulses() == before, "without --resume an old journal is not overwritten")
        second = place.person("--resume")
        second.run(until=lambda what: what.get("ask") == "shut_it" and what["bank"] == "B")
        expect(second.asked[0] == "doubt", f"the pulse in doubt is asked about first: {second.asked[:3]}")
        expect(second.heard("pulsing")[0]["channel"] == "4", f"it goes on where it was: {second.heard('pulsing')[0]}")
        with open(os.path.join(place.folder, "commission-rs485-a.jsonl"), "a", encoding="utf-8") as f:
            f.write('{"at":"2026-03-01T08:00:00Z","fact":"lear')  # a line that the power cut short
        third = place.person("--resume")
        expect(third.run() == 0, f"resumed to the end: {third.errors}")
        expect(place.files() == want, f"the same files:\n{place.files()}\nnot\n{want}")


def test_interrupted(build):
    """SIGINT while a lock is being pulsed and while somebody thinks: the coils are off, and it says how to go on."""
    with Place(build, miswired=False) as place:
        for when in ({"say": "pulsing"}, {"ask": "which_door"}):
            resume = ["--resume"] if os.path.exists(os.path.join(place.folder, "commission-rs485-a.jsonl")) else []
            person = place.person(*resume)
            code = person.run(until=lambda what, w=when: w.items() <= what.items(), how=signal.SIGINT)
            expect(code == LEFT and person.result["reason"] == "left", f"it ends as left: {code} {person.errors}")
            expect(person.heard("coils_off"), f"with the coils read back off: {person.said[-2:]}")
            expect(not place.coils(), f"and off they are: {place.coils()}")
            stopped = place.facts()[-1]
            expect(stopped["fact"] == "stopped" and stopped["proved_off"] == 1, f"as the journal says: {stopped}")
            expect(not place.files(), "and nothing was written")
            place.sim.ask("door", all=True, action="close")


def test_same_address(build):
    """Two boards at one address: told so, and no lock moves."""
    with Place(build, miswired=False) as place:
        place.sim.ask("fault", board="B", fault="same-address", value=1)
        person = place.person(answers={"scan_again": "quit"})
        code = person.run()
        expect(code == LEFT, f"left: {code} {person.errors} {person.said}")
        expect([s["unit"] for s in person.heard("duplicate")] == ["1"], f"address 1 is doubtful: {person.said}")
        expect(place.pulses() == 0, "no lock was pulsed")
        address = place.person("--set-address", "3")
        expect(address.run() == REFUSED and address.heard("address_two"), f"no address is set then: {address.said}")
        expect({b["unit"] for b in place.sim.ask("status")["boards"]} == {1, 2}, "and none was")


def test_address(build):
    """The one board on the line gets another address."""
    with Place(build, "--board=A,line=r,unit=1,channels=8,doors=8", miswired=False) as place:
        no = place.person("--set-address", "2", answers={"only_one": "n"})
        expect(no.run() == LEFT and place.sim.ask("status")["boards"][0]["unit"] == 1, "not without the person's word")
        person = place.person("--set-address", "2")
        expect(person.run() == 0 and person.heard("address_done"), f"set and read back: {person.errors} {person.said}")
        expect(place.sim.ask("status")["boards"][0]["unit"] == 2, "the board has it")
        expect(place.pulses() == 0, "no lock was pulsed")


def test_line_is_taken(build):
    """Another process has the tty."""
    with Place(build, miswired=False) as place:
        holder = place.person()
        first = holder.line()
        while "ask" not in json.loads(first):
            first = holder.line()
        second = place.person("--journal", os.path.join(place.folder, "other.jsonl"))
        expect(second.run() == BUSY and second.result["reason"] == "line_busy", f"exit 75: {second.result} {second.errors}")
        holder.process.send_signal(signal.SIGTERM)
        expect(holder.run() == LEFT, "SIGTERM leaves in order")


def test_dry_run(build):
    with Place(build, miswired=False) as place:
        person = place.person("--dry-run")
        expect(person.run() == 0 and not place.files(), "a dry run writes nothing")
        expect(any(s["say"] == "diff" for s in person.said), "but shows it")


TESTS = {"address": test_address, "same_address": test_same_address, "line_is_taken": test_line_is_taken,
         "interrupted": test_interrupted, "dry_run": test_dry_run}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only")
    args = parser.parse_args()
    for name, test in TESTS.items():
        if args.only in (None, "line", name):
            test(args.build)
    if args.only in (None, "whole"):
        test_killed_and_resumed(args.build, test_from_nothing(args.build))
    print("lockerctl commission: every promise kept")


if __name__ == "__main__":
    main()
