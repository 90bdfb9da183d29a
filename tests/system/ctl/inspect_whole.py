#!/usr/bin/python3
"""lockerctl inspect on the real daemon: a cabinet in which things are not where the records say."""

import argparse
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import site_rig  # noqa: E402
from wirer import Wirer  # noqa: E402

OK, USAGE, FAULTS, LEFT = 0, 2, 5, 6


def expect(true, promise):
    if not true:
        raise AssertionError(promise)


class Inspector(Wirer):
    """Looks into compartments and says what is there."""

    def honest(self, question):
        key = question["ask"]
        if key == "inside":
            inside = self.cabinet.door(question["door"])["item"]
            return "there" if inside == question["item"] else "other" if inside else "absent"
        if key == "inside_empty":
            return "other" if self.cabinet.door(question["door"])["item"] else "empty"
        if key in ("unblock_it", "block_it"):
            return "y"
        return super().honest(question)


def inspector(site, *words, answers=None):
    return Inspector(site.program("controller/ctl/lockerctl"), site.sim, "--socket",
                     os.path.join(site.folder, "run", "admin.sock"), "inspect", *words, "--why", "monthly", answers=answers)


def by_service(site, door, action, **args):
    """Staff open a door, do something, and shut it: what nobody recorded."""
    expect(site.admin("open", door=door, why="planting")["outcome"] == "opened", f"{door} opens")
    site.sim.ask("door", door=door, action=action, **args)
    site.shut(door)
    site_rig.until(lambda: site.door(door)["state"] == "closed", 5, f"{door} closed")


def force(site, door, take=False):
    site.sim.ask("door", door=door, action="force")
    site.until_event("door.forced", 10, door=door)
    if take:
        site.sim.ask("door", door=door, action="take")
    site.sim.ask("clear", door=door, fault="forced")
    site.shut(door)
    site_rig.until(lambda: site.door(door)["state"] == "closed", 5, f"{door} closed")


def plant(site):
    """Four items in, and then: one unknown and there, one unknown and gone, one missing, one as it should be; and
    something that is nobody's."""
    site.sign_in()
    site.kiosk.press("deposit")
    places = {}
    for item, code in (("Y1", "11112222"), ("Y2", "33334444"), ("Y3", "55556666"), ("Y4", "77778888")):
        site.announce(item, code=code)
        places[item] = site.deposit(item)
    site.kiosk.press("sign_out")
    by_service(site, places["Y3"], "take")
    by_service(site, "B08", "put", item="lunch")
    time.sleep(3.2)  # beyond wrong_door_ms: nothing was pulsed lately
    force(site, places["Y1"])
    force(site, places["Y2"], take=True)
    expect(site.item("Y1")["custody"] == site.item("Y2")["custody"] == "unknown", "forced doors leave doubt")
    return places


def verdicts(person):
    return {f["door"]: f["verdict"] for f in person.result["result"]["findings"]}


def test_left_and_resumed(site, places):
    """Killed in the middle: the journal has what was found; the rest comes with --resume."""
    journal, report = os.path.join(site.folder, "inspection.jsonl"), os.path.join(site.folder, "report.json")
    words = ("all", "--journal", journal, "--report", report)
    answers = {"where_is_it": "collected"}
    first = inspector(site, *words, answers=answers)
    first.run(until=lambda what: what.get("ask") == "shut_it" and what["door"] == places["Y3"])
    with open(journal, encoding="utf-8") as f:
        done = [json.loads(line)["door"] for line in f]
    expect(0 < len(done) < 16, f"killed in the middle, after {done}")
    again = inspector(site, *words, answers=answers)
    expect(again.run() == USAGE, "an old journal is not overwritten")
    rest = inspector(site, *words, "--resume", answers=answers)
    code = rest.run()
    expect(code == FAULTS, f"mismatches give exit code 5, not {code}: {rest.errors} {rest.said}")
    expect(not set(done) & rest.asked_about, f"no door is opened twice: {set(done) & rest.asked_about}")
    found = verdicts(rest)
    want = {places["Y1"]: "settled", places["Y2"]: "settled", places["Y3"]: "missing", places["Y4"]: "as_expected",
            "B08": "foreign"}
    expect({d: found[d] for d in want} == want, f"what was planted was found: {found}")
    expect(len(found) == 16 and sum(v != "as_expected" for v in found.values()) == 4, f"and nothing else: {found}")
    with open(report, encoding="utf-8") as f:
        written = json.load(f)
    expect({m["door"] for m in written["mismatches"]} == {places["Y3"], "B08"} and written["complete"],
           f"the report names the mismatches: {written['mismatches']}")


def test_settled(site, places):
    expect(site.item("Y1")["custody"] == "in_locker", "what lay there is in the locker again")
    expect(site.item("Y2")["custody"] == "collected" and site.door(places["Y2"])["use"] == "free",
           "what did not is settled as the person said, and its compartment is in use again")
    expect(site.item("Y3")["custody"] == "collected", "a missing item is where the person says, and a mismatch all the same")
    expect(site.door("B08")["use"] == "blocked", "nothing is put to what is nobody's")
    site.until_all_acked()
    settled = {e["data"]["item"]: e["data"] for e in site.events_of("item.settled")}
    expect(set(settled) == {"Y1", "Y2", "Y3"}, f"upstream was told: {settled}")
    expect(settled["Y3"]["note"] == "monthly", f"with the reason that was given: {settled['Y3']}")
    wrong = {(e["data"]["door"], e["data"]["reason"]) for e in site.events_of("audit.mismatch")}
    expect({(places["Y3"], "not_found_inside"), ("B08", "not_empty")} <= wrong, f"and of what did not fit: {wrong}")


def test_round(site, places):
    """The weekly round, by two people: what should be empty first, then the rest; recorded, and told by status."""
    pins = {}
    for who, role, pin in (("s1", "supervisor", "4680"), ("m1", "maintenance", "1357")):
        site.hire(who, pin, role)
        pins[who] = os.path.join(site.folder, f"pin-{who}")
        with open(os.open(pins[who], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as f:
            f.write(pin)
    expect(site.admin("status")["inspection"]["last"] is None, "there was no round yet")
    walk = inspector(site, "--round", "--staff", "s1", "--pin-file", pins["s1"], "--with", "m1", "--with-pin-file", pins["m1"],
                     answers={"taken_out": "y", "what_is_it": ""})
    code = walk.run()
    found = verdicts(walk)
    expect(code == FAULTS and len(found) == 16, f"all compartments were seen: {code} {walk.errors} {walk.result}")
    expect({d for d, v in found.items() if v != "as_expected"} == {"B08"}, f"only what lies in B08 does not fit: {found}")
    order = [f["door"] for f in walk.result["result"]["findings"]]
    occupied = [places["Y1"], places["Y4"]]
    expect(sorted(order[-2:]) == sorted(occupied), f"what holds items comes last: {order}")
    event = site.until_event("audit.inspection")["data"]
    expect((event["count"], event["reason"], event["who"], event["note"]) == (16, "not_empty", "s1", "monthly"), f"the round is in the log: {event}")
    opened = [e["data"] for e in site.events_of("door.opened") if e["data"].get("who") == "s1"]
    expect(len(opened) == 16 and all(e["second"] == "m1" for e in opened), f"with both people at each opening: {opened}")
    inspection = site.admin("status")["inspection"]
    expect((inspection["last"] is not None or inspection["undated"]) and not inspection["due"], f"and status says that there was one: {inspection}")


def test_one_door_and_odd_ones(site, places):
    one = inspector(site, places["Y4"])
    expect(one.run() == OK and verdicts(one) == {places["Y4"]: "as_expected"}, f"one door: {one.result}")
    site.admin("block", door="B07", why="hinge")
    odd = inspector(site, "--only", "odd", answers={"open_it": "skip"})
    expect(odd.run() == FAULTS and set(verdicts(odd)) == {"B07"}, f"only what is odd: {odd.result}")
    expect(inspector(site, "Z99").run() == USAGE, "a door that is not there is not left out in silence")
    left = inspector(site, "A", answers={"open_it": ["", "quit"]})
    code = left.run()
    expect(code == LEFT and not left.result["result"]["complete"], f"leaving is exit code 6: {code} {left.result}")
    site.sim.ask("fault", door="A06", fault="jam")
    jammed = inspector(site, "A06")
    expect(jammed.run() == FAULTS and verdicts(jammed) == {"A06": "not_opened"}, f"a jammed door: {jammed.result}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    with site_rig.Site(args.build) as site:
        site.hire()
        places = plant(site)
        test_left_and_resumed(site, places)
        test_settled(site, places)
        test_round(site, places)
        test_one_door_and_odd_ones(site, places)
        site.until_all_acked()
        expect(not site.postal.log.faults, f"the postal side is content: {site.postal.log.faults}")
        expect(site.daemon.stop() == 0, "a clean stop")
    print("lockerctl inspect on the real daemon: every promise kept")


if __name__ == "__main__":
    main()
