#!/usr/bin/env python3
"""The table of findings, the code that makes them, the cases that show them and the page about them:
none knows one that another does not.

    test_findings.py BATON          UPDATE=1 writes docs/findings.md anew
"""

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLE = ROOT / "src/compile/findings_rows.h"
PAGE = ROOT / "docs/findings.md"
# F701: below. F801 to F806 need two versions: test_against.py and test_migrate.py. F411 needs a registry: test_registry.py. F412 needs a cluster:
# tests/integration/test_check_brokers.py.
ELSEWHERE = {"F411", "F412", "F701", "F801", "F802", "F803", "F804", "F805", "F806"}
ID = re.compile(r'"(F\d{3})"')


def baton(*arguments):
    return subprocess.run([BATON, *arguments], cwd=HERE, capture_output=True, text=True,
                          timeout=60, check=False)


@functools.cache
def rules():
    """The table, as the program gives it."""
    log = json.loads(baton("check", "--format", "sarif", "good-everything.yaml").stdout)
    return {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}


def raised():
    """The ids in the code, but not in its comments."""
    found = set()
    for path in (ROOT / "src").rglob("*.[ch]"):
        if path != TABLE:
            text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
            found.update(ID.findall(text))
    return found


class Table(unittest.TestCase):
    def test_what_the_code_reports_is_what_the_table_holds(self):
        self.assertEqual(raised() - set(rules()), set(), "reported, but not in findings_rows.h")
        self.assertEqual(set(rules()) - raised(), set(), "in findings_rows.h, but never reported")

    def test_rows_are_in_order_and_names_are_not_repeated(self):
        ids = list(rules())
        self.assertEqual(ids, sorted(set(ids)))
        names = [rule["name"] for rule in rules().values()]
        self.assertEqual(len(names), len(set(names)))

    def test_each_finding_has_a_case_that_shows_it(self):
        shown = {path.name[:4] for path in HERE.glob("F*.yaml")}
        self.assertEqual(set(rules()) - shown - ELSEWHERE, set())

    def test_what_is_too_large_is_a_finding(self):
        """F701; such files are made here, being large."""
        good = (HERE / "good-everything.yaml").read_text(encoding="utf-8")
        good = good.replace("estate/shop.yaml", str(HERE / "estate" / "shop.yaml"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "large.yaml")
            for text in (good + "#" * (1 << 20),
                         good.replace("shop@example.org", "o" * 950_000)):
                path.write_text(text, encoding="utf-8")
                answer = json.loads(baton("check", "--format", "json", str(path)).stdout)
                self.assertEqual([f["id"] for f in answer["findings"]], ["F701"])

    def test_severity_in_the_table_is_severity_in_the_code(self):
        for path in sorted(HERE.glob("*.yaml")):
            for found in json.loads(baton("check", "--format", "json", path.name).stdout)["findings"]:
                self.assertEqual(found["severity"],
                                 rules()[found["id"]]["defaultConfiguration"]["level"], found)


class Explain(unittest.TestCase):
    def test_explain_says_what_it_means_and_what_to_do(self):
        for name, rule in rules().items():
            answer = baton("check", "--explain", name.lower())
            self.assertEqual(answer.returncode, 0)
            for part in (name, rule["shortDescription"]["text"], rule["fullDescription"]["text"],
                         rule["help"]["text"]):
                self.assertIn(part, answer.stdout)

    def test_all_are_explained_at_once(self):
        out = baton("check", "--explain", "all").stdout
        self.assertEqual(re.findall(r"^(F\d{3}) \(", out, re.M), list(rules()))

    def test_an_unknown_finding_is_refused_with_a_suggestion(self):
        answer = baton("check", "--explain", "F2O4")
        self.assertEqual((answer.returncode, answer.stdout), (2, ""))
        self.assertIn("did you mean 'F204'", answer.stderr)


class Page(unittest.TestCase):
    def test_the_page_is_not_stale(self):
        made = baton("schema", "--findings").stdout
        self.assertIn("### F204", made)
        if os.environ.get("UPDATE"):
            PAGE.write_text(made, encoding="utf-8")
        self.assertEqual(PAGE.read_text(encoding="utf-8"), made,
                         "docs/findings.md is stale: run this with UPDATE=1")


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
