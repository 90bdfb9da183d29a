#!/usr/bin/python3
"""The shared parts of scripts/: what is installed, and how results are counted. No package is touched: dpkg-query,
apt-get, sudo and id are played by small scripts in a PATH of our own."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

LIB = Path(__file__).resolve().parents[3] / "scripts" / "lib"
TOOLS = ["bash", "cat", "sort", "paste", "sed", "env", "sleep"]


class Packages(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="lk-scripts-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.calls = self.dir / "calls"
        for name in TOOLS:
            (self.dir / name).symlink_to(shutil.which(name))
        self.fake("id", "echo 0")
        self.fake("dpkg-query", 'for last; do :; done; case " $HAVE " in *" $last "*) echo installed ;; *) exit 1 ;; esac')
        self.fake("apt-get", f'echo "$@" >>{self.calls}')

    def fake(self, name, body):
        path = self.dir / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def run_lib(self, command, have=""):
        return subprocess.run(["bash", "-c", f'. "{LIB}/packages.sh"; {command}'], env={"PATH": str(self.dir), "HAVE": have},
                              capture_output=True, text=True, check=False, timeout=30)

    def names(self, *groups):
        rows = self.run_lib("lk_packages").stdout.split("\n")
        return sorted({row.split()[1] for row in rows if row and row.split()[0] in groups})

    def test_every_row_is_well_formed_and_named_once_per_group(self):
        rows = [row.split() for row in self.run_lib("lk_packages").stdout.splitlines()]
        self.assertGreater(len(rows), 20)
        for row in rows:
            self.assertIn(len(row), (2, 3), row)
            self.assertIn(row[0], ("build", "test", "demo", "vm", "package", "screen"))
        self.assertEqual(len(rows), len({(row[0], row[1]) for row in rows}))

    def test_nothing_is_done_when_all_is_there(self):
        result = self.run_lib("lk_need_packages build test", have=" ".join(self.names("build", "test")))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertFalse(self.calls.exists())

    def test_only_what_is_missing_is_installed_after_one_update(self):
        have = [name for name in self.names("build") if name not in ("libjose-dev", "libinih-dev")]
        result = self.run_lib("lk_need_packages build", have=" ".join(have))
        self.assertEqual(result.returncode, 0, result.stderr)
        update, install = self.calls.read_text().splitlines()
        self.assertTrue(update.startswith("update"))
        self.assertTrue(install.startswith("install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300"))
        self.assertTrue(install.endswith(" libinih-dev libjose-dev"), install)

    def test_a_command_from_elsewhere_serves_as_well(self):
        self.fake("npm", "true")
        result = self.run_lib("lk_missing_packages test")
        self.assertNotIn("npm", result.stdout.split())
        self.assertIn("nodejs", result.stdout.split())

    def test_no_apt_says_what_to_install(self):
        (self.dir / "apt-get").unlink()
        result = self.run_lib("lk_need_packages build", have=" ".join(set(self.names("build")) - {"libjose-dev"}))
        self.assertEqual(result.returncode, 1)
        self.assertIn("apt-get is not here; install these yourself: libjose-dev", result.stderr)

    def test_not_debian_names_everything_and_goes_on(self):
        (self.dir / "dpkg-query").unlink()
        result = self.run_lib("lk_need_packages demo")
        self.assertEqual(result.returncode, 0)
        self.assertIn("not a Debian system", result.stderr)
        for name in self.names("demo"):
            self.assertIn(name, result.stderr)

    def test_not_root_uses_sudo_or_says_so(self):
        self.fake("id", "echo 1000")
        have = " ".join(set(self.names("build")) - {"libjose-dev"})
        self.fake("sleep", "true")
        result = self.run_lib("lk_need_packages build", have=have)
        self.assertEqual(result.returncode, 1)
        self.assertIn("sudo is not here", result.stderr)
        self.fake("sudo", f'echo sudo >>{self.calls}; shift; "$@"')
        result = self.run_lib("lk_need_packages build", have=have)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.calls.read_text().splitlines()[0], "sudo")

    def test_a_failing_apt_is_a_failure(self):
        self.fake("sleep", "true")
        self.fake("apt-get", "exit 100")
        self.assertEqual(self.run_lib("lk_need_packages build").returncode, 1)
        self.fake("apt-get", 'test "$1" = update')
        self.assertNotEqual(self.run_lib("lk_need_packages build").returncode, 0)


class Counts(unittest.TestCase):
    def count(self, *cases):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as f:
            f.write(f"<testsuite>{''.join(cases)}</testsuite>")
            f.flush()
            return subprocess.run([LIB / "junit-counts", f.name], capture_output=True, text=True, check=False)

    def test_passed_failed_skipped_and_not_run(self):
        result = self.count(
            '<testcase name="a" status="run"><system-out/></testcase>',
            '<testcase name="b" status="fail"><failure message=""/></testcase>',
            '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>',
            '<testcase name="d" status="disabled"/>',
            '<testcase name="e" status="notrun"><skipped message="Unable to find executable"/></testcase>',
            '<testcase name="f" status="notrun"><skipped message="Fixture dependency failed"/></testcase>')
        self.assertEqual(result.stdout, "1 3 2\n")
        self.assertEqual(result.stderr.split(), ["b", "e", "f"])

    def test_nonsense_is_an_error(self):
        self.assertNotEqual(self.count("<testcase").returncode, 0)


if __name__ == "__main__":
    unittest.main()
