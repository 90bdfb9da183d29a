"""docs/contract/README.md as data: its tables of topics, fields, events, reasons, and its examples."""

import json
import os
import re

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
CONTRACT = os.path.join(ROOT, "docs", "contract")


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


class Page:
    def __init__(self, folder=CONTRACT):
        self.folder = folder
        with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
            self.text = f.read()
        self.topics = {row[0].strip("`"): row[1:] for row in self.table("topic", "direction", "QoS, retain", "content")}
        self.fields = {name: row[1:] for row in self.table("field", "form", "meaning") for name in words(row[0])}
        self.events = {words(row[0])[0]: (words(row[1]), words(row[2]), row[3])
                       for row in self.table("event", "always", "may be there", "meaning")}
        self.reasons = [word for row in self.table("reason", "meaning") for word in words(row[0])]

    def table(self, *heads):
        start = self.text.index("| " + " | ".join(heads) + " |\n")
        lines = self.text[start:].split("\n\n")[0].splitlines()[2:]
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        return [row + [""] * (len(heads) - len(row)) for row in rows]

    def states(self, name):
        """The words that the page lists for `state` and `use` of a compartment."""
        sentence = re.search(rf"`{name}` is `([^`]+)`(?: or `([^`]+)`)?", self.text)
        return [w.strip() for part in sentence.groups() if part for w in part.split(",")]

    def faults(self):
        return words(re.search(r"`what` is ([^,]+(?:, [^,]+)*?), `place`", self.text).group(1))

    def example(self, name):
        with open(os.path.join(self.folder, "examples", name + ".json"), encoding="utf-8") as f:
            return json.load(f)
