"""Commands that must do nothing: malformed, retained, expired, wrongly signed, for another site, repeated; too many remote
opens. Each is answered or reported with its reason, and no lock moves.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import site_rig  # noqa: E402
import upstream  # noqa: E402

OPEN = ("compartment.open", {"compartment": "A01"})


def claims(name, cmd=OPEN[0], args=None, site=site_rig.SITE, **changes):
    made = upstream.claims_for(site_rig.OPERATOR, site, cmd, OPEN[1] if args is None else args, name)
    made.update(changes)
    return {key: value for key, value in made.items() if value is not None}


class Commands(bad_case.Case):
    """One site for a few refusals each: no more than ten a minute are logged, so that a stranger can't fill the disk."""

    def setUp(self):
        self.one = self.site()

    def refused(self, token, reason, jti=None, **options):
        """Sends it; it must be reported upstream as an event, answered when its id could be believed, and do nothing."""
        seen = len(self.one.events_of("access.command_refused"))
        self.one.postal.send(token, **options)
        events = site_rig.until(lambda: self.one.events_of("access.command_refused")[seen:], 5, f"event {reason}")
        self.assertEqual(events[0]["data"]["reason"], reason)
        self.assertEqual(events[0]["data"].get("command", ""), jti or "")
        if jti:
            answer = self.one.postal.answer(jti)
            self.assertEqual((answer["result"], answer["reason"]), ("refused", reason))
        self.assertEqual(self.pulses(self.one), 0)

    def tearDown(self):
        """An honest command still works."""
        door = "B02"
        answer = self.one.postal.command(OPEN[0], {"compartment": door})
        self.assertEqual((answer["result"], answer["outcome"]), ("ok", "opened"))
        self.one.shut(door)
        self.one.until_event("door.closed", door=door)
        self.end(self.one)

    def test_unreadable(self):
        right = self.one.keys.sign(claims("a1"))
        head, body, _ = right.split(".")
        for token in ("", "hello", "a.b", "a.b.c.d", right[:-1] + "=", f"{head}.{body}.", b"\xff\x00\xfe" * 30):
            with self.subTest(token=token[:30]):
                self.refused(token, "malformed")

    def test_wrongly_signed(self):
        right = self.one.keys.sign(claims("b1"))
        head, body, signature = right.split(".")
        other = upstream.b64url(json.dumps(claims("b1", args={"compartment": "A02"})).encode())
        none = upstream.b64url(b'{"alg":"none","kid":"upstream-1"}')
        hs = upstream.b64url(b'{"alg":"HS256","kid":"upstream-1"}')
        with open(self.one.keys.public_file, "rb") as f:
            mac = hmac.new(f.read(), f"{hs}.{body}".encode(), hashlib.sha256).digest()
        stranger = upstream.Keys(self.folder())
        self.refused(f"{head}.{other}.{signature}", "bad_signature")
        self.refused(f"{head}.{body}.{upstream.b64url(bytes(64))}", "bad_signature")
        self.refused(f"{none}.{body}.{signature}", "bad_signature")
        self.refused(f"{hs}.{body}.{upstream.b64url(mac)}", "malformed")
        self.refused(f"{hs}.{body}.{upstream.b64url(mac + mac)}", "bad_signature")
        self.refused(stranger.sign(claims("b2")), "bad_signature")
        stranger.kid = "someone"
        self.refused(stranger.sign(claims("b3")), "unknown_key")

    def test_out_of_time(self):
        now = int(time.time())
        self.refused(self.one.keys.sign(claims("c1", iat=now - 200, exp=now - 100)), "expired", "c1")
        self.refused(self.one.keys.sign(claims("c2", iat=now + 300, exp=now + 360)), "not_yet_valid", "c2")
        self.refused(self.one.keys.sign(claims("c3", exp=now + 3600)), "lifetime_too_long", "c3")
        self.refused(self.one.keys.sign(claims("c4", exp=None)), "malformed", "c4")
        self.refused(self.one.keys.sign(claims("c5", exp=str(now + 60))), "malformed", "c5")
        self.refused(self.one.keys.sign(claims("c6", iat=now, exp=now)), "malformed", "c6")

    def test_for_another_site_or_kept_by_the_broker(self):
        self.refused(self.one.keys.sign(claims("d1", site="hall-2")), "wrong_audience", "d1")
        self.refused(self.one.keys.sign(claims("d2", aud=None)), "malformed", "d2")
        self.refused(self.one.keys.sign(claims("d3", aud=["yulin/hall-1"])), "malformed", "d3")
        # The subscriber of a live retained message gets it without the flag (MQTT 5 3.3.1.3): so be away first.
        self.one.daemon.stop()
        self.one.postal.send(self.one.keys.sign(claims("d4")), retain=True).wait_for_publish(5)
        self.one.start()
        event = self.one.until_event("access.command_refused", reason="retained")
        self.assertEqual(self.pulses(self.one), 0)
        self.assertNotIn("command", event["data"])
        self.one.postal.send("", retain=True)
        self.one.daemon.stop()
        self.one.start()

    def test_not_understood(self):
        sign = self.one.keys.sign
        self.refused(sign(claims("e1", "compartment.open_all", {})), "unknown_command", "e1")
        self.refused(sign(claims("e2", args={})), "bad_argument", "e2")
        self.refused(sign(claims("e3", args={"compartment": "A01", "force": True})), "bad_argument", "e3")
        self.refused(sign(claims("e4", args={"compartment": ["A01", "A02"]})), "bad_argument", "e4")
        self.refused(sign(claims("e5", args={"compartment": "Z99"})), "no_such_door", "e5")
        self.refused(sign(claims("e6", "item.announce", {"item_id": "Y 1"})), "bad_argument", "e6")
        self.refused(sign(claims("e7", "item.announce", {"item_id": "Y1", "code": "12ab5678"})), "bad_argument", "e7")
        self.refused(sign(claims("e8", "status.get", {}, jti="")), "malformed")
        self.assertIsNone(self.one.item("Y1"))

    def test_oversize_and_a_flood(self):
        self.refused("x" * 20000, "oversize")
        for n in range(60):
            self.one.postal.send(f"rubbish {n}")
        time.sleep(0.5)
        reported = len(self.one.events_of("access.command_refused"))
        self.assertLessEqual(reported, 12, "a stranger fills the event log")

    def test_the_same_id_again(self):
        token = self.one.keys.sign(claims("f1", args={"compartment": "B01"}))
        first = self.send(token, "f1")
        self.assertEqual((first["result"], first["outcome"]), ("ok", "opened"))
        self.one.shut("B01")
        self.one.until_event("door.closed", door="B01")
        for how in ("at once", "after a restart", "after a kill"):
            with self.subTest(how):
                again = self.send(token, "f1")
                self.assertEqual([again[k] for k in ("result", "outcome")], ["ok", "opened"])
                self.assertEqual(self.pulses(self.one), 1)
            self.one.daemon.kill() if how == "after a restart" else self.one.daemon.stop()
            self.one.start()
        other = self.one.keys.sign(claims("f1", args={"compartment": "B03"}))
        answer = self.send(other, "f1")
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "id_reused"))
        self.assertEqual(self.one.sim.door("B03")["commands"], 0)
        self.assertEqual(self.pulses(self.one), 1)

    def test_announced_twice_with_one_id(self):
        token = self.one.keys.sign(claims("g1", "item.announce", {"item_id": "Y1", "size": "S", "code": "73519264"}))
        for _ in range(3):
            self.assertEqual(self.send(token, "g1")["result"], "ok")
        self.assertEqual(len(self.one.events_of("item.expected")), 1)
        answer = self.one.announce("Y2", "73519264")
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "code_in_use"))
        answer = self.one.announce("Y1", "11112222")
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "item_exists"))

    def send(self, token, jti):
        self.one.postal.answers.pop(jti, None)
        self.one.postal.send(token)
        return self.one.postal.answer(jti)


class RemoteLimit(bad_case.Case):
    """Three remote opens in ten minutes; a restart does not forget them, a wrong clock neither."""

    def test_the_fourth_is_refused(self):
        one = self.site()
        for door in ("A01", "A02", "B01"):
            self.assertEqual(one.postal.command(OPEN[0], {"compartment": door})["result"], "ok")
            one.shut(door)
            one.until_event("door.closed", door=door)
        for how in (None, one.daemon.kill, one.daemon.stop):
            if how:
                how()
                one.start()
            answer = one.postal.command(OPEN[0], {"compartment": "A03"})
            self.assertEqual((answer["result"], answer["reason"]), ("refused", "remote_limit"))
        self.assertEqual(self.pulses(one), 3)
        self.assertEqual(one.sim.door("A03")["commands"], 0)
        self.end(one)


class WrongClock(bad_case.Case):
    """Law 11. The calendar says a day long before this program was built: nothing that depends on it is believed, and
    nobody's time gets shorter."""

    def test_commands_wait_and_people_do_not(self):
        one = self.site()
        door = self.stock(one, "Y1", "73519264")
        one.until_all_acked()
        one.daemon.stop()
        one.daemon.env = bad_case.preloaded("wrong-clock", WRONG_CLOCK_S=str(20 * 365 * 86400))
        one.start()
        self.assertEqual(one.admin("status")["clock"], "unsynced")
        started = one.until_event("site.started", clock="unsynced")
        self.assertEqual(started["timequality"], "unsynced")
        old = int(time.time()) - 20 * 365 * 86400
        for jti, iat in (("u1", int(time.time())), ("u2", old)):  # one for the right calendar, one for ours
            one.postal.send(one.keys.sign(claims(jti, iat=iat, exp=iat + 60)))
            answer = one.postal.answer(jti)
            self.assertEqual((answer["result"], answer["reason"]), ("refused", "clock_unsynced"))
        self.assertEqual(self.pulses(one), 1)
        self.assertEqual([i["overdue"] for i in one.admin("items")["items"]], [False])
        self.assertEqual(one.pickup("73519264"), door)
        one.until_event("item.collected", item="Y1")
        self.end(one)
        one.daemon.env = {}
        one.start()
        self.assertEqual(one.postal.command("status.get")["result"], "ok")


class NoKeys(bad_case.Case):
    """A site whose key file is unreadable does not start; one without keys refuses every command."""

    def test_broken_key_files(self):
        one = self.site(start=False)
        with open(one.keys.public_file, "rb") as f:
            public = json.loads(f.read())
        weak = dict(public["keys"][0], x=base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="))
        for text in ("", "{", '{"keys":[]}', json.dumps({"keys": [weak]}), json.dumps({"keys": public["keys"] * 2})):
            with self.subTest(text=text[:40]):
                with open(one.keys.public_file, "w", encoding="utf-8") as f:
                    f.write(text)
                code, said = bad_case.run_lockerd("--config", one.config_path)
                self.assertEqual(code, bad_case.EX_CONFIG, said)
                self.assertIn("command keys", said)
        self.assertEqual(self.pulses(one), 0)


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
