#!/usr/bin/python3
"""lockerctl against a fake daemon: the window, the second person, recalls, purging, inspections and the round. LOCKERCTL names
the program."""

import json
import os
import subprocess
import tempfile
import unittest

from fake_daemon import FakeDaemon, door, healthy
from test_lockerctl import LOCKERCTL, run, secret_file


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def secret(self, text):
        return secret_file(self.folder.name, text)


class Window(Folder):
    def test_what_is_sent(self):
        rows = ((("receive", "Y1"), "item_receive", {"item": "Y1"}),
                (("send", "Y1", "EMS77"), "item_send", {"item": "Y1", "waybill": "EMS77"}),
                (("return", "Y1", "--why", "拒收"), "item_return", {"item": "Y1", "why": "拒收"}),
                (("reject", "Y1"), "item_reject", {"item": "Y1"}),
                (("extend", "Y1"), "item_extend", {"item": "Y1"}),
                (("extend", "Y1", "5"), "item_extend", {"item": "Y1", "days": 5}))
        for words, command, args in rows:
            for lang in ("zh", "en"):
                with self.subTest((words, lang)), FakeDaemon(healthy()) as daemon:
                    done = run(daemon, "item", *words, lang=lang)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual((daemon.requests[-1]["cmd"], daemon.requests[-1]["args"]), (command, args))
                    self.assertIn("Y1", done.stdout)
                    self.assertNotRegex(done.stdout, r"ctl\.|[{}]")

    def test_hand_over_reads_the_code_from_a_file_and_never_shows_it(self):
        with FakeDaemon(healthy()) as daemon:
            done = run(daemon, "item", "hand-over", "Y1", "--code-file", self.secret("11112222\n"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(daemon.requests[-1]["args"], {"item": "Y1", "digits": "11112222"})
            self.assertNotIn("1111", done.stdout + done.stderr)
            raw = run(daemon, "item", "hand-over", "Y1", "--code-file", self.secret("2222"), "--json")
            self.assertEqual(json.loads(raw.stdout), {"item": "Y1", "custody": "collected"})
            self.assertEqual(run(daemon, "item", "hand-over", "Y1").returncode, 2)  # no terminal, no file

    def test_hand_over_of_what_was_left_for_the_office_asks_for_nothing(self):
        state = healthy()
        state["items"]["items"].append({"item": "D123456789", "custody": "at_window", "dropoff": True})
        with FakeDaemon(state) as daemon:
            self.assertEqual(run(daemon, "item", "hand-over", "D123456789").returncode, 0)
            self.assertEqual(daemon.requests[-1]["args"], {"item": "D123456789"})

    def test_show_tells_what_is_known(self):
        with FakeDaemon(healthy()) as daemon:
            zh, en = (run(daemon, "item", "show", "YL-2026-000123", lang=lang) for lang in ("zh", "en"))
            self.assertEqual((zh.returncode, en.returncode), (0, 0), zh.stderr + en.stderr)
            for want in ("W**", "C-7", "A01", "2026-02-16 08:00:00", "recipient, delegate", "reminded: yes; overdue: no; extended 1"):
                self.assertIn(want, en.stdout)
            self.assertNotIn("ctl.", zh.stdout + en.stdout)
            raw = run(daemon, "item", "show", "YL-7", "--json")
            self.assertEqual(json.loads(raw.stdout)["custody"], "expected")
            self.assertEqual(run(daemon, "item", "show", "nobody").returncode, 1)
            self.assertEqual(json.loads(run(daemon, "item", "show", "nobody", "--json").stdout)["reason"], "no_such_item")

    def test_a_refusal_says_why(self):
        with FakeDaemon(healthy(), {"item_receive": ("refuse", "wrong_site", "x")}) as daemon:
            done = run(daemon, "item", "receive", "Y1")
            self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_wrong_command_lines(self):
        rows = (("item",), ("item", "show"), ("item", "steal", "Y1"), ("item", "send", "Y1"), ("item", "receive", "Y1", "x"),
                ("item", "extend", "Y1", "x"), ("item", "extend", "Y1", "0"), ("item", "extend", "Y1", "366"),
                ("item", "receive", "Y1", "--code-file", "/x"), ("recalls", "x"), ("purge", "now"), ("purge", "--round"),
                ("open", "A01", "--with"), ("open", "A01", "--with", "a b"), ("open", "A01", "--with-pin-file", "/x"),
                ("block", "A01", "--with", "m2"), ("doors", "--round"))
        with FakeDaemon(healthy()) as daemon:
            for words in rows:
                with self.subTest(words):
                    self.assertEqual(run(daemon, *words).returncode, 2)
            self.assertEqual(daemon.requests, [])


class Lists(unittest.TestCase):
    def test_recalls(self):
        with FakeDaemon(healthy()) as daemon:
            text = run(daemon, "recalls", "--round").stdout
            self.assertEqual(daemon.requests[-1]["args"], {"round": True})
            for want in ("A01", "YL-2026-000123", "W**", "with courier", "overdue", "EMS77"):
                self.assertIn(want, text)
            daemon.state["recalls"]["items"] = []
            self.assertIn("nothing to take back", run(daemon, "recalls").stdout)
            self.assertEqual(daemon.requests[-1]["args"], {"round": False})

    def test_status_tells_of_the_last_round(self):
        state = healthy()
        for inspection, want in (({"last": None, "every_days": 7, "due": False}, "no round yet"),
                                 ({"last": "2026-02-27T08:00:00.000Z", "every_days": 7, "due": False}, "last round 2026-02-27 08:00:00\n"),
                                 ({"last": "2026-02-01T08:00:00.000Z", "every_days": 7, "due": True}, "more than 7 days ago: due")):
            state["status"]["inspection"] = inspection
            with FakeDaemon(state) as daemon:
                self.assertIn(want, run(daemon, "status").stdout)

    def test_purge(self):
        with FakeDaemon(healthy()) as daemon:
            dry = run(daemon, "purge", "--dry-run")
            self.assertIn("Nothing was changed", dry.stdout)
            real = run(daemon, "purge")
            self.assertEqual(real.stdout, "Erased the personal data of 3 items and removed 2 postal records past their time.\n")
            self.assertEqual([r["args"] for r in daemon.requests], [{"dry_run": True}, {"dry_run": False}])
            self.assertEqual(json.loads(run(daemon, "purge", "--dry-run", "--json").stdout)["erase"], 3)
        class Slices(FakeDaemon):
            def _result(self, command, args):
                left = len([r for r in self.requests if r["cmd"] == "purge"])
                return {"dry_run": False, "synced": True, "erase": 50 if left < 3 else 7, "records": left, "more": left < 3}
        with Slices(healthy()) as daemon:
            self.assertEqual(run(daemon, "purge").stdout,
                             "Erased the personal data of 107 items and removed 6 postal records past their time.\n")
        unsynced = {"dry_run": False, "erase": 0, "records": 0, "synced": False}
        with FakeDaemon(healthy(), {"purge": ("result", unsynced)}) as daemon:
            self.assertIn("not synchronised", run(daemon, "purge").stdout)


class SecondPerson(Folder):
    def test_goes_with_the_opening_only(self):
        with FakeDaemon(healthy()) as daemon:
            done = run(daemon, "open", "A01", "--staff", "m1", "--pin-file", self.secret("1111"), "--with", "s1",
                       "--with-pin-file", self.secret("2222"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(daemon.requests[-1]["with"], {"staff": "s1", "pin": "2222"})
            self.assertEqual(daemon.requests[-1]["staff"], "m1")
            self.assertEqual(run(daemon, "open", "A01").returncode, 0)
            self.assertNotIn("with", daemon.requests[-1])

    def test_without_terminal_or_file_nothing_is_asked_of_the_daemon(self):
        with FakeDaemon(healthy()) as daemon:
            self.assertEqual(run(daemon, "open", "A01", "--with", "s1").returncode, 2)
            self.assertEqual(daemon.requests, [])

    def test_a_missing_second_person_is_a_refusal(self):
        with FakeDaemon(healthy(), {"open": ("refuse", "second_person", "x")}) as daemon:
            self.assertEqual(run(daemon, "open", "A01").returncode, 1)


class Cabinet(FakeDaemon):
    """Doors that open when they are opened and are shut at the next look but one, and items that change hands."""

    def __init__(self, doors, items, answers=None):
        super().__init__(healthy(), answers)
        self.state["doors"]["doors"] = doors
        self.state["items"]["items"] = [{"item": i, "custody": c} for i, c in items.items()]
        self.looks = {}

    def custody(self, item):
        return next(i for i in self.state["items"]["items"] if i["item"] == item)

    def _result(self, command, args):
        rows = {d["door"]: d for d in self.state["doors"]["doors"]}
        if command == "open":
            rows[args["door"]]["state"] = "open"
            self.looks[args["door"]] = 2
        if command == "doors":
            for label in list(self.looks):
                self.looks[label] -= 1
                if self.looks[label] < 0:
                    rows[label]["state"] = "closed"
        if command == "inspected" and rows[args["door"]]["use"] == "occupied" and not args["holds"]:
            for item in [rows[args["door"]]["item"], *rows[args["door"]].get("others", [])]:
                self.custody(item)["custody"] = "unknown"
            rows[args["door"]]["use"] = "blocked"
        if command == "settle":
            self.custody(args["item"])["custody"] = args["to"]
        return super()._result(command, args)

    def sent(self, command):
        return [r["args"] for r in self.requests if r["cmd"] == command]


class Inspecting(Folder):
    def inspect(self, daemon, words, answers):
        """Gives the answers in turn; returns exit code, result and what was asked."""
        path = os.path.join(self.folder.name, "answers")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(a + "\n" for a in answers))
        done = subprocess.run([LOCKERCTL, "--socket", daemon.path, "--json", "inspect", *words, "--answers", path],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False,
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}, start_new_session=True)
        self.assertEqual(done.stderr, "")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        for line in lines:
            self.assertNotRegex(line.get("text", ""), r"^ctl\.|\{")
        result = next((line["result"] for line in lines if "result" in line), None)
        return done.returncode, result, [line["ask"] for line in lines if "ask" in line]

    def test_a_round_begins_with_what_should_be_empty_and_is_recorded(self):
        doors = [door("A01", use="occupied", item="Y1"), door("A02"), door("A03", use="blocked", item="Y3", reason="door_forced")]
        with Cabinet(doors, {"Y1": "in_locker", "Y3": "unknown"}) as daemon:
            code, result, _ = self.inspect(daemon, ["--round", "--why", "weekly", "--with", "s1", "--with-pin-file", self.secret("2222")],
                                           ["", "empty", "", "", "there", "", "", "there", ""])
            self.assertEqual(code, 0, result)
            self.assertEqual([a["door"] for a in daemon.sent("open")], ["A02", "A03", "A01"])
            self.assertTrue(all(r["with"]["staff"] == "s1" for r in daemon.requests if r["cmd"] == "open"))
            self.assertEqual(daemon.sent("inspected"), [{"door": "A02", "holds": False, "why": "weekly"},
                                                        {"door": "A03", "holds": True, "why": "weekly"},
                                                        {"door": "A01", "holds": True, "why": "weekly"}])
            self.assertEqual(daemon.sent("settle"), [{"item": "Y3", "to": "in_locker", "why": "weekly"}])
            self.assertEqual(daemon.sent("round_done"), [{"seen": 3, "mismatches": 0, "worst": "not_empty", "why": "weekly"}])
            self.assertTrue(result["round"])

    def test_a_missing_item_is_a_mismatch_even_when_it_is_found(self):
        with Cabinet([door("A01", use="occupied", item="Y1")], {"Y1": "in_locker"}) as daemon:
            code, result, asked = self.inspect(daemon, ["--round"], ["", "absent", "", "at_window", "n"])
            self.assertEqual((code, result["findings"][0]["verdict"], result["findings"][0]["detail"]), (5, "missing", "Y1: at_window"))
            self.assertEqual(asked, ["open_it", "inside", "shut_it", "where_is_it", "unblock_it"])
            self.assertEqual(daemon.sent("inspected"), [{"door": "A01", "holds": False, "why": "inspection"}])
            self.assertEqual(daemon.sent("round_done"), [{"seen": 1, "mismatches": 1, "worst": "not_found_inside"}])

    def test_several_items_in_one_compartment_are_asked_for_one_by_one(self):
        row = door("A01", use="occupied", item="Y1", others=["Y2"])
        with Cabinet([row], {"Y1": "in_locker", "Y2": "in_locker"}) as daemon:
            code, result, _ = self.inspect(daemon, [], ["", "there", "absent", "", ""])
            found = result["findings"][0]
            self.assertEqual((code, found["expected"], found["found"], found["verdict"]), (5, "Y1 Y2", "some", "missing"))
            self.assertEqual(daemon.sent("inspected")[0]["holds"], False)
            self.assertEqual(daemon.sent("settle"), [{"item": "Y1", "to": "in_locker", "why": "inspection"}])
            self.assertEqual(daemon.custody("Y2")["custody"], "unknown")
            self.assertEqual(daemon.sent("round_done"), [])

    def test_what_lies_where_nothing_should_is_asked_for_and_taken_along(self):
        with Cabinet([door("A02")], {"Y9": "unknown"}) as daemon:
            code, result, asked = self.inspect(daemon, [], ["", "other", "Y9", "", "at_window", "y"])
            self.assertEqual((code, result["findings"][0]["verdict"]), (5, "foreign"))
            self.assertEqual(asked, ["open_it", "inside_empty", "what_is_it", "shut_it", "where_to", "taken_out"])
            self.assertEqual(daemon.sent("settle"), [{"item": "Y9", "to": "at_window", "why": "inspection"}])
            self.assertEqual(daemon.sent("unblock"), [{"door": "A02", "why": "inspection"}])

    def test_something_without_a_number_stays_where_it_is(self):
        with Cabinet([door("A02")], {}) as daemon:
            code, result, asked = self.inspect(daemon, [], ["", "other", "一个饭盒", "", ""])
            self.assertEqual((code, result["findings"][0]["detail"]), (5, "一个饭盒"))
            self.assertEqual((asked[-1], daemon.sent("settle"), daemon.sent("unblock")), ("taken_out", [], []))

    def test_two_compartments_take_two_people(self):
        doors = [door("A01"), door("A02")]
        with Cabinet(doors, {}, {"open": ("refuse", "second_person", "x")}) as daemon:
            code, result, asked = self.inspect(daemon, [], ["", "", ""])
            self.assertEqual((code, asked), (5, ["second", "open_it", "open_it"]))
            self.assertEqual({f["detail"] for f in result["findings"]}, {"open: second_person"})
            daemon.state["status"]["two_person_s"] = 0
            self.assertNotIn("second", self.inspect(daemon, [], ["skip", "skip"])[2])
        with Cabinet(doors, {}) as daemon:  # named, but there is no terminal to ask for the PIN
            self.assertIn("second", [json.loads(l).get("ask") for l in self.second_at_no_terminal(daemon).splitlines()])
            self.assertEqual(daemon.sent("open"), [])

    def second_at_no_terminal(self, daemon):
        done = subprocess.run([LOCKERCTL, "--socket", daemon.path, "--json", "inspect"], input="s1\n\n", capture_output=True, text=True,
                              timeout=60, check=False, start_new_session=True)
        self.assertEqual(done.returncode, 2)
        return done.stdout

    def test_a_wrong_pin_ends_it_at_once(self):
        with Cabinet([door("A01"), door("A02")], {}, {"open": ("refuse", "sign_in_failed", "x")}) as daemon:
            words = ["--with", "s1", "--with-pin-file", self.secret("2222")]
            done = subprocess.run([LOCKERCTL, "--socket", daemon.path, "--json", "inspect", *words], input="\n\n\n", capture_output=True,
                                  text=True, timeout=60, check=False, start_new_session=True)
            self.assertEqual((done.returncode, len(daemon.sent("open"))), (1, 1))

    def test_a_round_that_was_left_or_saw_nothing_is_not_recorded(self):
        doors = [door("A01"), door("A02")]
        words = ["--round", "--with", "s1", "--with-pin-file", self.secret("2222")]
        with Cabinet(doors, {}) as daemon:
            code, result, _ = self.inspect(daemon, words, ["", "empty", "", "quit"])
            self.assertEqual((code, result["round"], daemon.sent("round_done")), (6, False, []))
        with Cabinet(doors, {}) as daemon:
            code, _, _ = self.inspect(daemon, words, ["skip", "skip"])
            self.assertEqual((code, daemon.sent("round_done")), (5, []))


if __name__ == "__main__":
    unittest.main()
