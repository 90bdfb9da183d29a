#!/usr/bin/python3
"""What the papers tell people to type is what the programs take: every lockerctl line of docs/ is lawful, and the manual pages
name the same options, commands and exit codes as --help. Arguments: lockerctl, lockerd, source folder."""
import os
import pty
import re
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

LOCKERCTL, LOCKERD, SOURCE = sys.argv[1], sys.argv[2], Path(sys.argv[3])
UNREACHABLE = 3  # lockerctl understood its words and found no daemon
NO_SITE = 4  # what works without a daemon found no configuration


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}).stdout


def manual(name):
    return (SOURCE / "packaging" / "man" / name).read_text(encoding="utf-8")


def at_a_terminal(words):
    """Runs lockerctl at a terminal of its own, types a PIN twice and a badge, and returns its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(LOCKERCTL, [LOCKERCTL, "--socket", "/nonexistent/admin.sock", "--lang", "en", *words])
    said, answers = b"", [b"2468\n", b"2468\n", b"badge-1\n"]
    try:
        while chunk := os.read(terminal, 1024):
            said += chunk
            if said.rstrip(b" ").endswith(b":") and answers:
                os.write(terminal, answers.pop(0))
                said = b""
    except OSError:
        pass  # EIO: the other side is gone
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Papers(unittest.TestCase):
    def test_every_line_of_the_pages_is_lawful(self):
        lines = {line.strip() for page in (SOURCE / "docs").rglob("*.md")
                 for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)
                 for line in block.splitlines() if line.startswith("lockerctl")}
        self.assertGreater(len(lines), 15)
        for line in sorted(lines):
            with self.subTest(line):
                words = shlex.split(line)[1:]
                self.assertEqual(at_a_terminal(words), NO_SITE if words[0] == "restore" else UNREACHABLE)

    def test_lockerctl_and_its_manual_page_agree(self):
        help_text, page = output(LOCKERCTL, "--lang", "en", "--help"), manual("lockerctl.1")
        commands = re.findall(r"^  ([a-z]+)", help_text, flags=re.M)
        self.assertGreater(len(commands), 12)
        whole = help_text + "".join(output(LOCKERCTL, "--lang", "en", command, "--help") for command in commands)
        self.assertEqual(set(re.findall(r"--([a-z-]+)", whole)), set(re.findall(r"Fl -([a-z-]+)", page)))
        self.assertEqual(set(commands), set(re.findall(r"^\.It Cm ([a-z]+)", page, flags=re.M)))
        self.assertEqual(set(re.findall(r"[ ;](\d+) [a-z]", help_text[help_text.index("Exit codes"):])),
                         set(re.findall(r"^\.It (\d+)$", page, flags=re.M)))

    def test_lockerd_and_its_manual_page_agree(self):
        help_text, page = output(LOCKERD, "--help"), manual("lockerd.8")
        self.assertEqual(set(re.findall(r"--([a-z-]+)", help_text)), set(re.findall(r"(?:Fl|,) -([a-z-]+)", page)))
        self.assertEqual(set(re.findall(r"[ ,](\d+) [a-zD]", help_text[help_text.index("exit:"):])),
                         set(re.findall(r"^\.It (\d+)$", page, flags=re.M)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
