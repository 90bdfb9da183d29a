#!/usr/bin/python3
"""One story of the kiosk, told twice: in Chinese and in English, from real parts.

The page runs in a real browser (play.mjs with the story's own file); the daemon, the cabinet, the broker and the postal
side are those of site_rig. What happens away from the screen is a wish of the story: a method do_<wish> below.

usage: story.py --build FOLDER --story NAME
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WHOLE = os.path.dirname(HERE)
sys.path.insert(0, os.path.dirname(WHOLE))
import site_rig  # noqa: E402

MORE = """[deposit]
unknown_barcode = ask
[pickup]
rating = yes
[dropoff]
enabled = yes
[window 3]
hours = mon-sun 00:05-23:55
"""
COURIER, CLERK = ("1001", "2468"), ("2001", "1357")  # as in people.mjs
SIZES = "S:1-3 M:4-6 L:7-8"
BANKS = {"A": {"line": "tcp", "doors": 8, "unit": 1}}
# Answers of the page's script come within a screen's life; a story that hangs is ended by the test's own limit.
BROWSER_ENDS_S = 30


class Cabinet:
    """Carries out what a story wishes for beside the screen. Each answer is what the story may check."""

    def __init__(self, site):
        self.site = site

    def carry_out(self, wish):
        args = dict(wish)
        return getattr(self, "do_" + args.pop("do"))(**args)

    # -- the postal side

    def do_command(self, name, args):
        return self.site.postal.command(name, args)

    def do_event(self, kind, match):
        return self.site.until_event(kind, **match)["data"]

    def do_events(self, kind, item):
        return {"count": sum(e["data"].get("item") == item for e in self.site.events_of(kind))}

    # -- the cabinet and what lies in it

    def do_scan(self, text):
        self.site.scanner.scan(text)
        return {}

    def do_open_doors(self):
        labels = [door["door"] for door in self.site.admin("doors")["doors"]]
        return {"doors": [label for label in labels if self.site.sim.door(label)["open"]]}

    def do_put(self, door, item):
        return self.site.sim.ask("door", door=door, action="put", item=item)

    def do_take(self, door):
        return self.site.sim.ask("door", door=door, action="take")

    def do_shut(self, door):
        self.site.shut(door)
        return {}

    # -- what the daemon knows

    def do_item(self, item):
        return self.site.item(item) or {}

    def do_view(self):
        return self.site.kiosk.view()

    # -- what happened before the story begins

    def do_load(self, items, size):
        """A courier has put these in; not by the page, for that is another story."""
        kiosk = self.site.kiosk
        self.site.sign_in(*COURIER)
        kiosk.press("deposit")
        doors = [self.site.deposit(item, size) for item in items]
        kiosk.press("sign_out")
        kiosk.until("home")
        return {"doors": doors}


def play(site, story, build):
    kiosk = os.path.join(os.path.dirname(WHOLE), "kiosk")
    env = {**os.environ, "KIOSK_URL": f"http://127.0.0.1:{site.kiosk_port}/",
           "KIOSK_SHOT": os.environ.get("KIOSK_SHOT") or os.path.join(site.folder, "failed.png")}
    page = subprocess.Popen([os.path.join(kiosk, "run.sh"), os.path.join(build, "tests", "system", "kiosk"), "-",
                             "../whole/stories/play.mjs", story], env=env, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    cabinet = Cabinet(site)
    try:
        for line in page.stdout:
            wish = json.loads(line)
            if wish["do"] == "end":
                return
            if wish["do"] == "fail":
                raise AssertionError(f"{wish['why']}\nthe view: {site.kiosk.view()}")
            page.stdin.write(json.dumps(cabinet.carry_out(wish)) + "\n")
            page.stdin.flush()
        raise AssertionError(f"the browser ended with {page.wait(BROWSER_ENDS_S)}")
    finally:
        page.stdin.close()
        try:
            page.wait(BROWSER_ENDS_S)
        except subprocess.TimeoutExpired:
            page.kill()
            page.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--story", required=True)
    args = parser.parse_args()
    with site_rig.Site(args.build, banks=BANKS, sizes=SIZES, more=MORE, scanner=True, start=False) as site:
        # The hours of a window are told only while the clock is synchronised.
        site.start({"LD_PRELOAD": os.path.join(os.path.abspath(args.build), "tests/system/libsynced-clock.so")})
        site.hire(*COURIER)
        site.hire(*CLERK, role="clerk")
        play(site, args.story, os.path.abspath(args.build))
        site.until_all_acked()
        assert not site.postal.log.faults, site.postal.log.faults
    print(f"{args.story}: told in Chinese and in English, every promise kept")


if __name__ == "__main__":
    main()
