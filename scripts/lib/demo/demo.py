#!/usr/bin/python3
"""scripts/demo after the building: shows the cabinet and the kiosk, or plays the tour."""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import place  # noqa: E402


def parse(argv):
    p = argparse.ArgumentParser(prog="scripts/demo", description="A pickup locker on this machine, without hardware.")
    p.add_argument("--build", required=True, help="folder of the built programs")
    p.add_argument("--tour", action="store_true", help="play a day without a person; exit 0 only if every promise held")
    p.add_argument("--integrator", action="store_true", help="you are the postal side: nothing is announced or acknowledged for you")
    p.add_argument("--port", type=int, default=0, help="port of the page with the cabinet (8090 when it is free)")
    p.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    p.add_argument("--keep", action="store_true", help="leave the folder with logs, trace and database behind")
    return p.parse_args(argv)


def main(argv):
    args = parse(argv)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    place.until_asked_to_stop()
    if args.tour:
        import tour
        return tour.run(args.build, args.keep)
    import show
    return show.run(args.build, args.port, not args.no_browser, args.keep, args.integrator)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
