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


def waiting_site(b, events):
    """(a site with `events` unacknowledged and its broker away, its prepared store)"""
    store = bench_site.prepared_store(b.build, 16, events, 1, b.note, unacked=True)
    return BenchSite(b.build, 16, "tcp", store=store, start=False, listener=False)


def broker_back(b, site, last):
    """The broker again, a postal side that listens; the uplink is up on return."""
    site.broker.start()
    process = sink(b, site, last)
    process.stdout.readline()
    bench_site.until(lambda: site.admin("uplink")["connected"], 90, "the uplink", 0.01)
    return process


def one_run(b, events):
    """(idle, during, rate, Paho's rate, what the sink says)."""
    with waiting_site(b, events) as site:
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
        listener = broker_back(b, site, last)
        codes_while(site, lambda: listener.poll() is None, doors, during)
        said = json.loads(listener.communicate(timeout=300)[0])
        rate = last / ((said["last_ns"] - said["first_ns"]) / 1e9)
        return idle, during, rate, paho, said


def killed_run(b, events):
    """What the sink says when the daemon is killed a second into the drain: it ends only when every event came."""
    with waiting_site(b, events) as site:
        site.postal.close()
        site.broker.stop()
        site.start(ready=True)
        last = site.admin("status")["seq"]
        listener = broker_back(b, site, last)
        time.sleep(1 if events >= 100000 else 0.05)
        early = listener.poll() is None
        site.daemon.kill()
        site.start(ready=True)
        return {**json.loads(listener.communicate(timeout=300)[0]), "last": last, "early": early}


def thousands(each_us):
    return " / ".join(f"{1000 / us:.1f}" for us in each_us)


def drain(b):
    """events that wait -> received; code -> pulse meanwhile"""
    events = b.count(100000, 3000)
    whole = events >= 100000
    idle, during, each, alone, again = [], [], [], [], 0
    for _ in range(b.count(3, 1)):  # a drain has time for some 25 openings
        run_idle, run_during, rate, paho, said = one_run(b, events)
        if whole and not run_during:
            raise RuntimeError("no door was opened while the events drained: nothing to compare with idle")
        if said["gaps"] or said["received"] - said["again"] < events:
            raise RuntimeError(f"events missing or out of order while they drained: {said}")
        idle, during, again = idle + run_idle, during + run_during, again + said["again"]
        each.append(1e6 / rate)
        alone.append(1e6 / paho)
    middle = statistics.median(idle)
    yield Row("code -> pulse, nothing else going on", "ms", idle)
    # Only 3,000 events (--quick) may be gone before anybody has entered a code: the row is then produced, no more.
    yield Row(f"  while {events} events drain", "ms", during or idle, middle, "nothing else going on", 1.5 * middle,
              target_says="1.5 x idle", extra=f"{len(during)} openings while they drained, {len(each)} drains")
    yield Row("an event, drained (of a second shared by all of them)", "us", each, statistics.median(alone),
              "Paho alone, QoS 1, same size and number in flight, nobody subscribed", 100 if whole else None,
              target_says="10,000 events/s" if whole else None,
              extra=f"{thousands(each)} k/s, Paho alone {thousands(alone)} k/s; {again} again, no gap")
    killed = killed_run(b, events)
    if whole and not killed["early"]:
        raise RuntimeError("all events had drained before the daemon was killed: nothing was shown")
    yield Row("events lost when the daemon is killed in the drain", "", [killed["last"] - (killed["received"] - killed["again"])],
              target=0, judged="max", extra=f"{killed['last']} written, {killed['received']} received, {killed['again']} of them again")
