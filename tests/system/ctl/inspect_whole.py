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
    expect(site.item("Y3")["custody"] == "in_locker", "the records of a missing item are not changed behind its back")
    expect(site.door("B08")["use"] == "blocked", "nothing is put to what is nobody's")
    site.until_event("item.settled")
    settled = {e["data"]["item"] for e in site.events_of("item.settled")}
    expect(settled == {"Y1", "Y2"}, f"upstream was told: {settled}")


def test_one_door_and_odd_ones(site, places):
    one = inspector(site, places["Y4"])
    expect(one.run() == OK and verdicts(one) == {places["Y4"]: "as_expected"}, f"one door: {one.result}")
    odd = inspector(site, "--only", "odd", answers={"open_it": "skip"})
    expect(odd.run() == FAULTS and set(verdicts(odd)) == {"B08"}, f"only what is odd: {odd.result}")
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
        test_one_door_and_odd_ones(site, places)
        site.until_all_acked()
        expect(not site.postal.log.faults, f"the postal side is content: {site.postal.log.faults}")
        expect(site.daemon.stop() == 0, "a clean stop")
    print("lockerctl inspect on the real daemon: every promise kept")


if __name__ == "__main__":
    main()
