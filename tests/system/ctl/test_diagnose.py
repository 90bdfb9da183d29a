#!/usr/bin/python3
"""diag-machine and diagnose against a fake daemon, and without any: what is found, what is left out of the verdict, the report."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import unittest

from fake_daemon import FakeDaemon, broken, door, healthy, unit
from test_diag import LOCKERCTL, Folder, run, script

sys.path.insert(0, os.path.dirname(script("x")))
import diag_lib  # noqa: E402
import diag_verdict  # noqa: E402

QUIET = "[site]\noperator = yulin\nid = hall-1\n"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html>")

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Site(Folder):
    """A daemon that says what it is told, a kiosk page that answers, a configuration that lockerd accepts or not."""

    def setUp(self):
        super().setUp()
        server = http.server.HTTPServer(("127.0.0.1", 0), Page)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"
        self.config = self.write("lockerd.conf", QUIET)
        os.mkdir(os.path.join(self.folder, "sys"))

    def state(self):
        state = healthy()
        state["status"]["kiosk"]["url"] = self.url
        state["status"]["readers"].pop()  # the one that is not there
        state["uplink"].update(configured=False)
        state["store"]["path"] = os.path.join(self.folder, "lockerd.db")
        return state

    def sensor(self, name, value):
        path = os.path.join(self.folder, "sys", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.write(os.path.relpath(path, self.folder), value + "\n")

    def judge(self, code, words=""):
        """A lockerd beside a lockerctl that ends with this code and says this about every configuration."""
        app, ctl = os.path.join(self.folder, "app"), os.path.join(self.folder, "ctl")
        os.makedirs(app, exist_ok=True)
        os.makedirs(ctl, exist_ok=True)
        self.write("app/lockerd", f"#!/bin/sh\n{f'echo {words!r} >&2' if words else ':'}\nexit {code}\n", 0o755)
        self.write("ctl/lockerctl", f'#!/bin/sh\nexec {LOCKERCTL} "$@"\n', 0o755)
        return os.path.join(ctl, "lockerctl")

    def examine(self, name, state, *words, code=0, said="", daemon=True):
        """(exit code, the JSON) of one run."""
        words = ("--json", "--sys", os.path.join(self.folder, "sys"), "--lockerctl", self.judge(code, said), *words)
        if daemon:
            with FakeDaemon(state) as fake:
                done = run(name, fake, *words, config=self.config)
                self.assertEqual({r["cmd"] for r in fake.requests} - {"status", "doors", "bus", "uplink", "store", "wear"}, set())
        else:
            done = run(name, "/nonexistent/admin.sock", *words, config=self.config)
        self.assertEqual(done.stderr, "")
        result = json.loads(done.stdout)
        self.assertEqual(result["exit"], done.returncode)
        return done.returncode, result


class Machine(Site):
    def found(self, *words, **args):
        code, result = self.examine("diag-machine", args.pop("state", None) or self.state(), *words, **args)
        return code, {f["code"]: f for f in result["findings"]}

    def test_all_is_well(self):
        self.sensor("class/hwmon/hwmon0/in0_lcrit_alarm", "0")
        self.sensor("class/thermal/thermal_zone0/temp", "51234")
        code, found = self.found()
        self.assertEqual((code, set(found)), (0, {"power_good", "heat_good", "config_good", "reader_there", "screen_good"}), found)

    def test_power_and_heat(self):
        self.sensor("class/hwmon/hwmon1/in0_lcrit_alarm", "1")
        self.sensor("class/hwmon/hwmon1/name", "rpi_volt")
        for milli, want, level in (("74900", "heat_good", 2), ("75000", "too_hot", 2), ("85000", "too_hot", 2), ("nonsense", None, 2)):
            self.sensor("class/thermal/thermal_zone0/temp", milli)
            code, found = self.found()
            self.assertEqual((code, found["power_low"]["place"]), (level, "rpi_volt"))
            self.assertEqual({"too_hot", "heat_good"} & set(found), {want} - {None}, milli)

    def test_the_judge_of_the_configuration(self):
        code, found = self.found(code=78, said="lockerd.conf:7: doors: no number")
        self.assertEqual(code, 2)
        self.assertIn("lockerd.conf:7: doors: no number", found["config_wrong"]["text"])
        self.assertIn("ask_failed", self.found(code=71, said="no memory")[1])
        os.unlink(self.config)
        self.assertIn("config_missing", self.found()[1])

    def test_readers_screen_and_lockout(self):
        state = self.state()
        state["status"]["readers"][0].update(ok=False, detail="not plugged in")
        state["status"]["kiosk"]["streams"] = 0
        state["status"]["lockout"] = {"level": 2, "locked_s": 95, "tries": 0}
        code, found = self.found(state=state)
        self.assertEqual((code, {c for c, f in found.items() if f["level"] != "good"}), (2, {"reader_gone", "screen_nobody", "keypad_locked"}))
        state["status"]["kiosk"]["url"] = "http://127.0.0.1:1/"
        self.assertIn("page_dead", self.found(state=state)[1])

    def test_why_it_did_not_start(self):
        for text, want in (("cannot start: bind: Address already in use\n", "start_failed"), ("cannot start: The database /x is damaged.\n", "start_database"),
                           ("cannot start: bind\nlockerd 0.1.0 serves yulin/hall-1 at x\n", None), ("", None)):
            log = self.write("lockerd.log", "lockerd 0.1.0 serves yulin/hall-1 at x\n" + text)
            found = self.found("--log", log, daemon=False)[1]
            self.assertEqual({"start_failed", "start_database"} & set(found), {want} - {None}, text)


class Walk(Site):
    def causes(self, state, *words, **args):
        code, result = self.examine("diagnose", state, *words, **args)
        return code, [(c["part"], c["place"], c["code"]) for c in result["causes"]], result

    def test_a_healthy_site(self):
        code, causes, result = self.causes(self.state())
        self.assertEqual((code, causes, result["verdict"]), (0, [], "good"), causes)
        self.assertEqual({f["step"] for f in result["findings"]}, {"diag-machine", "diag-store", "diag-bus", "diag-doors", "diag-uplink"})

    def test_a_part_is_named_once(self):
        state = self.state()
        state["status"]["banks"][1].update(state="lost", reason="board_silent")
        state["bus"]["fieldbuses"][0]["units"][1] = unit("B", 2, "lost", timeouts=200, ok=4800)
        state["doors"]["doors"][2] = door("B01", "lost")
        code, causes, result = self.causes(state)
        self.assertEqual((code, causes), (2, [("board", "rs485-a/2 (B)", "board_went_silent")]))
        self.assertIn("bank_lost", {f["code"] for f in result["findings"]}, "left out of the verdict only")

    def test_a_supply_is_named_by_what_hangs_on_it(self):
        self.config = self.write("lockerd.conf", QUIET + "[bank A]\nsupply = left\n[bank B]\nsupply = right\n[bank C]\nsupply = right\n")
        state = self.state()
        state["status"]["banks"].append({**state["status"]["banks"][1], "name": "C", "unit": 3})
        units = state["bus"]["fieldbuses"][0]["units"]
        units.append(unit("C", 3))
        for bank, row in ((1, 1), (2, 2)):
            state["status"]["banks"][bank].update(state="lost", reason="board_silent")
            units[row].update(state="lost", ok=4000, timeouts=1000)
        self.assertEqual(self.causes(state)[1], [("supply", "right", "supply_dead")])
        state["status"]["banks"][2].update(state="ready", reason="")
        units[2].update(state="ready", ok=5000, timeouts=0)
        self.assertEqual(self.causes(state)[1], [("board", "rs485-a/2 (B)", "board_went_silent")], "one bank alone is its board")

    def test_many_jammed_doors_are_their_supply(self):
        state = self.state()
        for jammed, want in ((2, [("lock", "A01", "door_jammed"), ("lock", "A02", "door_jammed")]), (3, [("supply", "main", "locks_without_power")])):
            state["doors"]["doors"] = [door(f"A0{n}", "jammed" if n <= jammed else "closed") for n in (1, 2, 3)]
            self.assertEqual(self.causes(state)[1], want)

    def test_every_code_is_explained_without_a_daemon(self):
        levels = {"en": {"fault", "warning", "unknown"}, "zh": {"故障", "警告", "无法判断"}}
        texts = diag_lib.load_texts(None)
        for code in diag_verdict.PART_OF:
            for lang, split in (("en", " or "), ("zh", "或")):
                self.assertLessEqual(set(texts[f"diag.{code}.severity"][lang].split(split)), levels[lang], code)
                self.assertTrue(all(texts[f"diag.{code}{end}"][lang] for end in ("", ".means", ".raised", ".cleared", ".do")), code)
        for lang, severity in (("en", "fault or warning"), ("zh", "故障或警告")):
            done = run("diagnose", "/nonexistent/admin.sock", "--json", "--explain", "too_hot", lang=lang)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual((json.loads(done.stdout)["code"], json.loads(done.stdout)["severity"]), ("too_hot", severity))
        said = run("diagnose", "/nonexistent/admin.sock", "--explain", "backup_never").stdout
        self.assertRegex(said, r"\Abackup_never: .+\nSeverity: warning\nPart: .+\nMeans: .+\nRaised: .+\nCleared: .+\nDo: .+\n\Z")
        wrong = run("diagnose", "/nonexistent/admin.sock", "--explain", "no_such")
        self.assertEqual((wrong.returncode, wrong.stdout), (64, ""))
        self.assertIn("no_such", wrong.stderr)

    def test_faults_before_warnings(self):
        state = self.state()
        state["store"]["last_backup"] = None
        state["doors"]["doors"][0] = door("A01", "jammed")
        self.assertEqual([c[2] for c in self.causes(state)[1]], ["door_jammed", "backup_never"])

    def test_a_stopped_daemon_is_explained(self):
        code, causes, _ = self.causes(None, code=78, said="lockerd.conf:3: x", daemon=False)
        self.assertEqual((code, causes), (2, [("configuration", self.config, "config_wrong")]))

    def test_every_finding_has_a_part(self):
        with open(os.path.join(os.path.dirname(script("x")), "..", "controller/face/catalogue/diag.json"), encoding="utf-8") as file:
            texts = json.load(file)
        bad = {key[5:-3] for key in texts if re.fullmatch(r"diag\.[a-z_]+\.do", key)}
        self.assertEqual(bad - {"label"}, set(diag_verdict.PART_OF))
        for part in list(diag_verdict.PARTS) + ["scanner", "keypad", "card", "panel"]:
            self.assertIn("diag.part." + part, texts)
        explained = set(diag_verdict.EXPLAINED) | {c for causes in diag_verdict.EXPLAINED.values() for c in causes}
        self.assertEqual(explained - bad, set(), "a rule about a code that is none")

    def test_what_changed(self):
        state = self.state()
        state["doors"]["doors"][0] = door("A01", "jammed")
        before = self.write("before.json", json.dumps(self.causes(state)[2]))
        state["doors"]["doors"][0] = door("A01")
        state["doors"]["doors"][1] = door("A02", "forced")
        changes = self.causes(state, "--before", before)[2]["changes"]
        self.assertEqual([[c["place"] for c in changes[k]] for k in ("new", "gone")], [["A02"], ["A01"]])
        for text in ("", "[]", '{"script": "diag-bus"}', '{"script": "diagnose"}', "\x00\x01"):
            done = run("diagnose", "/x", "--before", self.write("bad.json", text))
            self.assertEqual((done.returncode, done.stdout), (64, ""), text)
            self.assertIn("bad.json", done.stderr)
        self.assertEqual(run("diagnose", "/x", "--before", "/nonexistent/x").returncode, 64)

    def test_the_report(self):
        state = broken()
        state["status"]["kiosk"]["url"] = self.url
        state["uplink"]["url"] = "mqtt://127.0.0.1:1"
        state["doors"]["doors"].append(door("A09", item="<script>alert(1)</script>", use="occupied", reason="outcome_unproven"))
        state["status"]["banks"][0]["name"] = "<b>"
        path = os.path.join(self.folder, "report.html")
        for lang in ("zh", "en"):
            self.examine("diagnose", state, "--offline", "--html", path, "--lang", lang)
            with open(path, encoding="utf-8") as file:
                page = file.read()
            self.assertIn(f'<html lang="{"zh-CN" if lang == "zh" else lang}">', page)
            self.assertNotIn("<script", page)
            self.assertNotIn("<b>&", page)
            self.assertNotRegex(page, r"""(src|href|url)\s*[=(]["']?http""")
            self.assertEqual(page.count("<polyline"), len(state["wear"]["doors"]), "a line of opening times for each door")
            self.assertIn("<title>A01: 138, 140, 145 ms</title>", page)
            for label in ("A01", "A03", "B01"):
                self.assertIn(f"<b>{label}</b>", page)
            self.assertNotRegex(page, r"diag\.[a-z]+[._]|ctl\.(door|use)\.|\{[a-z_]+\}", "a text is missing")
        self.assertEqual(os.listdir(self.folder).count("report.html.new"), 0)
        with FakeDaemon(state) as daemon:
            done = run("diagnose", daemon, "--offline", "--html", "/nonexistent/x.html", config=self.config)
        self.assertEqual(done.returncode, 64)
        self.assertIn("/nonexistent/x.html", done.stderr)

    def test_for_people(self):
        state = broken()
        state["status"]["kiosk"]["url"] = self.url
        for lang, first in (("zh", "先处理："), ("en", "First: ")):
            with FakeDaemon(state) as daemon:
                done = run("diagnose", daemon, "--offline", lang=lang, config=self.config)
            self.assertEqual((done.returncode, done.stderr), (2, ""))
            self.assertTrue(done.stdout.splitlines()[-1].startswith(first), done.stdout)
            self.assertNotRegex(done.stdout, r"diag\.|\{[a-z_]+\}")

    def test_usage(self):
        for name in ("diagnose", "diag-machine"):
            for words in (("--nonsense",), ("extra",), ("--lang", "fr")):
                self.assertEqual(run(name, "/x", *words).returncode, 64)
            done = run(name, "/x", "--help")
            self.assertEqual(done.returncode, 0)
            for want in ("exit codes", "64", "无法判断", "--json"):
                self.assertIn(want, done.stdout)
        self.assertEqual(subprocess.run([script("diagnose"), "--html"], capture_output=True, check=False).returncode, 64)


if __name__ == "__main__":
    unittest.main()
