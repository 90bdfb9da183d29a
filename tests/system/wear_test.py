#!/usr/bin/python3
"""Wear through the whole daemon: real pulses and door switches of cabinet-sim, warnings upstream, lockerctl, metrics, restarts, a power cut.

usage: wear_test.py --build DIR [-k TEXT]"""

import argparse
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import site_rig  # noqa: E402

BUILD = None
BANK = {"A": {"line": "tcp", "doors": 8, "unit": 1}}
RULES = "[wear]\nlock_cycles = 30\nrelay_cycles = 30\nwarn_percent = 80\nwindow = 8\njams = 2\n"
SECTORS = 40000000


class Machine:
    """A root folder with the kernel's files about heat and disk; the daemon of a test build reads them there."""

    def __init__(self, of):
        self.root = tempfile.mkdtemp(prefix="lk-wear-")
        number = os.stat(of).st_dev
        self.disk = f"sys/dev/block/{os.major(number)}:{os.minor(number)}"

    def put(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text + "\n")
        os.rename(path + ".new", path)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


class Wear(unittest.TestCase):
    def site(self, more=RULES, **args):
        site = site_rig.Site(BUILD, BANK, more=more, **args)
        self.addCleanup(site.close)
        return site

    def door(self, site, label):
        return next(d for d in site.admin("wear")["doors"] if d["door"] == label)

    def open(self, site, label, outcome="opened"):
        if outcome == "opened":
            self.assertEqual(site.admin("open", door=label, why="a test")["outcome"], outcome)
            site.shut(label)
            site_rig.until(lambda: next(d for d in site.admin("doors")["doors"] if d["door"] == label)["state"] == "closed", 5, f"{label} to be shut")
        else:
            with self.assertRaises(site_rig.Refused):
                site.admin("open", door=label, why="a test")
        return self.door(site, label)

    def ctl(self, site, *words, code=0):
        done = subprocess.run([site.program("controller/ctl/lockerctl"), "--socket", os.path.join(site.folder, "run", "admin.sock"), "--lang", "en", *words],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def told(self, site, reason, door=None, note=None):
        def there():
            return [e for e in site.events if e["type"] == "locker.site.degraded.v1" and e["data"]["reason"] == reason
                    and e["data"].get("door") == door and note in (None, e["data"].get("note"))]
        site_rig.until(there, 10, f"{reason} of {door} to be told upstream")
        return there()

    def commits(self, site):
        text = site.admin("metrics")["text"]
        return int(float(next(line for line in text.splitlines() if line.startswith("lockerd_store_commits_total")).split()[1]))

    def seeded(self, rows, **args):
        """A site with a history, as a long life would have left it: a coil may pulse only three times in ten seconds."""
        site = self.site(**args)
        site.daemon.stop()
        with sqlite3.connect(os.path.join(site.folder, "state", "lockerd.db")) as db:
            for label, columns in rows.items():
                names = ", ".join(columns)
                db.execute(f"INSERT OR REPLACE INTO wear (label, {names}) VALUES (?{', ?' * len(columns)})", [label, *columns.values()])
        db.close()
        return site.start()

    def test_a_lock_that_slows_down_and_one_that_jams(self):
        site = self.seeded({"A01": {"baseline_ms": 130, "recent": struct.pack("<5H", *[600] * 5)}}, uplink="health_s = 5\n")
        site.sim.ask("fault", door="A01", fault="slow", ms=500)
        for _ in range(3):
            self.open(site, "A05")
            self.open(site, "A01")
        site_rig.until(lambda: self.door(site, "A01")["warnings"] == ["opening_slower"], 5, "the warning")
        slow, usual = self.door(site, "A01"), self.door(site, "A05")
        # 50 ms for the latch, 60 ms for the spring, and the poll
        self.assertTrue(all(60 <= ms <= 450 for ms in usual["recent_ms"]) and len(usual["recent_ms"]) == 3, usual)
        self.assertTrue(all(560 <= ms <= 950 for ms in slow["recent_ms"][5:]) and len(slow["recent_ms"]) == 8, slow)
        self.assertEqual((slow["lock_cycles"], slow["relay_cycles"], slow["openings"], slow["jams"]), (3, 3, 3, 0))
        self.assertEqual((usual["baseline_ms"], usual["lately_ms"], usual["warnings"]), (None, None, []))
        site.sim.ask("fault", door="A02", fault="jam")
        for n in (1, 2):
            jammed = self.open(site, "A02", "jammed")
            self.assertEqual((jammed["jams"], jammed["lock_cycles"]), (n, n))
        self.told(site, "opening_slower", "A01", "wear")
        self.told(site, "jams_often", "A02", "wear")
        want = {("A01", "opening_slower"), ("A02", "jams_often")}
        site_rig.until(lambda: {(f["place"], f["reason"]) for f in site.postal.health["faults"] if f["what"] == "wear"} == want, 10, "the faults")
        first = self.ctl(site, "wear").splitlines()[1:3]
        self.assertTrue(any("opens slower" in line for line in first) and any("jams often" in line for line in first), first)
        metrics = site.admin("metrics")["text"]
        self.assertIn('lockerd_wear_warnings{reason="opening_slower"} 1', metrics)
        self.assertIn('lockerd_door_jams_total{door="A02"} 2', metrics)

    def test_a_rating_is_told_once_and_a_new_part_begins_anew(self):
        site = self.seeded({"A03": {"lock_cycles": 22, "relay_cycles": 22, "openings": 21}})
        self.open(site, "A03")
        self.assertEqual(self.door(site, "A03")["warnings"], [])
        self.open(site, "A03")  # 24 of 30
        self.told(site, "lock_near_rating", "A03")
        self.told(site, "relay_near_rating", "A03")
        site.restart()
        self.assertEqual(self.door(site, "A03")["lock_cycles"], 24)
        self.ctl(site, "wear", "reset", "A03", "--part", "relay", "--why", "new board")
        self.told(site, "recovered", "A03", "relay_near_rating")
        kept = self.door(site, "A03")
        self.assertEqual((kept["relay_cycles"], kept["lock_cycles"], kept["warnings"]), (0, 24, ["lock_near_rating"]))
        self.ctl(site, "wear", "reset", "A03", "--part", "lock", "--why", "new lock")
        self.told(site, "recovered", "A03", "lock_near_rating")
        site.daemon.kill()  # what staff recorded is not lost by a power cut
        site.start()
        site_rig.until(lambda: not self.door(site, "A03")["warnings"], 5, "the first look")
        new = self.door(site, "A03")
        self.assertEqual((new["lock_cycles"], new["openings"], new["baseline_ms"], new["lock_replaced"]), (0, 0, None, 1))
        self.assertEqual(len(self.told(site, "lock_near_rating", "A03")), 1, "told once, whatever happened since")
        acts = [e["data"] for e in site.events if e["type"] == "locker.site.config.v1" and e["data"]["reason"].endswith("_replaced")]
        self.assertEqual([(a["door"], a["reason"], a["actor"], a["note"]) for a in acts],
                         [("A03", "relay_replaced", "maintenance", "new board"), ("A03", "lock_replaced", "maintenance", "new lock")])

    def test_an_opening_costs_no_commit_more(self):
        site = self.site(broker=False)
        self.open(site, "A04")
        before = self.commits(site)
        for label in ("A05", "A06", "A07", "A08"):
            self.open(site, label)
        # Intent, opened, closed; and the probe, which is there without wear too, at most once in these seconds.
        self.assertLessEqual(self.commits(site) - before, 3 * 4 + 1)
        self.assertGreaterEqual(self.commits(site) - before, 3 * 4)

    def test_wrong_words(self):
        site = self.site(broker=False)
        self.ctl(site, "wear", "reset", "A01", code=2)
        self.ctl(site, "wear", "reset", "A01", "--part", "hinge", code=2)
        self.ctl(site, "wear", "reset", "Z99", "--part", "lock", "--why", "x", code=1)
        self.ctl(site, "wear", "A01", code=2)
        self.assertEqual(len(json.loads(self.ctl(site, "wear", "--json"))["doors"]), 8)
        self.assertIn("reset", self.ctl(site, "wear", "--help"))

    def test_heat_and_disk(self):
        site = self.site(start=False, broker=False)
        machine = Machine(os.path.join(site.folder, "state"))
        self.addCleanup(machine.close)
        machine.put("sys/class/thermal/thermal_zone0/temp", "48000")
        machine.put("sys/class/thermal/thermal_zone1/temp", "80000")
        machine.put("sys/class/thermal/thermal_zone2/temp", "-273000")
        machine.put(machine.disk + "/stat", f"1 2 3 4 5 6 {SECTORS} 8")
        machine.put(machine.disk + "/device/life_time", "0x03 0x09")
        machine.put(machine.disk + "/device/pre_eol_info", "0x01")
        site.start({"LOCKERD_TEST_ROOT": machine.root})
        site_rig.until(lambda: site.admin("wear")["machine"]["warnings"], 10, "the warnings")
        m = site.admin("wear")["machine"]
        self.assertEqual((m["temperature"], m["disk_life_percent"], m["disk_pre_eol"], sorted(m["warnings"])), (80, 90, 1, ["disk_wearing", "too_hot"]))
        self.assertIn("80 °C", self.ctl(site, "wear"))
        reasons = [r["data"]["reason"] for r in self.log(site) if r["type"] == "locker.site.degraded.v1"]
        self.assertEqual(sorted(reasons), ["disk_wearing", "too_hot"])
        machine.put("sys/class/thermal/thermal_zone1/temp", "60000")
        site.restart({"LOCKERD_TEST_ROOT": machine.root})
        site_rig.until(lambda: site.admin("wear")["machine"]["warnings"] == ["disk_wearing"], 10, "the heat to be over")
        reasons = [(r["data"]["reason"], r["data"]["note"]) for r in self.log(site) if r["type"] == "locker.site.degraded.v1"]
        self.assertEqual(reasons[2:], [("recovered", "too_hot")], "the disk's warning is not told again by a restart")

    def log(self, site):
        return [json.loads(line) for line in self.ctl(site, "events", "--last", "500", "--json").splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args, rest = parser.parse_known_args()
    global BUILD
    BUILD = args.build
    unittest.main(argv=[sys.argv[0], "-v", *rest])


if __name__ == "__main__":
    main()
