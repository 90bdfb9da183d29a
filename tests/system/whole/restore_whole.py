#!/usr/bin/python3
"""A backup is put in the place of the database (docs/restore.md), on a whole site: nobody's old code opens a door behind which
another item lies by now; upstream follows into the new epoch; a dry run changes no byte and no time; a run that is killed before
any of its steps leaves the old database or the new one, and the next run ends well."""

import argparse
import glob
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

OK, REFUSED, USAGE, LEFT, BUSY = 0, 1, 2, 6, 75


def lockerctl(site, *args, env=None, json_=True):
    command = [site.program("controller/ctl/lockerctl"), *args, "--lang", "en", *(["--json"] if json_ else [])]
    if args[0] == "restore":
        command += ["--config", site.config_path, "--lockerd", site.program("controller/app/lockerd")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
                          env={**os.environ, "LOCKERD_SOCKET": os.path.join(site.folder, "run", "admin.sock"), **(env or {})})
    answer = json.loads(done.stdout) if json_ and done.stdout.strip() else done.stdout
    return done.returncode, answer, done.stderr


def state(site):
    return os.path.join(site.folder, "state")


def snapshot(folder):
    """Every byte, name, mode and time below a folder, and the folder's own."""
    seen = {}
    for path in [folder, *sorted(glob.glob(folder + "/**", recursive=True))]:
        stat = os.lstat(path)
        body = hashlib.sha256(open(path, "rb").read()).hexdigest() if os.path.isfile(path) else ""
        seen[path] = (stat.st_mode, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, body)
    return seen


def damage(path, pages):
    """Zeroes some pages in the middle of a closed database."""
    with open(path, "r+b") as f:
        for page in pages:
            f.seek(4096 * page)
            f.write(bytes(4096))


def page_of(path, table):
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
        return db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0] - 1


def deposit(site, *items):
    site.sign_in()
    site.kiosk.press("deposit")
    doors = [site.deposit(item) for item in items]
    site.kiosk.press("sign_out")
    return doors


def story(site):
    """A backup, and what happens after it: Y1 is collected, and Y2 comes to lie behind the very door. Returns it."""
    site.hire()
    site.hire("2002", "8642", "clerk")
    site.announce("Y1", code="11112222")
    door = deposit(site, "Y1")[0]
    code, answer, _ = lockerctl(site, "backup", os.path.join(site.folder, "backup.db"))
    expect(code == OK and answer["verified"], f"backup: {answer}")
    site.pickup("11112222")
    site.kiosk.press("done")
    site.announce("Y2", code="33334444")
    expect(deposit(site, "Y2") == [door], "the free door is used again")
    site.admin("staff_remove", staff="2002")
    site.until_all_acked()
    return door


def refusals(site):
    backup = os.path.join(site.folder, "backup.db")
    code, answer, _ = lockerctl(site, "restore", backup, "--dry-run")
    expect(code == OK and answer["present"]["state"] == "in_use", f"a dry run beside the daemon: {answer}")
    code, answer, _ = lockerctl(site, "restore", backup, "--yes")
    expect(code == BUSY and answer["reason"] == "busy", f"the daemon runs: {code} {answer}")
    site.daemon.stop()
    before = snapshot(state(site))
    code, answer, _ = lockerctl(site, "restore", backup, "--dry-run")
    expect(code == OK, f"dry run: {answer}")
    expect(answer["present"]["state"] == "whole" and answer["present"]["goes_on"] and answer["lost"] > 0, f"{answer}")
    whereabouts = {d["item"]: (d["backup"]["custody"], d["present"]["custody"]) for d in answer["differences"]}
    expect(whereabouts == {"Y1": ("in_locker", "collected"), "Y2": ("", "in_locker")}, f"{whereabouts}")
    code, answer, _ = lockerctl(site, "restore", backup, "--yes")
    expect(code == REFUSED and answer["reason"] == "present_whole", f"{code} {answer}")
    code, _, error = lockerctl(site, "restore", backup, json_=False)
    expect(code == REFUSED and "--although-whole" in error, f"{code} {error}")
    code, _, error = lockerctl(site, "restore", backup, "--although-whole", json_=False)
    expect(code == USAGE and "--yes" in error, f"{code} {error}")
    code, answer, _ = lockerctl(site, "restore", site.config_path, "--yes")
    expect(code == REFUSED and answer["reason"] == "bad_backup", f"no database at all: {code} {answer}")
    code, answer, _ = lockerctl(site, "restore", backup + ".not", "--yes")
    expect(code == REFUSED and answer["reason"] == "no_such_file", f"no file: {code} {answer}")
    broken = os.path.join(site.folder, "broken.db")
    shutil.copy(backup, broken)
    damage(broken, [page_of(broken, "event")])
    code, answer, _ = lockerctl(site, "restore", broken, "--yes")
    expect(code == REFUSED and answer["reason"] == "bad_backup", f"a damaged backup: {code} {answer}")
    expect(snapshot(state(site)) == before or not changed(before, snapshot(state(site))), "what was refused changed something")


def changed(before, after):
    """What differs but the folder's own times, which a refused real run may touch with its lock and its working folder."""
    return {p for p in before.keys() | after.keys()
            if before.get(p, (0, 0, 0, 0, 0))[3:] != after.get(p, (0, 0, 0, 0, 0))[3:] and not os.path.isdir(p)}


def dry_run_touches_nothing(site):
    before = snapshot(state(site))
    code, _, _ = lockerctl(site, "restore", os.path.join(site.folder, "backup.db"), "--dry-run")
    expect(code == OK and snapshot(state(site)) == before, "a dry run changed the state folder")
    left = glob.glob("/tmp/lockerd-restore-*")
    expect(not [p for p in left if os.stat(p).st_uid == os.getuid() and os.path.getmtime(p) > os.path.getmtime(site.config_path)],
           f"a dry run left {left}")


def restored(site, door):
    """The restored site in service."""
    old_epoch = site.postal.log.epoch
    site.start()
    expect(site.door(door)["use"] == "blocked" and site.door(door)["reason"] == "restored", f"{site.door(door)}")
    expect(all(d["use"] == "blocked" for d in site.admin("doors")["doors"]), "every door waits for a look")
    expect(site.item("Y1")["custody"] == "unknown", f"{site.item('Y1')}")
    answer = site.kiosk.code("11112222")
    expect(answer["result"] == "refused", f"law 8: Y1's code would show Y2's document: {answer}")
    event = site.until_event("site.degraded", reason="restored")
    expect(event["data"]["alarm"] and event["data"]["note"] == "disk replaced" and event["epoch"] != old_epoch, f"{event}")
    site.until_event("audit.mismatch", item="Y1", reason="restored", to="unknown")
    site.until_all_acked()
    expect(site.postal.log.epoch == event["epoch"], "upstream is in the new epoch")
    expect(not site.postal.log.faults, f"{site.postal.log.faults}")


def looked_through(site, door):
    """Two people look: Y1 is gone, its recipient has it; something else lies there, and goes to the window."""
    expect(site.admin("open", door=door, why="look")["outcome"] == "opened", "it opens for staff")
    site.sim.ask("door", door=door, action="take")
    site.shut(door)
    site_rig.until(lambda: site.door(door)["state"] == "closed", 5, "the door shut")
    site.admin("settle", item="Y1", to="collected", why="signed for")
    site.admin("unblock", door=door, why="Y2 taken out, empty")
    site.admin("unblock", door="B01", why="empty")
    site.announce("Y3", code="55556666")
    expect(deposit(site, "Y3")[0] in (door, "B01"), "a looked-at door is used again")
    site.pickup("55556666")
    site.until_event("item.collected", item="Y3")
    site.until_all_acked()


def whole_story(build):
    with site_rig.Site(build) as site:
        door = story(site)
        refusals(site)
        dry_run_touches_nothing(site)
        db = os.path.join(state(site), "lockerd.db")
        damage(db, [page_of(db, "compartment")])
        code, answer, _ = lockerctl(site, "restore", os.path.join(site.folder, "backup.db"), "--yes", "--why", "disk replaced")
        expect(code == OK and answer["present"]["state"] == "damaged" and answer["present"]["finding"], f"{code} {answer}")
        with open(db, "rb") as now, open(os.path.join(site.folder, "backup.db"), "rb") as backup:
            expect(now.read(16) == backup.read(16) and os.path.exists(answer["aside"]), f"{answer}")
        mode = os.stat(db).st_mode & 0o777
        expect(mode == 0o600, f"mode {mode:o}")
        with sqlite3.connect(f"file:{db}?mode=ro&immutable=1", uri=True) as look:
            expect(look.execute("SELECT removed FROM staff WHERE id = '2002'").fetchone() == (1,), "who was removed since stays removed")
        restored(site, door)
        looked_through(site, door)
    print("a damaged database: restored, looked through, back in service")


def unread_and_unacknowledged(build):
    """The network was away and the database is lost beyond reading: what the backup has and upstream has not is told now."""
    with site_rig.Site(build) as site:
        site.hire()
        site.broker.stop()
        site.sign_in()
        site.kiosk.press("sign_out")
        lockerctl(site, "backup", os.path.join(site.folder, "backup.db"))
        missed = site.admin("status")["seq"] - site.admin("status")["acked"]
        site.daemon.stop()
        db = os.path.join(state(site), "lockerd.db")
        with open(db, "r+b") as f:
            f.write(b"\xff" * 8192)
        site.broker.start()
        code, answer, _ = lockerctl(site, "restore", os.path.join(site.folder, "backup.db"), "--yes")
        expect(code == OK and answer["present"]["state"] == "unreadable" and answer["carried"] == missed, f"{missed} {code} {answer}")
        site.start()
        site.until_event("access.staff_in")
        site.until_all_acked()
        # back to the old one, which is not readable: refused, and nothing is lost by trying
        code, answer, _ = lockerctl(site, "restore", answer["aside"], "--dry-run")
        expect(code == REFUSED and answer["reason"] == "bad_backup", f"{answer}")
    print("an unreadable database: what upstream had not heard is told in the new epoch")


def way_back(site, db):
    """A restore that turned out to be wrong is undone by restoring what was set aside."""
    aside = [p for p in sorted(glob.glob(db + ".aside-*")) if not p.endswith("-wal")][0]
    code, answer, _ = lockerctl(site, "restore", aside, "--yes", "--although-whole")
    expect(code == OK, f"the way back: {code} {answer}")
    site.start()
    expect(site.item("Y2")["custody"] == "unknown", f"{site.item('Y2')}")
    site.until_all_acked()
    site.daemon.stop()


def killed_everywhere(build, shim):
    with site_rig.Site(build) as site:
        door = story(site)
        site.daemon.kill()  # so that there is a log beside the database, as after a power cut
        db, kept = os.path.join(state(site), "lockerd.db"), os.path.join(site.folder, "kept")
        shutil.copytree(state(site), kept)
        backup = os.path.join(site.folder, "backup.db")
        args = ("restore", backup, "--yes", "--although-whole", "--why", "disk replaced")
        cuts, old, new, refused, completed = 0, 0, 0, 0, 0
        while True:
            cuts += 1
            shutil.rmtree(state(site))
            shutil.copytree(kept, state(site))
            preload = {"LD_PRELOAD": shim, "CUT_AT": str(cuts)}
            command = [site.program("controller/app/lockerd"), "--config", site.config_path, "--restore", backup, "--although-whole",
                       "--why", "disk replaced"]
            done = subprocess.run(command, env={**os.environ, **preload}, capture_output=True, text=True, timeout=60, check=False)
            if done.returncode == 0:
                break
            expect(done.returncode == -9, f"cut {cuts}: {done.returncode} {done.stdout} {done.stderr}")
            what = what_is_there(site, db)
            old, new, refused = old + (what == "old"), new + (what == "new"), refused + (what == "refused")
            code, answer, error = lockerctl(site, *args)
            expect(code == OK, f"cut {cuts}, again: {code} {answer} {error}")
            completed += bool(answer.get("completed"))
            expect(what_is_there(site, db) == "new", f"cut {cuts}: not the new database after the second run")
            expect(not os.path.exists(db + ".restoring"), "the working folder is left")
            with_y2 = [p for p in glob.glob(db + ".aside-*") if not p.endswith("-wal") and knows_y2(p)]
            expect(len(with_y2) == 1, f"cut {cuts}: the database of before was kept {len(with_y2)} times")
        expect(cuts > 20 and old > 0 and new > 0 and refused > 0, f"{cuts} cuts: {old} old, {new} new, {refused} refused")
        print(f"killed before each of {cuts - 1} steps: {old} times the old database was whole, {new} times the new one, {refused} times "
              f"neither was opened; the second run always ended with the new one ({completed} times by the last step alone)")
        restored(site, door)
        site.daemon.stop()
        way_back(site, db)


def knows_y2(path):
    """In a copy, with its log, since SQLite writes when it reads a log."""
    copy = path + ".look"
    shutil.copy(path, copy)
    if os.path.exists(path + "-wal"):
        shutil.copy(path + "-wal", copy + "-wal")
    try:
        with sqlite3.connect(copy) as db:
            return db.execute("SELECT count(*) FROM item WHERE id = 'Y2' AND custody = 'in_locker'").fetchone()[0] == 1
    finally:
        for tail in ("", "-wal", "-shm"):
            if os.path.exists(copy + tail):
                os.unlink(copy + tail)


def what_is_there(site, db):
    """As the daemon would find it, in a copy of the state folder. old: with Y2 in its door; new: all doors wait for a look."""
    trial = os.path.join(site.folder, "trial")
    shutil.rmtree(trial, ignore_errors=True)
    shutil.copytree(state(site), trial)
    copy = os.path.join(trial, os.path.basename(db))
    with open(copy, "rb") as f:
        journal_is_wal = f.read(20)[18] == 2
    if not journal_is_wal and os.path.exists(copy + "-wal") and os.path.getsize(copy + "-wal") > 0:
        return "refused"  # lk_files_check(), test_open.c
    with sqlite3.connect(copy) as look:
        uses = {use for use, in look.execute("SELECT use FROM compartment")}
        y2 = look.execute("SELECT count(*) FROM item WHERE id = 'Y2' AND custody = 'in_locker'").fetchone()[0]
        expect(look.execute("PRAGMA integrity_check").fetchone() == ("ok",), "damaged")
    return "old" if y2 else "new" if uses == {"blocked"} else "mixed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--shim", required=True)
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    whole_story(build)
    unread_and_unacknowledged(build)
    if not sanitized(os.path.join(build, "controller/app/lockerd")):
        killed_everywhere(build, os.path.abspath(args.shim))


def sanitized(program):
    body = open(program, "rb").read()
    return b"__asan_init" in body or b"__tsan_init" in body


if __name__ == "__main__":
    main()
