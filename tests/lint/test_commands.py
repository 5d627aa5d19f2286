#!/usr/bin/env python3
"""baton check, graph and compile as people meet them: exit codes, formats, --output, --help.

    test_commands.py BATON
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOOD = "good-everything.yaml"
WARNS = "F410-no-timeout.yaml"
WRONG = "F204-no-such-step.yaml"


def baton(*arguments):
    return subprocess.run([BATON, *arguments], cwd=HERE, capture_output=True, text=True,
                          timeout=60, check=False)


class Check(unittest.TestCase):
    def test_exit_code_says_whether_there_are_errors(self):
        for files, code in (([GOOD], 0), ([WARNS], 0), ([WRONG], 1), ([GOOD, WRONG, WARNS], 1),
                            (["--strict", WARNS], 1), (["--strict", GOOD], 0), ([], 2),
                            (["--format", "xml", GOOD], 2), (["--colour", GOOD], 2),
                            (["missing.yaml"], 2)):
            with self.subTest(files=files):
                self.assertEqual(baton("check", *files).returncode, code)

    def test_findings_name_file_line_and_column(self):
        lines = baton("check", WRONG).stdout.splitlines()
        self.assertTrue(lines[0].startswith(f"{WRONG}:8:43: error F204: "), lines[0])
        self.assertIn("did you mean 'ship'?", lines[0])
        self.assertEqual(lines[2].index("^"), lines[1].index("shp}"))

    def test_findings_of_all_files_are_printed(self):
        out = baton("check", WRONG, WARNS).stdout
        self.assertIn("F204", out)
        self.assertIn("F410", out)
        self.assertTrue(out.endswith("1 error, 1 warning\n"), out)

    def test_json_holds_every_finding(self):
        answer = json.loads(baton("check", "--format", "json", "F205-jump-leaves-list.yaml").stdout)
        self.assertEqual((answer["errors"], answer["warnings"]), (2, 0))
        first = answer["findings"][0]
        self.assertEqual((first["id"], first["severity"], first["line"], first["column"]),
                         ("F205", "error", 12, 45))
        self.assertEqual(first["note"]["line"], 13)

    def test_no_colours_outside_a_terminal(self):
        self.assertNotIn("\033", baton("check", WRONG).stdout)

    def test_a_file_that_cannot_be_read_is_named(self):
        answer = baton("check", "missing.yaml")
        self.assertIn("missing.yaml", answer.stderr)
        self.assertIn("No such file", answer.stderr)


class Views(unittest.TestCase):
    def test_exit_codes(self):
        for command in ("graph", "compile"):
            for arguments, code in (([GOOD], 0), ([WARNS], 0), ([WRONG], 1), ([], 2),
                                    ([GOOD, GOOD], 2), (["missing.yaml"], 2),
                                    (["good-estate.yaml"], 2), (["--nothing", GOOD], 2)):
                with self.subTest(command=command, arguments=arguments):
                    self.assertEqual(baton(command, *arguments).returncode, code)
        self.assertEqual(baton("graph", "--format", "png", GOOD).returncode, 2)

    def test_findings_go_to_standard_error(self):
        answer = baton("graph", WRONG)
        self.assertEqual(answer.stdout, "")
        self.assertIn("F204", answer.stderr)

    def test_mermaid_and_dot(self):
        self.assertIn("flowchart TD", baton("graph", GOOD).stdout)
        self.assertTrue(baton("graph", "--format", "dot", GOOD).stdout.startswith("digraph "))

    def test_compile_gives_json(self):
        machine = json.loads(baton("compile", GOOD).stdout)
        self.assertEqual(machine["flow"], "everything")
        names = {state["name"] for state in machine["states"]}
        for transition in machine["transitions"]:
            self.assertLessEqual({transition["from"], transition["to"]}, names)


class Everywhere(unittest.TestCase):
    def test_help_goes_to_standard_output(self):
        for command in ("check", "graph", "compile"):
            answer = baton(command, "--help")
            self.assertEqual(answer.returncode, 0)
            self.assertTrue(answer.stdout.startswith(f"Usage: baton {command}"))

    def test_output_is_written_to_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for command, file in (("check", WARNS), ("graph", GOOD), ("compile", GOOD)):
                target = Path(folder) / command
                self.assertEqual(baton(command, "--output", str(target), file).stdout, "")
                self.assertEqual(target.read_text(encoding="utf-8"),
                                 baton(command, file).stdout)

    def test_output_that_cannot_be_written_is_said(self):
        for command in ("check", "graph", "compile"):
            answer = baton(command, "--output", "/nowhere/x", GOOD)
            self.assertEqual(answer.returncode, 2)
            self.assertIn("/nowhere/x", answer.stderr)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
