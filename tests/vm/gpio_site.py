#!/usr/bin/python3
"""lockerd on ARM with its locks and switches on the lines of a gpio-sim chip, behind Debian 12's kernel and libgpiod 1.6."""

import time
import unittest

import vm_site
from vm_site import CHIP, PIN, STAFF, until

PULSE_MS, CEILING_MS = 300, 1000
CONFIGFS = f"/sys/kernel/config/gpio-sim/{CHIP}"


class Test(vm_site.Case):
    def test_deposit_and_pickup(self):
        site = self.open_site(more=f"pulse_ms = {PULSE_MS}\n")
        doors = site.a_day()
        self.assertEqual(doors[0], doors[1])
        number = int(doors[0][1:])
        pulses = site.sim.pulses()
        self.assertEqual([door for door, _ in pulses], [number, number], "one pulse for each opening, of that door only")
        for _, ms in pulses:
            self.assertGreaterEqual(ms, PULSE_MS - 20)
            self.assertLessEqual(ms, CEILING_MS)
        moved = [(door, how) for _, what, door, how in site.sim.happened() if what == "door"]
        self.assertEqual(moved, [(number, "open"), (number, "closed")] * 2)
        self.assertEqual(site.door(doors[0])["state"], "closed")
        self.assertEqual([e["data"]["purpose"] for e in site.events_of("door.opened")], ["deposit", "pickup"])
        self.assertEqual(site.daemon.stop(), 0)
        self.assertFalse(site.sim.drawn())

    def test_killed_in_a_pulse(self):
        """SIGKILL while a lock is drawn: the guard switches it off; the next daemon settles by looking, without a pulse."""
        site = self.open_site(more=f"pulse_ms = {5 * PULSE_MS}\n")
        site.announce("Y-1", vm_site.CODE, size="S")
        site.sim.people("jam", "G01")
        self.assertEqual(site.door("G01")["state"], "closed")
        site.machine.run(f"./lockerctl --socket {vm_site.HOME}/run/admin.sock --json open G01 >/tmp/open 2>&1 &")
        until(site.sim.drawn, 20, "the lock to be drawn", 0.001)
        killed_at = len(site.sim.happened())
        site.machine.run(f"kill -9 {site.daemon.pid}")
        until(lambda: not site.sim.drawn(), 5, "the guard to let the lock go")
        site.daemon.kill()
        until(lambda: site.sim.pulses(), 5, "the cabinet to have seen it")
        self.assertEqual(len(site.sim.happened()), killed_at + 1)
        (door, ms), = site.sim.pulses()
        self.assertEqual(door, 1)
        self.assertLess(ms, 5 * PULSE_MS - 100, "it would have ended by itself")
        until(lambda: site.machine.sh("grep -qs lockerd /proc/[0-9]*/comm")[0] != 0, 5, "the guard to end, too")
        site.daemon.start()
        site.ready()
        self.assertEqual(site.sim.pulses(), [(door, ms)], "nothing is pulsed after the restart")
        self.assertEqual(site.door("G01")["state"], "closed")

    def test_line_of_somebody_else(self):
        """A line that another user holds: the bank says so and by whose name, and works once it is given back."""
        site = self.site()
        site.machine.run(f"echo 0 >{CONFIGFS}/live && mkdir {CONFIGFS}/bank0/line3/hog && "
                         f"echo heating >{CONFIGFS}/bank0/line3/hog/name && "
                         f"echo output-low >{CONFIGFS}/bank0/line3/hog/direction && echo 1 >{CONFIGFS}/live")
        site.start(ready=False)
        def named():
            return "heating" in site.daemon.log()
        until(named, 30, "the log to name who has the line")
        self.assertNotEqual(site.bank()["state"], "ready")
        site.machine.run(f"echo 0 >{CONFIGFS}/live && rmdir {CONFIGFS}/bank0/line3/hog && echo 1 >{CONFIGFS}/live")
        site.machine.run("kill $(cat /tmp/cabinet.pid)")
        site.sim.start()
        site.ready()

    def test_chip_comes_back(self):
        """The chip vanishes under the daemon and returns: doors are unknown meanwhile, and a day goes well afterwards."""
        site = self.open_site()
        site.machine.run(f"kill $(cat /tmp/cabinet.pid); wait; echo 0 >{CONFIGFS}/live")
        until(lambda: site.bank()["state"] == "lost", 30, "the bank to be lost")
        doors = site.admin("doors")["doors"]
        self.assertTrue(all(d["state"] in ("unknown", "lost") for d in doors), doors)
        self.assertTrue(site.daemon.alive())
        time.sleep(1)
        self.assertEqual(site.bank()["state"], "lost")
        site.machine.run(f"echo 1 >{CONFIGFS}/live")
        site.sim.start()
        site.ready()
        site.a_day()

    def test_jammed(self):
        """A lock that is drawn in vain: the outcome is jammed, nothing is handed out, the line is off again."""
        site = self.open_site(more=f"pulse_ms = {PULSE_MS}\n")
        site.sim.people("jam", "G02")
        code, result = site.ctl("open", "G02")
        self.assertEqual(code, 4, result)
        self.assertFalse(site.sim.drawn())
        self.assertEqual({door for door, _ in site.sim.pulses()}, {2})
        site.sim.people("free", "G02")
        code, result = site.ctl("open", "G03")
        self.assertEqual(code, 0, result)


if __name__ == "__main__":
    vm_site.main(__name__)
