#!/usr/bin/python3
"""Compile the board data files into one C table, strictly: what is wrong stops the build with file and line.

usage: compile_profiles.py --source OUT.c FAMILY.ini ...
       compile_profiles.py --list FAMILY.ini ...         (one line per board: for people and for scripts)

A file is a family: a [family] section with what all its boards share, and a [board NAME] section per board, which
overrides it. Keys are the fields of struct lk_board_profile in drivers/include/drivers/profile.h. "none" takes an
optional key of the family away again. "unverified FIELD = why" says what nobody has proved.
"""

import argparse
import os
import re
import sys

NAME_MAX = 31
CHANNELS_MAX = 32


class Wrong(Exception):
    """What is wrong, with its place."""


def number(low, high):
    def read(text):
        try:
            value = int(text, 16) if text.lower().startswith("0x") else int(text, 10)
        except ValueError:
            raise Wrong(f"'{text}' is not a number") from None
        if not low <= value <= high:
            raise Wrong(f"{text} is outside {low} to {high}")
        return value
    return read


def word(*words):
    def read(text):
        if text not in words:
            raise Wrong(f"'{text}' is none of: {', '.join(words)}")
        return text
    return read


def numbers(low, high, most):
    def read(text):
        values = [number(low, high)(part) for part in text.split()]
        if not 1 <= len(values) <= most or len(set(values)) != len(values):
            raise Wrong(f"needs 1 to {most} different numbers")
        return values
    return read


def sentence(text):
    if not text or not text.isprintable():
        raise Wrong("needs a text of printable characters")
    return text


def function(*codes):
    return lambda text: codes_only(number(0, 255)(text), codes)


def codes_only(value, codes):
    if value not in codes:
        raise Wrong(f"function {value:02X} is none of: {', '.join(f'{code:02X}' for code in codes)}")
    return value


ADDRESS = number(0, 0xFFFF)
MS = number(1, 60000)

# key: how its text is read, and when it has to be there: "always", "never alone" (only with its group), or a condition
KEYS = {
    "source": sentence,
    "verified": word("yes", "no"),
    "line": word("any", "rtu", "tcp"),
    "channels": number(1, CHANNELS_MAX),
    "inputs": number(0, CHANNELS_MAX),
    "coils_read": function(1, 3),
    "coils_address": ADDRESS,
    "inputs_read": function(1, 2, 3, 4),
    "inputs_address": ADDRESS,
    "coil_kind": word("bit", "register"),
    "coil_address": ADDRESS,
    "coil_on": ADDRESS,
    "coil_off": ADDRESS,
    "all_off_kind": word("coil", "register", "coils"),
    "all_off_address": ADDRESS,
    "all_off_value": ADDRESS,
    "pulse_kind": word("coil-timed", "registers-timed", "register-command", "software"),
    "pulse_address": ADDRESS,
    "pulse_stride": number(2, 255),
    "pulse_unit_ms": MS,
    "pulse_min_ms": MS,
    "pulse_default_ms": MS,
    "pulse_max_ms": MS,
    "pulse_modes": numbers(1, 255, 4),
    "pulse_fixed_mode": number(1, 255),
    "pulse_ignores_off": word("yes", "no"),
    "link_modes_address": ADDRESS,
    "link_modes_free": ADDRESS,
    "identity_address": ADDRESS,
    "identity_min": ADDRESS,
    "identity_max": ADDRESS,
    "address_register": ADDRESS,
    "address_by_broadcast": word("yes", "no"),
    "catch_all": numbers(1, 255, 2),
    "output_limit_ma": number(1, 100000),
    "watchdog_address": ADDRESS,
    "watchdog_value": ADDRESS,
    "watchdog_ms": MS,
    "timeout_ms": number(10, 1500),
}

ALWAYS = ["source", "verified", "channels", "inputs", "coils_read", "coils_address", "coil_kind", "coil_address",
          "all_off_kind", "pulse_kind", "pulse_unit_ms", "pulse_min_ms", "pulse_default_ms", "pulse_max_ms",
          "timeout_ms"]

# keys that belong to a choice: needed with it (allowed only with it); the last column: needed, or only allowed
BELONGS = [
    ("inputs_read", lambda v: v["inputs"] > 0, "inputs", True),
    ("inputs_address", lambda v: v["inputs"] > 0, "inputs", True),
    ("coil_on", lambda v: v["coil_kind"] == "register", "coil_kind = register", True),
    ("coil_off", lambda v: v["coil_kind"] == "register", "coil_kind = register", True),
    ("all_off_address", lambda v: v["all_off_kind"] != "coils", "all_off_kind = coil or register", True),
    ("all_off_value", lambda v: v["all_off_kind"] == "register", "all_off_kind = register", True),
    ("pulse_address", lambda v: v["pulse_kind"] != "software", "a pulse of the board's own", True),
    ("pulse_stride", lambda v: v["pulse_kind"] == "registers-timed", "pulse_kind = registers-timed", True),
    ("pulse_modes", lambda v: v["pulse_kind"] in ("registers-timed", "register-command"),
     "pulse_kind = registers-timed or register-command", True),
    ("pulse_fixed_mode", lambda v: v["pulse_kind"] == "register-command", "pulse_kind = register-command", False),
    ("pulse_ignores_off", lambda v: v["pulse_kind"] != "software", "a pulse of the board's own", False),
    ("link_modes_address", lambda v: v["inputs"] > 0, "inputs", False),
    ("link_modes_free", lambda v: "link_modes_address" in v, "link_modes_address", False),
    ("identity_min", lambda v: "identity_address" in v, "identity_address", True),
    ("identity_max", lambda v: "identity_address" in v, "identity_address", True),
    ("address_by_broadcast", lambda v: "address_register" in v, "address_register", False),
    ("watchdog_value", lambda v: "watchdog_address" in v, "watchdog_address", True),
    ("watchdog_ms", lambda v: "watchdog_address" in v, "watchdog_address", True),
]

# doubts about these do not make a board unsafe to drive; any other needs verified = no
HARMLESS = {"address_register", "address_by_broadcast", "identity_address", "identity_min", "identity_max", "inputs"}

WORDS = {"any": "LK_BOARD_ANY_LINE", "rtu": "LK_BOARD_RTU_ONLY", "tcp": "LK_BOARD_TCP_ONLY",
         "bit": "LK_COIL_BIT", "register": "LK_COIL_REGISTER",
         "coil-timed": "LK_PULSE_COIL_TIMED", "registers-timed": "LK_PULSE_REGISTERS_TIMED",
         "register-command": "LK_PULSE_REGISTER_COMMAND", "software": "LK_PULSE_SOFTWARE"}
ALL_OFF_WORDS = {"coil": "LK_ALL_OFF_COIL", "register": "LK_ALL_OFF_REGISTER", "coils": "LK_ALL_OFF_COILS"}


class Section:
    """The keys of one section: value and line of each, and its doubts."""

    def __init__(self, line):
        self.line, self.values, self.lines, self.doubts = line, {}, {}, {}

    def add(self, key, text, line):
        if key.startswith("unverified "):
            self.add_doubt(key.split(None, 1)[1], text)
            return
        if key not in KEYS:
            raise Wrong(f"there is no key '{key}'")
        if key in self.values:
            raise Wrong(f"'{key}' is here twice, first in line {self.lines[key]}")
        if text == "none":
            if key in ALWAYS:
                raise Wrong(f"'{key}' cannot be none")
            self.values[key] = None
        else:
            self.values[key] = self.read(key, text)
        self.lines[key] = line

    @staticmethod
    def read(key, text):
        try:
            return KEYS[key](text)
        except Wrong as wrong:
            raise Wrong(f"{key}: {wrong}") from None

    def add_doubt(self, field, text):
        if field not in KEYS:
            raise Wrong(f"unverified: there is no field '{field}'")
        if field in self.doubts:
            raise Wrong(f"unverified: '{field}' is here twice")
        self.doubts[field] = self.read("source", text)


def parse(path, lines):
    """Yields (board name or None for the family, Section)."""
    sections, section = [], None
    for at, raw in enumerate(lines, 1):
        line = raw.strip()
        try:
            if not line or line[0] in "#;":
                continue
            if line[0] == "[":
                section = Section(at)
                sections.append((head(line, sections), section))
                continue
            key, equals, text = line.partition("=")
            if not equals or section is None:
                raise Wrong("neither a section nor 'key = value' in one")
            section.add(" ".join(key.split()), text.strip(), at)
        except Wrong as wrong:
            raise Wrong(f"{path}:{at}: {wrong}") from None
    return sections


def head(line, sections):
    match = re.fullmatch(r"\[(family|board +([a-z0-9][a-z0-9-]*))\]", line)
    if not match:
        raise Wrong("a section is [family] or [board name], the name of small letters, digits and '-'")
    name = match.group(2)
    if name is None and sections:
        raise Wrong("[family] is the first section, once")
    if name is not None and len(name) > NAME_MAX:
        raise Wrong(f"the name is longer than {NAME_MAX} characters")
    return name


class Board:
    def __init__(self, path, family_name, family, name, own):
        self.path, self.family, self.name, self.section = path, family_name, name, own
        self.lines = {**family.lines, **own.lines}
        both = {**family.values, **own.values}
        self.values = {key: value for key, value in both.items() if value is not None}
        self.doubts = {**family.doubts, **own.doubts}
        self.own = own.values

    def wrong(self, text, key=None):
        return Wrong(f"{self.path}:{self.lines.get(key, self.section.line)}: {self.name}: {text}")

    def check(self):
        v = self.values
        for key in ALWAYS:
            if key not in v:
                raise self.wrong(f"'{key}' is missing")
        self.drop_inherited()
        for key, condition, why, needed in BELONGS:
            if needed and condition(v) and key not in v:
                raise self.wrong(f"'{key}' is missing, because of {why}")
            if key in v and not condition(v):
                raise self.wrong(f"'{key}' makes sense only with {why}", key)
        self.check_pulse()
        self.check_room()
        self.check_doubts()

    def drop_inherited(self):
        """A board without inputs in a family with them need not take each input key away one by one."""
        for key in ("inputs_read", "inputs_address", "link_modes_address", "link_modes_free"):
            if self.values["inputs"] == 0 and key not in self.own:
                self.values.pop(key, None)

    def check_pulse(self):
        v = self.values
        for key in ("pulse_min_ms", "pulse_default_ms", "pulse_max_ms"):
            if v[key] % v["pulse_unit_ms"]:
                raise self.wrong(f"{key} is no multiple of pulse_unit_ms", key)
        if not v["pulse_min_ms"] <= v["pulse_default_ms"] <= v["pulse_max_ms"]:
            raise self.wrong("pulse_min_ms, pulse_default_ms and pulse_max_ms are not in order", "pulse_default_ms")
        if v["pulse_kind"] == "register-command" and v["pulse_max_ms"] // v["pulse_unit_ms"] > 0xFF:
            raise self.wrong("pulse_max_ms is more than a byte of pulse_unit_ms", "pulse_max_ms")
        if v.get("pulse_fixed_mode") and v["pulse_fixed_mode"] not in v["pulse_modes"]:
            raise self.wrong("pulse_fixed_mode is none of the pulse_modes", "pulse_fixed_mode")

    def check_room(self):
        """Every range of addresses ends by 0xFFFF."""
        v = self.values
        stride = v.get("pulse_stride", 1)
        for key, size in (("coils_address", v["channels"]), ("coil_address", v["channels"]),
                          ("inputs_address", v["inputs"]), ("link_modes_address", v["inputs"]),
                          ("pulse_address", v["channels"] * stride)):
            if key in v and v[key] + size > 0x10000:
                raise self.wrong(f"{key} leaves no room for all channels", key)
        if "identity_min" in v and v["identity_min"] > v["identity_max"]:
            raise self.wrong("identity_min is above identity_max", "identity_min")

    def check_doubts(self):
        grave = sorted(set(self.doubts) - HARMLESS)
        if self.values["verified"] == "yes" and grave:
            raise self.wrong(f"verified = yes, and yet unverified: {', '.join(grave)}", "verified")
        if self.values["verified"] == "no" and not grave:
            raise self.wrong("verified = no needs an 'unverified FIELD = why'", "verified")

    def row(self, number_of):
        v = self.values
        fields = [("name", quote(self.name)), ("family", quote(self.family)), ("source", quote(v["source"])),
                  ("verified", boolean(v["verified"] == "yes"))]
        if self.doubts:
            fields += [("doubts", f"doubts_{number_of}"), ("doubts_n", len(self.doubts))]
        for key in KEYS:
            if key in v and key not in ("source", "verified"):
                fields += self.field(key, v[key])
        return [f"        .{name} = {value}," for name, value in fields]

    @staticmethod
    def field(key, value):
        if key == "all_off_kind":
            return [(key, ALL_OFF_WORDS[value])]
        if isinstance(value, list):
            listed = "{" + ", ".join(f"0x{item:02X}" for item in value) + "}"
            return [(key, listed)] + ([("pulse_modes_n", len(value))] if key == "pulse_modes" else [])
        if value in ("yes", "no"):
            return [(key, boolean(value == "yes"))]
        if isinstance(value, str):
            return [(key, WORDS[value])]
        has = {"link_modes_address": "has_link_modes", "identity_address": "has_identity",
               "address_register": "has_address_register", "watchdog_address": "has_watchdog"}.get(key)
        hexadecimal = KEYS[key] is ADDRESS or key.endswith("_read")
        return ([(has, "true")] if has else []) + [(key, f"0x{value:04X}" if hexadecimal else str(value))]


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def boolean(value):
    return "true" if value else "false"


def read_family(path):
    family_name = os.path.splitext(os.path.basename(path))[0]
    try:
        with open(path, encoding="utf-8") as file:
            sections = parse(path, file.read().split("\n"))
    except UnicodeDecodeError:
        raise Wrong(f"{path}:1: not UTF-8") from None
    if not sections or sections[0][0] is not None:
        raise Wrong(f"{path}:1: the first section has to be [family]")
    if len(sections) < 2:
        raise Wrong(f"{path}:1: a family needs a [board ...] section")
    for name, section in sections[1:]:
        if not name.startswith(family_name + "-"):
            raise Wrong(f"{path}:{section.line}: the name of a board begins with its family's, '{family_name}-'")
        yield Board(path, family_name, sections[0][1], name, section)


def read_all(paths):
    boards, seen = [], {}
    for path in paths:
        for board in read_family(path):
            if board.name in seen:
                raise board.wrong(f"the name is taken by {seen[board.name]}")
            seen[board.name] = f"{path}:{board.section.line}"
            board.check()
            boards.append(board)
    return boards


def source(boards):
    out = ["/* Made by drivers/profiles/compile_profiles.py from the data files beside it. Change those. */",
           '#include "profiles.h"', ""]
    for at, board in enumerate(boards):
        if board.doubts:
            out.append(f"static const struct lk_board_doubt doubts_{at}[] = {{")
            out += [f"    {{{quote(field)}, {quote(why)}}}," for field, why in board.doubts.items()]
            out += ["};", ""]
    out.append("const struct lk_board_profile lk_profiles[] = {")
    for at, board in enumerate(boards):
        place = f"{os.path.basename(board.path)}:{board.section.line}"
        out += [f"    {{ /* {place} */", *board.row(at), "    },"]
    out += ["};", "", f"const size_t lk_profiles_n = {len(boards)};", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--source")
    what.add_argument("--list", action="store_true")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    try:
        boards = read_all(args.files)
    except (Wrong, OSError) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    if args.list:
        for board in boards:
            state = "verified" if board.values["verified"] == "yes" else "unverified"
            print(f"{board.name} {board.values['channels']} relays {board.values['inputs']} inputs {state}")
        return 0
    with open(args.source + ".tmp", "w", encoding="utf-8") as file:
        file.write(source(boards))
    os.replace(args.source + ".tmp", args.source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
