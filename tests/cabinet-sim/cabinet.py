"""Starts a cabinet-sim for a test and talks to it: control socket, raw RTU and TCP masters.

Standard library only. Every wait has a limit; nothing is left behind.
"""

import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import termios
import time


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Refused(Exception):
    """The simulator answered ok: false."""


class Control:
    """One connection to the control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.pending = b""
        self.events = []

    def close(self):
        self.socket.close()

    def line(self, timeout=10):
        """Next line as an object, or None when nothing comes in time."""
        limit = time.monotonic() + timeout
        while b"\n" not in self.pending:
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("control connection closed")
            self.pending += more
        text, self.pending = self.pending.split(b"\n", 1)
        return json.loads(text)

    def ask(self, cmd, **args):
        """Runs a command; returns the answer or raises Refused. Events that come in between are kept."""
        self.socket.sendall(json.dumps({"cmd": cmd, **args}).encode() + b"\n")
        while True:
            answer = self.line()
            if answer is None:
                raise TimeoutError(cmd)
            if "event" in answer:
                self.events.append(answer)
            elif answer["ok"]:
                return answer
            else:
                raise Refused(answer["error"])

    def wait(self, event, timeout=10, **match):
        """The next subscribed happening of that kind with these values; others before it are thrown away."""
        limit = time.monotonic() + timeout
        while True:
            one = self.events.pop(0) if self.events else self.line(limit - time.monotonic())
            if one is None:
                raise TimeoutError(f"no {event} {match}")
            if one.get("event") == event and all(one.get(k) == v for k, v in match.items()):
                return one


class Rtu:
    """A raw Modbus RTU master on a pty. Does not keep gaps by itself."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def close(self):
        os.close(self.fd)

    def send(self, request):
        os.write(self.fd, request + crc(request))

    def receive(self, timeout=1.0, quiet=0.01):
        """Bytes until the line is quiet."""
        data = b""
        while select.select([self.fd], [], [], quiet if data else timeout)[0]:
            more = os.read(self.fd, 512)
            if not more:
                break
            data += more
        return data

    def ask(self, request, timeout=1.0):
        """Reply without CRC, b"" for silence; raises ValueError on a bad CRC."""
        self.send(request)
        data = self.receive(timeout)
        if data and crc(data[:-2]) != data[-2:]:
            raise ValueError(data.hex())
        return data[:-2]

    def flush(self):
        termios.tcflush(self.fd, termios.TCIOFLUSH)


class Tcp:
    """A raw Modbus TCP master."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=2)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transaction = 0

    def close(self):
        self.socket.close()

    def send(self, request):
        self.transaction += 1
        self.socket.sendall(struct.pack(">HHH", self.transaction, 0, len(request)) + request)

    def receive(self, timeout=1.0):
        """(transaction, unit + PDU), or None for silence."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return None
        head = self.socket.recv(6, socket.MSG_WAITALL)
        if len(head) < 6:
            raise EOFError("closed")
        transaction, _, length = struct.unpack(">HHH", head)
        return transaction, self.socket.recv(length, socket.MSG_WAITALL)

    def ask(self, request, timeout=1.0):
        self.send(request)
        reply = self.receive(timeout)
        return b"" if reply is None else reply[1]


class Cabinet:
    """A running cabinet-sim in a folder of its own. Use as a context manager."""

    def __init__(self, program, *options, rtu=(), tcp=()):
        """rtu: {"name": "baud=9600,strict"} or names; tcp: names."""
        self.folder = tempfile.mkdtemp(prefix="cabinet-")
        self.control_path = os.path.join(self.folder, "control")
        rtu = rtu if isinstance(rtu, dict) else {name: "" for name in rtu}
        self.path = {name: os.path.join(self.folder, "tty-" + name) for name in rtu}
        args = [program, "--control", self.control_path, "--die-with-parent"]
        args += [f"--line={n}={self.path[n]}" + ("," + o if o else "") for n, o in rtu.items()]
        args += [f"--tcp={n}=0" for n in tcp]
        self.process = subprocess.Popen(args + list(options), stdout=subprocess.PIPE, text=True)
        try:
            self.ready = json.loads(self.process.stdout.readline())
            self.control = Control(self.control_path)
        except (ValueError, OSError):
            self.stop()
            raise
        self.port = {line["name"]: line.get("port") for line in self.ready["lines"]}
        self.opened = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def rtu(self, name):
        self.opened.append(Rtu(self.path[name]))
        return self.opened[-1]

    def tcp(self, name):
        self.opened.append(Tcp(self.port[name]))
        return self.opened[-1]

    def another_control(self):
        self.opened.append(Control(self.control_path))
        return self.opened[-1]

    def ask(self, cmd, **args):
        return self.control.ask(cmd, **args)

    def door(self, name):
        return self.ask("status", door=name)["doors"][0]

    def line(self, name):
        return next(one for one in self.ask("status")["lines"] if one["name"] == name)

    def stop(self):
        """Ends it and checks that it ended well."""
        for one in getattr(self, "opened", []):
            try:
                one.close()
            except OSError:
                pass
        self.process.terminate()
        code = self.process.wait(10)
        self.process.stdout.close()
        if hasattr(self, "control"):
            self.control.close()
        left = os.listdir(self.folder)
        shutil.rmtree(self.folder)
        if code != 0 or left:
            raise RuntimeError(f"cabinet-sim ended with {code} and left {left}")
