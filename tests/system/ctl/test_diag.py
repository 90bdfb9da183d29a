#!/usr/bin/python3
"""The diag scripts against a fake daemon, and without any. LOCKERCTL names the program they ask."""

import ast
import glob
import json
import os
import pty
import re
import select
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest

from fake_daemon import FakeDaemon, broken, door, healthy, rfc3339, unit

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SCRIPTS = ("diag-doors", "diag-bus", "diag-uplink", "diag-store")
LOCKERCTL = os.environ.get("LOCKERCTL", "lockerctl")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import diag_lib  # noqa: E402


def script(name):
    return os.path.join(ROOT, "scripts", name)


def run(name, daemon, *words, lang="en", config="/nonexistent"):
    path = daemon.path if isinstance(daemon, FakeDaemon) else daemon
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LOCKERCTL": LOCKERCTL, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([script(name), "--socket", path, "--lang", lang, "--config", config, *words], capture_output=True, text=True,
                          env=env, timeout=60, stdin=subprocess.DEVNULL, start_new_session=True)


def examine(name, state, *words, config="/nonexistent", answers=None):
    """Exit code and {code: finding} of one run with --json."""
    if state is None:
        done = run(name, "/nonexistent/admin.sock", "--json", *words, config=config)
    else:
        with FakeDaemon(state, answers) as daemon:
            done = run(name, daemon, "--json", *words, config=config)
    assert done.stderr == "", done.stderr
    result = json.loads(done.stdout)
    assert result["exit"] == done.returncode
    return done.returncode, {f["code"]: f for f in result["findings"]}


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path


class All(Folder):
    def test_a_healthy_cabinet(self):
        state = healthy()
        state["store"]["path"] = os.path.join(self.folder, "lockerd.db")
        for name in SCRIPTS:
            with self.subTest(name), FakeDaemon(state) as daemon:
                for lang, verdict in (("zh", "结论：正常。"), ("en", "Verdict: healthy.")):
                    done = run(name, daemon, *(("--offline",) if name == "diag-uplink" else ()), lang=lang)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                    self.assertTrue(done.stdout.endswith(verdict + "\n"), done.stdout)
                changing = {r["cmd"] for r in daemon.requests} - {"status", "doors", "bus", "uplink", "store", "wear"}
                self.assertEqual(changing, set(), "a diag script must only read")

    def test_a_broken_cabinet_in_plain_words(self):
        for name in SCRIPTS:
            with self.subTest(name), FakeDaemon(broken()) as daemon:
                words = ("--offline",) if name == "diag-uplink" else ()
                zh, en = run(name, daemon, *words, lang="zh"), run(name, daemon, *words)
                self.assertEqual((zh.returncode, en.returncode), (2, 2), zh.stderr + en.stderr)
                self.assertIn("处理：", zh.stdout)
                self.assertIn("Do: ", en.stdout)
                self.assertNotRegex(en.stdout, "[\u4e00-\u9fff]")
                for text in (zh.stdout, en.stdout):
                    self.assertNotRegex(text, r"diag\.|\{[a-z_]+\}", "a text or a word is missing")

    def test_without_a_daemon(self):
        for name in SCRIPTS:
            code, found = examine(name, None)
            self.assertIn("daemon_down", found)
            self.assertIn(code, (2, 3), name)
        self.assertEqual(examine("diag-doors", None)[0], 3)

    def test_without_lockerctl(self):
        done = run("diag-doors", "/x", "--lockerctl", "/nonexistent/lockerctl", "--json")
        self.assertEqual(done.returncode, 3, done.stdout)

    def test_a_daemon_that_does_not_make_sense(self):
        for name, command in zip(SCRIPTS, ("doors", "bus", "uplink", "store")):
            for how in ("garbage", "array", "hang_up", ("refuse", "not_now", "busy"), ("result", {"doors": 5, "fieldbuses": 7})):
                with self.subTest((name, how)), FakeDaemon(healthy(), {command: how}) as daemon:
                    done = run(name, daemon, *(("--offline",) if name == "diag-uplink" else ()))
                    self.assertIn(done.returncode, (2, 3), done.stdout)

    def test_wrong_usage_is_not_a_verdict(self):
        for name in SCRIPTS:
            for words in (("--nonsense",), ("--lang", "fr"), ("extra",), ("--js",)):
                self.assertEqual(run(name, "/x", *words).returncode, 64, words)

    def test_help_tells_the_exit_codes(self):
        for name in SCRIPTS:
            done = run(name, "/x", "--help")
            self.assertEqual(done.returncode, 0)
            for want in ("exit codes", "64", "无法判断", "--json", "--lang"):
                self.assertIn(want, done.stdout)

    def test_every_finding_has_its_texts(self):
        with open(os.path.join(ROOT, "controller/face/catalogue/diag.json"), encoding="utf-8") as file:
            texts = json.load(file)
        used = set()
        for path in map(script, SCRIPTS + ("diag-machine", "diag_lib.py", "diag_verdict.py", "diagnose", "diag_report.py")):
            with open(path, encoding="utf-8") as file:
                source = file.read()
            used |= set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', source)) & {k[5:] for k in texts if k.count(".") == 1}
            for level, code in re.findall(r'\.add\((?:lib\.)?([A-Z]+), "([a-z_]+)"', source):
                self.assertIn("diag." + code, texts)
                if level != "GOOD":
                    self.assertTrue({f"diag.{code}.means", f"diag.{code}.do"} <= set(texts), code)
        made = {w + s for w in ("broker_cert", "file_cert") for s in ("_expired", "_soon", "_good")}
        codes = {k[5:] for k in texts if re.fullmatch(r"diag\.[a-z_]+", k)}
        self.assertEqual(codes - used - made, set(), "texts that no script uses")


class Doors(Folder):
    def examine(self, *doors, **status):
        state = healthy()
        state["doors"]["doors"] = list(doors)
        state["status"].update(status)
        return examine("diag-doors", state)

    def test_each_state_of_a_door(self):
        rows = ((door("A01", "closed"), None, 0), (door("A01", "open"), None, 0), (door("A01", "pulsing"), None, 0),
                (door("A01", "left_open"), "door_left_open", 1),
                (door("A01", "left_open", "occupied", item="X"), "door_left_open_item", 2),
                (door("A01", "jammed"), "door_jammed", 2), (door("A01", "forced", "occupied", item="X"), "door_forced", 2),
                (door("A01", "unknown"), "door_unknown", 2), (door("A01", "lost"), "door_unknown", 2),
                (door("A01", use="blocked", reason="staff_request"), "door_blocked", 1),
                (door("A01", use="blocked"), "door_blocked", 1),
                (door("A01", use="occupied", item="X", reason="outcome_unproven"), "door_doubt", 1))
        for row, want, code in rows:
            with self.subTest(row["state"]):
                got, found = self.examine(row)
                self.assertEqual(got, code)
                self.assertEqual(set(found) - {"doors_counted"}, {want} if want else set())

    def test_a_dead_bank_is_one_finding(self):
        bank = {"name": "A", "state": "lost", "reason": "board_silent", "doors": 32, "fieldbus": "r", "unit": 1}
        code, found = self.examine(*[door(f"A{n:02d}", "lost") for n in range(1, 33)], banks=[bank])
        self.assertEqual((code, set(found)), (2, {"bank_lost", "doors_counted"}))
        self.assertIn("32 door(s)", found["bank_lost"]["text"])

    def test_why_a_bank_was_stopped(self):
        for reason, want in (("wrong_door", "bank_wrong_door"), ("coil_stuck", "bank_coil_stuck"), ("link_mode", "bank_link_mode"),
                             ("duplicate_address", "bank_duplicate_address"), ("inputs_silent", "bank_inputs_silent"), ("not_now", "bank_stopped")):
            bank = {"name": "A", "state": "stopped", "reason": reason, "doors": 1, "fieldbus": "r", "unit": 1}
            code, found = self.examine(door("A01"), banks=[bank])
            self.assertEqual(code, 2)
            self.assertIn(want, found)

    def at_terminal(self, daemon, answer):
        pid, fd = pty.fork()
        if pid == 0:
            os.environ["LOCKERCTL"] = LOCKERCTL
            os.execv(script("diag-doors"), ["diag-doors", "--socket", daemon.path, "--lang", "en", "--open", "A01"])
        shown, answered = "", False
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    shown += os.read(fd, 4096).decode(errors="replace")
                except OSError:
                    break
            if "once more: " in shown and not answered:
                os.write(fd, answer)
                answered = True
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_open_needs_a_flag_and_a_confirmation(self):
        with FakeDaemon(healthy()) as daemon:
            code, shown = self.at_terminal(daemon, b"A01\n")
            self.assertEqual(code, 0, shown)
            self.assertEqual([r["args"]["door"] for r in daemon.requests if r["cmd"] == "open"], ["A01"])
            self.assertIn("A01 is open", shown)
        for answer in (b"A02\n", b"\n", b"yes\n"):
            with FakeDaemon(healthy()) as daemon:
                code, shown = self.at_terminal(daemon, answer)
                self.assertEqual((code, daemon.requests), (3, []), shown)

    def test_open_without_a_terminal_does_nothing(self):
        for words in (("--open", "A01"), ("--open", "A01", "--json")):
            with FakeDaemon(healthy()) as daemon:
                self.assertEqual((run("diag-doors", daemon, *words).returncode, daemon.requests), (3, []))

    def test_open_that_fails_is_a_fault(self):
        with FakeDaemon(healthy(), {"open": ("result", {"door": "A01", "outcome": "jammed"})}) as daemon:
            code, shown = self.at_terminal(daemon, b"A01\n")
            self.assertEqual(code, 2, shown)


class Bus(Folder):
    def examine(self, *units, transport="rtu", state="up", config="/nonexistent"):
        full = healthy()
        full["bus"]["fieldbuses"] = [{"name": "r", "transport": transport, "state": state, "units": list(units)}]
        return examine("diag-bus", full, config=config)

    def test_likely_causes(self):
        dead = {"ok": 0, "timeouts": 500, "requests": 500, "mean_us": 0}
        rows = (([unit("A", 1), unit("B", 2)], "rtu", set(), 0),
                ([unit("A", 1), unit("B", 2, "lost", **dead)], "rtu", {"board_never"}, 2),
                ([unit("A", 1, "lost", **dead), unit("B", 2, "lost", **dead)], "rtu", {"line_silent"}, 2),
                ([unit("A", 1, "lost", **dead)], "rtu", {"line_silent"}, 2),
                ([unit("A", 1, "lost", ok=4900), unit("B", 2, "lost", ok=4900)], "rtu", {"line_went_silent"}, 2),
                ([unit("A", 1), unit("B", 2, "lost", ok=4991, timeouts=9)], "rtu", {"board_went_silent"}, 2),
                ([unit("A", 1), unit("B", 2, "lost", ok=0, crc=300, requests=300)], "rtu", {"board_garbled"}, 2),
                ([unit("A", 1, "lost", **dead)], "tcp", {"board_never_tcp"}, 2),
                ([unit("A", 1, crc=100, bad=90, timeouts=50, ok=4760)], "rtu", {"board_collides"}, 2),
                ([unit("A", 1, crc=100, bad=30, timeouts=50, ok=4820)], "rtu", {"board_noise"}, 1),
                ([unit("A", 1, "lost", ok=480, exceptions=20, requests=500)], "rtu", {"board_refuses"}, 2),
                ([unit("A", 1, "lost", ok=5, requests=5), unit("B", 2)], "rtu", set(), 0),
                ([unit("A", 1, crc=20)], "rtu", {"board_noise"}, 1), ([unit("A", 1, crc=500)], "rtu", {"board_noise"}, 2),
                ([unit("A", 1, bad=30)], "rtu", {"board_late"}, 1), ([unit("A", 1, late=30)], "rtu", {"board_late"}, 1), ([unit("A", 1, timeouts=50)], "rtu", {"board_slow"}, 1),
                ([unit("A", 1, timeouts=900)], "rtu", {"board_slow"}, 2), ([unit("A", 1, exceptions=40)], "rtu", {"board_refuses"}, 2),
                ([unit("A", 1, longest_gap_ms=2500)], "rtu", {"board_gap"}, 1),
                ([unit("A", 1, requests=10, ok=9, crc=1)], "rtu", set(), 0), ([unit("A", 1, crc=2)], "rtu", set(), 0))
        for units, transport, want, code in rows:
            with self.subTest((sorted(want), transport)):
                got, found = self.examine(*units, transport=transport)
                self.assertEqual({c for c, f in found.items() if f["level"] != "good"}, want)
                self.assertEqual(got, code)

    def test_a_late_board_is_named_and_not_its_neighbour(self):
        """What comes late falls into the neighbour's turn, where it is counted, too."""
        code, found = self.examine(unit("A", 1, late=200), unit("B", 2, bad=30))
        self.assertEqual((code, found["board_late"]["place"]), (1, "r/1 (A)"))  # of two, the last would be seen here

    def config(self, text):
        return self.write("lockerd.conf", text)

    def test_a_line_that_is_down_is_looked_at(self):
        config = self.config("[fieldbus r]\ntransport = rtu\ndevice = /dev/nonexistent-adapter\n")
        code, found = self.examine(unit("A", 1, "lost"), state="down", config=config)
        self.assertEqual((code, set(found)), (2, {"line_down", "adapter_missing"}))

    def test_without_the_daemon_the_configuration_helps(self):
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            config = self.config("[fieldbus a]\ntransport = rtu\ndevice = /dev/null\n[fieldbus b]\ntransport = tcp\nhost = 127.0.0.1\n"
                                 f"port = {listener.getsockname()[1]}\n")
            code, found = examine("diag-bus", None, config=config)
            self.assertEqual((code, set(found)), (3, {"daemon_down", "adapter_there", "host_answers"}))
            config = self.config(f"[fieldbus b]\ntransport = tcp\nhost = 127.0.0.1\nport = {unused.getsockname()[1]}\n")
            code, found = examine("diag-bus", None, config=config)
            self.assertEqual((code, set(found)), (2, {"daemon_down", "host_silent"}))

    def test_without_daemon_and_configuration(self):
        code, found = examine("diag-bus", None)
        self.assertEqual((code, set(found)), (3, {"daemon_down", "no_config"}))


def make_certificate(folder, name, days=365, subject="localhost", ca=None):
    key, cert, request = (os.path.join(folder, name + end) for end in (".key", ".pem", ".csr"))
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=30)
    if ca is None:
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                "-days", str(days), "-subj", "/CN=" + subject)
        return cert, key
    extension = os.path.join(folder, name + ".ext")
    with open(extension, "w") as file:
        file.write("subjectAltName=DNS:" + subject)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", request, "-subj",
            "/CN=" + subject)
    openssl("x509", "-req", "-in", request, "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial", "-out", cert, "-days",
            str(days), "-extfile", extension)
    return cert, key


class TlsServer:
    """Shakes hands with whoever connects."""

    def __init__(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
                connection.settimeout(5)
                with self.context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)
            except ssl.SSLError:
                continue
            except OSError:
                return

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Uplink(Folder):
    def test_what_the_daemon_says(self):
        day = 86400
        rows = (({}, {}, {"uplink_connected"}, 0),
                ({"connected": False, "last_error": "refused"}, {}, {"uplink_down"}, 2),
                ({"unacked": 5}, {"oldest_unacked": rfc3339(time.time() - 60)}, {"uplink_connected"}, 0),
                ({"unacked": 5}, {"oldest_unacked": rfc3339(time.time() - 900)}, {"uplink_connected", "backlog_unconfirmed"}, 1),
                ({"unacked": 5}, {"oldest_unacked": rfc3339(time.time() - 2 * day)}, {"uplink_connected", "backlog_unconfirmed"}, 2),
                ({"unacked": 5, "connected": False}, {"oldest_unacked": rfc3339(time.time() - 900)},
                 {"uplink_down", "backlog_offline"}, 2),
                ({"unacked": 5000}, {"oldest_unacked": 7}, {"uplink_connected", "backlog_many"}, 1),
                ({}, {"clock": "unsynced"}, {"uplink_connected", "clock_unsynced"}, 1),
                ({"command_keys": 0}, {}, {"uplink_connected", "no_command_keys"}, 1),
                ({"configured": False, "connected": False, "url": None}, {}, {"uplink_none"}, 0))
        for up, status, want, code in rows:
            state = healthy()
            state["uplink"].update(up)
            state["status"].update(status)
            with self.subTest((up, status)):
                got, found = examine("diag-uplink", state, "--offline")
                self.assertEqual((got, set(found)), (code, want))

    def reach(self, port, scheme="mqtts", host="localhost", more="", state=None):
        config = self.write("lockerd.conf", f"[uplink]\nurl = {scheme}://{host}:{port}\n{more}")
        return examine("diag-uplink", state, config=config)

    def test_a_broker_that_is_there(self):
        make_certificate(self.folder, "ca", subject="Test CA")
        cert, key = make_certificate(self.folder, "broker", ca=os.path.join(self.folder, "ca"))
        with TlsServer(cert, key) as server:
            state = healthy()
            state["uplink"]["url"] = f"mqtts://localhost:{server.port}"
            code, found = self.reach(server.port, more=f"ca = {self.folder}/ca.pem\n", state=state)
            self.assertEqual(code, 0, found)
            self.assertEqual(set(found), {"uplink_connected", "file_cert_good", "dns_found", "tcp_open", "tls_good", "broker_cert_good"})

    def test_what_tls_may_hold_against_it(self):
        for name in ("ca", "other"):
            make_certificate(self.folder, name, subject="Test CA " + name)
        ca = os.path.join(self.folder, "ca")
        rows = (("soon", 10, "localhost", "ca", "broker_cert_soon", 1), ("name", 365, "elsewhere", "ca", "tls_hostname", 2),
                ("trust", 365, "localhost", "other", "tls_untrusted", 2))
        for name, days, subject, trusted, want, code in rows:
            cert, key = make_certificate(self.folder, name, days, subject, ca)
            with self.subTest(want), TlsServer(cert, key) as server:
                state = healthy()
                state["uplink"]["url"] = f"mqtts://localhost:{server.port}"
                got, found = self.reach(server.port, more=f"ca = {self.folder}/{trusted}.pem\n", state=state)
                self.assertIn(want, found)
                self.assertEqual(got, code, found)

    def test_an_expired_certificate_file(self):
        self.write("old.cnf", "[req]\ndistinguished_name=d\n[d]\n[ca]\ndefault_ca=c\n[c]\n")
        cert, key = make_certificate(self.folder, "mine", days=5)
        self.write("bad.pem", "not a certificate")
        state = healthy()
        config = self.write("lockerd.conf", f"[uplink]\nurl = mqtts://b\nca = {cert}\ncert = {self.folder}/bad.pem\n"
                                            f"key = {self.folder}/missing.key\npassword_file = {key}\n")
        os.chmod(key, 0o644)
        code, found = examine("diag-uplink", state, "--offline", config=config)
        self.assertEqual(code, 2)
        self.assertEqual(set(found), {"uplink_connected", "file_cert_soon", "cert_unreadable", "file_missing", "secret_readable"})

    def test_where_the_way_ends(self):
        with socket.socket() as unused, socket.create_server(("127.0.0.1", 0)) as plain:
            unused.bind(("127.0.0.1", 0))
            self.assertIn("tcp_refused", self.reach(unused.getsockname()[1], host="127.0.0.1")[1])
            self.assertIn("dns_failed", self.reach(1, host="no-such-host.invalid")[1])
            code, found = self.reach(plain.getsockname()[1], scheme="mqtt", host="127.0.0.1")
            self.assertEqual((code, set(found)), (3, {"daemon_down", "dns_found", "tcp_open"}))
            def hang_up():
                plain.accept()[0].close()
            threading.Thread(target=hang_up, daemon=True).start()
            self.assertIn("tls_failed", self.reach(plain.getsockname()[1], host="127.0.0.1")[1])

    def test_a_url_that_is_none(self):
        self.assertIn("bad_url", self.reach("x")[1])
        self.assertIn("no_url", examine("diag-uplink", None)[1])


class Store(Folder):
    def examine(self, store=None, status=None):
        state = healthy()
        state["store"].update({"path": os.path.join(self.folder, "lockerd.db"), **(store or {})})
        state["status"].update(status or {})
        return examine("diag-store", state)

    def test_what_the_daemon_says(self):
        rows = (({}, {}, None, 0), ({"quick_check": "wrong # of entries"}, {}, "store_damaged", 2),
                ({"chain": {"ok": False, "checked": 9, "first_bad_seq": 4}}, {}, "chain_broken", 2),
                ({"wal_bytes": 65 * 10**6}, {}, "wal_large", 1), ({"last_backup": None}, {}, "backup_never", 1),
                ({"last_backup": {"wall_ms": int(time.time() - 9 * 86400) * 1000, "path": "/x"}}, {}, "backup_old", 1),
                ({"last_backup": {"path": "/x"}}, {}, "backup_when", 3),
                ({}, {"clock": "unsynced"}, "clock_unsynced", 1),
                ({}, {"store": {"ok": False, "degraded": "store_failed", "bytes": 1}}, "store_degraded", 2),
                ({"last_backup": {"wall_ms": int(time.time() + 9 * 86400) * 1000, "path": "/x"}}, {}, "clock_behind", 1),
                ({"path": "/nonexistent/x.db"}, {}, None, 0),
                ({"path": "/nonexistent/x.db", "disk_free": 1000}, {}, "disk_full", 2),
                ({"path": "/nonexistent/x.db", "disk_free": None}, {}, "disk_unknown", 3))
        for store, status, want, code in rows:
            with self.subTest(want):
                got, found = self.examine(store, status)
                self.assertEqual(got, code, found)
                self.assertEqual({c for c, f in found.items() if f["level"] != "good"}, {want} if want else set())

    def test_the_files_from_outside(self):
        config = self.write("lockerd.conf", f"[paths]\nstate_dir = {self.folder}\n")
        rows = ((b"SQLite format 3\0rest", 0o600, {"file_looks_right"}, 3), (b"garbage garbage garbage", 0o600, {"file_no_database"}, 2),
                (b"SQLite format 3\0rest", 0o644, {"file_looks_right", "key_readable"}, 2))
        for content, mode, want, code in rows:
            self.write("lockerd.db", content)
            self.write("code.key", "00" * 32, mode)
            got, found = examine("diag-store", None, config=config)
            self.assertEqual((got, set(found) - {"disk_good", "disk_low"}), (code, want | {"daemon_down"}))
        os.unlink(os.path.join(self.folder, "lockerd.db"))
        os.unlink(os.path.join(self.folder, "code.key"))
        got, found = examine("diag-store", None, config=config)
        self.assertEqual((got, set(found) - {"disk_good", "disk_low"}), (2, {"daemon_down", "file_gone", "key_gone"}))

    def test_a_clock_that_is_behind(self):
        config = self.write("lockerd.conf", f"[paths]\nstate_dir = {self.folder}\n")
        path = self.write("lockerd.db", b"SQLite format 3\0rest")
        self.write("code.key", "00" * 32)
        os.utime(path, (time.time() + 86400, time.time() + 86400))
        self.assertIn("clock_behind", examine("diag-store", None, config=config)[1])

    def test_a_disk_that_is_nearly_full(self):
        module = load_script("diag-store")
        rows = ((50, 0, 900, "disk_full"), (300, 0, 900, "disk_low"), (9000, 0, 900, "disk_good"),
                (9000, os.ST_RDONLY, 900, "disk_readonly"), (9000, 0, 5, "disk_full"))
        for free, flag, inodes, want in rows:
            space = types.SimpleNamespace(f_flag=flag, f_files=1000, f_favail=inodes, f_bavail=free * 1000, f_blocks=10**7, f_frsize=1000)
            module.os = types.SimpleNamespace(statvfs=lambda _, s=space: s, ST_RDONLY=os.ST_RDONLY)
            found = []
            module.check_disk(types.SimpleNamespace(facts={}, add=lambda level, code, *a, f=found, **k: f.append(code)), "/x")
            self.assertIn(want, found)


def load_script(name):
    import importlib.machinery
    import importlib.util
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), script(name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Library(Folder):
    def test_the_scripts_may_be_run(self):
        for name in SCRIPTS:
            self.assertTrue(os.stat(script(name)).st_mode & stat.S_IXUSR)

    def test_configuration_with_drop_ins(self):
        self.write("lockerd.conf", "\ufeff[fieldbus a]\ntransport = tcp ; note\nhost = ::1\n")
        os.mkdir(os.path.join(self.folder, "conf.d"))
        self.write("conf.d/x.conf", "[fieldbus a]\nport = 1502\n[uplink]\nurl = mqtt://b%20\n")
        got = diag_lib.read_config(os.path.join(self.folder, "lockerd.conf"))
        self.assertEqual(got, {"fieldbus a": {"transport": "tcp", "host": "::1", "port": "1502"}, "uplink": {"url": "mqtt://b%20"}})
        self.assertEqual(diag_lib.read_config(self.write("bad.conf", "nonsense\n")), {})

    def test_outside_text_cannot_drive_the_terminal(self):
        state = broken()
        state["uplink"]["last_error"] = "evil\x1b[2J\u202e"
        with FakeDaemon(state) as daemon:
            text = run("diag-uplink", daemon, "--offline").stdout
        self.assertIn("evil?[2J?", text)

    def test_nothing_but_the_standard_library(self):
        allowed = set(sys.stdlib_module_names) | {"diag_lib"}
        for path in [script(n) for n in SCRIPTS] + glob.glob(os.path.join(ROOT, "scripts", "diag_*.py")):
            with open(path, encoding="utf-8") as file:
                nodes = list(ast.walk(ast.parse(file.read())))
            imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
            imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
            self.assertEqual({name.split(".")[0] for name in imported} - allowed, set(), path)


if __name__ == "__main__":
    unittest.main()
