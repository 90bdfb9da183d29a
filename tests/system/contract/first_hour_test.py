#!/usr/bin/python3
"""docs/contract/first-hour.md does what it says: starts the demo as the page does, types each command of the page into one
shell, does by hand what the page asks to do by hand, and compares what comes (but for times, ids and numbers of events).

usage: first_hour_test.py --build DIR [--update]      --update writes what came into the page
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "tour")]
import site_rig  # noqa: E402
import test_show  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "contract", "first-hour.md")
ITEM, CODE, COURIER = "case-2026-0001", "48201957", ("1001", "2468")
STEP = re.compile(r"```console\n(.*?)```\n|<!-- by hand: (\w+) -->\n", re.S)
# What differs from run to run, and what stands for it when two runs are compared.
DIFFERS = ((r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "EPOCH"), (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
           (r"\b[0-9a-f]{64}\b", "HASH"), (r"\b[0-9a-f]{16}\b", "ID"), (r'"(iat|exp)": \d{10}', r'"\1": SECONDS'),
           (r'("seq": |EPOCH:)\d+', r"\1N"), (r"[A-Za-z0-9_-]{86}\b", "SIGNATURE"), (r'"(timequality|clock)": "\w+"', r'"\1": "CLOCK"'), (r"answer to \w+", "answer to ID"))


def alike(text):
    for pattern, stand_in in DIFFERS:
        text = re.sub(pattern, stand_in, text)
    return text.strip()


class Demo:
    """scripts/demo without its building, and a person before its page."""

    def __init__(self, build):
        program = os.path.join(ROOT, "scripts", "lib", "demo", "demo.py")
        self.process = subprocess.Popen(["/usr/bin/python3", "-B", program, "--build", build, "--integrator", "--no-browser",
                                         "--port", str(site_rig.free_port())], stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.lines = []
        self.ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self.ready.wait(60):
            raise AssertionError(f"the demo does not come up: {self.lines}")
        said = "".join(self.lines)
        self.mqtt, self.keys = re.search(r"upstream\.py --port (\d+) .* --keys (\S+)", said).groups()
        self.page = test_show.Page(int(re.search(r"open +http://127\.0\.0\.1:(\d+)/", said)[1]))
        self.kiosk = site_rig.Kiosk(int(re.search(r"kiosk only +http://127\.0\.0\.1:(\d+)/", said)[1]))

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if "Ctrl-C" in line:
                self.ready.set()
        self.ready.set()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def act(self, name, **arguments):
        answer = self.page.act(name, **arguments)
        if not answer["ok"]:
            raise AssertionError(f"{name} {arguments}: {answer}")

    def deposit(self):
        self.kiosk.sign_in(*COURIER)
        self.kiosk.until("staff_menu")
        self.kiosk.press("deposit")
        self.act("scan", what="barcode", item=ITEM)
        self.kiosk.until("size")
        self.kiosk.press("size", size="S")
        door = self.kiosk.until("put")["door"]
        self.act("put", door=door, item=ITEM)
        self.act("close", door=door)
        self.kiosk.until("placed")
        self.kiosk.press("sign_out")

    def pickup(self):
        self.kiosk.code(CODE)
        door = self.kiosk.until("take")["door"]
        self.act("take", door=door)
        self.act("close", door=door)
        self.kiosk.until("taken")
        self.kiosk.press("done")


class Shell:
    """One shell for the whole hour."""

    END = "end-of-what-it-said"

    def __init__(self):
        self.process = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, encoding="utf-8")

    def type(self, command):
        self.process.stdin.write(f"{command}\necho {self.END}\n")
        self.process.stdin.flush()
        said = ""
        for line in self.process.stdout:
            if line.endswith(f"{self.END}\n"):
                return said + line[:-len(self.END) - 1]
            said += line
        raise AssertionError(f"the shell ended at: {command}")

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def commands_of(block):
    """[command, what the page shows] of a block."""
    steps = []
    for line in block.splitlines(True):
        if line.startswith("$ "):
            steps.append([line[2:].rstrip("\n"), ""])
        else:
            steps[-1][1] += line
    return steps


def hour(text, demo, shell):
    """Plays the page; returns it with what really came, and what differs from it."""
    faults, count = [], 0

    def step(match):
        nonlocal count
        if match[2]:
            getattr(demo, match[2])()
            return match[0]
        shown = ""
        for command, wanted in commands_of(match[1]):
            said = shell.type(command.replace("PORT", demo.mqtt).replace("KEYS", demo.keys))
            said = said if said.endswith("\n") or not said else said + "\n"
            count += 1
            shown += f"$ {command}\n{said}"
            if alike(said) != alike(wanted):
                faults.append(f"$ {command}\nthe page: {alike(wanted)}\nit is:    {alike(said)}")
        return f"```console\n{shown}```\n"
    return STEP.sub(step, text), faults, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        demo, shell = Demo(args.build), Shell()
        try:
            new, faults, count = hour(text, demo, shell)
        finally:
            shell.end()
            code = demo.end()
        left = os.listdir(folder)
    if args.update:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(new)
        return 0
    if code or left or count < 15:
        faults.append(f"the demo ends with {code}, leaves {left}; {count} commands on the page")
    print("\n\n".join(faults) or f"{count} commands: each says what the page shows")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
