#!/usr/bin/python3
"""Every command of upstream about items and codes through the real daemon and a real broker: it does what it says once,
also when it comes twice (law 7), each refusal names its reason, upstream's books keep the locker's own custody, and
nothing of a person stays readable anywhere (law 12). Every message on the way is compared with docs/contract."""

import argparse
import glob
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import contract_examples  # noqa: E402
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

PHONE, OTHER_PHONE = "13912345678", "13887654321"
NAME, MASKED = "张三丰", "张**"
TOKEN = "q4Zt8Hn2Lw6Xc0Vb5Ms9Yk"
CODES = {"Y1": "11112222", "Y2": "33334444", "Y3": "55556666"}
FRIEND, FRESH, FRESHER = "77778888", "88889999", "99990000"
CLERK = ("2001", "1357")


class Postal:
    """Upstream, who is never sure whether a command arrived: each is sent twice."""

    def __init__(self, site):
        self.site, self.sent = site, 0

    def events(self, jti):
        return [e for e in self.site.events if e["data"].get("command") == jti]

    def acts(self):
        """How many events there are that are no refusals: what is refused for its form is not remembered, only refused again."""
        return sum(1 for e in self.site.events if e["type"] != "locker.access.command_refused.v1")

    def send(self, name, args, jti=None):
        """Answers and events of a command that came twice; both times the same, and only once done."""
        site = self.site
        claims = site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, name, args, jti)
        token, jti = site.keys.sign(claims), claims["jti"]
        answers = []
        for _ in range(2):
            site.postal.answers.pop(jti, None)
            site.postal.send(token)
            answers.append(site.postal.answer(jti))
            site.until_all_acked()
            if len(answers) == 1:
                before, as_it_was = self.acts(), site.item(args.get("item_id", "nothing"))
        self.sent += 1
        first, second = ({k: v for k, v in a.items() if k not in ("time", "why")} for a in answers)
        expect(first == second, f"law 7: {name} twice: {answers}")
        expect(self.acts() == before, f"law 7: {name} acts twice: {site.events[-1]}")
        expect(site.item(args.get("item_id", "nothing")) == as_it_was, f"law 7: {name} twice changes the item")
        return answers[0], self.events(jti)

    def ok(self, command, item, event=None, reason=None, **args):
        """Done, and told with exactly one event of this type and reason; event None: nothing to tell."""
        answer, events = self.send(command, {"item_id": item, **args})
        expect(answer["result"] == "ok", f"{command} {item} {args}: {answer}")
        types = [e["type"] for e in events]
        expect(types == ([f"locker.{event}.v1"] if event else []), f"{command} {item}: tells {types}")
        expect(not events or events[0]["data"].get("reason") == reason, f"{command} {item}: {events}")
        return events[0]["data"] if events else None

    def refused(self, command, reason, field=None, **args):
        answer, events = self.send(command, args)
        expect(answer["result"] == "refused" and answer["reason"] == reason, f"{command} {args}: {answer}")
        expect(field is None or answer["why"].startswith(field + ":"), f"{command} {args}: {answer}")
        expect(all(e["type"] == "locker.access.command_refused.v1" for e in events), f"{command} {args}: {events}")


def custody(site, item):
    return site.item(item)["custody"]


def play_announcing(site, postal):
    for item, phone in (("Y1", PHONE), ("Y2", PHONE), ("Y3", OTHER_PHONE)):
        postal.ok("item.announce", item, "item.expected", code=CODES[item], phone=phone, name=NAME, case="2026-0001")
    postal.ok("item.announce", "Y4", "item.expected", channel="post", token=TOKEN)
    postal.ok("item.announce", "Y5", "item.expected", channel="window", phone_tail="4821", second_factor=True)
    postal.refused("item.announce", "item_exists", item_id="Y1", code=FRESH)
    postal.refused("item.announce", "code_in_use", item_id="Y6", code=CODES["Y1"], phone=OTHER_PHONE)
    postal.refused("item.announce", "code_in_use", item_id="Y6", token=TOKEN)
    postal.refused("item.announce", "bad_argument", "args.second_factor", item_id="Y6", second_factor=True)
    postal.refused("item.announce", "bad_argument", "args.phone", item_id="Y6", phone="139 1234")
    postal.refused("item.announce", "bad_argument", "args.phone", item_id="Y6", phone="+861234")
    postal.refused("item.announce", "bad_argument", "args.name", item_id="Y6", name="a\nb")
    site.hire()
    site.hire(*CLERK, role="clerk")
    site.sign_in()
    site.kiosk.press("deposit")
    doors = {item: site.deposit(item) for item in ("Y1", "Y2", "Y3")}
    doors["Y7"] = site.deposit("Y7")  # brought before it was announced
    site.kiosk.press("sign_out")
    postal.ok("item.announce", "Y7", "item.updated", "details_changed", code=FRESHER)
    return doors


def play_codes(site, postal, doors):
    """A friend's code, taken back and given again; a lost code; a code for nobody."""
    postal.ok("delegate.grant", "Y1", "item.updated", "delegate_granted", code=FRIEND, phone_tail="7788")
    postal.refused("delegate.grant", "code_in_use", item_id="Y3", code=FRIEND)
    postal.refused("delegate.grant", "code_in_use", item_id="Y1", code=CODES["Y1"])
    postal.refused("delegate.grant", "no_such_item", item_id="nobody", code=FRESH)
    postal.refused("delegate.grant", "bad_argument", "args.code", item_id="Y1")
    postal.ok("delegate.revoke", "Y1", "item.updated", "delegate_revoked")
    expect(site.kiosk.code(FRIEND)["reason"] == "wrong_code", "what was taken back opens nothing")
    postal.ok("delegate.grant", "Y1", "item.updated", "delegate_granted", code=FRIEND)
    expect(site.pickup(FRIEND) == doors["Y1"], "a friend's code opens that item's door")
    expect(site.until_event("item.collected", item="Y1")["data"]["actor"] == "delegate", "collected by the delegate")
    site.kiosk.press("done")
    expect(site.kiosk.code(CODES["Y1"])["reason"] == "already_collected", "law 8: collected, the other code too")
    postal.refused("delegate.revoke", "already_collected", item_id="Y1")
    postal.ok("code.reissue", "Y3", "item.updated", "code_reissued", code=FRESH)
    expect(site.kiosk.code(CODES["Y3"])["reason"] == "wrong_code", "the lost code opens nothing")
    postal.refused("code.reissue", "bad_argument", "args.code", item_id="Y3", code="123")
    postal.ok("code.revoke", "Y7", "item.updated", "code_revoked")
    postal.ok("code.revoke", "Y7")
    expect(site.kiosk.code(FRESHER)["reason"] == "wrong_code", "a revoked code opens nothing")


def recall(site, item, door, event):
    answer = site.kiosk.press("recall_item", item=item)
    expect(answer["result"] == "ok", f"recall: {answer}")
    site.until_event("door.opened", 10, door=door, purpose="recall")
    site.sim.ask("door", door=door, action="take")
    site.shut(door)
    site.kiosk.until("recall_taken")
    site.kiosk.press("done")
    return site.until_event(event, 10, item=item)["data"]


def play_elsewhere(site, postal, doors):
    """To the window and to the post: only marked by the command, done by staff in their round."""
    told = postal.ok("item.transfer", "Y2", "item.updated", "details_changed", to="window")
    expect(told["via"] == "window" and custody(site, "Y2") == "in_locker", f"a transfer moves nothing: {told}")
    postal.ok("item.transfer", "Y2", to="window")
    told = postal.ok("item.transfer", "Y3", "item.updated", "details_changed", to="post", waybill="1098765432101")
    expect((told["via"], told["waybill"]) == ("post", "1098765432101"), f"transfer: {told}")
    postal.refused("item.transfer", "bad_argument", "args.to", item_id="Y2", to="locker")
    postal.refused("item.transfer", "bad_argument", "args.waybill", item_id="Y2", to="window", waybill="1")
    postal.refused("item.transfer", "already_collected", item_id="Y1", to="window")
    site.sign_in(*CLERK)
    site.kiosk.press("round")
    due = {row["item"] for row in site.kiosk.recalls()["items"]}
    expect(due == {"Y2", "Y3"}, f"the round has what is wanted elsewhere: {due}")
    recall(site, "Y2", doors["Y2"], "item.recalled")
    postal.refused("item.transfer", "at_window", item_id="Y2", to="post", waybill="1098765432109")
    site.kiosk.press("recall_post")
    told = recall(site, "Y3", doors["Y3"], "item.transferred")
    expect((told["to"], told["waybill"]) == ("with_courier", "1098765432101"), f"sent by post: {told}")
    site.kiosk.press("sign_out")
    postal.ok("item.delivered", "Y3", "item.collected", via="post")
    postal.refused("item.delivered", "already_collected", item_id="Y3")
    postal.ok("item.extend", "Y7", "item.updated", "extended", days=3)
    postal.refused("item.extend", "bad_argument", "args.days", item_id="Y7", days=0)
    postal.refused("item.extend", "at_window", item_id="Y2", days=3)
    postal.ok("item.update", "Y7", "item.updated", "details_changed", size="M", phone=OTHER_PHONE, name=NAME)
    postal.refused("item.update", "bad_argument", "args.item_id", item_id="Y7")


def play_window(site, postal):
    postal.refused("item.delivered", "not_here_yet", item_id="Y4", via="post")
    postal.ok("item.received", "Y4", "item.transferred")
    postal.refused("item.received", "at_window", item_id="Y4")
    site.admin("item_send", credentials=CLERK, item="Y4", waybill="1098765432102", why="by post")
    postal.ok("item.delivered", "Y4", "item.updated", "undeliverable", undeliverable=True)
    expect(custody(site, "Y4") == "with_courier", "undeliverable: the post still has it")
    postal.refused("item.cancel", "with_courier", item_id="Y4")
    postal.refused("item.delivered", "bad_argument", "args.undeliverable", item_id="Y4", via="window", undeliverable=True)
    postal.ok("item.received", "Y4", "item.transferred")
    postal.ok("item.delivered", "Y4", "item.collected", via="window")
    postal.ok("item.received", "Y5", "item.transferred")
    postal.ok("item.cancel", "Y5", "item.cancelled")
    expect(custody(site, "Y5") == "at_window", "cancelled at the window: a clerk gives it back")
    postal.refused("item.delivered", "item_cancelled", item_id="Y5")
    site.admin("item_return", credentials=CLERK, item="Y5", why="taken back")
    postal.ok("item.delivered", "Y2", "item.collected")


def pin_hash(pin):
    """What upstream makes of a PIN that somebody chose; the PIN itself never travels."""
    return subprocess.run(["argon2", "saltsaltsaltsalt", "-id", "-t", "2", "-k", "19456", "-p", "1", "-e"], input=pin,
                          capture_output=True, text=True, check=True).stdout.strip()


def told_once(postal, command, event, **args):
    """A command that is not about an item: done, and told with exactly one event of this type."""
    answer, events = postal.send(command, args)
    expect(answer["result"] == "ok", f"{command} {args}: {answer}")
    expect([e["type"] for e in events] == [f"locker.{event}.v1"], f"{command} {args} tells {events}")
    return events[0]["data"]


def play_cabinet(site, postal):
    """A compartment out of use and back, but not one that waits for somebody to look."""
    told = told_once(postal, "compartment.block", "door.blocked", compartment="B08", note="the hinge is bent")
    expect((told["door"], told["note"], told["actor"]) == ("B08", "the hinge is bent", "upstream"), f"{told}")
    expect(site.door("B08")["use"] == "blocked", "out of use")
    postal.refused("compartment.block", "door_blocked", compartment="B08")
    postal.refused("compartment.block", "no_such_door", compartment="Z99")
    postal.refused("compartment.block", "bad_argument", "args.note", compartment="B07", note="two\nlines")
    told_once(postal, "compartment.unblock", "door.unblocked", compartment="B08")
    expect(site.door("B08")["use"] == "free", "in use again")
    postal.refused("compartment.unblock", "door_not_blocked", compartment="B08")
    site.sim.ask("door", door="B07", action="force")
    site.until_event("door.forced", door="B07")


def play_staff(site, postal):
    """Hired, badge lost, dismissed while at work; nobody above a clerk, and nobody's PIN on the wire."""
    postal.refused("staff.upsert", "bad_argument", "args.pin_hash", staff_id="3001", role="courier", pin_hash="1357")
    postal.refused("staff.upsert", "bad_argument", staff_id="3001", role="courier")
    heavy = pin_hash("97531").replace("m=19456", "m=4194304")
    postal.refused("staff.upsert", "bad_argument", "args.pin_hash", staff_id="3001", role="courier", pin_hash=heavy)
    postal.refused("staff.upsert", "not_allowed", staff_id="3001", role="supervisor", pin_hash=pin_hash("97531"))
    told = told_once(postal, "staff.upsert", "site.config", staff_id="3001", role="courier", pin_hash=pin_hash("97531"),
                     badge="BADGE-3001")
    expect((told["staff"], told["reason"]) == ("3001", "staff_changed"), f"{told}")
    expect("badge" not in told and "pin" not in json.dumps(told), f"law 12: {told}")
    postal.refused("staff.upsert", "badge_in_use", staff_id="3002", role="clerk", pin_hash=pin_hash("1"), badge="BADGE-3001")
    site.sign_in("3001", "97531")
    told_once(postal, "staff.remove", "site.config", staff_id="3001")
    expect(site.kiosk.view()["screen"] == "home", "who is dismissed does not work on")
    expect(site.kiosk.sign_in("3001", "97531")["reason"] == "sign_in_failed", "and does not come back")
    postal.refused("staff.remove", "no_such_staff", staff_id="3001")
    site.hire("4001", "8642", role="supervisor")
    expect(site.until_event("site.config", staff="4001")["data"]["actor"] == "maintenance", "lockerctl's changes are told too")
    postal.refused("staff.remove", "not_allowed", staff_id="4001")


def play_once_more(site, postal):
    """events.replay: what upstream lost comes again, the same bytes."""
    before, last = site.postal.log.duplicates, site.postal.log.last
    answer, _ = postal.send("events.replay", {"from": last - 9})
    expect(answer["result"] == "ok", f"{answer}")
    site.postal.wait(lambda: site.postal.log.duplicates >= before + 10, 10, "ten events once more")
    expect(not site.postal.log.faults, f"{site.postal.log.faults}")
    postal.refused("events.replay", "no_such_event", **{"from": 10 ** 6})
    postal.refused("events.replay", "bad_argument", "args.from", **{"from": 0})


def play_again_after_a_restart(site):
    """Law 7 holds over restarts, and one id is one command for ever."""
    claims = site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "item.announce", {"item_id": "Y8"}, "once")
    token = site.keys.sign(claims)
    site.postal.send(token)
    expect(site.postal.answer("once")["result"] == "ok", "announced")
    site.restart()
    site.postal.answers.pop("once")
    site.postal.send(token)
    expect(site.postal.answer("once")["result"] == "ok", "law 7: the same answer after a restart")
    site.postal.answers.pop("once")
    answer = site.postal.command("item.cancel", {"item_id": "Y8"}, "once")
    expect(answer["reason"] == "id_reused", f"law 7: another command under the same id: {answer}")
    site.until_all_acked()
    expect(len([e for e in site.events_of("item.expected") if e["data"]["item"] == "Y8"]) == 1, "announced once")


def check_books(site):
    books = site.postal.books
    own = {row["item"]: row["custody"] for row in site.admin("items")["items"]}
    expect(not books.faults, f"upstream's books: {books.faults}")
    expect(books.where == own, f"upstream's books say {books.where}, the locker's own {own}")
    expect(books.sums()["collected"] == 4 and set(books.collected_via.values()) == {"locker", "post", "window"},
           f"collected: {books.collected_via}")


def check_privacy(site):
    """Law 12: whole numbers, names, codes and tokens in no file of ours and in no event."""
    secrets = [PHONE, OTHER_PHONE, NAME[1:], TOKEN, FRIEND, FRESH, FRESHER, "BADGE-3001", *CODES.values()]
    site.daemon.stop()
    files = [f for f in glob.glob(os.path.join(site.folder, "**"), recursive=True) if os.path.isfile(f)]
    files = [f for f in files if os.sep + "keys" + os.sep not in f]
    expect(any(f.endswith(".db") or "sqlite" in f for f in files), f"a database among {files}")
    for path in files:
        with open(path, "rb") as f:
            data = f.read()
        for secret in secrets:
            expect(secret.encode() not in data, f"law 12: {os.path.basename(path)} holds {secret}")
    said = json.dumps(site.events, ensure_ascii=False)
    for secret in secrets + [MASKED]:
        expect(secret not in said, f"law 12: an event holds {secret}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    judge, messages = contract_examples.Judge(contract_examples.Page()), []
    more = "[deposit]\nunknown_barcode = accept\n[lockout]\ntries = 20\n"
    with site_rig.Site(args.build, more=more, timing={"notice_s": 3}) as site:
        site.postal.on_message = lambda *message: messages.append(message)
        postal = Postal(site)
        doors = play_announcing(site, postal)
        play_codes(site, postal, doors)
        play_elsewhere(site, postal, doors)
        play_window(site, postal)
        play_cabinet(site, postal)
        play_staff(site, postal)
        play_once_more(site, postal)
        play_again_after_a_restart(site)
        check_books(site)
        check_privacy(site)
        sent = postal.sent
    for message in messages:
        judge.message(*message)
    print(f"{sent} commands, each twice, {len(messages)} messages: all as docs/contract/README.md says")


if __name__ == "__main__":
    main()
