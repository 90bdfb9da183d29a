#!/usr/bin/python3
"""Runs a cross-built contract program in the emulated machine; its cases are judged by itself, and must be some."""

import argparse
import os
import re
import sys

from machine import Machine

LIMIT_S = 240
BUILD_OF = {"bookworm": "arm64", "trixie": "arm64-trixie"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", required=True, help="what tests/vm/make filled")
    parser.add_argument("suite", choices=sorted(BUILD_OF))
    parser.add_argument("program", help="below the build folder of that suite")
    args = parser.parse_args()
    program = os.path.join(args.builds, BUILD_OF[args.suite], args.program)
    with Machine(os.path.join(args.builds, "vm"), args.suite) as machine:
        machine.put(program)
        print(machine.run("uname -srm").strip(), "with the libraries of", args.suite)
        code, out = machine.sh("./" + os.path.basename(program), LIMIT_S)
        print(out)
        passed = re.search(r"\[  PASSED  \] (\d+) test", out)
        assert code == 0, f"{os.path.basename(program)} ended with {code}"
        assert passed and int(passed.group(1)) > 0, "no case ran"
    return 0


if __name__ == "__main__":
    sys.exit(main())
