"""What the bad_*.py tests share: their command line, a site per test, and a daemon that is expected not to start.

Each script: /usr/bin/python3 bad_x.py --build DIR [Class.test ...]. It prints each promise it proved and exits non-zero
naming the first one that broke.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import unittest

import site_rig

BUILD = None
STAFF, PIN = "1001", "246813"

# Not started: 78 configuration, 75 somebody else has it, 65 damaged data.
EX_CONFIG, EX_TEMPFAIL, EX_DATAERR, EX_USAGE = 78, 75, 65, 64


def lockerd():
    return os.path.join(BUILD, "controller/app/lockerd")


def run_lockerd(*args, env=None, timeout_s=20):
    """Runs a daemon that should end by itself; returns (exit code, everything it said)."""
    done = subprocess.run([lockerd(), *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=timeout_s, check=False, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.decode("utf-8", "replace")


def preloaded(name, **env):
    """Environment of a daemon that runs with one of the libraries beside these tests."""
    return {"LD_PRELOAD": os.path.join(BUILD, f"tests/system/lib{name}.so"),
            "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0", **env}


class Case(unittest.TestCase):
    """A test with sites and folders that are gone afterwards."""

    longMessage = True

    def site(self, **options):
        options.setdefault("banks", {"A": {"line": "tcp", "doors": 8, "unit": 1, "sizes": "S:1-8",
                                           "more": "pulse_ms = 100\n"},
                                     "B": {"line": "rtu", "doors": 8, "unit": 2, "sizes": "M:1-8",
                                           "more": "pulse_ms = 100\n"}})
        options.setdefault("timing", {"open_timeout_ms": 1500, "left_open_s": 30, "notice_s": 3})
        site = site_rig.Site(BUILD, **options)
        self.addCleanup(site.close)
        return site

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="lockerd-bad-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def stock(self, site, item, code, token=None, size="S", **args):
        """Announces an item and lets a courier deposit it; returns the door."""
        self.assertEqual(site.announce(item, code, token, size, **args)["result"], "ok")
        if not getattr(site, "hired", False):
            site.hire(STAFF, PIN)
            site.hired = True
        site.sign_in(STAFF, PIN)
        site.kiosk.press("deposit")
        door = site.deposit(item, size)
        site.kiosk.press("sign_out")
        return door

    def pulses(self, site):
        return sum(door["commands"] for door in site.sim.ask("status")["doors"])

    def end(self, site):
        """The site is as it should be: every event upstream, every door shut, a clean end."""
        site.until_all_acked()
        self.assertEqual(site.postal.log.faults, [])
        self.assertEqual([e["seq"] for e in site.events], list(range(1, len(site.events) + 1)))
        for door in site.sim.ask("status")["doors"]:
            self.assertFalse(door["coil"] or door["open"], f"{door['name']} was left open or pulled")
        self.assertEqual(site.daemon.stop(), 0, "exit code of a clean stop")
        self.assertNotIn("bug:", site.daemon.log(), "the log blames a bug of ours")


def main(module):
    """Runs the module's tests; one line for each."""
    global BUILD  # pylint: disable=global-statement
    parser = argparse.ArgumentParser(description=module.__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("tests", nargs="*", help="Class.test; all when none is named")
    args = parser.parse_args()
    BUILD = sys.modules["bad_case"].BUILD = os.path.abspath(args.build)
    unittest.main(module=module.__name__, argv=[sys.argv[0], "-v", *([] if os.environ.get("LK_ALL") else ["-f"]), *args.tests])
