#!/usr/bin/env python3
"""baton check --format sarif: held to the official schema, to the JSON output, and to its own fixes.

    test_sarif.py BATON
"""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse

import jsonschema

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCHEMA = ROOT / ".deps/node/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
CASES = sorted(path.name for path in HERE.glob("*.yaml"))


def check(*arguments, cwd=HERE):
    """The one run of the SARIF log."""
    answer = subprocess.run([BATON, "check", "--format", "sarif", *arguments], cwd=cwd,
                            capture_output=True, text=True, timeout=120, check=False)
    log = json.loads(answer.stdout)
    return log, log["runs"][0]


def findings(*arguments, cwd=HERE):
    answer = subprocess.run([BATON, "check", "--format", "json", *arguments], cwd=cwd,
                            capture_output=True, text=True, timeout=120, check=False)
    return json.loads(answer.stdout)["findings"]


def physical(location):
    place = location["physicalLocation"]
    region = place.get("region", {})
    return (unquote(place["artifactLocation"]["uri"]), region.get("startLine", 0),
            region.get("startColumn", 0))


def apply_fix(path, change):
    """Replace what the fix replaces; columns count code points."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for replacement in change["replacements"]:
        region = replacement["deletedRegion"]
        line = lines[region["startLine"] - 1]
        lines[region["startLine"] - 1] = (line[:region["startColumn"] - 1]
                                          + replacement["insertedContent"]["text"]
                                          + line[region["endColumn"] - 1:])
    path.write_text("\n".join(lines), encoding="utf-8")


class Sarif(unittest.TestCase):
    def test_every_case_fits_the_official_schema(self):
        validator = jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
        for files in (CASES, ["good-everything.yaml"], *([name] for name in CASES)):
            log, _ = check(*files)
            error = next(validator.iter_errors(log), None)
            self.assertIsNone(error, f"{files}: {error}")

    def test_results_say_what_the_json_output_says(self):
        _, run = check(*CASES)
        expected = [(f["id"], f["severity"], f["message"], f["file"], f["line"], f["column"])
                    for f in findings(*CASES)]
        actual = [(r["ruleId"], r["level"], r["message"]["text"], *physical(r["locations"][0]))
                  for r in run["results"]]
        self.assertGreater(len(actual), 100)
        self.assertEqual(actual, expected)

    def test_rules_stand_for_all_results(self):
        _, run = check(*CASES)
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            rule = rules[result["ruleIndex"]]
            self.assertEqual(rule["id"], result["ruleId"])
            self.assertEqual(rule["defaultConfiguration"]["level"], result["level"])
        for rule in rules:
            self.assertEqual(set(rule), {"id", "name", "shortDescription", "fullDescription", "help",
                                         "defaultConfiguration"})
            self.assertRegex(rule["name"], "^([A-Z][a-z0-9]+)+$")

    def test_columns_are_counted_in_code_points(self):
        with tempfile.TemporaryDirectory() as folder:
            text = ("flow: shop\nversion: 1\nkey: .id\ntimeout: 1h\nstart: {topic: in}\n"
                    "topics: {in: in}\n"
                    "do:\n  - {step: a, set: {x: \"\U0001F600é\"}, then: nowhere}\n")
            Path(folder, "wide.yaml").write_text(text, encoding="utf-8")
            _, run = check("wide.yaml", cwd=folder)
        self.assertEqual(run["columnKind"], "unicodeCodePoints")
        line = text.splitlines()[7]
        region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
        self.assertEqual(line[region["startColumn"] - 1:region["endColumn"] - 1], "nowhere")

    def test_notes_are_related_locations(self):
        _, run = check("F205-jump-leaves-list.yaml")
        note = findings("F205-jump-leaves-list.yaml")[0]["note"]
        related = run["results"][0]["relatedLocations"][0]
        self.assertEqual(physical(related)[1:], (note["line"], note["column"]))
        self.assertEqual(related["message"]["text"], note["message"])

    def test_each_fix_removes_its_finding(self):
        fixed = 0
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(HERE, folder, dirs_exist_ok=True)
            for name in CASES:
                _, run = check(name)
                for result in run["results"]:
                    said = "did you mean" in result["message"]["text"]
                    self.assertEqual(said, "fixes" in result, result["message"]["text"])
                    for fix in result.get("fixes", []):
                        change = fix["artifactChanges"][0]
                        path = Path(folder, change["artifactLocation"]["uri"])
                        before = path.read_text(encoding="utf-8")
                        apply_fix(path, change)
                        messages = [f["message"] for f in findings(name, cwd=folder)]
                        self.assertNotIn(result["message"]["text"], messages, name)
                        path.write_text(before, encoding="utf-8")
                        fixed += 1
        self.assertGreater(fixed, 8)

    def test_uris_are_relative_to_where_the_program_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder).resolve()
            (folder / "two words").mkdir()
            shutil.copy(HERE / "F401-no-key.yaml", folder / "two words" / "a%b.yaml")
            shutil.copytree(HERE / "estate", folder / "two words" / "estate")
            for path in ("two words/a%b.yaml", "./two words/a%b.yaml",
                         str(folder / "two words/a%b.yaml")):
                _, run = check(path, cwd=folder)
                location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
                self.assertEqual(location["uri"], "two%20words/a%25b.yaml")
                base = run["originalUriBaseIds"][location["uriBaseId"]]["uri"]
                self.assertEqual(unquote(urlparse(urljoin(base, location["uri"])).path),
                                 str(folder / "two words/a%b.yaml"))
            outside = check(str(folder / "two words/a%b.yaml"), cwd=HERE)[1]["results"][0]
            location = outside["locations"][0]["physicalLocation"]["artifactLocation"]
            self.assertTrue(location["uri"].startswith("file:///"), location)
            self.assertNotIn("uriBaseId", location)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
