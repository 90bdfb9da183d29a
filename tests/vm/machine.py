"""The emulated ARM machine: Debian 12's kernel with gpio-sim, an initramfs, a shared folder and a shell on a control port.

    with Machine("build/vm", "bookworm") as machine:
        machine.put("build/arm64/controller/ctl/lockerctl")
        print(machine.run("./lockerctl --help"))

What it needs is made by tests/vm/make. One machine is one qemu process, ended by its number when the test ends, however it
ends. All paths are short: those of Unix sockets are.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BOOT_S, COMMAND_S, LINES_OF_CONSOLE = 120, 60, 30
QEMU = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "384", "-accel", "tcg,thread=multi",
        "-nodefaults", "-nographic", "-no-reboot"]


class Failed(Exception):
    """A command in the machine ended with another code than 0."""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    """One machine. suite: bookworm or trixie; tty: a terminal of this side that becomes /dev/ttyAMA0 of the machine;
    ports: loopback ports of this side that lead to the same port of the machine's loopback; more: further words for qemu."""

    def __init__(self, vm, suite="bookworm", tty=None, ports=(), more=()):
        self.vm, self.suite = os.path.abspath(vm), suite
        self.folder = tempfile.mkdtemp(prefix="lk-vm-")
        self.share = os.path.join(self.folder, "share")
        self.console_path = os.path.join(self.folder, "console")
        os.mkdir(self.share)
        self.process = self.socket = self.file = None
        try:
            self._start(tty, ports, list(more))
        except BaseException:
            print(self.last_words(), file=sys.stderr)
            self.close()
            raise

    def _start(self, tty, ports, more):
        control = os.path.join(self.folder, "control")
        forward = "".join(f",hostfwd=tcp:127.0.0.1:{port}-127.0.0.1:{port}" for port in ports)
        serial = ["-chardev", f"serial,id=rs485,path={tty}", "-serial", "chardev:rs485"] if tty else ["-serial", "null"]
        command = QEMU + serial + [
            "-kernel", os.path.join(self.vm, "kernel", "vmlinuz"), "-initrd", os.path.join(self.vm, f"{self.suite}.cpio"),
            "-append", "console=ttyS0 quiet panic=-1 rdinit=/init",
            "-virtfs", f"local,path={self.share},mount_tag=host,security_model=none,multidevs=remap",
            "-chardev", f"file,id=console,path={self.console_path}", "-device", "pci-serial,chardev=console",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=control,path={control},server=on,wait=off",
            "-device", "virtserialport,chardev=control,name=control",
            "-netdev", f"user,id=net{forward}", "-device", "virtio-net-pci,netdev=net,romfile="] + more
        with open(os.path.join(self.folder, "qemu.log"), "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        self._connect(control)
        self.run("true", BOOT_S)

    def _connect(self, path):
        limit = time.monotonic() + 20
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                self.file = self.socket.makefile("rwb", buffering=0)
                return
            except OSError:
                self.socket.close()
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError("qemu did not start:\n" + self._text("qemu.log")) from None
                time.sleep(0.02)

    def sh(self, line, timeout_s=COMMAND_S):
        """Runs one line of shell in /host, which is our share; returns (code, output)."""
        self.socket.settimeout(timeout_s)
        self.file.write(line.encode() + b"\n")
        out = b""
        while True:
            try:
                piece = self.file.readline()
            except socket.timeout:
                raise TimeoutError(f"in the machine, no end after {timeout_s} s: {line}\n{out.decode(errors='replace')}") from None
            if not piece:
                raise EOFError(f"the machine ended during: {line}")
            out += piece
            text, mark, code = out.rpartition(b"\1")
            if mark and code.endswith(b"\n"):
                return int(code), text.decode(errors="replace")

    def run(self, line, timeout_s=COMMAND_S):
        """As sh(), and the code must be 0; returns the output."""
        code, out = self.sh(line, timeout_s)
        if code != 0:
            raise Failed(f"in the machine, code {code}: {line}\n{out}")
        return out

    def put(self, *paths):
        """Copies programs of this side into the share."""
        for path in paths:
            shutil.copy(path, self.share)

    def write(self, name, text):
        with open(os.path.join(self.share, name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        """A file of the share; empty if there is none."""
        try:
            with open(os.path.join(self.share, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def chip(self, name, lines, prefix):
        """Makes a simulated chip; returns the folder of its lines in the machine."""
        return self.run(f"gpio-sim {name} {lines} {prefix}").strip()

    def _text(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def last_words(self):
        """The end of the console, for whoever reads a failed test."""
        try:
            lines = self._text("console").splitlines()[-LINES_OF_CONSOLE:]
        except OSError:
            lines = []
        return "\n".join(["--- the end of the machine's console:", *lines, "---"])

    def power_off(self):
        """As when the plug is pulled: nothing in the machine hears of it."""
        self.process.kill()
        self.process.wait(20)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
            self.process = None
        for part in (self.file, self.socket):
            if part:
                part.close()
        if not os.environ.get("LK_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(self.last_words(), file=sys.stderr)
        self.close()
