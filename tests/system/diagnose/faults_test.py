#!/usr/bin/python3
"""Each fault of faults.py is made with real parts (daemon, cabinet-sim, mosquitto, files), scripts/diagnose is asked, and its first answer must
name the right part and place and what to do next. Prints the table; at least 95 % right, none wrong.

usage: faults_test.py --build DIR [--only TEXT] [--jobs N] [--part K/N] [--show]"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "upstream")]
import faults  # noqa: E402
import faults_machine  # noqa: E402,F401  pylint: disable=unused-import
import pki  # noqa: E402
import site_rig  # noqa: E402

# True of every site here, whatever is wrong: no backup was made, no screen is connected, and who knows how this machine's clock is set.
ALWAYS = {"backup_never", "screen_nobody", "clock_unsynced", "disk_low"}
RIGHT_SHARE = 0.95


class Stage:
    """What a case may use; everything ends with it."""

    def __init__(self, build):
        self.build, self.ends, self.folder = build, [], tempfile.mkdtemp(prefix="lk-fault-")
        self.sys_folder, self.authority = os.path.join(self.folder, "sys"), None
        self.the_site = None

    def keep(self, end):
        self.ends.append(end)

    def close(self):
        for end in reversed(self.ends):
            try:
                end()
            except Exception:  # pylint: disable=broad-except  # a site in ruins ends as it can
                traceback.print_exc()
        shutil.rmtree(self.folder, ignore_errors=True)

    def site(self, banks, **args):
        self.the_site = site_rig.Site(self.build, {name: dict(bank) for name, bank in banks.items()}, **args)
        self.keep(self.the_site.close)
        return self.the_site

    def edit(self, site, old, new):
        with open(site.config_path, encoding="utf-8") as file:
            text = file.read()
        assert old in text, f"{old!r} is not in the configuration"
        with open(site.config_path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))

    def append(self, site, text):
        with open(site.config_path, "a", encoding="utf-8") as file:
            file.write(text)

    def sensor(self, name, value):
        path = os.path.join(self.sys_folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(value + "\n")

    def pki(self):
        """A folder with an authority and everything that may be wrong with certificates."""
        folder = os.path.join(self.folder, "pki")
        if not self.authority:
            os.makedirs(folder)
            self.authority = pki.Authority(folder, file="ca.pem")
            pki.Authority(folder, "another authority", file="other-ca.pem")
            for name, args in (("server", {"hosts": ["localhost"]}), ("elsewhere", {"hosts": ["elsewhere.example"]}),
                               ("expired", {"hosts": ["localhost"], "begins_in": -30, "days": -2}), ("client", {"client": True}),
                               ("expired-client", {"client": True, "begins_in": -30, "days": -2}), ("soon-client", {"client": True, "days": 10})):
                self.authority.issue(name, name, **args)
        return folder

    def broker(self, text):
        port = site_rig.free_port()
        config = os.path.join(self.folder, f"mosquitto-{port}.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n{text}")
        if os.geteuid() == 0:
            with open(config, "a", encoding="utf-8") as file:
                file.write("user root\n")
        process = subprocess.Popen([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", config], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.keep(lambda: (process.kill(), process.wait()))
        site_rig.until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 10, "the broker")
        return port

    def plain_broker(self):
        return self.broker("")

    def tls_broker(self, store, server):
        return self.broker(f"cafile {store}/ca.pem\ncertfile {store}/{server}.pem\nkeyfile {store}/{server}.key\nrequire_certificate true\n")


def diagnose(stage, *more):
    site = stage.the_site
    os.makedirs(stage.sys_folder, exist_ok=True)
    html = os.path.join(stage.folder, "report.html")
    done = subprocess.run([os.path.join(ROOT, "scripts", "diagnose"), "--json", "--lang", "en", "--config", site.config_path, "--socket",
                           os.path.join(site.folder, "run", "admin.sock"), "--lockerctl", site.program("controller/ctl/lockerctl"), "--log",
                           os.path.join(site.folder, "lockerd.log"), "--sys", stage.sys_folder, "--html", html, *more],
                          capture_output=True, text=True, timeout=120, check=False,
                          env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"})
    if done.stderr:
        raise AssertionError(f"diagnose said {done.stderr}")
    result = json.loads(done.stdout)
    assert done.returncode == result["exit"], (done.returncode, result["exit"])
    with open(html, encoding="utf-8") as file:
        page = file.read()
    assert page.startswith("<!doctype html>") and page.endswith("</html>\n") and "<script" not in page and "http-equiv" not in page
    assert not re.search(r'(src|href)="', page), "the report loads something"
    for cause in result["causes"]:
        assert all(cause[key] for key in ("text", "means", "do", "part_name")) and not re.search(r"diag\.[a-z]|\{[a-z]+\}", json.dumps(cause)), cause
    return result


def judge(result, right):
    """(right, wrong or incomplete; what was said)"""
    causes = [c for c in result["causes"] if c["code"] not in ALWAYS]
    said = "; ".join(f"{c['part']} {c['place']} ({c['code']})" for c in causes) or "nothing"
    if right is None:
        return ("right" if not causes else "wrong"), said
    if not causes:
        return "incomplete", said
    first = causes[0]
    if first["part"] not in right.parts or first["place"] not in right.places:
        return "wrong", said
    others = [c for c in causes[1:] if c["code"] not in right.beside and c["code"] != first["code"]]
    return ("incomplete" if others else "right"), said


def play(task):
    name, build = task
    stage = Stage(build)
    try:
        site, right = faults.FAULTS[name](stage)
        stage.the_site = site
        result = diagnose(stage)
        verdict, said = judge(result, right)
        first = next((c for c in result["causes"] if c["code"] not in ALWAYS), None)
        return name, verdict, said, first and first["do"]
    except Exception:  # pylint: disable=broad-except
        log = ""
        if stage.the_site and stage.the_site.daemon:
            log = stage.the_site.daemon.log()[-600:]
        return name, "broken", traceback.format_exc()[-900:] + log, None
    finally:
        stage.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--part", default="1/1", help="K/N: only each Nth case, beginning with the Kth")
    args = parser.parse_args()
    k, n = map(int, args.part.split("/"))
    names = [name for name in faults.FAULTS if args.only in name][k - 1::n]
    counts = {}
    with multiprocessing.get_context("fork").Pool(args.jobs, maxtasksperchild=1) as pool:
        for name, verdict, said, do in pool.imap(play, [(name, os.path.abspath(args.build)) for name in names], chunksize=1):
            counts[verdict] = counts.get(verdict, 0) + 1
            print(f"{verdict:10} {name:68} -> {said}", flush=True)
            if do:
                print(f"{'':10} {'':68}    do: {do}", flush=True)
    print(f"{len(names)} faults: " + ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())))
    bad = counts.get("wrong", 0) + counts.get("broken", 0)
    return 0 if names and not bad and counts.get("right", 0) >= RIGHT_SHARE * len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
