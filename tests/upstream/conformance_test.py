#!/usr/bin/python3
"""The kit judges rightly: a real locker behind a relay and the reference of the postal side keep every rule; and for every rule a
counterpart that breaks just that promise is found out by that rule, so that none of them is decoration."""

import argparse
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "system", "whole")]
import site_rig  # noqa: E402
import upstream  # noqa: E402
from conformance import locker, report, upstream_side  # noqa: E402
from contract_examples import expect  # noqa: E402

OPERATOR, SITE = site_rig.OPERATOR, site_rig.SITE


# --- a locker that breaks one promise -----------------------------------------------------------------------------------

class Relay:
    """Between the locker's broker and the one that the kit sees. break_: name of the rule to break, "": none."""

    def __init__(self, site, target, breaks=""):
        import paho.mqtt.client as mqtt
        from paho.mqtt.subscribeoptions import SubscribeOptions
        self.root, self.breaks, self.seen, self.code, self.beyond = f"locker/v1/{OPERATOR}/{SITE}/", breaks, {}, None, False
        self.near, self.far = mqtt.Client(protocol=mqtt.MQTTv5), mqtt.Client(protocol=mqtt.MQTTv5)
        self.far.connect("127.0.0.1", target, 20)
        self.near.connect("127.0.0.1", site.broker.port, 20)
        ready = []
        for client in (self.near, self.far):
            client.on_socket_open = lambda _c, _u, s: s.setsockopt(6, 1, 1)
            client.on_subscribe = lambda *_: ready.append(True)
        self.near.on_message = lambda _c, _u, m: self.from_locker(m)
        self.far.on_message = lambda _c, _u, m: self.to_locker(m)
        keep = SubscribeOptions(qos=1, retainAsPublished=True)
        self.far.subscribe([(self.root + "cmd", keep), (self.root + "ack", keep)])
        self.near.subscribe([(self.root + t, keep) for t in ("evt/#", "state/#", "rsp")] + [("conformance/#", keep)])
        for client in (self.far, self.near):
            client.loop_start()
        site_rig.until(lambda: len(ready) == 2, 5, "the relay's subscriptions")

    def broken(self, rule):
        return self.breaks == rule

    def from_locker(self, m):
        topic = m.topic[len(self.root):] if m.topic.startswith(self.root) else m.topic
        payload, retain, properties = self.change(topic, m.payload, bool(m.retain), m.properties)
        if payload is not None:
            where = topic if topic.startswith("conformance/") else self.root + topic
            self.far.publish(where, payload, 1, retain, properties=properties)

    def change(self, topic, payload, retain, properties):
        """What goes on; None: nothing."""
        if topic == "state/presence" and self.broken("presence"):
            retain = False
        if topic == "state/compartments" and self.broken("snapshots"):
            return None, retain, properties
        if topic == "state/compartments" and self.broken("schemas"):
            payload = payload.replace(b'"epoch":', b'"era":')
        if topic == "rsp" and self.broken("topics"):
            self.far.publish(self.root + "debug", payload, 1)
        if topic.startswith("evt/"):
            payload = self.change_event(payload)
        elif topic == "rsp":
            payload = self.change_answer(payload)
        return payload, retain, None if self.broken("mqtt5") else properties

    def change_event(self, payload):
        event = json.loads(payload)
        times = self.seen[event["id"]] = self.seen.get(event["id"], 0) + 1
        if self.broken("log.gapless") and event["seq"] == 2:
            return None
        if self.broken("log.chain"):
            return payload.replace(b'"data":{', b'"data":{"count":7,', 1).replace(b",}", b"}")
        if self.broken("log.duplicates") and times > 1:
            return payload.replace(b'"seq"', b' "seq"', 1)
        if self.broken("item.life") and event["type"] == "locker.item.updated.v1":
            return None
        return payload

    def change_answer(self, payload):
        answer = json.loads(payload)
        identity = answer["id"]
        times = self.seen[identity] = self.seen.get(identity, 0) + 1
        lies = {"command.id_reused": "id_reused", "command.times": "expired", "command.audience": "wrong_audience", "command.arguments": "unknown_command"}
        if self.broken("command.answer"):
            return None
        if self.broken("command.once") and times > 1:
            answer["result"] = "refused"
        if answer.get("reason") and answer["reason"] == lies.get(self.breaks):
            answer = {"id": identity, "result": "ok", "time": answer["time"]}
        if self.broken("ack.foreign") and self.beyond and "status" in answer:
            answer["status"]["acked"] = 10 ** 6
        if self.broken("secrets") and self.code:
            answer["why"] = "for the code " + self.code.decode()
        if self.broken("codes.made") and "sealed" in answer:
            answer["sealed"] = upstream.b64url(b'{"alg":"dir","enc":"A128CBC-HS256"}') + "....x"
        if self.broken("door.opening"):
            answer.pop("outcome", None)
        return json.dumps(answer).encode()

    def to_locker(self, m):
        topic, payload, retain = m.topic[len(self.root):], m.payload, bool(m.retain)
        if topic == "ack":
            try:
                self.beyond = self.beyond or json.loads(payload).get("upTo", 0) > 10 ** 4
            except (ValueError, AttributeError, TypeError):
                pass
            if self.broken("ack.counts"):
                return
        claims = claims_in(payload) if topic == "cmd" else {}
        self.code = claims.get("args", {}).get("code", "").encode() or self.code
        if self.broken("replay.command") and claims.get("cmd") == "events.replay":
            return
        if self.broken("command.strangers") and b"nobody" in upstream.unb64url(payload.split(b".")[0].decode()):
            self.far.publish(self.root + "rsp", json.dumps({"id": claims["jti"], "result": "refused", "reason": "unknown_key", "time": ""}), 1)
        if self.broken("command.retained"):
            retain = False
        self.near.publish(self.root + topic, payload, 1, retain, properties=m.properties)

    def close(self):
        for client in (self.near, self.far):
            client.disconnect()
            client.loop_stop()


def claims_in(token):
    try:
        claims = json.loads(upstream.unb64url(token.split(b".")[1].decode()))
        return claims if isinstance(claims, dict) else {}
    except (ValueError, IndexError):
        return {}


def judge_locker(site, broker, breaks, rules):
    """{rule: result} of a locker that breaks this."""
    relay = Relay(site, broker.port, breaks)
    subject = locker.Locker(OPERATOR, SITE, site.keys, {"host": "127.0.0.1", "port": broker.port, "version": 5}, "A03")
    made = report.Report("locker", breaks or "whole")
    try:
        for rule in rules:
            made.run(rule, subject)
            if rule.name == "door.opening":
                site.shut("A03")
    finally:
        subject.wire.close()
        relay.close()
        clear(broker)
    return made


def clear(broker):
    """What a broken locker left retained is not the next one's."""
    import paho.mqtt.publish as publish
    for topic in ("state/presence", "state/compartments", "state/health"):
        publish.single(f"locker/v1/{OPERATOR}/{SITE}/{topic}", b"", 1, True, "127.0.0.1", broker.port)


# Rules that only see what others make them see need those before them.
BEFORE = {"secrets": ("item.life",), "topics": ("command.answer",), "log.gapless": ("command.once",), "schemas": (), "log.chain": (), "log.duplicates": ()}


def lockers(build):
    locker.PATIENCE_S, locker.QUIET_S = 3.0, 0.4
    by_name = {rule.name: rule for rule in locker.RULES}
    with site_rig.Site(build, seal=True) as site:
        site.postal.close()
        site.judge = None
        broker = site_rig.Broker(os.path.join(site.folder, "keys"))
        try:
            whole = judge_locker(site, broker, "", locker.RULES)
            expect(whole.verdict() == report.PASS and whole.counts()["skip"] == 0, f"a right locker: {[r for r in whole.rows if r['result'] != 'pass']}")
            for name in by_name:
                rules = [by_name[n] for n in (*BEFORE.get(name, ()), name)]
                made = judge_locker(site, broker, name, rules)
                results = {r["rule"]: r["result"] for r in made.rows}
                expect(results[name] == report.FAIL, f"a locker that breaks {name} is not found out: {made.rows[-1]}")
                expect(all(r == report.PASS for n, r in results.items() if n != name), f"breaking {name} is blamed on others: {results}")
        finally:
            broker.close()
    return len(by_name)


# --- an upstream that breaks one promise --------------------------------------------------------------------------------

class Careless(upstream.Upstream):
    """The reference, but for one thing."""

    breaks = ""
    away = False

    def _event(self, payload):
        event = json.loads(payload)
        known = {"specversion", "id", "source", "type", "time", "datacontenttype", "seq", "epoch", "timequality", "prevhash", "hash", "data"}
        if self.breaks == "events.unknown_type" and "teleported" in event["type"]:
            return
        if self.breaks == "events.unknown_member" and set(event) - known:
            return
        if self.breaks == "epoch.new" and self.log.epoch not in (None, event["epoch"]):
            return
        if self.breaks == "locker.silent" and self.presence and self.presence["state"] == "offline":
            self.away = True
        if self.away:
            return
        if self.breaks == "ack.hash":
            event_text = upstream.data_text_of(payload)
            fixed = dict(event, hash=upstream.hash_of(event, event_text))
            payload = (json.dumps({k: v for k, v in fixed.items() if k != "data"})[:-1] + ',"data":' + event_text + "}").encode()
        super()._event(payload)
        if self.breaks == "ack.duplicates" and event["seq"] < self.log.last:
            self._publish("ack", {"epoch": self.log.epoch, "upTo": event["seq"]})

    def _message(self, client, user, message):
        super()._message(client, user, message)
        if self.breaks == "locker.silent" and message.topic.endswith("state/presence") and b"offline" in message.payload:
            self.away = True

    def ack(self, up_to, epoch=None):
        if self.breaks == "ack.comes":
            return
        if self.breaks == "ack.epoch":
            self._publish("ack", {"epoch": "00000000-0000-4000-8000-000000000000", "upTo": up_to})
        if self.breaks == "ack.not_beyond":
            up_to += 5
        if self.breaks == "ack.contiguous":
            up_to = self.log.seen
        super().ack(up_to, epoch)

    def _missing(self):
        if self.breaks == "ack.contiguous":
            self.ack(self.log.seen)
        super()._missing()


def asks(postal, breaks):
    """Makes upstream send a command, as somebody at its desk would."""
    same = "always-the-same"

    def ask():
        claims = upstream.claims_for(OPERATOR, SITE, "status.get", {}, jti=same if breaks == "command.fresh_id" else None,
                                     lifetime_s=3600 if breaks == "command.lifetime" else 60)
        if breaks == "command.form":
            claims["role"] = "admin"
        postal.send(postal.keys.sign(claims), retain=breaks == "command.not_retained")
    return ask


def judge_upstream(folder, breaks, rules):
    broker = site_rig.Broker(folder)
    keys = upstream.Keys(os.path.join(folder, "keys")).load()
    postal = Careless(OPERATOR, SITE, keys, port=broker.port)
    postal.breaks = breaks
    made = report.Report("upstream", breaks or "reference")
    options = {"host": "127.0.0.1", "port": broker.port, "version": 5}
    try:
        postal.connect(10)
        player = upstream_side.Player(OPERATOR, SITE, options, asks(postal, breaks), patience_s=3.0)
        player.late_options = options
        for rule in rules:
            made.run(rule, player)
        player.wire.close()
    finally:
        postal.close()
        broker.close()
    return made


def upstreams(folder):
    upstream_side.QUIET_S = 0.6
    whole = judge_upstream(folder, "", upstream_side.RULES)
    expect(whole.verdict() == report.PASS and whole.counts()["skip"] == 0, f"the reference: {[r for r in whole.rows if r['result'] != 'pass']}")
    for rule in upstream_side.RULES:
        made = judge_upstream(folder, rule.name, [rule])
        expect(made.rows[0]["result"] == report.FAIL, f"an upstream that breaks {rule.name} is not found out: {made.rows[0]}")
    return len(upstream_side.RULES)


def command_line(build, folder):
    """What people type: --list, a wrong word, the report, exit codes."""
    def run(*words, code=0):
        done = subprocess.run([os.path.join(ROOT, "scripts", "conformance"), *words], capture_output=True, text=True, timeout=120, check=False)
        expect(done.returncode == code, f"conformance {words}: {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout + done.stderr
    expect(run("locker", "--list").count("\n") == len(locker.RULES), "--list")
    with open(os.path.join(ROOT, "docs", "contract", "conformance.md"), encoding="utf-8") as f:
        page_text = f.read()
    for rule in locker.RULES + upstream_side.RULES:
        expect(f"| `{rule.name}` | {rule.sentence} |" in page_text, f"docs/contract/conformance.md does not say {rule.name}")
    expect("needs --broker" in run("upstream", code=64), "what is missing is named")
    expect("must be mqtt://" in run("upstream", "--broker", "http://x", "--operator", "o", "--site", "s", code=64), "a URL of another kind")
    expect("no rule is called" in run("locker", "--simulated", "--rule", "nonsense", code=64), "an unknown rule")
    run("upstream", "--broker", f"mqtt://127.0.0.1:{site_rig.free_port()}", "--operator", "o", "--site", "s", code=3)
    page = os.path.join(folder, "report.html")
    result = json.loads(run("locker", "--simulated", "--build", build, "--json", "--report", page,
                            *(word for name in ("presence", "log", "ack.counts", "command.answer", "item", "secrets", "mqtt5", "schemas") for word in ("--rule", name))))
    expect(result["verdict"] == "pass" and result["counts"] == {"pass": 10, "fail": 0, "skip": 0}, f"{result}")
    with open(page, encoding="utf-8") as f:
        text = f.read()
    expect("<table" in text and "http" not in text.split("</style>")[1], "the report stands by itself")


def main():
    import tempfile
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", choices=("locker", "upstream", "command-line"))
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    with tempfile.TemporaryDirectory(prefix="lockerd-conformance-") as folder:
        if args.only in (None, "locker"):
            print(f"{lockers(build)} rules: a right locker keeps them, and each is broken once and found out")
        if args.only in (None, "upstream"):
            print(f"{upstreams(folder)} rules: the reference keeps them, and each is broken once and found out")
        if args.only in (None, "command-line"):
            command_line(build, folder)


if __name__ == "__main__":
    main()
