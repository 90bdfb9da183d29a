"""The site of tests/system/site_rig.py as the bench needs it: a paced cabinet, a prepared database, quiet logs, and clients that
take the time at the socket and do nothing else there. Every instant is CLOCK_MONOTONIC in ns, as in cabinet-sim.
"""

import json
import os
import queue
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system")]
import site_rig  # noqa: E402  (it knows where the next two are)
import cabinet  # noqa: E402
import upstream  # noqa: E402
from site_rig import until  # noqa: E402

OPERATOR, SITE = site_rig.OPERATOR, site_rig.SITE
ROOT = f"locker/v1/{OPERATOR}/{SITE}/"
DOORS = 32


def now_ns():
    return time.monotonic_ns()


def code_of(i):
    """The code of item i in the databases of store/make_store.c."""
    return f"{i * 61803399 % 10**8:08d}"


def label(i):
    return f"{chr(65 + i // DOORS)}{i % DOORS + 1:02d}"


# ---- databases -------------------------------------------------------------------------------------------------------

def prepared_store(build, banks, items, every, note=lambda text: None, unacked=False):
    """The folder of a database with so many items; made once for each build folder."""
    cache = os.path.join(build, "tests", "bench", "cache")
    folder = os.path.join(cache, f"store-{banks}x{DOORS}-{items}-{every}" + ("-unacked" if unacked else ""))
    if os.path.exists(os.path.join(folder, "made.json")):
        return folder
    note(f"making a database of {items} codes (kept in {folder})")
    os.makedirs(cache, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    # Thousands of commits go faster in memory; the finished file is what counts.
    shm = "/dev/shm"
    roomy = os.path.isdir(shm) and shutil.disk_usage(shm).free > items * 1024 + (64 << 20)
    with tempfile.TemporaryDirectory(prefix="lockerd-bench-", dir=shm if roomy else cache) as made:
        program = os.path.join(build, "tests", "bench", "store", "make_store")
        out = subprocess.run([program, made, OPERATOR, SITE, str(banks), str(DOORS), str(items), str(every)]
                             + (["unacked"] if unacked else []),
                             check=True, capture_output=True, text=True).stdout
        part = f"{folder}.{os.getpid()}.part"
        shutil.copytree(made, part)
        with open(os.path.join(part, "made.json"), "w", encoding="utf-8") as f:
            f.write(out)
        try:
            os.rename(part, folder)
        except OSError:  # another run has made the same one meanwhile
            shutil.rmtree(part)
    return folder


# ---- clients ---------------------------------------------------------------------------------------------------------

class Http:
    """The kiosk page's requests, made of bytes prepared beforehand; a connection each, as the daemon closes them."""

    def __init__(self, port):
        self.port = port
        self.token = re.search(rb'name="(?:locker-)?token" content="([^"]+)"', self.ask(self._get("/"))).group(1)

    def _get(self, path):
        token = b"X-Locker-Token: " + self.token + b"\r\n" if hasattr(self, "token") else b""
        return b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n" % (path.encode(), self.port, token)

    def prepare(self, body):
        data = json.dumps(body).encode()
        return (b"POST /api/v1/act HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nX-Locker-Token: %s\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (self.port, self.port, self.token, len(data), data))

    def ask(self, request):
        with socket.socket() as s:
            s.settimeout(10)
            s.connect(("127.0.0.1", self.port))
            s.sendall(request)
            data = b""
            while more := s.recv(65536):
                data += more
        return data.split(b"\r\n\r\n", 1)[1]

    def act(self, what, **args):
        return json.loads(self.ask(self.prepare({"act": what, **args})))

    def view(self):
        return json.loads(self.ask(self._get("/api/v1/view")))

    def there_and_back_ns(self):
        request = self._get("/api/v1/view")
        at_ns = now_ns()
        self.ask(request)
        return now_ns() - at_ns


def mqtt_text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def mqtt_packet(first, body):
    length, out = len(body), b""
    while True:
        length, low = divmod(length, 128)
        out += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([first]) + out + body


class Mqtt:
    """The least MQTT 3.1.1: publishes QoS 1, subscribes, answers what has to be answered. One user at a time."""

    def __init__(self, port, name, topics=()):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending, self.last_id = b"", 0
        self.socket.sendall(mqtt_packet(0x10, mqtt_text("MQTT") + bytes([4, 2]) + struct.pack(">H", 0) +
                                        mqtt_text(name)))
        self.packet(0x20)
        self.socket.settimeout(None)
        if topics:
            asked = b"".join(mqtt_text(topic) + b"\x01" for topic in topics)
            self.socket.sendall(mqtt_packet(0x82, b"\0\1" + asked))
            self.packet(0x90)

    def packet(self, wanted=None):
        """The next packet (or the next of that kind) as (kind, body, when its last byte was read)."""
        while True:
            cut = self._cut()
            if cut is None:
                data = self.socket.recv(1 << 20)
                self.at_ns = now_ns()
                if not data:
                    raise EOFError("the broker closed the connection")
                self.pending += data
                continue
            kind, body = cut
            if kind & 0xF0 == 0x30 and kind & 0x06:
                size = struct.unpack(">H", body[:2])[0]
                self.socket.sendall(b"\x40\x02" + body[2 + size:4 + size])
            if wanted is None or kind & 0xF0 == wanted:
                return kind, body, self.at_ns

    def _cut(self):
        data, length, shift, at = self.pending, 0, 0, 1
        while at < len(data):
            length |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                if len(data) < at + length:
                    return None
                self.pending = data[at + length:]
                return data[0], data[at:at + length]
        return None

    def message(self):
        """The next message as (topic, payload, when)."""
        kind, body, at_ns = self.packet(0x30)
        size = struct.unpack(">H", body[:2])[0]
        skip = 4 if kind & 0x06 else 2
        return body[2:2 + size].decode(), body[skip + size:], at_ns

    def prepare(self, topic, payload):
        self.last_id = self.last_id % 60000 + 1
        return mqtt_packet(0x32, mqtt_text(topic) + struct.pack(">H", self.last_id) + payload)

    def close(self):
        self.socket.close()


class Listener:
    """A subscriber in a process of its own, so that nothing here delays its clock. Gives (kind, door or id, at_ns)."""

    def __init__(self, port):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), str(port)], stdout=subprocess.PIPE,
                                        text=True)
        self.process.stdout.readline()
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            at_ns, kind, about = line.split()
            self.lines.put((kind, about, int(at_ns)))

    def wait(self, kind, about, timeout_s=15):
        """When that message came; others before it are thrown away."""
        limit = time.monotonic() + timeout_s
        while True:
            try:
                one = self.lines.get(timeout=max(0.001, limit - time.monotonic()))
            except queue.Empty as error:
                raise TimeoutError(f"no {kind} {about} at the subscriber") from error
            if one[0] == kind and one[1] == about:
                return one[2]

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.thread.join(10)
        self.process.stdout.close()


def listen(port):
    mqtt = Mqtt(port, "bench-listener", [ROOT + "evt/#", ROOT + "rsp"])
    print("ready", flush=True)
    while True:
        topic, payload, at_ns = mqtt.message()
        value = json.loads(payload)
        if topic.endswith("/rsp"):
            print(at_ns, "rsp", value["id"], flush=True)
        else:
            kind = value["type"][len("locker."):-len(".v1")]
            data = value["data"]
            print(at_ns, kind, data.get("compartment") or data.get("door") or data.get("item_id") or "-", flush=True)


# ---- the site --------------------------------------------------------------------------------------------------------

class BenchSite(site_rig.Site):
    """boards: how many; medium: "tcp" (a port each) or "rtu" (one line). store: a folder of prepared_store()."""

    def __init__(self, build, boards, medium, baud=9600, store=None, more="", bounce=0, env=None, start=True,
                 poll_ms=None, listener=True, in_memory=False, parity="none", open_ms=20):
        self.in_memory, self.memory_folder = in_memory, None
        self.medium, self.baud, self.store, self.bounce = medium, baud, store, bounce
        self.parity, self.open_ms = parity, open_ms
        self.poll_ms, self.listener, self.http, self.watch = poll_ms, None, None, None
        banks = {chr(65 + i): {"line": medium, "port": i + 1, "unit": i + 1 if medium == "rtu" else 1, "doors": DOORS}
                 for i in range(boards)}
        super().__init__(build, banks, more=more, start=False)
        try:
            self.daemon.env.update(env or {})
            if store:
                with open(os.path.join(store, "made.json"), encoding="utf-8") as f:
                    made = json.load(f)
                self.postal.log.epoch = made["epoch"]
                self.postal.log.last = self.postal.log.seen = made["seq"]
            if listener:
                self.listener = Listener(self.broker.port)
            if start:
                self.start()
                self.http = Http(self.kiosk_port)
                self.watch = self.sim.another_control()
        except BaseException:
            self.close()
            raise

    def _cabinet(self, rtu):
        options = ["--realtime", "--log=100000"]
        for name, bank in self.banks.items():
            line = "RTU" if self.medium == "rtu" else f"TCP{bank['port']}"
            open_ms = self.open_ms if isinstance(self.open_ms, int) else self.open_ms[bank["port"] - 1]
            options.append(f"--board={name},line={line},unit={bank['unit']},channels={DOORS},latch_ms=20,"
                           f"open_ms={open_ms},bounce={self.bounce}")
        bits = 10 if self.parity == "none" else 11
        lines = {"RTU": f"baud={self.baud},bits={bits},strict"} if self.medium == "rtu" else {}
        ports = [f"TCP{bank['port']}" for bank in self.banks.values()] if self.medium == "tcp" else []
        self.rtu_baud = str(self.baud)
        self.sim = cabinet.Cabinet(self.program("tests/cabinet-sim/cabinet-sim"), *options, rtu=lines, tcp=ports)

    def _write_config(self, sizes, more, timing):
        if self.in_memory:
            self.memory_folder = tempfile.mkdtemp(prefix="lockerd-bench-", dir="/dev/shm")
            os.rmdir(os.path.join(self.folder, "state"))
            os.symlink(self.memory_folder, os.path.join(self.folder, "state"))
        for name, bank in self.banks.items():
            bank["more"] = f"supply = supply-{name}\npulse_ms = 100\n"
            if self.poll_ms is not None:
                bank["more"] += f"poll_ms = {self.poll_ms}\n"
        path = super()._write_config(f"S:1-{DOORS}", more + "[remote]\nshort_most = 64\nday_most = 64\n",
                                     {"wrong_door_ms": 200, **timing})
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text = text.replace(f"baud = {self.baud}\n", f"baud = {self.baud}\nparity = {self.parity}\n")
        text = text.replace("level = debug\n", "level = notice\n").replace(f"trace = {self.folder}/trace.log\n", "")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        if self.store:
            for name in ("lockerd.db", "code.key"):
                shutil.copy(os.path.join(self.store, name), os.path.join(self.folder, "state", name))
        return path

    def close(self):
        if self.listener:
            self.listener.close()
            self.listener = None
        problems = super().close()
        if self.memory_folder:
            shutil.rmtree(self.memory_folder, ignore_errors=True)
        return problems

    @property
    def pid(self):
        return self.daemon.process.pid

    def person(self, after_ms=1, close_after_ms=250):
        """Somebody stands there and shuts every door that opens."""
        self.sim.ask("door", all=True, action="auto", do="nothing", after_ms=after_ms, close_after_ms=close_after_ms)

    def subscribe(self, *kinds):
        self.watch.ask("subscribe", events=list(kinds))
        self.watch.events.clear()

    def pulse_request(self, timeout_s=5):
        """The next request that switches a coil on for a time, as the simulator saw it."""
        limit = time.monotonic() + timeout_s
        while True:
            one = self.watch.wait("request", max(0.01, limit - time.monotonic()))
            if is_pulse(one):
                return one


def unit_and_pdu(request):
    """Of a request in the simulator's log; on TCP a header of six bytes comes before the unit."""
    frame = bytes.fromhex(request["hex"].rstrip("."))
    return frame[6:] if request["line"].startswith("TCP") else frame


def is_pulse(request):
    frame = unit_and_pdu(request)
    return len(frame) >= 6 and frame[1] == 5 and frame[2] == 2


if __name__ == "__main__":
    listen(int(sys.argv[1]))
