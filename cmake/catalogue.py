#!/usr/bin/python3
"""Merge the chapters of the catalogue of texts: JSON for scripts and pages, C for programs.

usage: catalogue.py --json OUT --source OUT.c [--subset OUT=chapter,chapter ...] CHAPTER.json ...

A chapter is {"key": {"zh": "...", "en": "..."}, ...}. Errors (exit 1, all of them named): a key twice, in one chapter
or in two; a missing, empty or further language; a placeholder {name} in one language only; a control character.
"""

import argparse
import json
import os
import re
import sys

LANGUAGES = ("zh", "en")
KEY = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def pairs_without_repeats(errors, path):
    def hook(pairs):
        seen = {}
        for key, value in pairs:
            if key in seen:
                errors.append(f"{path}: key twice: {key}")
            seen[key] = value
        return seen
    return hook


def check_entry(path, key, entry):
    if not KEY.match(key):
        yield f"{path}: {key}: a key is lower-case words joined by dots"
    if not isinstance(entry, dict) or set(entry) != set(LANGUAGES):
        yield f"{path}: {key}: needs exactly the languages {', '.join(LANGUAGES)}"
        return
    for language in LANGUAGES:
        text = entry[language]
        if not isinstance(text, str) or not text.strip():
            yield f"{path}: {key}: {language} is empty"
        elif any(ord(c) < 32 and c != "\n" for c in text):
            yield f"{path}: {key}: {language} has a control character"
    names = [sorted(set(PLACEHOLDER.findall(str(entry[language])))) for language in LANGUAGES]
    if names[0] != names[1]:
        yield f"{path}: {key}: placeholders differ: {names[0]} and {names[1]}"


def load(paths):
    chapters, owner, errors = {}, {}, []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                chapter = json.load(file, object_pairs_hook=pairs_without_repeats(errors, path))
        except (OSError, ValueError) as error:
            errors.append(f"{path}: {error}")
            continue
        for key, entry in chapter.items():
            errors.extend(check_entry(path, key, entry))
            if key in owner:
                errors.append(f"{path}: {key} is already in {owner[key]}")
            owner[key] = path
        chapters[os.path.splitext(os.path.basename(path))[0]] = chapter
    return chapters, errors


def merged(chapters, names=None):
    return {key: entry for name, chapter in chapters.items() if names is None or name in names
            for key, entry in chapter.items()}


def c_string(text):
    out = []
    for byte in text.encode("utf-8"):
        if byte in b'"\\':
            out.append("\\" + chr(byte))
        elif 32 <= byte < 127 and byte != ord("?"):
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def c_source(texts):
    lines = ["/* Made by cmake/catalogue.py from controller/face/catalogue. */", '#include "catalogue/rows.h"', "",
             "const struct lk_catalogue_row lk_catalogue_rows[] = {"]
    for key in sorted(texts, key=lambda k: k.encode()):
        values = ", ".join(c_string(texts[key][language]) for language in LANGUAGES)
        lines.append(f"    {{{c_string(key)}, {{{values}}}}},")
    lines += ["};", f"const size_t lk_catalogue_row_count = {len(texts)};", ""]
    return "\n".join(lines)


def write(path, text):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".tmp", path)


def to_json(texts):
    return json.dumps(texts, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--subset", action="append", default=[])
    parser.add_argument("chapters", nargs="+")
    args = parser.parse_args()
    chapters, errors = load(args.chapters)
    if errors:
        print("\n".join(errors), file=sys.stderr)
        return 1
    write(args.json, to_json(merged(chapters)))
    write(args.source, c_source(merged(chapters)))
    for subset in args.subset:
        path, _, names = subset.partition("=")
        write(path, to_json(merged(chapters, names.split(","))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
