#!/usr/bin/python3
"""drivers/profiles/compile_profiles.py: each mistake in a data file is named with file and line and stops the build.
scripts/new-board: what it makes compiles, and its test fails until the frames are filled in."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROFILES = ROOT / "drivers" / "profiles"
TOOL = PROFILES / "compile_profiles.py"
NEW_BOARD = ROOT / "scripts" / "new-board"

spec = importlib.util.spec_from_file_location("compile_profiles", TOOL)
compiler = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(compiler)

SOUND = """\
[family]
source = somebody
verified = yes
coils_read = 0x01
coils_address = 0
inputs_read = 2
inputs_address = 0
coil_kind = bit
coil_address = 0
all_off_kind = coil
all_off_address = 0xFF
pulse_kind = coil-timed
pulse_address = 0x200
pulse_unit_ms = 100
pulse_min_ms = 100
pulse_default_ms = 500
pulse_max_ms = 500
timeout_ms = 600
[board acme-8]
channels = 8
inputs = 8
"""


class Folder(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="lk-boards-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.out = self.dir / "boards.c"

    def compile(self, *files):
        return subprocess.run([sys.executable, TOOL, "--source", self.out, *files], capture_output=True, text=True,
                              check=False, timeout=30)


class Compiler(Folder):
    def run_on(self, text, name="acme.ini"):
        path = self.dir / name
        path.write_text(text)
        return self.compile(path)

    def refused(self, line, words, text, name="acme.ini"):
        path = self.dir / name
        path.write_text(text)
        with self.assertRaises(compiler.Wrong) as caught:
            compiler.read_all([str(path)])
        self.assertRegex(str(caught.exception), rf"^\S*{name}:{line}: .*{re.escape(words)}")

    def changed(self, before, after):
        self.assertIn(before, SOUND)
        return SOUND.replace(before, after, 1)

    def test_a_sound_file_comes_out_whole(self):
        result = self.run_on(SOUND)
        self.assertEqual(result.returncode, 0, result.stderr)
        text = self.out.read_text()
        for words in ('.name = "acme-8"', '.family = "acme"', ".all_off_kind = LK_ALL_OFF_COIL", ".pulse_address = 0x0200",
                      ".verified = true", "lk_profiles_n = 1"):
            self.assertIn(words, text)

    def test_our_own_files_are_sound(self):
        result = self.compile(*sorted(PROFILES.glob("*.ini")))
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_mistake_stops_the_build(self):
        result = self.run_on("channels = 8\n")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("acme.ini:1: ", result.stderr)
        self.assertFalse(self.out.exists())

    def test_an_unknown_key(self):
        self.refused(19, "there is no key 'colour'", self.changed("timeout_ms = 600\n", "timeout_ms = 600\ncolour = red\n"))

    def test_a_missing_key(self):
        self.refused(18, "'timeout_ms' is missing", self.changed("timeout_ms = 600\n", ""))
        self.refused(18, "'pulse_address' is missing", self.changed("pulse_address = 0x200\n", ""))

    def test_a_key_twice(self):
        self.refused(19, "'timeout_ms' is here twice, first in line 18",
                     self.changed("timeout_ms = 600\n", "timeout_ms = 600\ntimeout_ms = 500\n"))

    def test_out_of_range(self):
        self.refused(20, "channels: 33 is outside 1 to 32", self.changed("channels = 8", "channels = 33"))
        self.refused(5, "coils_address: 0x10000 is outside", self.changed("coils_address = 0", "coils_address = 0x10000"))
        self.refused(18, "timeout_ms: 'soon' is not a number", self.changed("timeout_ms = 600", "timeout_ms = soon"))
        self.refused(4, "function 07", self.changed("coils_read = 0x01", "coils_read = 7"))
        self.refused(12, "pulse_kind: 'fast' is none of", self.changed("coil-timed", "fast"))
        self.refused(13, "leaves no room", self.changed("0x200", "0xFFFC"))

    def test_a_duplicate_name(self):
        self.refused(22, "the name is taken by", SOUND + "[board acme-8]\nchannels = 8\ninputs = 8\n")

    def test_a_name_outside_its_family(self):
        self.refused(19, "begins with its family's", SOUND, name="other.ini")
        self.refused(19, "a section is", self.changed("[board acme-8]", "[board Acme 8]"))

    def test_what_makes_no_sense_together(self):
        self.refused(19, "'pulse_stride' makes sense only with",
                     self.changed("timeout_ms = 600\n", "timeout_ms = 600\npulse_stride = 5\n"))
        self.refused(20, "'coil_on' is missing", self.changed("coil_kind = bit", "coil_kind = register\n# of both"))
        self.refused(16, "pulse_default_ms is no multiple", self.changed("pulse_default_ms = 500", "pulse_default_ms = 550"))
        self.refused(16, "are not in order", self.changed("pulse_default_ms = 500", "pulse_default_ms = 600"))

    def test_doubts(self):
        self.refused(3, "verified = no needs an 'unverified FIELD = why'", self.changed("verified = yes", "verified = no"))
        self.refused(3, "and yet unverified: pulse_unit_ms",
                     self.changed("verified = yes", "verified = yes\nunverified pulse_unit_ms = a guess"))
        self.refused(4, "there is no field 'colour'",
                     self.changed("verified = yes", "verified = no\nunverified colour = a guess"))
        result = self.run_on(self.changed("verified = yes", "verified = no\nunverified pulse_unit_ms = a guess"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('{"pulse_unit_ms", "a guess"}', self.out.read_text())

    def test_what_stands_before_the_family(self):
        self.refused(1, "the first section has to be [family]", "[board acme-8]\nchannels = 8\n")
        self.refused(1, "neither a section nor", "channels = 8\n")
        self.refused(1, "a family needs a [board ...]", "[family]\n")

    def test_a_board_without_inputs_needs_no_input_keys(self):
        text = SOUND + "[board acme-8-bare]\nchannels = 8\ninputs = 0\n"
        self.assertEqual(self.run_on(text).returncode, 0)
        self.assertEqual(self.out.read_text().count(".inputs_read"), 1)


class Page(unittest.TestCase):
    def test_the_page_lists_the_boards_as_they_are(self):
        rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\d+), (\d+) \| (board|ours)[^|]*\|[^|]*\| (yes|no) \|$",
                          (ROOT / "docs" / "boards.md").read_text(), re.M)
        boards = compiler.read_all(sorted(str(path) for path in PROFILES.glob("*.ini")))
        self.assertEqual(sorted(rows), sorted(
            (b.name, str(b.values["channels"]), str(b.values["inputs"]),
             "ours" if b.values["pulse_kind"] == "software" else "board", b.values["verified"]) for b in boards))


class NewBoard(Folder):
    def setUp(self):
        super().setUp()
        self.profiles, data = self.dir / "drivers" / "profiles", self.dir / "tests" / "data"
        shutil.copytree(PROFILES, self.profiles)
        data.mkdir(parents=True)
        self.table = Path(shutil.copy(ROOT / "tests" / "data" / "boards.csv", data))

    def new(self, *args):
        return subprocess.run([sys.executable, NEW_BOARD, *args, "--root", self.dir], capture_output=True, text=True,
                              check=False, timeout=30)

    def sound(self):
        result = self.compile(*sorted(self.profiles.glob("*.ini")))
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.out.read_text()

    def test_a_new_family_compiles_and_drives_nothing(self):
        result = self.new("acme-relay-4", "--channels", "4", "--inputs", "0")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = self.sound()
        row = text[text.index('"acme-relay-4"'):]
        self.assertIn(".verified = false", row[:row.index("},")])
        self.assertTrue((self.profiles / "acme-relay.ini").exists())
        self.assertEqual(self.table.read_text().splitlines()[-1], "acme-relay-4,?,?,?,?,none")

    def test_one_more_size_of_a_known_family(self):
        before = (self.profiles / "jy-dam.ini").read_text()
        self.assertEqual(self.new("jy-dam-4", "--channels", "4").returncode, 0)
        self.assertEqual((self.profiles / "jy-dam.ini").read_text(),
                         before + "\n[board jy-dam-4]\nchannels = 4\ninputs = 4\n")
        self.assertIn('"jy-dam-4"', self.sound())

    def test_what_exists_is_left_alone(self):
        result = self.new("jy-dam-8")
        self.assertEqual(result.returncode, 1)
        self.assertIn("there is a board jy-dam-8 already", result.stderr)
        for name in ("Acme-8", "acme", "acme_8", "-8", "a" * 30 + "-8"):
            self.assertEqual(self.new(name).returncode, 2, name)


if __name__ == "__main__":
    unittest.main()
