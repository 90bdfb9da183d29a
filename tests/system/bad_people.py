"""What people, pages, scanners and scripts may send by mistake or malice: the kiosk's codes and HTTP, the scanner, the
admin socket. Each is answered clearly, opens nothing, and the next honest person is served.
"""
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import site_rig  # noqa: E402

CODE, TOKEN = "73519264", "QR-3kqv9xWm2bTz8RnYhL5c"
MALFORMED_CODES = ["", "7", "7351926", "735192640", "7" * 64, "abcdefgh", "7351926a", "-7351926", "+7351926",
                   " 7351926", "7351926 ", "7351 926", "７３５１９２６４", "٧٣٥١٩٢٦٤", "四三二一四三二一", "😀😀😀😀😀😀😀😀",
                   "7351926\u0000", "\u00007351926", "7351926\n", "0x735192", "7.351926", "' OR 1=1", "%s%s%s%n"]


class OneSite(bad_case.Case):
    """All tests of a class share a site with an item in A01; afterwards the citizen gets it."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.world = bad_case.Case()
        cls.one = cls.world.site(scanner=True, more="[lockout]\nfirst_s = 5\n", **cls.options)
        cls.world.stock(cls.one, "Y1", CODE, TOKEN)
        cls.base = cls.world.pulses(cls.one)

    @classmethod
    def tearDownClass(cls):
        cls.world.doCleanups()

    def tearDown(self):
        self.assertTrue(self.one.daemon.alive(), "lockerd died")
        self.assertEqual(self.pulses(self.one), self.base, "a lock was pulsed")


class Codes(OneSite):
    """The keypad."""

    def test_1_malformed_codes_are_no_tries(self):
        for code in MALFORMED_CODES:
            with self.subTest(code=code):
                status, answer = self.one.kiosk._ask("POST", "/api/v1/act", {"act": "code", "code": code})
                self.assertEqual(answer["result"], "refused")
                self.assertIn(answer["reason"], ("code_malformed", "bad_request"))
                self.assertIn(status, (200, 400))
        self.assertEqual(self.one.admin("status")["lockout"]["tries"], 0)
        self.assertEqual(self.one.events_of("access.denied"), [])

    def test_2_codes_of_other_types(self):
        for value in (73519264, 7.3, True, None, [CODE], {"code": CODE}):
            with self.subTest(value=value):
                status, answer = self.one.kiosk._ask("POST", "/api/v1/act", {"act": "code", "code": value})
                self.assertEqual((status, answer["reason"]), (400, "bad_request"))

    def test_3_wrong_codes_lock_the_keypad_over_a_kill_and_not_the_qr_token(self):
        for n in range(5):
            answer = self.one.kiosk.code(f"1000000{n}")
            self.assertEqual((answer["result"], answer["reason"]), ("refused", "wrong_code" if n < 4 else "locked_out"))
        self.assertEqual(self.one.kiosk.code(CODE)["reason"], "locked_out")
        self.one.daemon.kill()
        self.one.start()
        self.assertEqual(self.one.kiosk.code(CODE)["reason"], "locked_out")
        self.assertEqual(self.one.kiosk.sign_in(bad_case.STAFF, bad_case.PIN)["reason"], "locked_out")
        self.assertEqual(self.one.until_event("access.lockout")["data"]["count"], 1)
        site_rig.until(lambda: self.one.admin("status")["lockout"]["locked_s"] == 0, 12, "the lockout's end")
        self.assertEqual(self.one.kiosk.code("10000009")["reason"], "wrong_code")
        for n in range(4):
            self.one.kiosk.code(f"1000001{n}")
        self.assertEqual(self.one.kiosk.code(CODE)["reason"], "locked_out")

    def test_4_the_qr_token_opens_during_the_lockout(self):
        self.one.scanner.scan(TOKEN)
        door = self.one.kiosk.until("take")["door"]
        self.one.sim.ask("door", door=door, action="take")
        self.one.shut(door)
        self.one.kiosk.until("taken")
        self.one.until_event("item.collected", item="Y1")
        self.__class__.base += 1
        self.end(self.one)
        self.one.start()


def request(line="POST /api/v1/act HTTP/1.1", body=b'{"act":"code","code":"73519264"}', drop=(), **fields):
    """Bytes of an act; fields replace the right ones, `drop` leaves some out."""
    head = {"Host": "127.0.0.1:{port}", "Origin": "http://127.0.0.1:{port}", "X-Locker-Token": "{token}",
            "Content-Type": "application/json", "Content-Length": str(len(body))}
    head.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [line] + [f"{name}: {value}" for name, value in head.items() if name not in drop and value is not None]
    return "\r\n".join(lines) + "\r\n\r\n", body


class Http(OneSite):
    """The kiosk's port."""

    WRONG = [
        ("no Host", 400, request(drop=["Host"])),
        ("two Hosts", 400, request(Host="127.0.0.1:{port}\r\nHost: evil.example")),
        ("a foreign Host", 421, request(Host="evil.example")),
        ("another port's Host", 421, request(Host="127.0.0.1:1")),
        ("a foreign Origin", 403, request(Origin="http://evil.example")),
        ("Origin null", 403, request(Origin="null")),
        ("no Origin", 403, request(drop=["Origin"])),
        ("the wrong token", 403, request(X_Locker_Token="0" * 32)),
        ("an empty token", 403, request(X_Locker_Token="")),
        ("no token", 403, request(drop=["X-Locker-Token"])),
        ("a form", 415, request(Content_Type="application/x-www-form-urlencoded")),
        ("an oversize body", 413, request(body=b'{"act":"code","code":"' + b"7" * 20000 + b'"}')),
        ("an absurd length", (400, 413), request(Content_Length="99999999999999999999")),
        ("a negative length", 400, request(Content_Length="-1")),
        ("two lengths", 400, request(Content_Length="10\r\nContent-Length: 33")),
        ("chunks", (400, 411, 501), request(Transfer_Encoding="chunked")),
        ("an oversize head", 431, request(X_Long="x" * 9000)),
        ("a folded line", 400, request(X_Fold="a\r\n b")),
        ("no version", 400, request("POST /api/v1/act")),
        ("a method in lower case", (400, 405, 501), request("post /api/v1/act HTTP/1.1")),
        ("another method", (400, 405, 501), request("DELETE /api/v1/act HTTP/1.1")),
        ("GET where POST is meant", 405, request("GET /api/v1/act HTTP/1.1", b"", Content_Length=None)),
        ("a path upwards", (400, 404), request("GET /../../etc/passwd HTTP/1.1", b"", Content_Length=None)),
        ("no JSON", 400, request(body=b"code=73519264")),
        ("a key twice", 400, request(body=b'{"act":"code","code":"1","code":"73519264"}')),
        ("an unknown key", 400, request(body=b'{"act":"code","code":"73519264","door":"A02"}')),
        ("an unknown act", 400, request(body=b'{"act":"open_everything"}')),
        ("JSON and more", 400, request(body=b'{"act":"code","code":"73519264"}{}')),
        ("deep JSON", 400, request(body=b"[" * 8000)),
        ("a NUL", 400, request(body=b'{"act":"code","code":"7351\x009264"}')),
        ("bytes that are not UTF-8", 400, request(body=b'{"act":"code","code":"\xff\xfe519264"}')),
    ]

    def send(self, data, wait_s=3):
        with socket.create_connection(("127.0.0.1", self.one.kiosk_port), timeout=wait_s) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            answer = b""
            try:
                while part := s.recv(65536):
                    answer += part
            except OSError:
                pass
            return answer

    def test_1_each_wrong_request_has_its_status(self):
        for what, status, (head, body) in self.WRONG:
            with self.subTest(what):
                head = head.replace("{port}", str(self.one.kiosk_port)).replace("{token}", self.one.kiosk.token)
                answer = self.send(head.encode("latin-1") + body)
                allowed = status if isinstance(status, tuple) else (status,)
                self.assertTrue(answer.startswith(b"HTTP/1.1 "), answer[:80])
                self.assertIn(int(answer.split(b" ", 2)[1]), allowed, answer[:300])
                self.assertEqual(self.one.kiosk.view()["screen"], "home")

    def test_2_garbage(self):
        for data in (os.urandom(4096), b"\0" * 4096, b"\r\n" * 3000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                     b"GET " + b"/" * 20000):
            answer = self.send(data, 8)
            self.assertTrue(answer == b"" or answer[9:10] == b"4", answer[:80])
        self.assertEqual(self.one.kiosk.view()["screen"], "home")

    def test_3_slow_clients_do_not_keep_people_out(self):
        slow = [socket.create_connection(("127.0.0.1", self.one.kiosk_port)) for _ in range(40)]
        try:
            for s in slow:
                try:
                    s.send(b"POST /api/v1/act HTT")
                except OSError:
                    pass
            self.one.kiosk.load()
            self.assertEqual(self.one.kiosk.code("1")["reason"], "code_malformed")
        finally:
            for s in slow:
                s.close()

    def test_4_the_last_boots_token_is_refused(self):
        old = self.one.kiosk.token
        self.one.restart()
        self.one.kiosk.token = old
        status, answer = self.one.kiosk._ask("POST", "/api/v1/act", {"act": "code", "code": CODE})
        self.assertEqual((status, answer["reason"]), (403, "not_allowed"))
        self.one.kiosk.load()


class Scanner(OneSite):
    """The serial scanner."""

    GARBAGE = [b"\0" * 300, bytes(range(256)) * 16, b"x" * 10000, b"\xff\xfe" * 50, "中文二维码".encode(), b"\x1b[2J\x07",
               b"A" * 129, b"WIFI:S:free;T:WPA;P:12345678;;", b"https://evil.example/" + b"a" * 80, b"' OR 1=1 --"]

    def test_1_garbage_does_nothing(self):
        for data in self.GARBAGE:
            with self.subTest(data=data[:20]):
                self.one.scanner.scan(data)
                self.one.scanner.scan(data, b"\n\n\r\r")
        time.sleep(0.6)
        self.assertIn(self.one.kiosk.view()["screen"], ("home", "notice"))
        self.assertEqual(self.one.admin("status")["lockout"]["tries"], 0, "a scan counted as a wrong code")

    def test_2_a_lost_line_end_costs_one_scan_and_never_glues_two(self):
        self.one.scanner.scan(b"half a line that never ends", b"")
        time.sleep(0.2)
        self.one.scanner.scan(TOKEN)
        time.sleep(0.3)
        self.assertIn(self.one.kiosk.view()["screen"], ("home", "notice"))
        self.one.scanner.scan(TOKEN)
        door = self.one.kiosk.until("take")["door"]
        self.one.sim.ask("door", door=door, action="take")
        self.one.shut(door)
        self.one.until_event("item.collected", item="Y1")
        self.__class__.base += 1

    def test_3_a_token_that_was_used_opens_nothing(self):
        self.one.kiosk.press("done")
        time.sleep(1.6)  # the same text sooner is the same scan
        self.one.scanner.scan(TOKEN)
        self.one.kiosk.until("notice", reason="already_collected")
        self.end(self.one)
        self.one.start()


class AdminSocket(OneSite):
    """The socket of lockerctl."""

    WRONG = [b"\n", b"{}\n", b"[]\n", b"null\n", b"42\n", b'"status"\n', b"status\n", b"\xff\xfe\n", b'{"id":1}\n',
             b'{"id":1,"cmd":"status","cmd":"open"}\n', b'{"id":"1","cmd":"status"}\n', b'{"id":1,"cmd":7}\n',
             b'{"id":1,"cmd":"open_everything","args":{}}\n', b'{"id":1,"cmd":"open","args":{"door":"Z99","why":"x"}}\n',
             b'{"id":1,"cmd":"open","args":{"door":7,"why":"x"}}\n', b'{"id":1,"cmd":"open","args":{"door":"A01"}}\n',
             b'{"id":1,"cmd":"open","args":{"door":"A01","why":"two\\nlines"}}\n',
             b'{"id":1,"cmd":"status","args":{},"more":1}\n', b'{"id":1,"cmd":"status","args":[]}\n',
             b"[" * 5000 + b"\n", b'{"id":1,"cmd":"items","args":{"limit":-1}}\n',
             b'{"id":1,"cmd":"backup","args":{"path":"relative.db"}}\n',
             b'{"id":1,"cmd":"staff_add","args":{"staff":"1002","role":"king","pin":"246813"}}\n',
             b'{"id":1,"cmd":"staff_add","args":{"staff":"1002","role":"courier","pin":"12"}}\n']

    def talk(self, data, timeout_s=5):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout_s)
            s.connect(os.path.join(self.one.folder, "run", "admin.sock"))
            try:
                s.sendall(data)
                return s.makefile("rb").readline()
            except OSError:
                return b""

    def test_each_wrong_line_is_refused(self):
        for data in self.WRONG:
            with self.subTest(data=data[:70]):
                line = self.talk(data)
                if line:
                    answer = json.loads(line)
                    self.assertIs(answer["ok"], False, answer)
                    self.assertTrue(answer["reason"] and answer["message"])
                else:
                    self.assertEqual(data, b"\n", "hung up without a word")
                self.assertTrue(self.one.admin("status")["ready"])

    def test_overlong_and_binary(self):
        for data in (b"x" * 20000, b'{"id":1,"cmd":"' + b"s" * 20000 + b'"}\n', os.urandom(8192) + b"\n", b"\0" * 9000):
            line = self.talk(data, 2)
            self.assertTrue(not line or json.loads(line)["ok"] is False)
            self.assertTrue(self.one.admin("status")["ready"])

    def test_a_client_that_reads_nothing(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(2)
            s.connect(os.path.join(self.one.folder, "run", "admin.sock"))
            try:
                for _ in range(3000):
                    s.sendall(b'{"id":1,"cmd":"doors","args":{}}\n')
            except OSError:
                pass
            self.assertTrue(self.one.admin("status")["ready"])
            self.assertEqual(self.one.kiosk.code("1")["reason"], "code_malformed")


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
