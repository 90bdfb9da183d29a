"""A person who commissions or inspects a simulated cabinet with lockerctl: reads its questions as JSON lines, looks at
the doors of the simulator, and answers as somebody would who knows nothing but what is painted on the doors."""

import json
import os
import select
import signal
import subprocess
import time


class Wirer:
    """One run of lockerctl. answers: {key: text or [text, ...]} instead of the honest answer; a list is used up."""

    def __init__(self, lockerctl, cabinet, *words, answers=None, cwd=None, timeout_s=120):
        self.cabinet, self.answers, self.timeout_s = cabinet, dict(answers or {}), timeout_s
        self.asked_about = set()
        self.asked, self.said, self.result, self.questions, self.heard_bytes = [], [], None, 0, b""
        self.process = subprocess.Popen([lockerctl, "--json", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, bufsize=1, cwd=cwd,
                                        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **_passed_on()})

    # -- looking

    def open_doors(self):
        return [d["name"] for d in self.cabinet.ask("status")["doors"] if d["open"]]

    def shut_all(self):
        """Once no lock is pulled any more: before that a door would spring open again."""
        limit = time.monotonic() + 5
        while any(d["coil"] for d in self.cabinet.ask("status")["doors"]) and time.monotonic() < limit:
            time.sleep(0.02)
        for door in self.open_doors():
            self.cabinet.ask("door", door=door, action="close")

    # -- answering

    def scripted(self, key):
        answer = self.answers.get(key)
        if isinstance(answer, list):
            return answer.pop(0) if answer else None
        return answer

    def honest(self, question):
        key = question["ask"]
        if key == "which_door":
            doors = self.open_doors()
            return doors[0] if len(doors) == 1 else "two" if doors else "none"
        if key in ("all_shut", "shut_it", "two_doors", "doubt"):
            self.shut_all()
            return ""
        if key == "nothing":
            return "unused"
        if key == "review":
            return "ok"
        if key in ("boards_right", "write_it", "only_one"):
            return "y"
        return ""

    def answer(self, question):
        self.questions += 1
        if self.questions > 500:
            raise AssertionError(f"the questions go round in a circle: {self.asked[-8:]}")
        self.asked.append(question["ask"])
        self.asked_about.add(question.get("door"))
        text = self.scripted(question["ask"])
        if text is None:
            text = self.honest(question)
        elif text in ("again", "skip", "back"):
            self.shut_all()
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    # -- the run

    def line(self):
        while b"\n" not in self.heard_bytes:
            if not select.select([self.process.stdout], [], [], self.timeout_s)[0]:
                raise TimeoutError(f"lockerctl says nothing; asked so far: {self.asked}")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return ""
            self.heard_bytes += more
        text, self.heard_bytes = self.heard_bytes.split(b"\n", 1)
        return text.decode()

    def run(self, until=None, how=signal.SIGKILL):
        """Answers until it ends, or until until(what) is true for something said or asked: then it gets the signal.
        Returns the exit code."""
        while True:
            text = self.line()
            if not text:
                break
            what = json.loads(text)
            if what.get("text", "").startswith("ctl."):
                raise AssertionError(f"a text is missing: {what}")
            if until and until(what):
                self.process.send_signal(how)
                until = None
                if how == signal.SIGKILL:
                    break
                continue
            if "ask" in what:
                self.answer(what)
            elif "say" in what:
                self.said.append(what)
            else:
                self.result = what
        code = self.process.wait(30)
        self.errors = self.process.stderr.read()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except OSError:
                pass
        return code

    def heard(self, key):
        return [s for s in self.said if s["say"] == key]


def _passed_on():
    return {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "TSAN_", "LK_", "TMPDIR"))}
