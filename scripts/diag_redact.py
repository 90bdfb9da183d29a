"""What may leave a site in a support bundle. Everything goes through a list of what is kept; nothing is searched for and taken out, for what
nobody thought of would then be left in.

Answers of the daemon: named keys only. Items: another name each, the same throughout a bundle; which is which is written nowhere. The configuration:
keys that say nothing about people, values of plain characters. Logs: only words that the program itself or the configuration's own names
have, and short numbers; everything else becomes a bar.
"""

import json
import re

BAR = "▮"
LABEL = re.compile(r"[A-Z]{1,2}\d{2,3}")  # a door
PLAIN = re.compile(r"[A-Za-z0-9 ._:/,#+\[\]*-]{0,200}")
WORD = re.compile(r"[A-Za-z][A-Za-z']+|\d+|[^\x00-\x7f]+")

# By command: the keys that are kept, at any depth.
KEPT = {
    "status": {"version", "uptime_s", "clock", "ready", "epoch", "seq", "acked", "unacked", "oldest_unacked", "uplink", "configured", "connected",
               "last_error", "store", "ok", "bytes", "disk_free", "degraded", "fieldbuses", "name", "transport", "state", "banks", "reason", "doors",
               "fieldbus", "unit", "profile", "free", "reserved", "occupied", "blocked", "open", "unknown", "readers", "device", "detail", "reads",
               "dropped", "wiring_changed", "inspection", "last", "every_days", "due", "two_person_s", "kiosk", "streams", "lockout", "level",
               "locked_s", "tries"},
    "doors": {"doors", "door", "bank", "size", "low_reach", "state", "use", "item", "reason", "since_s", "pulses"},
    "bus": None,  # counters of boards: nothing in it is about anybody
    "uplink": {"configured", "connected", "last_error", "since_s", "epoch", "seq", "acked", "unacked", "first_seq", "outbox", "outbox_most",
               "left_out", "sent", "command_keys"},
    "store": {"bytes", "wal_bytes", "disk_free", "schema", "quick_check", "chain", "ok", "checked", "first_bad_seq", "items", "codes_live",
              "last_backup", "wall_ms", "last_seq", "expected", "in_locker", "at_window", "with_courier", "collected", "returned", "unknown"},
    "selfcheck": {"checks", "check", "place", "ok", "reason", "detail"},
}
EVENT = {"seq", "type", "time", "timequality", "data", "item", "door", "expected_door", "bank", "doors", "from", "to", "purpose", "outcome", "actor", "reason",
         "intent", "count", "duration_s", "alarm", "clock", "via", "proof"}
CONFIG = {
    "site": {"operator", "id", "time_zone"}, "paths": {"state_dir", "run_dir", "database", "code_key"},
    "fieldbus": {"transport", "device", "baud", "parity", "host", "port", "timeout_ms"},
    "bank": {"profile", "fieldbus", "unit", "doors", "sizes", "low_reach", "channels", "inputs", "inputs_unit", "inputs_profile", "sensor_closed", "pulse_ms",
             "pulse_mode", "accept_software_pulse", "lock_ma", "supply", "timeout_ms", "poll_ms", "confirm_ms", "verified", "gpio_chip", "locks",
             "sensors", "lock_active", "bias", "debounce_ms"},
    "uplink": {"url", "ca", "cert", "key", "password_file", "command_keys", "mqtt_version", "keepalive_s", "health_s", "expiry_warn_days", "outbox_most",
               "outbox_alarm_percent", "refusals_per_minute"},
    "kiosk": {"port"}, "admin": {"socket", "group"}, "scanner": {"device", "kind", "baud", "mode"}, "keypad": {"device", "idle_s"},
    "card": {"device", "baud"}, "panel": {"kind", "ready", "attention", "out_of_order", "buzzer", "chip", "active", "fieldbus", "unit", "profile", "verified"},
    "codes": {"digits", "seal_key"}, "deposit": {"unknown_barcode", "retention_days", "misload_check", "join_case", "keep_free"},
    "pickup": {"refusable", "rating", "extend_days", "extend_most"}, "dropoff": {"enabled", "most"},
    "staff": {"two_person_within_s", "inspect_every_days"},
    "retention": {"remind_days", "personal_days", "records_days", "events_days", "commands_days"},
    "timing": {"pulse_wait_s", "open_timeout_ms", "left_open_s", "open_again_s", "notice_s", "person_idle_s", "staff_idle_s", "doubt_grace_s",
               "wrong_door_ms", "late_open_s"},
    "lockout": {"tries", "first_s", "most_s", "alarm", "forget_s"}, "remote": {"short_most", "short_s", "day_most", "staff"},
    "metrics": {"textfile"}, "log": {"level", "trace"},
}
SHORT = 3  # digits: a PIN, the end of a phone number and a code have more


class Aliases:
    """Another name for each item."""

    def __init__(self):
        self.known = {}

    def __call__(self, item):
        if not item or item == "-":
            return item
        return self.known.setdefault(item, f"item-{len(self.known) + 1}")


def keep(value, keys, special):
    """The value with only these keys; None: all of them. special: key -> what is made of its text."""
    if isinstance(value, dict):
        return {key: special[key](inner) if key in special and isinstance(inner, str) else keep(inner, keys, special)
                for key, inner in value.items() if keys is None or key in keys}
    if isinstance(value, list):
        return [keep(one, keys, special) for one in value]
    return value


def answer(command, value, alias, words):
    """An answer of the daemon. Of its free texts only the program's own words are kept."""
    special = {"item": alias, **dict.fromkeys(("last_error", "detail", "quick_check", "degraded"), words.line)}
    return json.dumps(keep(value, KEPT[command], special), ensure_ascii=False, indent=1) + "\n"


def event(line, alias):
    """One line of `lockerctl --json events`, or None when it is none."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return json.dumps(keep(value, EVENT, {"item": alias}), ensure_ascii=False) if isinstance(value, dict) and "seq" in value else None


def configuration(config):
    """As lockerd.conf, with what is kept; how many keys are not shown is said."""
    lines = []
    for section, values in config.items():
        kind = section.split()[0] if section.split() else ""
        if kind not in CONFIG or not PLAIN.fullmatch(section):
            lines.append("# a section that is not shown")
            continue
        lines.append(f"[{section}]")
        shown = {k: v for k, v in values.items() if k in CONFIG[kind] and v is not None and PLAIN.fullmatch(v) and "@" not in v}
        lines += [f"{key} = {value}" for key, value in shown.items()]
        if len(shown) < len(values):
            lines.append(f"# {len(values) - len(shown)} not shown")
    return "\n".join(lines) + "\n"


class Vocabulary:
    """Words that may stay in a log: those of the program's own sentences, and the names in its configuration."""

    def __init__(self, program, config):
        self.words = set()
        if program:
            with open(program, "rb") as file:
                for text in re.findall(rb"[\x20-\x7e]{4,}", file.read()):
                    self.words.update(re.findall(r"[A-Za-z][A-Za-z']+", text.decode("ascii")))
        for section, values in config.items():
            kind = section.split()[0] if section.split() else ""
            if kind in ("fieldbus", "bank"):
                self.words.update(re.findall(r"[A-Za-z][A-Za-z']+", section + " " + values.get("device", "")))

    def word(self, found):
        text = found.group()
        if text.isdigit():
            return text if len(text) <= SHORT else BAR
        return text if text in self.words else BAR

    def line(self, text):
        """The line with bars for what is not the program's own. A door's label and the time the journal puts in front stay."""
        time = re.match(r"\d{4}-\d\d-\d\dT[\d:.,+-]+ ", text)
        begin = time.group() if time else ""
        parts = re.split(rf"(\b{LABEL.pattern}\b)", text[len(begin):])
        return begin + "".join(part if n % 2 else WORD.sub(self.word, part) for n, part in enumerate(parts))
