"""What the hour showed: promises, a table of the sites, what it cost."""

import os
import statistics

from load import CALM, TROUBLE

SLOWER_MOST, SLACK_MS = 2.0, 5.0  # undisturbed sites: median in the second half <= this x the first half's + slack


def median(values):
    return statistics.median(values) if values else None


def p95(values):
    return sorted(values)[int(len(values) * 0.95)] if values else None


def cost(pid):
    """Resident memory in MB and processor seconds so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return resident / 1024, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def number(value, form="{:.1f}"):
    return "-" if value is None else form.format(value)


class Judgement:
    """Promises kept or broken; the exit code."""

    def __init__(self):
        self.promises = []

    def promise(self, text, faults):
        self.promises.append((text, list(faults)))

    def kept(self):
        return not any(faults for _, faults in self.promises)

    def lines(self):
        for text, faults in self.promises:
            yield f"  {'kept  ' if not faults else 'BROKEN'}  {text}"
            for fault in faults[:5]:
                yield f"            {fault}"
            if len(faults) > 5:
                yield f"            and {len(faults) - 5} more"


def facts_of(name, life, trouble):
    site, status = life.site, life.site.admin("status")
    resident, cpu_s = cost(site.daemon.process.pid)
    return {"site": name, "trouble": trouble.what if trouble else "", "told": trouble.told if trouble else "",
            "items": len(life.codes), "deposited": life.deposited, "collected": life.collected,
            "seq": status["seq"], "acked": status["acked"], "resent": site.postal.log.duplicates,
            "resident_mb": round(resident, 1), "cpu_s": round(cpu_s, 2),
            **{f"{kind}_{phase}_ms": median(life.times[kind][phase]) for kind in life.times for phase in (CALM, TROUBLE)}}


def books_agree(name, life):
    """The office's books and the site's store, item by item."""
    books, faults = life.site.postal.books, []
    stored = {item["item"]: item["custody"] for item in life.site.admin("items")["items"]}
    faults += [f"{name}: {fault}" for fault in books.faults]
    for item in sorted(set(stored) | set(books.where)):
        if stored.get(item) != books.where.get(item):
            faults.append(f"{name}: {item} is {stored.get(item)} there and {books.where.get(item)} here")
    faults += [f"{name}: {item} is not of this site" for item in stored if not item.startswith(name + "-")]
    return faults


def judge(city, lives, troubles, by_the_clock=True):
    all_of = lambda faults: [fault for name, life in lives.items() for fault in faults(name, life)]  # noqa: E731
    j = Judgement()
    j.promise("every site's events came once, in order, without a gap, in one unbroken chain",
              all_of(lambda n, l: [f"{n}: {f}" for f in l.site.postal.log.faults]) +
              all_of(lambda n, l: [] if l.site.postal.log.last == l.site.admin("status")["seq"]
                     else [f"{n}: {l.site.postal.log.last} of {l.site.admin('status')['seq']} came"]))
    j.promise("everything is acknowledged", all_of(
        lambda n, l: [] if l.site.admin("status")["acked"] == l.site.admin("status")["seq"] else [f"{n}: it is not"]))
    j.promise("the office's books say of every item what its site's store says", all_of(books_agree))
    j.promise("nothing came under another site's name", [f"{topic}" for topic in city.office.unknown] +
              all_of(lambda n, l: [f"{n}: {s[:80]}" for s in l.site.postal.strangers]))
    j.promise("undisturbed sites served everybody", all_of(
        lambda n, l: [f"{n}: {f}" for f in l.faults] +
        ([] if l.expect_trouble or (l.deposited == l.items == l.collected)
         else [f"{n}: {l.deposited} in and {l.collected} out of {l.items}"])))
    j.promise("the troubles were real", [fault for one in troubles.values() for fault in one.broken] +
              [f"{name}: nothing happened" for name, one in troubles.items() if not one.told])
    quiet = [life for name, life in lives.items() if name not in troubles and not life.offline]
    for kind, text in (("answer", "command to answer"), ("door", "code to open door"), ("event", "happened to told")):
        was, now = (median([ms for life in quiet for ms in life.times[kind][phase]]) for phase in (CALM, TROUBLE))
        slow = was is None or now is None or (by_the_clock and bool(troubles) and now > was * SLOWER_MOST + SLACK_MS)
        j.promise(f"{text}: the neighbours' troubles are not felt (median {number(was)} ms before, {number(now)} meanwhile)",
                  [f"at most {SLOWER_MOST:g} x + {SLACK_MS:g} ms"] if slow else [])
    return j


def summary(city, lives, seconds):
    resident, cpu_s = cost(city.broker.process.pid)
    events = sum(life.site.postal.log.last for life in lives.values())
    every = {kind: [ms for life in lives.values() for phase in (CALM, TROUBLE) for ms in life.times[kind][phase]]
             for kind in ("answer", "door", "event")}
    return {"sites": len(lives), "seconds": round(seconds, 1), "events": events,
            "deposited": sum(life.deposited for life in lives.values()),
            "collected": sum(life.collected for life in lives.values()),
            **{f"{kind}_ms": {"n": len(ms), "median": median(ms), "p95": p95(ms)} for kind, ms in every.items()},
            "broker": {"resident_mb": round(resident, 1), "cpu_s": round(cpu_s, 2),
                       "bytes_received": int(city.office.broker.get("$SYS/broker/bytes/received", 0)),
                       "messages_received": int(city.office.broker.get("$SYS/broker/messages/received", 0))}}


def print_table(rows, out):
    print(f"{'site':<10}{'items':>6}{'in':>5}{'out':>5}{'events':>8}{'resent':>8}{'answer ms':>13}{'door ms':>13}{'event ms':>13}"
          f"{'MB':>6}{'CPU s':>7}  trouble", file=out)
    for row in rows:
        pair = [f"{number(row[f'{k}_{CALM}_ms'])}/{number(row[f'{k}_{TROUBLE}_ms'])}" for k in ("answer", "door", "event")]
        print(f"{row['site']:<10}{row['items']:>6}{row['deposited']:>5}{row['collected']:>5}{row['seq']:>8}{row['resent']:>8}"
              f"{pair[0]:>13}{pair[1]:>13}{pair[2]:>13}{row['resident_mb']:>6}{row['cpu_s']:>7}"
              f"  {row['trouble']}{': ' + row['told'] if row['told'] else ''}", file=out)
