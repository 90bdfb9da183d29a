#!/usr/bin/python3
"""scripts/contract: writes docs/contract/schemas, asyncapi.yaml and examples/invalid anew, or checks that they are up to date."""

import argparse
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import asyncapi  # noqa: E402
import examples  # noqa: E402
import schemas  # noqa: E402
from page import Page  # noqa: E402


def files(page):
    """Path below docs/contract -> what it has to say."""
    def dump(value):
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    made = {f"schemas/{name}.json": dump(schema) for name, schema in schemas.all_of(page).items()}
    made.update({f"examples/invalid/{name}.json": dump(one) for name, one in examples.invalid(page).items()})
    made["asyncapi.yaml"] = asyncapi.text(page, schemas.COMMANDS)
    return made


def there_is(page, path):
    try:
        with open(os.path.join(page.folder, path), encoding="utf-8") as f:
            return f.read()
    except OSError:
        return None


def strays(page, made):
    """Files of ours that nothing makes any more."""
    for folder in ("schemas", "examples/invalid"):
        full = os.path.join(page.folder, folder)
        for name in sorted(os.listdir(full)) if os.path.isdir(full) else []:
            if f"{folder}/{name}" not in made:
                yield f"{folder}/{name}"


def main(argv):
    p = argparse.ArgumentParser(prog="scripts/contract", description=__doc__)
    p.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what is not up to date")
    args = p.parse_args(argv)
    page = Page()
    made = files(page)
    stale = [path for path, text in made.items() if there_is(page, path) != text]
    gone = list(strays(page, made))
    if args.check:
        for path in stale + gone:
            print(f"docs/contract/{path} is not what README.md says: run scripts/contract", file=sys.stderr)
        return 1 if stale or gone else 0
    for path in stale:
        full = os.path.join(page.folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(made[path])
    for path in gone:
        os.unlink(os.path.join(page.folder, path))
    print(f"{len(made)} files, {len(stale)} written, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
