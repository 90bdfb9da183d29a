"""`lockerctl metrics` and [metrics] textfile: well-formed, and the numbers are those of status, bus and the cabinet.

/usr/bin/python3 metrics_test.py --build DIR [Class.test ...]
"""
import os
import re
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import promtext  # noqa: E402
import site_rig  # noqa: E402

GOOD = '# HELP a_total Some.\n# TYPE a_total counter\na_total{x="1\\n\\"\\\\",y=""} 5\na_total 0.25\n'
BAD = {
    "no end": GOOD[:-1],
    "sample before its type": "a_total 1\n" + GOOD,
    "help twice": GOOD + GOOD,
    "samples apart": GOOD + "# HELP b B.\n# TYPE b gauge\nb 1\na_total{x=\"2\"} 1\n",
    "a sample twice": GOOD + "a_total 1\n",
    "a quote not escaped": GOOD.replace('\\"', '"'),
    "a label twice": GOOD.replace("y=", "x="),
    "a comma too many": GOOD.replace('y=""', 'y="",'),
    "a bad name": GOOD.replace("a_total", "a-total"),
    "no number": GOOD.replace("0.25", "many"),
    "not a number": GOOD.replace("0.25", "NaN"),
    "a counter without _total": GOOD.replace("a_total", "a"),
    "a gauge with _total": GOOD.replace("counter", "gauge"),
    "no help": GOOD.replace("# HELP a_total Some.\n", ""),
    "no samples": "# HELP a A.\n# TYPE a gauge\n",
    "an empty line": GOOD + "\n",
}


class Reader(unittest.TestCase):
    def test_it_reads_what_is_right(self):
        metrics = promtext.parse(GOOD)
        self.assertEqual(promtext.value(metrics, "a_total", x='1\n"\\', y=""), 5)
        self.assertEqual(promtext.value(metrics, "a_total"), 0.25)

    def test_it_finds_what_is_wrong(self):
        for what, text in BAD.items():
            with self.subTest(what), self.assertRaises(promtext.Malformed):
                promtext.parse(text)


class Metrics(bad_case.Case):
    def lockerctl(self, one, *words):
        done = subprocess.run([os.path.join(bad_case.BUILD, "controller/ctl/lockerctl"), "--socket",
                               os.path.join(one.folder, "run", "admin.sock"), *words],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_the_numbers_are_true(self):
        one = self.site(scanner=True, start=False)
        one.daemon.env = bad_case.preloaded("synced-clock")  # no other clock dates a round
        one.start()
        self.stock(one, "Y1", "73519264")
        one.scanner.scan("\x01garbage")
        site_rig.until(lambda: "was dropped" in one.daemon.log(), 5, "the scanner's garbage")
        metrics = promtext.parse(self.lockerctl(one, "metrics"))

        def value(name, **labels):
            return promtext.value(metrics, "lockerd_" + name, **labels)
        self.assertEqual(value("doors", state="closed"), 16)
        self.assertEqual(value("compartments", use="occupied"), 1)
        self.assertEqual(value("compartments", use="free"), 15)
        self.assertEqual(value("items", custody="in_locker"), 1)
        self.assertEqual([value("recalls", why=w) for w in ("overdue", "cancelled", "rejected", "dropoff")], [0, 0, 0, 0])
        self.assertEqual((value("inspection_last_timestamp_seconds"), value("inspection_due")), (0, 0))
        one.admin("round_done", seen=16)
        again = promtext.parse(self.lockerctl(one, "metrics"))
        self.assertLess(abs(promtext.value(again, "lockerd_inspection_last_timestamp_seconds") - time.time()), 60)
        self.assertEqual(value("codes_live"), 1)
        self.assertEqual(value("door_pulses_total", door="A01"), 1)
        self.assertEqual(value("door_pulses_total", door="B01"), 0)
        self.assertEqual([value("bank_ready", bank=b) for b in "AB"], [1, 1])
        self.assertEqual(value("uplink_connected"), 1)
        self.assertEqual(value("reader_there", reader="scanner"), 1)
        self.assertGreaterEqual(value("scanner_drops_total", reason="garbage"), 1)
        board = {"fieldbus": "RTU", "unit": "2", "bank": "B"}
        self.assertGreater(value("board_requests_total", **board), 10)
        self.assertGreater(value("board_latency_p99_seconds", **board), 0)
        self.assertLessEqual(value("board_latency_p50_seconds", **board), value("board_latency_p99_seconds", **board))
        self.assertGreater(value("board_line_seconds_total", **board), value("board_busy_seconds_total", **board))
        self.assertEqual(value("board_quarantined", **board), 0)
        with open(os.path.join(site_rig.HERE, "..", "..", "docs", "metrics.md"), encoding="utf-8") as f:
            page = f.read()
        for name in metrics:
            short = name[len("lockerd_"):]
            tail = re.sub(r"^board_latency", "", short).removesuffix("seconds")
            self.assertTrue(f"`{short}`" in page or f"`{tail}`" in page, f"docs/metrics.md does not name {short}")
        one.sim.ask("fault", board="B", fault="dead")
        one.until_event("site.board_lost", 20, bank="B")
        metrics = promtext.parse(one.admin("metrics")["text"])
        self.assertEqual(value("bank_ready", bank="B"), 0)
        self.assertGreater(value("board_errors_total", kind="timeout", **board), 0)
        bus = {u["unit"]: u for line in one.admin("bus")["fieldbuses"] for u in line["units"]}
        self.assertTrue(bus[2]["quarantined"])
        self.assertGreater(bus[2]["timeouts"], 0)
        self.assertGreaterEqual(bus[1]["p99_us"], bus[1]["p50_us"])
        self.assertGreater(bus[1]["timeout_ms"], 0)
        self.assertIn("QUARANTINED", self.lockerctl(one, "bus", "--lang", "en"))

    def test_the_file_is_whole_whenever_it_is_read(self):
        folder = self.folder()
        path = os.path.join(folder, "lockerd.prom")
        one = self.site(more=f"[metrics]\ntextfile = {path}\n", broker=False)
        site_rig.until(lambda: os.path.exists(path), 20, "the file")
        first, seen, stop = os.stat(path).st_ino, set(), threading.Event()
        wrong = []

        def read():
            while not stop.is_set():
                with open(path, encoding="utf-8") as f:
                    text = f.read()
                try:
                    seen.add(promtext.value(promtext.parse(text), "lockerd_uptime_seconds"))
                except promtext.Malformed as error:
                    wrong.append(error)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            site_rig.until(lambda: os.stat(path).st_ino != first and len(seen) > 1, 25, "a newer file")
        finally:
            stop.set()
            reader.join()
        self.assertEqual(wrong, [])
        self.assertEqual(os.listdir(folder), ["lockerd.prom"])
        self.assertEqual(one.daemon.stop(), 0)

    def test_a_folder_that_is_not_there_stops_nothing(self):
        one = self.site(more="[metrics]\ntextfile = /nowhere/lockerd.prom\n", broker=False)
        site_rig.until(lambda: "/nowhere/lockerd.prom cannot be written" in one.daemon.log(), 20, "the complaint")
        self.assertEqual(one.admin("open", door="A01", why="all the same")["outcome"], "opened")
        self.assertEqual(one.daemon.stop(), 0)


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
