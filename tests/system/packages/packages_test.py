#!/usr/bin/python3
"""The packages, as a site meets them: built, judged by lintian, installed on a machine with a real systemd that is made for it, where
docs/install.md is typed command by command; then what the page does not show.

usage: packages_test.py [--update] [--built]     --update writes what came into the page; --built takes the packages as they lie there
Needs root (a machine of its own); ends with 77, skipped, without.
"""

import argparse
import glob
import gzip
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, HERE)
import machine as vm  # noqa: E402
from machine import expect  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "install.md")
BUILD = os.path.join(os.environ.get("LK_BUILD_DIR", os.path.join(ROOT, "build")), "package")
OLD_STORE = os.path.join(ROOT, "tests", "data", "store-v2")
STEP = re.compile(r"```console\n(.*?)```\n|<!-- by hand: (\w+) -->\n", re.S)
DIFFERS = ((r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),)
# What the page's machine has besides what the packages ask for.
BESIDES = ["systemd", "systemd-sysv", "dbus", "udev", "mosquitto", "python3-paho-mqtt", "python3-cryptography"]
SKIPPED = 77


def alike(text):
    for pattern, stand_in in DIFFERS:
        text = re.sub(pattern, stand_in, text)
    return text.strip()


def wait_ready(machine):
    """Type=notify says when the daemon runs; a bank is ready a moment later."""
    said = machine.type("for i in $(seq 100); do lockerctl --json status > /tmp/s && ! grep -q '\"unknown\": *[1-9]' /tmp/s && grep -q '\"ready\"' /tmp/s "
                        "&& echo all-ready && break; sleep 0.1; done")
    expect("all-ready" in said, f"the daemon is not ready after 10 s: {said} {machine.type('cat /tmp/s; journalctl -u lockerd -n 30 --no-pager')}")


class Hands:
    """What the page asks to do by hand."""

    def __init__(self, machine):
        self.machine = machine

    def _version(self, number):
        self.machine.type(f"python3 -c \"import sqlite3; d = sqlite3.connect('/var/lib/lockerd/lockerd.db'); d.execute('PRAGMA user_version = {number}'); "
                          f"d.commit(); d.close()\"; chown lockerd: /var/lib/lockerd/*; systemctl reset-failed lockerd; systemctl start lockerd")

    def newer_store(self):
        self.machine.type("systemctl stop lockerd")
        self.before = self.machine.type("python3 -c \"import sqlite3; print(*sqlite3.connect('/var/lib/lockerd/lockerd.db').execute('PRAGMA user_version').fetchone())\"")
        self._version(99)

    def own_store(self):
        self._version(self.before.strip())
        wait_ready(self.machine)


def commands_of(block):
    steps = []
    for line in block.splitlines(True):
        if line.startswith("$ "):
            steps.append([line[2:].rstrip("\n"), ""])
        else:
            steps[-1][1] += line
    return steps


def play(text, machine, before):
    """Types the page; returns it with what really came, and what differs. before: {part of a command: what to look at before it}."""
    faults, hands = [], Hands(machine)

    def step(match):
        if match[2]:
            getattr(hands, match[2])()
            return match[0]
        shown = ""
        for command, wanted in commands_of(match[1]):
            for part, look in before.items():
                if part in command:
                    look(machine)
            said = machine.type(command)
            said = said if said.endswith("\n") or not said else said + "\n"
            shown += f"$ {command}\n{said}"
            if alike(said) != alike(wanted):
                faults.append(f"$ {command}\nthe page: {alike(wanted)}\nit is:    {alike(said)}")
        return f"```console\n{shown}```\n"
    return STEP.sub(step, text), faults


def sandbox(machine):
    """What the unit promises, in the process that runs."""
    show = dict(line.split("=", 1) for line in machine.type("systemctl show lockerd -p MainPID -p Type -p WatchdogUSec -p User -p NRestarts").splitlines())
    expect((show["Type"], show["User"], show["WatchdogUSec"], show["NRestarts"]) == ("notify", "lockerd", "20s", "0"), show)
    status = machine.type(f"cat /proc/{show['MainPID']}/status")
    expect(re.search(r"CapBnd:\s+0+\n", status) and "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, f"no sandbox: {status}")
    uid = machine.type("id -u lockerd").strip()
    expect(re.search(rf"Uid:\t{uid}\t{uid}", status), f"not lockerd's: {status}")
    modes = machine.type("stat -c '%A %U %G' /var/lib/lockerd/lockerd.db /run/lockerd/admin.sock").splitlines()
    expect(modes == ["-rw------- lockerd lockerd", "srw-rw---- lockerd lockerd-admin"], modes)


def killed(machine):
    """Comes back by itself, with its memory."""
    machine.type("systemctl kill -s KILL lockerd; for i in $(seq 100); do [ \"$(systemctl show -P NRestarts lockerd)\" = 1 ] && break; sleep 0.1; done")
    wait_ready(machine)
    expect("case-2026-0001" in machine.type("lockerctl items"), "the item is forgotten after a kill")


def upgrade(machine):
    """A later version: configuration and data stay, the daemon is a new process with the same books."""
    sums = "sha256sum /etc/lockerd/lockerd.conf /etc/lockerd/command-keys.json /var/lib/lockerd/code.key; stat -c '%i %a %U' /etc/lockerd/lockerd.conf"
    before, pid = machine.type(sums), machine.type("systemctl show -P MainPID lockerd")
    said = machine.type("rm -rf new && dpkg-deb -R lockerd_*.deb new && sed -i 's/^Version: .*/&+later/' new/DEBIAN/control && dpkg-deb -b new later.deb "
                        "&& dpkg -i later.deb; dpkg-query -W -f '${Version}' lockerd")
    expect(said.endswith("+later"), f"not upgraded: {said}")
    wait_ready(machine)
    expect(machine.type("systemctl show -P MainPID lockerd") != pid, "the old program goes on")
    expect(machine.type(sums) == before, f"not as before: {before} {machine.type(sums)}")
    expect("case-2026-0001" in machine.type("lockerctl items"), "the item is forgotten after an upgrade")


def older_site(machine):
    """A site with the database of an earlier version (tests/data/store-v2): dpkg puts the new program in, whose start brings it up to date, with a copy
    of before; nothing is forgotten. Afterwards the machine's own site is back."""
    own = "/etc/lockerd/lockerd.conf"
    banks = "".join(f"[bank {bank}]\nfieldbus = eth\nunit = {unit}\nprofile = waveshare-relay-32\ndoors = 32\nsizes = S:1-24 L:25-32\n"
                    for bank, unit in (("A", 11), ("B", 12), ("C", 13)))
    config = ("[site]\noperator = yulin\nid = hall-1\nname = 大厅 Hall\nsupport_phone = 12345\n[fieldbus eth]\ntransport = tcp\nhost = 127.0.0.1\nport = 1502\n"
              + banks + "[admin]\ngroup = lockerd-admin\n")
    for name, data in (("lockerd.conf", config.encode()), ("lockerd.db", gzip.open(os.path.join(OLD_STORE, "lockerd.db.gz")).read()),
                       ("code.key", open(os.path.join(OLD_STORE, "code.key"), "rb").read())):
        with open(os.path.join(machine.root, "root", name), "wb") as file:
            file.write(data)
    wanted = sorted(line.split()[2] for line in gzip.open(os.path.join(OLD_STORE, "facts.txt.gz"), "rt", encoding="utf-8") if line.startswith("item "))
    machine.type(f"systemctl stop lockerd; mv /var/lib/lockerd /var/lib/lockerd.own; mv {own} {own}.own; install -m 640 -g lockerd lockerd.conf {own}; "
                 "install -d -m 700 -o lockerd -g lockerd /var/lib/lockerd; install -m 600 -o lockerd -g lockerd lockerd.db code.key /var/lib/lockerd")
    said = machine.type("sed -i 's/+later/+latest/' new/DEBIAN/control && dpkg-deb -b new latest.deb && dpkg -i latest.deb; systemctl start lockerd; "
                        "systemctl is-active lockerd; dpkg-query -W -f '${Version}' lockerd")
    expect("\nactive\n" in said and said.endswith("+latest"), f"not upgraded: {said} {machine.type('journalctl -u lockerd -n 20 --no-pager')}")
    names = machine.type("ls /var/lib/lockerd")
    expect(re.search(r"lockerd\.db\.v2\.1", names), f"no copy of before: {names}")
    said = machine.type("lockerctl --lang en store; echo exit code $?")
    now = {custody: int(number) for custody, number in re.findall(r"(expected|in locker|at window|with courier|collected|returned|unknown) (\d+)", said)}
    expect("Event chain  unbroken" in said and "exit code 0" in said and sum(now.values()) == len(wanted), f"{len(wanted)} items before: {said}")
    # Openings that were under way when the power went end as unknown; what was over stays over.
    for custody in ("collected", "returned", "at window"):
        was = sum(one.replace("_", " ") == custody for one in wanted)
        expect(now[custody] == was, f"{custody}: {was} before, {now[custody]} now")
    machine.type(f"systemctl stop lockerd; rm -rf /var/lib/lockerd; mv /var/lib/lockerd.own /var/lib/lockerd; mv {own}.own {own}; systemctl start lockerd")
    wait_ready(machine)


def serial_line(machine):
    """A board on a serial line (a pseudo terminal) through the sandbox's list of devices."""
    machine.type("systemd-run -q --unit=cabinet-rtu -p User=lockerd -p RuntimeDirectory=cabinet-rtu cabinet-sim --line=r=/run/cabinet-rtu/tty,baud=115200 "
                 "--board=B,line=r,unit=2,channels=8; for i in $(seq 50); do [ -e /run/cabinet-rtu/tty ] && break; sleep 0.1; done")
    machine.type("printf '[fieldbus r]\\ntransport = rtu\\ndevice = /run/cabinet-rtu/tty\\nbaud = 115200\\n[bank B]\\nfieldbus = r\\nunit = 2\\n"
                 "profile = waveshare-relay-8\\ndoors = 8\\nsizes = S:1-8\\n' > /etc/lockerd/conf.d/rtu.conf; systemctl restart lockerd")
    wait_ready(machine)
    said = machine.type("lockerctl --lang en open B01 --why test; echo exit code $?")
    expect("exit code 0" in said, f"the serial line's door does not open: {said} {machine.type('lockerctl --lang en status; journalctl -u lockerd -n 20')}")
    machine.type("rm /etc/lockerd/conf.d/rtu.conf; systemctl restart lockerd; systemctl stop cabinet-rtu")
    wait_ready(machine)


def bills(machine):
    """The bills of materials against what the loader and dpkg say on the machine itself."""
    compared = 0
    for package, program in (("lockerd", "/usr/sbin/lockerd"), ("lockerctl", "/usr/bin/lockerctl"), ("lockerd-sim", "/usr/bin/cabinet-sim")):
        bill = json.loads(machine.type(f"cat /usr/share/doc/{package}/sbom.cdx.json"))
        listed = {c["name"]: c for c in bill["components"] if c["type"] == "library"}
        loaded = {os.path.basename(line.split()[0]) for line in machine.type(f"ldd {program}").splitlines() if "vdso" not in line}
        expect(set(listed) == loaded, f"{package}: the bill has {sorted(set(listed) ^ loaded)} too many or too few")
        for name, one in listed.items():
            owner = next(p["value"] for p in one["properties"] if p["name"] == "debian:package")
            path = machine.type(f"ldd {program} | awk '$1 == \"{name}\" && $2 == \"=>\" {{ print $3 }} $1 ~ /ld-linux/ && /{name}/ {{ print $1 }}'").strip()
            found = machine.type(f"dpkg -S {path} $(realpath {path}) 2>/dev/null")
            expect(f"{owner}:" in found, f"{package}: {name} belongs to {found}, the bill says {owner}")
            # It was linked against this machine's; a site may have a later one.
            built_with = vm.run("dpkg-query", "-W", "-f", "${Version}", owner).stdout
            expect(built_with == one["version"], f"{package}: {owner} is {built_with}, the bill says {one['version']}")
            compared += 1
        files = {c["name"]: c["hashes"][0]["content"] for c in bill["components"] if c["type"] == "file"}
        # Manual pages and changelogs are compressed after the bill is written.
        wanted = "".join(f"{digest}  {name}\n" for name, digest in files.items() if "/man/" not in name and "/doc/" not in name)
        with open(os.path.join(machine.root, "root", "sums"), "w", encoding="utf-8") as file:
            file.write(wanted)
        said = machine.type("sha256sum --quiet -c sums && echo same")
        expect(said.strip() == "same" and program in wanted, f"{package}: {said}")
    return compared


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--built", action="store_true")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: a machine of its own needs root")
        return SKIPPED
    if not args.built:
        built = vm.run(os.path.join(ROOT, "scripts", "package"), "--no-install")
        expect(built.returncode == 0, f"scripts/package: {built.stdout[-2000:]}{built.stderr[-2000:]}")
    debs = sorted(d for d in glob.glob(os.path.join(BUILD, vm.run("dpkg", "--print-architecture").stdout.strip(), "*.deb"))
                  if "dbgsym" not in d and "kiosk" not in d)
    expect(len(debs) == 3, debs)
    template = vm.make_root(os.path.join(BUILD, "machine"), sorted({*vm.depends_of(debs), *BESIDES}))
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    with tempfile.TemporaryDirectory(prefix="lk-packages-") as folder:
        machine = vm.Machine(template, folder, debs)
        try:
            compared = []
            new, faults = play(text, machine, {"lockerctl --lang en doors": wait_ready,
                                               "lockerctl --lang en selfcheck": lambda m: (sandbox(m), compared.append(bills(m))),
                                               "apt-get remove": lambda m: (serial_line(m), killed(m), upgrade(m), older_site(m))})
        except BaseException:
            with open(machine.log.name, encoding="utf-8", errors="replace") as log:
                print(log.read()[-1500:])
            raise
        finally:
            machine.end()
    if args.update:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(new)
        return 0
    print("\n\n".join(faults) or f"the page is right; {compared[0]} libraries compared; a serial line, killed, upgraded, upgraded from database version 2, downgraded, removed and purged")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
