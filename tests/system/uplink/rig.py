"""What the real-broker tests play against: mosquitto, a network that fails on request, brokers that misbehave, and the
probe. Everything on loopback, on free ports, in a folder of its own."""
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "upstream"))
import contract  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(true, timeout_s, what):
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        value = true()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {timeout_s} s for {what}")


class Judge(contract.Judge):
    """Judges what the probe sends by docs/contract: the first messages of each topic and then each hundredth, since looking
    at one costs more than sending it and some tests send 15,000."""

    def __init__(self, looked_at_whole=200):
        super().__init__()
        self.whole, self.came = looked_at_whole, {}

    def message(self, topic, payload, retained=False):
        n = self.came[topic] = self.came.get(topic, 0) + 1
        if n <= self.whole or n % 100 == 0:
            super().message(topic, payload, retained)


class Broker:
    """A real mosquitto."""

    def __init__(self, folder, extra=""):
        self.port, self.process = free_port(), None
        self.conf = os.path.join(folder, f"mosquitto-{self.port}.conf")
        self.log = open(os.path.join(folder, f"mosquitto-{self.port}.log"), "ab")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"listener {self.port} 127.0.0.1\npersistence false\n"
                    f"{'' if 'allow_anonymous false' in extra else 'allow_anonymous true'}\n"
                    f"set_tcp_nodelay true\nuser root\n"
                    f"{'' if 'max_queued' in extra else 'max_queued_messages 0'}\n{extra}\n")
        self.start()

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", self.conf], stdout=self.log, stderr=self.log)
        wait_until(self.answers, 10, "mosquitto")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            return True
        except OSError:
            if self.process.poll() is not None:
                raise AssertionError(f"mosquitto ended: see {self.conf}")
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.log.close()


class Proxy:
    """A network between the probe and a broker: passes bytes, or swallows them without closing anything (half-open)."""

    def __init__(self, target):
        self.target, self.silent, self.pairs = target, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.silent:
                self.pairs.append((near, None))
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, source, sink):
        silent_for_good = False
        while True:
            try:
                data = source.recv(65536)
                silent_for_good = silent_for_good or self.silent
                if not data and not silent_for_good:
                    sink.shutdown(socket.SHUT_RDWR)  # close alone says nothing while the other pump reads from it
                    sink.close()
                if not data:
                    return
                if not silent_for_good:
                    sink.sendall(data)
            except OSError:
                return

    def reset(self):
        """Ends every connection with a TCP reset, as a router does that forgot it."""
        for pair in self.pairs:
            for s in pair:
                if s and s.fileno() >= 0:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.close()
        self.pairs.clear()

    def close(self):
        self.listener.close()
        for pair in self.pairs:
            for s in pair:
                if s:
                    s.close()


class OddBroker:
    """A broker with a fault: `old` speaks 3.1.1 only, `mute` accepts and says nothing, `noise` answers with garbage,
    `slam` closes every connection at once, `downgraded` speaks 5 on its first connection, confirms nothing and hangs up, and
    knows only 3.1.1 from then on, `hangs_up` answers 3.1.1 and closes on 5 without a word, `deny` speaks 5 and refuses events as long as denying is set."""

    def __init__(self, kind, port=0):
        self.kind, self.levels, self.published = kind, [], []
        self.denying, self.denied, self.unconfirmed = True, [], []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            getattr(self, f"_{self.kind}")(s)
        except OSError:
            pass

    @staticmethod
    def _mute(_s):
        pass

    @staticmethod
    def _slam(s):
        s.close()

    @staticmethod
    def _noise(s):
        chance = random.Random(1)
        s.recv(1024)
        for _ in range(50):
            s.sendall(bytes(chance.randrange(256) for _ in range(200)))
        s.close()

    def _read(self, s):
        head = s.recv(1)
        if not head:
            raise OSError
        length, shift = 0, 0
        while True:
            byte = s.recv(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        body = b""
        while len(body) < length:
            body += s.recv(length - len(body))
        return head[0], body

    def _old(self, s):
        while True:
            head, body = self._read(s)
            kind = head >> 4
            if kind == 1:
                level = body[6]
                self.levels.append(level)
                present = 1 if self.unconfirmed and level <= 4 else 0  # the session: what is unconfirmed comes again
                s.sendall(bytes([0x20, 2, present, 1 if level > 4 else 0]))
                if level > 4:
                    s.close()
                    return
            elif kind == 8:
                s.sendall(bytes([0x90, 3]) + body[:2] + b"\x01")
            elif kind == 3:
                size = int.from_bytes(body[:2], "big")
                self.published.append((body[2:2 + size].decode(), body[4 + size:]))
                s.sendall(bytes([0x40, 2]) + body[2 + size:4 + size])
            elif kind == 12:
                s.sendall(b"\xd0\x00")
            elif kind == 14:
                return

    def _hangs_up(self, s):
        """As RabbitMQ 3.10 does."""
        head, body = self._read(s)
        self.levels.append(body[6])
        if head >> 4 == 1 and body[6] == 4:
            s.sendall(bytes([0x20, 2, 0, 0]))
            self._old(s)
        s.close()

    def _downgraded(self, s):
        if self.levels:
            self._old(s)
            return
        while len(self.unconfirmed) < 5:
            head, body = self._read(s)
            kind = head >> 4
            if kind == 1:
                self.levels.append(body[6])
                s.sendall(bytes([0x20, 3, 0, 0, 0]))
            elif kind == 8:
                s.sendall(bytes([0x90, 4]) + body[:2] + b"\x00\x01")
            elif kind == 3:
                size = int.from_bytes(body[:2], "big")
                self.unconfirmed.append(body[2:2 + size].decode())
        s.close()

    def _deny(self, s):
        while True:
            head, body = self._read(s)
            kind = head >> 4
            if kind == 1:
                s.sendall(bytes([0x20, 3, 0, 0, 0]))
            elif kind == 8:
                s.sendall(bytes([0x90, 4]) + body[:2] + b"\x00\x01")
            elif kind == 3:
                size = int.from_bytes(body[:2], "big")
                topic, number = body[2:2 + size].decode(), body[2 + size:4 + size]
                deny = self.denying and "/evt/" in topic
                (self.denied if deny else self.published).append((time.monotonic(), topic))
                s.sendall(bytes([0x40, 4]) + number + (b"\x87\x00" if deny else b"\x00\x00"))
            elif kind == 12:
                s.sendall(b"\xd0\x00")
            elif kind == 14:
                return

    def close(self):
        self.listener.close()
        for s in self.kept:
            s.close()


class Probe:
    """The product's uplink in a process of its own."""

    def __init__(self, program, *args, env=None):
        self.lines, self.changed = [], threading.Condition()
        self.process = subprocess.Popen([program, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **(env or {})})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def say(self, order):
        """Sends an order; returns where the lines it causes begin."""
        mark = len(self.lines)
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return mark

    def expect(self, pattern, timeout_s=10, since=0):
        """The match of the first line from `since` on that matches."""
        found = []

        def look():
            found[:] = [m for m in (re.search(pattern, line) for line in self.lines[since:]) if m]
            return found
        with self.changed:
            if not self.changed.wait_for(look, timeout_s):
                raise AssertionError(f"waited {timeout_s} s for /{pattern}/; the probe said: {self.lines[-12:]}")
        return found[0]

    def ask(self, order, pattern, timeout_s=10):
        return self.expect(pattern, timeout_s, self.say(order))

    def status(self):
        m = self.ask("status", r"^status (.*)")
        return {k: int(v) for k, v in (pair.split("=") for pair in m[1].split())}

    def stop(self, timeout_s=6):
        """Ends it; returns how long lk_uplink_stop() took, in ms."""
        took = int(self.ask("stop", r"^stopped ms=(\d+)", timeout_s)[1])
        code = self.process.wait(timeout_s)
        if code != 0:
            raise AssertionError(f"the probe ended with {code}")
        return took

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.stdin.close()
