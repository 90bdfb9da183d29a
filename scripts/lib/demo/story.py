"""Prints a story as it happens, in Chinese and English, and the table of what the postal system received."""

import os
import sys
import time
import unicodedata

WHAT_HAPPENED = ("item", "door", "from", "to", "outcome", "actor", "who", "reason", "count", "duration_s", "clock", "bank")


def width(text):
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text, columns):
    return text + " " * max(0, columns - width(text))


class Story:
    """Lines with the seconds since the beginning."""

    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.began = time.monotonic()
        self.colour = self.out.isatty() and "NO_COLOR" not in os.environ
        self.scene = "setting up"

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        print(text, file=self.out, flush=True)

    def heading(self, zh, en):
        self.scene = en
        self.line()
        self.line(self._paint("1;36", f"■ {zh} · {en}"))

    def say(self, zh, en):
        self.line(f"{time.monotonic() - self.began:6.1f} s  {zh}")
        self.line(f"          {self._paint('2', en)}")

    def verdict(self, good, text):
        self.line(f"  {self._paint('1;32', '✓') if good else self._paint('1;31', '✗')} {text}")

    def events(self, events, taken_at):
        """One row per event; taken_at: seq -> seconds between the happening and its arrival."""
        self.line(self._paint("1", f"  {'seq':>4}  {'time (UTC)':<12}  {'event':<18}  {'item':<12}  {'door':<4}  details"))
        for event in events:
            data = event["data"]
            more = []
            if "to" in data:
                more.append(f"{data.get('from', '–')} → {data['to']}")
            more += [f"{k}={data[k]}" for k in WHAT_HAPPENED if k in data and k not in ("item", "door", "from", "to")]
            if data.get("alarm"):
                more.append(self._paint("1;31", "ALARM"))
            if taken_at.get(event["seq"], 0) >= 1:
                more.append(self._paint("33", f"(arrived {taken_at[event['seq']]:.0f} s later)"))
            kind = event["type"][len("locker."):-len(".v1")]
            self.line(f"  {event['seq']:>4}  {event['time'][11:23]:<12}  {kind:<18}  {data.get('item', ''):<12}  "
                      f"{data.get('door', ''):<4}  {' '.join(more)}")
