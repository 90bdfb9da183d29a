"""What a run found, and how it is shown: on the terminal, as JSON, as one HTML page."""

import html
import json
import time

PASS, FAIL, SKIP = "pass", "fail", "skip"
EXIT = {PASS: 0, FAIL: 1}
EXIT_USAGE, EXIT_NO_BROKER = 64, 3


class Rule:
    """One promise of docs/contract. check(side) returns what was seen; raises Broken, or Skipped."""

    def __init__(self, name, sentence, why, check):
        self.name, self.sentence, self.why, self.check = name, sentence, why, check


class Broken(Exception):
    """The rule does not hold; the text says what was seen."""


class Skipped(Exception):
    """It could not be tried; the text says why."""


def need(true, seen):
    if not true:
        raise Broken(seen)


class Report:
    def __init__(self, side, about):
        self.side, self.about, self.rows, self.began = side, about, [], time.time()

    def run(self, rule, subject, say=lambda _row: None):
        began = time.monotonic()
        try:
            result, seen = PASS, rule.check(subject)
        except Broken as broken:
            result, seen = FAIL, str(broken)
        except Skipped as skipped:
            result, seen = SKIP, str(skipped)
        except TimeoutError as error:
            result, seen = FAIL, str(error)
        row = {"rule": rule.name, "result": result, "sentence": rule.sentence, "why": rule.why, "seen": seen or "",
               "seconds": round(time.monotonic() - began, 1)}
        self.rows.append(row)
        say(row)

    def verdict(self):
        return FAIL if not self.rows or any(r["result"] == FAIL for r in self.rows) else PASS

    def counts(self):
        return {result: sum(r["result"] == result for r in self.rows) for result in (PASS, FAIL, SKIP)}

    def as_json(self):
        return json.dumps({"side": self.side, "about": self.about, "verdict": self.verdict(), "counts": self.counts(), "rules": self.rows},
                          ensure_ascii=False, indent=1)

    def as_html(self):
        def row(r):
            cells = (r["result"], r["rule"], r["sentence"], r["seen"], r["why"])
            return f'<tr class="{r["result"]}">' + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>"
        counts = ", ".join(f"{n} {result}" for result, n in self.counts().items())
        return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Conformance of {html.escape(self.about)}</title>
<style>body{{font:16px/1.5 sans-serif;margin:2em auto;max-width:75em;padding:0 1em}}table{{border-collapse:collapse;width:100%}}
td,th{{border:1px solid #bbb;padding:.4em .6em;text-align:left;vertical-align:top}}.fail td:first-child{{background:#c00;color:#fff}}
.pass td:first-child{{background:#063;color:#fff}}.skip td:first-child{{background:#777;color:#fff}}</style>
<h1>Conformance: {html.escape(self.side)} {html.escape(self.about)}</h1>
<p><strong>{"Every rule that was tried holds" if self.verdict() == PASS else "Not conformant"}</strong>: {counts}.
{time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.began))}. The rules are those of docs/contract.</p>
<table><tr><th>result<th>rule<th>what has to hold<th>what was seen<th>why</tr>{"".join(row(r) for r in self.rows)}</table></html>
"""


def terminal(row):
    mark = {PASS: "ok  ", FAIL: "FAIL", SKIP: "skip"}[row["result"]]
    print(f"{mark} {row['rule']:28} {row['sentence']}", flush=True)
    if row["result"] != PASS:
        print(f"     {row['seen']}", flush=True)
    if row["result"] == FAIL:
        print(f"     why it matters: {row['why']}", flush=True)
