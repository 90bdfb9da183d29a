#!/usr/bin/python3
"""The touch screen's managed policy, in the browser it is for: Chromium shows the locker's page, and nothing else. Needs root, for the
policy has its place in /etc/chromium and is put there in a mount namespace that ends with the test (77, skipped, without).

usage: policy_test.py [--policy FILE]"""

import argparse
import contextlib
import fcntl
import functools
import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
SKIPPED = 77
OURS = "this is the page of the locker"
OTHERS = {"http://127.0.0.1:8081/": "this is another page", "file:///etc/passwd": "root:x:0",
          "data:text/html,<p>typed%20by%20a%20person": "typed by a person", "chrome://policy/": "DeveloperToolsAvailability"}


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING


def serve(port, text):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):  # a browser that is ended does not wait
                self.wfile.write(f"<!doctype html><p>{text}".encode())

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass
    threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", port), Page).serve_forever, daemon=True).start()


def shown(folder, address):
    """What a person would read. Written through the developer tools' protocol; empty when that is switched off."""
    try:
        done = subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tempfile.mkdtemp(dir=folder)}",
                               "--dump-dom", address], capture_output=True, text=True, check=False, timeout=8, errors="replace")
    except subprocess.TimeoutExpired:
        return ""
    return re.sub(r"<(script|style).*?</\1>", "", done.stdout, flags=re.S)


def inside(policy):
    loopback_up()
    serve(8080, OURS)
    serve(8081, "this is another page")
    faults = []
    with tempfile.TemporaryDirectory(prefix="lk-policy-") as folder:
        etc = os.path.join(folder, "etc")
        shutil.copytree("/etc/chromium", etc) if os.path.isdir("/etc/chromium") else os.makedirs("/etc/chromium")
        managed = os.path.join(etc, "policies", "managed")
        os.makedirs(managed, exist_ok=True)
        subprocess.run(["mount", "--bind", etc, "/etc/chromium"], check=True)

        def use(content):
            with open(os.path.join(managed, "lockerd.json"), "w", encoding="utf-8") as file:
                json.dump(content, file)
        look = functools.partial(shown, folder)
        use({})
        for address, text in OTHERS.items():  # else nothing would be proved by not seeing it
            if text not in look(address) and not address.startswith("chrome:"):
                faults.append(f"without the policy {address} should show {text!r}")
        # Without this key, so that the test itself can look.
        use({key: value for key, value in policy.items() if key != "DeveloperToolsAvailability"})
        if OURS not in look("http://127.0.0.1:8080/"):
            faults.append("the locker's page is not shown under the policy")
        faults += [f"{address} is shown" for address, text in OTHERS.items() if text in look(address)]
        use(policy)
        if OURS in look("http://127.0.0.1:8080/"):
            faults.append("developer tools are not switched off")
    print("\n".join(faults) or f"shown: the locker's page; blocked: {len(OTHERS)} others, and developer tools")
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--policy", default=os.path.join(ROOT, "packaging", "kiosk", "policy.json"))
    parser.add_argument("--inside", action="store_true")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: needs root for namespaces of its own")
        return SKIPPED
    if not args.inside:
        return subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-B",
                               os.path.abspath(__file__), "--policy", args.policy, "--inside"], check=False).returncode
    with open(args.policy, encoding="utf-8") as file:
        return inside(json.load(file))


if __name__ == "__main__":
    sys.exit(main())
