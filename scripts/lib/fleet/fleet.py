#!/usr/bin/python3
"""scripts/fleet after the building: many sites, one broker, one office, an hour in minutes."""

import argparse
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import place  # noqa: E402
import report  # noqa: E402
from load import Clock, Life  # noqa: E402
from troubles import KINDS, BrokerDeath  # noqa: E402

EXIT_BROKEN, EXIT_USAGE = 1, 2


def parse(argv):
    p = argparse.ArgumentParser(prog="scripts/fleet")
    p.add_argument("--build", required=True)
    p.add_argument("--sites", type=int, default=24)
    p.add_argument("--seconds", type=float, default=150.0)
    p.add_argument("--items", type=int, default=12)
    p.add_argument("--seed", default="1")
    p.add_argument("--branches", type=int, default=0)
    p.add_argument("--no-troubles", action="store_true")
    p.add_argument("--no-speed", action="store_true")
    p.add_argument("--json", metavar="FILE")
    p.add_argument("--keep", action="store_true")
    args = p.parse_args(argv)
    if not 1 <= args.sites <= 99 or args.items < 3 or args.seconds < 10:
        p.error("1 to 99 sites, at least 3 items and 10 seconds")
    if not 0 <= args.branches <= args.sites:
        p.error("not more branches than sites")
    return args


def told(text):
    print(f"fleet: {text}", file=sys.stderr, flush=True)


def troubles_of(city, lives, clock):
    """At most half of the sites; where there are branches, the last site's too, with everybody of its branch."""
    names = city.names[1:1 + min(len(KINDS), len(city.names) // 2)]
    troubles = {name: kind(city, lives[name], clock) for name, kind in zip(names, KINDS)}
    if city.branches:
        struck = [name for i, name in enumerate(city.names) if city.broker_of(i) is city.branches[-1]]
        for name in struck:
            lives[name].offline = True
        troubles[struck[-1]] = BrokerDeath(city, lives[struck[-1]], clock)
    return troubles


def play(args, city):
    """Returns (lives, troubles) after the hour, with everything acknowledged."""
    clock = Clock(args.seconds)
    lives = {name: Life(site, clock, args.items, args.seed) for name, site in city.sites.items()}
    troubles = {} if args.no_troubles else troubles_of(city, lives, clock)
    for one in [*lives.values(), *troubles.values()]:
        one.start()
    told(f"the hour begins; it takes {args.seconds:g} s, and from the middle on: "
         + ("no troubles" if not troubles else "; ".join(f"{n}: {t.what}" for n, t in troubles.items())))
    for one in [*lives.values(), *troubles.values()]:
        one.join(max(5.0, clock.left() + 60))
    told("the hour is over; waiting until everything is acknowledged")
    for name, life in lives.items():
        try:
            life.site.until_all_acked(60)
        except TimeoutError as error:
            life.faults.append(f"{error}")
    return lives, troubles


def run(args, folder):
    city = place.City(args.build, [f"hall-{i + 1}" for i in range(args.sites)], folder,
                      args.branches)
    try:
        city.start(told)
        began = time.monotonic()
        lives, troubles = play(args, city)
        seconds = time.monotonic() - began
        rows = [report.facts_of(name, life, troubles.get(name)) for name, life in lives.items()]
        judgement, whole = report.judge(city, lives, troubles, not args.no_speed), report.summary(city, lives, seconds)
    finally:
        problems = city.close()
    for problem in problems:
        told(f"at the end: {problem!r}")
    report.print_table(rows, sys.stdout)
    print(json.dumps(whole))
    print("\n".join(judgement.lines()))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"summary": whole, "sites": rows, "kept": judgement.kept(), "promises": [
                {"promise": text, "faults": faults} for text, faults in judgement.promises]}, f, indent=1)
    return 0 if judgement.kept() and not problems else EXIT_BROKEN


def main(argv):
    args = parse(argv)
    folder = place.Folder()
    try:
        return run(args, folder.path)
    except KeyboardInterrupt:
        told("stopped")
        return 130
    finally:
        folder.close(args.keep)
        if args.keep:
            told(f"everything is kept in {folder.path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
