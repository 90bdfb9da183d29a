"""Reads Prometheus text (exposition format 0.0.4) as strictly as promtool: one HELP and one TYPE for each metric, before its
samples and all of them together, names and labels well formed, values escaped, counters named so, no sample twice.
"""
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)\Z")
TYPES = ("counter", "gauge")


class Malformed(Exception):
    """What is wrong, with the line."""


def _labels(text, line):
    found, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match.group(1) in found:
            raise Malformed(f"labels: {line}")
        value = re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), match.group(2))
        found[match.group(1)] = value
        at = match.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Malformed(f"labels: {line}")
            at += 1
    return found


def _number(text, line):
    try:
        value = float(text)
    except ValueError as error:
        raise Malformed(f"value: {line}") from error
    if math.isnan(value) or math.isinf(value) or "_" in text:
        raise Malformed(f"value: {line}")
    return value


def parse(text):
    """{name: {"type", "help", "samples": {labels as sorted tuple of pairs: value}}}; raises Malformed."""
    metrics, current = {}, None
    if not text.endswith("\n"):
        raise Malformed("the last line has no end")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, text_of = line[7:].partition(" ")
            if not NAME.match(name) or name in metrics or not text_of or text_of != text_of.strip():
                raise Malformed(f"help: {line}")
            current = metrics[name] = {"help": text_of, "type": None, "samples": {}, "name": name}
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            if current is None or current["name"] != name or current["type"] or current["samples"] or kind not in TYPES:
                raise Malformed(f"type: {line}")
            if (kind == "counter") != name.endswith("_total"):
                raise Malformed(f"counters end in _total, others do not: {line}")
            current["type"] = kind
        else:
            match = SAMPLE.match(line)
            if not match or current is None or match.group(1) != current["name"] or not current["type"]:
                raise Malformed(f"sample: {line}")
            labels = tuple(sorted(_labels(match.group(2) or "", line).items()))
            if labels in current["samples"]:
                raise Malformed(f"twice: {line}")
            value = _number(match.group(3), line)
            if current["type"] == "counter" and value < 0:
                raise Malformed(f"a counter below 0: {line}")
            current["samples"][labels] = value
    empty = [name for name, metric in metrics.items() if not metric["samples"]]
    if empty:
        raise Malformed(f"without samples: {empty}")
    return metrics


def value(metrics, name, **labels):
    return metrics[name]["samples"][tuple(sorted(labels.items()))]
