#!/usr/bin/env python3
"""baton test as people meet it: what passes, what fails and how that is told, and bad files.

    test_command.py BATON
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 60

FLOW = """\
flow: parcel
version: 1
key: .id
start: {topic: parcels}
timeout: 8w
topics:
  parcels: {name: parcels}
  done: {name: parcels.done}
services:
  scale: {commands: scale.commands, replies: scale.replies, success: .ok, error: .code}
do:
  - step: weigh
    request: scale
    type: Weigh
    value: {id: "${ .id }", kg: "${ .kg }"}
    timeout: 10s
    retry: {attempts: 2, delay: 1s, jitter: 0%}
    compensate: {request: scale, type: Forget, value: {id: "${ .id }"}}
  - {step: rest, wait: 6w}
  - {step: told, emit: done, value: {id: "${ .id }", grams: "${ .weigh.grams }"}}
"""

CASE = """\
start: {id: p-1, kg: 3}
answers:
  weigh: {reply: {ok: true, grams: 3000}, after: 2s}
cases:
  - case: six weeks later
    expect: {end: completed, took: 6w2s, emitted: [{step: told, value: {grams: 3000}}]}
"""

# Wrong in every way that a case can be.
WRONG = """\
start: {id: p-1, kg: 3}
cases:
  - case: nothing is as it should be
    answers:
      weigh: [silence, {failure: TooHeavy}]
    expect:
      end: completed
      error: TooLight
      took: 5s
      undone: [weigh]
      commands: {weigh: 1}
      emitted:
        - {topic: parcels.done}
      data: {id: p-2, weigh: {grams: "${ . > 5 }"}}
      ignored: 3
      alerts: [{kind: late}]
      deadLetters: [{reason: none}]
      waiting: [rest]
"""


def run(*arguments, cwd=None):
    return subprocess.run([BATON, "test", *map(str, arguments)], cwd=cwd or ROOT,
                          capture_output=True, text=True, timeout=200, check=False)


class Command(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        self.flow = self.folder / "parcel.yaml"
        self.file = self.folder / "parcel.test.yaml"
        self.flow.write_text(FLOW, encoding="utf-8")

    def tearDown(self):
        self.place.cleanup()

    def write(self, text):
        self.file.write_text(text, encoding="utf-8")
        return self.file

    def test_weeks_pass_in_no_time(self):
        began = time.monotonic()
        done = run(self.write(CASE))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("ok    six weeks later", done.stdout)
        self.assertIn("6w2s", done.stdout)
        self.assertIn("1 case: 1 passed, 0 failed", done.stdout)

    def test_replies_may_be_told_apart_by_their_headers(self):
        self.flow.write_text(FLOW.replace("success: .ok, error: .code", (
            'success: $message.headers.kind == "Weighed", failure: $message.headers.kind == "Refused", '
            'progress: $message.headers.kind == "Busy", error: $message.headers.why, '
            'type: {header: kind}')), encoding="utf-8")
        done = run(self.write("""\
            start: {id: p-1, kg: 3}
            cases:
              - {case: made up, expect: {end: completed}}
              - {case: refused by what is made up, answers: {weigh: failure}, expect: {end: failed}}
              - case: told by type and headers
                answers:
                  weigh:
                    progress: [{after: 1s, reply: {at: half}, type: Busy}]
                    after: 2s
                    reply: {grams: 3}
                    type: Refused
                    headers: {why: "${ if .kg > 2 then \\"TooHeavy\\" else \\"Odd\\" end }"}
                expect: {end: failed, error: TooHeavy, took: 2s}
              - case: exactly what is said
                answers: {weigh: {reply: {grams: 3}}}
                until: 5s
                expect: {end: open, waiting: [weigh]}
            """))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("4 cases: 4 passed, 0 failed", done.stdout)

    def test_a_failure_says_what_where_and_how_it_came(self):
        done = run(self.write(WRONG))
        self.assertEqual(done.returncode, 1, done.stderr)
        for wanted in (
                ":7:12: error D501: end: expected completed, found failed (TooHeavy:",
                ":8:14: error D501: error: expected \"TooLight\", found \"TooHeavy\"",
                ":9:13: error D501: took: expected 5s, found 11s",
                ":10:16: error D501: undone[0]: expected \"weigh\", found nothing",
                ":11:25: error D501: commands.weigh: expected 1, found 2",
                ":13:11: error D501: emitted[0]: expected {\"topic\":\"parcels.done\"}, "
                "found nothing",
                ":14:18: error D501: data.id: expected \"p-2\", found \"p-1\"",
                ":14:30: error D501: data.weigh: expected {\"grams\":\"${ . > 5 }\"}, found nothing",
                ":15:16: error D501: ignored: expected 3, found 0",
                ":16:16: error D501: alerts[0]: expected {\"kind\":\"late\"}, found nothing",
                ":17:21: error D501: deadLetters[0]:",
                ":18:17: error D501: waiting[0]: expected \"rest\", found nothing",
                "what happened:",
                "weigh: attempt 1 failed: timeout",
                "1 case: 0 passed, 1 failed"):
            self.assertIn(wanted, done.stdout)

    def test_a_long_story_is_cut_in_its_middle_unless_it_is_asked_for(self):
        # The undo is tried for a day: some 700 attempts.
        file = self.write(CASE.replace("  weigh: {reply: {ok: true, grams: 3000}, after: 2s}",
                                       "  undo weigh: silence").replace(
            "expect: {", "send: [{at: 1h, cancel: never mind}, {at: 2d, done: undo weigh}]\n"
            "    expect: {", 1))
        report = self.folder / "report.xml"
        cut = run("--junit", report, file).stdout.splitlines()[:-1]
        whole = run("--verbose", file).stdout.splitlines()[:-1]
        left_out = [line for line in cut if "lines are left out; --verbose shows them" in line]
        self.assertEqual(len(left_out), 1, cut[:20])
        self.assertLess(len(cut), 120)
        self.assertEqual(len(cut) - 1 + int(left_out[0].split()[1]), len(whole))
        self.assertEqual([line for line in whole if line in set(cut)],
                         [line for line in cut if line not in left_out])
        self.assertIn("(operator)", "\n".join(cut))
        self.assertIn("lines are left out", report.read_text(encoding="utf-8"))

    def test_json_has_a_line_for_each_case_and_a_summary(self):
        self.write(WRONG + CASE[CASE.index("  - case"):])
        done = run("--output", "json", self.file)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 1)
        self.assertEqual([line["event"] for line in lines], ["case", "case", "summary"])
        self.assertFalse(lines[0]["passed"])
        self.assertEqual(lines[0]["tookMs"], 11000)
        self.assertIn("attempt 1 failed", lines[0]["story"])
        self.assertEqual(lines[0]["failures"][0]["line"], 7)
        self.assertEqual(lines[2]["passed"] + lines[2]["failed"], 2)

    def test_junit_is_well_formed_whatever_the_names(self):
        self.write(WRONG.replace("nothing is as it should be", "'a < b && \"c\" ]]> \u2713'"))
        report = self.folder / "report.xml"
        done = run("--junit", report, self.file, ROOT / "workflows")
        self.assertEqual(done.returncode, 1, done.stderr)
        root = ElementTree.parse(report).getroot()
        suites = root.findall("testsuite")
        self.assertEqual(root.tag, "testsuites")
        self.assertGreaterEqual(len(suites), 2)
        case = suites[0].find("testcase")
        self.assertEqual(case.get("name"), "a < b && \"c\" ]]> \u2713")
        self.assertIn("expected", case.find("failure").get("message"))
        self.assertEqual(case.find("failure").get("type"), "D501")
        self.assertIn("attempt 1 failed", case.find("failure").text)
        self.assertEqual(int(root.get("failures")), 1)
        self.assertEqual(sum(int(suite.get("tests")) for suite in suites), int(root.get("tests")))
        for suite in suites[1:]:
            self.assertEqual(suite.findall(".//failure"), [])

    def test_a_filter_takes_some_cases(self):
        self.write(WRONG + CASE[CASE.index("  - case"):].replace("took: 6w2s, ", ""))
        done = run("--filter", "six weeks", self.file)
        self.assertIn("1 case:", done.stdout)
        done = run("--filter", "seven weeks", self.file)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no case holds 'seven weeks'", done.stderr)

    def test_what_is_wrong_with_a_file_is_told_and_the_others_run(self):
        other = self.folder / "other.test.yaml"
        other.write_text(CASE.replace("start:", "flows: [parcel.yaml]\nstart:", 1),
                         encoding="utf-8")
        for text, wanted in (
                ("cases: [\n", "F001"),
                ("a: b\n", "D102: missing required 'cases'"),
                (CASE.replace("weigh:", "wiegh:"), "D204: no step 'wiegh' sends a request "
                                                   "(did you mean 'weigh'?)"),
                (CASE.replace("emitted:", "undone: [tolt], emitted:"),
                 "there is no step 'tolt' (did you mean 'told'?)"),
                (CASE.replace("start:", "flows: [none.yaml]\nstart:", 1), "none.yaml")):
            done = run(self.write(text), other)
            self.assertEqual(done.returncode, 1, text + done.stdout + done.stderr)
            for part in wanted.split(": "):
                self.assertIn(part, done.stdout)
            self.assertIn("ok    six weeks later", done.stdout)
            self.assertIn("1 file not run", done.stdout)

    def test_a_wrong_flow_is_told_with_its_place(self):
        self.flow.write_text(FLOW.replace("emit: done", "emit: don"), encoding="utf-8")
        done = run(self.write(CASE))
        self.assertEqual(done.returncode, 1)
        self.assertIn("parcel.yaml:", done.stdout)
        self.assertIn("F201", done.stdout)

    def test_what_goes_wrong_while_it_runs_is_told(self):
        for text, wanted in (
                (CASE.replace("start: {id: p-1, kg: 3}\n", ""), "no instance came to be"),
                (CASE.replace("    expect", "    send: [{at: 1s, topic: nowhere, value: {}}]\n"
                                            "    expect"), "no flow knows a topic 'nowhere'"),
                (CASE.replace("    expect", "    send: [{at: 1s, retry: weigh}]\n    expect"),
                 "'weigh' is not stuck then"),
                (CASE.replace("    expect", "    send: [{at: 1s, value: \"${ .a + 1 | error }\"}]"
                                            "\n    expect"), "error"),
                (CASE.replace("end: completed", "instances: {p-9: {end: open}}"),
                 "there is no instance 'p-9'")):
            done = run(self.write(text))
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn(wanted, done.stdout)

    def test_an_endless_flow_is_stopped(self):
        self.flow.write_text(FLOW[:FLOW.index("do:")].replace("timeout: 8w", "timeout: none") +
                             "do:\n  - {step: rest, wait: 1s, then: rest}\n"
                             "  - {step: ask, request: scale, type: Weigh}\n", encoding="utf-8")
        case = "start: {id: p-1}\ncases:\n  - case: x\n    until: 1h\n    expect: {end: open}\n"
        done = run(self.write(case))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_run_with_children_comes_to_rest(self):
        (self.folder / "whole.yaml").write_text(
            "flow: whole\nversion: 1\nkey: .id\nstart: {topic: wholes}\ntimeout: 1d\n"
            "topics:\n  wholes: {name: wholes}\n"
            "do:\n  - {step: part, run: part, input: {n: 1}, timeout: 2h}\n", encoding="utf-8")
        (self.folder / "part.yaml").write_text(
            "flow: part\nversion: 1\nstart: {manual: true}\ntimeout: 1d\n"
            "do:\n  - {step: rest, wait: 1h}\n", encoding="utf-8")
        done = run(self.write("flows: [whole.yaml, part.yaml]\nstart: {id: w-1}\ncases:\n"
                              "  - case: x\n    expect: {end: completed, took: 1h}\n"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_usage(self):
        self.assertEqual(run("--help").returncode, 0)
        for words in (["--nope"], ["--output", "xml"], ["/nowhere"], [self.folder]):
            done = run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertNotEqual(done.stderr, "")
        self.assertEqual(run(cwd=self.folder).returncode, 2)
        done = run("--junit", "/nowhere/at/all.xml", self.write(CASE))
        self.assertEqual(done.returncode, 2)

    def test_a_watch_runs_again_when_a_file_changes(self):
        self.write(CASE)
        with subprocess.Popen([BATON, "test", "--watch", self.file], stdout=subprocess.PIPE,
                              cwd=ROOT) as process:
            try:
                self.assertIn("1 passed", await_line(process, "case:"))
                self.write(WRONG)
                self.assertIn("1 failed", await_line(process, "case:"))
                self.flow.write_text("flow: [\n", encoding="utf-8")
                self.assertIn("not run", await_line(process, "cases:"))
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(DEADLINE_S), 1)
            finally:
                process.kill()

    def test_the_schema_takes_what_the_reader_takes(self):
        schema = json.loads(subprocess.run([BATON, "schema", "--tests"], capture_output=True,
                                           text=True, check=True).stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        for path in sorted((ROOT / "workflows").glob("*.test.yaml")):
            with open(path, encoding="utf-8") as file:
                validator.validate(json.loads(json.dumps(yaml.safe_load(file), default=str)))
        validator.validate(yaml.safe_load(WRONG))
        for wrong in ("cases: []", "case: 1", "cases: [{case: a, expect: {ende: open}}]",
                      "cases: [{case: a, expect: {}, answers: {a: nothing}}]"):
            self.assertTrue(list(validator.iter_errors(yaml.safe_load(wrong))), wrong)


def await_line(process, part):
    """The first whole line with this in it. What comes after it in the same read is dropped."""
    deadline = time.monotonic() + DEADLINE_S
    got = ""
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 1)
        if ready:
            got += os.read(process.stdout.fileno(), 65536).decode()
        for line in got.splitlines(keepends=True):
            if part in line and line.endswith("\n"):
                return line
    raise AssertionError(f"no line with '{part}' in {got}")


if __name__ == "__main__":
    BATON = os.path.abspath(sys.argv.pop(1))
    unittest.main()
