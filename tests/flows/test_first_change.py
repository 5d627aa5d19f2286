#!/usr/bin/env python3
"""docs/first-change.md: who types in what it says has a flow without findings whose tests pass and which is proven.

    test_first_change.py BATON
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import first_change  # noqa: E402


def baton(*arguments):
    return subprocess.run([BATON, *map(str, arguments)], capture_output=True, text=True,
                          timeout=200, check=False)


class FirstChange(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        shutil.copy(ROOT / "workflows" / "estate.yaml", self.folder)
        for name in ("order-saga.yaml", "order-saga.test.yaml"):
            text = (ROOT / "workflows" / name).read_text(encoding="utf-8")
            (self.folder / name).write_text(first_change.typed_in(name, text), encoding="utf-8")
        self.flow = self.folder / "order-saga.yaml"
        self.tests = self.folder / "order-saga.test.yaml"

    def tearDown(self):
        self.place.cleanup()

    def test_it_has_no_findings(self):
        done = baton("check", "--strict", self.flow)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stdout)

    def test_what_it_says_about_leaving_out_the_undo_is_so(self):
        text = self.flow.read_text(encoding="utf-8")
        self.assertIn("    compensate: none ", text)
        self.flow.write_text("\n".join(line for line in text.splitlines()
                                       if "compensate: none " not in line), encoding="utf-8")
        self.assertIn("F504", baton("check", self.flow).stdout)

    def test_its_tests_pass_and_they_are_more(self):
        done = baton("test", self.tests)
        self.assertEqual(done.returncode, 0, done.stdout)
        for name in ("a suspicious order is not charged", "without a verdict a small order goes on",
                     "without a verdict a large order is refused"):
            self.assertIn(f"ok    {name}", done.stdout)

    def test_it_is_proven(self):
        done = baton("verify", "--attempts", 1, "--expressions-hold", self.flow)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
