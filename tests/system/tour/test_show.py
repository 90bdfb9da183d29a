#!/usr/bin/python3
"""scripts/demo as a person uses it, without the person: its page, its acts, who may not act, and that nothing is left.

usage: test_show.py --build DIR
"""

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(HERE, ".."))
import site_rig  # noqa: E402

BADGE_AND_PIN = ("1001", "2468")


def need(true, promise):
    if not true:
        raise SystemExit(f"demo_show: broken: {promise}")


class Page:
    """The browser's side of the demo's server."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def act(self, name, **values):
        status, body = self.ask("POST", "/act", json.dumps({"act": name, **values}), Origin=f"http://127.0.0.1:{self.port}",
                                **{"Content-Type": "application/json"})
        need(status == 200, f"act {name} is understood: {status} {body}")
        return json.loads(body)

    def do(self, name, **values):
        answer = self.act(name, **values)
        need(answer["ok"], f"act {name} {values} works: {answer}")

    def state(self):
        return json.loads(self.ask("GET", "/state")[1])

    def until(self, true, what):
        return site_rig.until(lambda: true(self.state()), 15, what, 0.05)

    def door(self, name):
        return next(d for d in self.state()["doors"] if d["name"] == name)

    def item(self, state, name):
        return next(i for i in state["items"] if i["item"] == name)


def first_event(port):
    """The first line of the stream that carries a state."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("GET", "/events")
    line = connection.getresponse().readline()
    connection.close()
    return line


def serves_its_page_only(page):
    for path in ("/", "/demo.css", "/demo.js", "/words.js", "/icon.svg"):
        need(page.ask("GET", path)[0] == 200, f"{path} is served")
    need(page.ask("GET", "/../show.py")[0] == 404, "nothing else is served")
    need(json.loads(first_event(page.port)[len(b"data: "):])["daemon"], "the stream begins with the state")
    need(page.ask("GET", "/state", Host="evil.example")[0] == 403, "another host name is refused")
    wish = json.dumps({"act": "announce"})
    need(page.ask("POST", "/act", wish, Origin="http://evil.example")[0] == 403, "another origin may not act")
    need(page.ask("POST", "/act", wish)[0] == 403, "no origin may not act")
    own = {"Origin": f"http://127.0.0.1:{page.port}"}
    for wrong in ("{}", "[]", "no json", json.dumps({"act": "open-up"}), json.dumps({"act": "close", "window": "A01"}), "x" * 5000):
        need(page.ask("POST", "/act", wrong, **own)[0] == 400, f"not understood: {wrong[:30]}")
    need(len(page.state()["items"]) == 6, "none of that did anything")


def kiosk_may_be_framed(page):
    url = page.state()["kiosk"]
    connection = http.client.HTTPConnection(url[len("http://"):].rstrip("/"), timeout=15)
    connection.request("GET", "/")
    policy = connection.getresponse().getheader("Content-Security-Policy")
    need(f"frame-ancestors http://127.0.0.1:{page.port}" in policy, f"the kiosk may stand beside the cabinet: {policy}")


def deposit_and_pickup(page):
    kiosk = site_rig.Kiosk(int(page.state()["kiosk"].rstrip("/").rsplit(":", 1)[1]))
    page.do("scan", what="badge")
    kiosk.until("staff_menu")
    kiosk.press("deposit")
    item = page.state()["items"][0]
    page.do("scan", what="barcode", item=item["item"])
    kiosk.until("size")
    kiosk.press("size", size="S")
    door = kiosk.until("put")["door"]
    need(page.until(lambda s: any(d["open"] for d in s["doors"]), "the picture of an open door"), "the picture shows it")
    page.do("put", door=door, item=item["item"])
    page.do("close", door=door)
    kiosk.until("placed")
    kiosk.press("sign_out")
    page.until(lambda s: page.item(s, item["item"])["custody"] == "in_locker", "upstream's books to say in_locker")
    page.do("jam", door=door, on=True)
    need(kiosk.code(item["code"])["result"] == "ok", "the printed code is right")
    kiosk.until("jam")
    page.do("push", door=door)
    kiosk.press("retry")
    kiosk.until("take")
    page.do("take", door=door)
    page.do("close", door=door)
    page.until(lambda s: page.item(s, item["item"])["custody"] == "collected", "upstream's books to say collected")
    need(not page.act("take", door=door)["ok"], "what is impossible is refused")


def boards_back(events):
    """How many boards were told to be back since the last start."""
    types = [e["type"] for e in events]
    return types[len(types) - types[::-1].index("site.started"):].count("site.board_back") if "site.started" in types else 0


def troubles(page):
    page.do("daemon", how="kill")
    page.until(lambda s: not s["daemon"] and s["presence"] == "offline", "a dead daemon to be seen")
    page.do("daemon", how="start")
    page.until(lambda s: s["daemon"] and s["presence"] == "online" and s["screen"], "the daemon to be back")
    page.until(lambda s: boards_back(s["events"]) == len(s["boards"]), "its boards to be back, and their doors to be known")
    page.do("broker", on=False)
    page.until(lambda s: not s["broker"], "the network to be cut")
    page.do("force", door="A09")
    page.do("broker", on=True)
    page.until(lambda s: any(e["type"] == "door.forced" for e in s["events"]), "a forced door to be told after the outage")
    page.do("close", door="A09")
    page.do("adapter", on=False)
    page.do("power", board="A", on=False)
    page.until(lambda s: not s["adapter"] and not s["boards"][0]["power"], "what is off to be shown as off")
    page.do("adapter", on=True)
    page.do("power", board="A", on=True)


def is_alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except OSError:
        return False


def children(pid):
    return [int(p) for p in subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
                                           check=False).stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_args().build)
    with tempfile.TemporaryDirectory(prefix="demo-test-") as folder:
        port = site_rig.free_port()
        out = os.path.join(folder, "out")
        with open(out, "wb") as f:
            demo = subprocess.Popen(
                ["/usr/bin/python3", "-B", os.path.join(ROOT, "scripts/lib/demo/demo.py"), "--build", build, "--no-browser",
                 "--port", str(port)], stdout=f, stderr=f, env={**os.environ, "TMPDIR": folder, "PYTHONUNBUFFERED": "1"})
        try:
            def told():
                with open(out, encoding="utf-8") as f:
                    text = f.read()
                need(demo.poll() is None, f"the demo starts: {text}")
                return text if "Ctrl-C" in text else None
            text = site_rig.until(told, 30, "the demo to say where it is")
            need(f"http://127.0.0.1:{port}/" in text, "it prints its address")
            page = Page(port)
            page.until(lambda s: s and s["screen"], "the kiosk")
            for code in [i["code"] for i in page.state()["items"]]:
                need(re.search(rf"{code[:4]} {code[4:]}", text), "it prints the sample codes")
            for part in (serves_its_page_only, kiosk_may_be_framed, deposit_and_pickup, troubles):
                part(page)
                print(f"demo_show: {part.__name__}: ok", flush=True)
            started = children(demo.pid)
            need(len(started) >= 3, f"broker, cabinet and daemon are its own: {started}")
        finally:
            demo.send_signal(signal.SIGINT)
            code = demo.wait(30)
        need(code == 0, f"Ctrl-C ends it with exit code 0, not {code}")
        time.sleep(0.1)
        need(not [p for p in started if is_alive(p)], "no process of it is left")
        left = [n for n in os.listdir(folder) if n != "out"]
        need(not left, f"no file of it is left: {left}")
    print("demo_show: ends without a trace: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
