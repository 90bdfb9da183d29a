"""One whole site for a test, from real parts: cabinet-sim, mosquitto, lockerd, the postal side, a person at the kiosk.

Used by the system, crash and bench tests and by scripts/demo. Loopback only, every port chosen by the system, everything in
one private folder, only processes started here are ended. Python's standard library and the two modules beside it.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "cabinet-sim"), os.path.join(HERE, "..", "upstream")]
import brokers  # noqa: E402
import cabinet  # noqa: E402
import contract  # noqa: E402
import upstream  # noqa: E402

OPERATOR, SITE = "yulin", "hall-1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(true, timeout_s=10.0, what="it", every_s=0.01):
    """Waits until true() gives something true and returns that; raises TimeoutError naming `what`."""
    limit = time.monotonic() + timeout_s
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > limit:
            raise TimeoutError(f"waited {timeout_s:.1f} s for {what}")
        time.sleep(every_s)


class Broker:
    """A private broker on loopback: mosquitto without a disk, or what LK_TEST_BROKER names (brokers.py). stop() and start()
    play an outage; the port stays."""

    def __init__(self, folder, more=""):
        self.folder, self.port, self.process = folder, free_port(), None
        self.kind = os.environ.get("LK_TEST_BROKER", "mosquitto") if not more else "mosquitto"
        self.other = brokers.make(self.kind, folder) if self.kind != "mosquitto" else None
        if self.other:
            self.port = self.other.port
        self.config = os.path.join(folder, "mosquitto.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            anonymous = "" if "allow_anonymous" in more else "allow_anonymous true\n"
            f.write(f"listener {self.port} 127.0.0.1\n{anonymous}set_tcp_nodelay true\n"
                    f"max_queued_messages 0\nmax_inflight_messages 0\npersistence false\nlog_type error\n{more}")
        self.start()

    @property
    def version(self):
        """What it speaks best, as upstream.py counts."""
        return 5 if not self.other or self.other.speaks_5 else 3

    def start(self):
        if self.other:
            self.process = self.other.start().process
            return
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = subprocess.Popen([program, "-c", self.config], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until(self._listens, 10, "the broker")

    def _listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how=signal.SIGTERM):
        if self.other:
            self.other.stop(how)
            self.process = None
        elif self.process:
            self.process.send_signal(how)
            self.process.wait(10)
            self.process = None

    def close(self):
        self.stop(signal.SIGKILL)
        if self.other:
            self.other.close()


class Refused(Exception):
    """The admin socket answered ok: false."""

    def __init__(self, answer):
        super().__init__(f"{answer['reason']}: {answer['message']}")
        self.reason = answer["reason"]


class Admin:
    """One connection to the admin socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.last_id, self.lines = 0, []

    def ask(self, cmd, credentials=None, **args):
        """credentials: (staff, pin), else by who we are."""
        self.last_id += 1
        self.lines = []
        who = {"staff": credentials[0], "pin": credentials[1]} if credentials else {}
        self.file.write(json.dumps({"id": self.last_id, "cmd": cmd, "args": args, **who}) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError("the admin socket was closed")
            answer = json.loads(line)
            if "ok" not in answer:
                self.lines.append(answer)
            elif answer["ok"]:
                return answer["result"]
            else:
                raise Refused(answer)

    def close(self):
        self.file.close()
        self.socket.close()


class Kiosk:
    """A person at the touch screen, by the same HTTP as the page."""

    def __init__(self, port):
        self.port, self.token, self.connection = port, None, None
        self.load()

    def load(self):
        """Loads the page and takes this boot's token out of it."""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        self.connection.request("GET", "/")
        page = self.connection.getresponse().read().decode()
        self.token = re.search(r'name="(?:locker-)?token" content="([^"]+)"', page).group(1)

    def _ask(self, method, path, body=None):
        headers = {"X-Locker-Token": self.token}
        if body is not None:
            headers.update({"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"})
            body = json.dumps(body)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def act(self, what, **args):
        """Posts an act; returns {"result", "reason"}."""
        return self._ask("POST", "/api/v1/act", {"act": what, **args})[1]

    def view(self):
        return self._ask("GET", "/api/v1/view")[1]

    def recalls(self):
        return self._ask("GET", "/api/v1/recalls")[1]

    def receipt(self):
        return self._ask("GET", "/api/v1/receipt")[1]

    def until(self, screen, timeout_s=10.0, **match):
        """Waits until this screen is shown (with these values) and returns the view."""
        def there():
            view = self.view()
            same = view["screen"] == screen and all(view.get(k) == v for k, v in match.items())
            return view if same else None
        try:
            return until(there, timeout_s, f"screen {screen} {match}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {self.view()}") from error

    def code(self, code):
        return self.act("code", code=code)

    def scan(self, text):
        return self.act("scan", text=text)

    def press(self, button, **args):
        return self.act("button", button=button, **args)

    def sign_in(self, staff, pin):
        return self.act("sign_in", staff=staff, pin=pin)


class Scanner:
    """A serial QR scanner: the far end of a pseudo terminal."""

    def __init__(self, folder):
        self.master, slave = os.openpty()
        self.path = os.path.join(folder, "scanner")
        os.symlink(os.ttyname(slave), self.path)
        self.slave = slave

    def scan(self, text, end=b"\r\n"):
        os.write(self.master, (text.encode() if isinstance(text, str) else text) + end)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


class Daemon:
    """A lockerd process."""

    def __init__(self, program, config, log, env=None):
        self.program, self.config, self.log_path, self.env = program, config, log, env or {}
        self.process = None

    def start(self, env=None):
        # Opened anew for each run, so that the log of several runs is one file.
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, "--config", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env={**os.environ, **self.env, **(env or {})})
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait_dead(self, timeout_s=15):
        return self.process.wait(timeout_s)

    def kill(self):
        if self.alive():
            self.process.kill()
        self.process.wait(10)

    def stop(self):
        """A clean stop; returns the exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()


CONFIG = """[site]
operator = {operator}
id = {site}
name = 政务服务中心 · Service Centre
support_phone = 12345
[paths]
state_dir = {folder}/state
run_dir = {folder}/run
{wiring}
[kiosk]
port = {kiosk_port}
[log]
level = debug
trace = {folder}/trace.log
"""


class Site:
    """Everything together. banks: {"A": {"line": "tcp"|"rtu", "doors": 16, "unit": 1}}; more: further configuration.
    seal: upstream has a key that the locker seals the codes to which it makes.
    broker: True for one of its own, False for none, or somebody else's, who then gives its postal side and the keys too
    (one site of a fleet). uplink: further lines of that section.
    two_person_s: opening a second compartment without a code so soon takes two people; 0: one person may."""

    def __init__(self, build, banks=None, more="", broker=True, scanner=False, upstream_acks=True, rtu="baud=115200",
                 sizes="S:1-4 M:5-6 L:7-8", folder=None, start=True, timing=None, kiosk_port=0, two_person_s=0,
                 site=SITE, postal=None, keys=None, uplink="", seal=False):
        self.build = os.path.abspath(build)
        self.folder = folder or tempfile.mkdtemp(prefix="lockerd-site-")
        self.own_folder = folder is None
        self.site, self.uplink_more = site, uplink
        self.others = [part for part in (postal, broker) if not isinstance(part, (bool, type(None)))]
        self.banks = banks or {"A": {"line": "tcp", "doors": 8, "unit": 1}, "B": {"line": "rtu", "doors": 8, "unit": 2}}
        self.parts = []
        self.postal = self.broker = self.daemon = self.admin_connection = self.scanner = None
        try:
            for name in ("state", "run", "keys"):
                os.makedirs(os.path.join(self.folder, name), exist_ok=True)
            self._cabinet(rtu)
            self.scanner = Scanner(self.folder) if scanner else None
            self.keys = keys or upstream.Keys(os.path.join(self.folder, "keys"))
            self.keys.load()
            self.seal = upstream.Seal(self.keys.directory).load() if seal else None
            self.events = []
            if self.others:
                self.broker, self.postal = broker, postal
                postal.on_event = self._on_event
            elif broker:
                self.broker = Broker(self.folder)
                self.postal = upstream.Upstream(OPERATOR, SITE, self.keys, port=self.broker.port,
                                                auto_ack=upstream_acks, client_id="postal", persistent=True, version=self.broker.version,
                                                on_event=self._on_event)
                self.postal.connect(10)
            self.judge = contract.Judge() if self.postal else None
            if self.postal:
                self.postal.judge = self.judge
            self.kiosk_port = kiosk_port or free_port()
            self.two_person_s = two_person_s
            self.config_path = self._write_config(sizes, more, timing or {})
            self.daemon = Daemon(self.program("controller/app/lockerd"), self.config_path,
                                 os.path.join(self.folder, "lockerd.log"))
            if start:
                self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        self.close()
        if self.judge and self.judge.faults and not failed:
            raise AssertionError("docs/contract promises otherwise:\n" + "\n".join(self.judge.faults))

    def program(self, path):
        return os.path.join(self.build, path)

    def _on_event(self, event):
        self.events.append(event)

    # -- building

    def _channels(self, doors):
        return next(n for n in (8, 16, 32) if n >= doors)

    def _cabinet(self, rtu):
        options = []
        for name, bank in self.banks.items():
            line = "RTU" if bank["line"] == "rtu" else f"TCP{bank.get('port', 1)}"
            options.append(f"--board={name},line={line},unit={bank['unit']},channels={self._channels(bank['doors'])}"
                           + bank.get("board", ""))
        ports = sorted({f"TCP{b.get('port', 1)}" for b in self.banks.values() if b["line"] == "tcp"})
        lines = {"RTU": rtu} if any(b["line"] == "rtu" for b in self.banks.values()) else {}
        self.rtu_baud = re.search(r"baud=(\d+)", rtu).group(1) if "baud=" in rtu else "9600"
        self.sim = cabinet.Cabinet(self.program("tests/cabinet-sim/cabinet-sim"), *options, rtu=lines, tcp=ports)

    def _write_config(self, sizes, more, timing):
        wiring = ""
        for name, port in self.sim.port.items():
            if port:
                wiring += f"[fieldbus {name}]\ntransport = tcp\nhost = 127.0.0.1\nport = {port}\n"
        for name, path in self.sim.path.items():
            baud = self.rtu_baud if self.rtu_baud != "0" else "115200"
            wiring += f"[fieldbus {name}]\ntransport = rtu\ndevice = {path}\nbaud = {baud}\n"
        for name, bank in self.banks.items():
            line = "RTU" if bank["line"] == "rtu" else f"TCP{bank.get('port', 1)}"
            channels = self._channels(bank["doors"])
            wiring += (f"[bank {name}]\nfieldbus = {line}\nunit = {bank['unit']}\nprofile = waveshare-relay-{channels}\n"
                       f"doors = {bank['doors']}\nsizes = {bank.get('sizes', sizes)}\n{bank.get('more', '')}")
        if self.broker:
            wiring += (f"[uplink]\nurl = mqtt://127.0.0.1:{self.broker.port}\n"
                       f"command_keys = {self.keys.public_file}\n{self.uplink_more}")
        if self.seal:
            wiring += f"[codes]\nseal_key = {self.seal.public_file}\n"
        if self.scanner:
            wiring += f"[scanner]\ndevice = {self.scanner.path}\n"
        if timing:
            wiring += "[timing]\n" + "".join(f"{k} = {v}\n" for k, v in timing.items())
        wiring += f"[staff]\ntwo_person_within_s = {self.two_person_s}\n"
        path = os.path.join(self.folder, "lockerd.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(operator=OPERATOR, site=self.site, folder=self.folder, kiosk_port=self.kiosk_port,
                                  wiring=wiring + more))
        return path

    # -- life

    def start(self, env=None, ready=True):
        self.daemon.start(env)
        if ready:
            self.ready()
        return self

    def ready(self, timeout_s=15):
        """Waits until every bank is ready and every door is known."""
        def all_known():
            if not self.daemon.alive():
                raise RuntimeError(f"lockerd ended with {self.daemon.process.returncode}:\n{self.daemon.log()[-2000:]}")
            try:
                status = self.admin("status")
            except OSError:
                return False
            online = status["uplink"]["connected"] or not (self.broker and self.broker.process)
            return online and status["doors"]["unknown"] == 0 and all(b["state"] == "ready" for b in status["banks"])
        until(all_known, timeout_s, "all banks ready and the uplink connected")
        self.kiosk = Kiosk(self.kiosk_port)

    def admin(self, cmd, **args):
        """Asks over a connection of its own, so that a killed daemon leaves nothing half open here."""
        connection = Admin(os.path.join(self.folder, "run", "admin.sock"))
        try:
            answer = connection.ask(cmd, **args)
            self.admin_lines = connection.lines
            return answer
        finally:
            connection.close()

    def restart(self, env=None):
        self.daemon.stop()
        self.start(env)

    def close(self):
        problems = []
        postal, broker = (None, None) if self.others else (self.postal, self.broker)
        for part in (self.daemon and self.daemon.process and self.daemon.kill, postal and postal.close,
                     broker and broker.close, self.scanner and self.scanner.close,
                     getattr(self, "sim", None) and self.sim.stop):
            try:
                if part:
                    part()
            except Exception as error:  # pylint: disable=broad-except
                problems.append(error)
        if self.own_folder and not os.environ.get("LK_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        return problems

    # -- what people do

    def announce(self, item, code=None, token=None, size="S", **args):
        args.update({"item_id": item, "size": size})
        if code:
            args["code"] = code
        if token:
            args["token"] = token
        return self.postal.command("item.announce", args)

    def hire(self, staff="1001", pin="2468", role="courier", badge=None):
        args = {"badge": badge} if badge else {}
        return self.admin("staff_add", staff=staff, role=role, pin=pin, **args)

    def door(self, label):
        return next(d for d in self.admin("doors")["doors"] if d["door"] == label)

    def item(self, item):
        found = self.admin("items", item=item)["items"]
        return found[0] if found else None

    def shut(self, door):
        """Closes a door, once its lock is no longer pulled: before that it would spring open again."""
        until(lambda: not self.sim.door(door)["coil"], 3, f"the coil of {door} to rest")
        self.sim.ask("door", door=door, action="close")

    def deposit(self, item, size="S", close=True):
        """A signed-in courier at the SCAN or STAFF_MENU screen deposits one item; returns the door."""
        answer = self.kiosk.scan(item)
        assert answer["result"] == "ok", answer
        if self.kiosk.view()["screen"] == "size":
            answer = self.kiosk.press("size", size=size)
            assert answer["result"] == "ok", answer
        door = self.kiosk.until("put")["door"]
        self.sim.ask("door", door=door, action="put", item=item)
        if close:
            self.shut(door)
            self.kiosk.until("placed", door=door)
        return door

    def sign_in(self, staff="1001", pin="2468"):
        answer = self.kiosk.sign_in(staff, pin)
        assert answer["result"] == "ok", answer
        self.kiosk.until("staff_menu")

    def pickup(self, code, close=True):
        """A citizen with a code at the home screen; returns the door."""
        answer = self.kiosk.code(code)
        assert answer["result"] == "ok", answer
        door = self.kiosk.until("take")["door"]
        self.sim.ask("door", door=door, action="take")
        if close:
            self.shut(door)
            self.kiosk.until("taken", door=door)
        return door

    def events_of(self, *types):
        """What the postal side holds, by type without locker. and .v1."""
        return [e for e in self.events if e["type"][len("locker."):-len(".v1")] in types]

    def until_event(self, kind, timeout_s=10, **data):
        def there():
            return next((e for e in self.events_of(kind) if all(e["data"].get(k) == v for k, v in data.items())), None)
        return until(there, timeout_s, f"event {kind} {data}")

    def until_all_acked(self, timeout_s=20):
        def done():
            status = self.admin("status")
            return status["seq"] == status["acked"] and self.postal.log.last == status["seq"]
        until(done, timeout_s, "all events acknowledged", 0.05)
