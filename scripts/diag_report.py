"""The page that scripts/diagnose --html writes: one file, no script, nothing loaded from elsewhere; light and dark; readable without colours."""

import html

STYLE = """
:root { color-scheme: light dark; --good: #2e7d32; --warning: #b26a00; --fault: #c62828; --unknown: #6a1b9a; --line: #8888; }
@media (prefers-color-scheme: dark) { :root { --good: #81c784; --warning: #ffb74d; --fault: #ef9a9a; --unknown: #ce93d8; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } .when { opacity: .7; margin-top: 0; }
.cause { border-left: .4rem solid; padding: .2rem 1rem; margin: 1rem 0; }
.good { color: var(--good); border-color: var(--good); } .warning { color: var(--warning); border-color: var(--warning); }
.fault { color: var(--fault); border-color: var(--fault); } .unknown { color: var(--unknown); border-color: var(--unknown); }
.cause p { color: CanvasText; margin: .2rem 0; }
.banks { display: flex; flex-wrap: wrap; gap: 1.5rem; }
.doors { display: grid; grid-template-columns: repeat(4, 4.2rem); gap: .25rem; }
.door { border: 2px solid; border-radius: .3rem; padding: .3rem; text-align: center; font-size: .85rem; }
.door small { display: block; color: CanvasText; opacity: .8; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .8rem; background: currentColor; vertical-align: middle; }
"""
OPEN = ("open", "pulsing")
BAD = {"forced": "fault", "jammed": "fault", "left_open": "warning", "unknown": "unknown", "lost": "unknown"}
BAR_REM = 12
SPARK = {"width": 240, "height": 40, "doors": 48}  # pixels; so many doors, the worst first


def text(value):
    return html.escape(str(value))


def cause(d, one):
    place = f" {text(one['place'])}" if one["place"] else ""
    parts = [f"<h3>{text(d.say('diag.level.' + one['level']))}: {text(one['part_name'])}{place}</h3>", f"<p>{text(one['text'])}</p>"]
    parts += [f"<p><b>{text(d.say('diag.label.' + key))}</b>{text(one[key])}</p>" for key in ("means", "do")]
    return f'<section class="cause {one["level"]}">{"".join(parts)}</section>'


def changed(d, result):
    if not result["changes"]:
        return ""
    rows = [f"<li>{text(d.say('diag.change.' + kind, what=' '.join(str(c.get(k) or '') for k in ('part_name', 'place', 'text'))))}</li>"
            for kind in ("new", "gone") for c in result["changes"][kind]]
    body = "<ul>" + "".join(rows) + "</ul>" if rows else f"<p>{text(d.say('diag.change.none'))}</p>"
    return f"<h2>{text(d.say('diag.report.changes', since=result['changes']['since']))}</h2>{body}"


def door_level(door):
    level = BAD.get(door.get("state"), "good")
    return "warning" if level == "good" and (door.get("use") == "blocked" or door.get("reason")) else level


def picture(d, facts):
    """Each bank as the doors hang: labels, states in words, colours by health."""
    rows = facts.get("rows") or []
    banks = {}
    for door in rows:
        banks.setdefault(door.get("bank", "?"), []).append(door)
    parts = []
    for bank, doors in banks.items():
        cells = "".join(f'<div class="door {door_level(one)}"><b>{text(one["door"])}</b>'
                        f'<small>{text(d.word("ctl.door", one.get("state")))}</small><small>{text(d.word("ctl.use", one.get("use")))}</small></div>'
                        for one in doors)
        parts.append(f'<div><h3>{text(bank)}</h3><div class="doors">{cells}</div></div>')
    title = f"<h2>{text(d.say('diag.report.cabinet'))}</h2>"
    return title + (f'<div class="banks">{"".join(parts)}</div>' if parts else f"<p>{text(d.say('diag.report.no_doors'))}</p>")


def bars(title, rows, unit):
    """A table with a bar for each row; rows: [(name, number, level)]."""
    most = max((number for _, number, _ in rows), default=0)
    lines = "".join(f'<tr><th>{text(name)}</th><td class="number">{number:g} {text(unit)}</td>'
                    f'<td class="{level}"><span class="bar" style="width:{BAR_REM * number / most if most else 0:.2f}rem"></span></td></tr>'
                    for name, number, level in rows)
    return f"<h2>{text(title)}</h2><table>{lines}</table>" if rows else ""


def bus_charts(d, facts):
    boards = [(f"{bus['name']}/{unit.get('unit')} ({unit.get('bank')})", unit) for bus in facts.get("fieldbuses", []) for unit in bus.get("units", [])
              if unit.get("requests")]
    errors = []
    for name, unit in boards:
        failed = 100 * (unit["requests"] - unit.get("ok", 0)) / unit["requests"]
        errors.append((name, round(failed, 2), "fault" if failed > 5 else "warning" if failed > 0.5 else "good"))
    slow = [(name, unit.get("mean_us", 0) / 1000, "good") for name, unit in boards]
    return bars(d.say("diag.report.errors"), errors, "%") + bars(d.say("diag.report.answers"), slow, "ms")


def openings(d, facts):
    rows = [(door["door"], door["pulses"], "good") for door in facts.get("rows") or [] if door.get("pulses")]
    rows.sort(key=lambda row: -row[1])
    return bars(d.say("diag.report.openings"), rows[:20], "")


def spark(door, most):
    """One door's last openings as a line, and as a dashed one what was usual when its lock was new."""
    times, width, height = door["recent_ms"], SPARK["width"], SPARK["height"]
    step = width / max(1, len(times) - 1)

    def y_of(value):
        return height - 2 - (height - 4) * value / most
    points = " ".join(f"{n * step:.1f},{y_of(value):.1f}" for n, value in enumerate(times))
    usual = door.get("baseline_ms")
    dashed = f'<line x1="0" x2="{width}" y1="{y_of(usual):.1f}" y2="{y_of(usual):.1f}" stroke="currentColor" stroke-dasharray="4 3" opacity=".6"/>' if usual else ""
    dots = f'<circle cx="0" cy="{y_of(times[0]):.1f}" r="2" fill="currentColor"/>' if len(times) == 1 else ""
    return (f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><title>{text(door["door"])}: {text(", ".join(map(str, times)))} ms</title>'
            f'{dashed}{dots}<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2"/></svg>')


def opening_times(d, facts):
    doors = [door for door in facts.get("wear") or [] if door.get("recent_ms")][:SPARK["doors"]]
    most = max((max(door["recent_ms"] + [door.get("baseline_ms") or 0]) for door in doors), default=0) or 1
    lines = "".join(f'<tr class="{"warning" if door.get("warnings") else "good"}"><th>{text(door["door"])}</th>'
                    f'<td class="number">{text(door.get("baseline_ms") or "-")}</td><td class="number">{text(door["recent_ms"][-1])}</td>'
                    f'<td>{spark(door, most)}</td></tr>' for door in doors)
    return f"<h2>{text(d.say('diag.report.opening_times'))}</h2><table>{lines}</table>" if doors else ""


def findings(d, result):
    lines = "".join(f'<tr><td class="{f["level"]}">{text(d.say("diag.level." + f["level"]))}</td><td>{text(f.get("step", ""))}</td>'
                    f'<td>{text(f["place"])}</td><td>{text(f["text"])}</td></tr>' for f in result["findings"])
    return f"<h2>{text(d.say('diag.report.all'))}</h2><table>{lines}</table>"


def page(d, result):
    facts = result["facts"]
    counts = {level: str(sum(c["level"] == level for c in result["causes"])) for level in ("fault", "unknown", "warning", "good")}
    body = "".join([f"<h1>{text(d.say('diag.report.title'))}</h1><p class=\"when\">{text(result['time'])}</p>",
                    f'<p class="{result["verdict"]}"><b>{text(d.say("diag.summary." + result["verdict"], **counts))}</b></p>',
                    "".join(cause(d, one) for one in result["causes"]), changed(d, result), picture(d, facts.get("diag-doors", {})),
                    bus_charts(d, facts.get("diag-bus", {})), openings(d, facts.get("diag-doors", {})),
                    opening_times(d, facts.get("diag-doors", {})), findings(d, result)])
    return (f'<!doctype html>\n<html lang="{"zh-CN" if d.args.lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{text(d.say("diag.report.title"))}</title><style>{STYLE}</style></head>'
            f"<body>{body}</body></html>\n")
