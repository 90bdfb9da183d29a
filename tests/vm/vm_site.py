"""A site whose lockerd runs in the emulated machine, on ARM; broker, postal side and people are this side's, as in every system
test (tests/system/site_rig.py). The kiosk is reached through the machine's network; who asks the admin socket is the
machine's own lockerctl.
"""

import argparse
import json
import os
import sys
import unittest

from machine import Machine

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system")]
import site_rig  # noqa: E402
from site_rig import until  # noqa: E402,F401  pylint: disable=unused-import

STAFF, PIN, CODE = "1001", "246813", "73519264"
HOST, HOME, SLOW_S = "10.0.2.2", "/tmp/site", 60  # this side as the machine sees it; the daemon's folder there
GPIO_DOORS, CHIP = 8, "cabinet"
CONFIGFS = f"/sys/kernel/config/gpio-sim/{CHIP}"
GPIO_BANK = f"""[bank G]
profile = gpio
gpio_chip = label:{CHIP}
locks = C00 C01 C02 C03 C04 C05 C06 C07
sensors = C08 C09 C10 C11 C12 C13 C14 C15
lock_active = high
sensor_closed = high
sizes = S:1-8
"""


class GuestDaemon:
    """The lockerd in the machine; looks like site_rig.Daemon."""

    def __init__(self, machine):
        self.machine, self.pid, self.process, self.returncode = machine, None, None, None

    def start(self, _env=None):
        self.machine.run("./lockerd --config /host/lockerd.conf >>/host/lockerd.log 2>&1 & echo $! >/tmp/lockerd.pid")
        self.pid = int(self.machine.run("cat /tmp/lockerd.pid"))
        self.process, self.returncode = self, None
        return self

    def alive(self):
        return self.pid is not None and self.machine.sh(f"grep -q 'State:.[^Z]' /proc/{self.pid}/status")[0] == 0

    def kill(self):
        if self.alive():
            self.machine.run(f"kill -9 {self.pid}")
        self.returncode = self.machine.sh(f"wait {self.pid}")[0]
        self.pid = self.process = None

    def stop(self):
        """A clean stop; returns the exit code."""
        self.machine.run(f"kill {self.pid}")
        self.returncode = self.machine.sh(f"wait {self.pid}", SLOW_S)[0]
        self.pid = self.process = None
        return self.returncode

    def guard(self):
        """The process that switches the lines off when this one is gone."""
        (pid,) = self.machine.run(f"grep -l 'PPid:.{self.pid}$' /proc/[0-9]*/status | cut -d / -f 3").split()
        return int(pid)

    def log(self):
        return self.machine.read("lockerd.log")


class GpioCabinet:
    """The cabinet inside the machine (tests/vm/cabinet.c); takes the place of cabinet-sim in a site."""

    def __init__(self, machine):
        self.machine, self.port, self.path, self.lines = machine, {}, {}, None
        machine.chip(CHIP, 2 * GPIO_DOORS, "C")
        self.start()

    def start(self):
        # A chip that went away and came back may have another number.
        self.lines = self.machine.run(f"echo /sys/devices/platform/$(cat {CONFIGFS}/dev_name)/"
                                      f"$(cat {CONFIGFS}/bank0/chip_name)").strip()
        self.machine.run(f"./vm-cabinet {self.lines} {GPIO_DOORS} /tmp/people /host/cabinet.log 2>/host/cabinet.err & "
                         "echo $! >/tmp/cabinet.pid")
        until(lambda: self.machine.sh("test -p /tmp/people")[0] == 0, 10, "the cabinet")

    def halt(self):
        """Before its chip goes away."""
        self.machine.run("pid=$(cat /tmp/cabinet.pid); kill $pid; wait $pid; rm /tmp/people")

    def stop(self):
        error = self.machine.read("cabinet.err")
        if error:
            raise RuntimeError(error)

    def happened(self):
        """[(ms, "lock" or "door", number, "on", "off", "open" or "closed")]"""
        rows = (line.split() for line in self.machine.read("cabinet.log").splitlines())
        return [(int(r[0]), r[1], int(r[2]), r[3]) for r in rows if len(r) == 4]

    def pulses(self):
        """[(door, ms)], one for each time a lock was drawn and let go."""
        since, pulses = {}, []
        for ms, what, door, how in self.happened():
            if what == "lock" and how == "on":
                since[door] = ms
            elif what == "lock":
                pulses.append((door, ms - since.pop(door)))
        return pulses

    def drawn(self):
        """The wires themselves, by another eye than the cabinet's."""
        return any(self.machine.run(f"cat {self.lines}/sim_gpio{n}/value").strip() == "1" for n in range(GPIO_DOORS))

    def door(self, label):
        number, state = int(label[1:]), {"lock": "off", "door": "closed"}
        for _, what, door, how in self.happened():
            if door == number:
                state[what] = how
        return {"coil": state["lock"] == "on", "open": state["door"] == "open"}

    def ask(self, cmd, door, action, **_):
        """What site_rig's people do; what lies behind a door is nobody's business here."""
        assert cmd == "door", cmd
        if action == "close":
            self.people("close", door)

    def people(self, verb, label):
        self.machine.run(f"echo {verb} {int(label[1:])} >/tmp/people")

    def strike(self, verb, pid):
        """SIGKILL ("kill") or SIGSTOP ("stop") for that process in the middle of the next pulse."""
        self.machine.run(f"echo {verb} {pid} >/tmp/people")


class VmSite(site_rig.Site):
    """builds: what tests/vm/make filled; native: this machine's build, for cabinet-sim. wire: gpio or rtu."""

    home, doors = HOME, 8

    def __init__(self, builds, native, wire="gpio", more=""):
        self.builds, self.wire, self.machine, self.more = builds, wire, None, more
        try:
            super().__init__(native, banks={"A": {"line": "rtu", "doors": self.doors, "unit": 1, "sizes": f"S:1-{self.doors}"}}, start=False)
            self.machine = self._machine()
            self.daemon = GuestDaemon(self.machine)
            if wire == "gpio":
                self.sim = GpioCabinet(self.machine)
        except BaseException:
            self.close()
            raise

    def _cabinet(self, rtu):
        if self.wire == "rtu":
            super()._cabinet(rtu)
        else:
            self.sim = None

    def _machine(self):
        tty = os.path.realpath(self.sim.path["RTU"]) if self.wire == "rtu" else None
        machine = Machine(os.path.join(self.builds, "vm"), tty=tty, ports=[self.kiosk_port], more=self.disk())
        arm64 = os.path.join(self.builds, "arm64")
        machine.put(os.path.join(arm64, "controller/app/lockerd"), os.path.join(arm64, "controller/ctl/lockerctl"),
                    os.path.join(arm64, "tests/vm/vm-cabinet"), self.config_path, self.keys.public_file)
        self.mount(machine)
        machine.run(f"mkdir -p {self.home}/state {self.home}/run")
        machine.write("pin", PIN + "\n")
        machine.run("cp pin /tmp/pin && chmod 600 /tmp/pin")
        return machine

    def disk(self):
        """Words for qemu about a disk; by default the machine has none and forgets everything."""
        return ()

    def mount(self, machine):
        pass

    def _write_config(self, sizes, more, timing):
        wiring = GPIO_BANK
        if self.wire == "rtu":
            wiring = ("[fieldbus RTU]\ntransport = rtu\ndevice = /dev/ttyAMA0\nbaud = 115200\n[bank A]\nfieldbus = RTU\n"
                      f"unit = 1\nprofile = waveshare-relay-{self.doors}\ndoors = {self.doors}\nsizes = S:1-{self.doors}\n")
        wiring += (f"{self.more}[uplink]\nurl = mqtt://{HOST}:{self.broker.port}\n"
                   f"command_keys = /host/{os.path.basename(self.keys.public_file)}\n")
        path = os.path.join(self.folder, "lockerd.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(site_rig.CONFIG.format(operator=site_rig.OPERATOR, site=site_rig.SITE, folder=self.home,
                                           kiosk_port=self.kiosk_port, wiring=wiring))
        return path

    def ctl(self, *words):
        """The machine's lockerctl: (code, result)."""
        code, out = self.machine.sh(f"./lockerctl --socket {self.home}/run/admin.sock --json " + " ".join(words))
        return code, json.loads(out) if out.startswith("{") else out

    def admin(self, cmd, **args):
        words = {"status": ["status"], "doors": ["doors"], "items": ["items", "--item", args.get("item", "")],
                 "staff_add": ["staff", "add", args.get("staff", ""), "--role", args.get("role", ""),
                               "--new-pin-file", "/tmp/pin"]}[cmd]
        code, result = self.ctl(*words)
        if code != 0:
            raise OSError(f"lockerctl {cmd}: {code} {result}")
        return result

    def ready(self, timeout_s=SLOW_S):
        super().ready(timeout_s)

    def bank(self):
        return self.admin("status")["banks"][0]

    def close(self):
        problems = super().close()
        if self.machine:
            self.machine.close()
        return problems

    def a_day(self, item="Y-2026-0001"):
        """Announced, deposited by a courier, picked up by a citizen with the code; returns the doors used."""
        assert self.announce(item, CODE, size="S")["result"] == "ok"
        self.sign_in(STAFF, PIN)
        self.kiosk.press("deposit")
        first = self.deposit(item)
        assert self.item(item)["custody"] == "in_locker", self.item(item)
        self.kiosk.press("sign_out")
        second = self.pickup(CODE)
        assert self.item(item)["custody"] == "collected", self.item(item)
        self.until_all_acked(SLOW_S)
        return first, second


class Case(unittest.TestCase):
    """A test with one site of its own; the end of the daemon's log and of the console are shown if it fails."""

    builds = native = None
    longMessage = True

    def site(self, **options):
        site = VmSite(self.builds, self.native, **options)
        self.addCleanup(site.close)
        self.addCleanup(self.last_words, site)
        return site

    def open_site(self, **options):
        """Started, ready, and with a courier."""
        site = self.site(**options)
        site.start()
        site.hire(STAFF, PIN)
        return site

    def last_words(self, site):
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.errors + outcome.failures):
            print("--- the end of lockerd's log:", *site.daemon.log().splitlines()[-40:], site.machine.last_words(),
                  sep="\n", file=sys.stderr)


def main(module):
    parser = argparse.ArgumentParser()
    parser.add_argument("--builds", required=True)
    parser.add_argument("--native", required=True)
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    Case.builds, Case.native = args.builds, args.native
    names = [f"Test.test_{case}" for case in args.cases]
    unittest.main(module=module, argv=[sys.argv[0], "-v", *names])
