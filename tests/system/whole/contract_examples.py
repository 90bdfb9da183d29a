#!/usr/bin/python3
"""docs/contract/README.md against the real daemon: a whole story is played, and every message the locker sends is
compared with the page: topic, retain flag, members, their types, and the words of every enumeration. A member, a word or
an event that the page does not name is a broken promise, and so is one that the page promises and that did not come."""

import argparse
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import site_rig  # noqa: E402

CONTRACT = os.path.join(HERE, "..", "..", "..", "docs", "contract")
HASH = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LABEL = re.compile(r"[A-Z][A-Z0-9]{0,4}\d\d")
BANK = re.compile(r"[A-Z][A-Z0-9]{0,4}")
# What the story below does not bring about: the rest of the page's events must have come.
NOT_PLAYED = {"site.clock", "site.degraded", "audit.mismatch", "audit.purge", "item.reminder", "item.overdue", "item.erased"}

# Postal codes for some events, by configuration; the others must have none.
STATUS = {"item.deposited": "EDH", "item.collected": "EMI", "item.updated": "x-2.1_y"}


def expect(true, promise):
    if not true:
        raise AssertionError(promise)


# ---- the page --------------------------------------------------------------------------------------------------------

def words(cell):
    return re.findall(r"`([^`]+)`", cell)


class Page:
    """The tables of docs/contract/README.md."""

    def __init__(self):
        with open(os.path.join(CONTRACT, "README.md"), encoding="utf-8") as f:
            self.text = f.read()
        self.topics = {row[0].strip("`"): row[2] for row in self.table("topic", "direction", "QoS, retain", "content")}
        self.forms = {name: row[1] for row in self.table("field", "form", "meaning") for name in words(row[0])}
        self.events = {words(row[0])[0]: (set(words(row[1])), set(words(row[2])))
                       for row in self.table("event", "always", "may be there", "meaning")}
        self.reasons = {word for row in self.table("reason", "meaning") for word in words(row[0])}
        self.examples = {}
        for name in os.listdir(os.path.join(CONTRACT, "examples")):
            if not name.endswith(".json"):
                continue
            with open(os.path.join(CONTRACT, "examples", name), encoding="utf-8") as f:
                self.examples[name[:-len(".json")]] = json.load(f)

    def table(self, *heads):
        start = self.text.index("| " + " | ".join(heads) + " |\n")
        lines = self.text[start:].split("\n\n")[0].splitlines()[2:]
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        return [row + [""] * (len(heads) - len(row)) for row in rows]

    def states(self, name):
        """The words that the page lists for `state` and `use` of a compartment."""
        sentence = re.search(rf"`{name}` is `([^`]+)`(?: or `([^`]+)`)?", self.text)
        return {w.strip() for part in sentence.groups() if part for w in part.split(",")}


# ---- comparing -------------------------------------------------------------------------------------------------------

class Judge:
    """status: what the site's [status_codes] say."""

    def __init__(self, page, status=None):
        self.status = status or {}
        self.page, self.seen_events, self.seen_topics, self.seen_answers = page, set(), set(), set()

    def members(self, what, got, always, maybe=()):
        expect(set(always) <= set(got), f"{what}: the page promises {sorted(set(always) - set(got))}: {got}")
        extra = set(got) - set(always) - set(maybe)
        expect(not extra, f"{what}: the page does not name {sorted(extra)}: {got}")

    def like(self, what, got, example):
        """Same members, same types, all the way down; lists by their first element."""
        expect(type(got) is type(example), f"{what}: {got!r} is not of the example's type ({example!r})")
        if isinstance(example, dict):
            for key, value in got.items():
                expect(key in example, f"{what}: the example has no {key}: {got}")
                self.like(f"{what}.{key}", value, example[key])

    def field(self, what, name, value):
        form = self.page.forms.get(name)
        expect(form, f"{what}: {name} is not in the table of fields")
        kind = form.split()[0]
        text = isinstance(value, str)
        right = {"id": lambda: text and ID.fullmatch(value), "text": lambda: text and value != "",
                 "list": lambda: value and all(LABEL.fullmatch(each) for each in value),
                 "label": lambda: text and (BANK if name == "bank" else LABEL).fullmatch(value),
                 "one": lambda: value in words(form), "reason": lambda: value in self.page.reasons,
                 "number": lambda: isinstance(value, int) and not isinstance(value, bool) and value > 0,
                 "true": lambda: value is True}[kind]()
        expect(right, f"{what}: {name} = {value!r} is not '{form}'")

    def event(self, topic, event):
        name = event["type"][len("locker."):-len(".v1")]
        what = f"event {name}"
        example = self.page.examples["event-with-status" if name in self.status else "event"]
        self.members(what, event, example)
        self.like(what, {k: v for k, v in event.items() if k != "data"}, example)
        expect(event.get("postalstatus") == self.status.get(name), f"{what}: postalstatus: {event}")
        expect(name in self.page.events, f"{what} is not on the page")
        expect(topic == "evt/" + name.split(".")[0], f"{what} came on {topic}")
        expect(event["type"] == f"locker.{name}.v1" and event["source"] == f"/locker/{site_rig.OPERATOR}/{site_rig.SITE}",
               f"{what}: type or source: {event}")
        expect(event["id"] == f"{site_rig.SITE}:{event['epoch']}:{event['seq']}", f"{what}: id {event['id']}")
        expect(HASH.fullmatch(event["hash"]) and HASH.fullmatch(event["prevhash"]), f"{what}: its hashes")
        expect(TIME.fullmatch(event["time"]), f"{what}: its time {event['time']}")
        expect(event["timequality"] in words(self.page.forms["clock"]), f"{what}: timequality {event['timequality']}")
        self.data(f"{what}: data", name, event["data"])
        for key, value in event["data"].items():
            self.field(what, key, value)
        self.seen_events.add(name)

    def data(self, what, name, data):
        always, maybe = self.page.events[name]
        of_staff = data.get("actor") in ("courier", "clerk", "supervisor", "maintenance")
        self.members(what, data, always, maybe | ({"second", "note"} if of_staff else set()))

    def examples(self):
        """The page's own examples of `data` keep to its tables."""
        for name, data in self.page.examples["events"].items():
            self.data(f"example of {name}", name, data)
            for key, value in data.items():
                self.field(f"example of {name}", key, value)

    def health(self, what, health):
        example = self.page.examples["health"]
        optional = {"oldestUnacked", "oldestUnackedTime"}
        self.members(what, health, set(example) - optional, optional)
        expect(("oldestUnacked" in health) == (health["acked"] < health["seq"]), f"{what}: oldestUnacked: {health}")
        self.like(what, health, example)
        for fault in health["faults"]:
            self.members(f"{what}: fault", fault, {"what", "reason"}, {"place"})
            named = re.search(r"`what` is ([^,]+(?:, [^,]+)*?), `place`", self.page.text)
            expect(fault["what"] in words(named.group(1)), f"{what}: the page does not name {fault}")
            expect(fault["reason"] in self.page.reasons, f"{what}: {fault}")

    def compartments(self, what, got):
        example = self.page.examples["compartments"]
        self.members(what, got, example)
        self.like(what, got, example)
        for each in got["compartments"]:
            self.members(what, each, example["compartments"][0])
            expect(each["state"] in self.page.states("state"), f"{what}: the page does not name state {each['state']}")
            expect(each["use"] in self.page.states("use"), f"{what}: the page does not name use {each['use']}")

    def answer(self, what, got):
        self.members(what, got, {"id", "result", "time"}, {"reason", "why", "outcome", "compartment", "status"})
        expect(got["result"] in ("ok", "refused", "failed", "unknown"), f"{what}: result {got['result']}")
        expect("reason" not in got or got["reason"] in self.page.reasons, f"{what}: the page does not name {got}")
        expect("outcome" not in got or got["outcome"] in words(self.page.forms["outcome"]), f"{what}: outcome: {got}")
        if "status" in got:
            self.health(f"{what}: status", got["status"])
        self.seen_answers.add(got.get("reason", got["result"]))

    def message(self, topic, payload, retained):
        value = json.loads(payload)
        kind = "evt/{class}" if topic.startswith("evt/") else topic
        expect(kind in self.page.topics, f"topic {topic} is not on the page")
        expect(not retained or self.page.topics[kind] == "1, yes", f"{topic} is retained, the page says it is not")
        self.seen_topics.add(kind)
        if kind == "evt/{class}":
            self.event(topic, value)
        elif topic == "state/presence":
            self.members(topic, value, self.page.examples["presence-online"])
            expect(f"presence-{value['state']}" in self.page.examples, f"{topic}: state {value['state']}")
            self.like(topic, value, self.page.examples["presence-online"])
        elif topic == "state/compartments":
            self.compartments(topic, value)
        elif topic == "state/health":
            self.health(topic, value)
        else:
            self.answer(topic, value)


# ---- the story -------------------------------------------------------------------------------------------------------

def play_day(site):
    """Deposits, pickups, a cancelled item, a recall, an unknown barcode, wrong codes up to a lockout."""
    for item, code in (("Y1", "11112222"), ("Y2", "33334444"), ("Y3", "55556666"), ("Y4", "77778888")):
        site.announce(item, code=code)
    site.sign_in()
    site.kiosk.press("deposit")
    doors = {item: site.deposit(item) for item in ("Y1", "Y2", "Y3", "Z-not-announced")}
    site.kiosk.press("sign_out")
    site.pickup("11112222")
    site.postal.command("item.cancel", {"item_id": "Y2"})
    site.postal.command("item.cancel", {"item_id": "Y4"})
    site.sign_in()
    site.kiosk.press("recall")
    recall(site, "Y2", doors["Y2"], "item.returned")
    recall(site, "Z-not-announced", doors["Z-not-announced"], "item.recalled")
    site.kiosk.press("sign_out")
    for _ in range(2):
        site.kiosk.code("00000000")
    return doors


def play_people(site):
    """A rating, a refused item, a dispute; an item that goes to the window and one that comes there; an inspection."""
    command = site.postal.command
    for item, code in (("P1", "20000001"), ("P2", "20000002"), ("P3", "20000003")):
        site.announce(item, code=code)
    site.sign_in()
    site.kiosk.press("deposit")
    for item, size in (("P1", "M"), ("P2", "L"), ("P3", "L")):  # the small ones are play_day's
        site.deposit(item, size)
    site.kiosk.press("sign_out")
    expect(command("item.transfer", {"item_id": "P2", "to": "window"})["result"] == "ok", "a transfer")
    site.announce("P4")
    expect(command("item.received", {"item_id": "P4"})["result"] == "ok", "received")
    site.pickup("20000001")
    expect(site.kiosk.press("rate", rating=5)["result"] == "ok", "a rating")
    site.kiosk.press("done")
    for code, said in (("20000002", ("refuse", "confirm")), ("20000003", ("nothing_inside",))):
        expect(site.kiosk.code(code)["result"] == "ok", "a pickup")
        door = site.kiosk.until("take")["door"]
        for button in said:
            expect(site.kiosk.press(button)["result"] == "ok", button)
        site.shut(door)
        site_rig.until(lambda d=door: site.door(d)["state"] == "closed", 10, "the door to be shut")
        site.kiosk.press("done")
    site.admin("round_done", seen=16, mismatches=0, why="all looked into")


def recall(site, item, door, event):
    answer = site.kiosk.press("recall_item", item=item)
    expect(answer["result"] == "ok", f"recall: {answer}")
    site.until_event("door.opened", 10, door=door, purpose="recall")
    site.sim.ask("door", door=door, action="take")
    site.shut(door)
    site.until_event(event, 10, item=item)
    site.kiosk.until("recall_taken")
    site.kiosk.press("done")


def play_trouble(site, doors):
    """A jam, a door left open, one forced, a wrong one, a blocked one, a dead board."""
    site.sim.ask("fault", door="B01", fault="jam")
    expect(site.postal.command("compartment.open", {"compartment": "B01"}, timeout_s=15)["outcome"] == "jammed", "a jam")
    site.sim.ask("clear", door="B01", fault="jam")
    expect(site.postal.command("compartment.open", {"compartment": "B02"})["outcome"] == "opened", "an opening")
    site.until_event("door.left_open", 15, door="B02")
    site.shut("B02")
    site.until_event("door.closed", 10, door="B02")
    site.admin("block", door="B03", why="hinge")
    site.admin("unblock", door="B03", why="mended")
    time.sleep(0.5)  # longer than wrong_door_ms
    site.sim.ask("door", door=doors["Y3"], action="force")
    site.until_event("door.forced", 10, door=doors["Y3"])
    site.shut(doors["Y3"])
    site_rig.until(lambda: site.door(doors["Y3"])["state"] == "closed", 10, "the forced door to be shut")
    site.admin("settle", item="Y3", to="in_locker", why="it lies there")
    site.sim.ask("fault", door="B05", fault="swapped-wires", **{"with": "B06"})
    try:
        site.admin("open", door="B05", why="check")
    except site_rig.Refused:
        pass
    site.until_event("door.wrong", 15, expected_door="B05")
    refused = site.postal.command("compartment.open", {"compartment": "B07"})
    expect(refused["reason"] == "bank_stopped", f"a stopped bank opens nothing: {refused}")
    site.sim.ask("clear", door="B05", fault="swapped-wires")
    site.admin("unblock", bank="B", why="wires put right")
    site.sim.ask("fault", board="A", fault="dead")
    site.until_event("site.board_lost", 20, bank="A")
    site.postal.command("status.get")
    site.sim.ask("clear", board="A", fault="dead")
    site.until_event("site.board_back", 25, bank="A")


def play_rewired(site):
    """Bank B's line gets another name for the same adapter: its doors wait until maintenance confirms them."""
    site.sim.ask("door", all=True, action="close")
    site_rig.until(lambda: site.admin("status")["doors"]["open"] == 0, 10, "all doors shut")
    with open(site.config_path, encoding="utf-8") as f:
        text = f.read()
    path = site.sim.path["RTU"]
    with open(site.config_path, "w", encoding="utf-8") as f:
        f.write(text.replace(f"device = {path}\n", f"device = {os.path.realpath(path)}\n"))
    site.restart()
    site.until_event("site.config", 10, bank="B", reason="wiring_changed")
    refused = site.postal.command("compartment.open", {"compartment": "B01"})
    expect(refused["reason"] == "wiring_changed", f"a changed wiring opens nothing: {refused}")
    health = site.postal.command("status.get")["status"]
    expect({"what": "wiring", "place": "B", "reason": "wiring_changed"} in health["faults"], f"health: {health}")
    site.admin("confirm", bank="B", why="tried")
    site.until_event("site.config", 10, bank="B", reason="staff_request")


def play_refusals(site):
    """Commands that are refused, one of each kind that needs no waiting."""
    command = site.postal.command
    for name, args, reason in (("compartment.open", {"compartment": "Q99"}, "no_such_door"),
                               ("item.cancel", {"item_id": "nobody"}, "no_such_item"),
                               ("item.announce", {"item_id": "Y3"}, "item_exists"),
                               ("item.announce", {"item_id": "N1", "code": "123"}, "bad_argument"),
                               ("site.dance", {}, "unknown_command")):
        answer = command(name, args)
        expect(answer["reason"] == reason, f"{name} {args}: {answer}")
    claims = site_rig.upstream.claims_for(site_rig.OPERATOR, "elsewhere", "status.get", {})
    site.postal.send(site.keys.sign(claims))
    expect(site.postal.answer(claims["jti"])["reason"] == "wrong_audience", "a foreign site's command")
    claims = site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "status.get", {}, now=time.time() - 600)
    site.postal.send(site.keys.sign(claims))
    expect(site.postal.answer(claims["jti"])["reason"] == "expired", "an expired command")
    site.postal.send("not.a.token")
    site.until_event("access.command_refused", 10, reason="malformed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    judge, messages = Judge(Page(), STATUS), []
    timing = {"left_open_s": 5, "wrong_door_ms": 300, "open_timeout_ms": 1500, "notice_s": 3}
    more = "[deposit]\nunknown_barcode = accept\n[pickup]\nrating = yes\n[lockout]\ntries = 2\n[remote]\nshort_most = 20\nday_most = 40\n"
    more += "[status_codes]\n" + "".join(f"{event} = {code}\n" for event, code in STATUS.items())
    with site_rig.Site(args.build, timing=timing, more=more) as site:
        site.postal.on_message = lambda *message: messages.append(message)
        site.hire()
        play_people(site)
        doors = play_day(site)
        play_trouble(site, doors)
        play_refusals(site)
        play_rewired(site)
        site.until_all_acked()
        site.daemon.kill()
        site.postal.wait(lambda: site.postal.presence["state"] == "offline", 40, "the broker to publish the will")
        site.start()
        expect(site.daemon.stop() == 0, "a clean stop")
        site.postal.wait(lambda: site.postal.presence["state"] == "stopped", 10, "stopped")
        site_rig.until(lambda: site.events_of("site.stopped"), 10, "site.stopped")
    judge.examples()
    for message in messages:
        judge.message(*message)
    missing = set(judge.page.events) - judge.seen_events - NOT_PLAYED
    expect(not missing, f"the story should bring these events about: {sorted(missing)}")
    sent = {topic for topic, row in judge.page.topics.items() if topic not in ("cmd", "ack")}
    expect(judge.seen_topics == sent, f"topics: {sorted(judge.seen_topics)} of {sorted(sent)}")
    print(f"{len(messages)} messages, {len(judge.seen_events)} types of events, answers {sorted(judge.seen_answers)}: "
          "all as docs/contract/README.md says")


if __name__ == "__main__":
    main()
