#!/usr/bin/python3
"""Wrong messages through a real broker into the whole daemon: each is refused with its reason, recorded in the event log,
answered or not as the contract says, and without effect: no lock is pulsed, no item, door, staff member or code changes.
The table is hostile.py; it stands in docs/contract/hostile.md too (--update writes it there)."""

import argparse
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import hostile  # noqa: E402
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "contract", "hostile.md")
HEAD = "| what is wrong | reason | answered |\n|---|---|---|\n"
OTHER_CALENDAR_S = 20 * 365 * 86400
PER_MINUTE, FEW_A_MINUTE = 6000, 3


# ---- the page --------------------------------------------------------------------------------------------------------

def table():
    return HEAD + "".join(f"| {row.what} | {f'`{row.reason}`' if row.reason else '-'} | {'yes' if row.answered else 'no'} |\n"
                          for row in hostile.all_rows())


def page_parts():
    """The page before its table, its table, and what comes behind."""
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    start = text.index(HEAD)
    end = text.find("\n\n", start)
    return text[:start], text[start:end + 1 if end >= 0 else len(text)], text[end + 1:] if end >= 0 else ""


def update_page():
    before, _, after = page_parts()
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(before + table() + after)


# ---- what must not change --------------------------------------------------------------------------------------------

class Watch:
    """A site, and everything that a command could have done to it."""

    def __init__(self, site):
        self.site = site

    def refusals(self):
        return self.site.events_of("access.command_refused")

    def state(self):
        site = self.site
        acts = [e["type"] for e in site.events if e["type"] not in ("locker.access.command_refused.v1",)]
        return {"items": site.admin("items")["items"], "staff": site.admin("staff_list"), "acts": acts,
                "doors": [(d["door"], d["state"], d["use"]) for d in site.admin("doors")["doors"]],
                "metal": [(d["name"], d["commands"], d["pulses"]) for d in site.sim.ask("status")["doors"]]}

    def refuses(self, row, forge):
        """Sends one and looks at everything."""
        before, seen = self.state(), len(self.refusals())
        forge.jti = None
        made = row.make(forge)
        message = made if isinstance(made, hostile.Message) else hostile.Message(made)
        self.site.postal.answers.pop(forge.jti, None)
        publish(self.site.postal, message)
        if row.reason:
            site_rig.until(lambda: len(self.refusals()) > seen, 10, f"'{row.what}' to be reported")
        if row.answered:
            answer = self.site.postal.answer(forge.jti)
            expect((answer["result"], answer["reason"]) == ("refused", row.reason), f"{row.what}: {answer}")
        self.settle(message, seen + (1 if row.reason else 0))
        told = [e["data"] for e in self.refusals()[seen:seen + 1]]
        wanted = [(row.reason, forge.jti if row.answered else None)] if row.reason else []
        expect([(d["reason"], d.get("command")) for d in told] == wanted, f"{row.what}: it tells {told}")
        expect(all(d["actor"] == "upstream" for d in told), f"{row.what}: {told}")
        expect(row.answered or forge.jti not in self.site.postal.answers, f"{row.what}: it is answered")
        after = self.state()
        expect(after == before, f"{row.what}: it has an effect: {changes(before, after)}")

    def settle(self, message, refusals):
        """Everything sent before an honest question was looked at when that is answered; that tells no event."""
        if message.retain:  # an empty retained message clears the topic, and is a refused command itself
            publish(self.site.postal, hostile.Message(b"", retain=True))
            refusals += 1
        expect(self.site.postal.command("status.get")["result"] == "ok", "an honest question")
        site_rig.until(lambda: len(self.refusals()) >= refusals, 10, "all refusals")
        self.site.until_all_acked()
        expect(len(self.refusals()) == refusals, f"more is refused than was sent: {self.refusals()[refusals:]}")


def changes(before, after):
    return {key: (before[key], after[key]) for key in before if before[key] != after[key]}


def publish(postal, message):
    topic = postal.root + message.topic
    if message.topic.startswith("../"):
        topic = postal.root.replace(f"/{postal.site}/", message.topic[2:].rsplit("/", 1)[0] + "/") + message.topic.rsplit("/", 1)[1]
    postal._client.publish(topic, message.payload, 1, message.retain).wait_for_publish(10)


# ---- the play --------------------------------------------------------------------------------------------------------

def stock(site):
    """Something to lose: an item behind a door, a courier, and the one remote opening that is allowed."""
    site.hire()
    site.announce(hostile.ITEM, code=hostile.CODE)
    site.sign_in()
    site.kiosk.press("deposit")
    door = site.deposit(hostile.ITEM)
    site.kiosk.press("sign_out")
    claims = site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "compartment.open", {"compartment": "B01"})
    done = site.keys.sign(claims)
    site.postal.send(done)
    expect(site.postal.answer(claims["jti"])["outcome"] == "opened", "an honest opening")
    site.shut("B01")
    site.until_event("door.closed", door="B01")
    site.until_all_acked()
    return door, done


def configure(site, old, new):
    with open(site.config_path, encoding="utf-8") as f:
        text = f.read()
    expect(old in text, old)
    with open(site.config_path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def play_other_calendar(site, watch, forge):
    site.daemon.env = {"LD_PRELOAD": os.path.join(site.build, "tests/system/libwrong-clock.so"),
                       "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0", "WRONG_CLOCK_S": str(OTHER_CALENDAR_S)}
    site.restart()
    site.until_event("site.started", clock="unsynced")
    seen, before = len(watch.refusals()), watch.state()["metal"]
    for row in hostile.UNSYNCED:
        site.postal.send(row.make(forge))
        answer = site.postal.answer(forge.jti)
        expect((answer["result"], answer["reason"]) == ("refused", row.reason), f"{row.what}: {answer}")
        site.until_event("access.command_refused", command=forge.jti, reason=row.reason)
    expect(watch.state()["metal"] == before and len(watch.refusals()) == seen + len(hostile.UNSYNCED), "without effect")
    site.daemon.env = {}


def play_flood(site, watch):
    """A stranger fills no disk: only so many a minute are recorded. Honest people are served, and what is signed is answered."""
    configure(site, f"refusals_per_minute = {PER_MINUTE}", f"refusals_per_minute = {FEW_A_MINUTE}")
    site.restart()
    seen = len(watch.refusals())
    for _ in range(50):
        publish(site.postal, hostile.Message("not.a.token"))
    expect(site.postal.command("no.such")["reason"] == "unknown_command", "an answer needs no record")
    expect(site.postal.command("status.get")["result"] == "ok", "an honest question")
    site.until_all_acked()
    expect(len(watch.refusals()) == seen + FEW_A_MINUTE, f"{len(watch.refusals()) - seen} of 51 are recorded")


def play(site, door, done, stranger):
    watch = Watch(site)
    forge = hostile.Forge(site_rig.OPERATOR, site_rig.SITE, site.keys, stranger, done)
    for row in hostile.ONLINE + hostile.ELSEWHERE:
        if row.reason == "retained" and site.broker.version != 5:
            continue  # 3.1.1 hides the flag from whoever is connected: obeyed once, and refused when it comes again
        watch.refuses(row, forge)
        print(f"{row.reason or '-':18} {'answered' if row.answered else 'no answer':10} {row.what}")
    play_other_calendar(site, watch, forge)
    play_flood(site, watch)
    expect(site.pickup(hostile.CODE) == door, "after all that its code still opens the item's door")
    site.until_all_acked()
    expect(not site.postal.log.faults and not site.postal.books.faults, f"{site.postal.log.faults} {site.postal.books.faults}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--update", action="store_true", help="write the table into docs/contract/hostile.md and end")
    args = parser.parse_args()
    if args.update:
        update_page()
        return
    expect(page_parts()[1] == table(), "docs/contract/hostile.md: its table is another one; hostile_whole.py --update writes it")
    more = "[remote]\nshort_most = 1\nday_most = 1\n"
    with tempfile.TemporaryDirectory() as folder, \
            site_rig.Site(args.build, more=more, uplink=f"refusals_per_minute = {PER_MINUTE}\n") as site:
        stranger = site_rig.upstream.Keys(folder).load()
        play(site, *stock(site), stranger)
    print(f"{len(hostile.all_rows())} wrong messages: each refused for its reason, recorded, and without effect")


if __name__ == "__main__":
    main()
