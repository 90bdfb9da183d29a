"""A year that is not right is found out, and the run says where.

    lies.py PROGRAM
"""
import subprocess
import sys

LIES = {"vanish": "custody says", "deaf": "books say"}


def main():
    for lie, says in LIES.items():
        command = [sys.argv[1], "--sites", "1", "--days", "9", "--seed", "5", "--lie", lie]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert run.returncode == 1 and says in run.stderr, f"{lie}: {run.returncode} {run.stderr}"
        assert "violations" not in run.stdout


main()
