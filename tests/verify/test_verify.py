"""What `baton verify` prints and how it ends, and that the flows in workflows/ are proven."""

import json
import resource
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FLOWS = sorted(path for path in (ROOT / "workflows").glob("*.yaml")
               if not path.name.endswith(".test.yaml") and path.name != "estate.yaml")
OPTIMISED = sys.argv.pop() == "optimised"
# Of the processor, so that others at work do not count. With sanitizers all takes some ten times as long.
FLOW_S = 10 if OPTIMISED else 40
BATON = sys.argv.pop()


def verify(*arguments):
    return subprocess.run([BATON, "verify", *map(str, arguments)], capture_output=True, text=True,
                          timeout=280)


class Verify(unittest.TestCase):
    def test_the_flows_that_come_with_it_are_proven(self):
        # Few bounds, as this build may be a slow one.
        done = verify("--output", "json", "--attempts", 1, "--expressions-hold",
                      ROOT / "workflows")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(json.loads(done.stdout)), len(FLOWS))
        for flow in json.loads(done.stdout):
            self.assertTrue(flow["holds"] and flow["complete"], flow)
            self.assertGreater(flow["states"], 5)
            self.assertEqual(flow["unreached"], [])
            self.assertNotIn("broken", flow)

    def test_each_flow_that_comes_with_it_is_proven_in_time(self):
        for path in FLOWS:
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            done = verify(path)
            took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            self.assertEqual(done.returncode, 0, f"{path.name}: {done.stdout}{done.stderr}")
            self.assertLess(took, FLOW_S, path.name)

    def test_what_is_not_undone_anywhere_is_not_called_compensated(self):
        done = verify(ROOT / "workflows/valuation.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("or failed, as it undoes no request (", done.stdout)
        self.assertNotIn("compensated", done.stdout)

    def test_a_broken_flow_ends_with_1_and_a_story(self):
        done = verify("--output", "json", HERE / "undo-without-timeout.yaml")
        self.assertEqual(done.returncode, 1, done.stderr)
        broken = json.loads(done.stdout)[0]["broken"]
        self.assertEqual((broken["rule"], broken["step"], broken["line"]),
                         ("waits-without-end", "reserve", 12))
        self.assertEqual([event["at"] for event in broken["story"]],
                         ["reserve", "undo of reserve"])

    def test_bounds_are_said_and_kept(self):
        few = verify("--attempts", 1, "--expressions-hold", HERE / "good-loop.yaml")
        many = verify("--attempts", 3, HERE / "good-loop.yaml")
        self.assertEqual((few.returncode, many.returncode), (0, 0), few.stdout + many.stdout)
        self.assertIn("tried: up to 1 attempts of a retry", few.stdout)
        states = [int(done.stdout.split(" states")[0].split()[-1]) for done in (few, many)]
        self.assertLess(states[0], states[1])

    def test_too_many_states_prove_nothing(self):
        done = verify("--states", 10, HERE / "good-loop.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not proven", done.stdout)

    def test_usage(self):
        self.assertEqual(verify("--help").returncode, 0)
        for arguments in ((), ("--attempts", "0", "x.yaml"), ("--output", "xml", "x.yaml"),
                          ("--what",), ("absent.yaml",)):
            done = verify(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("baton", done.stderr)

    def test_a_file_with_errors_is_refused_with_its_findings(self):
        done = verify(ROOT / "tests/lint/F101-unknown-key.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("F101", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
