#!/usr/bin/python3
"""lockerctl against a fake daemon: what it sends, prints and returns. LOCKERCTL names the program."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest

from fake_daemon import FakeDaemon, broken, healthy

LOCKERCTL = os.environ.get("LOCKERCTL", "lockerctl")


def run(daemon, *words, lang="en", env=None, timeout=20):
    path = daemon if isinstance(daemon, str) else daemon.path
    clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", **(env or {})}
    head = [LOCKERCTL, "--socket", path] + (["--lang", lang] if lang else [])
    return subprocess.run(head + list(words), capture_output=True, text=True, env=clean, timeout=timeout,
                          stdin=subprocess.DEVNULL, start_new_session=True)


def secret_file(folder, text, mode=0o600):
    path = os.path.join(folder, "secret-%d" % len(os.listdir(folder)))
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Looking(unittest.TestCase):
    READS = (("status",), ("doors",), ("items",), ("bus",), ("uplink",), ("store",), ("selfcheck",),
             ("staff", "list"), ("recalls",))

    def test_every_answer_in_both_languages_and_as_json(self):
        with FakeDaemon(healthy()) as daemon:
            for words in self.READS:
                with self.subTest(words):
                    zh, en, raw = run(daemon, *words, lang="zh"), run(daemon, *words), run(daemon, *words, "--json")
                    self.assertEqual((zh.returncode, en.returncode, raw.returncode), (0, 0, 0), zh.stderr + en.stderr)
                    self.assertEqual(zh.stderr + en.stderr + raw.stderr, "")
                    self.assertRegex(zh.stdout, "[\u4e00-\u9fff]")
                    self.assertNotRegex(en.stdout, "[\u4e00-\u9fff]")
                    self.assertNotIn("ctl.", zh.stdout + en.stdout, "a catalogue key is missing")
                    command = "staff_list" if words[0] == "staff" else words[0]
                    self.assertEqual(json.loads(raw.stdout), daemon.state[command])
                    self.assertEqual(raw.stdout.count("\n"), 1)

    def test_metrics_come_as_they_are(self):
        with FakeDaemon(healthy()) as daemon:
            text = daemon.state["metrics"]["text"]
            self.assertEqual(run(daemon, "metrics").stdout, text)
            self.assertEqual(json.loads(run(daemon, "metrics", "--json").stdout), {"text": text})
            daemon.state["metrics"]["text"] = "lockerd_x 1\x1b[2J\n"
            self.assertEqual(run(daemon, "metrics").stdout, "lockerd_x 1?[2J\n")

    def test_status_names_the_doors_whose_wiring_waits(self):
        state = healthy()
        with FakeDaemon(state) as daemon:
            self.assertNotIn("lockerctl confirm", run(daemon, "status").stdout)
        state["status"]["wiring_changed"] = [f"A{n:02}" for n in range(1, 10)]
        with FakeDaemon(state) as daemon:
            self.assertIn("9 doors changed, to be tried and confirmed: A01 A02 A03 A04 A05 A06 ...",
                          run(daemon, "status").stdout)

    def test_status_says_what_matters(self):
        with FakeDaemon(broken()) as daemon:
            text = run(daemon, "status").stdout
        for want in ("yulin/hall-1", "Ready           no", "there, 12 read, 1 dropped", "missing: not plugged in", "certificate has expired", "28 waiting", "locked for another 1 min 35 s",
                     "not synchronised", "The lock board does not answer."):
            self.assertIn(want, text)

    def test_columns_line_up_in_chinese(self):
        with FakeDaemon(broken()) as daemon:
            lines = run(daemon, "doors", lang="zh").stdout.splitlines()
        def cells(text):
            return sum(2 if ord(c) > 0x2e7f else 1 for c in text)
        column = cells(lines[0][:lines[0].index("用途")])
        for line in lines[1:]:
            use = re.search("停用|有件|空闲|预留", line)
            self.assertEqual(cells(line[:use.start()]), column, line)

    def test_language_comes_from_the_environment(self):
        with FakeDaemon(healthy()) as daemon:
            self.assertIn("站点", run(daemon, "status", lang=None, env={"LANG": "zh_CN.UTF-8"}).stdout)
            self.assertIn("Site", run(daemon, "status", lang=None, env={"LANG": "de_DE.UTF-8"}).stdout)
            self.assertIn("Site", run(daemon, "status", lang=None, env={"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}).stdout)

    def test_faults_give_exit_code_five(self):
        with FakeDaemon(broken()) as daemon:
            for command in ("selfcheck", "store"):
                self.assertEqual(run(daemon, command).returncode, 5)
                self.assertEqual(run(daemon, command, "--json").returncode, 5)
            self.assertIn("broken at event 17", run(daemon, "store").stdout)

    def test_items_pass_their_filter_on(self):
        with FakeDaemon(healthy()) as daemon:
            run(daemon, "items", "--custody", "in_locker", "--limit", "5", "--after", "YL-1", "--item", "YL-2")
            self.assertEqual(daemon.requests[0]["args"], {"custody": "in_locker", "limit": 5, "after": "YL-1", "item": "YL-2"})

    def test_a_cabinet_without_uplink(self):
        state = healthy()
        state["uplink"] = {"configured": False, "connected": False}
        with FakeDaemon(state) as daemon:
            self.assertEqual(run(daemon, "uplink").stdout, "Uplink  not configured: no connection to the postal system\n")

    def test_outside_text_cannot_drive_the_terminal(self):
        state = broken()
        state["uplink"]["last_error"] = "evil\x1b]0;title\x07\u009b2J\u202e"
        with FakeDaemon(state) as daemon:
            text = run(daemon, "uplink").stdout
        self.assertNotRegex(text.replace("\n", ""), "[\x00-\x1f\x7f-\x9f\u202e]")
        self.assertIn("evil?]0;title??2J?", text)


class Events(unittest.TestCase):
    def test_the_last_twenty(self):
        with FakeDaemon(healthy()) as daemon:
            lines = run(daemon, "events").stdout.splitlines()
        self.assertEqual(len(lines), 20)
        self.assertEqual(lines[-1].split(), "40 2026-03-01 08:00:40 door opened door=A01 intent=40 purpose=pickup outcome=opened".split())

    def test_after_and_limit(self):
        with FakeDaemon(healthy()) as daemon:
            out = run(daemon, "events", "--after", "30", "--limit", "3", "--json").stdout
            self.assertEqual([json.loads(line)["seq"] for line in out.splitlines()], [31, 32, 33])
            self.assertEqual([r["cmd"] for r in daemon.requests], ["events"])

    def test_follow_goes_on_until_interrupted(self):
        with FakeDaemon(healthy()) as daemon:
            follow = subprocess.Popen([LOCKERCTL, "--socket", daemon.path, "events", "--follow", "--last", "1", "--json"],
                                      stdout=subprocess.PIPE, text=True)
            self.assertEqual([json.loads(follow.stdout.readline())["seq"] for _ in range(2)], [40, 41])
            follow.send_signal(signal.SIGINT)
            self.assertEqual(follow.wait(5), -signal.SIGINT)
            follow.stdout.close()

    def test_follow_ends_when_the_daemon_does(self):
        with FakeDaemon(healthy(), {"events": "hang_up"}) as daemon:
            self.assertEqual(run(daemon, "events", "--follow").returncode, 3)


class Acting(unittest.TestCase):
    def test_what_is_sent(self):
        rows = ((("open", "A01"), "open", {"door": "A01", "why": "lockerctl"}),
                (("open", "A01", "--why", "冰冻"), "open", {"door": "A01", "why": "冰冻"}),
                (("block", "A02", "--why", "dent"), "block", {"door": "A02", "why": "dent"}),
                (("unblock", "A02"), "unblock", {"door": "A02", "why": "lockerctl"}),
                (("unblock", "A"), "unblock", {"bank": "A", "why": "lockerctl"}),
                (("confirm", "A02"), "confirm", {"door": "A02", "why": "lockerctl"}),
                (("confirm", "A", "--why", "tried"), "confirm", {"bank": "A", "why": "tried"}),
                (("settle", "YL-7", "at_window"), "settle", {"item": "YL-7", "to": "at_window", "why": "lockerctl"}),
                (("staff", "remove", "c01"), "staff_remove", {"staff": "c01"}))
        for words, command, args in rows:
            with self.subTest(words), FakeDaemon(healthy()) as daemon:
                done = run(daemon, *words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual((daemon.requests[-1]["cmd"], daemon.requests[-1]["args"]), (command, args))
                self.assertNotIn("staff", daemon.requests[-1])

    def test_outcomes_of_open(self):
        for outcome, code in (("opened", 0), ("already_open", 0), ("jammed", 4), ("unknown", 4), ("pending", 4)):
            with FakeDaemon(healthy(), {"open": ("result", {"door": "A01", "outcome": outcome})}) as daemon:
                self.assertEqual(run(daemon, "open", "A01").returncode, code, outcome)
                self.assertEqual(run(daemon, "open", "A01", "--json").returncode, code, outcome)

    def test_a_refusal_is_one_a_failure_is_four(self):
        rows = (("door_busy", 1), ("not_allowed", 1), ("no_such_door", 1), ("bank_stopped", 1), ("shutting_down", 1),
                ("door_jammed", 4), ("outcome_unproven", 4), ("store_failed", 4), ("wrong_door", 4), ("pulse_not_sent", 4))
        for reason, code in rows:
            with FakeDaemon(healthy(), {"open": ("refuse", reason, "door A01")}) as daemon:
                text, raw = run(daemon, "open", "A01", lang="zh"), run(daemon, "open", "A01", "--json")
                self.assertEqual((text.returncode, raw.returncode), (code, code), reason)
                self.assertIn("没有执行" if code == 1 else "没有成功", text.stderr)
                self.assertEqual(json.loads(raw.stdout), {"ok": False, "reason": reason, "message": "door A01"})

    def test_an_interrupted_change_is_in_doubt_an_interrupted_look_is_not(self):
        for how in ("hang_up", "silent", "garbage", "array"):
            with FakeDaemon(healthy(), {"open": how, "status": how}) as daemon:
                change = run(daemon, "open", "A01", "--timeout", "1")
                look = run(daemon, "status", "--timeout", "1")
                self.assertEqual(change.returncode, 4, how)
                self.assertIn("it is not known whether it was done", change.stderr)
                self.assertEqual(look.returncode, 3 if how in ("hang_up", "silent") else 4, how)

    def test_backup_sends_the_whole_path(self):
        with FakeDaemon(healthy()) as daemon:
            done = run(daemon, "backup", "copy.db")
            self.assertEqual(done.returncode, 0)
            self.assertIn("ab" * 32, done.stdout)
            self.assertEqual(daemon.requests[0]["args"]["path"], os.path.join(os.getcwd(), "copy.db"))

    def test_a_backup_that_was_not_verified_failed(self):
        answer = {"path": "/x", "bytes": 1, "sha256": "00", "verified": False}
        with FakeDaemon(healthy(), {"backup": ("result", answer)}) as daemon:
            self.assertEqual(run(daemon, "backup", "/x").returncode, 4)


class Secrets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_pin_from_a_file(self):
        with FakeDaemon(healthy()) as daemon:
            path = secret_file(self.folder.name, "482913\n")
            self.assertEqual(run(daemon, "open", "A01", "--staff", "m01", "--pin-file", path).returncode, 0)
            self.assertEqual((daemon.requests[0]["staff"], daemon.requests[0]["pin"]), ("m01", "482913"))

    def test_a_pin_file_that_others_can_read_is_refused(self):
        with FakeDaemon(healthy()) as daemon:
            path = secret_file(self.folder.name, "482913\n", 0o644)
            done = run(daemon, "open", "A01", "--staff", "m01", "--pin-file", path)
            self.assertEqual((done.returncode, daemon.requests), (2, []))
            self.assertIn("chmod 600", done.stderr)

    def test_an_empty_or_missing_pin_file(self):
        with FakeDaemon(healthy()) as daemon:
            for path in (secret_file(self.folder.name, "\n"), secret_file(self.folder.name, "a\x01b"), "/nonexistent"):
                self.assertEqual(run(daemon, "open", "A01", "--staff", "m01", "--pin-file", path).returncode, 2)
            self.assertEqual(daemon.requests, [])

    def test_without_terminal_or_file(self):
        with FakeDaemon(healthy()) as daemon:
            done = run(daemon, "open", "A01", "--staff", "m01")
            self.assertEqual((done.returncode, daemon.requests), (2, []))
            self.assertIn("--pin-file", done.stderr)

    def at_terminal(self, daemon, words, answers):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(LOCKERCTL, [LOCKERCTL, "--socket", daemon.path, "--lang", "en", *words])
        shown = b""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    shown += os.read(fd, 4096)
                except OSError:
                    break
            if answers and shown.count(b": ") > 0 and shown.endswith(b": "):
                os.write(fd, answers.pop(0))
                shown += b"|"
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_pin_at_the_terminal_is_not_shown(self):
        with FakeDaemon(healthy()) as daemon:
            code, shown = self.at_terminal(daemon, ["open", "A01", "--staff", "m01"], [b"482913\n"])
            self.assertEqual(code, 0, shown)
            self.assertEqual(daemon.requests[0]["pin"], "482913")
            self.assertNotIn("482913", shown)

    def test_interrupt_at_the_prompt(self):
        with FakeDaemon(healthy()) as daemon:
            code, _ = self.at_terminal(daemon, ["open", "A01", "--staff", "m01"], [b"48\x03\n"])
            self.assertEqual((code, daemon.requests), (2, []))

    def test_staff_add_asks_twice_and_for_the_badge(self):
        with FakeDaemon(healthy()) as daemon:
            code, shown = self.at_terminal(daemon, ["staff", "add", "c02", "--role", "courier", "--badge"],
                                           [b"135790\n", b"135790\n", b"BADGE-7\n"])
            self.assertEqual(code, 0, shown)
            self.assertEqual(daemon.requests[0]["args"], {"staff": "c02", "role": "courier", "pin": "135790", "badge": "BADGE-7"})
            self.assertNotIn("135790", shown)
            code, shown = self.at_terminal(daemon, ["staff", "add", "c02", "--role", "courier"], [b"135790\n", b"135791\n"])
            self.assertEqual((code, len(daemon.requests)), (2, 1))

    def test_staff_add_from_files(self):
        with FakeDaemon(healthy()) as daemon:
            pin, badge = secret_file(self.folder.name, "1357"), secret_file(self.folder.name, "B-1\n")
            done = run(daemon, "staff", "add", "c02", "--role", "clerk", "--new-pin-file", pin, "--badge-file", badge)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(daemon.requests[0]["args"], {"staff": "c02", "role": "clerk", "pin": "1357", "badge": "B-1"})


class Usage(unittest.TestCase):
    def test_no_daemon(self):
        for extra in ((), ("--json",)):
            done = run("/nonexistent/admin.sock", "status", *extra)
            self.assertEqual(done.returncode, 3)
        self.assertEqual(json.loads(done.stdout)["reason"], "unreachable")

    @unittest.skipIf(os.geteuid() == 0, "root may do everything")
    def test_no_permission(self):
        with FakeDaemon(healthy()) as daemon:
            os.chmod(daemon.path, 0)
            self.assertEqual(run(daemon, "status").returncode, 3)

    def test_wrong_command_lines(self):
        rows = ((), ("nonsense",), ("open",), ("open", "A01", "A02"), ("status", "x"), ("open", "A01", "--follow"),
                ("status", "--nonsense"), ("status", "--timeout", "0"), ("status", "--timeout", "x"), ("status", "--lang", "fr"),
                ("events", "--after", "x"), ("events", "--limit", "-1"), ("settle", "X"), ("staff", "add"), ("staff",),
                ("staff", "add", "c02"), ("staff", "list", "x"), ("staff", "promote", "x"), ("open", "A01", "--why", ""),
                ("open", "A01", "--pin", "1234"), ("open", "A01", "--staff"),
                ("open", "A01", "--pin=1234"), ("open", "A01", "--pin-file", "/x"), ("status", "--time", "3"))
        with FakeDaemon(healthy()) as daemon:
            for words in rows:
                with self.subTest(words):
                    done = run(daemon, *words)
                    self.assertEqual((done.returncode, done.stdout), (2, ""))
                    self.assertNotEqual(done.stderr, "")
                    if words and words[0] != "events":
                        raw = run(daemon, "--json", *words)
                        self.assertEqual(json.loads(raw.stdout)["reason"], "usage")
            self.assertEqual(daemon.requests, [])

    def test_help_for_everything(self):
        commands = "status doors items recalls events item purge inspect open block unblock confirm settle backup selfcheck bus metrics uplink store staff".split()
        for lang, word in (("zh", "用法"), ("en", "Usage")):
            main = run("/nonexistent", "--help", lang=lang)
            self.assertEqual(main.returncode, 0)
            for command in commands:
                self.assertIn("\n  " + command, main.stdout)
                own = run("/nonexistent", command, "--help", lang=lang)
                self.assertEqual(own.returncode, 0)
                self.assertTrue(own.stdout.startswith(word) and "lockerctl " + command in own.stdout, own.stdout)

    def test_the_manual_knows_every_command_option_and_exit_code(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
        with open(os.path.join(root, "packaging/man/lockerctl.1"), encoding="utf-8") as file:
            page = file.read()
        help_text = run("/nonexistent", "--help").stdout
        for command in re.findall(r"^  ([a-z]+)", help_text, re.M):
            self.assertRegex(page, r"\n\.It Cm %s\b" % command)
        with open(os.path.join(root, "controller/ctl/main.c"), encoding="utf-8") as file:
            for option in re.findall(r'^    \{"([a-z-]+)", (?:no|required)_argument', file.read(), re.M):
                self.assertIn("Fl -" + option.replace("-", "-"), page)
        for code in range(6):
            self.assertIn("\n.It %d\n" % code, page)

    def test_version(self):
        self.assertRegex(run("/nonexistent", "--version").stdout, r"^lockerctl \d+\.\d+\.\d+\n$")

    def test_socket_from_the_environment(self):
        with FakeDaemon(healthy()) as daemon:
            done = subprocess.run([LOCKERCTL, "status"], env={"LOCKERD_SOCKET": daemon.path}, capture_output=True, timeout=20)
            self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
