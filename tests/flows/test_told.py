#!/usr/bin/env python3
"""Every flow in workflows/ has tests beside it, of good ends and of others, and stands in the README."""

import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "workflows"
FLOWS = sorted(path for path in FOLDER.glob("*.yaml")
               if re.search(r"(?m)^(flow|document):", path.read_text(encoding="utf-8"))
               and not path.name.endswith(".test.yaml"))
TESTS = {path: yaml.safe_load(path.read_text(encoding="utf-8"))
         for path in FOLDER.glob("*.test.yaml")}
# Parts of another flow, whose tests run them as well.
PARTS = {name for path, test in TESTS.items() for name in test.get("flows", [])[1:]}


class Told(unittest.TestCase):
    def test_each_has_tests(self):
        self.assertGreater(len(FLOWS), 15)
        for path in FLOWS:
            tested = path.with_suffix(".test.yaml") in TESTS
            self.assertTrue(tested or path.name in PARTS, f"{path.name} has no tests")

    def test_each_is_tested_where_all_is_well_and_where_it_is_not(self):
        for path, test in TESTS.items():
            ends = [str(one["expect"].get("end")) for one in test["cases"] if "replay" not in one]
            if not ends:
                continue  # Recorded runs alone, beside the flow's own tests.
            self.assertIn("completed", ends, path.name)
            self.assertGreater(len(ends), 1, path.name)

    def test_each_has_a_line_in_the_readme(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        for path in FLOWS:
            if path.name not in PARTS:
                self.assertIn(f"| [`{path.stem}`](workflows/{path.name}) |", readme)


if __name__ == "__main__":
    unittest.main()
