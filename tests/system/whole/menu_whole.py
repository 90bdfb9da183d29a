#!/usr/bin/python3
"""lockerctl menu, lamps and replace at a real terminal (a pty, 80x24, TERM=dumb) on a whole site, in Chinese and in English: every
entry is reached and its command line shown; what changes something is asked first; wrong numbers, empty answers, the end of the
input and an interrupt lead back or out; a daemon that is gone is said. A board is exchanged while another bank goes on."""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402


class Terminal:
    """lockerctl at a terminal of 24 lines of 80."""

    def __init__(self, site, *words, lang="en"):
        lockerctl = site.program("controller/ctl/lockerctl")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", PATH=os.path.join(site.folder, "bin") + ":" + os.environ["PATH"])
            os.execv(lockerctl, [lockerctl, "--socket", os.path.join(site.folder, "run", "admin.sock"), "--lang", lang, *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.screen = ""

    def until(self, text, timeout_s=15):
        """Reads until that was said; returns what came since the last time."""
        limit = time.monotonic() + timeout_s
        while text not in self.screen:
            ready, _, _ = select.select([self.fd], [], [], max(0, limit - time.monotonic()))
            try:
                more = os.read(self.fd, 4096) if ready else b""
            except OSError:
                more = b""
            expect(more, f"\"{text}\" never came; the screen is:\n{self.screen}")
            self.screen += more.decode("utf-8", "replace").replace("\r\n", "\n")
        said, self.screen = self.screen, self.screen[self.screen.index(text) + len(text):]
        return said

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def say(self, text, line):
        said = self.until(text)
        self.type(line)
        return said

    def end(self):
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


NUMBER = {"en": "number > ", "zh": "数字 > "}
SURE = {"en": "Run it? y does [n] > ", "zh": "执行吗？y 执行 [n] > "}
# The command line that each entry of each page shows, in their order; words in capitals are typed.
LINES = [
    ["status", "doors", "items --custody unknown", "recalls --round", "events --last 20", "bus", "uplink", "wear"],
    ["open A01 --why WHY", "block A01 --why WHY", "unblock A01 --why WHY", "confirm A01 --why WHY"],
    ["items --item Y1", "inspect A01", "inspect --round", "settle Y1 at_window --why WHY"],
    ["lamps", "replace A", "wear reset A01 --part lock --why WHY", "wear reset A01 --part relay --why WHY"],
    ["selfcheck", "", "store", "backup PATH", "--out BUNDLE", "reload"],
    ["staff list", "staff add k77 --role clerk", "staff remove k77"],
]
WHY = "'hinge'\\''s pin'"


def width(row):
    """In cells: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in row)


def every_entry(site, lang):
    """Each entry of each page: asked for what is missing, shown as one would type it, and not run without a yes."""
    t = Terminal(site, "menu", lang=lang)
    seen = 0
    for page, lines in enumerate(LINES, 1):
        t.say(NUMBER[lang], str(page))
        for entry, line in enumerate(lines, 1):
            said = t.say(NUMBER[lang], str(entry))
            own = said.split("\n\n")[-1].splitlines()  # what stands before the page is a command's own output
            expect(max(width(row) for row in own) <= 80, f"wider than the terminal: {own}")
            words = [w for w in re.findall(r"\b(?:A01|A|Y1|at_window|WHY|PATH|BUNDLE|k77|clerk)\b", line)]
            for word in words:
                t.until(" > ")
                t.type({"WHY": "hinge's pin", "PATH": "/x/b.db", "BUNDLE": "/x/s.tgz"}.get(word, word))
            program = {(5, 2): "lockerd-diagnose", (5, 5): "lockerd-support-bundle"}.get((page, entry), "lockerctl")
            shown = f"$ {program} {line}".strip().replace("WHY", WHY).replace("PATH", "/x/b.db").replace("BUNDLE", "/x/s.tgz")
            t.until(shown + "\n")
            changes = page not in (1,) and (page, entry) not in ((3, 1), (5, 1), (5, 2), (5, 3), (6, 1))
            if changes:
                t.say(SURE[lang], "n")
            seen += 1
        t.say(NUMBER[lang], "0")
    t.say(NUMBER[lang], "0")
    expect(t.end() == 0, "leaving is no failure")
    return seen


def doors_of(site):
    return {d["name"]: d["pulses"] for d in site.sim.ask("status")["doors"] if d["pulses"]}


def ways_back(site):
    t = Terminal(site, "menu")
    t.say(NUMBER["en"], "7")
    t.until("is none of these numbers")
    t.say(NUMBER["en"], "two")
    t.until("is none of these numbers")
    t.say(NUMBER["en"], "2")
    t.say(NUMBER["en"], "1")
    t.say("back) > ", "")  # nothing typed: back to the page
    t.say(NUMBER["en"], "1")
    t.say("back) > ", "--why")  # an option is no door
    t.say(NUMBER["en"], "0")
    t.say(NUMBER["en"], "\x04")
    expect(t.end() == 0, "the end of the input leaves")
    t = Terminal(site, "menu")
    t.until(NUMBER["en"])
    os.kill(t.pid, signal.SIGINT)
    expect(t.end() == 0, "an interrupt leaves")
    expect(doors_of(site) == {}, "nothing was pulsed on the way")


def an_act(site):
    """A door is opened: shown, asked, done."""
    t = Terminal(site, "menu")
    t.say(NUMBER["en"], "2")
    t.say(NUMBER["en"], "1")
    t.say("back) > ", "A03")
    t.say("back) > ", "the hinge")
    t.until("$ lockerctl open A03 --why 'the hinge'\n")
    t.say(SURE["en"], "y")
    t.until("Done.")
    t.say(NUMBER["en"], "1")
    t.say("back) > ", "A99")
    t.say("back) > ", "the hinge")
    t.say(SURE["en"], "y")
    t.until("(exit code 1)")
    t.say(NUMBER["en"], "0")
    t.say(NUMBER["en"], "0")
    expect(t.end() == 0, "left")
    expect(doors_of(site) == {"A03": 1}, f"{doors_of(site)}")
    site.until_event("door.opened", door="A03", note="the hinge")
    site.shut("A03")


def a_board(site):
    t = Terminal(site, "replace", "Z")
    t.until("There is no bank Z")
    expect(t.end() == 1, "refused")
    site_rig.until(lambda: site.door("A03")["state"] == "closed", 10, "A03 shut")
    before = doors_of(site)
    t = Terminal(site, "replace", "B")
    said = t.say("Enter (quit leaves) > ", "")
    expect("line RTU, address 2, 8 doors" in " ".join(said.split()), said)
    t.until("old board is gone ...")
    site.sim.ask("power", board="B", on=False)
    t.say("press Enter > ", "")
    expect(site.admin("open", door="A04", why="the others go on")["outcome"] == "opened", "another bank goes on")
    t.until("no lock is pulsed ...")
    site.sim.ask("power", board="B", on=True)
    t.until("The new board is ready.", 40)
    said = t.until("--part relay")
    expect("lockerctl open B01" in said, said)
    expect(t.end() == 0, "done")
    after = doors_of(site)
    expect({d: n for d, n in after.items() if d.startswith("B")} == {d: n for d, n in before.items() if d.startswith("B")}, f"{before} {after}")
    t = Terminal(site, "replace", "B")
    t.say("Enter (quit leaves) > ", "quit")
    t.until("nothing was changed")
    expect(t.end() == 6, "left before the end")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_args().build)
    with site_rig.Site(build) as site:
        os.mkdir(os.path.join(site.folder, "bin"))
        for name in ("diagnose", "support-bundle"):  # as they are called once installed
            os.symlink(os.path.join(HERE, "../../../scripts", name), os.path.join(site.folder, "bin", "lockerd-" + name))
        seen = every_entry(site, "en")
        expect(every_entry(site, "zh") == seen, "the same in Chinese")
        print(f"{seen} entries, in English and in Chinese")
        ways_back(site)
        an_act(site)
        t = Terminal(site, "lamps")
        t.until("no panel is configured")
        expect(t.end() == 1, "no panel: refused")
        a_board(site)
        site.daemon.stop()
        t = Terminal(site, "menu")
        t.say(NUMBER["en"], "1")
        t.say(NUMBER["en"], "1")
        t.until("(exit code 3)")
        os.close(t.fd)
        os.waitpid(t.pid, 0)
        print("ways back, an opening, a board exchanged beside a bank that goes on, a daemon that is gone")


if __name__ == "__main__":
    main()
