#!/usr/bin/python3
"""Installs the build into a folder of its own and looks at the result: is everything there, does it run from there, does
systemd understand the unit. Usage: install_test.py CMAKE BUILD_FOLDER"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CMAKE, BUILD = sys.argv[1:3]


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, timeout=60, **more)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix="lk-install-"))
        done = run(CMAKE, "--install", BUILD, "--prefix", "/usr", env={**os.environ, "DESTDIR": str(cls.root)})
        assert done.returncode == 0, done.stdout + done.stderr
        cls.usr = cls.root / "usr"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def find(self, name):
        found = [p for p in self.root.rglob(name) if not p.is_dir()]
        self.assertEqual(len(found), 1, f"{name}: {found}")
        return found[0]

    def test_programs_run(self):
        for name in ("sbin/lockerd", "bin/lockerctl"):
            result = run(self.usr / name, "--help")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("usage", result.stdout.lower())

    def test_every_example_is_a_configuration(self):
        examples = sorted((self.usr / "share/doc/lockerd/examples").glob("*.conf"))
        self.assertGreaterEqual(len(examples), 3)
        for example in examples:
            result = run(self.usr / "sbin/lockerd", "--check-config", "--config", example)
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_manual_pages(self):
        for name in ("man8/lockerd.8", "man5/lockerd.conf.5", "man1/lockerctl.1"):
            self.assertTrue((self.usr / "share/man" / name).is_file(), name)

    def test_texts(self):
        texts = json.loads((self.usr / "share/lockerd/messages.json").read_text(encoding="utf-8"))
        self.assertGreater(len(texts), 50)

    def test_diag_scripts_run_from_the_path(self):
        texts = self.usr / "share/lockerd/messages.json"
        for part in ("diag-machine", "diag-doors", "diag-bus", "diag-uplink", "diag-store", "diagnose", "support-bundle"):
            link = self.usr / "bin" / f"lockerd-{part}"
            self.assertTrue(link.is_symlink(), link)
            self.assertTrue(link.resolve().is_relative_to(self.usr), link.resolve())
            result = run(link, "--help", env={"PATH": "/usr/bin:/bin", "LOCKERD_MESSAGES": str(texts)})
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_unit_starts_what_was_installed_and_systemd_understands_it(self):
        unit = self.find("lockerd.service")
        text = unit.read_text(encoding="utf-8")
        self.assertNotIn("@", "".join(line for line in text.splitlines() if not line.startswith(("#", "SystemCallFilter"))))
        self.assertIn("ExecStart=/usr/sbin/lockerd\n", text)
        for needed in ("Type=notify", "WatchdogSec=", "NoNewPrivileges=yes", "DevicePolicy=closed", "LimitCORE=0"):
            self.assertIn(needed, text)
        self.assertNotIn("PrivateDevices=yes", text)  # it would hide the lines
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        here = self.root / "lockerd.service"
        here.write_text(text.replace(next(line for line in text.splitlines() if line.startswith("ExecStart=")),
                                     f"ExecStart={self.usr}/sbin/lockerd"), encoding="utf-8")
        result = run("systemd-analyze", "verify", "--man=no", here)
        mine = [line for line in result.stderr.splitlines() if "lockerd" in line]
        self.assertEqual(mine, [])
        result = run("systemd-analyze", "security", "--offline=true", "--threshold=20", here)
        self.assertEqual(result.returncode, 0, result.stdout[-600:] + result.stderr)

    def test_user_modules_and_rules(self):
        for line in self.usr.joinpath("lib/sysusers.d/lockerd.conf").read_text(encoding="utf-8").splitlines():
            self.assertRegex(line, r"^(#.*|u \S+ - \".+\" /\S+|g \S+ -|m \S+ \S+)$")
        self.assertIn("cdc-acm", self.usr.joinpath("lib/modules-load.d/lockerd.conf").read_text(encoding="utf-8"))
        self.assertIn("gpiochip", self.find("60-lockerd.rules").read_text(encoding="utf-8"))
        for line in self.usr.joinpath("lib/tmpfiles.d/lockerd.conf").read_text(encoding="utf-8").splitlines():
            self.assertRegex(line, r"^(#.*|d /\S+ 07[05]0 (root|lockerd) lockerd -)$")

    def test_touch_screen_is_locked_to_the_page_of_its_defaults(self):
        policy = json.loads(self.root.joinpath("etc/chromium/policies/managed/lockerd.json").read_text(encoding="utf-8"))
        self.assertEqual((policy["URLBlocklist"], policy["DeveloperToolsAvailability"]), (["*"], 2))
        url = [line for line in self.root.joinpath("etc/default/lockerd-kiosk").read_text(encoding="utf-8").splitlines() if line.startswith("LOCKERD_KIOSK_URL=")]
        self.assertIn(url[0].split("=")[1].rstrip("/"), policy["URLAllowlist"])
        unit = self.usr.joinpath("lib/systemd/system/lockerd-kiosk.service").read_text(encoding="utf-8")
        self.assertTrue({"Restart=always", "StartLimitIntervalSec=0", "User=lockerd-kiosk"} <= set(unit.splitlines()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
