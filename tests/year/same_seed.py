"""The same seed gives the same table, byte for byte, however many sites run at once; another seed gives another one.

    same_seed.py PROGRAM SITES DAYS
"""
import subprocess
import sys


def table(program, sites, days, seed, jobs):
    command = [program, "--sites", sites, "--days", days, "--seed", str(seed), "--jobs", str(jobs)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def main():
    program, sites, days = sys.argv[1:4]
    first = table(program, sites, days, 11, 2)
    again = table(program, sites, days, 11, 1)
    other = table(program, sites, days, 12, 2)
    assert first == again, "the same seed gave another table"
    rows = [line for line in first.splitlines() if b"seed" not in line]
    assert rows != [line for line in other.splitlines() if b"seed" not in line], "two seeds gave the same year"
    assert b"0 violations" in first


main()
