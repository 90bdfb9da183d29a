#!/usr/bin/python3
"""The main job through the real page in a real browser: deposit, pickup by code and by QR, open again, a restart."""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import site_rig  # noqa: E402


def moving_door(site):
    return site_rig.until(lambda: next((d["door"] for d in site.admin("doors")["doors"] if d["state"] == "open"), None),
                          10, "an open door")


def carry_out(site, wish):
    """One wish of the page's script at the cabinet; returns the answer line."""
    what = wish["do"]
    if what == "scan":
        site.scanner.scan(wish["text"])
        return {}
    if what == "restart":
        site.daemon.kill()
        site.start()
        return {}
    door = moving_door(site)
    if what == "put":
        site.sim.ask("door", door=door, action="put", item=wish["item"])
    elif what == "take":
        site.sim.ask("door", door=door, action="take")
    site.shut(door)
    return {"door": door}


def play(site, build):
    kiosk = os.path.join(HERE, "..", "kiosk")
    env = {**os.environ, "KIOSK_URL": f"http://127.0.0.1:{site.kiosk_port}/",
           "KIOSK_SHOT": os.path.join(site.folder, "failed.png")}
    page = subprocess.Popen([os.path.join(kiosk, "run.sh"), os.path.join(build, "tests", "system", "kiosk"), "-",
                             "../whole/kiosk_whole.mjs"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        for line in page.stdout:
            wish = json.loads(line)
            if wish.get("done"):
                return
            if "failed" in wish:
                raise AssertionError(f"{wish['failed']}\nthe view: {site.kiosk.view()}")
            page.stdin.write(json.dumps(carry_out(site, wish)) + "\n")
            page.stdin.flush()
        raise AssertionError(f"the browser ended with {page.wait(10)}")
    finally:
        page.stdin.close()
        page.wait(30)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    with site_rig.Site(args.build, scanner=True) as site:
        site.hire()
        site.announce("Y1", code="11112222")
        site.announce("Y2", token="token-of-item-two-0123456789")
        play(site, os.path.abspath(args.build))
        site.until_all_acked()
        for item in ("Y1", "Y2"):
            assert site.item(item)["custody"] == "collected", site.item(item)
        assert len(site.events_of("item.collected")) == 2 and not site.postal.log.faults
    print("deposit, pickup by code and QR, open again and a restart through the real page: every promise kept")


if __name__ == "__main__":
    main()
