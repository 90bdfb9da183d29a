"""From findings to the verdict of scripts/diagnose: which part, where, what to do next.

Many findings are what one broken part looks like from several sides. What another finding explains is left out of the verdict (never out
of the report), and what only several together show is added: a power supply that is gone.
"""

import re

import diag_lib as lib

# Which part a finding is about; diag.part.NAME in the catalogue. Good findings need none.
PARTS = {
    "power": ("power_low",),
    "machine": ("too_hot", "ask_failed", "no_lockerctl"),
    "clock": ("clock_unset", "clock_unsynced", "clock_behind"),
    "configuration": ("config_missing", "config_wrong", "no_config", "no_url", "bad_url"),
    "permission": ("no_permission", "config_closed", "file_closed", "file_unreadable", "open_needs_terminal", "open_not_confirmed",
                   "open_refused"),
    "daemon": ("daemon_down", "start_failed", "page_dead"),
    "reader": ("reader_gone",),
    "screen": ("screen_nobody",),
    "people": ("keypad_locked", "door_left_open", "door_left_open_item", "door_forced", "door_blocked", "door_doubt"),
    "adapter": ("adapter_missing", "line_down"),
    "wiring": ("line_silent", "line_went_silent", "board_garbled", "bank_garbled", "board_noise", "board_slow", "board_gap", "bank_line_missing",
               "bank_wrong_door", "door_wiring"),
    "address": ("board_never", "board_never_tcp", "board_collides", "bank_duplicate_address"),
    "board": ("board_went_silent", "board_late", "board_refuses", "bank_lost", "bank_stopped", "bank_coil_stuck", "bank_link_mode",
              "bank_wrong_board", "bank_inputs_silent", "bank_board_unverified", "host_silent"),
    "supply": ("supply_dead", "locks_without_power"),
    "gpio": ("bank_line_held", "bank_guard_lost"),
    "lock": ("door_jammed", "door_unknown", "open_failed", "lock_worn", "door_slower", "door_jams"),
    "relay": ("relay_worn",),
    "network": ("dns_failed", "tcp_failed", "uplink_down", "backlog_offline"),
    "broker": ("tcp_refused", "tls_failed", "tls_untrusted", "tls_hostname", "tls_not_yet", "tls_expired", "broker_cert_expired",
               "broker_cert_soon"),
    "postal": ("backlog_unconfirmed", "backlog_many"),
    "certificate": ("file_cert_expired", "file_cert_soon", "cert_unreadable"),
    "keys": ("file_missing", "secret_readable", "no_command_keys", "key_gone", "key_readable"),
    "database": ("store_damaged", "store_degraded", "chain_broken", "wal_large", "file_gone", "file_no_database", "start_database"),
    "disk": ("disk_full", "disk_low", "disk_readonly", "disk_unknown", "disk_worn"),
    "backup": ("backup_never", "backup_old", "backup_when"),
}
PART_OF = {code: part for part, codes in PARTS.items() for code in codes}

WAY = ("dns_failed", "tcp_failed", "tcp_refused", "tls_failed", "tls_untrusted", "tls_hostname", "tls_not_yet", "tls_expired", "bad_url",
       "no_url", "broker_cert_expired", "clock_unset")
OWN_FILES = ("file_missing", "file_cert_expired", "cert_unreadable")
START = ("config_missing", "config_wrong", "key_gone", "key_readable", "file_no_database", "disk_full", "disk_readonly")
DISK = ("disk_full", "disk_readonly")
CONFIG = ("config_missing", "config_wrong")  # a site that never started has no files either
# What is left out -> when one of these was found, wherever.
EXPLAINED = {
    "uplink_down": WAY + OWN_FILES, "backlog_offline": WAY + OWN_FILES + ("uplink_down",), "tls_failed": OWN_FILES,
    "tls_not_yet": ("clock_unset",), "tls_expired": ("clock_unset", "broker_cert_expired"), "store_degraded": DISK, "disk_low": DISK,
    "daemon_down": START + ("start_failed", "start_database"), "start_failed": START, "start_database": START, "clock_unsynced": ("clock_unset",), "no_config": CONFIG, "no_url": CONFIG, "screen_nobody": ("page_dead",),
    "file_gone": CONFIG, "key_gone": CONFIG + ("file_gone",), "disk_unknown": CONFIG,
}
# Of one bank: left out -> when one of these was found about a board of this bank, or about its line.
BANK_EXPLAINED = {"bank_lost": ("board_", "line_", "adapter_missing", "host_silent"), "bank_garbled": ("board_collides",),
                  "bank_board_unverified": ("board_refuses",)}
# The other way round: what the daemon found out by itself about a bank says more than its boards' counters.
BANK_KNOWS = ("bank_duplicate_address", "bank_wrong_board", "bank_garbled", "bank_line_held", "bank_line_missing", "bank_guard_lost",
              "bank_link_mode", "bank_coil_stuck", "bank_wrong_door")
MANY_JAMMED = 3
ORDER = (lib.FAULT, lib.UNKNOWN, lib.WARNING)


def bank_of(place):
    """The bank of a board's place, "line/unit (bank)"."""
    found = re.search(r"\((.+)\)$", place)
    return found.group(1) if found else None


def concerns(finding, bank, line):
    """Whether a finding is about a board of this bank, or about the line that it hangs on."""
    if finding["code"].startswith("board_"):
        return bank_of(finding["place"]) == bank
    return finding["place"] == line


def supply_of(config, bank):
    return config.get("bank " + bank, {}).get("supply", "main")


def add_supplies(d, banks, config, rows):
    """All banks of one supply silent while another supply's are not; or so many doors of one supply jammed that it is not the doors."""
    lost = {b["name"] for b in banks if b.get("state") == "lost"}
    by_supply = {}
    for bank in banks:
        by_supply.setdefault(supply_of(config, bank["name"]), set()).add(bank["name"])
    for supply, names in sorted(by_supply.items()):
        if len(names) > 1 and names <= lost and len(lost) < len(banks):
            d.add(lib.FAULT, "supply_dead", supply, banks=", ".join(sorted(names)))
    jammed = [f["place"] for f in d.findings if f["code"] == "door_jammed"]
    bank_of_door = {door["door"]: door.get("bank") for door in rows}
    for supply, names in sorted(by_supply.items()):
        here = [place for place in jammed if bank_of_door.get(place) in names]
        if len(here) >= MANY_JAMMED and len(here) == len(jammed):
            d.add(lib.FAULT, "locks_without_power", supply, doors=", ".join(here))


def is_explained(finding, findings, banks, config, rows):
    code, place = finding["code"], finding["place"]
    codes = {f["code"] for f in findings}
    if codes & set(EXPLAINED.get(code, ())):
        return True
    line_of = {b["name"]: b.get("fieldbus") for b in banks}
    if code == "line_down":
        return any(f["code"] in ("adapter_missing", "host_silent") and f["place"] == place for f in findings)
    dead = [names for f in findings if f["code"] == "supply_dead" for names in [{b for b in line_of if supply_of(config, b) == f["place"]}]]
    if code.startswith("board_"):
        bank = bank_of(place)
        return any(bank in names for names in dead) or any(f["code"] in BANK_KNOWS and f["place"] == bank for f in findings)
    if code in BANK_EXPLAINED:
        if any(place in names for names in dead):
            return True
        return any(f["code"].startswith(BANK_EXPLAINED[code]) and f["level"] != lib.GOOD and concerns(f, place, line_of.get(place))
                   for f in findings)
    if code == "door_jams":
        return any(f["code"] == "door_jammed" and f["place"] == place for f in findings) or "locks_without_power" in codes
    if code == "door_jammed":
        return "locks_without_power" in codes
    if code == "door_unknown":
        bank = next((row.get("bank") for row in rows if row["door"] == place), None)
        return any(f["code"].startswith("bank_") and f["place"] == bank for f in findings)
    if code == "door_blocked":
        return any(f["code"] in ("door_jammed", "door_forced") and f["place"] == place for f in findings)
    return False


def verdict(d, banks, config):
    """The findings that name a cause, worst first, each once, with its part."""
    rows = d.facts.get("diag-doors", {}).get("rows", [])
    add_supplies(d, banks, config, rows)
    seen, causes = set(), []
    for level in ORDER:
        for finding in d.findings:
            key = finding["code"], finding["place"]
            if finding["level"] != level or key in seen or is_explained(finding, d.findings, banks, config, rows):
                continue
            seen.add(key)
            part = PART_OF[finding["code"]]
            if part == "reader":
                part = finding["place"] if finding["place"] in ("scanner", "keypad", "card", "panel") else part
            causes.append({**finding, "part": part})
    return causes
