#!/usr/bin/env python3
"""baton check, graph and compile as people meet them: exit codes, formats, --output, --help.

    test_commands.py BATON
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOOD = "good-everything.yaml"
WARNS = "F410-no-timeout.yaml"
WRONG = "F204-no-such-step.yaml"


def baton(*arguments, **options):
    return subprocess.run([BATON, *arguments], cwd=HERE, capture_output=True, text=True,
                          timeout=60, check=False, **options)


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


    def test_a_folder_stands_for_the_flows_in_it_and_below(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "deep" / "er").mkdir(parents=True)
            shutil.copytree(HERE / "estate", root / "deep" / "er" / "estate")
            shutil.copy(HERE / WRONG, root / "deep" / "er" / WRONG)
            shutil.copy(HERE / "good-estate.yaml", root)
            (root / "a.test.yaml").write_text("flow: no\n", encoding="utf-8")
            answer = json.loads(baton("check", "--format", "json", folder).stdout)
            self.assertEqual([(f["file"], f["id"]) for f in answer["findings"]],
                             [(f"{folder}/deep/er/{WRONG}", "F204")])
            empty = baton("check", str(root / "deep" / "er" / "estate"))
            self.assertEqual(empty.returncode, 2)
            self.assertIn("no flow files", empty.stderr)

    def test_standard_input_is_a_file_too(self):
        text = (HERE / WRONG).read_text(encoding="utf-8")
        plain = baton("check", "-", input=text)
        self.assertEqual(plain.returncode, 1)
        self.assertTrue(plain.stdout.startswith("stdin:8:43: error F204: "), plain.stdout)
        named = baton("check", "--name", "elsewhere/x.yaml", "-", input=text)
        self.assertIn("elsewhere/x.yaml:3:7: error F208: cannot open 'elsewhere/estate/shop.yaml'",
                      named.stdout)
        self.assertEqual(baton("check", "-", input="#" * (1 << 20) + "\n").returncode, 1)
        self.assertEqual(baton("check", "-", GOOD, input=text).returncode, 1)

    def test_what_cannot_be_read_does_not_hide_findings_elsewhere(self):
        answer = baton("check", "missing.yaml", WRONG)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("F204", answer.stdout)

    def test_many_files_at_once_say_what_each_says_alone(self):
        files = sorted(path.name for path in HERE.glob("F[2-6]*.yaml"))
        self.assertGreater(len(files), 30)
        alone = []
        for name in files:
            alone += json.loads(baton("check", "--format", "json", name).stdout)["findings"]
        once = []
        for finding in alone:  # What several files use is said once.
            if finding not in once:
                once.append(finding)
        for _ in range(3):
            together = json.loads(baton("check", "--format", "json", *files).stdout)
            self.assertEqual(sorted(together["findings"], key=str), sorted(once, key=str))
            self.assertEqual(together["errors"] + together["warnings"], len(once))
        order = [f["file"] for f in together["findings"] if f["file"] in files]
        self.assertEqual(order, sorted(order))

    def test_a_finding_in_a_shared_estate_file_is_said_once(self):
        with tempfile.TemporaryDirectory() as folder:
            estate = Path(folder, "estate.yaml")
            estate.write_text("topics:\n  in: {name: in, formt: json}\n", encoding="utf-8")
            for name in ("a", "b", "c"):
                Path(folder, f"{name}.yaml").write_text(
                    f"flow: {name}\nversion: 1\nuse: [estate.yaml]\nkey: .id\ntimeout: 1h\n"
                    "start: {topic: in}\ndo:\n  - {step: x, set: {a: 1}}\n", encoding="utf-8")
            answer = baton("check", folder)
            self.assertEqual(answer.stdout.count("F101"), 1)
            self.assertTrue(answer.stdout.endswith("1 error, 0 warnings\n"), answer.stdout)


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
    def test_every_setting_is_in_its_page(self):
        root = HERE.parent.parent
        keys = re.findall(r'\{"([\w.]+)", read_', (root / "src/app/config_read.c").read_text())
        page = (root / "docs/configuration.md").read_text()
        self.assertIn("checkpoint.idle", keys)
        self.assertEqual([key for key in keys if f"`{key}`" not in page], [])

    def test_help_goes_to_standard_output(self):
        commands = re.findall(r"^  (\w+) ", baton("--help").stdout, re.MULTILINE)
        self.assertIn("versions", commands)
        for command in commands:
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
