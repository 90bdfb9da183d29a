#!/usr/bin/python3
"""scripts/support-bundle of a busy site into which secrets and people were planted: none of them is in any file, in any coding that a program may have
used; what finds a fault is there; without the daemon, too.

usage: bundle_test.py --build DIR"""

import argparse
import base64
import binascii
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(ROOT, "scripts")]
import diag_redact  # noqa: E402
import site_rig  # noqa: E402

ITEMS = {"PLANTED-7731": "48201957", "PLANTED-7732": "59312068"}
TOKEN, NAME, PHONE, CASE, NOTE, PIN, STAFF = "planted-token-Q8wZ", "欧阳静", "13988887777", "PLANTEDCASE-99", "Zhuravlyova asked on Tuesday", "9317", "K4477"
PASSWORD, USER, SITE_NAME = "planted-Pa55word", "planteduser", "种植大厅"
SECRETS = [*ITEMS, *ITEMS.values(), TOKEN, NAME, PHONE, PHONE[-4:], CASE, NOTE, "Zhuravlyova", "Tuesday", PIN, STAFF, PASSWORD, USER, SITE_NAME]


def expect(true, what):
    if not true:
        raise AssertionError(what)


def codings(secret):
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield base64.b64encode(raw).rstrip(b"=")[:-1]
    yield json.dumps(secret).strip('"').encode()
    yield urllib.parse.quote(secret).encode()


def busy(site, password_file):
    """People, codes, notes, a fault, a log at its most talkative."""
    site.hire(STAFF, PIN)
    site.sim.ask("door", door="A07", action="force")
    site_rig.until(lambda: site.door("A07")["state"] == "forced", 10, "the forced door")
    for item, code in ITEMS.items():
        site.announce(item, code, phone=PHONE, name=NAME, case=CASE)
    site.sign_in(STAFF, PIN)
    site.kiosk.press("deposit")
    for item in ITEMS:
        site.deposit(item)
    site.kiosk.press("sign_out")
    site.pickup(ITEMS["PLANTED-7731"])
    site.kiosk.code("48201957")
    site.admin("open", door="A05", why=NOTE)
    site.admin("block", door="A06", why=NOTE)
    with open(password_file, encoding="ascii") as file:
        expect(PASSWORD in file.read(), "the password is planted")


def make(site, folder, name, code):
    path = os.path.join(folder, name + ".tar.gz")
    done = subprocess.run([os.path.join(ROOT, "scripts", "support-bundle"), "--json", "--lang", "en", "--out", path, "--config", site.config_path, "--socket",
                           os.path.join(site.folder, "run", "admin.sock"), "--lockerctl", site.program("controller/ctl/lockerctl"), "--log",
                           os.path.join(site.folder, "lockerd.log")], capture_output=True, text=True, timeout=200, check=False,
                          env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"})
    expect((done.returncode, done.stderr) == (code, ""), f"support-bundle: {done.returncode} {done.stdout} {done.stderr}")
    expect(os.stat(path).st_mode & 0o777 == 0o600, "only its owner may read it")
    with tarfile.open(path) as tar:
        files = {os.path.relpath(m.name, name): tar.extractfile(m).read() for m in tar.getmembers()}
    expect(sorted(files) == json.loads(done.stdout)["contents"], "it says what is in it")
    return files, json.loads(done.stdout)


def holds_no_secret(files, keys):
    for name, data in files.items():
        for secret in SECRETS + keys:
            for coded in codings(secret):
                at = data.find(coded)
                expect(at < 0, f"{name} holds {secret}: {data[max(0, at - 60):at + 60]!r}")


def finds_faults(files):
    """It is of use: doors, boards, events, what is wrong, the configuration."""
    doors = {one["door"]: one for one in json.loads(files["daemon/doors.json"])["doors"]}
    expect(doors["A07"]["state"] == "forced" and doors["A06"]["use"] == "blocked" and any(d["item"].startswith("item-") for d in doors.values()), f"doors: {doors}")
    events = [json.loads(line) for line in files["daemon/events.jsonl"].splitlines()]
    expect({"locker.door.forced.v1", "locker.item.deposited.v1"} <= {e["type"] for e in events}, f"events: {[e[chr(116)+chr(121)+chr(112)+chr(101)] for e in events]}")
    taken = next(e for e in events if e["type"] == "locker.item.collected.v1")
    put = [e for e in events if e["type"] == "locker.item.deposited.v1"]
    expect(taken["data"]["item"] in {e["data"]["item"] for e in put}, "an item has one other name throughout")
    verdict = json.loads(files["diagnose.json"])
    expect(any(c["code"] == "door_forced" and c["place"] == "A07" for c in verdict["causes"]), f"verdict: {verdict['causes']}")
    conf = files["lockerd.conf"].decode()
    expect("profile = waveshare-relay-8" in conf and "[uplink]" in conf and "not shown" in conf, f"configuration: {conf}")
    log = files["log.txt"].decode()
    expect("serves" in log and "bank A" in log and "ready" in log, f"log: {log[:500]}")
    expect(b"</html>" in files["report.html"] and b"A07" in files["report.html"], "report")


def of_no_other_key():
    """Every key that the program knows is either kept knowingly or not at all; and none that holds a text for people."""
    known = {(s.split()[0], k) for s, keys in diag_redact.CONFIG.items() for k in keys}
    return known


def keys_exist(build):
    table = subprocess.run([os.path.join(build, "controller/app/lockerd"), "--help-config"], capture_output=True, text=True, check=True).stdout
    rows = {(m[0].split()[0], m[1]) for m in re.findall(r"\| `\[(.+?)\]` \| `(.+?)` \|", table)}
    expect(of_no_other_key() <= rows, f"keys that lockerd does not know: {of_no_other_key() - rows}")
    expect(not {("site", "name"), ("site", "support_phone"), ("uplink", "username")} & of_no_other_key(), "texts about people")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_args().build)
    keys_exist(build)
    with tempfile.TemporaryDirectory(prefix="lk-bundle-") as folder:
        password = os.path.join(folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(PASSWORD + "\n")
        os.chmod(password, 0o600)
        with site_rig.Site(build, {"A": {"line": "tcp", "doors": 8, "unit": 1}}, uplink=f"username = {USER}\npassword_file = {password}\n", start=False) as site:
            with open(site.config_path, encoding="utf-8") as file:
                text = file.read().replace("name = 政务服务中心", f"name = {SITE_NAME}")
            with open(site.config_path, "w", encoding="utf-8") as file:
                file.write(text)
            site.start()
            busy(site, password)
            with open(os.path.join(site.folder, "state", "code.key"), "rb") as file:
                key = file.read()
            keys = [binascii.hexlify(key).decode(), base64.b64encode(key).decode()[:20]]
            files, said = make(site, folder, "one", 0)
            expect(said["missing"] == [], f"{said}")
            holds_no_secret(files, keys)
            finds_faults(files)
            raw = json.dumps([site.events, site.admin("items")], ensure_ascii=False)
            expect(all(secret in raw for secret in (*ITEMS, STAFF, NOTE)), "its sources have what the bundle must not have: else this shows nothing")
            with open(os.path.join(site.folder, "lockerd.log"), encoding="utf-8") as file:
                expect("Zhuravlyova" in file.read(), "so does the log")
            site.daemon.stop()
            with open(site.config_path, "a", encoding="utf-8") as file:
                file.write(f"[uplnk]\npassword = {PASSWORD}\n")
            files, said = make(site, folder, "two", 1)
            holds_no_secret(files, keys)
            expect("daemon/status.json" in said["missing"] and "log.txt" in files and "diagnose.json" in files, f"without the daemon: {said}")
    print(f"{len(SECRETS) + len(keys)} planted secrets in {len(list(codings('x')))} codings, none in either bundle")


if __name__ == "__main__":
    sys.exit(main())
