#!/usr/bin/python3
"""The touch screen, as it hangs in the hall: lockerd-kiosk from its package on an emulated PC with a graphics card, a touch panel and a
keyboard that a vandal brought. A citizen collects at it with a finger; no key gets anybody out of the page; whatever dies comes back.

usage: screen_test.py [--built] [--picture FILE] [--only PART]     --built takes the packages as they lie there
Needs root to make the machine, and an amd64 one for the packages to fit; ends with 77, skipped, without."""

import argparse
import glob
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, HERE)
import emulated  # noqa: E402
import machine as vm  # noqa: E402
from machine import expect  # noqa: E402

BUILD = os.path.join(os.environ.get("LK_BUILD_DIR", os.path.join(ROOT, "build")), "package")
BESIDES = ["mosquitto", "python3-paho-mqtt", "python3-cryptography"]
SKIPPED = 77
PATIENCE_S = 20
CODE = "48201957"
# Where the page's keypad is on a screen of 1280 by 800; layout.mjs sees to it that it is on the screen at all.
COLUMNS, ROWS = (748, 953, 1159), (193, 301, 409)
KEYPAD = {str(3 * row + column + 1): (COLUMNS[column], ROWS[row]) for row in range(3) for column in range(3)} | {"0": (953, 517)}
OPEN = (953, 632)
# Each leaves the page, or asks for something else than the page, in an ordinary Chromium, desktop or kernel.
ESCAPES = ("ctrl-o ctrl-n ctrl-t ctrl-shift-n ctrl-l ctrl-p ctrl-s ctrl-u ctrl-h ctrl-j ctrl-d ctrl-shift-o ctrl-shift-i ctrl-shift-a "
           "shift-esc f1 f5 f6 f11 f12 alt-d alt-f alt-home alt-left alt-f2 alt-f4 alt-tab menu shift-f10 ctrl-minus ctrl-alt-f1 ctrl-alt-f2 "
           "ctrl-alt-delete alt-sysrq-r alt-sysrq-b ctrl-shift-q ctrl-w ctrl-f4").split()
SITE = """systemctl start lockerd-sim mosquitto
install -m 640 -g lockerd /usr/share/doc/lockerd-sim/examples/lockerd.conf /etc/lockerd/lockerd.conf
post="lockerd-sim postal --operator yulin --site trial-1 --port 1883 --keys /root/postal"; $post keys > /dev/null
install -m 640 -g lockerd /root/postal/upstream.jwks.json /etc/lockerd/command-keys.json
systemctl start lockerd; (umask 077; echo 2468 > pin); lockerctl staff add 1001 --role courier --new-pin-file pin > /dev/null; rm pin
for i in $(seq 100); do lockerctl --json status > s && ! grep -q '"unknown": *[1-9]' s && grep -q '"ready"' s && break; sleep 0.3; done; cat s
"""


def note(text):
    print(text, flush=True)


class Hall:
    def __init__(self, screen):
        self.screen, self.home = screen, None

    def until(self, true, timeout_s, what):
        limit = time.monotonic() + timeout_s
        while not true():
            expect(time.monotonic() < limit, f"waited {timeout_s} s for {what}")
            time.sleep(0.5)

    def pages(self):
        return self.screen.type("curl -s http://127.0.0.1:8080/api/v1/pages").strip()

    def shows(self, other):
        """Up to a blinking cursor's worth."""
        return self.screen.look().differing(other) < 200

    def settled(self):
        """The picture, when it has stopped changing and there is something in it."""
        last, same = self.screen.look(), 0
        for _ in range(120):
            time.sleep(1)
            now = self.screen.look()
            same = same + 1 if now.colours() > 50 and now.differing(last) == 0 else 0
            if same == 10:
                return now
            last = now
        raise AssertionError("the screen shows nothing that stays")

    def pids(self, pattern):
        return self.screen.type(f"pgrep -u lockerd-kiosk -f -- '{pattern}'").split()

    def back(self, what, timeout_s=180):
        started = time.monotonic()
        self.until(lambda: self.pages() == '{"pages":1}' and self.shows(self.home), timeout_s, f"the page, after {what}")
        note(f"{what}: the page is back after {time.monotonic() - started:.0f} s")


def comes_up(hall):
    """The unit runs before there is a site; the page appears when there is one."""
    type_ = hall.screen.type
    hall.until(lambda: type_("systemctl is-active lockerd-kiosk").strip() == "active", 60, "the unit")
    ready = type_(SITE, 180)
    expect('"ready"' in ready, f"the site is not ready: {ready}")
    hall.until(lambda: hall.pages() == '{"pages":1}', 240, "the page to be shown")
    hall.home = hall.settled()
    expect(type_("cat /sys/class/tty/tty0/active").strip() == "tty1", "the screen is not the first terminal's")
    note(f"the page is on the screen: {hall.home.colours()} colours")


def sandboxed(hall):
    """The browser is in the unit's own group, with what stands in the unit: no way out of the machine, and no admin socket."""
    type_ = hall.screen.type
    browser = hall.pids("chromium.*--type=renderer")
    expect(browser, "no browser")
    groups = {type_(f"cat /proc/{pid}/cgroup").strip() for pid in browser}
    expect(groups == {"0::/system.slice/lockerd-kiosk.service"}, f"not in the unit's group: {groups}")
    type_("ip addr add 10.9.9.9/32 dev lo; (cd /tmp && exec python3 -m http.server --bind 10.9.9.9 8000 > /dev/null 2>&1) & sleep 3")
    far = "curl -s -o /dev/null --max-time 5 http://10.9.9.9:8000/ && echo reached"
    expect(type_(far).strip() == "reached", "the far page should be there")
    inside = type_(f"sh -c 'echo $$ > /sys/fs/cgroup/system.slice/lockerd-kiosk.service/cgroup.procs; {far}; curl -s http://127.0.0.1:8080/api/v1/pages'")
    expect(inside.strip() == '{"pages":1}', f"from the unit's group: {inside}")
    refused = type_("setpriv --reuid lockerd-kiosk --regid lockerd-kiosk --clear-groups lockerctl --lang en status 2>&1; echo exit code $?")
    expect("exit code 0" not in refused, f"the screen's account may use the admin socket: {refused}")
    note("the browser reaches this machine's page and nothing else, and may not use the admin socket")


def collects(hall):
    """With a finger, from the code to the open door."""
    screen = hall.screen
    said = screen.type(f"$post --jti one announce case-1 --code {CODE} && lockerd-sim deposit case-1 --staff 1001 --pin 2468")
    expect("case-1 lies in A01" in said, f"no deposit: {said}")
    hall.until(lambda: hall.shows(hall.home), 60, "the first page")
    for digit in CODE:
        screen.tap(*KEYPAD[digit])
        time.sleep(0.5)
    expect(not hall.shows(hall.home), "a finger does nothing")
    screen.tap(*OPEN)
    hall.until(lambda: screen.type("lockerd-sim status | grep -c open").strip() == "1", 30, "one open door")
    expect("A01" in screen.type("lockerd-sim status | grep open"), "the wrong door")
    screen.type("lockerd-sim take A01; lockerd-sim close A01")
    hall.until(lambda: "collected" in screen.type("lockerctl --json events"), 30, "the pickup in the log")
    hall.until(lambda: hall.shows(hall.home), 120, "the first page after the pickup")
    note("a code typed with a finger opened A01; it was collected, and the page is back")


def vandal(hall):
    """A keyboard changes nothing: neither the page, nor the terminal, nor what runs."""
    screen, state = hall.screen, "cat /sys/class/tty/tty0/active; systemctl show -P NRestarts lockerd-kiosk; cat /proc/sys/kernel/random/boot_id"
    expect(screen.type("cat /proc/sys/kernel/sysrq").strip() == "16", "the kernel's magic keys are on")
    before, browser = screen.type(state), hall.pids("chromium.*--kiosk")
    for keys in ESCAPES:
        screen.press(keys)
        time.sleep(0.5)
        expect(hall.shows(hall.home), f"{keys} changed the screen")
    time.sleep(5)
    expect(hall.shows(hall.home) and screen.type(state) == before and hall.pids("chromium.*--kiosk") == browser, "something came of the keys")
    note(f"{len(ESCAPES)} combinations of keys: nothing")


def dies(hall):
    """Whatever ends is started again; a browser that shows nothing is found."""
    type_ = hall.screen.type
    type_("pkill -KILL -u lockerd-kiosk -f -- --type=renderer")
    hall.until(lambda: not hall.shows(hall.home), 60, "the page to break")
    hall.back("the page died in the browser")
    for what, command in (("the browser was killed", "pkill -KILL -u lockerd-kiosk -f -- 'chromium.*--kiosk'"), ("cage was killed", "pkill -KILL -x cage")):
        type_(command)
        hall.until(lambda: hall.pages() == '{"pages":0}', 60, "the page to be gone")
        hall.back(what)
    type_("systemctl stop lockerd")
    hall.until(lambda: not hall.shows(hall.home), 60, "the page to say that lockerd is away")
    time.sleep(10)
    expect(not hall.shows(hall.home) and hall.screen.look().colours() > 20, "nothing is said while lockerd is away")
    type_("systemctl start lockerd")
    hall.back("lockerd was away")


def worked_at(hall):
    """Somebody who has stopped the unit types at another terminal, rule or no rule."""
    screen = hall.screen
    screen.type("systemctl stop lockerd-kiosk; chvt 2")
    hall.until(lambda: screen.type("systemctl is-active getty@tty2").strip() == "active", 60, "a login on the second terminal")
    time.sleep(5)
    screen.press("x")
    screen.press("ret")
    hall.until(lambda: "Password" in screen.type("cat /dev/vcs2"), 30, "the keyboard to type there")
    screen.type("systemctl start lockerd-kiosk")
    hall.back("somebody worked at the machine")


def keyboard_allowed(hall):
    """Without the rule that ignores keyboards the policy still keeps the worst away: a file dialogue, and a page that is not ours."""
    screen = hall.screen
    screen.type("ln -s /dev/null /etc/udev/rules.d/62-lockerd-kiosk.rules; udevadm control --reload; udevadm trigger --subsystem-match=input --action=change; "
                "udevadm settle; systemctl restart lockerd-kiosk")
    hall.back("the rule was taken away")
    screen.press("ctrl-o")
    time.sleep(5)
    expect(hall.shows(hall.home), "a file dialogue")
    screen.press("ctrl-n")
    hall.until(lambda: hall.pages() == '{"pages":2}', 60, "the key to open a window: the keyboard is not there, so this proves nothing")
    note("with the keyboard allowed: no file dialogue, and a new window shows the page as well")


PARTS = {part.__name__: part for part in (sandboxed, collects, vandal, dies, worked_at, keyboard_allowed)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--picture", help="where to leave a picture of the screen (PNG), of the first page or of the failure")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part, after the start; may be given again")
    args = parser.parse_args()
    arch = vm.run("dpkg", "--print-architecture").stdout.strip()
    if os.geteuid() != 0 or arch != "amd64":
        print("skipped: needs root, and an amd64 machine")
        return SKIPPED
    if not args.built:
        built = vm.run(os.path.join(ROOT, "scripts", "package"), "--no-install", "--no-lintian")
        expect(built.returncode == 0, f"scripts/package: {built.stdout[-2000:]}{built.stderr[-2000:]}")
    debs = sorted(d for d in glob.glob(os.path.join(BUILD, arch, "*.deb")) if "dbgsym" not in d)
    expect(len(debs) == 4, debs)
    screen = emulated.Screen(emulated.make_image(BUILD, debs, BESIDES, {
        "etc/default/lockerd-kiosk": "LOCKERD_KIOSK_OPTIONS=--disable-gpu\nWLR_RENDERER=pixman\n" f"LOCKERD_KIOSK_PATIENCE_S={PATIENCE_S}\n"}))
    try:
        hall = Hall(screen)
        comes_up(hall)
        if args.picture:
            screen.keep_picture(os.path.abspath(args.picture))
        for name in args.only or PARTS:
            PARTS[name](hall)
    except BaseException:
        print(screen.last_words())
        print(screen.type("systemctl status --no-pager -n 30 lockerd-kiosk lockerd | cut -c1-200"))
        if args.picture:
            screen.keep_picture(os.path.abspath(args.picture))
        raise
    finally:
        screen.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
