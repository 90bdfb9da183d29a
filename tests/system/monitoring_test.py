#!/usr/bin/python3
"""Alert rules and dashboard ask only for metrics and labels that the daemon has, in the words it uses; every alert says what to do."""

import json
import os
import re
import sys
import unittest

import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FOLDER = os.path.join(ROOT, "packaging", "monitoring")
SEVERITIES = {"page", "ticket", "info"}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def metrics_of_the_daemon():
    """Names that controller/app/metrics.c and metrics_wear.c write; those of latencies are put together there."""
    text = read("controller", "app", "metrics.c") + read("controller", "app", "metrics_wear.c")
    names = set(re.findall(r'"([a-z0-9_]+)",\s*"(?:gauge|counter)"', text))
    return names | {f"board_latency_{part}_seconds" for part in re.findall(r'"board_latency_([a-z0-9]+)_seconds"', text)}


def words(file, table):
    body = read("controller", "core", file).split(f"const {table}[] = {{", 1)[1].split("};", 1)[0]
    return set(re.findall(r'= "([^"]+)"', body))


class Monitoring(unittest.TestCase):
    def setUp(self):
        self.rules = [rule for group in yaml.safe_load(read("packaging", "monitoring", "lockerd.rules.yml"))["groups"] for rule in group["rules"]]
        self.dashboard = json.loads(read("packaging", "monitoring", "lockerd.dashboard.json"))
        self.expressions = [r["expr"] for r in self.rules] + [t["expr"] for p in self.dashboard["panels"] for t in p["targets"]]

    def test_only_what_the_daemon_says(self):
        known = metrics_of_the_daemon()
        self.assertGreaterEqual(len(known), 40)
        for expression in self.expressions:
            for name in re.findall(r"\blockerd_([a-z0-9_]+)", expression):
                self.assertIn(name, known, expression)

    def test_labels_are_words_of_the_program(self):
        of = {"state": words("words.c", "door_state_names"), "custody": words("words.c", "custody_names"), "quality": words("words.c", "clock_quality_names")}
        for expression in self.expressions:
            for label, value in re.findall(r'\b(state|custody|quality)=~?"([^"]+)"', expression):
                self.assertLessEqual(set(value.split("|")), of[label], expression)

    def test_every_alert_helps(self):
        names = [r["alert"] for r in self.rules]
        self.assertEqual(len(set(names)), len(names))
        for rule in self.rules:
            self.assertIn(rule["labels"]["severity"], SEVERITIES)
            self.assertRegex(rule["annotations"]["summary"], r" · .*[\u4e00-\u9fff]", "in both languages")
            self.assertGreater(len(rule["annotations"]["action"]), 15)

    def test_brackets_close(self):
        for expression in self.expressions:
            self.assertEqual(expression.count("("), expression.count(")"), expression)
            self.assertEqual(expression.count("{"), expression.count("}"), expression)

    def test_panels_do_not_overlap(self):
        taken = {}
        for p in self.dashboard["panels"]:
            g = p["gridPos"]
            for x in range(g["x"], g["x"] + g["w"]):
                for y in range(g["y"], g["y"] + g["h"]):
                    self.assertNotIn((x, y), taken, p["title"])
                    taken[x, y] = p["title"]
            self.assertLessEqual(g["x"] + g["w"], 24)


if __name__ == "__main__":
    sys.exit(unittest.main())
