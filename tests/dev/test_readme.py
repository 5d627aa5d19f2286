#!/usr/bin/env python3
"""The README's "Try a flow of your own", typed in as it stands there.

    test_readme.py BATON

YAML blocks are written to the file that their first line names, shell blocks are run. The block marked
`walk: build` is left out: what it builds is BATON.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def blocks():
    """(language, text) of each block of the section."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split(
        "## Try a flow of your own\n")[1].split("\n## ")[0]
    section = re.sub(r"<!-- walk: build -->\n```sh\n.*?```", "", section, flags=re.S)
    return re.findall(r"```(\w+)\n(.*?)```", section, flags=re.S)


class Walk(unittest.TestCase):
    def test_a_newcomer_gets_through(self):
        outputs = []
        with tempfile.TemporaryDirectory() as folder:
            for language, text in blocks():
                if language == "yaml":
                    name = re.match(r"# (\S+)\n", text).group(1)
                    (Path(folder) / name).write_text(text, encoding="utf-8")
                    continue
                done = subprocess.run(
                    ["bash", "-euc", text], cwd=folder, capture_output=True, text=True, timeout=120,
                    check=False,
                    env={**os.environ, "PATH": f"{BATON.parent}:{os.environ['PATH']}"})
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                outputs.append(done.stdout)
        self.assertEqual(len(outputs), 2)
        first, second = outputs
        self.assertIn("an example", first)
        self.assertIn("1  completed  parcel", first)
        self.assertIn("collect: attempt 2 sent", second)
        self.assertIn('"trackingId":"T-P-1"', second)
        self.assertIn("undo of pack: attempt 1 sent", second)
        self.assertRegex(second, r"1  failed     parcel")
        self.assertIn("1  completed  parcel", second)

    def test_its_flow_has_no_findings(self):
        with tempfile.TemporaryDirectory() as folder:
            for language, text in blocks():
                if language == "yaml":
                    name = re.match(r"# (\S+)\n", text).group(1)
                    (Path(folder) / name).write_text(text, encoding="utf-8")
            done = subprocess.run([BATON, "check", "--strict", "parcel.yaml"], cwd=folder,
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    BATON = Path(sys.argv.pop(1)).resolve()
    unittest.main()
