#!/usr/bin/python3
"""The papers speak of things that are there: links and their anchors lead somewhere, every page of docs/ can be reached from
docs/README.md, and no file, function or test is named that does not exist. Run with the source folder as argument."""
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and Path(sys.argv[-1]).is_dir() else Path(__file__).resolve().parents[2]
FOLDERS = ("controller", "drivers", "hal", "scripts", "tests", "docs", "packaging", "cmake")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAME = re.compile(r"[A-Za-z0-9_.*/-]+")
KIND = re.compile(r"\w\.(c|h|py|json|md|csv|js|mjs|css|sh|cmake|in|rules)$")
IDENTIFIER = re.compile(r"(lk_[a-z0-9_]+|[a-z]+(_[a-z0-9]+){4,})")
# Made by a build, a run, an installation or somebody else's program.
ELSEWHERE = {"crash-points.md", "compile_commands.json", "messages.json", "messages.h", "messages.c", "sqlite3.h", "modbus.h",
             "gpiod.h", "MQTTAsync.h", "key.json", "upstream.jwks.json", "command-keys.json", "CMakeCache.txt"}


def files(pattern):
    found = [p for folder in FOLDERS for p in (ROOT / folder).rglob(pattern)] + list(ROOT.glob(pattern))
    return [p for p in found if p.is_file() and "node_modules" not in p.parts and "__pycache__" not in p.parts]


def relative(path):
    return str(path.relative_to(ROOT))


def prose(page):
    """The text without code blocks."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)


def quoted(page):
    """What stands between back-ticks."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def anchors(page):
    heads = re.findall(r"^#+ (.+)$", prose(page), flags=re.M)
    return {re.sub(r"[^\w -]", "", head.strip().lower()).replace(" ", "-") for head in heads}


def links(page):
    """(target as written, file, anchor) of each link within the tree."""
    for target in LINK.findall(prose(page)):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield target, (page.parent / path).resolve() if path else page, anchor


def is_there(name):
    """A path of the tree, from the root or from anywhere below it; may have *."""
    if name.startswith(tuple(f + "/" for f in FOLDERS)) and any(ROOT.glob(name.rstrip("/"))):
        return True
    return name.rsplit("/", 1)[-1] in ELSEWHERE or any(True for folder in FOLDERS for _ in (ROOT / folder).rglob(name.strip("/")))


class Papers(unittest.TestCase):
    pages = files("*.md")

    def nothing(self, found, what):
        self.assertEqual(sorted(set(found)), [], what)

    def test_every_link_leads_somewhere(self):
        self.assertGreater(len(self.pages), 20)
        self.nothing([f"{relative(p)} -> {t}" for p in self.pages for t, path, _ in links(p) if not path.exists()], "broken")

    def test_every_anchor_is_there(self):
        self.nothing([f"{relative(p)} -> {t}" for p in self.pages for t, path, anchor in links(p)
                      if anchor and path.suffix == ".md" and path.exists() and anchor not in anchors(path)], "no such heading")

    def test_every_page_is_in_the_index(self):
        seen, todo = set(), [ROOT / "docs" / "README.md"]
        while todo:
            page = todo.pop()
            page = page / "README.md" if page.is_dir() else page
            if page not in seen and page.suffix == ".md" and page.exists():
                seen.add(page)
                todo += [path for _, path, _ in links(page)]
        self.nothing([relative(p) for p in (ROOT / "docs").rglob("*.md") if p not in seen], "not reachable from docs/README.md")

    def test_every_named_file_exists(self):
        missing = []
        for page in self.pages:
            for text in quoted(page):
                name = text.split()[0] if text.split() else ""
                path = NAME.fullmatch(name) and not name.startswith(("/", "-", "*")) and not name.endswith((".", "/*"))
                of_ours = name.startswith(tuple(f + "/" for f in FOLDERS)) and not name.startswith("docs/contract/examples/*")
                if path and (of_ours or KIND.search(name)) and not is_there(name):
                    missing.append(f"{relative(page)}: `{name}`")
        self.nothing(missing, "named, but not there")

    def test_every_named_function_and_test_exists(self):
        sources = files("*.[ch]") + files("*.py") + files("*.mjs") + files("*.js") + files("CMakeLists.txt") + files("*.cmake")
        known = set()
        for source in sources:
            known.update(re.findall(r"[a-z][a-z0-9_]+", source.read_text(encoding="utf-8", errors="replace")))
        missing = [f"{relative(page)}: `{text}`" for page in self.pages for text in quoted(page)
                   for name in [text.rstrip("()")] if IDENTIFIER.fullmatch(name) and not name.endswith("_")
                   and name not in known]
        self.nothing(missing, "named, but nowhere in the sources")

    def test_sources_name_only_pages_that_exist(self):
        missing = [f"{relative(source)}: {name}" for kind in ("*.[ch]", "*.py", "*.cmake", "CMakeLists.txt", "*.in", "*.json")
                   for source in files(kind) if source != Path(__file__).resolve()
                   for name in re.findall(r"\b(?:docs|tests|scripts|packaging)/[a-z0-9_/-]+\.md\b",
                                          source.read_text(encoding="utf-8", errors="replace"))
                   if not (ROOT / name).exists()]
        self.nothing(missing, "named, but not there")


if __name__ == "__main__":
    unittest.main()
