#!/usr/bin/env python3
"""`baton export` writes documents that the standard's own SDK accepts, and that this engine, where it
takes them back, runs as it runs the flow.

    test_export.py BATON
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODULES = ROOT / ".deps/node/node_modules"
# These at least are read back. What the standard has no way to say is kept in metadata.baton and then
# refused: copies of the document for each item or branch, which of several messages came, handlers and
# reminders.
BACK = {"data-pipeline", "dynamic-steps", "inspection", "lease-renewal", "money-transfer",
        "order-journey", "order-saga", "property-purchase", "valuation"}


def baton(*arguments):
    return subprocess.run([BATON, *map(str, arguments)], capture_output=True, text=True,
                          timeout=100, check=False)


def judge(*files):
    answer = subprocess.run(["node", HERE / "validate.cjs", MODULES, *files], capture_output=True,
                            text=True, timeout=100, check=True)
    return answer.stdout.splitlines()


def flows():
    return [path for path in sorted((ROOT / "workflows").glob("*.yaml"))
            if not path.name.endswith(".test.yaml") and path.name != "estate.yaml"]


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="baton-export-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.answers = {path.stem: baton("export", path, "-o", cls.folder / path.name)
                       for path in flows()}

    def test_every_flow_is_exported(self):
        self.assertTrue(self.answers)
        for name, answer in self.answers.items():
            with self.subTest(name):
                self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_the_sdk_accepts_every_document(self):
        documents = [self.folder / path.name for path in flows()]
        said = judge(*documents)
        self.assertEqual(said, [f"ok {path}" for path in documents])
        print(f"export: the SDK accepts {len(said)} documents", file=sys.stderr)

    def test_the_sdk_accepts_the_restated_scenarios_and_refuses_what_is_wrong(self):
        good = [path for path in sorted((HERE.parent / "conformance").glob("*.yaml"))
                if not path.name.endswith(".test.yaml")]
        self.assertEqual(judge(*good), [f"ok {path}" for path in good])
        text = good[0].read_text(encoding="utf-8")
        for old, new in (("do:\n", "dont:\n"), ("'1.0.0'", "one"), ("set:", "sett:")):
            broken = self.folder / "broken.txt"
            broken.write_text(text.replace(old, new), encoding="utf-8")
            self.assertTrue(judge(broken)[0].startswith("bad "), (old, new))

    def test_what_is_read_back_does_the_same(self):
        """The tests that stand beside a flow hold for its export as well."""
        back = set()
        for path in flows():
            document = self.folder / path.name
            tests = path.with_name(path.name.replace(".yaml", ".test.yaml"))
            if baton("check", document).returncode == 0:
                back.add(path.stem)
                if tests.exists():
                    shutil.copy(tests, self.folder)
                    answer = baton("test", self.folder / tests.name)
                    self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertEqual(BACK - back, set())
        print(f"export: {len(back)} of {len(flows())} documents are read back", file=sys.stderr)

    def test_what_is_not_read_back_is_refused_by_name(self):
        for path in flows():
            answer = baton("check", self.folder / path.name)
            if answer.returncode != 0:
                self.assertTrue(re.search(r"error F114: .* of metadata\.baton", answer.stdout),
                                answer.stdout)

    def test_what_needs_no_undo_and_no_limit_still_says_so(self):
        document = self.folder / "dynamic-steps.yaml"
        self.assertNotIn("F504", baton("check", document).stdout)
        self.assertEqual(baton("verify", "-x", document).returncode, 0)
        waits = self.folder / "waits.txt"
        waits.write_text("flow: waits\nversion: 1\nstart: {manual: true}\ntimeout: none\n"
                         "do: [{step: a, listen: {signal: go}, timeout: none}]\n", encoding="utf-8")
        said = baton("export", waits, "-o", self.folder / "waits-none.txt")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertNotIn("F409", baton("check", self.folder / "waits-none.txt").stdout)
        self.assertTrue(judge(self.folder / "waits-none.txt")[0].startswith("ok "))

    def test_what_was_forgotten_is_forgotten_in_the_document(self):
        for name, finding in (("forgotten-undo", "F504"), ("listen-without-timeout", "F409")):
            document = self.folder / f"{name}.txt"
            baton("export", ROOT / f"tests/verify/{name}.yaml", "-o", document)
            self.assertIn(finding, baton("check", document).stdout)
            self.assertEqual(baton("verify", document).returncode, 1)

    def test_a_file_with_errors_is_not_exported(self):
        answer = baton("export", ROOT / "tests/lint/F101-unknown-key.yaml")
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        self.assertEqual(baton("export").returncode, 2)

    def test_a_document_is_not_exported_again(self):
        answer = baton("export", HERE / "data.yaml")
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        self.assertIn("is a document of the standard already", answer.stderr)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
