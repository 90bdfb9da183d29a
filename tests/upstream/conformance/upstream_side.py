"""The rules upstream keeps, judged by a small scripted locker: it has a right event log and plays what real ones go through."""

import base64
import hashlib
import json
import os
import sys
import time
import uuid

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import upstream  # noqa: E402
from conformance.report import Rule, Skipped, need  # noqa: E402
from conformance.wire import Wire  # noqa: E402

PATIENCE_S = 15.0
QUIET_S = 2.5
PAIRS = 4


class Player:
    """A locker that is none. ask: a function that makes upstream send a command, or None: nobody asks for it."""

    def __init__(self, operator, site, options, ask=None, public_keys=None, patience_s=PATIENCE_S):
        self.operator, self.site, self.ask, self.public_keys, self.patience_s = operator, site, ask, public_keys, patience_s
        self.root = f"locker/v1/{operator}/{site}/"
        self.wire = Wire(self.root, ["ack", "cmd"], options)
        self.new_epoch()

    def new_epoch(self):
        self.epoch, self.events, self.head = str(uuid.uuid4()), [], upstream.GENESIS
        self.presence("online")

    def presence(self, state):
        self.wire.say("state/presence", {"state": state, "epoch": self.epoch, "time": now_text(), "version": "conformance"}, retain=True)

    def make(self, kind="access.denied", data=None, more=None):
        """The next event of the log, as text; not sent yet."""
        data_text = json.dumps(data if data is not None else {"reason": "wrong_code"}, separators=(",", ":"))
        event = {"specversion": "1.0", "id": f"{self.site}:{self.epoch}:{len(self.events) + 1}", "source": f"/locker/{self.operator}/{self.site}",
                 "type": f"locker.{kind}.v1", "time": now_text(), "datacontenttype": "application/json", "seq": len(self.events) + 1,
                 "epoch": self.epoch, "timequality": "synced", "prevhash": self.head}
        parts = [event["prevhash"], event["epoch"], str(event["seq"]), kind, event["time"], event["timequality"], data_text]
        event["hash"] = self.head = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        event.update(more or {})
        text = json.dumps(event, separators=(",", ":"))[:-1] + ',"data":' + data_text + "}"
        self.events.append((f"evt/{kind.split('.')[0]}", text))
        return len(self.events)

    def send(self, seq):
        self.wire.say(*self.events[seq - 1])

    def tell(self, count=1, **options):
        """So many new events, made and sent. Returns the last one's seq."""
        for _ in range(count):
            self.send(self.make(**options))
        return len(self.events)

    def acks(self, mark=0):
        return [json.loads(m.payload) for m in self.wire.since(mark, "ack")]

    def up_to(self, mark=0):
        return [a["upTo"] for a in self.acks(mark) if a.get("epoch") == self.epoch and "upTo" in a]

    def acknowledged(self, seq, what="the acknowledgement"):
        self.wire.wait(lambda: seq in self.up_to() or max(self.up_to(), default=0) >= seq, self.patience_s, f"{what} up to {seq}")


def now_text():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"


def acknowledges(s):
    last = s.tell(5)
    s.acknowledged(last)
    return f"up to {last}"


def right_epoch(s):
    s.acknowledged(s.tell(2))
    wrong = [a for a in s.acks() if "upTo" in a and a.get("epoch") != s.epoch]
    need(not wrong, f"an acknowledgement with another epoch: {wrong[:2]}")
    return s.epoch


def never_beyond(s):
    last = s.tell(3)
    s.acknowledged(last)
    beyond = [n for n in s.up_to() if n > last]
    need(not beyond, f"acknowledges {beyond}, and the last event was {last}")
    return f"nothing beyond {last}"


def contiguous(s):
    last = s.tell(2)
    s.acknowledged(last)
    mark = s.wire.mark()
    hidden = s.make()
    s.send(s.make())
    s.wire.wait(lambda: any("replayFrom" in a for a in s.acks(mark)), s.patience_s, f"replayFrom {hidden}: event {hidden} is missing")
    over = [n for n in s.up_to(mark) if n >= hidden]
    need(not over, f"acknowledges {over} while {hidden} is missing")
    asked = next(a["replayFrom"] for a in s.acks(mark) if "replayFrom" in a)
    need(asked <= hidden, f"asks from {asked} on, and {hidden} is missing")
    s.send(hidden)
    s.send(hidden + 1)
    s.acknowledged(hidden + 1, "after the gap is filled, the acknowledgement")
    return f"asked from {asked} on; went on once it came"


def duplicate(s):
    last = s.tell(4)
    s.acknowledged(last)
    mark = s.wire.mark()
    for seq in range(last - 3, last + 1):
        s.send(seq)
    s.acknowledged(s.tell(1), "with duplicates before it, the acknowledgement")
    back = [n for n in s.up_to(mark) if n < last]
    need(not back, f"the acknowledgement goes back to {back[0] if back else ''}")
    return "dropped"


def unknown_type(s):
    last = s.tell(1, kind="item.teleported", data={"item": "case-1", "by": "magic"})
    s.acknowledged(last, "of a type that is new to it, the acknowledgement")
    return "an event of an unknown type is acknowledged"


def unknown_member(s):
    last = s.tell(1, data={"reason": "wrong_code", "mood": "bad"}, more={"colour": "blue"})
    s.acknowledged(last, "with members that are new to it, the acknowledgement")
    return "unknown members are no reason to stop"


def wrong_hash(s):
    last = s.tell(1)
    s.acknowledged(last)
    mark = s.wire.mark()
    seq = s.make()
    topic, text = s.events[seq - 1]
    s.wire.say(topic, text.replace('"wrong_code"', '"locked_out"'))
    time.sleep(QUIET_S)
    need(not [n for n in s.up_to(mark) if n >= seq], "an event whose hash is wrong is acknowledged")
    s.send(seq)
    s.acknowledged(seq, "of the right one, the acknowledgement")
    return "not acknowledged until it comes right"


def another_epoch(s):
    s.acknowledged(s.tell(3))
    s.new_epoch()
    s.acknowledged(s.tell(2), "in the new epoch, the acknowledgement")
    return f"begins anew with {s.epoch}"


def silence(s):
    s.presence("offline")
    time.sleep(QUIET_S)
    s.presence("online")
    s.acknowledged(s.tell(2), "after a silence, the acknowledgement")
    return "goes on when the locker is back"


def claims_of(token):
    header, payload, signature = token.split(".")
    pad = lambda text: text + "=" * (-len(text) % 4)
    return json.loads(base64.urlsafe_b64decode(pad(header))), json.loads(base64.urlsafe_b64decode(pad(payload))), base64.urlsafe_b64decode(pad(signature))


def commands(s):
    """The commands that upstream sends when asked: [(header, claims, message)]."""
    if not s.ask:
        raise Skipped("nobody makes upstream send a command (--ask)")
    mark = s.wire.mark()
    s.ask()
    s.wire.wait(lambda: s.wire.since(mark, "cmd"), s.patience_s, "a command on cmd")
    time.sleep(0.3)
    found = []
    for m in s.wire.since(mark, "cmd"):
        try:
            header, claims, signature = claims_of(m.payload.decode("ascii"))
        except ValueError as error:
            need(False, f"what comes on cmd is no token: {error}: {m.payload[:80]!r}")
        need(len(signature) == 64 and header.get("alg") == "ES256" and header.get("kid"), f"header {header}, signature of {len(signature)} bytes")
        found.append((header, claims, m))
        s.wire.say("rsp", {"id": claims.get("jti", ""), "result": "ok", "time": now_text()})
    return found


def command_form(s):
    for _, claims, _ in commands(s):
        need(set(claims) <= {"iss", "aud", "iat", "exp", "jti", "cmd", "args"} and claims.get("aud") == f"{s.operator}/{s.site}", f"claims {claims}")
        need(isinstance(claims.get("iat"), int) and isinstance(claims.get("exp"), int), f"times {claims}")
    return "header and claims as the contract says"


def command_life(s):
    for _, claims, _ in commands(s):
        need(0 < claims["exp"] - claims["iat"] <= 120, f"valid for {claims['exp'] - claims['iat']} s")
        need(abs(claims["iat"] - time.time()) < 60, "issued at another time: is a clock wrong?")
    return "at most 120 s"


def command_ids(s):
    ids = [claims["jti"] for _ in range(2) for _, claims, _ in commands(s)]
    need(len(set(ids)) == len(ids), f"an id comes twice: {ids}")
    return f"{len(ids)} different ids"


def command_retain(s):
    commands(s)
    late = Wire(s.root, ["cmd"], s.late_options)
    time.sleep(0.5)
    kept = [m for m in late.heard if m.payload]
    late.close()
    need(not kept, "a command is retained by the broker")
    return "not retained"


RULES = [
    Rule("ack.comes", "Events are acknowledged.", "Else the locker keeps everything, and one day is full.", acknowledges),
    Rule("ack.epoch", "An acknowledgement names the epoch of the events.", "A replaced database must not be acknowledged by an old number.", right_epoch),
    Rule("ack.not_beyond", "Nothing is acknowledged that never came.", "What is acknowledged is never sent again.", never_beyond),
    Rule("ack.contiguous", "With a gap, only what is before it is acknowledged, and what is missing is asked for.", "Else an event is lost for good.", contiguous),
    Rule("ack.duplicates", "Duplicates are dropped; the acknowledgement does not go back.", "Each event comes at least once.", duplicate),
    Rule("ack.hash", "An event whose hash is wrong is not acknowledged.", "Somebody changed it on the way.", wrong_hash),
    Rule("events.unknown_type", "An event of an unknown type is acknowledged all the same.", "New types come within version 1.", unknown_type),
    Rule("events.unknown_member", "Unknown members do no harm.", "New members come within version 1.", unknown_member),
    Rule("epoch.new", "A new epoch begins at seq 1, and is acknowledged.", "A site's database may be replaced.", another_epoch),
    Rule("locker.silent", "A locker that was away is heard again.", "Sites lose their network for days.", silence),
    Rule("command.form", "Commands are rightly formed tokens for this site.", "Others are refused.", command_form),
    Rule("command.lifetime", "A command is valid for at most 120 s.", "Longer ones are refused.", command_life),
    Rule("command.fresh_id", "Each command has an id of its own.", "A locker obeys an id once.", command_ids),
    Rule("command.not_retained", "Commands are not retained.", "Retained ones are refused.", command_retain),
]
