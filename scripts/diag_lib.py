"""What the diag scripts share: finding lockerctl and the texts, findings, and how they are printed.

A finding is a level, a code and a place. Its texts are in the catalogue (controller/face/catalogue/diag.json): diag.CODE says what
is so, diag.CODE.means what that means, diag.CODE.do what to do next. Needs python3 (3.11) and its standard library only.
"""

import argparse
import configparser
import glob
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
GOOD, WARNING, FAULT, UNKNOWN = "good", "warning", "fault", "unknown"
EXIT = {GOOD: 0, WARNING: 1, FAULT: 2, UNKNOWN: 3}
EXIT_USAGE = 64
PATIENCE_S = 150  # longer than lockerctl waits for a check of a large database
EXIT_HELP = """exit codes:
  0   healthy 正常
  1   warnings: works, but look at it 有警告
  2   faults 有故障
  3   cannot tell, for example because the daemon does not run 无法判断
  64  wrong usage 用法错误"""


class Parser(argparse.ArgumentParser):
    """argparse, with an exit code for wrong usage that does not mean "faults"."""

    def __init__(self, description):
        super().__init__(description=description, epilog=EXIT_HELP, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("--lang", choices=("zh", "en"), default=language(), help="language 语言 (default: by LANG)")
        self.add_argument("--json", action="store_true", help="print one JSON object, for programs")
        self.add_argument("--socket", help="the daemon's admin socket (default: lockerctl's own)")
        self.add_argument("--config", default="/etc/lockerd/lockerd.conf", help="configuration file (default: %(default)s)")
        self.add_argument("--lockerctl", default=None, help="the lockerctl program (default: the one beside, or in PATH)")

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def language():
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].startswith("zh") else "en"
    return "en"


def load_script(name):
    """One of the scripts beside this one, as a module: their names have no .py."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(HERE, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def newest(paths):
    return max((p for p in paths if os.path.exists(p)), key=os.path.getmtime, default=None)


def find_lockerctl():
    built = newest(glob.glob(os.path.join(ROOT, "build", "*", "controller", "ctl", "lockerctl")))
    return os.environ.get("LOCKERCTL") or built or shutil.which("lockerctl")


def find_lockerd(lockerctl):
    """The daemon that belongs to this lockerctl, or the installed one; None when there is none."""
    beside = os.path.join(os.path.dirname(os.path.realpath(lockerctl)), "..", "app", "lockerd") if lockerctl else None
    return next((p for p in (beside, shutil.which("lockerd"), "/usr/sbin/lockerd") if p and os.access(p, os.X_OK)), None)


def load_texts(lockerctl):
    """The catalogue: in a source tree its chapters, which are newer than any build; else the merged file."""
    texts = {}
    for path in glob.glob(os.path.join(ROOT, "controller", "face", "catalogue", "*.json")):
        with open(path, encoding="utf-8") as file:
            texts.update(json.load(file))
    beside = os.path.join(os.path.dirname(lockerctl), "..", "..", "catalogue", "messages.json") if lockerctl else None
    for path in (os.environ.get("LOCKERD_MESSAGES"), beside, "/usr/share/lockerd/messages.json"):
        if not texts and path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                texts = json.load(file)
    return texts


def clean(text):
    """Text from outside, without what would drive the terminal."""
    if isinstance(text, OSError) and text.strerror:
        text = text.strerror
    return "".join(c if c.isprintable() else "?" for c in str(text))


class Diagnosis:
    """Collects findings and prints them. ask() talks to the daemon through lockerctl."""

    def __init__(self, name, args):
        self.name, self.args = name, args
        self.lockerctl = args.lockerctl or find_lockerctl()
        self.texts = load_texts(self.lockerctl)
        self.findings, self.facts = [], {}
        self.step = None  # of a longer walk: which script found it
        self.alias = self.outside = None  # for a bundle that leaves the site: an item's other name; what is kept of a text from outside
        self.daemon_up = None

    def say(self, key, /, **words):
        entry = self.texts.get(key)
        text = entry[self.args.lang] if entry else key
        for name, value in words.items():
            text = text.replace("{" + name + "}", clean(value))
        return text

    def word(self, prefix, value):
        entry = self.texts.get(f"{prefix}.{value}")
        return entry[self.args.lang] if entry else clean(value)

    def reason(self, name):
        """Why, as a part of a sentence."""
        return self.word("reason", name).rstrip("。.") if name and name != "none" else self.say("diag.word.no_reason")

    def span(self, seconds):
        """A time for people: "3 h 12 min", "3 小时 12 分"."""
        if not isinstance(seconds, (int, float)):
            return "?"
        rest, parts = max(0, int(seconds)), []
        for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
            if rest >= size or (unit == "s" and not parts):
                parts.append(self.say("ctl.time." + unit, n=rest // size))
                rest %= size
        return " ".join(parts[:2])

    def add(self, level, code, place="", /, **words):
        words["place"] = place
        if self.alias and "item" in words:
            words["item"] = self.alias(words["item"])
        if self.outside:
            words.update({key: self.outside(str(words[key])) for key in ("text", "error", "message") if key in words})
        finding = {"level": level, "code": code, "place": clean(place), "text": self.say("diag." + code, **words)}
        if self.step:
            finding["step"] = self.step
        if level != GOOD:
            finding.update(means=self.say(f"diag.{code}.means", **words), do=self.say(f"diag.{code}.do", **words))
        self.findings.append(finding)

    def command(self, *words):
        line = [self.lockerctl, "--json"] + (["--socket", self.args.socket] if self.args.socket else [])
        return line + list(words)

    def ask(self, command, *needed):
        """The daemon's answer, with the keys that are needed; or None after a finding was added (once a run for "not running")."""
        if self.daemon_up is False:
            return None
        if not self.lockerctl:
            self.daemon_up = False
            self.add(UNKNOWN, "no_lockerctl")
            return None
        try:
            done = subprocess.run(self.command(command), capture_output=True, text=True, timeout=PATIENCE_S)
            answer = json.loads(done.stdout) if done.stdout else {}
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            self.add(UNKNOWN, "ask_failed", command, error=error)
            return None
        if done.returncode not in (0, 5):
            self.not_answered(command, done.returncode, answer)
            return None
        self.daemon_up = True
        missing = [key for key in needed if key not in answer]
        if missing:
            self.add(UNKNOWN, "ask_failed", command, error="no " + ", ".join(missing))
        return None if missing else answer

    def not_answered(self, command, code, answer):
        message = clean(answer.get("message", ""))
        if code == 3 and "permission" in message:
            self.daemon_up = False
            self.add(UNKNOWN, "no_permission", message=message)
        elif code == 3 and answer.get("reason") == "unreachable":
            self.daemon_up = False
            self.add(UNKNOWN, "daemon_down", message=message)
        else:
            self.add(UNKNOWN, "ask_failed", command, error=f"{answer.get('reason', code)}: {message}")

    def verdict(self):
        for level in (FAULT, UNKNOWN, WARNING):
            if any(f["level"] == level for f in self.findings):
                return level
        return GOOD

    def finish(self):
        """Prints everything and returns the exit code."""
        verdict = self.verdict()
        if self.args.json:
            print(json.dumps({"script": self.name, "verdict": verdict, "exit": EXIT[verdict], "daemon": self.daemon_up,
                              "findings": self.findings, "facts": self.facts}, ensure_ascii=False))
            return EXIT[verdict]
        order = [FAULT, UNKNOWN, WARNING, GOOD]
        for finding in sorted(self.findings, key=lambda f: -1 if f["code"] == "daemon_down" else order.index(f["level"])):
            self.print_finding(finding)
        counts = {level: sum(f["level"] == level for f in self.findings) for level in order}
        print(self.say("diag.summary." + verdict, **{level: str(n) for level, n in counts.items()}))
        return EXIT[verdict]

    def print_finding(self, finding):
        place = f"{finding['place']}  " if finding["place"] else ""
        print(f"[{self.say('diag.level.' + finding['level'])}] {place}{finding['text']}")
        for part in ("means", "do"):
            if finding["level"] != GOOD:
                print(f"    {self.say('diag.label.' + part)}{finding[part]}")
        if finding["level"] != GOOD:
            print()


def read_config(path):
    """The configuration as {section: {key: value}}, main file and drop-ins; {} when it cannot be read. lockerd itself is much
    stricter; `lockerd --check-config` is the judge."""
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",), strict=False)
    try:
        parser.read([path, *sorted(glob.glob(os.path.join(os.path.dirname(path), "conf.d", "*.conf")))], encoding="utf-8-sig")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def guarded(run):
    """Exit code of run(); whatever goes wrong must not look like "warnings", which is Python's own exit code for it."""
    try:
        return run()
    except KeyboardInterrupt:
        return EXIT[UNKNOWN]
    except Exception:
        traceback.print_exc()
        return EXIT[UNKNOWN]


def main(name, description, check, extend=None):
    """The frame of every script: options, check(diagnosis), the verdict."""
    parser = Parser(description)
    if extend:
        extend(parser)
    args = parser.parse_args()

    def run():
        diagnosis = Diagnosis(name, args)
        check(diagnosis)
        return diagnosis.finish()
    return guarded(run)
