#!/usr/bin/python3
"""What the calendar asks for, through the real daemon: a reminder, overdue, erasure and the end of the postal record, each
told once, by a synchronised clock only (law 11), and of the erased nothing is left in any file (law 12). The calendar is
moved between two runs; every event is compared with docs/contract."""

import argparse
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import contract_examples  # noqa: E402
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

DAY_S = 86400
CODES = {"Y1": "11112222", "Y2": "33334444"}
PHONE, TAIL, MASKED = "13912345678", "5678", "张**"


def go_on(site, build, days, synced=True):
    """The next life of the daemon, so many days from now."""
    flag = os.path.join(site.folder, "synced")
    if synced:
        with open(flag, "w", encoding="utf-8"):
            pass
    elif os.path.exists(flag):
        os.unlink(flag)
    site.daemon.stop()
    site.start({"LD_PRELOAD": os.path.join(build, "tests/system/libwrong-clock.so"),
                "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0",  # of a build with sanitizers
                "WRONG_CLOCK_S": str(-days * DAY_S), "WRONG_CLOCK_SYNCED": flag})


def told(site, kind):
    return [e["data"].get("item") for e in site.events_of(kind)]


def remembered(site, text):
    """The files of the store that hold this text."""
    files = glob.glob(os.path.join(site.folder, "state", "**"), recursive=True)
    found = []
    for path in filter(os.path.isfile, files):
        with open(path, "rb") as f:
            if text.encode() in f.read():
                found.append(os.path.basename(path))
    return found


def stock(site):
    site.hire()
    for item, code in CODES.items():
        site.announce(item, code=code, phone=PHONE, name="张三丰", case="case-of-" + item)
    site.sign_in()
    site.kiosk.press("deposit")
    for item in CODES:
        site.deposit(item)
    site.kiosk.press("sign_out")
    site.pickup(CODES["Y1"])
    site.kiosk.press("done")
    if site.kiosk.view()["screen"] != "home":
        site.kiosk.until("home")


def play(site, build):
    go_on(site, build, 0)
    stock(site)
    go_on(site, build, 13)  # of 15; reminded 3 before
    site.until_event("item.reminder", item="Y2")
    go_on(site, build, 16, synced=False)
    site.admin("status")
    site.until_all_acked()
    expect(told(site, "item.overdue") == [], "law 11: a clock that is not synchronised makes nothing due")
    go_on(site, build, 16)
    site.until_event("item.overdue", item="Y2")
    site.pickup(CODES["Y2"])  # overdue is no reason to keep it
    site.kiosk.press("done")
    expect(remembered(site, MASKED), "the name is in the store as long as it is needed")
    go_on(site, build, 50)
    for item in CODES:
        site.until_event("item.erased", item=item)
    go_on(site, build, 51)  # the files are emptied at the latest at the next start
    site.until_all_acked()
    go_on(site, build, 500)
    site.until_event("audit.purge", count=2)
    site.until_event("audit.purge", reason="events_over")
    site.until_all_acked()
    kept = site.admin("uplink")["first_seq"]
    expect(kept > 10, f"events of 500 days ago are still in the log: the first is {kept}")
    expect(site.admin("store")["chain"]["ok"], "what is left is a whole chain")
    expect(site.admin("items")["items"] == [], "the records are gone")
    site.daemon.stop()
    for text in (MASKED, PHONE, "case-of-Y1", "case-of-Y2"):
        expect(remembered(site, text) == [], f"law 12: {text} is still in {remembered(site, text)}")
    for kind, items in (("item.reminder", ["Y2"]), ("item.overdue", ["Y2"]), ("item.erased", sorted(CODES)),
                        ("audit.purge", [None, None])):
        expect(sorted(told(site, kind), key=str) == items, f"{kind}: once for {items}, it is {told(site, kind)}")
    expect(not site.postal.books.faults and site.postal.books.erased == set(CODES), f"{site.postal.books.faults}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    build, messages = os.path.abspath(args.build), []
    judge = contract_examples.Judge(contract_examples.Page())
    with site_rig.Site(build) as site:
        site.postal.on_message = lambda *message: messages.append(message)
        play(site, build)
    for message in messages:
        judge.message(*message)
    print(f"{len(messages)} messages: reminded, overdue, erased and purged once, as docs/contract/README.md says")


if __name__ == "__main__":
    main()
