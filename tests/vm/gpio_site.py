#!/usr/bin/python3
"""lockerd on ARM with its locks and switches on the lines of a gpio-sim chip, behind Debian 12's kernel and libgpiod 1.6."""

import vm_site
from vm_site import CONFIGFS, until

PULSE_MS, LONGEST_MS = 300, 500


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
            self.assertLessEqual(ms, LONGEST_MS + 100)
        moved = [(door, how) for _, what, door, how in site.sim.happened() if what == "door"]
        self.assertEqual(moved, [(number, "open"), (number, "closed")] * 2)
        self.assertEqual(site.door(doors[0])["state"], "closed")
        self.assertEqual([e["data"]["purpose"] for e in site.events_of("door.opened")], ["deposit", "pickup"])
        self.assertEqual(site.daemon.stop(), 0)
        self.assertFalse(site.sim.drawn())

    def killed(self, site, stop_guard):
        """The daemon dies of SIGKILL while the lock of G01 is drawn; returns its guard."""
        guard = site.daemon.guard()
        site.sim.people("jam", "G01")
        if stop_guard:
            site.sim.strike("stop", guard)
        site.sim.strike("kill", site.daemon.pid)
        code, result = site.ctl("open", "G01")
        self.assertNotEqual(code, 0, result)
        until(lambda: not site.daemon.alive(), 10, "the daemon to be dead")
        site.daemon.kill()
        return guard

    def test_killed_in_a_pulse(self):
        """SIGKILL while a lock is drawn: the guard switches it off; the next daemon settles by looking, without a pulse."""
        site = self.open_site(more=f"pulse_ms = {LONGEST_MS}\n")
        guard = self.killed(site, stop_guard=False)
        until(site.sim.pulses, 5, "the guard to let the lock go")
        (door, ms), = site.sim.pulses()
        self.assertEqual(door, 1)
        self.assertLess(ms, LONGEST_MS, "it would have ended by itself")
        until(lambda: site.machine.sh(f"test -e /proc/{guard}")[0] != 0, 5, "the guard to end, too")
        site.daemon.start()
        site.ready()
        self.assertEqual(site.sim.pulses(), [(door, ms)], "nothing is pulsed after the restart")
        self.assertEqual(site.door("G01")["state"], "closed")

    def test_the_guard_did_it(self):
        """gpio-sim lets a released output drop to its pull, so "off" alone would prove nothing: with the guard stopped,
        the line stays on, as the guard holds it; once the guard goes on, it is off."""
        site = self.open_site(more=f"pulse_ms = {LONGEST_MS}\n")
        guard = self.killed(site, stop_guard=True)
        site.machine.run("sleep 2")
        self.assertTrue(site.sim.drawn(), "nobody but the guard switches it off")
        site.machine.run(f"kill -CONT {guard}")
        until(lambda: not site.sim.drawn(), 5, "the guard to let the lock go")

    def test_line_of_somebody_else(self):
        """A line that another user holds: the bank says so and by whose name, and works once it is given back."""
        site = self.site()
        hog = f"{CONFIGFS}/bank0/line3/hog"
        site.sim.halt()
        site.machine.run(f"echo 0 >{CONFIGFS}/live && mkdir {hog} && echo heating >{hog}/name && "
                         f"echo output-low >{hog}/direction && echo 1 >{CONFIGFS}/live")
        site.start(ready=False)
        until(lambda: 'C03 is held by "heating"' in site.daemon.log(), 30, "the log to name who has the line")
        self.assertEqual((site.bank()["state"], site.bank()["reason"]), ("lost", "line_held"))
        site.machine.run(f"echo 0 >{CONFIGFS}/live && rmdir {hog} && echo 1 >{CONFIGFS}/live")
        site.sim.start()
        site.ready()

    def test_power_fails(self):
        """The UPS's line says that the power goes: nothing is pulsed any more, what waits for its turn is given up, what is open may be
        shut; once the line has been good for a while, openings go on. Then the plug is pulled with the line down: nothing is pulsed."""
        site = self.site(more="[power]\nchip = label:ups\nline = #0\nfails = low\ngood_s = 2\n")
        ups = site.machine.chip("ups", 1, "U")
        pull = f"$(echo {ups}/sim_gpio0/pull)"
        site.machine.run(f"echo pull-up >{pull}")
        site.start()
        site.hire(vm_site.STAFF, vm_site.PIN)
        until(lambda: site.admin("status")["limits"]["power"] == "good", 20, "the line to be watched")
        self.assertEqual(site.announce("Y1", vm_site.CODE, size="S")["result"], "ok")
        site.sign_in(vm_site.STAFF, vm_site.PIN)
        site.kiosk.press("deposit")
        door = site.deposit("Y1")
        site.kiosk.press("sign_out")
        pulses = site.sim.pulses()
        site.machine.run(f"echo pull-down >{pull}")
        site.until_event("site.degraded", 20, reason="power_failing")
        answer = site.kiosk.code(vm_site.CODE)
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "power_failing"))
        code, result = site.ctl("open", "G05")
        self.assertEqual(code, 1, result)
        self.assertEqual(site.sim.pulses(), pulses, "a lock was pulsed while the power fails")
        site.machine.run(f"echo pull-up >{pull}")
        site.until_event("site.degraded", 20, reason="recovered", note="power_failing")
        self.assertEqual(site.pickup(vm_site.CODE), door)
        self.assertEqual(site.item("Y1")["custody"], "collected")

    def test_chip_comes_back(self):
        """The chip vanishes under the daemon and returns: doors are unknown meanwhile, and a day goes well afterwards."""
        site = self.open_site()
        site.sim.halt()
        site.machine.run(f"echo 0 >{CONFIGFS}/live")
        until(lambda: site.bank()["state"] == "lost", 30, "the bank to be lost")
        doors = site.admin("doors")["doors"]
        self.assertTrue(all(d["state"] in ("unknown", "lost") for d in doors), doors)
        site.machine.run("sleep 1")
        self.assertTrue(site.daemon.alive())
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
