"""100,000 events gathered while the broker was away: how fast they go, and what the doors feel of it."""

import json
import os
import statistics
import subprocess
import time

import bench_site
from bench_site import BenchSite, code_of, label, now_ns
from table import Row

MS = 1e6
IN_FLIGHT = 1000
BYTES = 640  # of an event as this site sends it


def codes_while(site, true, doors, out):
    """Codes one after the other as long as true(), into `out`: from the first byte to the pulse request at the board, in ms."""
    for door in doors:
        if not true():
            return
        request = site.http.prepare({"act": "code", "code": code_of(door)})
        at_ns = now_ns()
        site.http.ask(request)
        out.append((site.pulse_request()["start_ns"] - at_ns) / MS)
        bench_site.until(lambda: site.http.view()["screen"] in ("taken", "home"), 5, f"{label(door)} to be shut", 0.005)


def paho_alone(b, port, topic, count):
    out = subprocess.run([b.program("tests/bench/drain/bench_paho_rate"), str(port), topic, str(BYTES), str(count), str(IN_FLIGHT)],
                         capture_output=True, text=True, check=True).stdout
    return count / float(out)


def sink(b, site, last):
    epoch = site.admin("status")["epoch"]
    # In the field broker and upstream are other machines: here they get what the cabinet leaves of this one.
    os.setpriority(os.PRIO_PROCESS, site.broker.process.pid, 5)
    process = subprocess.Popen(["nice", "-n", "5", b.program("tests/bench/drain/bench_sink"), str(site.broker.port), bench_site.ROOT.rstrip("/"), epoch, "1", str(last)],
                               stdout=subprocess.PIPE, text=True)
    return process


def one_run(b, events, more, kill=False):
    """(idle, during, rate, Paho's rate, what the sink says)."""
    store = bench_site.prepared_store(b.build, 16, events, 1, b.note, unacked=True)
    with BenchSite(b.build, 16, "tcp", store=store, start=False, listener=False, more=more) as site:
        site.postal.close()
        paho = paho_alone(b, site.broker.port, "bench/paho", events)
        site.broker.stop()
        site.start(ready=True)
        site.http = bench_site.Http(site.kiosk_port)
        site.watch = site.sim.another_control()
        site.person(close_after_ms=60)
        site.subscribe("request")
        doors = iter([(i % 16) * bench_site.DOORS + i // 16 for i in range(512)])
        idle, during = [], []
        codes_while(site, lambda: len(idle) < b.count(60, 3), doors, idle)
        last = site.admin("status")["seq"]
        site.broker.start()
        drain = sink(b, site, last)
        drain.stdout.readline()
        bench_site.until(lambda: site.admin("uplink")["connected"], 90, "the uplink", 0.01)
        codes_while(site, lambda: drain.poll() is None, doors, during)
        said = json.loads(drain.communicate(timeout=300)[0])
        rate = last / ((said["last_ns"] - said["first_ns"]) / 1e9)
        return idle, during, rate, paho, said


def drain(b):
    """events that wait -> acknowledged; code -> pulse meanwhile"""
    events = b.count(100000, 3000)
    idle, during, rate, paho, said = one_run(b, events, "")
    middle = statistics.median(idle)
    yield Row("code -> pulse, nothing else going on", "ms", idle)
    yield Row(f"  while {events} events drain", "ms", during or idle, middle, "nothing else going on", 1.5 * middle,
              target_says="1.5 x idle", extra=f"{len(during)} openings while it drained")
    yield Row("events drained, thousand a second", "k/s", [rate / 1000], paho / 1000, "Paho alone, QoS 1, same size and number in flight",
              extra=f"Paho alone {paho / 1000:.1f} k/s; {said['again']} again, {said['gaps']} gaps; target 10 k/s: {'met' if rate >= 10000 else 'MISSED'}")
