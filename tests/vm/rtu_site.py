#!/usr/bin/python3
"""lockerd on ARM on a serial line: the machine's PL011 (/dev/ttyAMA0) is joined to the pseudo terminal of a cabinet-sim here."""

import vm_site
from vm_site import until


class Test(vm_site.Case):
    def pulsed(self, site):
        return {d["name"]: d["pulses"] for d in site.sim.ask("status")["doors"] if d["pulses"]}

    def test_deposit_and_pickup(self):
        site = self.open_site(wire="rtu")
        doors = site.a_day()
        self.assertEqual(doors[0], doors[1])
        self.assertEqual(self.pulsed(site), {doors[0]: 2}, "one pulse for each opening, of that door only")
        door = site.sim.door(doors[0])
        self.assertEqual((door["openings"], door["closings"], door["open"], door["coil"], door["item"]),
                         (2, 2, False, False, None))
        self.assertEqual(site.door(doors[0])["state"], "closed")
        line = site.sim.line("RTU")
        self.assertTrue(line["open"] and line["baud_set"] == 115200, line)
        self.assertEqual([e["data"]["purpose"] for e in site.events_of("door.opened")], ["deposit", "pickup"])
        self.assertEqual(site.daemon.stop(), 0)

    def test_killed_in_a_pulse(self):
        """SIGKILL while a lock is drawn: the board lets go by its own clock; the next daemon settles without a pulse."""
        site = self.open_site(wire="rtu")
        site.sim.ask("fault", door="A01", fault="jam")
        site.machine.run(f"./lockerctl --socket {vm_site.HOME}/run/admin.sock --json open A01 >/tmp/open 2>&1 &")
        until(lambda: site.sim.door("A01")["coil"], 20, "the lock to be drawn", 0.001)
        site.daemon.kill()
        until(lambda: not site.sim.door("A01")["coil"], 5, "the board to let the lock go")
        site.daemon.start()
        site.ready()
        self.assertEqual(self.pulsed(site), {"A01": 1}, "nothing is pulsed after the restart")


if __name__ == "__main__":
    vm_site.main(__name__)
