#!/usr/bin/python3
"""TLS through the whole daemon and a real mosquitto set up by packaging/examples/mosquitto: a site's key and request made by
scripts/site-cert; every way in which a handshake must fail, each with a clear line in the log and in lockerctl uplink; the
ACL keeps sites apart; a certificate that runs out is told 30 days before; keys and certificates are read anew on SIGHUP
and by lockerctl reload, all or none; command keys are rotated with two valid at a time; no secret gets into a log."""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, ".."), HERE, os.path.join(HERE, "..", "..", "upstream")]
import pki  # noqa: E402
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

OPERATOR, SITE = site_rig.OPERATOR, site_rig.SITE
EXAMPLES = os.path.join(ROOT, "packaging", "examples", "mosquitto")
PASSWORD = "Zq7-planted-broker-password"


class Broker:
    """mosquitto with the packaged example, its paths put right. What differs is in `changes`: setting -> value, None: left out."""

    def __init__(self, folder, authority, certificate, **changes):
        self.port, self.folder = site_rig.free_port(), folder
        values = {"listener": f"{self.port} 127.0.0.1", "cafile": authority.file, "certfile": certificate[0], "keyfile": certificate[1],
                  "acl_file": os.path.join(EXAMPLES, "acl"), "persistence_location": folder + "/", "user": "root", **changes}
        with open(os.path.join(EXAMPLES, "mosquitto.conf"), encoding="utf-8") as f:
            example = [line.split(None, 1) for line in f.read().splitlines() if line and not line.startswith("#")]
        merged = {**dict(example), **values}
        expect({"require_certificate", "use_identity_as_username", "acl_file", "tls_version"} <= dict(example).keys(), "the example is whole")
        self.config = os.path.join(folder, f"mosquitto-{self.port}.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.writelines(f"{key} {value}\n" for key, value in merged.items() if value is not None)
        self.process = None
        self.start()

    def start(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = subprocess.Popen([program, "-c", self.config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        site_rig.until(lambda: socket.socket().connect_ex(("127.0.0.1", self.port)) == 0, 10, "the broker")

    def close(self):
        self.process.kill()
        self.process.wait()


class OldServer:
    """Speaks TLS 1.1 at most."""

    def __init__(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is deprecated is the point
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(context,), daemon=True).start()

    def _serve(self, context):
        while True:
            try:
                connection, _ = self.listener.accept()
                context.wrap_socket(connection, server_side=True).close()
            except (OSError, ssl.SSLError):
                if self.listener.fileno() < 0:
                    return

    def close(self):
        self.listener.close()


def configure(site, port, host="localhost", **keys):
    """The site's [uplink] anew; the daemon is started with it."""
    with open(site.config_path, encoding="utf-8") as f:
        text = f.read()
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items() if value)
    section = f"[uplink]\nurl = mqtts://{host}:{port}\ncommand_keys = {site.keys.public_file}\n{lines}"
    text = re.sub(r"\[uplink\]\n.*?(?=\n\[|\Z)", section.rstrip("\n"), text, flags=re.S) if "[uplink]" in text else text + section
    with open(site.config_path, "w", encoding="utf-8") as f:
        f.write(text)


def uplink(site):
    done = subprocess.run([site.program("controller/ctl/lockerctl"), "--socket", os.path.join(site.folder, "run", "admin.sock"), "--json", "uplink"],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def refused(site, what, port, pattern, host="localhost", **keys):
    """The daemon with this broker: not connected, and both places say the same clear thing."""
    site.daemon.stop()
    open(site.daemon.log_path, "w", encoding="utf-8").close()
    configure(site, port, host, **keys)
    site.start(ready=False)
    found = site_rig.until(lambda: (lambda up: up if up.get("last_error") else None)(uplink(site)), 20, f"{what}: a word in lockerctl uplink", 0.05)
    expect(not found["connected"], f"{what}: connected all the same")
    expect(re.search(pattern, found["last_error"]), f"{what}: lockerctl uplink says {found['last_error']!r}")
    line = next((entry for entry in site.daemon.log().splitlines() if found["last_error"] in entry), None)
    expect(line and "events are kept" in line, f"{what}: the log has no such line:\n{site.daemon.log()[-800:]}")
    return f"{what:34}{found['last_error']}"


def refusals(site, ca, own):
    """Each row is a broker or a file that must not be trusted."""
    folder = ca.folder
    other = pki.Authority(folder, "another authority")
    good_server = ca.issue("server", "localhost", ("localhost", "127.0.0.1"))
    cases = {
        "expired": ca.issue("server-expired", "localhost", ("localhost",), days=-3),
        "future": ca.issue("server-future", "localhost", ("localhost",), begins_in=20, days=90),
        "other host": ca.issue("server-other", "elsewhere.example", ("elsewhere.example",)),
    }
    foreign = other.issue("client-foreign", f"{OPERATOR}/{SITE}", client=True)
    stale = ca.issue("client-stale", f"{OPERATOR}/{SITE}", client=True, days=-2)
    brokers = {"good": Broker(folder, ca, good_server), "old": OldServer(good_server),
               "plain": site_rig.Broker(folder), **{k: Broker(folder, ca, v) for k, v in cases.items()}}
    mine = {"ca": ca.file, "cert": own[0], "key": own[1]}
    try:
        rows = [
            ("wrong CA", "good", r"issued by \"test authority\", is not from the CA in .*another-authority.pem", {**mine, "ca": other.file}),
            ("broker's certificate expired", "expired", r"has expired \(\d{4}-\d\d-\d\d\)", mine),
            ("broker's certificate of the future", "future", r"valid only from \d{4}-\d\d-\d\d: is this machine's clock right", mine),
            ("wrong host", "other host", r"is for \"elsewhere.example\", not for localhost", mine),
            ("no client certificate", "good", r"wants a client certificate: set uplink.cert and uplink.key", {"ca": ca.file}),
            ("client certificate of another CA", "good", r"does not know the CA of our certificate .*client-foreign.pem", {**mine, "cert": foreign[0], "key": foreign[1]}),
            ("client certificate expired", "good", r"our certificate .*client-stale.pem has expired", {**mine, "cert": stale[0], "key": stale[1]}),
            ("TLS 1.1 only", "old", r"only TLS older than 1.2, which is unsafe", mine),
            ("no TLS at all", "plain", r"does port \d+ speak TLS \(uplink.url\)", mine),
        ]
        return [refused(site, what, brokers[broker].port, pattern, **keys) for what, broker, pattern, keys in rows]
    finally:
        for broker in brokers.values():
            broker.close() if hasattr(broker, "close") else broker.stop()


def site_cert(site, *words, code=0):
    done = subprocess.run([os.path.join(ROOT, "scripts", "site-cert"), "--config", site.config_path, *words], capture_output=True, text=True, check=False)
    expect(done.returncode == code, f"site-cert {words}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout + done.stderr


def make_own(site, ca, other):
    """The site's own key and certificate, as somebody installs them."""
    cert, key = os.path.join(ca.folder, "site.pem"), os.path.join(ca.folder, "site.key")
    configure(site, 1, ca=ca.file, cert=cert, key=key)
    site_cert(site, "request")
    expect(os.stat(key).st_mode & 0o777 == 0o600, "the key is nobody else's")
    expect("--force" in site_cert(site, "request", code=1), "a key is not replaced by accident")
    expect("not there" in site_cert(site, "check", code=1), "no certificate yet")
    answers = {"good": ca.sign_request(cert + ".csr", "answer"), "foreign": other.sign_request(cert + ".csr", "foreign-answer"),
               "another": ca.issue("another", f"{OPERATOR}/another", client=True)[0], "old": ca.sign_request(cert + ".csr", "old-answer", days=-1)}
    expect("not from the CA" in site_cert(site, "check", answers["foreign"], "--same-ca", code=2), "another CA's")
    text = site_cert(site, "check", answers["another"], code=2)
    expect("not for the key" in text and "another site" in text, f"another site's: {text}")
    expect("expired" in site_cert(site, "check", answers["old"], code=2), "an expired one")
    expect("good for" in site_cert(site, "check", answers["good"], "--same-ca"), "the right one")
    shutil.copy(answers["good"], cert)
    return cert, key


def connected(site, since=0):
    return site_rig.until(lambda: uplink(site).get("connected"), 20, "the uplink to be up", 0.05)


def client(ca, port, certificate, on_message):
    import paho.mqtt.client as mqtt
    made = mqtt.Client(protocol=mqtt.MQTTv5)
    made.tls_set(ca.file, certificate[0], certificate[1])
    made.on_message = lambda _c, _u, m: on_message(m.topic)
    made.connect("localhost", port, 20)
    made.loop_start()
    return made


def access_rules(site, ca, port):
    """One site's certificate opens nothing of another's topics, and no locker can command."""
    heard, codes = [], {}
    spy = client(ca, port, ca.issue("spy", f"{OPERATOR}/other-hall", client=True), heard.append)
    spy.on_publish = lambda _c, _u, mid: codes.setdefault(mid, True)
    spy.subscribe([(f"locker/v1/{OPERATOR}/{SITE}/#", 1), ("locker/v1/#", 1)])
    upstream_heard = []
    postal = client(ca, port, ca.issue("upstream", "upstream", client=True), upstream_heard.append)
    postal.subscribe(f"locker/v1/{OPERATOR}/+/evt/#", 1)
    time.sleep(0.3)
    site.admin("staff_add", staff="acl", role="courier", pin="2468")  # an event
    site_rig.until(lambda: any(topic.startswith(f"locker/v1/{OPERATOR}/{SITE}/evt/") for topic in upstream_heard), 10, "upstream hears the event")
    for topic in (f"locker/v1/{OPERATOR}/{SITE}/cmd", f"locker/v1/{OPERATOR}/{SITE}/ack", f"locker/v1/{OPERATOR}/{SITE}/evt/item",
                  f"locker/v1/{OPERATOR}/other-hall/cmd"):
        spy.publish(topic, b"x", 1)
    before = site.admin("uplink")
    spy.publish(f"locker/v1/{OPERATOR}/other-hall/evt/item", b"{}", 1)  # its own voice it has
    site_rig.until(lambda: f"locker/v1/{OPERATOR}/other-hall/evt/item" in upstream_heard, 10, "a site may speak for itself")
    expect(not heard, f"another site's certificate hears {heard[:3]}")
    expect(f"locker/v1/{OPERATOR}/{SITE}/evt/item" not in upstream_heard, "and it cannot speak in our name")
    expect("a command is refused" not in site.daemon.log(), "nor reach us with a command")
    expect(site.admin("uplink")["acked"] == before["acked"], "nor acknowledge for upstream")
    for each in (spy, postal):
        each.disconnect()
        each.loop_stop()


def lockerctl(site, *words, code=0):
    done = subprocess.run([site.program("controller/ctl/lockerctl"), "--socket", os.path.join(site.folder, "run", "admin.sock"), "--lang", "en", *words],
                          capture_output=True, text=True, check=False)
    expect(done.returncode == code, f"lockerctl {words}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout + done.stderr


def told(site, reason, note):
    return site_rig.until(lambda: next((e for e in site.events if e["data"].get("reason") == reason and e["data"].get("note") == note), None),
                          10, f"site.degraded {reason} {note}")


def install(source, target):
    shutil.copy(source, target + ".new")
    os.rename(target + ".new", target)


def certificates_come_and_go(site, ca, own):
    """A certificate that runs out soon is told; a bad file changes nothing; the new one counts without a restart."""
    cert = own[0]
    soon = ca.sign_request(cert + ".csr", "soon", days=20)
    good = ca.sign_request(cert + ".csr", "good-again", days=200)
    before = site.admin("uplink")["since_s"]
    install(soon, cert)
    text = lockerctl(site, "reload")
    expect("made anew" in text, f"a new certificate makes a new connection: {text}")
    connected(site)
    told(site, "certificate_expiring", "cert")
    health = site.postal.command("status.get")["status"]
    expect({"what": "certificate", "place": "cert", "reason": "certificate_expiring"} in health["faults"], f"{health['faults']}")
    with open(cert, "w", encoding="utf-8") as f:
        f.write("no certificate")
    text = lockerctl(site, "reload", code=1)
    expect("holds no PEM certificate" in text and cert in text, f"the bad file is named: {text}")
    told(site, "reload_failed", "keys")
    expect(site.admin("uplink")["connected"], "the old one still serves")
    install(good, cert)
    site.daemon.process.send_signal(signal.SIGHUP)
    told(site, "recovered", "cert")
    told(site, "recovered", "keys")
    connected(site)
    expect(before is not None and lockerctl(site, "reload").count("stays") == 1, "nothing changed: the connection stays")


def keys_are_rotated(site):
    """Old key, then both, then the new one only: no command is lost on the way, and none by a key that is gone."""
    old, new = site.keys, site_rig.upstream.Keys(os.path.join(site.folder, "keys2"), "upstream-2").load()

    def sends(keys):
        claims = site_rig.upstream.claims_for(OPERATOR, SITE, "status.get", {})
        site.postal.send(keys.sign(claims))
        try:
            return site.postal.answer(claims["jti"], 2)["result"]
        except TimeoutError:
            return None

    def give(*keys):
        with open(old.public_file + ".new", "w", encoding="utf-8") as f:
            json.dump({"keys": [key.public_jwk() for key in keys]}, f)
        os.rename(old.public_file + ".new", old.public_file)
        lockerctl(site, "reload")

    expect((sends(old), sends(new)) == ("ok", None), "one key: a stranger gets no answer")
    give(old, new)
    expect((sends(old), sends(new)) == ("ok", "ok"), "two keys are valid at a time")
    give(new)
    expect((sends(old), sends(new)) == (None, "ok"), "the old one is of no use any more")
    give(old)


def no_secret_in_logs(site, own):
    with open(own[1], encoding="utf-8") as f:
        key_lines = [line for line in f.read().splitlines() if line and "-----" not in line]
    for path in (site.daemon.log_path, os.path.join(site.folder, "trace.log")):
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        for secret in [PASSWORD, *key_lines]:
            expect(secret not in text, f"a secret can be read in {os.path.basename(path)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    with site_rig.Site(os.path.abspath(args.build), broker=False) as site:
        folder = os.path.join(site.folder, "pki")
        os.makedirs(folder)
        ca = pki.Authority(folder)
        own = make_own(site, ca, pki.Authority(folder, "foreign authority"))
        rows = refusals(site, ca, own)
        broker = Broker(folder, ca, ca.issue("broker", "localhost", ("localhost", "127.0.0.1")))
        try:
            site.daemon.stop()
            password = os.path.join(folder, "password")
            with open(password, "w", encoding="utf-8") as f:
                f.write(PASSWORD + "\n")
            configure(site, broker.port, ca=ca.file, cert=own[0], key=own[1], username=f"{OPERATOR}/{SITE}", password_file=password)
            site.start(ready=False)
            connected(site)
            access_rules(site, ca, broker.port)
            site.judge = site_rig.contract.Judge()
            site.postal = site_rig.upstream.Upstream(OPERATOR, SITE, site.keys, host="localhost", port=broker.port, on_event=site._on_event,
                                                     ca=ca.file, client_id="postal", cert=ca.issue("postal", "upstream", client=True))
            site.postal.judge = site.judge
            site.postal.connect(10)
            certificates_come_and_go(site, ca, own)
            keys_are_rotated(site)
            site.until_all_acked()
            no_secret_in_logs(site, own)
        finally:
            broker.close()
    print("\n".join(rows))
    print(f"{len(rows)} handshakes that must fail, each named in the log and in lockerctl uplink; sites kept apart; keys and certificates changed without a restart")


if __name__ == "__main__":
    main()
