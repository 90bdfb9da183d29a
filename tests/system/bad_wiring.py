"""Law 3 over a change of the configuration: two doors' channels are exchanged in the file. Nobody's code opens the other
door; what an interrupted opening did is not read from it; staff try, confirm, and everything goes on.
"""
import http.client
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import site_rig  # noqa: E402

CODES = {"Y1": "73519264", "Y2": "28461935"}
EXCHANGED = "channels = 2 1 3-8\n"


class Changed(bad_case.Case):
    def rewire(self, one, lines):
        """Bank A's last lines in the file are these from the next start on."""
        with open(one.config_path, encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r"(\[bank A\][^\[]*?pulse_ms = 100\n)(channels[^\n]*\n)?", lambda m: m.group(1) + lines, text)
        with open(one.config_path, "w", encoding="utf-8") as f:
            f.write(text)

    def started_with(self, one, lines):
        self.assertEqual(one.daemon.stop(), 0)
        self.rewire(one, lines)
        one.start()

    def test_occupied_doors_wait_for_staff(self):
        one = self.site()
        self.assertEqual([self.stock(one, item, code) for item, code in CODES.items()], ["A01", "A02"])
        self.started_with(one, EXCHANGED)
        event = one.until_event("site.config", bank="A")["data"]
        self.assertEqual((event["doors"], event["reason"], event["alarm"]), (["A01", "A02"], "wiring_changed", True))
        self.assertEqual(one.admin("status")["wiring_changed"], ["A01", "A02"])
        self.assertEqual(one.door("A02")["reason"], "wiring_changed")
        self.assertIn("bank A: wired otherwise than confirmed", one.daemon.log())
        self.assertIn("confirm\": A01 A02\n", one.daemon.log())
        before = self.pulses(one)
        for code in CODES.values():
            self.assertEqual(one.kiosk.code(code)["reason"], "wiring_changed")
        self.assertEqual(one.postal.command("compartment.open", {"compartment": "A01"})["reason"], "wiring_changed")
        self.assertEqual(self.pulses(one), before)
        # Staff find out: A01 is the other door now. The file was wrong: put right, and it is as if nothing had been.
        self.assertEqual(one.admin("open", door="A01", why="which one is it?")["outcome"], "opened")
        self.assertTrue(one.sim.door("A02")["open"])
        one.shut("A02")
        site_rig.until(lambda: one.door("A01")["state"] == "closed", 5, "A01 shut")
        self.started_with(one, "")
        one.until_event("site.config", reason="recovered")
        self.assertEqual(one.admin("status")["wiring_changed"], [])
        for item, door in (("Y1", "A01"), ("Y2", "A02")):
            self.assertEqual(one.pickup(CODES[item]), door)
            one.kiosk.press("done")
        self.end(one)

    def test_confirmed_by_whoever_tried(self):
        one = self.site()
        self.stock(one, "Y1", CODES["Y1"])
        self.started_with(one, "channels = 1 2 3 4 5 6 8 7\n")  # A01 is as it was
        self.assertEqual(one.pickup(CODES["Y1"]), "A01")
        one.kiosk.press("done")
        with self.assertRaises(site_rig.Refused) as refused:
            one.admin("confirm", credentials=(bad_case.STAFF, bad_case.PIN), bank="A", why="no idea")
        self.assertEqual(refused.exception.reason, "not_allowed")
        one.admin("confirm", bank="A", why="A07 and A08 tried")
        event = one.until_event("site.config", reason="staff_request")["data"]
        self.assertEqual((event["doors"], event["actor"]), (["A07", "A08"], "maintenance"))
        one.restart()
        self.assertEqual(one.admin("status")["wiring_changed"], [])
        self.end(one)

    def test_an_interrupted_opening_is_not_settled_by_another_door(self):
        one = self.site()
        self.assertEqual([self.stock(one, item, code) for item, code in CODES.items()], ["A01", "A02"])
        one.restart({"LOCKERD_TEST_KILL_AT": "pulse-after"})
        try:
            one.kiosk.code(CODES["Y1"])  # its intent is durable; nobody will know whether the pulse went out
        except (OSError, http.client.HTTPException):
            pass
        one.daemon.wait_dead()
        self.rewire(one, EXCHANGED)
        one.start(ready=False)
        one.until_event("door.open_failed", reason="wiring_changed", door="A01")
        event = one.until_event("audit.mismatch", door="A01")["data"]
        self.assertEqual((event["item"], event["to"], event["reason"]), ("Y1", "unknown", "wiring_changed"))
        self.assertEqual(one.item("Y1")["custody"], "unknown")
        one.ready()  # A02's switch is the one of A01's door now: if that stands open, Y2 is unknown, too
        self.assertEqual(one.kiosk.code(CODES["Y1"])["reason"], "custody_unknown")
        # Put right, looked, settled: the citizen gets it.
        if one.sim.door("A01")["open"]:
            one.shut("A01")
        self.started_with(one, "")
        for item in CODES:
            if one.item(item)["custody"] == "unknown":
                one.admin("settle", item=item, to="in_locker", why="it lies there")
        for item, door in (("Y1", "A01"), ("Y2", "A02")):
            self.assertEqual(one.pickup(CODES[item]), door)
            one.kiosk.press("done")
        self.end(one)


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
