#!/usr/bin/python3
"""Thousands of events that gathered while the broker was away go out while people collect, and the daemon is killed in the
middle: nothing is lost, the order is kept, every door opens as ever. The bench (tests/bench/run --only drain) measures it;
here it has to be right."""

import argparse
import os
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE, os.path.join(HERE, "..", "..", "bench")]
import bench_site  # noqa: E402
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

EVENTS = 5000


def ask_for(site, door):
    """One person asks for one item. None while the page does not answer or the board is not known yet: the code is not spent,
    and asking again is what people do. Otherwise whether the item was taken."""
    try:
        site.http = bench_site.Http(site.kiosk_port)
    except (OSError, AttributeError, IndexError):
        return None
    try:
        answer = site.http.act("code", code=bench_site.code_of(door))
        if answer.get("reason") == "door_unreachable":
            return None
        if answer["result"] != "ok":
            return False
        site_rig.until(lambda: site.http.view()["screen"] in ("taken", "home"), 5, "a door to be shut", 0.01)
        return True
    except (OSError, TimeoutError, IndexError, ValueError, KeyError):
        return False  # the daemon died under this person: whether the code is spent is not known here


def collect(site, doors, opened):
    """People, one after the other, until told to stop."""
    for door in doors:
        taken = None
        while taken is None and not site.enough.is_set():
            taken = ask_for(site, door)
            if taken is None:
                time.sleep(0.05)
        if taken:
            opened.append(bench_site.label(door))
            time.sleep(0.2)  # there are 64 items for the whole of it
        if site.enough.is_set():
            return


def play(build):
    store = bench_site.prepared_store(build, 2, EVENTS, 1, unacked=True)
    opened = []
    with bench_site.BenchSite(build, 2, "tcp", store=store, start=False, listener=False) as site:
        site.postal.log.epoch, site.postal.log.last, site.postal.log.seen = None, 0, 0  # upstream has nothing yet
        site.broker.stop()
        site.start()
        site.person(close_after_ms=40)
        site.enough = threading.Event()
        people = threading.Thread(target=collect, args=(site, range(64), opened), daemon=True)
        site.broker.start()
        people.start()
        site_rig.until(lambda: site.postal.log.last > EVENTS // 5, 60, "a fifth of the events", 0.002)
        before = site.postal.log.last
        site.daemon.kill()
        site.start(ready=False)
        site_rig.until(lambda: site.postal.log.last > before + EVENTS // 5, 60, "more of them after the kill", 0.01)
        served = len(opened)
        site_rig.until(lambda: len(opened) >= max(6, served + 3), 60, "six people served, three of them after the kill")
        site.enough.set()
        people.join(10)
        site.until_all_acked(60)
        seqs = [e["seq"] for e in site.events]
        expect(seqs == list(range(1, len(seqs) + 1)) and len(seqs) > EVENTS, f"{len(seqs)} events, in order, without a gap")
        expect(not site.postal.log.faults, f"{site.postal.log.faults[:3]}")
        told = [e["data"]["door"] for e in site.events_of("item.collected")]
        expect(set(opened) <= set(told), "every pickup is told")
        expect(before < EVENTS, "the kill came in the middle")
        print(f"{len(seqs)} events, the daemon killed after {before}; {len(opened)} people collected meanwhile")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    play(os.path.abspath(parser.parse_args().build))


if __name__ == "__main__":
    main()
