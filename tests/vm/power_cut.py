#!/usr/bin/python3
"""The power goes off in the middle of a busy day, again and again, and nothing that anybody outside was told is lost.

lockerd runs in the emulated machine on an ext4 disk; the cabinet, the broker and the people are on this side and stay. Each round
boots the machine, looks at what the last power cut left, works (announcements, deposits, pickups, staff) and ends with the
machine's process killed: a real power-off. Every request of the disk is logged; so afterwards each round is cut at some further
moments of its log, where writes that no flush had covered are there or not, sector by sector, by chance, and each of these disks
is mounted by a machine and the daemon started on it. After each cut: the daemon starts, the chain holds, every fact that was out by
then is there, and no lock is pulsed. At the end one round with a daemon whose fsync does nothing: its cuts must lose facts, or this
test could not fail.
"""

import argparse
import glob
import hashlib
import http.client
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import disklog
import vm_site
from machine import Failed, Machine
from vm_site import until

DISK_MB, AT_ONCE = 48, 8
TROUBLE = (OSError, EOFError, TimeoutError, AssertionError, Failed, RuntimeError, http.client.HTTPException, ValueError, KeyError)


class Facts:
    """What is known outside, and how long the log of the disk was by then."""

    def __init__(self):
        self.rows, self.round, self.log, self.lock = [], 0, None, threading.Lock()

    def note(self, kind, *what):
        with self.lock:
            self.rows.append((self.round, self.log.size() if self.log else 0, kind, what))

    def until(self, round_, size):
        return [(kind, what) for r, n, kind, what in self.rows if r < round_ or (r == round_ and n <= size)]


class Site(vm_site.VmSite):
    """Lives on a disk of its own, which stays when the machine goes."""

    home, doors = "/mnt/site", 16

    def __init__(self, builds, native, folder, preload=""):
        self.work, self.preload, self.facts, self.codes, self.wanted = folder, preload, Facts(), {}, set()
        self.image = os.path.join(folder, "disk.img")
        make_disk(self.image)
        self.log = None
        super().__init__(builds, native, wire="rtu")
        if preload:
            self.daemon = NoSyncDaemon(self.machine, preload)

    def disk(self):
        return disklog.options("disk", self.image, os.path.join(self.work, "disk.log"))

    def mount(self, machine):
        machine.run("mount -t ext4 /dev/vda /mnt")
        self.log = self.facts.log = disklog.Log(os.path.join(self.work, "disk.log"))

    def _on_event(self, event):
        super()._on_event(event)
        self.facts.note("event", event["seq"], event["hash"])

    def boot(self):
        """The machine again, with the disk as it is."""
        self.machine.close()
        self.machine = self._machine()
        self.daemon = NoSyncDaemon(self.machine, self.preload) if self.preload else vm_site.GuestDaemon(self.machine)

    def pulses(self):
        return {d["name"]: d["pulses"] for d in self.sim.ask("status")["doors"] if d["pulses"]}


class NoSyncDaemon(vm_site.GuestDaemon):
    def __init__(self, machine, shim):
        super().__init__(machine)
        machine.put(shim)
        self.shim = os.path.basename(shim)

    def start(self, _env=None):
        self.machine.run(f"LD_PRELOAD=/host/{self.shim} ./lockerd --config /host/lockerd.conf >>/host/lockerd.log 2>&1 & echo $! >/tmp/lockerd.pid")
        self.pid = int(self.machine.run("cat /tmp/lockerd.pid"))
        self.process, self.returncode = self, None
        return self


def make_disk(path):
    with open(path, "wb") as f:
        f.truncate(DISK_MB << 20)
    subprocess.run(["mkfs.ext4", "-q", path], check=True)


# --- a busy day

def work(site, stop, number):
    """People and the postal side, until the power goes."""
    chance, waiting = random.Random(number), []
    for i in range(10000):
        item = f"R{number}-{i}"
        code = f"{number + 10:02d}{chance.randrange(10 ** 6):06d}"
        if stop.is_set():
            return
        if site.announce(item, code)["result"] == "ok":
            site.facts.note("item", item)
        for extra in range(3):
            if site.announce(f"{item}-{extra}")["result"] == "ok":
                site.facts.note("item", f"{item}-{extra}")
        site.sign_in(vm_site.STAFF, vm_site.PIN)
        site.kiosk.press("deposit")
        site.deposit(item)
        site.facts.note("deposited", item)
        site.kiosk.press("sign_out")
        waiting.append(code)
        site.codes[code] = item
        if len(waiting) > 1:
            taken = waiting.pop(chance.randrange(len(waiting)))
            site.wanted.add(site.codes[taken])
            site.pickup(taken)
            site.facts.note("collected", site.codes[taken])
            site.kiosk.press("done")
        if site.machine.sh(f"./lockerctl --socket {site.home}/run/admin.sock --json staff add s{number}-{i} --role courier --new-pin-file /tmp/pin")[0] == 0:
            site.facts.note("staff", f"s{number}-{i}")


def busy(site, seconds, number):
    """Works for that long, then the plug is pulled in the middle of whatever it is."""
    stop = threading.Event()

    def pull():
        stop.set()
        site.machine.power_off()

    timer = threading.Timer(seconds, pull)
    timer.start()
    try:
        work(site, stop, number)
    except TROUBLE:
        if not stop.is_set():
            timer.cancel()
            raise
    timer.join()
    site.facts.log.read_on()


def tidy(site):
    """People go on in the dark: whoever stood there to collect takes it out, and open doors are shut. (Who leaves it inside has
    collected it all the same: tests/crash, decision 0007.) A lock that was drawn in the last moment lets its door go a moment
    later: nobody walks away before."""
    until(lambda: not any(door["coil"] for door in site.sim.ask("status")["doors"]), 5, "the locks to rest")
    time.sleep(1)
    for door in site.sim.ask("status")["doors"]:
        if door["open"]:
            if door["item"] in site.wanted:
                site.sim.ask("door", door=door["name"], action="take")
            site.sim.ask("door", door=door["name"], action="close")


# --- what is left

def chain(db):
    """{seq: hash} as computed anew, event after event (docs/store.md)."""
    epoch, = db.execute("SELECT epoch FROM site").fetchone()
    prev, = db.execute("SELECT lower(hex(purged_hash)) FROM cursor").fetchone()
    hashes = {}
    for seq, kind, at, quality, data, given in db.execute("SELECT seq, type, time, quality, data, lower(hex(hash)) FROM event ORDER BY seq"):
        prev = hashlib.sha256("\n".join([prev, epoch, str(seq), kind, at, quality, data]).encode()).hexdigest()
        if prev != given or seq != len(hashes) + 1:
            raise AssertionError(f"the chain is broken at {seq}")
        hashes[seq] = given
    return hashes


def lost(path, facts):
    """The facts that a database (a backup the daemon made after the cut) does not know."""
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
        if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise AssertionError("damaged")
        hashes = chain(db)
        items = {row[0] for row in db.execute("SELECT id FROM item")}
        staff = {row[0] for row in db.execute("SELECT id FROM staff WHERE removed = 0")}
        told = {(kind, item) for kind, item in db.execute("SELECT type, json_extract(data, '$.item') FROM event")}
    there = {"event": lambda seq, digest: hashes.get(seq) == digest, "item": lambda item: item in items, "staff": lambda who: who in staff,
             "deposited": lambda item: ("item.deposited", item) in told, "collected": lambda item: ("item.collected", item) in told}
    return [(kind, what) for kind, what in facts if not there[kind](*what)]


def intents(path):
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
        return dict(db.execute("SELECT door, count(*) FROM intent GROUP BY door"))


CHECK = """dev=$1 n=$2
mkdir -p /tmp/m$n && mount -t ext4 $dev /tmp/m$n || exit 31
sed "s|/mnt/site|/tmp/m$n/site|" /host/lockerd.conf > /tmp/c$n
rm -f /tmp/m$n/site/state/after.db
./lockerd --config /tmp/c$n >/host/lockerd-$n.log 2>&1 & pid=$!
ctl="./lockerctl --socket /tmp/m$n/site/run/admin.sock --json"
i=0; until $ctl status 2>/dev/null | grep -q '"ready":true'; do i=$((i+1)); [ $i -lt 300 ] && kill -0 $pid || exit 32; usleep 100000; done
$ctl store >/host/store-$n.json || exit 33
$ctl backup /tmp/m$n/site/state/after.db >/dev/null && cp /tmp/m$n/site/state/after.db /host/after-$n.db || exit 34
kill $pid; wait $pid || exit 35
umount /tmp/m$n
"""
MEANING = {31: "the disk cannot be mounted", 32: "the daemon does not come up", 33: "lockerctl store finds faults", 34: "no backup",
           35: "the daemon ends badly"}


def look_here(site, name):
    """After a real power-off, the site itself: no pulse, and a copy of the database on this side."""
    before = site.pulses()
    site.start()
    if site.pulses() != before:
        raise AssertionError(f"a lock was pulsed by the start: {before} -> {site.pulses()}")
    code, out = site.ctl("store")
    if code != 0:
        raise AssertionError(f"lockerctl store: {code} {out}")
    path = os.path.join(site.machine.share, name)
    site.machine.run(f"rm -f {site.home}/state/after.db")
    code, out = site.ctl("backup", f"{site.home}/state/after.db")
    if code != 0:
        raise AssertionError(f"backup: {out}")
    site.machine.run(f"cp {site.home}/state/after.db /host/{name}")
    drawn = {door: count for door, count in before.items() if intents(path).get(door, 0) < count}
    if drawn:
        raise AssertionError(f"pulses without an intent (law 1): {drawn}, {intents(path)}")
    return path


def rounds(site, count, seconds, chance, table):
    """The real power-offs. Returns [(round, image at its start, its log)] for the cuts."""
    kept = []
    for number in range(count):
        site.facts.round = number
        base, log = (os.path.join(site.work, f"{kind}-{number}") for kind in ("base", "log"))
        if number > 0:
            tidy(site)
            shutil.copyfile(site.image, base)
            site.boot()
            facts = site.facts.until(number, 0)
            gone = lost(look_here(site, "after.db"), facts)
            table.append(("power off", number - 1, len(facts), 0, len(gone)))
            if gone and not site.preload:
                raise AssertionError(f"round {number - 1}: lost by a power-off: {gone[:5]}")
        else:
            shutil.copyfile(site.image, base)
            site.start()
            site.hire(vm_site.STAFF, vm_site.PIN)
        busy(site, chance.uniform(seconds / 2, seconds), number)
        shutil.copyfile(os.path.join(site.work, "disk.log"), log)
        kept.append((number, base, log))
        print(f"round {number}: {len(site.facts.rows)} facts so far, {len(site.facts.log.entries)} requests of the disk, {site.facts.log.flushes()} flushes", flush=True)
    return kept


def cut_all(site, builds, kept, cuts, chance, table):
    """Further cuts of each round, several disks for one machine. Returns what was lost: [(round, cut, facts)]."""
    jobs, found = [], []
    for number, base, path in kept:
        log = disklog.Log(path)
        for _ in range(cuts):
            # Not before the daemon was up: there is nothing to lose.
            size = min(n for r, n, _, _ in site.facts.rows if r == number)
            first = next((i for i in range(log.read_on()) if log.covers(i) >= size), len(log.entries))
            jobs.append((number, base, log, chance.randint(first, len(log.entries)), chance.randrange(1 << 30)))
    for at in range(0, len(jobs), AT_ONCE):
        some = jobs[at:at + AT_ONCE]
        disks, losses = [], []
        for i, (_, base, log, cut, seed) in enumerate(some):
            image = os.path.join(site.work, f"cut-{i}.img")
            losses.append(log.replay(base, image, cut, seed))
            disks += disklog.plain(f"cut{i}", image)
        tidy(site)
        before = site.pulses()
        site.machine.close()
        with Machine(os.path.join(builds, "vm"), tty=os.path.realpath(site.sim.path["RTU"]), more=disks) as machine:
            arm64 = os.path.join(builds, "arm64")
            machine.put(os.path.join(arm64, "controller/app/lockerd"), os.path.join(arm64, "controller/ctl/lockerctl"), site.config_path,
                        site.keys.public_file)
            machine.write("check", CHECK)
            for i, (number, _, _, cut, seed) in enumerate(some):
                code, out = machine.sh(f"sh ./check /dev/vd{chr(97 + i)} {i}", 120)
                facts = site.facts.until(number, some[i][2].covers(cut))
                if code != 0 and site.preload:
                    table.append((f"cut at {cut}", number, len(facts), losses[i][1], len(facts)))
                    found.append((number, cut, seed, [MEANING.get(code, code)]))
                    continue
                if code != 0:
                    raise AssertionError(f"round {number}, cut at {cut}, seed {seed}: {MEANING.get(code, code)}\n{out}\n"
                                         + machine.read(f"lockerd-{i}.log")[-1500:])
                gone = lost(os.path.join(machine.share, f"after-{i}.db"), facts)
                table.append((f"cut at {cut}", number, len(facts), losses[i][1], len(gone)))
                if gone:
                    found.append((number, cut, seed, gone))
        if site.pulses() != before:
            raise AssertionError(f"a lock was pulsed by a start after a cut: {before} -> {site.pulses()}")
    return found


def show(table):
    print("\nround  where             facts out  sectors lost  facts lost")
    for where, number, facts, sectors, gone in table:
        print(f"{number:5d}  {where:16s}  {facts:9d}  {sectors:12d}  {gone:10d}")


def play(args, folder, count, cuts, preload=""):
    chance, table = random.Random(args.seed), []
    site = Site(args.builds, args.native, folder, preload)
    try:
        kept = rounds(site, count, args.seconds, chance, table)
        found = cut_all(site, args.builds, kept, cuts, chance, table)
    except BaseException:
        print(site.daemon.log()[-2500:], file=sys.stderr)
        raise
    finally:
        show(table)
        site.close()
    return table, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", required=True)
    parser.add_argument("--native", required=True)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cuts", type=int, default=6, help="further cuts of each round")
    parser.add_argument("--seconds", type=float, default=10, help="a round works for at most so long")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"--seed {args.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="lk-cut-")
    try:
        table, found = play(args, folder, args.rounds, args.cuts)
        assert not found, f"facts were lost: {[(r, c, s, gone[:3]) for r, c, s, gone in found]}"
        shim = glob.glob(os.path.join(args.builds, "arm64/tests/vm/*no-sync.so"))[0]
        shutil.rmtree(folder)
        os.mkdir(folder)
        _, found = play(args, folder, 1, 8, shim)
        assert found, "a daemon whose fsync does nothing lost nothing: this test cannot fail"
        print(f"\n{len(table)} power cuts ({args.rounds - 1} real power-offs): nothing lost, every chain whole, no lock pulsed; "
              f"without fsync {len(found)} of 8 cuts lost facts")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
