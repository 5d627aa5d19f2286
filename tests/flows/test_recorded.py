#!/usr/bin/env python3
"""Recorded runs as tests of a flow: `replay` in a file of tests, and `baton debug FILE`.

    test_recorded.py BATON
"""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ("estate.yaml", "order-saga.yaml", "order-saga.history.json",
         "order-saga-recorded.test.yaml")


class Recorded(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        for name in FILES:
            shutil.copy(ROOT / "workflows" / name, self.folder)
        self.recording = self.folder / "order-saga.history.json"

    def baton(self, *words):
        return subprocess.run([BATON, *words], cwd=self.folder, capture_output=True, text=True,
                              timeout=100, check=False)

    def replay(self):
        return self.baton("test", "order-saga-recorded.test.yaml")

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def records(self, change):
        recording = json.loads(self.recording.read_text(encoding="utf-8"))
        change(recording)
        self.recording.write_text(json.dumps(recording), encoding="utf-8")

    def test_the_flow_of_today_takes_the_run_as_it_was_taken_then(self):
        done = self.replay()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 case: 1 passed, 0 failed", done.stdout)

    def test_what_the_run_does_not_meet_may_change(self):
        self.edit("order-saga.yaml", "emit: ordersConfirmed", "emit: ordersRejected")
        self.assertEqual(self.replay().returncode, 0)

    def test_an_edited_flow_departs_with_its_place_and_what_is_other(self):
        self.edit("order-saga.yaml", "type: RefundPayment", "type: PayBack")
        done = self.replay()
        self.assertEqual(done.returncode, 1)
        for wanted in ("order-saga-recorded.test.yaml:6:11: error D501: it departs from what was "
                       "recorded at seq 4: it sends other things",
                       "recorded: => payments.commands RefundPayment",
                       "now:      => payments.commands PayBack"):
            self.assertIn(wanted, done.stdout)

    def test_a_shorter_timeout_would_have_come_first(self):
        self.edit("order-saga.yaml", "timeout: 1m", "timeout: 1ms")
        done = self.baton("debug", self.recording.name, "--with", "order-saga.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("departs at seq 3: before this event a timer is due: attempt of charge, at",
                      done.stdout)

    def test_only_up_to_a_step(self):
        self.edit("order-saga.yaml", "type: RefundPayment", "type: PayBack")
        done = self.baton("debug", self.recording.name, "--with", "order-saga.yaml", "--to", "3")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "order-saga.yaml: the same is decided and sent, up to seq 3\n"))

    def test_an_event_that_is_gone_is_told(self):
        self.records(lambda recording: recording["records"][2].pop("event"))
        done = self.replay()
        self.assertEqual(done.returncode, 1)
        self.assertIn("it cannot be told from there on at seq 3: the inbox record that caused it is "
                      "gone", done.stdout)

    def test_a_recording_that_was_tampered_with_is_refused_or_departs(self):
        def other_definition(recording):
            next(iter(recording["definitions"].values()))["version"] = 7
        whole = self.recording.read_text(encoding="utf-8")
        for change, wanted in (
                (other_definition, "was changed: its hash is"),
                (lambda r: r["records"][1].update(seq=9), "'seq' is 9 where 2 follows"),
                (lambda r: r["records"][1].update(time="1999-01-01T00:00:00.000Z"),
                 "its time lies before that of the step before it"),
                (lambda r: r["records"][1]["event"].update(kind="nonsense"),
                 "'kind' is none that is known"),
                (lambda r: r["records"][1]["commands"][0].update(topic="elsewhere"),
                 "this program decides otherwise: it sends another command"),
                (lambda r: r.pop("records"), "'records' is missing"),
                (lambda r: r.update(recording=2), "no recording of this format")):
            self.recording.write_text(whole, encoding="utf-8")
            self.records(change)
            done = self.replay()
            self.assertEqual(done.returncode, 1, wanted)
            self.assertIn(wanted, done.stdout)

    def test_what_stands_beside_a_replay_is_wrong(self):
        self.edit("order-saga-recorded.test.yaml", "replay: order-saga.history.json",
                  "replay: order-saga.history.json\n    expect: {end: failed}")
        self.assertIn("error D107: 'expect' has no meaning beside 'replay'", self.replay().stdout)
        self.edit("order-saga-recorded.test.yaml", "replay: order-saga.history.json\n    expect: "
                  "{end: failed}", "until: 1d")
        self.assertIn("error D102: missing required 'expect'", self.replay().stdout)

    def test_the_state_is_shown_step_by_step(self):
        done = self.baton("debug", self.recording.name, "--to", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        for wanted in ('stack    charge#2: "pending" -> "armed"', 'waits    ship#3 = ',
                       "timers   attempt of charge#2 is gone", '"status": "running"'):
            self.assertIn(wanted, done.stdout)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop()).resolve())
    unittest.main()
