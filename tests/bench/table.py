"""Rows of the bench and how they are printed."""

import json
import os
import statistics
import time


class Row:
    """One line: measured values in `unit`, what the lawful or computed limit is, and what was promised.

    limit: the best a perfect implementation could do, or the number of another run to compare with (limit_says tells).
    target: a number the judged statistic ("median", "p99" or "max") must not exceed; None: shown, not judged.
    """

    def __init__(self, what, unit, values, limit=None, limit_says="", target=None, judged="median", target_says=None,
                 extra=""):
        self.what, self.unit, self.limit, self.limit_says = what, unit, limit, limit_says
        ordered = sorted(values)
        self.n = len(ordered)
        self.median = statistics.median(ordered)
        self.p99 = ordered[min(self.n - 1, int(self.n * 0.99))]
        self.max = ordered[-1]
        self.target, self.judged, self.extra = target, judged, extra
        self.target_says = target_says or ("" if target is None else f"{judged} <= {number(target)}")
        self.ok = None if target is None else getattr(self, judged) <= target

    @property
    def ratio(self):
        return self.median / self.limit if self.limit else None

    @property
    def verdict(self):
        return "-" if self.ok is None else "ok" if self.ok else "MISSED"

    def as_json(self):
        return {"what": self.what, "unit": self.unit, "n": self.n, "median": self.median, "p99": self.p99,
                "max": self.max, "limit": self.limit, "limit_says": self.limit_says, "ratio": self.ratio,
                "target": self.target, "judged": self.judged, "verdict": self.verdict, "extra": self.extra}


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"


HEAD = ("what", "unit", "median", "p99", "max", "n", "limit", "ratio", "target", "verdict")


def cells(row):
    return (row.what, row.unit, number(row.median), number(row.p99), number(row.max), str(row.n), number(row.limit),
            "-" if row.ratio is None else f"{row.ratio:.2f}", row.target_says or "-", row.verdict)


class Table:
    """Prints each row as it comes, keeps them for the JSON file."""

    WIDTHS = (58, 5, 9, 9, 9, 6, 9, 6, 20, 7)

    def __init__(self, out):
        self.rows, self.out, self.begun, self.load = [], out, time.time(), os.getloadavg()[0]
        self._line(HEAD)

    def _line(self, columns):
        text = " ".join(c.ljust(w) if i in (0, 1, 8, 9) else c.rjust(w)
                        for i, (c, w) in enumerate(zip(columns, self.WIDTHS)))
        print(text.rstrip(), file=self.out, flush=True)

    def add(self, row):
        self.rows.append(row)
        self._line(cells(row))
        notes = "; ".join(part for part in (f"limit: {row.limit_says}" if row.limit_says else "", row.extra) if part)
        if notes:
            print(f"    {notes}", file=self.out, flush=True)

    def write_json(self, path, about):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({**about, "rows": [row.as_json() for row in self.rows]}, f, indent=1)
            f.write("\n")
