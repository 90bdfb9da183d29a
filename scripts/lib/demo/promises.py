"""What the tour promises, checked on the record of a day: by what the postal system holds, what the cabinet itself saw, what
the daemon's database says, and never by what the daemon claims alone.

Each promise is a function Record -> None, or a sentence that says how it was broken. tests/system/tour breaks each once.
"""

import dataclasses

GENESIS = "0" * 64
PULSE_MOST_MS = 500
PULSE_SLACK_MS = 100  # of the simulator, on a busy machine
STAGGER_MS = 200
STAGGER_SLACK_MS = 30
# Custody changes that may happen in a day without trouble (docs/core.md has the whole table).
MOVES = {(None, "expected"), ("expected", "in_locker"), ("at_window", "in_locker"), ("in_locker", "collected"),
         ("in_locker", "at_window")}
# Which happening at the cabinet proves which change of custody.
PROOF = {"item.deposited": "item-put", "item.collected": "item-taken", "item.recalled": "item-taken"}
PLACE_OF = {"expected": "away", "in_locker": "cabinet", "collected": "recipient", "at_window": "staff"}


@dataclasses.dataclass
class Record:
    """A day. Texts by their file; secrets are what must not stand in any of them."""
    events: list = dataclasses.field(default_factory=list)      # as the postal system took them, in order
    faults: list = dataclasses.field(default_factory=list)      # what it found wrong: hashes, chain, envelopes
    last: int = 0               # the last seq of the daemon's log
    acked: int = 0              # up to here upstream's word has reached the daemon
    items: dict = dataclasses.field(default_factory=dict)       # item -> custody, by the daemon
    places: dict = dataclasses.field(default_factory=dict)      # item -> away, cabinet, recipient, staff, in truth
    doors: list = dataclasses.field(default_factory=list)       # the simulator's status of each door
    happenings: list = dataclasses.field(default_factory=list)  # what the simulator saw, in order
    intents: list = dataclasses.field(default_factory=list)     # (id, door, outcome, finished) of the database
    repeated: list = dataclasses.field(default_factory=list)    # items announced twice under one command id
    used_codes: list = dataclasses.field(default_factory=list)  # how the kiosk answered codes that were used up
    texts: dict = dataclasses.field(default_factory=dict)       # file -> bytes
    secrets: list = dataclasses.field(default_factory=list)
    exit_code: int = -1
    presence: dict = dataclasses.field(default_factory=dict)    # the retained one, after the end
    epoch: str = ""


def kind_of(event):
    return event["type"][len("locker."):-len(".v1")]


def of_kind(day, *kinds):
    return [e for e in day.events if kind_of(e) in kinds]


# --- the log --------------------------------------------------------------------------------------------------------------

def gapless(day):
    got = [e["seq"] for e in day.events]
    if got != list(range(1, day.last + 1)):
        missing = sorted(set(range(1, day.last + 1)) - set(got))
        return f"upstream took seq {got[:3]}..{got[-3:]}, the log has 1..{day.last}; missing {missing}"
    return None


def chained(day):
    head = GENESIS
    for event in day.events:
        if event["prevhash"] != head:
            return f"seq {event['seq']} does not continue the chain"
        head = event["hash"]
    return "; ".join(day.faults) or None


def acknowledged(day):
    """All but the daemon's own farewell: it need not wait for the word on that one."""
    waiting = [kind_of(e) for e in day.events if e["seq"] > day.acked]
    return None if waiting in ([], ["site.stopped"]) else f"not acknowledged: {waiting}"


def acts_once(day):
    for item in day.repeated:
        times = sum(e["data"].get("item") == item for e in of_kind(day, "item.expected"))
        if times != 1:
            return f"{item} was announced twice under one id and expected {times} times"
    return None if day.repeated else "no command was repeated: nothing was proven"


# --- custody --------------------------------------------------------------------------------------------------------------

def books(day):
    """Item -> custody, as upstream concludes from the events."""
    return {e["data"]["item"]: e["data"]["to"] for e in day.events if "to" in e["data"]}


def one_custody(day):
    now = {}
    for event in day.events:
        data = event["data"]
        if "to" not in data:
            continue
        move = (data.get("from"), data["to"])
        if now.get(data["item"]) != move[0]:
            return f"seq {event['seq']}: {data['item']} leaves {move[0]}, but was {now.get(data['item'])}"
        if move not in MOVES:
            return f"seq {event['seq']}: {data['item']} went from {move[0]} to {move[1]}"
        now[data["item"]] = move[1]
    return None


def books_are_true(day):
    upstream = books(day)
    if upstream != day.items:
        return f"upstream and the daemon differ: {sorted(set(upstream.items()) ^ set(day.items.items()))}"
    wrong = {i: (c, day.places.get(i)) for i, c in upstream.items() if PLACE_OF.get(c) != day.places.get(i)}
    return f"custody against the truth: {wrong}" if wrong or not upstream else None


# --- the doors ------------------------------------------------------------------------------------------------------------

def pulses_have_intents(day):
    for door in day.doors:
        intents = sum(row[1] == door["name"] for row in day.intents)
        if not intents == door["pulses"] == door["commands"]:
            return (f"door {door['name']}: {intents} intents, {door['commands']} requests on the wire, "
                    f"{door['pulses']} pulses")
    open_ones = [row[0] for row in day.intents if not row[3] or row[2] == "pending"]
    return f"intents never settled: {open_ones}" if open_ones else None


def proven_by_sensor(day):
    """Each deposit, pickup and recall: door open, item moved, door shut, in this order, and as often as told."""
    for kind, happening in PROOF.items():
        told = sorted((e["data"]["door"], e["data"]["item"]) for e in of_kind(day, kind))
        for door, item in told:
            here = [(h["event"], h.get("item")) for h in day.happenings if h.get("door") == door]
            if (happening, item) not in here:
                return f"{kind} of {item} at {door}: nobody did that"
            at = here.index((happening, item))
            if ("door-opened", None) not in here[:at] or ("door-closed", None) not in here[at:]:
                return f"{kind} of {item} at {door}: not between opening and closing"
    return None


def right_doors_only(day):
    pulsed = None
    for h in day.happenings:
        if h["event"] == "pulse-start":
            pulsed = h["door"]
        elif h["event"] == "door-opened":
            if h["door"] != pulsed:
                return f"door {h['door']} opened, {pulsed or 'none'} was pulsed"
            pulsed = None
    alarms = [kind_of(e) for e in of_kind(day, "door.wrong", "door.forced")]
    return f"upstream was told {alarms}" if alarms else None


def coils_are_safe(day):
    last_start = None
    on = set()
    for h in day.happenings:
        if h["event"] == "pulse-start":
            if on:
                return f"coil of {h['door']} energised while {sorted(on)} was"
            if last_start is not None and h["at_ns"] - last_start < (STAGGER_MS - STAGGER_SLACK_MS) * 1e6:
                return f"coil of {h['door']} energised {(h['at_ns'] - last_start) / 1e6:.0f} ms after another"
            last_start = h["at_ns"]
            on.add(h["door"])
        elif h["event"] == "pulse-end":
            on.discard(h["door"])
            if h["length_ns"] > (PULSE_MOST_MS + PULSE_SLACK_MS) * 1e6:
                return f"coil of {h['door']} was on for {h['length_ns'] / 1e6:.0f} ms"
    live = [d["name"] for d in day.doors if d["relay"] or d["coil"]]
    return f"relays still on: {live}" if live or on else None


def doors_are_shut(day):
    still = [d["name"] for d in day.doors if d["open"] or not d["latched"]]
    return f"open at the end: {still}" if still else None


# --- codes, secrets, the end ------------------------------------------------------------------------------------------------

def codes_die(day):
    wrong = [a for a in day.used_codes if a["result"] != "refused"]
    return f"a used code was answered {wrong}" if wrong or not day.used_codes else None


def secrets_stay_secret(day):
    for name, text in day.texts.items():
        for number, secret in enumerate(day.secrets):
            if secret.encode() in text:
                return f"{name} holds secret number {number} in clear"
    return None if day.texts and day.secrets else "nothing was looked at"


def ended_cleanly(day):
    if day.exit_code != 0:
        return f"the daemon's exit code was {day.exit_code}"
    if day.presence.get("state") != "stopped":
        return f"presence says {day.presence}"
    return None if day.presence.get("epoch") == day.epoch else "presence has another epoch"


# Law of docs/architecture.md ("-": none), Chinese, English, check.
PROMISES = [
    ("1", "每次通电都先有开门意图，一次也不多", "every pulse on the wire had its intent, none too many", pulses_have_intents),
    ("2", "存、取、回收都有门和传感器作证", "deposits, pickups and recalls are proven by the doors", proven_by_sensor),
    ("3", "没有开错门", "never the wrong door", right_doors_only),
    ("4", "每件只在一处，每次交接都合规", "one custody per item, lawful changes only", one_custody),
    ("4", "邮政的账、柜子的账、实物三者一致", "upstream's books, the locker's and the truth agree", books_are_true),
    ("5", "事件链完整，哈希无误", "the event chain is whole", chained),
    ("6", "序号连续无缺", "seq is gapless", gapless),
    ("6", "全部事件都已确认", "every event is acknowledged", acknowledged),
    ("7", "重复的指令只生效一次", "a repeated command acts once", acts_once),
    ("8", "用过的取件码再也打不开门", "a used code opens nothing", codes_die),
    ("9", "线圈通电不超时、不重叠，最后全部断电", "coils: short, one at a time, all off at the end", coils_are_safe),
    ("12", "日志、事件、数据库里没有取件码和密码", "no code, token or PIN in any log, event or database", secrets_stay_secret),
    ("-", "所有柜门都已关好", "every door ended shut", doors_are_shut),
    ("-", "正常退出，状态为已停止", "clean stop, exit 0, presence says stopped", ended_cleanly),
]


def judge(day):
    """[(law, zh, en, None or how it was broken)]"""
    return [(law, zh, en, check(day)) for law, zh, en, check in PROMISES]
