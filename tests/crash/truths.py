"""What has to be true however often the controller died, checked from outside: the simulator's counters against the
intents in the database, the items' custody against where they lie, upstream's books against both."""
import collections
import os
import sqlite3

HELD_BY = {"expected": "courier", "with_courier": "courier", "collected": "citizen", "at_window": "clerk"}


def intents(site):
    """Rows (door, outcome, finished) of the stopped daemon's database."""
    path = os.path.join(site.folder, "state", "lockerd.db")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT door, outcome, finished FROM intent ORDER BY id").fetchall()
    finally:
        connection.close()


def openings(story, rows, asked, unsent):
    """Law 1. unsent: how many intents must not have a pulse on the wire; None when none or one may."""
    broken = []
    of_door = collections.Counter(row[0] for row in rows)
    for door in story.doors():
        name, pulses = door["name"], door["commands"]
        if pulses > of_door[name]:
            broken.append(f"{name}: {pulses} pulses for {of_door[name]} intents")
        if door["openings"] > pulses:
            broken.append(f"{name}: opened {door['openings']} times by {pulses} pulses")
        if door["open"] or door["coil"]:
            broken.append(f"{name}: left {'open' if door['open'] else 'pulled'}")
    if len(rows) > asked:
        broken.append(f"{len(rows)} intents for {asked} authorisations of people")
    pulses = sum(door["commands"] for door in story.doors())
    if unsent is not None and pulses != len(rows) - unsent:
        broken.append(f"{pulses} pulses for {len(rows)} intents; {len(rows) - unsent} were to be")
    broken += [f"{door}: an opening was never settled or ended ({outcome})" for door, outcome, finished in rows
               if outcome == "pending" or not finished]
    return broken


def custody(story, item, doors, left_inside):
    """Laws 2 and 4: the item is where the record says, or the record says that it does not know.

    left_inside: the authorised person shut the opened door and left the item in: then collected is what the record
    says, crash or not (docs/decisions/0007)."""
    place, kept = story.place(), item["custody"]
    if kept == "unknown":
        told = [e for e in story.site.events_of("audit.mismatch") if e["data"].get("item") == item["item"]]
        blocked = [d for d in doors if d["item"] == item["item"] and d["use"] == "blocked"]
        return [] if told and told[-1]["data"].get("alarm") and blocked else ["unknown, and nobody was told"]
    if kept == "in_locker":
        return [] if place == item["door"] else [f"in_locker {item['door']}, but it is at {place}"]
    if place == HELD_BY.get(kept) or (left_inside and kept in ("collected", "at_window")):
        return []
    doubted = [d for d in doors if d["item"] == item["item"] and d["reason"] == "outcome_unproven"]
    return [] if doubted else [f"{kept}, but it is at {place}"]


def compartments(story, doors, left_inside):
    """A free compartment is empty, an occupied one holds its item."""
    inside = {d["name"]: d["item"] for d in story.doors()}
    broken = []
    for door in doors:
        name = door["door"]
        if door["use"] == "free" and inside[name] and not left_inside:
            broken.append(f"{name} counts as free and holds {inside[name]}")
        if door["use"] == "occupied" and inside[name] != door["item"]:
            broken.append(f"{name} counts as occupied by {door['item']} and holds {inside[name]}")
        if door["use"] == "reserved" and door["reason"] != "outcome_unproven":
            broken.append(f"{name} stays reserved for nobody")
    return broken


def books(story, item, status):
    """Laws 5 and 6: upstream has every event once, in one chain, and its books say what the controller says."""
    log, broken = story.site.postal.log, list(story.site.postal.log.faults)
    if log.last != status["seq"] or status["acked"] != status["seq"]:
        broken.append(f"events: {status['seq']} logged, {log.last} received, {status['acked']} acknowledged")
    if [e["seq"] for e in story.site.events] != list(range(1, log.last + 1)):
        broken.append("events did not arrive in order without a gap")
    where = "none"
    for event in story.site.events:
        data = event["data"]
        if data.get("item") == story.item and "to" in data:
            if data.get("from", "none") != where:
                broken.append(f"custody went {data.get('from', 'none')} > {data['to']} and was {where}")
            where = data["to"]
    if where != (item["custody"] if item else "none"):
        broken.append(f"upstream's books say {where}, the controller {item['custody'] if item else 'none'}")
    return broken
