#!/usr/bin/python3
"""The uplink against real brokers. Usage: test_uplink.py --probe PROGRAM [CASE...]; without CASE all of them."""
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

import rig
from rig import Broker, OddBroker, Probe, Proxy, wait_until
from upstream import Keys, Upstream, claims_for

PROBE = None
EPOCH = "0b8f5c1e-3f0a-4d59-9a57-6a0f4e6c2d11"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="uplink-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.keys = Keys(self.folder).load()
        self.judge = rig.Judge()
        self.addCleanup(self.keeps_to_the_contract)

    def keeps_to_the_contract(self):
        self.assertEqual(self.judge.faults, [], "docs/contract promises otherwise")

    def keep(self, thing):
        self.addCleanup(thing.close)
        return thing

    def broker(self, extra=""):
        return self.keep(Broker(self.folder, extra))

    def probe(self, port, *args, scheme="mqtt", host="127.0.0.1", env=None):
        return self.keep(Probe(PROBE, "--url", f"{scheme}://{host}:{port}", "--keys", self.keys.public_file, *args,
                               env=env))

    def upstream(self, broker, **options):
        up = Upstream("yulin", "hall-1", self.keys, port=broker.port, **options)
        up.judge = self.judge
        return self.keep(up.connect())

    def presence(self, up, state, timeout_s=10):
        up.wait(lambda: up.presence and up.presence["state"] == state, timeout_s, f"presence {state}")
        self.assertEqual(up.presence["epoch"], EPOCH)
        self.assertRegex(up.presence["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertTrue(up.presence["version"])


class PresenceTest(Case):
    def test_birth_will_and_clean_stop_carry_the_same_epoch(self):
        broker = self.broker()
        up = self.upstream(broker)
        probe = self.probe(broker.port)
        self.presence(up, "online")
        probe.kill()
        self.presence(up, "offline")
        probe = self.probe(broker.port)
        self.presence(up, "online")
        self.assertLess(probe.stop(), 1500)
        self.presence(up, "stopped")
        retained = []
        late = self.upstream(broker, on_message=lambda topic, payload, kept: retained.append((topic, kept)))
        self.presence(late, "stopped")
        self.assertIn(("state/presence", True), retained)

    def test_taken_over_by_its_next_life_it_stays_online(self):
        broker = self.broker()
        up = self.upstream(broker)
        proxy = self.keep(Proxy(broker.port))
        self.probe(proxy.port).expect("^connected")
        proxy.silent = True
        second = self.probe(broker.port)
        second.expect("^connected")
        time.sleep(0.3)
        self.presence(up, "online")

    def test_stop_is_quick_whatever_the_broker_does(self):
        probe = self.probe(rig.free_port())
        probe.expect("^lost before=0")
        self.assertLess(probe.stop(), 3000)
        broker = self.broker()
        proxy = self.keep(Proxy(broker.port))
        up = self.upstream(broker)
        probe = self.probe(proxy.port, "--keepalive", 60)
        self.presence(up, "online")
        proxy.silent = True
        self.assertLess(probe.stop(), 3000)
        self.assertEqual(up.presence["state"], "online")  # nobody could tell: the broker's keep-alive will

    def test_snapshot_of_512_compartments_is_retained(self):
        broker = self.broker()
        probe = self.probe(broker.port)
        probe.expect("^connected")
        probe.ask("state 512", "^state 0")
        probe.stop()
        up = self.upstream(broker)
        up.wait(lambda: up.compartments, 5, "the snapshot")
        self.assertEqual(len(up.compartments["compartments"]), 512)
        self.assertEqual(up.compartments["compartments"][1], {"compartment": "A02", "state": "unknown", "use": "free"})


class DrainTest(Case):
    def drain(self, version):
        broker = self.broker()
        seen = []
        up = self.upstream(broker, on_event=lambda event: seen.append(event["seq"]))
        probe = self.probe(broker.port, "--version", version)
        probe.expect("^connected")
        probe.say("grow 10")
        up.wait(lambda: up.log.last == 10, 5, "ten events")
        broker.kill()
        probe.expect("^lost before=1")
        probe.ask("grow 2000", "^last 2010")
        time.sleep(0.5)
        broker.start()
        began = time.monotonic()
        up.wait(lambda: up.log.last == 2010, 20, "2,000 events")
        print(f"\n{version}: 2000 events in {time.monotonic() - began:.2f} s after the broker was back")
        self.assertEqual(seen, list(range(1, 2011)))
        self.assertEqual(up.log.faults, [])
        self.assertEqual(up.log.gaps, 0)
        wait_until(lambda: probe.status()["acked"] == 2010, 5, "the ack")

    def test_what_gathered_while_the_broker_was_away_comes_in_order(self):
        self.drain("auto")

    def test_the_same_over_3_1_1(self):
        self.drain("311")

    def test_broker_killed_again_and_again(self):
        broker = self.broker()
        up = self.upstream(broker)
        probe = self.probe(broker.port)
        for life in range(4):
            probe.say("grow 500")
            time.sleep(0.15 * life)
            broker.kill()
            broker.start()
        up.wait(lambda: up.log.last == 2000, 30, "2,000 events over four lives of the broker")
        self.assertEqual(up.log.faults, [])

    def test_an_upstream_back_after_the_locker_asks_for_what_went_to_nobody(self):
        """The order of events that the test above meets by chance: the restarted broker has forgotten upstream's
        subscription, the locker is back first, and the broker confirms every event without a receiver."""
        broker = self.broker()
        way = self.keep(Proxy(broker.port))
        up = self.keep(Upstream("yulin", "hall-1", self.keys, port=way.port).connect())
        way.target = rig.free_port()  # nobody listens there: upstream stays away until we say so
        broker.kill()
        up.wait(lambda: not up.subscribed, 5, "upstream to lose the broker")
        broker.start()
        probe = self.probe(broker.port, "--log", 1500)
        wait_until(lambda: probe.status()["delivered"] == 1500, 10, "1,500 PUBACKs")
        self.assertEqual(up.log.received, 0)
        way.target = broker.port
        up.wait(lambda: up.log.last == 1500, 15, "the 1,500 events")
        self.assertEqual(up.log.faults, [])
        wait_until(lambda: probe.status()["acked"] == 1500, 5, "the ack")

    def test_a_broker_that_throws_its_queue_away_is_made_good(self):
        broker = self.broker("max_queued_messages 300")
        up = self.upstream(broker)
        probe = self.probe(broker.port)
        probe.expect("^connected")
        probe.say("grow 2000")
        up.wait(lambda: up.log.last == 2000, 40, "2,000 events")
        print(f"\n{up.log.gaps} events came after a gap, {up.log.duplicates} came twice")
        self.assertEqual(up.log.faults, [])


class AcksTest(Case):
    def test_acks_and_replay(self):
        broker = self.broker()
        up = self.upstream(broker, auto_ack=False)
        probe = self.probe(broker.port, "--log", 100)
        up.wait(lambda: up.log.last == 100, 10, "100 events")
        up.ack(60)
        probe.expect("^ack moved 60 acked=60")
        up.ack(50)
        probe.expect("^ack old 50 acked=60")
        up.ack(101)
        probe.expect("^ack beyond 101 acked=60")
        up.ack(70, epoch="another-database")
        probe.expect("^ack foreign 70 acked=60")
        up._publish("ack", '{"upTo": "70"}')
        probe.expect("^ack malformed: ")
        up._publish("ack", "x" * 20000)
        probe.expect("^ack malformed: oversize")
        up.replay(0)
        probe.expect("^ack malformed: replayFrom")
        before = up.log.duplicates
        up.replay(31)
        probe.expect("^ack replaying 31 acked=60")
        up.wait(lambda: up.log.duplicates == before + 70, 5, "events 31 to 100 again")
        self.assertEqual(probe.status()["acked"], 60)

    def test_after_a_reconnect_only_the_unacknowledged_come_again(self):
        broker = self.broker()
        up = self.upstream(broker, auto_ack=False)
        probe = self.probe(broker.port, "--log", 100)
        up.wait(lambda: up.log.last == 100, 10, "100 events")
        up.ack(90)
        probe.expect("^ack moved 90")
        broker.kill()
        probe.expect("^lost before=1")
        received = up.log.received
        broker.start()
        up.wait(lambda: up.log.received == received + 10, 10, "the ten unacknowledged events")
        time.sleep(0.3)
        self.assertEqual(up.log.received, received + 10)


class CommandsTest(Case):
    def setUp(self):
        super().setUp()
        self.b = self.broker()
        self.up = self.upstream(self.b)
        self.p = self.probe(self.b.port)
        self.p.expect("^connected")

    def refuse(self, reason, claims=None, **options):
        claims = {**claims_for("yulin", "hall-1", "status.get", {}), **(claims or {})}
        self.up.send(self.keys.sign(claims), **options)
        answer = self.up.answer(claims["jti"])
        self.assertEqual((answer["result"], answer["reason"]), ("refused", reason))

    def test_good_ones_are_answered(self):
        answer = self.up.command("status.get")
        self.assertEqual((answer["result"], answer["status"]["epoch"]), ("ok", EPOCH))
        self.assertEqual(self.up.command("compartment.open", {"compartment": "A07"})["compartment"], "A07")

    def test_bad_ones_are_refused_by_name(self):
        now = int(time.time())
        self.refuse("wrong_audience", {"aud": "yulin/hall-2"})
        self.refuse("expired", {"iat": now - 100, "exp": now - 40})
        self.refuse("lifetime_too_long", {"exp": now + 1000})
        self.refuse("unknown_command", {"cmd": "door.open_everything"})
        self.refuse("bad_argument", {"args": {"all": True}})
        self.p.say("unsynced 1")
        self.p.status()  # orders are obeyed in turn
        self.refuse("clock_unsynced")
        stranger = Keys(os.path.join(self.folder, "stranger")).load()
        self.up.send(stranger.sign(claims_for("yulin", "hall-1", "status.get", {}, jti="forged")))
        self.p.expect("^command bad_signature jti= ")
        self.up.send("A" * 20000)
        self.p.expect("^command oversize jti= ")
        self.up.send("")
        self.p.expect("^command malformed jti= ")
        time.sleep(0.2)
        self.assertNotIn("forged", self.up.answers)

    def test_retained_ones_are_refused_now_and_later(self):
        self.up.send(self.keys.sign(claims_for("yulin", "hall-1", "status.get", {}, jti="kept")), retain=True)
        self.p.expect("^command retained jti= ")
        self.p.kill()
        again = self.probe(self.b.port, "--site", "hall-1", "--version", "311")
        again.expect("^command retained jti= ")
        time.sleep(0.2)
        self.assertNotIn("kept", self.up.answers)

    def test_response_topic_and_correlation_data(self):
        import paho.mqtt.client as mqtt
        got = []
        client = mqtt.Client("listener", protocol=mqtt.MQTTv5)
        client.on_message = lambda c, u, m: got.append((m.topic, getattr(m.properties, "CorrelationData", None)))
        client.connect("127.0.0.1", self.b.port)
        client.subscribe("#", 1)
        client.loop_start()
        time.sleep(0.2)
        self.up.command("status.get", response_topic="office/answers/7", correlation=b"\x00\x01seven")
        wait_until(lambda: ("office/answers/7", b"\x00\x01seven") in got, 5, "the copy")
        self.assertIn(("locker/v1/yulin/hall-1/rsp", b"\x00\x01seven"), got)
        for topic in ("locker/v1/yulin/hall-1/evt/item", "locker/v1/yulin/hall-2/cmd"):
            got.clear()
            self.up.command("status.get", response_topic=topic, correlation=b"x")
            wait_until(lambda: ("locker/v1/yulin/hall-1/rsp", b"x") in got, 5, "the answer")
            time.sleep(0.1)
            self.assertNotIn((topic, b"x"), got)
        client.disconnect()
        client.loop_stop()

    def test_round_trip_is_not_held_up_by_nagle(self):
        m = self.p.ask(f"nodelay {self.b.port}", r"^nodelay (\d+) of (\d+)")
        self.assertEqual((m[1], m[2]), ("1", "1"))
        times = []
        for _ in range(60):
            began = time.monotonic()
            self.up.command("status.get")
            times.append((time.monotonic() - began) * 1000)
        median = statistics.median(times)
        print(f"\ncommand -> answer: median {median:.2f} ms, worst {max(times):.2f} ms (signing included)")
        self.assertLess(median, 20)

    def test_flood_costs_nothing_but_the_flood(self):
        for i in range(3000):
            self.up.send(f"junk-{i}")
        for _ in range(20):  # what is too much at once is thrown away, and said so; upstream asks again
            try:
                answer = self.up.command("status.get", timeout_s=1)
                break
            except TimeoutError:
                self.p.expect("^dropped ")
        self.assertEqual(answer["result"], "ok")
        self.assertLess(self.p.status()["alive"], 1500)


class VersionsTest(Case):
    def test_whole_life_over_3_1_1(self):
        broker = self.broker()
        up = self.upstream(broker, version=3)
        probe = self.probe(broker.port, "--version", "311", "--log", 50)
        probe.expect("^connected session=1 version=311")
        up.wait(lambda: up.log.last == 50, 5, "50 events")
        self.assertEqual(up.command("status.get")["result"], "ok")
        self.presence(up, "online")
        probe.kill()
        self.presence(up, "offline")
        probe = self.probe(broker.port, "--version", "311")
        self.presence(up, "online")
        self.assertLess(probe.stop(), 1500)
        self.presence(up, "stopped")

    def test_a_broker_that_knows_no_5_is_spoken_to_in_3_1_1(self):
        broker = self.keep(OddBroker("old"))
        probe = self.probe(broker.port, "--log", 20)
        probe.expect("^connected session=1 version=311")
        wait_until(lambda: probe.status()["delivered"] == 20, 5, "20 events")
        self.assertEqual(broker.levels, [5, 4])
        self.assertEqual(broker.published[0][0], "locker/v1/yulin/hall-1/state/presence")
        self.assertLess(probe.stop(), 1500)
        self.assertEqual(json.loads(broker.published[-1][1])["state"], "stopped")

    def test_a_broker_that_hangs_up_on_5_is_spoken_to_in_3_1_1(self):
        broker = self.keep(OddBroker("hangs_up"))
        probe = self.probe(broker.port, "--log", 20)
        probe.expect("^connected session=1 version=311", 15)
        wait_until(lambda: probe.status()["delivered"] == 20, 5, "20 events")
        self.assertEqual(broker.levels[-1], 4)
        self.assertGreaterEqual(broker.levels.count(5), 2, "once may be chance")

    def test_what_was_sent_in_5_comes_again_in_3_1_1_as_it_should(self):
        """Else properties of 5 would be taken for the beginning of the payload."""
        broker = self.keep(OddBroker("downgraded"))
        probe = self.probe(broker.port, "--log", 20)
        probe.expect("^connected session=2 version=311", 20)
        wait_until(lambda: probe.status()["delivered"] == 20, 5, "20 events")
        self.assertGreaterEqual(len(broker.unconfirmed), 5, "some were on their way in 5")
        for topic, payload in broker.published:
            json.loads(payload)
            self.assertTrue(topic.startswith("locker/v1/"), topic)

    def test_a_broker_that_knew_5_is_not_tried_with_3_1_1_for_hanging_up(self):
        broker = self.broker()
        probe = self.probe(broker.port, "--log", 5)
        probe.expect("^connected session=1 version=5")
        port = broker.port
        broker.kill()
        odd = self.keep(OddBroker("hangs_up", port))
        wait_until(lambda: len(odd.levels) >= 4, 20, "four attempts")
        self.assertEqual(set(odd.levels), {5})

    def test_forced_5_does_not_fall_back(self):
        broker = self.keep(OddBroker("old"))
        probe = self.probe(broker.port, "--version", "5")
        probe.expect("^lost before=0")
        wait_until(lambda: len(broker.levels) >= 3, 10, "three attempts")
        self.assertEqual(set(broker.levels), {5})


class HostileTest(Case):
    def hold_out(self, probe):
        """The owner is never held up."""
        for _ in range(5):
            m = probe.ask("publish", r"^publish (-?\d+) us=(\d+)", 2)
            self.assertLess(int(m[2]), 100000)
            time.sleep(0.1)
        self.assertLess(probe.status()["alive"], 2500)
        self.assertLess(probe.stop(), 3000)

    def test_mute_broker(self):
        broker = self.keep(OddBroker("mute"))
        probe = self.probe(broker.port, "--connect-timeout", 2)
        time.sleep(1)
        self.hold_out(probe)

    def test_mute_broker_is_given_up(self):
        broker = self.keep(OddBroker("mute"))
        probe = self.probe(broker.port, "--connect-timeout", 2)
        probe.expect("^lost before=0", 10)
        wait_until(lambda: len(broker.kept) >= 2, 10, "another attempt")
        self.hold_out(probe)

    def test_noise(self):
        probe = self.probe(self.keep(OddBroker("noise")).port)
        probe.expect("^lost before=0", 15)
        self.hold_out(probe)

    def test_slamming_broker(self):
        broker = self.keep(OddBroker("slam"))
        probe = self.probe(broker.port)
        probe.expect("^lost before=0", 15)
        wait_until(lambda: len(broker.kept) >= 3, 10, "further attempts")
        self.hold_out(probe)

    def test_no_such_host(self):
        probe = self.probe(1883, host="no-such-host.invalid")
        probe.expect("^lost before=0", 15)
        self.hold_out(probe)

    def test_slow_name_server_holds_nobody_up(self):
        preload = os.path.join(os.path.dirname(PROBE), "libslow-dns.so")
        probe = self.probe(1883, host="broker.slow", env={"LD_PRELOAD": preload, "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"})
        time.sleep(1.5)
        for _ in range(5):
            self.assertLess(int(probe.ask("publish", r"^publish (-?\d+) us=(\d+)", 2)[2]), 100000)
        self.assertLess(probe.stop(), 3100)

    def test_wrong_settings_are_named(self):
        for args, what in ((("--url", "http://x"), "url: must be mqtt://"),
                           (("--url", "mqtt://x:99999"), "url: must be mqtt://"),
                           (("--url", "mqtt://h", "--ca", "/nonexistent/ca.pem"), "/nonexistent/ca.pem: No such file"),
                           (("--url", "mqtt://h", "--cert", self.keys.public_file), "cert and key belong together"),
                           (("--url", "mqtt://h", "--site", "a/b"), "site: ")):
            probe = self.keep(Probe(PROBE, *args))
            probe.expect("^refused -.*" + what)
            self.assertEqual(probe.process.wait(5), 2)


class NetworkTest(Case):
    def test_half_open_connection_is_noticed_and_made_good(self):
        broker = self.broker()
        proxy = self.keep(Proxy(broker.port))
        up = self.upstream(broker)
        probe = self.probe(proxy.port, "--keepalive", 2)
        probe.expect("^connected")
        probe.say("grow 100")
        up.wait(lambda: up.log.last == 100, 5, "100 events")
        proxy.silent = True
        probe.say("grow 100")
        began = time.monotonic()
        probe.expect("^lost before=1", 15)
        print(f"\nhalf-open noticed after {time.monotonic() - began:.1f} s at keep-alive 2 s")
        proxy.silent = False
        up.wait(lambda: up.log.last == 200, 15, "the second 100 events")
        self.assertEqual(up.log.faults, [])
        self.presence(up, "online")

    def test_full_pipe_does_not_hold_the_owner_up(self):
        broker = self.broker()
        proxy = self.keep(Proxy(broker.port))
        probe = self.probe(proxy.port, "--keepalive", 60)
        probe.expect("^connected")
        proxy.silent = True
        probe.say("grow 15000")
        time.sleep(0.5)
        for _ in range(5):
            self.assertLess(int(probe.ask("publish", r"^publish (-?\d+) us=(\d+)", 2)[2]), 100000)
        self.assertLess(probe.stop(), 3000)

    def cut_at_random(self, version):
        broker = self.broker()
        proxy = self.keep(Proxy(broker.port))
        up = self.upstream(broker)
        probe = self.probe(proxy.port, "--version", version)
        chance = random.Random(version)
        for _ in range(8):
            probe.expect("^connected", since=probe.say("grow 200"))
            time.sleep(chance.random() * 0.02)
            proxy.reset()
        up.wait(lambda: up.log.last == 1600, 40, "1,600 events")
        self.assertEqual(up.log.faults, [])
        failed = sum(1 for line in probe.lines if line.endswith("code -1"))
        print(f"\n{version}: 8 connections reset while sending, {failed} writes failed")
        self.assertLess(probe.stop(), 3000)

    def test_connections_reset_while_sending_lose_and_spoil_nothing(self):
        self.cut_at_random("5")

    def test_the_same_over_3_1_1(self):
        self.cut_at_random("311")


class TlsTest(Case):
    def make(self, name, subject, *extra):
        run = ["openssl", "req", "-x509" if not extra else "-new", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
               f"{name}.pem" if not extra else f"{name}.csr", "-subj", f"/CN={subject}"]
        subprocess.run(run + (["-days", "2"] if not extra else []), cwd=self.folder, check=True, capture_output=True)
        if extra:
            with open(os.path.join(self.folder, "ext"), "w", encoding="utf-8") as f:
                f.write(extra[0])
            subprocess.run(["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                            "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", "ext"],
                           cwd=self.folder, check=True, capture_output=True)
        return os.path.join(self.folder, f"{name}.pem"), os.path.join(self.folder, f"{name}.key")

    def setUp(self):
        super().setUp()
        self.ca, _ = self.make("ca", "test authority")
        cert, key = self.make("server", "localhost", "subjectAltName=DNS:localhost")
        self.client = self.make("client", "hall-1", "extendedKeyUsage=clientAuth")
        self.tls = rig.free_port()
        self.b = self.broker(f"listener {self.tls} 127.0.0.1\ncafile {self.ca}\ncertfile {cert}\nkeyfile {key}\n"
                             "require_certificate true\nallow_anonymous true")

    def over_tls(self, host="localhost", ca=None, client=True):
        args = ["--ca", ca or self.ca]
        if client:
            args += ["--cert", self.client[0], "--key", self.client[1]]
        return self.probe(self.tls, *args, scheme="mqtts", host=host)

    def test_both_sides_prove_themselves(self):
        up = self.upstream(self.b)
        probe = self.over_tls()
        probe.expect("^connected")
        probe.say("grow 300")
        up.wait(lambda: up.log.last == 300, 10, "300 events over TLS")
        self.assertLess(probe.stop(), 1500)
        self.presence(up, "stopped")

    def test_strangers_are_refused(self):
        other, _ = self.make("other", "another authority")
        probe = self.over_tls(ca=other)
        print("\nwrong CA:  ", probe.expect("^lost before=0 text=(.*)")[1])
        probe = self.over_tls(client=False)
        print("no client: ", probe.expect("^lost before=0 text=(.*)")[1])
        probe = self.over_tls(host="127.0.0.1")
        print("wrong name:", probe.expect("^lost before=0 text=(.*)")[1])
        time.sleep(0.5)
        self.assertFalse([line for line in probe.lines if line.startswith("connected")])


class RightsTest(Case):
    """A broker with users, as the contract asks for: what it denies is named, and costs only what it concerns."""

    def setUp(self):
        super().setUp()
        self.passwords = os.path.join(self.folder, "passwords")
        self.acl = os.path.join(self.folder, "acl")
        subprocess.run(["mosquitto_passwd", "-c", "-b", self.passwords, "hall-1", "right"], check=True,
                       capture_output=True)
        subprocess.run(["mosquitto_passwd", "-b", self.passwords, "post", "office"], check=True, capture_output=True)
        os.chmod(self.passwords, 0o644)

    def rights(self, *lines):
        with open(self.acl, "w", encoding="utf-8") as f:
            f.write("user post\ntopic readwrite #\nuser hall-1\n" + "\n".join(lines) + "\n")

    def guarded(self, *lines):
        self.rights(*lines)
        return self.broker(f"allow_anonymous false\npassword_file {self.passwords}\nacl_file {self.acl}")

    def locker(self, broker, password="right", *args):
        path = os.path.join(self.folder, password)
        with open(path, "w", encoding="utf-8") as f:
            f.write(password + "\n")
        return self.probe(broker.port, "--username", "hall-1", "--password-file", path, *args)

    def test_the_rights_of_the_contract_are_enough(self):
        root = "locker/v1/yulin/hall-1/"
        broker = self.guarded(*(f"topic write {root}{t}" for t in ("evt/#", "state/#", "rsp")),
                              *(f"topic read {root}{t}" for t in ("cmd", "ack")))
        up = self.upstream(broker, username="post", password="office")
        probe = self.locker(broker)
        probe.expect("^connected .*text=$")
        probe.say("grow 50")
        up.wait(lambda: up.log.last == 50, 5, "50 events")
        self.assertEqual(up.command("status.get")["result"], "ok")
        wait_until(lambda: probe.status()["acked"] == 50, 5, "the ack")

    def test_wrong_password_is_named(self):
        broker = self.guarded("topic readwrite #")
        self.locker(broker, "wrong").expect("^lost before=0 text=.*[Nn]ot authori[sz]ed")
        self.locker(broker, "wrong", "--version", "311").expect("^lost before=0 text=.*authori[sz]e")
        probe = self.locker(broker)
        probe.expect("^connected")

    def test_events_the_broker_denies_are_kept_and_come_when_it_relents(self):
        # mosquitto 2.0.11 ends the connection after denying a publication
        broker = self.guarded("topic write locker/v1/yulin/hall-1/state/#", "topic read locker/v1/yulin/hall-1/+")
        up = self.upstream(broker, username="post", password="office")
        probe = self.locker(broker)
        probe.expect("^connected")
        probe.say("grow 20")
        probe.expect("^(undelivered|lost)")
        time.sleep(1)
        self.assertEqual(up.log.received, 0)
        self.rights("topic readwrite #")
        broker.process.send_signal(signal.SIGHUP)
        up.wait(lambda: up.log.last == 20, 10, "the 20 events")
        self.assertEqual(up.log.faults, [])

    def test_a_denial_by_reason_code_is_tried_again_once_a_second(self):
        broker = self.keep(OddBroker("deny"))
        probe = self.probe(broker.port, "--version", "5")
        probe.expect("^connected")
        probe.say("grow 3")
        probe.expect("^undelivered 1 text=the broker refused it, reason code 0x87")
        wait_until(lambda: len(broker.denied) == 9, 5, "three rounds")
        self.assertGreater(broker.denied[8][0] - broker.denied[0][0], 1.8)
        broker.denying = False
        wait_until(lambda: probe.status()["delivered"] >= 3, 5, "the events")
        self.assertEqual(probe.status()["next"], 4)
        self.assertFalse([line for line in probe.lines if line.startswith("lost")])


CASES = {"presence": PresenceTest, "drain": DrainTest, "acks": AcksTest, "commands": CommandsTest,
         "versions": VersionsTest, "hostile": HostileTest, "network": NetworkTest, "tls": TlsTest,
         "rights": RightsTest}


def main(argv):
    global PROBE
    if len(argv) < 2 or argv[0] != "--probe":
        print(__doc__, file=sys.stderr)
        return 2
    PROBE = os.path.abspath(argv[1])
    suite = unittest.TestSuite()
    for name in argv[2:] or CASES:
        case, _, test = name.partition(".")
        suite.addTests([CASES[case](test)] if test else unittest.defaultTestLoader.loadTestsFromTestCase(CASES[case]))
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
