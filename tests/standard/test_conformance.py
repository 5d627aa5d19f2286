#!/usr/bin/env python3
"""Documents in the standard's grammar do what the standard says.

    test_conformance.py BATON

tests/conformance restates the twelve scenarios of the public conformance suite that need no network;
tests/standard has what the suite does not try.
"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIOS = {
    "do-sequence", "emit-event", "explicit-order", "for-each", "fork-compete", "implicit-order",
    "input-filter", "raise-inline", "set-values", "switch-explicit-default",
    "switch-implicit-default", "switch-match",
}


def baton(*arguments):
    return subprocess.run([BATON, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)


def cases_of(folder):
    answer = baton("test", "--output", "json", folder)
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    return answer, [line for line in lines if line["event"] == "case"]


class Conformance(unittest.TestCase):
    def test_the_scenarios_without_network_pass(self):
        answer, cases = cases_of(HERE.parent / "conformance")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertEqual({Path(case["file"]).name.removesuffix(".test.yaml") for case in cases},
                         SCENARIOS)
        passed = sum(case["passed"] for case in cases)
        print(f"conformance: {passed} of the {len(SCENARIOS)} scenarios without network pass",
              file=sys.stderr)
        self.assertEqual(passed, len(SCENARIOS))

    def test_what_the_suite_does_not_try_passes_as_well(self):
        answer, cases = cases_of(HERE)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertTrue(cases)


class Commands(unittest.TestCase):
    def test_all_commands_about_flow_files_take_a_document(self):
        document = HERE / "errors.yaml"
        for command in ("check", "compile", "graph", "verify"):
            with self.subTest(command):
                answer = baton(command, document)
                self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
