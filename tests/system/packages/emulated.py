"""A whole emulated PC for a test: Debian 12 with its own kernel, a screen, a touch panel that is one (a tablet), a keyboard, and a root
shell on a port. No network. What the screen shows is what the emulated graphics card shows.

Made with mmdebstrap and mke2fs, so root is needed; the image is only read. No hardware virtualisation is asked for: it is
not everywhere, and nested it is not to be trusted. One machine is one qemu process, ended by its number."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

import machine as vm

WIDTH, HEIGHT = 1280, 800
BOOT_S, COMMAND_S = 240, 120
KERNEL = ["linux-image-amd64", "initramfs-tools", "systemd", "systemd-sysv", "dbus", "udev", "iproute2"]
SHELL_UNIT = """[Unit]
Description=A root shell for the test
[Service]
Environment=HOME=/root LC_ALL=C.UTF-8 TERM=dumb
ExecStart=/bin/sh -c 'cd /root; exec bash --noprofile --norc <>/dev/virtio-ports/shell >&0 2>&1'
Restart=always
RestartSec=1
"""


def make_image(cache, debs, more, files):
    """The disk with these packages installed: (disk, kernel, initrd). files: {path: text}, written afterwards. The root below it is kept;
    the rest is made anew each time."""
    root = vm.make_root(os.path.join(cache, "root-of-screen"), sorted({*vm.depends_of(debs), *KERNEL, *more}))
    fresh = os.path.join(cache, "screen")
    shutil.rmtree(fresh, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", root, fresh], check=True)
    for deb in debs:
        shutil.copy(deb, os.path.join(fresh, "root"))
    done = vm.run("chroot", fresh, "sh", "-c", "dpkg -i /root/*.deb", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
    if done.returncode:
        raise RuntimeError(f"dpkg -i: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    units = os.path.join(fresh, "etc", "systemd", "system")
    with open(os.path.join(units, "test-shell.service"), "w", encoding="ascii") as file:
        file.write(SHELL_UNIT)
    wants = os.path.join(units, "multi-user.target.wants")
    os.makedirs(wants, exist_ok=True)
    os.symlink("../test-shell.service", os.path.join(wants, "test-shell.service"))
    for path, text in {"etc/hostname": "hall\n", **files}.items():
        with open(os.path.join(fresh, path), "w", encoding="utf-8") as file:
            file.write(text)
    disk = os.path.join(cache, "screen.img")
    with open(disk, "wb") as file:
        file.truncate(4 << 30)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", fresh, disk], check=True)
    boot = os.path.join(fresh, "boot")
    found = {name.split("-")[0]: os.path.join(boot, name) for name in os.listdir(boot)}
    return disk, found["vmlinuz"], found["initrd.img"]


class Picture:
    """What a screen showed: the bytes of its pixels, three each."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        head, size, _, self.pixels = data.split(b"\n", 3)
        assert head == b"P6", head
        self.width, self.height = (int(n) for n in size.split())

    def differing(self, other):
        """How many pixels differ; a picture of another size differs in all."""
        if len(self.pixels) != len(other.pixels):
            return self.width * self.height
        if self.pixels == other.pixels:
            return 0
        return sum(self.pixels[i:i + 3] != other.pixels[i:i + 3] for i in range(0, len(self.pixels), 3))

    def colours(self):
        return len({self.pixels[i:i + 3] for i in range(0, len(self.pixels), 3 * 7)})


class Screen:
    """A booted machine. type() is what somebody types at its root shell; press() and tap() are a keyboard and a finger."""

    def __init__(self, image):
        disk, kernel, initrd = image
        self.folder = tempfile.mkdtemp(prefix="lk-screen-")
        self.process = self.shell = self.control = None
        self.console = os.path.join(self.folder, "console")
        command = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-m", "2048", "-smp", "2", "-nodefaults", "-display", "none",
                   "-no-reboot", "-kernel", kernel, "-initrd", initrd, "-append", "root=/dev/vda rw console=ttyS0 quiet panic=-1",
                   "-drive", f"file={disk},format=raw,if=virtio,snapshot=on", "-device", f"virtio-vga,xres={WIDTH},yres={HEIGHT}",
                   "-device", "qemu-xhci", "-device", "usb-kbd", "-device", "usb-tablet", "-serial", f"file:{self.console}",
                   "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off", "-device", "virtio-serial",
                   "-chardev", f"socket,id=shell,path={self.folder}/shell,server=on,wait=off", "-device", "virtserialport,chardev=shell,name=shell"]
        try:
            with open(os.path.join(self.folder, "qemu"), "wb") as said:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            self.control = self._connect("qmp").makefile("rw", encoding="utf-8")
            self.control.readline()
            self._qmp("qmp_capabilities")
            self.shell = self._connect("shell")
            self.type("true", BOOT_S)
        except BaseException:
            print(self.last_words())
            self.end()
            raise

    def _connect(self, name):
        limit = time.monotonic() + 20
        while True:
            one = socket.socket(socket.AF_UNIX)
            try:
                one.connect(os.path.join(self.folder, name))
                return one
            except OSError:
                one.close()
                if time.monotonic() > limit or self.process.poll() is not None:
                    with open(os.path.join(self.folder, "qemu"), encoding="utf-8", errors="replace") as said:
                        raise RuntimeError(f"qemu does not start: {said.read()}") from None
                time.sleep(0.1)

    def _qmp(self, what, **args):
        self.control.write(json.dumps({"execute": what, "arguments": args}) + "\n")
        self.control.flush()
        while True:
            answer = json.loads(self.control.readline())
            if "error" in answer:
                raise RuntimeError(f"{what}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def type(self, command, timeout_s=COMMAND_S):
        self.shell.settimeout(timeout_s)
        # Two words, so that an echo of the line is not taken for its end.
        self.shell.sendall(f"{command}\nprintf '%s%s\\n' {vm.END[:6]} {vm.END[6:]}\n".encode())
        said = b""
        while not said.endswith(f"{vm.END}\n".encode()):
            part = self.shell.recv(65536)
            if not part:
                raise RuntimeError(f"the machine went away at: {command}")
            said += part.replace(b"\r", b"")
        return said.decode(errors="replace")[:-len(vm.END) - 1]

    def look(self):
        path = os.path.join(self.folder, "picture.ppm")
        self._qmp("screendump", filename=path)
        return Picture(path)

    def keep_picture(self, path):
        self._qmp("screendump", filename=path, format="png")

    def press(self, keys):
        """Keys at once, "ctrl-alt-f1", by qemu's names."""
        self._qmp("send-key", keys=[{"type": "qcode", "data": key} for key in keys.split("-")])

    def tap(self, x, y):
        axes = (("x", x, WIDTH), ("y", y, HEIGHT))
        self._qmp("input-send-event", events=[{"type": "abs", "data": {"axis": axis, "value": at * 32767 // whole}} for axis, at, whole in axes])
        for down in (True, False):
            self._qmp("input-send-event", events=[{"type": "btn", "data": {"button": "left", "down": down}}])
            time.sleep(0.1)

    def last_words(self):
        if not os.path.exists(self.console):
            return "no word on the console"
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()[-1500:]

    def end(self):
        for one in (self.shell, self.control):
            if one:
                one.close()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
