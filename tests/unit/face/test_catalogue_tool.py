#!/usr/bin/python3
"""cmake/catalogue.py: each mistake in a chapter is named and stops the build; a sound one comes out whole."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.join(os.environ["LK_SOURCE_DIR"], "cmake", "catalogue.py")


class CatalogueTool(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_on(self, *chapters):
        names = []
        for number, text in enumerate(chapters):
            names.append(self.path(f"c{number}.json"))
            with open(names[-1], "w", encoding="utf-8") as file:
                file.write(text)
        return subprocess.run(
            [sys.executable, TOOL, "--json", self.path("all.json"), "--source", self.path("all.c"),
             "--subset", self.path("part.json") + "=c0", *names], capture_output=True, text=True, check=False)

    def refused(self, words, *chapters):
        result = self.run_on(*chapters)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(words, result.stderr)
        self.assertFalse(os.path.exists(self.path("all.json")))

    def test_merges(self):
        result = self.run_on('{"b.x": {"zh": "\u4e8c {n}", "en": "two {n}"}}', '{"a": {"zh": "\u4e00", "en": "q\\"\\\\"}}')
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("all.json"), encoding="utf-8") as file:
            self.assertEqual(sorted(json.load(file)), ["a", "b.x"])
        with open(self.path("part.json"), encoding="utf-8") as file:
            self.assertEqual(sorted(json.load(file)), ["b.x"])
        with open(self.path("all.c"), encoding="utf-8") as file:
            self.assertIn('{"a", {"\\344\\270\\200", "q\\"\\\\"}}', file.read())

    def test_key_twice_in_one(self):
        entry = '{"zh": "a", "en": "a"}'
        self.refused("key twice: a", '{"a": %s, "a": %s}' % (entry, entry))

    def test_key_in_two(self):
        chapter = '{"a": {"zh": "a", "en": "a"}}'
        self.refused("a is already in", chapter, chapter)

    def test_language_missing(self):
        self.refused("needs exactly the languages", '{"a": {"zh": "a"}}')

    def test_language_empty(self):
        self.refused("en is empty", '{"a": {"zh": "a", "en": " "}}')

    def test_further_language(self):
        self.refused("needs exactly the languages", '{"a": {"zh": "a", "en": "a", "fr": "a"}}')

    def test_placeholders_differ(self):
        self.refused("placeholders differ", '{"a": {"zh": "{n}", "en": "{m}"}}')

    def test_bad_key(self):
        self.refused("lower-case words", '{"A b": {"zh": "a", "en": "a"}}')

    def test_not_json(self):
        self.refused("c0.json", "{")


if __name__ == "__main__":
    unittest.main()
