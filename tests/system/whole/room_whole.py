#!/usr/bin/python3
"""Upstream is silent for long, through the real daemon: the alarm long before the log's room is used up, then nothing new is
taken in while everything in the cabinet can still be collected, what tells nothing new is counted, all of that over a
SIGKILL, and nothing of it lost when upstream is back: seq without a gap, every custody change and opening told."""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

MOST = 120
BADGE = "badge-of-1001-0123456789"


def uplink(site):
    return site.admin("uplink")


def come_and_go(site, level):
    """A courier holds a badge before the scanner and leaves again: two events each time, until the log is at this level."""
    for _ in range(MOST):
        if uplink(site)["outbox"] == level:
            return
        site.kiosk.scan(BADGE)
        site.kiosk.until("staff_menu")
        site.kiosk.press("sign_out")
    raise AssertionError(f"never {level}: {uplink(site)}")


def stock(site):
    site.hire(badge=BADGE)
    for item, code in (("Y1", "11112222"), ("Y2", "33334444"), ("Y3", "55556666")):
        site.announce(item, code=code)
    site.sign_in()
    site.kiosk.press("deposit")
    for item in ("Y1", "Y2"):
        site.deposit(item)
    site.kiosk.press("sign_out")
    site.until_all_acked()


def full(site):
    """What is refused and what is not."""
    site.sign_in()
    site.kiosk.press("deposit")
    refused = site.kiosk.scan("Y3")
    expect(refused["reason"] == "outbox_full", f"a deposit: {refused}")
    site.kiosk.press("sign_out")
    answer = site.postal.command("item.announce", {"item_id": "Y4"})
    expect((answer["result"], answer["reason"]) == ("refused", "outbox_full"), f"announce: {answer}")
    before = uplink(site)
    site.kiosk.code("99990000")
    after = uplink(site)
    expect(after["seq"] == before["seq"] and after["left_out"] == before["left_out"] + 1, f"counted: {before} {after}")
    site.pickup("11112222")
    expect(site.item("Y1")["custody"] == "collected", "what is in the cabinet is given out")
    site.kiosk.press("done")
    return after["left_out"]


def play(site):
    stock(site)
    site.postal.auto_ack = False
    come_and_go(site, "filling")
    site.until_event("site.degraded", reason="outbox_filling", alarm=True)
    expect(uplink(site)["unacked"] <= MOST // 2 + 2, "long before it is full")
    come_and_go(site, "full")
    site.until_event("site.degraded", reason="outbox_full", alarm=True)
    left_out = full(site)
    site.daemon.kill()
    site.start()
    expect(uplink(site)["left_out"] >= left_out, f"the count is durable: {uplink(site)}")
    health = site.postal.command("status.get")["status"]
    expect({"what": "outbox", "reason": "outbox_full"} in health["faults"], f"{health}")
    expect(health["leftOut"] >= left_out and health["firstSeq"] == 1, f"{health}")
    site.postal.auto_ack = True
    site.postal.ack(site.postal.log.last)
    told = site.until_event("site.degraded", reason="events_left_out")
    expect(told["data"]["count"] >= left_out, f"{told}")
    site.until_event("site.degraded", reason="recovered")
    site.until_all_acked()
    site.announce("Y4", code="77778888")
    site.sign_in()
    site.kiosk.press("deposit")
    site.deposit("Y3")
    site.until_all_acked()
    seqs = sorted({e["seq"] for e in site.events})
    expect(seqs == list(range(1, seqs[-1] + 1)), "seq without a gap")
    expect(not site.postal.books.faults, f"{site.postal.books.faults}")
    collected = [e["data"]["item"] for e in site.events_of("item.collected")]
    expect(sorted(set(collected)) == ["Y1"], f"{collected}")
    return left_out


def replaced(site):
    """The database is gone and begins anew: another epoch from event 1 on; what was acknowledged of the old one means nothing."""
    old = site.postal.log.epoch, site.postal.log.last
    site.daemon.stop()
    for name in os.listdir(os.path.join(site.folder, "state")):
        os.unlink(os.path.join(site.folder, "state", name))
    site.start()
    site_rig.until(lambda: site.postal.log.epoch not in (None, old[0]), 20, "another epoch")
    site.until_all_acked()
    expect(site.postal.log.last < old[1] and not site.postal.log.faults, f"{site.postal.log.faults}")
    site.postal.ack(3, old[0])
    site_rig.until(lambda: "is about another database" in site.daemon.log(), 5, "a word about the foreign acknowledgement")
    expect(site.admin("uplink")["acked"] == site.postal.log.last, "it changes nothing")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    with site_rig.Site(os.path.abspath(args.build), uplink=f"outbox_most = {MOST}\n") as site:
        left_out = play(site)
        replaced(site)
        print(f"{left_out} events counted instead of logged; nothing about an item or an opening was")


if __name__ == "__main__":
    main()
