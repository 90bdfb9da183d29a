#!/usr/bin/python3
"""Nothing lost: a whole site makes events while a saboteur kills the broker, lets it lose its disk, cuts connections, leaves them
half open and kills the daemon. At the end the set that upstream received and acknowledged is the set that the store holds,
byte for byte; duplicates carry the same id and the same bytes; the order is kept; each command was done once.

usage: lossless.py --build DIR [--broker mosquitto|rabbitmq] [--events N] [--kills N] [--seed N]"""

import argparse
import collections
import http.client
import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEM = os.path.join(HERE, "..", "system")
sys.path[:0] = [SYSTEM, os.path.join(SYSTEM, "whole"), os.path.join(HERE, "..", "upstream")]
import brokers  # noqa: E402
import saboteur  # noqa: E402
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

BADGE = "badge-of-1001-0123456789"


class Through:
    """A broker behind the proxy, as the site sees it."""

    def __init__(self, broker, proxy):
        self.real, self.proxy, self.port = broker, proxy, proxy.port
        self.version = 5 if broker.speaks_5 else 3

    @property
    def process(self):
        return self.real.process


class Received:
    """Every event as it came in, for the comparison at the end."""

    def __init__(self):
        self.bytes_of, self.times, self.faults = {}, collections.Counter(), []

    def take(self, topic, payload, _retained):
        if not topic.startswith("evt/"):
            return
        try:
            identity = json.loads(payload)["id"]
        except (ValueError, KeyError) as error:
            self.faults.append(f"{topic}: no event: {error}: {len(payload)} bytes {payload[:200]!r}")
            return
        self.times[identity] += 1
        if self.bytes_of.setdefault(identity, payload) != payload:
            self.faults.append(f"{identity} comes with other bytes")


class Maker(threading.Thread):
    """Makes events until told to stop; the site may be away at any moment."""

    def __init__(self, site, act):
        super().__init__(daemon=True)
        self.site, self.act, self.done, self.acts, self.broken = site, act, threading.Event(), 0, None

    def run(self):
        while not self.done.is_set():
            try:
                self.act(self.site, self.acts)
                self.acts += 1
            except (OSError, TimeoutError, AssertionError, KeyError, ValueError, http.client.HTTPException):
                time.sleep(0.05)  # the daemon was just killed
            except Exception as error:  # pylint: disable=broad-except
                self.broken = repr(error)
                return


def come_and_go(site, _n):
    """A courier at the screen: two events."""
    kiosk = site_rig.Kiosk(site.kiosk_port)
    kiosk.scan(BADGE)
    kiosk.press("sign_out")
    time.sleep(0.02)


def announce_and_cancel(site, n):
    """Two commands, each sent with the same token until it is answered (law 7)."""
    for name in ("item.announce", "item.cancel"):
        claims = site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, name, {"item_id": f"L{n}"}, lifetime_s=110)
        token = site.keys.sign(claims)
        for _ in range(60):
            site.postal.send(token)
            try:
                answer = site.postal.answer(claims["jti"], 1.5)
                break
            except TimeoutError:
                continue
        else:
            return
        if answer["result"] not in ("ok",):
            site.odd.append(f"{name} L{n}: {answer}")


def make_site(build, folder, broker_name):
    broker = brokers.make(broker_name, folder).start()
    proxy = saboteur.Proxy(broker.port)
    through = Through(broker, proxy)
    keys = site_rig.upstream.Keys(os.path.join(folder, "postal-keys")).load()
    postal = site_rig.upstream.Upstream(site_rig.OPERATOR, site_rig.SITE, keys, port=proxy.port, client_id="postal", persistent=True,
                                        version=through.version)
    received = Received()
    postal.on_message = received.take
    postal.connect(20)
    site = site_rig.Site(build, broker=through, postal=postal, keys=keys, uplink="keepalive_s = 5\n")
    site.odd = []
    return site, broker, proxy, postal, received


def wait_for(true, limit_s, what):
    site_rig.until(true, limit_s, what, 0.1)


def lose_disk(site, broker, proxy):
    broker.kill()
    broker.forget()
    broker.start()


def kill_broker(site, broker, proxy):
    broker.kill()
    time.sleep(random.random() * 0.3)
    broker.start()


def kill_daemon(site, broker, proxy):
    site.daemon.kill()
    site.kills += 1
    site.start(ready=False)


def kill_both(site, broker, proxy):
    site.daemon.kill()
    site.kills += 1
    broker.kill()
    broker.start()
    site.start(ready=False)


def cut(site, broker, proxy):
    proxy.cut()


def half_open(site, broker, proxy):
    proxy.half_open()


def sabotage(site, broker, proxy, kills, chance):
    """Until the broker was killed so often. Between two blows it may run for a moment, sometimes long enough to recover."""
    blows = [(kill_broker, 60), (lose_disk, 12), (kill_both, 6), (kill_daemon, 8), (cut, 10), (half_open, 4)]
    if broker.start_s > 20:  # one whose start takes long: mostly the network
        blows = [(kill_broker, 12), (lose_disk, 6), (kill_daemon, 12), (cut, 60), (half_open, 10)]
    pauses = (0.1, 0.5, 1.0, 2.5) if broker.start_s <= 20 else (0.5, 2.0, 4.0, 6.0)  # some commands have to get through
    counts = collections.Counter()
    while broker.kills < kills:
        blow = chance.choices([b for b, _ in blows], [w for _, w in blows])[0]
        if broker.kills == 0:
            blow = lose_disk
        blow(site, broker, proxy)
        counts[blow.__name__] += 1
        time.sleep(chance.choice(pauses))
    return counts


def compare(site, received, last):
    """The store's own file, read after a clean stop, against what upstream holds."""
    base = sqlite3.connect(f"file:{site.folder}/state/lockerd.db?mode=ro", uri=True)
    epoch, acked = base.execute("SELECT epoch, acked FROM site, cursor").fetchone()
    rows = {f"{site_rig.SITE}:{epoch}:{seq}": (data, digest) for seq, data, digest in base.execute("SELECT seq, data, lower(hex(hash)) FROM event")}
    base.close()
    mine = {k: v for k, v in received.bytes_of.items() if k.startswith(f"{site_rig.SITE}:{epoch}:")}
    expect(set(mine) <= set(rows) and set(received.bytes_of) == set(mine), "upstream has an event that the store does not hold")
    missing = set(rows) - set(mine)
    # What was written while the daemon stopped may come with its next life; everything before was acknowledged.
    expect(all(int(k.rsplit(":", 1)[1]) > last for k in missing), f"lost: {sorted(missing)[:5]}")
    expect(acked >= last, f"acknowledged up to {acked}, made {last}")
    for identity, payload in mine.items():
        event = json.loads(payload)
        expect(event["hash"] == rows[identity][1] and f'"data":{rows[identity][0]}}}' in payload.decode(), f"{identity} is not what the store holds")
    return len(mine)


def commands_done_once(site):
    seen = collections.Counter((e["type"], e["data"].get("item")) for e in site.events if e["data"].get("item", "").startswith("L"))
    doubles = [k for k, n in seen.items() if n > 1]
    expect(not doubles, f"law 7: done twice: {doubles[:3]}")
    return len(seen)


def play(args, folder):
    chance = random.Random(args.seed)
    random.seed(args.seed)
    site, broker, proxy, postal, received = make_site(args.build, folder, args.broker)
    site.kills = 0
    makers = [Maker(site, come_and_go), Maker(site, announce_and_cancel)]
    began = time.monotonic()
    try:
        site.hire(badge=BADGE)
        for maker in makers:
            maker.start()
        counts = sabotage(site, broker, proxy, args.kills, chance)
        wait_for(lambda: site.admin("status")["seq"] >= args.events, 900, f"{args.events} events")
        for maker in makers:
            maker.done.set()
        for maker in makers:
            maker.join(120)
            expect(maker.broken is None, f"a maker of events broke: {maker.broken}")
        wait_for(lambda: (lambda s: s["seq"] == s["acked"] == postal.log.last)(site.admin("status")), 120, "everything acknowledged")
        last = site.admin("status")["seq"]
        expect(site.admin("store")["chain"]["ok"], "the store's own chain")
        site.daemon.stop()
        count = compare(site, received, last)
        expect(not received.faults and not postal.log.faults and not postal.books.faults,
               f"{received.faults[:3]} {postal.log.faults[:3]} {postal.books.faults[:3]}")
        expect(not site.odd, f"{site.odd[:3]}")
        done = commands_done_once(site)
        duplicates = sum(received.times.values()) - len(received.times)
        print(f"{args.broker}: {count} events, {broker.kills} broker kills ({counts['lose_disk']} with its disk), {site.kills} daemon kills, "
              f"{proxy.cuts} cuts, {proxy.half_opens} half-open; {duplicates} duplicates, all the same; {done} command events, each once; "
              f"nothing lost; {time.monotonic() - began:.0f} s; seed {args.seed}")
        expect(broker.kills >= args.kills and count >= args.events, "as much as was asked for")
    finally:
        for maker in makers:
            maker.done.set()
        site.close()
        postal.close()
        proxy.close()
        broker.close()
    expect(not site.judge.faults, "docs/contract promises otherwise:\n" + "\n".join(site.judge.faults))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--broker", choices=brokers.NAMES, default="mosquitto")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="lockerd-lossless-", ignore_cleanup_errors=True) as folder:
        play(args, folder)


if __name__ == "__main__":
    main()
