#!/usr/bin/python3
"""Turn the kiosk page's files into one C table, so that the daemon serves them without a file on disk.

usage: embed.py --source OUT.c --header FACE_HEADER FILE[=NAME] ...

The table holds, for each file, "/" + its name (or NAME), its media type by extension, and its bytes.
"""

import argparse
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml"}


def rows(files):
    for number, item in enumerate(files):
        path, _, name = item.partition("=")
        name = name or os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        yield number, name, TYPES[os.path.splitext(name)[1]], data


def source(header, files):
    head = ["/* Made by cmake/embed.py from controller/face/web. */", f'#include "{header}"', ""]
    table = ["const struct lk_asset lk_assets[] = {"]
    count = 0
    for number, name, media, data in rows(files):
        head.append(f"static const unsigned char asset_{number}[] = {{")
        head += ["    " + "".join(f"{byte}," for byte in data[at:at + 32]) for at in range(0, len(data), 32)]
        head += ["    0};", ""]
        table.append(f'    {{"/{name}", "{media}", (const char *)asset_{number}, {len(data)}}},')
        count += 1
    table += ["};", f"const size_t lk_asset_count = {count};", ""]
    return "\n".join(head + table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True)
    parser.add_argument("--header", required=True)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    text = source(args.header, args.files)
    with open(args.source + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(args.source + ".tmp", args.source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
