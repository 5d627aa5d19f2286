#!/usr/bin/env python3
"""baton schema, judged by programs that are not ours: what the checker takes the schema takes, and what
a schema can see it refuses. The reference page says the same as the schema.

    test_schema.py BATON            UPDATE=1 writes docs/flow-reference.md anew
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

import jsonschema
from ruamel.yaml import YAML, YAMLError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs/flow-reference.md"
# Findings that one file's keys and values show, without knowing other files or what runs when.
VISIBLE = {"F101", "F102", "F103", "F104", "F105", "F106", "F107", "F108", "F111", "F401",
           "F406", "F501"}
# What such a finding speaks of in these cases no schema sees: a number without a JSON form, a case of a
# switch that is not the last, a step that is below onFailure.
UNSEEN = {"F103-number-without-json-form.yaml", "F102-case-without-when.yaml",
          "F111-pivot-in-failure.yaml"}


def baton(*arguments, **options):
    return subprocess.run([BATON, *arguments], cwd=HERE, capture_output=True, text=True,
                          timeout=60, check=False, **options)


@functools.cache
def schema(*arguments):
    return json.loads(baton("schema", *arguments).stdout)


def parsed(text):
    """As YAML 1.2; times are text."""
    reader = YAML(typ="safe", pure=True)
    reader.constructor.add_constructor("tag:yaml.org,2002:timestamp",
                                       lambda loader, node: loader.construct_scalar(node))
    return reader.load(text)


def is_flow(text):
    return re.search(r"^[{ ]*\"?flow\"?:", text, re.M) is not None


def flows_in_cases():
    """Stories of tests/cases hold a flow of their own, or name a file."""
    for path in sorted((ROOT / "tests/cases").glob("*.case")):
        match = re.search(r"^=== flow\n(.*?)^===", path.read_text(encoding="utf-8"), re.M | re.S)
        if match:
            yield path.name, match.group(1)


def flow_files():
    for folder in ("workflows", "examples", "tests/integration/flows", "tests/sim/flows",
                   "tests/lint"):
        for path in sorted((ROOT / folder).rglob("*.yaml")):
            text = path.read_bytes().decode("utf-8", errors="replace")
            if is_flow(text) and not path.name.endswith(".test.yaml"):
                yield path, text


def errors(value, *arguments):
    found = jsonschema.Draft7Validator(schema(*arguments)).iter_errors(value)
    return [f"{list(error.absolute_path)}: {error.message}" for error in found]


def described(value):
    """Every schema in it that has a description, by its path."""
    if isinstance(value, dict):
        if isinstance(value.get("description"), str):
            yield value
        for item in value.values():
            yield from described(item)
    elif isinstance(value, list):
        for item in value:
            yield from described(item)


class Accepts(unittest.TestCase):
    def test_it_is_a_schema_of_draft_7(self):
        for arguments in ((), ("--estate",)):
            self.assertEqual(schema(*arguments)["$schema"],
                             "http://json-schema.org/draft-07/schema#")
            jsonschema.Draft7Validator.check_schema(schema(*arguments))

    def test_flows_that_pass_the_checker_fit_the_schema(self):
        passed = 0
        for path, text in flow_files():
            if baton("check", str(path)).returncode == 0:
                self.assertEqual(errors(parsed(text)), [], path)
                passed += 1
        self.assertGreater(passed, 18)

    def test_flows_of_the_golden_cases_fit_the_schema(self):
        passed = 0
        for name, text in flows_in_cases():
            if text.lstrip().startswith("document:"):
                continue  # The standard has a schema of its own; see tests/standard.
            if baton("check", "-", input=text).returncode == 0:
                self.assertEqual(errors(parsed(text)), [], name)
                passed += 1
        self.assertGreater(passed, 30)

    def test_estate_files_fit_the_schema_of_estates(self):
        for path in (ROOT / "workflows/estate.yaml", HERE / "good-estate.yaml",
                     HERE / "estate/shop.yaml"):
            self.assertEqual(errors(parsed(path.read_text(encoding="utf-8")), "--estate"), [], path)

    def test_another_judge_takes_them_too(self):
        """check-jsonschema, as in a pre-commit hook."""
        judge = Path(sys.executable).parent / "check-jsonschema"
        with tempfile.TemporaryDirectory() as folder:
            for arguments, files in (((), [HERE / "good-everything.yaml",
                                           ROOT / "workflows/order-saga.yaml"]),
                                     (("--estate",), [ROOT / "workflows/estate.yaml"])):
                path = Path(folder, "schema.json")
                baton("schema", *arguments, "--output", str(path))
                answer = subprocess.run([judge, "--schemafile", path, *files], timeout=120,
                                        capture_output=True, text=True, check=False)
                self.assertEqual(answer.returncode, 0, answer.stdout)
                bad = Path(folder, "bad.yaml")
                bad.write_text("flow: a\ntopics: {a b: c}\nnothing: 1\n", encoding="utf-8")
                answer = subprocess.run([judge, "--schemafile", path, bad], timeout=120,
                                        capture_output=True, text=True, check=False)
                self.assertEqual(answer.returncode, 1, answer.stdout)


class Refuses(unittest.TestCase):
    def test_what_the_checker_says_of_keys_and_values_the_schema_says_too(self):
        refused = 0
        for path, text in flow_files():
            answer = json.loads(baton("check", "--format", "json", str(path)).stdout)
            ids = {found["id"] for found in answer["findings"] if found["file"] == str(path)}
            if not ids & VISIBLE or path.name in UNSEEN:
                continue
            try:
                value = parsed(text)
            except YAMLError:
                continue
            self.assertNotEqual(errors(value), [], f"{path}: {ids}")
            refused += 1
        self.assertGreater(refused, 14)

    def test_messages_name_what_is_wrong(self):
        base = {"flow": "a", "version": 1, "key": ".id", "start": {"topic": "in"}}
        for step, said in (({"step": "a"}, "'request' is a required property"),
                           ({"step": "a", "request": "s", "emit": "t"}, "'emit' is not one of"),
                           ({"step": "a", "set": {}, "retry": 3}, "'retry' is not one of"),
                           ({"step": "a", "wait": 5}, "5 is not of type 'string'"),
                           ({"step": "end", "set": {}}, "'end' does not match"),
                           ({"step": "a", "emit": "t", "retires": 1}, "'retires' was unexpected"),
                           ({"step": "a", "emit": "t", "compensate": {"emit": "u", "retry": 3}},
                            "'retry' is not one of")):
            found = jsonschema.Draft7Validator(schema()).iter_errors({**base, "do": [step]})
            whole = [error.message for first in found for error in (first, *(first.context or []))]
            self.assertTrue(any(said in message for message in whole), (step, whole))

    def test_durations_are_those_of_the_program(self):
        validator = jsonschema.Draft7Validator(
            {"$ref": "#/definitions/duration", "definitions": schema()["definitions"]})
        for text in ("1w2d3h4m5s6ms", "5ms", "5m", "5m5ms", "0s", "PT30S", "P1D", "P1W2DT3H4M5.5S",
                     "PT0,250S", "5s5m", "5", "", "5 m", "m", "P", "PT", "P1DT", "P1M", "-5s", "5.5s",
                     "PT1.5H", "PT0.1234S", "none", "1d1d"):
            flow = ("flow: a\nversion: 1\nkey: .id\nstart: {topic: in}\ntimeout: none\n"
                    f"topics: {{in: in}}\nearly: {json.dumps(text)}\ndo: [{{step: a, set: {{}}}}]\n")
            self.assertEqual(validator.is_valid(text), baton("check", "-", input=flow).returncode == 0,
                             text)


class Examples(unittest.TestCase):
    def test_each_key_is_described_and_its_examples_and_default_fit(self):
        for arguments in ((), ("--estate",)):
            whole = schema(*arguments)
            shown = 0
            for part in described({key: whole[key] for key in ("properties", "definitions")}):
                validator = jsonschema.Draft7Validator(
                    {"allOf": [part], "definitions": whole["definitions"]})
                for value in [*part.get("examples", ()),
                              *([part["default"]] if part.get("default") else [])]:
                    self.assertEqual([e.message for e in validator.iter_errors(value)], [],
                                     part["description"])
                    shown += 1
            self.assertGreater(shown, 30)

    def test_examples_on_the_page_fit_the_definition_that_they_stand_for(self):
        whole = schema()
        sections = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"),
                              re.M | re.S)
        checked = 0
        for title, text in sections:
            name = "step" if title.startswith("Step: ") else title
            for block in re.findall(r"```yaml\n(.*?)```", text, re.S):
                if name not in whole["definitions"] and name not in ("flow", "estate"):
                    continue
                part = {"allOf": [{"$ref": f"#/definitions/{name}"}],
                        "definitions": whole["definitions"]}
                part = {"flow": whole, "estate": schema("--estate")}.get(name, part)
                found = jsonschema.Draft7Validator(part).iter_errors(parsed(block))
                self.assertEqual([error.message for error in found], [], title)
                checked += 1
        self.assertGreater(checked, 20)


class Reference(unittest.TestCase):
    def test_the_page_is_not_stale(self):
        made = baton("schema", "--reference").stdout
        if os.environ.get("UPDATE"):
            PAGE.write_text(made, encoding="utf-8")
        self.assertEqual(PAGE.read_text(encoding="utf-8"), made,
                         "docs/flow-reference.md is stale: run this with UPDATE=1")

    def test_every_key_of_the_schema_stands_on_the_page_with_its_shape(self):
        page = PAGE.read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.M)
        keys = {key for key, _ in rows}
        for part in (schema(), *schema()["definitions"].values()):
            if part not in [schema()["definitions"][name] for name in ("units", "place")]:
                self.assertEqual(set(part.get("properties", ())) - keys, set())
        self.assertEqual([row for row in rows if not row[1].strip()], [],
                         "a shape without words: see schema_shapes.h")

    def test_links_on_the_page_lead_somewhere(self):
        page = PAGE.read_text(encoding="utf-8")
        anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
                   for title in re.findall(r"^#+ (.*)$", page, re.M)}
        for target in re.findall(r"\]\(([^)]+)\)", page):
            if target.startswith("#"):
                self.assertIn(target[1:], anchors)
            else:
                self.assertTrue((PAGE.parent / target).exists(), target)


class Usage(unittest.TestCase):
    def test_exit_codes(self):
        self.assertEqual(baton("schema", "x.yaml").returncode, 2)
        self.assertEqual(baton("schema", "--nothing").returncode, 2)
        self.assertEqual(baton("schema", "--output", "/nowhere/x").returncode, 2)
        self.assertEqual(baton("schema", "--estate").returncode, 0)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
