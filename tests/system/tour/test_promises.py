#!/usr/bin/python3
"""The tour's judge can say no: a record of a good day passes, and each way to spoil it is told by its own promise."""

import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "scripts", "lib", "demo"))
import promises  # noqa: E402

MS = 1000000


def event(seq, kind, **data):
    return {"seq": seq, "type": f"locker.{kind}.v1", "prevhash": f"{seq - 1:064d}", "hash": f"{seq:064d}", "data": data}


def pulse(door, at_ms, opens=True):
    happenings = [{"event": "pulse-start", "door": door, "at_ns": at_ms * MS}]
    if opens:
        happenings.append({"event": "door-opened", "door": door, "at_ns": (at_ms + 110) * MS})
    return happenings + [{"event": "pulse-end", "door": door, "at_ns": (at_ms + 500) * MS, "length_ns": 500 * MS}]


def good_day():
    """One item deposited and collected, another deposited."""
    here, there = {"door": "A01", "item": "one"}, {"door": "A02", "item": "two"}
    return promises.Record(
        events=[event(1, "site.started"), event(2, "item.expected", item="one", to="expected"),
                event(3, "item.expected", item="two", to="expected"),
                event(4, "item.deposited", **here, **{"from": "expected"}, to="in_locker"),
                event(5, "item.deposited", **there, **{"from": "expected"}, to="in_locker"),
                event(6, "item.collected", **here, **{"from": "in_locker"}, to="collected"),
                event(7, "site.stopped")],
        last=7, acked=7, items={"one": "collected", "two": "in_locker"}, places={"one": "recipient", "two": "cabinet"},
        doors=[{"name": "A01", "pulses": 2, "commands": 2, "relay": False, "coil": False, "open": False, "latched": True},
               {"name": "A02", "pulses": 1, "commands": 1, "relay": False, "coil": False, "open": False, "latched": True},
               {"name": "A03", "pulses": 0, "commands": 0, "relay": False, "coil": False, "open": False, "latched": True}],
        happenings=pulse("A01", 0) + [{"event": "item-put", **here}, {"event": "door-closed", "door": "A01"}]
        + pulse("A02", 1000) + [{"event": "item-put", **there}, {"event": "door-closed", "door": "A02"}]
        + pulse("A01", 2000) + [{"event": "item-taken", **here}, {"event": "door-closed", "door": "A01"}],
        intents=[(1, "A01", "opened", 1), (2, "A02", "opened", 1), (3, "A01", "opened", 1)],
        repeated=["one"], used_codes=[{"result": "refused", "reason": "already_collected"}],
        texts={"lockerd.log": b"all is well"}, secrets=["12345678"], exit_code=0,
        presence={"state": "stopped", "epoch": "e"}, epoch="e")


def second_custody(day):
    day.events[5]["data"]["from"] = "expected"


def lost_event(day):
    del day.events[4]
    for later in day.events[4:]:
        later["prevhash"] = f"{later['seq'] - 1 if later['seq'] != 6 else 4:064d}"


# What goes wrong, and by which promise (its English text begins so) it must be told.
SPOILERS = [
    ("a pulse without an intent", "every pulse", lambda d: d.doors[2].update(pulses=1, commands=1)),
    ("an intent pulsed twice", "every pulse", lambda d: d.doors[0].update(pulses=3, commands=3)),
    ("a request whose relay never closed", "every pulse", lambda d: d.doors[0].update(pulses=1)),
    ("an intent that nobody settled", "every pulse", lambda d: d.intents.__setitem__(2, (3, "A01", "pending", 0))),
    ("collected, but nobody took it", "deposits, pickups", lambda d: d.happenings.pop(-2)),
    ("collected before the door was shut", "deposits, pickups", lambda d: d.happenings.pop(-1)),
    ("the pulsed door stayed shut, its neighbour opened", "never the wrong",
     lambda d: d.happenings[1].update(door="A03")),
    ("a door opened by itself", "never the wrong",
     lambda d: d.happenings.append({"event": "door-opened", "door": "A02", "at_ns": 9000 * MS})),
    ("upstream heard of a wrong door", "never the wrong", lambda d: d.events[0].update(type="locker.door.wrong.v1")),
    ("a change from where it was not", "one custody", second_custody),
    ("a change that is not lawful", "one custody", lambda d: d.events[5]["data"].update(to="expected")),
    ("the daemon's books differ from upstream's", "upstream's books", lambda d: d.items.update(two="collected")),
    ("the books agree and are wrong", "upstream's books", lambda d: d.places.update(two="recipient")),
    ("an event was altered", "the event chain", lambda d: d.events[3].update(hash="f" * 64)),
    ("upstream found a wrong hash", "the event chain", lambda d: d.faults.append("seq 3: its hash is wrong")),
    ("an event never came", "seq is gapless", lost_event),
    ("the last events never came", "seq is gapless", lambda d: setattr(d, "last", 9)),
    ("an event came twice", "seq is gapless", lambda d: d.events.insert(3, d.events[3])),
    ("an event was not acknowledged", "every event", lambda d: setattr(d, "acked", 5)),
    ("a repeated command acted twice", "a repeated", lambda d: d.events[2]["data"].update(item="one")),
    ("a used code opened a door", "a used code", lambda d: d.used_codes.append({"result": "ok", "reason": "none"})),
    ("a coil stayed on", "coils", lambda d: d.doors[1].update(relay=True)),
    ("a pulse was too long", "coils", lambda d: d.happenings[2].update(length_ns=900 * MS)),
    ("two coils at a time", "coils", lambda d: d.happenings.insert(2, {"event": "pulse-start", "door": "A02", "at_ns": 300 * MS})),
    ("coils in too quick a row", "coils", lambda d: d.happenings[5].update(at_ns=150 * MS)),
    ("a code in the log", "no code", lambda d: d.texts.update({"lockerd.log": b"code=12345678"})),
    ("nobody looked for codes", "no code", lambda d: d.texts.clear()),
    ("a door stands open", "every door", lambda d: d.doors[2].update(open=True, latched=False)),
    ("the daemon failed at its end", "clean stop", lambda d: setattr(d, "exit_code", -6)),
    ("presence says offline", "clean stop", lambda d: d.presence.update(state="offline")),
    ("presence of another epoch", "clean stop", lambda d: d.presence.update(epoch="f")),
]


class Judge(unittest.TestCase):
    def broken(self, day):
        return [en for _, _, en, fault in promises.judge(day) if fault is not None]

    def test_a_good_day_passes(self):
        self.assertEqual([], [row for row in promises.judge(good_day()) if row[3] is not None])

    def test_each_broken_promise_is_named(self):
        for what, promise, spoil in SPOILERS:
            with self.subTest(what):
                day = copy.deepcopy(good_day())
                spoil(day)
                broken = self.broken(day)
                self.assertTrue(any(en.startswith(promise) for en in broken), f"told instead: {broken}")

    def test_each_promise_is_spoilt_at_least_once(self):
        for _, _, en, _ in promises.PROMISES:
            self.assertTrue(any(en.startswith(promise) for _, promise, _ in SPOILERS), en)


if __name__ == "__main__":
    unittest.main()
