"""The rules a locker keeps, as an outsider with upstream's signing key can see them. Opens no door unless told which."""

import json
import os
import secrets
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import contract  # noqa: E402
import upstream  # noqa: E402
from conformance.report import Rule, Skipped, need  # noqa: E402
from conformance.wire import Wire  # noqa: E402

PATIENCE_S = 10.0
QUIET_S = 1.2
CODE = "48201957"


class Locker:
    """One locker under examination. door: a label that may be opened; None: no door is touched."""

    def __init__(self, operator, site, keys, options, door=None, code_digits=8):
        self.operator, self.site, self.keys, self.door = operator, site, keys, door
        self.root = f"locker/v1/{operator}/{site}/"
        self.wire = Wire(self.root, ["#"], options)
        self.options, self.code = options, (CODE * 2)[:code_digits]
        self.item = "conformance-" + secrets.token_hex(4)
        self.judge = None
        time.sleep(QUIET_S)  # what is retained comes now

    # -- what everybody needs

    def retained(self, topic):
        found = [m for m in self.wire.heard if m.topic == topic and m.retained]
        need(found, f"nothing is retained on {topic}")
        return found[-1].value()

    def token(self, name, args=None, jti=None, header=None, keys=None, **claims):
        made = upstream.claims_for(self.operator, self.site, name, args or {}, jti)
        made.update(claims)
        return made["jti"], (keys or self.keys).sign({k: v for k, v in made.items() if v is not None}, header)

    def answers(self, jti, mark=0):
        return [m for m in self.wire.since(mark, "rsp") if m.value().get("id") == jti]

    def send(self, jti, token, **options):
        """The answer's message."""
        mark = self.wire.mark()
        self.wire.say("cmd", token, **options)
        return self.wire.wait(lambda: next(iter(self.answers(jti, mark)), None), PATIENCE_S, f"the answer to {jti}")

    def command(self, name, args=None, **options):
        jti, token = self.token(name, args, **options)
        return self.send(jti, token).value()

    def status(self):
        return self.command("status.get")["status"]

    def refused(self, reason, *made):
        jti, token = made
        answer = self.send(jti, token).value()
        need((answer["result"], answer.get("reason")) == ("refused", reason), f"answered {answer}, not refused as {reason}")

    def events(self, mark=0):
        return [m for m in self.wire.since(mark, "evt/")]

    def log(self):
        """The events since the oldest kept, asked for once: [(value, payload)] in order of their first coming."""
        status = self.status()
        first = status["firstSeq"] if status["firstSeq"] <= status["seq"] else status["seq"]
        mark = self.wire.mark()
        self.wire.say("ack", {"replayFrom": first})
        wanted = set(range(first, status["seq"] + 1))

        def there():
            got = [m.value() for m in self.events(mark)]
            return got if wanted <= {e["seq"] for e in got} else None
        got = self.wire.wait(there, 30, f"events {first} to {status['seq']} after replayFrom")
        return [e for e in got if e["seq"] in wanted], self.events(mark)


# --- topics and states ------------------------------------------------------------------------------------------------

def presence(s):
    value = s.retained("state/presence")
    need(value.get("state") == "online" and value.get("epoch"), f"presence says {value}")
    return f"online, epoch {value['epoch']}"


def snapshots(s):
    doors = s.retained("state/compartments")["compartments"]
    health = s.retained("state/health")
    need(doors, "no compartments in the snapshot")
    return f"{len(doors)} compartments, seq {health['seq']}"


def topics(s):
    known = ("evt/item", "evt/door", "evt/access", "evt/site", "evt/audit", "state/presence", "state/compartments", "state/health", "rsp", "cmd", "ack")
    strange = {m.topic for m in s.wire.heard} - set(known)
    need(not strange, f"something is said on {sorted(strange)}")
    kept = {m.topic for m in s.wire.heard if m.retained and (m.topic.startswith("evt/") or m.topic in ("rsp", "cmd", "ack"))}
    need(not kept, f"retained, and must not be: {sorted(kept)}")
    return "only those of the contract; nothing retained but states"


def schemas(s):
    from jsonschema import Draft7Validator
    validators = {name: Draft7Validator(schema) for name, schema in contract.load().items()}
    count = 0
    for m in s.wire.heard:
        if m.topic in ("cmd", "ack") or not m.payload:
            continue
        try:
            value = m.value()
        except ValueError as error:
            need(False, f"{m.topic}: no JSON: {error}: {m.payload[:80]!r}")
        name = contract.schema_of(m.topic, value)
        if name is None or name not in validators:
            continue  # a newer locker may say more
        fault = next(validators[name].iter_errors(value), None)
        need(fault is None, f"{m.topic}: {fault and fault.message}: {m.payload[:120]!r}")
        count += 1
    return f"{count} messages"


# --- the log ----------------------------------------------------------------------------------------------------------

def gapless(s):
    got, _ = s.log()
    firsts = []
    for event in got:
        if event["seq"] not in firsts:
            firsts.append(event["seq"])
    need(firsts == sorted(firsts), f"they come out of order: {firsts[:20]}")
    need(len({e["epoch"] for e in got}) == 1, "more than one epoch")
    return f"{len(firsts)} events in order, without a gap"


def chain(s):
    _, messages = s.log()
    by_seq = {m.value()["seq"]: m for m in messages}
    before = None
    for seq in sorted(by_seq):
        event = by_seq[seq].value()
        need(upstream.hash_of(event, upstream.data_text_of(by_seq[seq].payload)) == event["hash"], f"seq {seq}: its hash is not that of what it says")
        need(before is None or event["prevhash"] == before, f"seq {seq}: does not continue the chain")
        before = event["hash"]
    return f"{len(by_seq)} hashes"


def duplicates(s):
    s.log()
    s.log()
    seen = {}
    for m in s.events():
        event = m.value()
        need(event["id"] == f"{s.site}:{event['epoch']}:{event['seq']}", f"id {event['id']} is not site:epoch:seq")
        need(seen.setdefault(event["id"], m.payload) == m.payload, f"{event['id']} comes again with other bytes")
    return f"{len(s.events())} received, {len(seen)} of them different"


def acknowledging(s):
    status = s.status()
    s.wire.say("ack", {"epoch": status["epoch"], "upTo": status["seq"]})
    s.wire.wait(lambda: s.status()["acked"] >= status["seq"], PATIENCE_S, "the acknowledgement to count")
    return f"acknowledged up to {status['seq']}"


def foreign_acks(s):
    acknowledging(s)
    before = s.status()
    for ack in ({"epoch": "00000000-0000-4000-8000-000000000000", "upTo": before["seq"]}, {"epoch": before["epoch"], "upTo": before["seq"] + 100000},
                {"epoch": before["epoch"], "upTo": 1}, {"upTo": before["seq"]}, {"epoch": before["epoch"], "upTo": "all"}, ["ack"]):
        s.wire.say("ack", ack)
    s.wire.say("ack", b"\xff\x00")
    after = s.status()
    need(before["acked"] <= after["acked"] <= after["seq"], f"acked went from {before['acked']} to {after['acked']}")
    need(after["acked"] < before["seq"] + 100000, f"an acknowledgement of events that do not exist counts: {after['acked']}")
    return "another database's, one beyond the log, an old one and four that are none change nothing"


def replay_command(s):
    status = s.status()
    mark = s.wire.mark()
    answer = s.command("events.replay", {"from": status["seq"]})
    need(answer["result"] == "ok", f"answered {answer}")
    s.wire.wait(lambda: any(m.value()["seq"] == status["seq"] for m in s.events(mark)), PATIENCE_S, f"event {status['seq']} again")
    s.refused("no_such_event", *s.token("events.replay", {"from": status["seq"] + 100000}))
    return f"event {status['seq']} came again; one that does not exist is refused"


# --- commands ---------------------------------------------------------------------------------------------------------

def answered(s):
    jti, token = s.token("status.get")
    answer = s.send(jti, token).value()
    need(answer["result"] == "ok" and "status" in answer, f"answered {answer}")
    return "status.get"


def once(s):
    item = s.item + "-once"
    jti, token = s.token("item.announce", {"item_id": item})
    mark = s.wire.mark()
    first = s.send(jti, token).value()
    second = s.send(jti, token).value()
    strip = {k: v for k, v in first.items() if k not in ("time", "why")}
    need(strip == {k: v for k, v in second.items() if k not in ("time", "why")}, f"the same token: {first}, then {second}")
    need(first["result"] == "ok", f"answered {first}")
    time.sleep(QUIET_S)
    expected = {m.value()["seq"] for m in s.events(mark) if m.value()["type"] == "locker.item.expected.v1" and m.value()["data"].get("item") == item}
    need(len(expected) == 1, f"it was done {len(expected)} times")
    s.command("item.cancel", {"item_id": item})
    return "the same answer twice, done once"


def reused(s):
    jti, token = s.token("status.get")
    s.send(jti, token)
    s.refused("id_reused", *s.token("item.announce", {"item_id": s.item + "-reused"}, jti=jti))
    return "the id of another command is refused"


def silent_refusal(s, what, token, reason):
    mark = s.wire.mark()
    s.wire.say("cmd", token)
    s.wire.wait(lambda: any(m.value()["type"] == "locker.access.command_refused.v1" and m.value()["data"]["reason"] == reason for m in s.events(mark)),
                PATIENCE_S, f"access.command_refused with {reason} for {what}")
    time.sleep(QUIET_S)
    need(not s.wire.since(mark, "rsp"), f"{what} is answered")


def strangers(s):
    from cryptography.hazmat.primitives.asymmetric import ec
    other = upstream.Keys("/nonexistent", s.keys.kid)
    other.private = ec.generate_private_key(ec.SECP256R1())
    silent_refusal(s, "somebody else's signature", s.token("status.get", keys=other)[1], "bad_signature")
    silent_refusal(s, "algorithm none", s.token("status.get", header={"alg": "none", "kid": s.keys.kid})[1], "bad_signature")
    silent_refusal(s, "an unknown key", s.token("status.get", header={"alg": "ES256", "kid": "nobody"})[1], "unknown_key")
    return "told, and not answered"


def times(s):
    now = int(time.time())
    s.refused("expired", *s.token("status.get", iat=now - 200, exp=now - 100))
    s.refused("lifetime_too_long", *s.token("status.get", exp=now + 86400))
    s.refused("not_yet_valid", *s.token("status.get", iat=now + 3600, exp=now + 3660))
    return "expired, too long, of the future"


def audience(s):
    s.refused("wrong_audience", *s.token("status.get", aud=f"{s.operator}/{s.site}-not"))
    return "a command for another site is refused"


def arguments(s):
    s.refused("unknown_command", *s.token("compartment.open_all"))
    s.refused("bad_argument", *s.token("item.announce", {"item_id": s.item, "no_such_argument": 1}))
    s.refused("no_such_item", *s.token("item.cancel", {"item_id": s.item + "-nobody"}))
    return "an unknown command, an unknown argument, an unknown item"


def retained_command(s):
    mark = s.wire.mark()
    _, token = s.token("status.get")
    s.wire.say("cmd", token, retain=True)
    s.wire.say("cmd", b"", retain=True)  # taken back
    time.sleep(QUIET_S)
    if not s.wire.v5:
        return "3.1.1: the broker hides the flag; it counts when it comes again"
    need(not s.wire.since(mark, "rsp"), "a retained command is obeyed")
    return "not obeyed"


def life(s):
    mark = s.wire.mark()
    for name, args in (("item.announce", {"item_id": s.item, "code": s.code, "size": "S"}), ("item.update", {"item_id": s.item, "size": "M"}),
                       ("item.cancel", {"item_id": s.item})):
        answer = s.command(name, args)
        need(answer["result"] == "ok", f"{name}: {answer}")

    def told():
        return [m.value()["type"].removeprefix("locker.").removesuffix(".v1") for m in s.events(mark) if m.value()["data"].get("item") == s.item]
    s.wire.wait(lambda: "item.cancelled" in told(), PATIENCE_S, "item.cancelled")
    need(told()[:2] == ["item.expected", "item.updated"], f"told as {told()}")
    return "announced, changed, taken back, each told"


def secrecy(s):
    found = [m.topic for m in s.wire.heard if m.topic not in ("cmd",) and s.code.encode() in m.payload]
    need(any(m.topic == "cmd" for m in s.wire.heard) and not found, f"the code that was announced is said on {found}")
    return "the announced code is in no message of the locker"


def made_codes(s):
    item = s.item + "-made"
    answer = s.command("item.announce", {"item_id": item, "make_code": True})
    if answer.get("reason") == "no_seal_key":
        raise Skipped("the site has no seal_key, and says so (no_seal_key)")
    need(answer["result"] == "ok" and answer.get("sealed", "").count(".") == 4, f"answered {answer}")
    header = json.loads(upstream.unb64url(answer["sealed"].split(".")[0]))
    need((header.get("alg"), header.get("enc")) == ("ECDH-ES", "A256GCM"), f"sealed with {header}")
    s.command("item.cancel", {"item_id": item})
    return f"sealed to {header.get('kid')}"


def properties(s):
    if not s.wire.v5:
        raise Skipped("the connection is 3.1.1")
    jti, token = s.token("status.get")
    answer = s.send(jti, token, response_topic=f"conformance/{s.item}", correlation=b"\x01\x02").properties
    need(getattr(answer, "CorrelationData", None) == b"\x01\x02", "the correlation data does not come back")
    mark = s.wire.mark()
    s.command("item.announce", {"item_id": s.item + "-v5"})
    s.command("item.cancel", {"item_id": s.item + "-v5"})
    event = s.wire.wait(lambda: next(iter(s.events(mark)), None), PATIENCE_S, "an event")
    if getattr(answer, "ContentType", None) is None and getattr(event.properties, "ContentType", None) is None:
        raise Skipped("the locker speaks 3.1.1 with this broker")
    need(getattr(event.properties, "ContentType", None) == "application/cloudevents+json", f"an event's content type: {event.properties}")
    need(dict(getattr(event.properties, "UserProperty", [])).get("seq") == str(event.value()["seq"]), f"an event's user properties: {event.properties}")
    need(not hasattr(event.properties, "MessageExpiryInterval"), "an event expires")
    return "correlation data, content type, user properties"


def opening(s):
    if not s.door:
        raise Skipped("no door may be opened (--open LABEL)")
    mark = s.wire.mark()
    answer = s.command("compartment.open", {"compartment": s.door})
    need(answer["result"] in ("ok", "failed", "unknown", "refused"), f"answered {answer}")
    if answer["result"] == "refused":
        raise Skipped(f"refused as {answer.get('reason')}")
    need(answer.get("outcome") and answer.get("compartment") == s.door, f"no outcome: {answer}")
    s.wire.wait(lambda: any(m.value()["data"].get("door") == s.door for m in s.events(mark) if m.topic == "evt/door"), PATIENCE_S, "an event about the door")
    return f"{s.door}: {answer['outcome']}"


RULES = [
    Rule("presence", "The locker says that it is there, retained.", "You see a dead site without asking.", presence),
    Rule("snapshots", "Compartments and health are retained.", "Whoever comes later sees how things stand.", snapshots),
    Rule("log.gapless", "Events come again from where you ask, in order, without a gap.", "A gap is how you notice a loss.", gapless),
    Rule("log.chain", "Each event's hash is that of what it says, and goes on from the one before.", "Nobody can change history unseen.", chain),
    Rule("log.duplicates", "The same event comes again with the same id and the same bytes.", "You drop duplicates by their id.", duplicates),
    Rule("ack.counts", "An acknowledgement counts.", "Else everything comes again on each connection.", acknowledging),
    Rule("ack.foreign", "Acknowledgements that cannot be are ignored.", "A mistake of yours must not cost events.", foreign_acks),
    Rule("replay.command", "events.replay brings events again, and refuses what is not there.", "The way back after a loss at your side.", replay_command),
    Rule("command.answer", "A command is answered on rsp.", "You know what came of it.", answered),
    Rule("command.once", "The same token twice acts once, with one answer.", "You may repeat what you are not sure of.", once),
    Rule("command.id_reused", "An id with another content is refused.", "An id names one command for ever.", reused),
    Rule("command.strangers", "What is not rightly signed is told and never answered.", "Nobody else may open doors.", strangers),
    Rule("command.times", "Expired, long-lived and future commands are refused.", "A copied token is of no use later.", times),
    Rule("command.audience", "A command for another site is refused.", "One site's token opens no other site.", audience),
    Rule("command.arguments", "Unknown commands and arguments are refused by name.", "A typing error has no effect.", arguments),
    Rule("command.retained", "A retained command is not obeyed.", "A broker must not repeat commands for ever.", retained_command),
    Rule("item.life", "An item is announced, changed and taken back, and each is told.", "Your books follow by events alone.", life),
    Rule("secrets", "No code that you announced is ever said.", "Whoever reads the broker learns no code.", secrecy),
    Rule("codes.made", "A code that the locker makes comes sealed.", "Neither broker nor disk can give it away.", made_codes),
    Rule("mqtt5", "MQTT 5 carries content type, user properties and correlation data.", "Bridges and brokers look at no payload.", properties),
    Rule("door.opening", "A remote opening is answered with its outcome.", "You know whether the door moved.", opening),
    Rule("topics", "Only the contract's topics are used, and only states are retained.", "Access rules stay simple.", topics),
    Rule("schemas", "Every message fits its schema.", "Your parser never meets a surprise.", schemas),
]
