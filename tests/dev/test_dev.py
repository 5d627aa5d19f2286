#!/usr/bin/env python3
"""baton dev on the order saga: what it prints, how its services behave, how it ends.

    test_dev.py BATON

Output that a seed makes repeatable is held against files (*.expected); UPDATE=1 rewrites them.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SAGA = "workflows/order-saga.yaml"
SERVICES = "examples/dev/services.yaml"
ORDERS = "examples/dev/orders.jsonl"
FIXED = ("--speed", "max", "--seed", "1", "--clock", "2026-01-31T12:00:00Z")
DEADLINE_S = 60


def dev(*arguments, stdin=None):
    return subprocess.run([BATON, "dev", *map(str, arguments)], cwd=ROOT, capture_output=True,
                          text=True, timeout=200, check=False, input=stdin,
                          stdin=None if stdin is not None else subprocess.DEVNULL)


def events(*arguments, stdin=None):
    """All events, the summary last."""
    done = dev(*FIXED, "--output", "json", *arguments, stdin=stdin)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ends(summary):
    return {end["state"]: sum(e["count"] for e in summary["ended"] if e["state"] == end["state"])
            for end in summary["ended"]}


def with_services(text, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "services.yaml"
        path.write_text(text, encoding="utf-8")
        return dev(*FIXED, SAGA, "--services", path, *arguments)


class Golden(unittest.TestCase):
    maxDiff = None

    def hold(self, name, *arguments):
        done = dev(*FIXED, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = re.sub(r"on their clock, \S+ on yours", "on their clock", done.stdout)
        path = HERE / f"{name}.expected"
        if os.environ.get("UPDATE"):
            path.write_text(text, encoding="utf-8")
        self.assertEqual(text, path.read_text(encoding="utf-8"))

    def test_an_example_goes_through_the_saga(self):
        self.hold("example", SAGA)

    def test_orders_are_confirmed_refused_and_undone(self):
        self.hold("orders", SAGA, "--services", SERVICES, "--start", ORDERS)

    def test_json_has_one_object_an_event(self):
        self.hold("json", SAGA, "--output", "json", "--services", SERVICES, "--start", ORDERS)


class Services(unittest.TestCase):
    def test_a_decline_undoes_what_was_done(self):
        done = with_services("services: {payments: {failure: {error: Broke, reason: no money}}}\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("undo of reserve: done", done.stdout)
        self.assertIn("1  failed     order-saga: rejected: refused by payments", done.stdout)

    def test_silence_is_answered_by_retries(self):
        done = with_services("services: {payments: {silence: {attempts: 2}}}\n")
        self.assertIn("charge: attempt 3 sent", done.stdout)
        self.assertNotIn("charge: attempt 4 sent", done.stdout)
        self.assertIn("1  completed  order-saga", done.stdout)

    def test_a_delay_takes_its_time_on_the_clock_of_the_flow_alone(self):
        begun = time.monotonic()
        done = with_services("services: {shipping: {delay: 14m}}\n")
        self.assertLess(time.monotonic() - begun, DEADLINE_S)
        self.assertRegex(done.stdout, r"\+14m\S* +order-saga:order-1 +<- shipping.replies")

    def test_a_second_answer_changes_nothing(self):
        done = with_services("services: {inventory: {duplicate: 100%}}\n")
        self.assertIn("late or repeated reply of inventory (activation 1), ignored", done.stdout)
        self.assertIn("1  completed  order-saga", done.stdout)

    def test_every_nth_and_rates_hit_as_often_as_they_say(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "s.yaml"
            path.write_text("services:\n  inventory: {failure: {every: 4}}\n", encoding="utf-8")
            summary = events(SAGA, "--services", path, "--count", "100")[-1]
            self.assertEqual(ends(summary), {"failed": 25, "completed": 75})
            path.write_text("services:\n  inventory: {failure: 30%}\n", encoding="utf-8")
            failed = ends(events(SAGA, "--services", path, "--count", "300")[-1])["failed"]
            self.assertTrue(60 <= failed <= 120, failed)

    def test_mistakes_are_shown_with_line_and_column(self):
        done = with_services("services:\n  payment: {delay: 1s}\n  shipping:\n    succes: 1\n")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"services.yaml:2:3: error D202: .*did you mean 'payments'")
        self.assertRegex(done.stderr, r"services.yaml:4:5: error D101: .*did you mean 'success'")

    def test_a_service_may_say_with_headers_whether_it_is_done(self):
        flow = ("flow: f\nversion: 1\nkey: .id\nstart: {topic: in}\ntimeout: 1h\n"
                "topics: {in: {name: in}, failed: {name: failed}}\n"
                "services: {s: {commands: c, replies: r, type: {header: kind},\n"
                '  success: $message.headers.kind == "Done" and $message.headers.by == "me"}}\n'
                "do:\n  - {step: a, request: s, type: T}\n"
                "onFailure:\n  - {step: b, emit: failed}\n")
        told = "services: {s: {headers: {by: me}, type: Done, failure: {every: 2, type: Odd}}}\n"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "f.yaml"
            path.write_text(flow, encoding="utf-8")
            services = Path(folder) / "services.yaml"
            services.write_text(told, encoding="utf-8")
            for extra in ((), ("--services", services)):
                done = dev(*FIXED, path, "--count", 4, "--output", "json", *extra)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(ends(json.loads(done.stdout.splitlines()[-1])),
                                 {"completed": 2, "failed": 2} if extra else {"completed": 4})

    def test_what_cannot_be_made_up_is_asked_for(self):
        flow = ("flow: f\nversion: 1\nkey: .id\ntimeout: 1h\ntopics: {in: {name: in}}\n"
                "services: {s: {commands: c, replies: r, success: '(.lines | length) > 2'}}\n"
                "start: {topic: in}\nonFailure: [{step: x, set: {a: 1}}]\n"
                "do: [{step: ask, request: s, type: Ask, pivot: true, inDoubt: skip}]\n")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "f.yaml"
            path.write_text(flow, encoding="utf-8")
            done = dev(*FIXED, path)
            self.assertEqual(done.returncode, 1)
            self.assertIn("services:\n  s:\n    types:\n      Ask:\n", done.stderr)
            told = Path(folder) / "s.yaml"
            told.write_text("services: {s: {success: {lines: [1, 2, 3]}}}\n", encoding="utf-8")
            self.assertIn("1  completed  f", dev(*FIXED, path, "--services", told).stdout)


class Messages(unittest.TestCase):
    def test_named_topics_and_times(self):
        got = events(SAGA, "--send", "orders.created", '{"orderId": "X", "lines": []}')
        self.assertEqual(got[0]["instance"], "order-saga:X")
        late = '{"topic": "ordersCreated", "after": "1h", "value": {"orderId": "Y"}}\n'
        got = events(SAGA, "--start", "-", stdin=late)
        self.assertGreaterEqual(got[0]["ms"], 3600000)

    def test_wrong_lines_are_named_and_the_others_sent(self):
        done = dev(*FIXED, SAGA, "--start", "-",
                   stdin='{"orderId": "1"}\nnonsense\n{"topic": "x", "value": 1}\n')
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard input:2: ", done.stderr)
        self.assertIn("standard input:3: no flow knows a topic 'x'", done.stderr)
        self.assertIn("1 ended", done.stdout)

    def test_what_has_no_key_is_a_dead_letter(self):
        got = events(SAGA, "--send", '{"total": 1}')
        self.assertEqual([e["event"] for e in got], ["dead-letter", "summary"])

    def test_lines_are_taken_as_they_come(self):
        argv = [BATON, "dev", "--quiet", "--output", "text", SAGA, "--start", "-"]
        with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as child:
            child.stdin.write('{"orderId": "1"}\n')
            child.stdin.flush()
            child.stdin.write('{"orderId": "2"}\n')
            child.stdin.close()
            self.assertIn("2  completed  order-saga", child.stdout.read())


class Flows(unittest.TestCase):
    def test_flows_that_are_run_are_taken_from_beside(self):
        done = dev(*FIXED, "workflows/portfolio.yaml")
        self.assertIn("valuation v1 is run by portfolio", done.stdout)
        summary = events("workflows/portfolio.yaml")[-1]
        self.assertEqual(ends(summary), {"completed": 4})

    def test_a_child_beside_with_errors_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "parent.yaml").write_text(
                (ROOT / "workflows/portfolio.yaml").read_text(), encoding="utf-8")
            (Path(folder) / "child.yaml").write_text("flow: valuation\nversion: x\n", encoding="utf-8")
            done = dev(*FIXED, Path(folder) / "parent.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("child.yaml:2:10: error F103", done.stderr)

    def test_a_child_that_is_nowhere_is_said_with_its_parent_and_its_record(self):
        with tempfile.TemporaryDirectory() as folder:
            parent = Path(folder) / "parent.yaml"
            parent.write_text((ROOT / "workflows/portfolio.yaml").read_text(), encoding="utf-8")
            shown = dev(*FIXED, parent).stdout
        self.assertRegex(shown, r"start by portfolio:portfolio-1: record baton.inbox/0/\d+ is a start")

    def test_a_flow_without_topics_is_started_by_hand(self):
        got = events("workflows/valuation.yaml")
        self.assertEqual(got[0]["instance"], "valuation:by-hand-1")
        self.assertEqual(ends(got[-1]), {"completed": 1})
        for words in (["valuation", '{"propertyId": "P-1"}'], ['{"propertyId": "P-1"}']):
            got = events("workflows/valuation.yaml", "--send", *words)
            self.assertIn('"P-1"', json.dumps(got[0]))
        line = '{"topic": "valuation", "key": "V-1", "value": {"propertyId": "P-1"}}\n'
        got = events("workflows/valuation.yaml", "--start", "-", stdin=line)
        self.assertEqual(got[0]["instance"], "valuation:V-1")

    def test_what_is_absent_is_made_up_as_what_stands_in_for_it(self):
        """`.work.more // []` is a list: steps that are added at run time."""
        self.assertEqual(ends(events("workflows/dynamic-steps.yaml")[-1]), {"completed": 1})


class Ends(unittest.TestCase):
    def test_killed_workers_lose_and_repeat_nothing(self):
        for seed in ("1", "2", "3"):
            got = events(SAGA, "--services", SERVICES, "--count", "60", "--kill-every", "1s",
                         "--seed", seed)
            over = [e["instance"] for e in got if e.get("end")]
            self.assertEqual(len(over), 60)
            self.assertEqual(len(set(over)), 60)
            self.assertTrue(any("worker is killed" in e.get("note", "") for e in got))

    def test_ctrl_c_ends_with_the_table(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "s.yaml"
            path.write_text("services: {payments: {delay: 10m}}\n", encoding="utf-8")
            argv = [BATON, "dev", SAGA, "--services", path]
            with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
                self.read_until(child, "charge: attempt 1 sent")
                child.send_signal(signal.SIGINT)
                rest = child.stdout.read()
                self.assertEqual(child.wait(timeout=DEADLINE_S), 0)
        self.assertIn("0 ended, 1 open", rest)
        self.assertIn("order-saga:order-1: at charge, until in ", rest)

    def read_until(self, child, text):
        seen = ""
        end = time.monotonic() + DEADLINE_S
        while text not in seen:
            self.assertLess(time.monotonic(), end, seen)
            if select.select([child.stdout], [], [], 1)[0]:
                seen += os.read(child.stdout.fileno(), 65536).decode()
        return seen

    def test_too_much_memory_stops_it_with_a_message(self):
        done = dev(*FIXED, "--quiet", SAGA, "--count", "5000", "--memory", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("more than 1 MiB are in use", done.stderr)
        self.assertIn("Instances: ", done.stdout)

    def test_metrics_are_served(self):
        argv = [BATON, "dev", SAGA, "--http", "127.0.0.1:0", "--stay"]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            seen = self.read_until(child, "completed")
            where = re.search(r"http://\S+/metrics", seen).group()
            end = time.monotonic() + DEADLINE_S
            wanted = 'baton_runs_ended_total{flow="order-saga",status="completed"} 1'
            while wanted not in (text := get(where)):
                self.assertLess(time.monotonic(), end, text)
            self.assertEqual(get(where.replace("metrics", "readyz")), "ready\n")
            child.send_signal(signal.SIGTERM)
            child.stdout.read()
            self.assertEqual(child.wait(timeout=DEADLINE_S), 0)

    def test_usage(self):
        self.assertTrue(dev("--help").stdout.startswith("Usage: baton dev"))
        for arguments in (["--speed", "fast"], ["--nothing"], ["missing.yaml"], ["--count", "0"],
                          ["--send", "orders.created"], ["--services", "missing.yaml", SAGA],
                          ["--start", "missing.jsonl", SAGA], ["--output", "xml"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(dev(*arguments).returncode, 2)
        self.assertEqual(dev("tests/lint/F204-no-such-step.yaml").returncode, 1)

    def test_without_a_file_it_takes_the_folder_workflows(self):
        self.assertIn("order-saga v1 starts from orders.created", dev(*FIXED).stdout)


def get(url):
    with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
        return answer.read().decode()


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
