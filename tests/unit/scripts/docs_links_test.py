#!/usr/bin/python3
"""Every link of our Markdown leads to a file, and every page of docs/ can be reached from docs/README.md."""
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pages():
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/*/README.md")]


def targets(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    return [(page.parent / t).resolve() for t in LINK.findall(text) if "://" not in t and not t.startswith("mailto:")]


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        broken = [f"{p.relative_to(ROOT)} -> {t}" for p in pages() for t in targets(p) if not t.exists()]
        self.assertEqual(broken, [])

    def test_every_page_is_in_the_index(self):
        seen, todo = set(), [ROOT / "docs" / "README.md"]
        while todo:
            page = todo.pop().resolve()
            if page.is_dir():
                page = page / "README.md"
            if page in seen or page.suffix != ".md" or not page.exists():
                continue
            seen.add(page)
            todo += targets(page)
        lost = [str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md") if p.resolve() not in seen]
        self.assertEqual(lost, [])


if __name__ == "__main__":
    unittest.main()
