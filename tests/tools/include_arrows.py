#!/usr/bin/python3
"""Checks who includes whom (docs/architecture.md), and how long files and functions are.

    include_arrows.py [ROOT]          check the tree (default: the one this file lies in)
    include_arrows.py --stats [ROOT]  also print medians

Exit: 0 clean, 1 violations (one per line: file:line: what is wrong), 2 usage. Standard library only.
"""

import os
import re
import statistics
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
FOLDERS = ("controller", "drivers", "hal")
FILE_MOST, FUNCTION_MOST = 600, 70

# The longest prefix that matches a file's path decides. uses: what its quoted includes may begin with.
# system: None = any system header (libraries are checked below), else exactly these.
PURE = {"assert.h", "errno.h", "inttypes.h", "limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}
LIBC = PURE | {"ctype.h", "fcntl.h", "poll.h", "pthread.h", "sched.h", "signal.h", "stdatomic.h", "stdio.h", "stdlib.h",
               "strings.h", "sys/eventfd.h", "sys/types.h", "time.h", "unistd.h"}
ZONES = {
    "hal/base": {"uses": ("base/",), "system": LIBC},
    "hal": {"uses": ("hal/", "base/"), "system": None},
    "drivers": {"uses": ("drivers/", "hal/", "base/"), "system": None},
    "controller/core": {"uses": ("core/", "base/text.h", "base/cleanup.h"), "system": PURE},
    "controller/store": {"uses": ("store/", "core/", "base/"), "system": None},
    "controller/uplink": {"uses": ("uplink/", "core/", "base/"), "system": None},
    "controller/face/catalogue": {"uses": ("catalogue/", "base/"), "system": LIBC},
    "controller/face": {"uses": ("face/", "catalogue/", "core/", "base/"), "system": None},
    "controller/app": {"uses": ("app/", "store/", "uplink/", "face/", "catalogue/", "core/", "drivers/", "hal/", "base/"),
                       "system": None},
    "controller/commission": {"uses": ("commission/", "drivers/", "hal/", "base/"), "system": None},
    # lockerctl borrows the real line for commissioning only; CHOOSERS says in which file.
    "controller/ctl": {"uses": ("catalogue/", "commission/", "base/", "hal/fieldbus_linux.h"), "system": None},
}

# Libraries: which folders may include them, and in how many files (None: any number).
LIBRARIES = (
    (r"modbus\.h", ("hal/linux",), (1, 1)),
    (r"MQTTAsync\.h", ("controller/uplink",), (1, 1)),
    (r"gpiod\.h", ("hal/linux",), (0, 2)),  # one per major version of libgpiod
    (r"libevdev/.*", ("hal/linux",), (1, 1)),
    (r"sqlite3\.h", ("controller/store",), None),
    (r"jansson\.h", ("controller/store", "controller/uplink", "controller/face", "controller/app", "controller/ctl",
                     "controller/commission"), None),
    (r"event2/.*", ("controller/face", "controller/app"), None),
    (r"argon2\.h", ("controller/app",), (0, 1)),
    (r"ini\.h", ("controller/app",), (0, 1)),
    (r"jose/.*", ("controller/uplink",), None),
    (r"openssl/.*", ("controller/store", "controller/uplink"), None),
    (r"systemd/.*", ("hal/linux", "controller/app"), None),
)

LOGGERS = ("controller/app", "controller/ctl", "hal/base", "hal/linux/journal_linux.c")  # the last one takes lines, and writes none
BACKEND = re.compile(r"^hal/(?:linux/|sim/|sim_.*|.*_linux\.h|.*_sim\.h)")
CHOOSERS = ("controller/app/main.c", "controller/ctl/cmd_commission.c", "hal/linux/", "hal/sim/", "hal/include/")


def under(path, folder):
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def zone_of(path):
    fitting = [name for name in ZONES if under(path, name)]
    return max(fitting, key=len) if fitting else None


def sources(root):
    for folder in FOLDERS:
        for where, dirs, names in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if d not in ("build", "node_modules"))
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(where, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read().splitlines()


def headers_by_name(paths):
    """Bare name -> zones in which such a private header lies."""
    found = {}
    for path in paths:
        if path.endswith(".h"):
            found.setdefault(os.path.basename(path), set()).add(zone_of(path))
    return found


def judge_quoted(path, zone, header, private):
    """What is wrong with #include "header", or None."""
    if ".." in header.split("/"):
        return f'"{header}" climbs out of its folder'
    if header == "base/log.h" and not any(under(path, z) for z in LOGGERS):
        return "nobody below controller/app and controller/ctl logs"
    if BACKEND.match(header) and not any(path == c or path.startswith(c) for c in CHOOSERS):
        return f'only controller/app/main.c and controller/ctl/cmd_commission.c pick a backend, not through "{header}"'
    if "/" in header:
        uses = ZONES[zone]["uses"]
        return None if header.startswith(uses) else f'{zone} must not use "{header}"'
    zones = private.get(header)
    if zones is not None and zone not in zones:
        return f'"{header}" is private to {", ".join(sorted(z or "?" for z in zones))}'
    return None  # its own, or made by the build


def judge_system(path, zone, header):
    allowed = ZONES[zone]["system"]
    if allowed is not None and header not in allowed:
        return f"{zone} must not use <{header}>"
    for pattern, folders, _ in LIBRARIES:
        if re.fullmatch(pattern, header) and not any(under(path, f) for f in folders):
            return f'<{header}> belongs to {", ".join(folders)}'
    return None


def check_includes(root, paths):
    private, users, wrong = headers_by_name(paths), {}, []
    for path in paths:
        zone = zone_of(path)
        if zone is None:
            wrong.append(f"{path}:1: a source file in no known folder; add it to ZONES and to docs/architecture.md")
            continue
        for number, line in enumerate(read(root, path), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, system = match.groups()
            what = judge_quoted(path, zone, quoted, private) if quoted else judge_system(path, zone, system)
            if what:
                wrong.append(f"{path}:{number}: {what}")
            if system:
                users.setdefault(system, set()).add(path)
    return wrong + check_counts(users)


def check_counts(users):
    wrong = []
    for pattern, _, bounds in LIBRARIES:
        if bounds is None:
            continue
        files = sorted(set().union(*([paths for header, paths in users.items() if re.fullmatch(pattern, header)] or [set()])))
        least, most = bounds
        if not least <= len(files) <= most:
            plain = pattern.replace("\\", "")
            wrong.append(f"{files[0] if files else '.'}:1: <{plain}> is included by {len(files)} files "
                         f"({', '.join(files) or 'none'}), should be {least if least == most else f'at most {most}'}")
    return wrong


def functions(lines):
    """(first line, length) of each function: from the brace in column one to its partner."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def check_sizes(root, paths, lengths):
    wrong = []
    for path in paths:
        lines = read(root, path)
        if len(lines) > FILE_MOST:
            wrong.append(f"{path}:{FILE_MOST + 1}: the file has {len(lines)} lines, more than {FILE_MOST}")
        for start, length in functions(lines) if path.endswith(".c") else ():
            lengths.append(length)
            if length > FUNCTION_MOST:
                wrong.append(f"{path}:{start}: a function of {length} lines, more than {FUNCTION_MOST}")
    return wrong


def check(root):
    paths, lengths = list(sources(root)), []
    wrong = check_includes(root, paths) + check_sizes(root, paths, lengths)
    if not paths:
        wrong.append(f"{root}:1: there is nothing to check here")
    return wrong, paths, lengths


def main(arguments):
    stats = "--stats" in arguments
    rest = [a for a in arguments if a != "--stats"]
    if len(rest) > 1 or any(a.startswith("-") for a in rest):
        print(__doc__, file=sys.stderr)
        return 2
    here = os.path.dirname(os.path.abspath(__file__))
    root = rest[0] if rest else os.path.dirname(os.path.dirname(here))
    wrong, paths, lengths = check(root)
    for line in wrong:
        print(line)
    if stats and len(lengths) > 1:
        print(f"{len(paths)} files, {len(lengths)} functions: median {statistics.median(lengths):.0f}, "
              f"p95 {statistics.quantiles(lengths, n=20)[-1]:.0f}, longest {max(lengths)} lines")
    print(f"{len(wrong)} violations in {len(paths)} files")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
