#!/usr/bin/env python3
"""`baton check --registry`: values that do not fit the Avro schema of their topic (F411).

    test_registry.py BATON
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from registry import Registry  # noqa: E402

BATON = sys.argv.pop(1)
CARRY = {"type": "record", "name": "Carry", "namespace": "post", "fields": [
    {"name": "id", "type": "string"},
    {"name": "size", "type": {"type": "enum", "name": "Size", "symbols": ["S", "L"]}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
    {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []}]}
FLOW = """flow: parcels
version: 1
key: .id
start: {topic: accepted}
timeout: 1d
topics:
  accepted: {name: parcels.accepted, format: avro}
  told: {name: parcels.told, format: avro}
services:
  courier: {commands: courier.commands, replies: courier.replies, format: avro, success: .ok}
do:
  - step: carry
    request: courier
    value: VALUE
    compensate: {request: courier, value: UNDO}
  - {step: told, emit: told}
onFailure:
  - {step: sorry, emit: told, value: {text: "${ $error.title }"}}
"""
GOOD = '{id: "${ .id }", size: S, price: 12.50, at: "${ .at }", tags: ["${ .tag }", x]}'


class Check(unittest.TestCase):
    def setUp(self):
        self.registry = Registry().__enter__()
        self.addCleanup(self.registry.__exit__)
        self.registry.register("courier.commands-value", CARRY)
        self.registry.register("parcels.told-value", {"type": "record", "name": "Told", "fields": [
            {"name": "text", "type": "string"}]})

    def check(self, value=GOOD, undo=GOOD, *options, url=None):
        """(exit code, findings of F411, standard error)"""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "parcels.yaml"
            path.write_text(FLOW.replace("VALUE", value).replace("UNDO", undo), encoding="utf-8")
            done = subprocess.run([BATON, "check", "--format", "json", "--registry",
                                   url or self.registry.url, *options, str(path)],
                                  capture_output=True, text=True, timeout=60, check=False)
        found = json.loads(done.stdout)["findings"] if done.returncode in (0, 1) else []
        return done.returncode, [item for item in found if item["id"] == "F411"], done.stderr

    def refused(self, value, why):
        code, found, _ = self.check(value)
        self.assertEqual((code, len(found)), (1, 1), found)
        self.assertIn(why, found[0]["message"])
        self.assertEqual((found[0]["line"], found[0]["column"]), (14, 12))

    def test_what_fits_passes(self):
        self.assertEqual(self.check()[:2], (0, []))
        self.assertEqual(self.check('"${ .carry }"')[:2], (0, []))

    def test_what_cannot_fit_is_found_where_it_stands(self):
        self.refused('{size: S, price: 1, at: null}', "the required field 'id' is missing")
        self.refused('{id: a, size: XL, price: 1, at: null}',
                     "field 'size': 'XL' is no symbol of the enum 'post.Size'")
        self.refused('{id: 5, size: S, price: 1, at: null}',
                     "field 'id': expected a string, found a number")
        self.refused('{id: a, size: S, price: 1.005, at: null}', "2 digits behind the point")
        self.refused('{id: a, size: S, price: 1, at: null, colour: red}',
                     "the record 'post.Carry' has no field 'colour'")
        self.refused('{id: a, size: S, price: 1, at: null, tags: {a: 1}}', "field 'tags': expected")
        self.refused('{id: a, size: S, price: 1, at: "for ${ .x }"}'.replace('at: "for', 'tags: "for'),
                     "field 'tags': expected an array, found a text")
        self.refused('[a]', "expected a record 'post.Carry', found a list")

    def test_undos_are_looked_at_too(self):
        code, found, _ = self.check(GOOD, '{id: a}')
        self.assertEqual((code, len(found), found[0]["line"]), (1, 1, 15))

    def test_subject_that_is_not_there_is_found(self):
        del self.registry.subjects["courier.commands-value"]
        code, found, _ = self.check()
        self.assertEqual((code, len(found)), (1, 2))
        self.assertIn("Subject 'courier.commands-value' not found", found[0]["message"])

    def test_registry_that_is_away_is_no_finding(self):
        code, _, told = self.check(url="http://127.0.0.1:9")
        self.assertEqual(code, 3)
        self.assertIn("schema registry 'http://127.0.0.1:9'", told)
        self.registry.broken = (404, b"<html></html>")
        code, _, told = self.check()
        self.assertEqual(code, 3)
        self.assertIn("is the URL right?", told)
        self.assertEqual(self.check(url="127.0.0.1")[0], 2)

    def test_registry_that_refuses_is_no_finding(self):
        self.registry.user = ("ann", "secret")
        self.assertEqual(self.check()[0], 3)


unittest.main()
