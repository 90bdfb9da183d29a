#!/usr/bin/python3
"""Readers beside the screen, through the whole daemon: unplugged, mad, silent, and an ID card that must leave no trace.

    bad_readers.py --build BUILD

The devices are pseudo terminals behind links, as udev makes them below /dev/serial/by-id.
"""

import glob
import os
import random
import sys
import threading
import time
import tty
import unittest

import bad_case
from site_rig import until

HEAD = b"\xaa\xaa\xaa\x96\x69"
START, STOP = b"\x04\xe4\x04\x00\xff\x14", b"\x04\xe5\x04\x00\xff\x13"


class Device:
    """A serial device: plugged in and out, its bytes heard and answered by a thread of its own."""

    def __init__(self, path):
        self.path, self.master, self.slave, self.heard = path, None, None, b""
        self.lock = threading.Lock()

    def plug(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.symlink(os.ttyname(self.slave), self.path)
        self.thread = threading.Thread(target=self._hear, args=(self.master,), daemon=True)
        self.thread.start()

    def unplug(self):
        os.unlink(self.path)
        os.close(self.slave)
        master, self.master = self.master, None
        os.close(master)

    def send(self, data):
        try:
            for i in range(0, len(data), 512):
                os.write(self.master, data[i:i + 512])
        except (OSError, TypeError):
            pass  # unplugged in the middle of it

    def _hear(self, master):
        while self.master == master:
            try:
                data = os.read(master, 4096)
            except OSError:
                return
            with self.lock:
                self.heard += data
            self.on_bytes()

    def on_bytes(self):
        """For those who answer."""

    def close(self):
        if self.master is not None:
            self.unplug()


def frame(body):
    body = (len(body) + 1).to_bytes(2, "big") + body
    checksum = 0
    for byte in body:
        checksum ^= byte
    return HEAD + body + bytes([checksum])


class Sam(Device):
    """An ID-card reader. card: (number, name) that lies there, or None; mood: what goes wrong."""

    def __init__(self, path):
        super().__init__(path)
        self.card, self.mood, self.reads, self.asked = None, "", 0, 0

    def on_bytes(self):
        while True:
            with self.lock:
                if len(self.heard) < 10:
                    return
                command, self.heard = self.heard[:10], self.heard[10:]
            self.asked += 1
            assert command == frame(command[7:9]), command
            self.answer(command[7:9])

    def answer(self, command):
        if self.mood == "silent":
            return
        if command == b"\x20\x01":
            data = frame(b"\0\0\x9f" + bytes(4)) if self.card else frame(b"\0\0\x80")
        elif command == b"\x20\x02":
            data = frame(b"\0\0\x81") if self.mood == "refuses" else frame(b"\0\0\x90" + bytes(8))
        else:
            data = self.text()
            self.reads += 1
        if self.mood == "noisy":
            data = b"\x00\xff\xaa\xaa" + data
        if self.mood == "corrupt" and len(data) > 100:
            data = data[:150] + bytes([data[150] ^ 1]) + data[151:]
        self.send(data[:700] if self.mood == "short" and len(data) > 700 else data)

    def text(self):
        number, name = self.card
        fields = ((name, 15), ("1", 1), ("01", 2), ("19491231", 8), ("陕西省榆林市", 35), (number, 18), ("榆林公安局", 15),
                  ("20200101", 8), ("20400101", 8), ("", 18))
        text = b"".join(value.ljust(chars).encode("utf-16-le") for value, chars in fields)
        assert len(text) == 256
        return frame(b"\0\0\x90" + b"\x01\x00\x04\x00" + text + bytes(range(256)) * 4)


def memory_holds(pid, needles):
    """Which of the needles are in the writable memory of a process."""
    found = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in where.split("-"))
            if end - begin > 1 << 28:
                continue  # a sanitizer's shadow
            memory.seek(begin)
            try:
                data = memory.read(end - begin)
            except OSError:
                continue
            found |= {n for n in needles if n in data}
    return found


class Readers(bad_case.Case):
    """One site with a scanner in host mode and a card reader."""

    @classmethod
    def setUpClass(cls):
        cls.world = bad_case.Case()
        cls.one = cls.world.site(start=False, broker=False)
        folder = cls.one.folder
        cls.sam, cls.scanner = Sam(os.path.join(folder, "sam")), Device(os.path.join(folder, "scan"))
        with open(cls.one.config_path, "a", encoding="utf-8") as f:
            f.write(f"[card]\ndevice = {cls.sam.path}\n[scanner]\ndevice = {cls.scanner.path}\nmode = host\n")
        cls.one.start()

    @classmethod
    def tearDownClass(cls):
        cls.sam.close()
        cls.scanner.close()
        cls.world.doCleanups()

    def reader(self, name):
        return next(r for r in self.one.admin("status")["readers"] if r["name"] == name)

    def said(self, text):
        return self.one.daemon.log().count(text)

    def until_ok(self, name, ok=True):
        return until(lambda: (r := self.reader(name))["ok"] == ok and r, 15, f"{name} to be {ok}")

    def test_1_absent_readers_are_said_once_and_hinder_nobody(self):
        time.sleep(2.5)  # two more attempts
        for name in ("scanner", "card"):
            self.assertFalse(self.reader(name)["ok"])
            self.assertEqual(self.reader(name)["detail"], "not plugged in")
        self.assertEqual(self.said("not plugged in; trying again"), 2)
        checks = {c["check"]: c for c in self.one.admin("selfcheck")["checks"]}
        self.assertEqual((checks["scanner"]["ok"], checks["card"]["reason"]), (False, "device_missing"))
        self.assertTrue(self.one.admin("status")["ready"])

    def test_2_both_are_taken_when_they_come(self):
        self.sam.plug()
        self.scanner.plug()
        self.until_ok("scanner")
        self.until_ok("card")
        until(lambda: START in self.scanner.heard, 5, "the scanner to be started")
        time.sleep(0.1)  # what comes sooner after the opening may be the rest of a line
        self.scanner.send(b"\x04\xd0\x00\x00\xff\x2cNOBODY-KNOWS-ME\r\n")
        self.one.kiosk.until("notice", reason="unknown_barcode")
        self.assertEqual((self.reader("scanner")["reads"], self.reader("scanner")["dropped"]), (1, 0))

    def test_3_law_12_a_card_leaves_no_trace(self):
        number = "61080219" + "".join(random.choice("0123456789") for _ in range(9)) + "X"
        name = "上官婉儿" + random.choice("甲乙丙丁戊己庚辛")
        needles = [number.encode(), number.encode("utf-16-le"), name.encode(), name.encode("utf-16-le")]
        before = self.reader("card")["reads"]
        for mood in ("", "noisy"):
            self.sam.mood, self.sam.card = mood, (number, name)
            until(lambda b=before: self.reader("card")["reads"] > b, 10, "the card to be read")
            before = self.reader("card")["reads"]
            self.sam.card = None
            self.assertEqual(memory_holds(self.one.daemon.process.pid, needles), set())
            time.sleep(1)  # it is seen to be gone
        for mood in ("corrupt", "short", "refuses"):
            failures = self.reader("card")["dropped"]
            self.sam.mood, self.sam.card = mood, (number, name)
            until(lambda f=failures: self.reader("card")["dropped"] > f, 20, f"a {mood} card to be given up")
            self.sam.card = None
            self.assertEqual(memory_holds(self.one.daemon.process.pid, needles), set())
            self.sam.mood = ""
            time.sleep(1)
        self.assertEqual(memory_holds(self.one.daemon.process.pid, [b"not a needle", self.one.folder.encode()]),
                         {self.one.folder.encode()}, "the search finds nothing that is there")
        for path in glob.glob(os.path.join(self.one.folder, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                self.assertFalse([n for n in needles if n in data], f"{path} holds a card")
        self.assertIn("card reader: a card: read", self.one.daemon.log())

    def test_4_a_silent_reader_is_said_and_back(self):
        self.sam.mood = "silent"
        self.assertIn("does not answer", self.until_ok("card", False)["detail"])
        self.sam.mood = ""
        self.until_ok("card")

    def test_5_unplugged_and_back_is_said_once_each(self):
        before = self.said("not plugged in; trying again"), self.said(": there")
        for device in (self.sam, self.scanner):
            device.unplug()
        self.until_ok("card", False)
        self.until_ok("scanner", False)
        time.sleep(2.5)
        self.assertEqual(self.said("not plugged in; trying again"), before[0] + 2)
        self.scanner.heard = b""
        for device in (self.sam, self.scanner):
            device.plug()
        self.until_ok("card")
        self.until_ok("scanner")
        self.assertEqual(self.said(": there"), before[1] + 2)
        until(lambda: START in self.scanner.heard, 5, "the scanner to be started again")

    def test_6_a_device_somebody_else_has_is_named(self):
        self.scanner.unplug()
        self.until_ok("scanner", False)
        import fcntl  # pylint: disable=import-outside-toplevel
        self.scanner.plug()
        thief = os.open(self.scanner.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(thief, fcntl.LOCK_EX)
        try:
            found = until(lambda: (r := self.reader("scanner"))["ok"] or "holds it" in r["detail"] and r, 10, "the thief")
            if found is not True:  # else the daemon was quicker than we
                self.assertEqual(found["detail"], "another process holds it")
        finally:
            os.close(thief)
        self.until_ok("scanner")

    def test_7_the_scanner_is_stopped_at_the_end(self):
        self.scanner.heard = b""
        self.assertEqual(self.one.daemon.stop(), 0)
        until(lambda: STOP in self.scanner.heard, 5, "the scanner to be stopped")


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
