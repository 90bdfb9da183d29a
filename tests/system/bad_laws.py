"""Laws that need the whole daemon to break: never the wrong door (3), coils are safe whoever dies (9), one dead board never
stops the cabinet (10), no code, token or PIN anywhere in clear (12).
"""
import base64
import hashlib
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import site_rig  # noqa: E402

CODES = {"Y1": "73519264", "Y2": "28461935", "Y3": "91827364"}
ALL_OFF = re.compile(r"^..0500ff0000")  # coil 0x00ff is all of them (waveshare-relay)
READ_COILS = re.compile(r"^..01")
PULSE = re.compile(r"^..05(02..|00..ff00)")


def frame(hex_text, board):
    """The bytes from the unit address on: a TCP frame has a header of six bytes before it."""
    return hex_text[12:] if board == "A" else hex_text


class WrongDoor(bad_case.Case):
    """Law 3. Two wires are exchanged: the door that was pulsed stays shut and its neighbour opens."""

    def test_the_bank_stops_until_staff_have_looked(self):
        one = self.site()
        door = {item: self.stock(one, item, CODES[item], size=size) for item, size in
                (("Y1", "S"), ("Y2", "S"), ("Y3", "M"))}
        self.assertEqual((door["Y1"], door["Y2"]), ("A01", "A02"))
        one.sim.ask("fault", door="A01", fault="swapped-wires", **{"with": "A02"})
        self.assertEqual(one.kiosk.code(CODES["Y1"])["result"], "ok")
        event = one.until_event("door.wrong")
        self.assertEqual((event["data"]["door"], event["data"]["expected_door"]), ("A02", "A01"))
        self.assertTrue(event["data"]["alarm"])
        self.assertEqual((event["data"]["item"], event["data"]["to"]), ("Y2", "unknown"))
        self.stopped(one, "at once")
        one.shut("A02")
        site_rig.until(lambda: one.door("A02")["state"] == "closed", 5, "A02 to be shut")
        one.daemon.kill()
        one.start(ready=False)
        site_rig.until(lambda: self.bank(one)["reason"] == "wrong_door", 10, "the stop to survive a kill")
        site_rig.until(lambda: all(d["state"] != "unknown" for d in one.admin("doors")["doors"]) and
                       any(b["state"] == "ready" for b in one.admin("status")["banks"]), 10, "all doors seen")
        one.kiosk = site_rig.Kiosk(one.kiosk_port)
        self.stopped(one, "after a kill")
        self.assertEqual(one.pickup(CODES["Y3"]), door["Y3"])  # the other bank goes on
        one.kiosk.press("done")
        self.repair(one)
        self.assertEqual(one.pickup(CODES["Y1"]), "A01")
        one.kiosk.press("done")
        self.assertEqual(one.pickup(CODES["Y2"]), "A02")
        self.end(one)

    def bank(self, one):
        try:
            return next(b for b in one.admin("status")["banks"] if b["name"] == "A")
        except OSError:
            return {"reason": None}

    def stopped(self, one, when):
        before = self.pulses(one)
        site_rig.until(lambda: one.kiosk.view()["screen"] in ("home", "notice", "jam"), 40, "a free screen")
        if one.kiosk.view()["screen"] == "jam":
            one.kiosk.press("done")
        for item in ("Y1", "Y2"):
            answer = one.kiosk.code(CODES[item])
            self.assertEqual(answer["result"], "refused", when)
            self.assertIn(answer["reason"], ("bank_stopped", "custody_unknown"), when)
        answer = one.postal.command("compartment.open", {"compartment": "A05"})
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "bank_stopped"), when)
        self.assertEqual(self.pulses(one), before, when)

    def repair(self, one):
        one.sim.ask("clear", door="A01")
        one.sim.ask("clear", door="A02")
        one.admin("unblock", bank="A", why="the wires of A01 and A02 are right again")
        one.until_event("door.unblocked", bank="A")
        site_rig.until(lambda: self.bank(one)["state"] == "ready", 10, "the bank to be ready again")
        site_rig.until(lambda: one.admin("status")["doors"]["unknown"] == 0, 10, "its doors to be seen after the set-up")
        for item in ("Y1", "Y2"):
            if one.item(item)["custody"] == "unknown":
                one.admin("settle", item=item, to="in_locker", why="it lies there")


class Coils(bad_case.Case):
    """Law 9. The board ends the pulse; whoever starts next switches off and reads back before anything else."""

    def test_killed_while_the_coil_is_pulled(self):
        for size, board in (("S", "A"), ("M", "B")):
            with self.subTest(board=board):
                more = {"more": "pulse_ms = 500\n"}
                one = self.site(banks={"A": {"line": "tcp", "doors": 8, "unit": 1, "sizes": "S:1-8", **more},
                                       "B": {"line": "rtu", "doors": 8, "unit": 2, "sizes": "M:1-8", **more}})
                door = self.stock(one, "Y1", CODES["Y1"], size=size)
                watch = one.sim.another_control()
                watch.ask("subscribe", events=["pulse-start", "pulse-end"])
                one.kiosk.code(CODES["Y1"])
                watch.wait("pulse-start", door=door)
                one.daemon.process.send_signal(signal.SIGKILL)
                one.daemon.wait_dead()
                self.assertLess(watch.wait("pulse-end", 2, door=door)["length_ns"], 600e6)
                last = one.sim.ask("log", last=1)["last_seq"]
                one.start()
                self.read_back(one, last)
                one.sim.ask("door", door=door, action="take")
                one.shut(door)
                one.until_event("item.collected", item="Y1")
                self.end(one)

    def read_back(self, one, since):
        """After the start each board is switched off and read back, and nothing is pulsed."""
        log = one.sim.ask("log", since=since + 1, events=["request"])["log"]
        for board in ("A", "B"):
            line = "TCP1" if board == "A" else "RTU"
            frames = [frame(e["hex"], board) for e in log if e["line"] == line]
            off = [i for i, f in enumerate(frames) if ALL_OFF.match(f)]
            read = [i for i, f in enumerate(frames) if READ_COILS.match(f)]
            self.assertTrue(off, f"board {board} was not switched off at the start: {frames[:6]}")
            self.assertTrue(read and read[-1] > off[0], f"board {board} was not read back: {frames[:6]}")
            self.assertEqual([f for f in frames if PULSE.match(f)], [], "a restart pulsed")

    def test_a_welded_relay_stops_its_bank(self):
        one = self.site(start=False)
        one.sim.ask("fault", door="A03", fault="relay-welded")
        one.start(ready=False)

        def stopped():
            try:
                bank = next(b for b in one.admin("status")["banks"] if b["name"] == "A")
                return bank["state"] != "ready" and bank["reason"] == "coil_stuck"
            except OSError:
                return False
        site_rig.until(stopped, 10, "bank A to stop for coil_stuck")
        event = one.until_event("site.degraded", bank="A")
        self.assertEqual((event["data"]["reason"], event["data"].get("alarm")), ("coil_stuck", True))
        answer = one.postal.command("compartment.open", {"compartment": "A01"})
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "bank_stopped"))
        self.assertEqual(one.sim.door("A01")["commands"], 0)


class DeadBoard(bad_case.Case):
    """Law 10. One board does not answer; the other's people wait no longer."""

    def test_the_others_go_on(self):
        for dead, size, other in (("A", "S", "M"), ("B", "M", "S")):
            with self.subTest(dead=dead):
                one = self.site()
                self.stock(one, "Y1", CODES["Y1"], size=size)
                self.stock(one, "Y2", CODES["Y2"], size=other)
                one.sim.ask("fault", board=dead, fault="dead")
                one.until_event("site.board_lost", 20, bank=dead)
                self.assertEqual(one.kiosk.code(CODES["Y1"])["reason"], "door_unreachable")
                started = time.monotonic()
                one.pickup(CODES["Y2"])
                self.assertLess(time.monotonic() - started, 3, "a dead board slows the others")
                one.kiosk.press("done")
                self.assertEqual(one.item("Y1")["custody"], "in_locker")
                one.daemon.kill()
                one.start(ready=False)  # a start with a dead board serves the others too
                one.kiosk = site_rig.until(lambda: self.served(one), 10, "the other bank")
                one.sim.ask("clear", board=dead)
                one.until_event("site.board_back", 30, bank=dead)
                one.ready(30)
                one.pickup(CODES["Y1"])
                self.end(one)

    @staticmethod
    def served(one):
        try:
            return site_rig.Kiosk(one.kiosk_port) if any(b["state"] == "ready" for b in one.admin("status")["banks"]) \
                else None
        except OSError:
            return None


class Secrets(bad_case.Case):
    """Law 12. After a whole story no code, token, PIN or badge can be read anywhere; the phone's tail only in the store."""

    TOKEN, BADGE, TAIL, WRONG = "QR-3kqv9xWm2bTz8RnYhL5c", "BADGE-7Qm2xV9pLk4T", "9075", "60413728"

    def test_nothing_can_be_read(self):
        heard = []
        one = self.site(scanner=True)
        one.postal.on_message = lambda topic, payload, retained: heard.append((topic, bytes(payload)))
        self.story(one)
        one.until_all_acked()
        status = json.dumps([one.admin(c) for c in ("status", "doors", "items", "uplink", "store", "staff_list", "bus")])
        one.daemon.kill()  # the write-ahead log stays as it was
        places = [("MQTT " + topic, payload) for topic, payload in heard] + [("lockerctl", status.encode())]
        places += list(self.files(one))
        self.assertGreater(len(places), 20)
        self.assertTrue(any(name.endswith("-wal") for name, _ in places), "no write-ahead log to look into")
        self.assertTrue(any(name.endswith("trace.log") and len(data) > 1000 for name, data in places))
        for what, secret in (("code", CODES["Y1"]), ("code", CODES["Y2"]), ("code", CODES["Y3"]), ("token", self.TOKEN),
                             ("PIN", bad_case.PIN), ("PIN", "975310"), ("badge", self.BADGE), ("wrong", self.WRONG)):
            self.nowhere(what, secret, places)
        tail = re.compile(rb"(?<![0-9a-fA-F.])" + self.TAIL.encode() + rb"(?![0-9a-fA-F])")
        for name, data in places:
            if "lockerd.db" not in name:
                self.assertIsNone(tail.search(data), f"the phone's tail stands in {name}")

    def nowhere(self, what, secret, places):
        raw = secret.encode()
        plain = hashlib.sha256(raw)
        forms = [raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), plain.digest(), plain.hexdigest().encode(),
                 secret.encode("utf-16-le")]
        for name, data in places:
            for form in forms:
                self.assertNotIn(form, data, f"a {what} stands in {name}")

    def files(self, one):
        for path, _, names in os.walk(one.folder):
            for name in names:
                full = os.path.join(path, name)
                if os.path.isfile(full) and not path.endswith("keys"):
                    with open(full, "rb") as f:
                        yield full, f.read()

    def story(self, one):
        one.hire("1002", "975310", badge=self.BADGE)
        self.stock(one, "Y1", CODES["Y1"], self.TOKEN, phone_tail=self.TAIL)
        self.stock(one, "Y2", CODES["Y2"])
        one.scanner.scan(self.BADGE)
        one.kiosk.until("staff_menu")
        one.kiosk.press("sign_out")
        one.kiosk.sign_in("1002", "975310")
        one.kiosk.until("staff_menu")
        one.kiosk.press("sign_out")
        one.kiosk.sign_in("1002", "864209")
        one.kiosk.press("done")
        one.kiosk.code(self.WRONG)
        one.kiosk.press("done")
        one.kiosk.code(CODES["Y1"][:7])
        one.scanner.scan("not-a-token-" + self.WRONG)
        one.kiosk.scan("x" + CODES["Y1"])
        one.announce("Y3", CODES["Y1"])  # refused: in use
        one.announce("Y3", CODES["Y3"])
        one.postal.send("rubbish " + CODES["Y1"])
        one.kiosk._ask("POST", "/api/v1/act", {"act": "code", "code": CODES["Y1"], "bogus": self.WRONG})
        one.scanner.scan(self.TOKEN)
        one.kiosk.until("take")
        one.sim.ask("door", door="A01", action="take")
        one.shut("A01")
        one.kiosk.until("taken")
        one.kiosk.press("done")
        one.pickup(CODES["Y2"])
        one.kiosk.press("done")
        one.kiosk.code(CODES["Y2"])  # used up


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
