"""`baton check --against`: F801 to F804, which need two versions of a flow."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BATON = str(Path(sys.argv.pop()).resolve())

OLD = """flow: parcel
version: 2
key: .id
start: {topic: orders}
timeout: 2h
topics: {orders: {name: orders}, more: {name: more}, news: {name: news}}
services:
  stock: {commands: sc, replies: sr, success: .ok}
do:
  - {step: pick, request: stock, type: Pick, compensate: {request: stock, type: PutBack}}
  - {step: pack, request: stock, type: Pack, compensate: none}
  - {step: tell, emit: news}
  - {step: hear, listen: more, timeout: 1h}
"""


class Against(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.old = Path(self.folder.name, "old.yaml")
        self.new = Path(self.folder.name, "new.yaml")
        self.old.write_text(OLD, encoding="utf-8")

    def check(self, text, *options):
        self.new.write_text(text, encoding="utf-8")
        return subprocess.run([BATON, "check", "--against", self.old, *options, self.new],
                              capture_output=True, text=True, timeout=60)

    def ids(self, text):
        done = self.check(text, "--format", "json")
        found = json.loads(done.stdout)["findings"]
        return done.returncode, [f["id"] for f in found if f["id"].startswith("F80")]

    def test_a_higher_version_with_the_same_steps_is_fine(self):
        self.assertEqual(self.ids(OLD.replace("version: 2", "version: 3")
                                  .replace("timeout: 1h", "timeout: 2m")), (0, []))
        self.assertEqual(self.ids(OLD), (0, []))

    def test_the_same_version_with_other_content(self):
        self.assertEqual(self.ids(OLD.replace("timeout: 1h", "timeout: 2m")), (1, ["F801"]))
        self.assertIn("new.yaml:2:10: error F801", self.check(OLD.replace("1h", "2m")).stdout)

    def test_a_lower_version(self):
        self.assertEqual(self.ids(OLD.replace("version: 2", "version: 1")), (0, ["F802"]))

    def test_steps_that_are_gone_renamed_or_do_something_else(self):
        new = (OLD.replace("version: 2", "version: 3").replace("step: pick", "step: take")
               .replace("  - {step: hear, listen: more, timeout: 1h}\n",
                        "  - {step: hear, wait: 1h}\n"))
        done = self.check(new)
        self.assertEqual(done.returncode, 1)
        self.assertIn("new.yaml:10:12: error F803: 'pick' is called 'take': runs of version 2 that "
                      "wait there go on by it, unless the plan of a migration says where\n   10 | ", done.stdout)
        self.assertIn("new.yaml:13:12: error F803: the action of 'hear' was listen, is wait",
                      done.stdout)
        gone = OLD.replace("version: 2", "version: 3").replace("  - {step: tell, emit: news}\n", "")
        self.assertIn("new.yaml:9:1: error F803: 'tell' (emit) is gone", self.check(gone).stdout)

    def test_a_request_to_another_service_is_another_action(self):
        new = (OLD.replace("version: 2", "version: 3").replace("pack, request: stock",
                                                               "pack, request: rest")
               .replace("services:\n", "services:\n  rest: {commands: rc, replies: rr, success: .ok}\n"))
        self.assertIn("new.yaml:12:12: error F803: 'pack' was a request to 'stock', is one to 'rest'",
                      self.check(new).stdout)

    def test_what_handlers_do_may_change(self):
        handled = OLD + "handle:\n  - {listen: {signal: stop}, raise: Stopped}\n"
        self.old.write_text(handled, encoding="utf-8")
        self.assertEqual(self.ids(OLD.replace("version: 2", "version: 3")), (0, []))

    def test_a_document_of_the_standard_has_its_tasks_pointed_at(self):
        document = ("document: {dsl: '1.0.3', namespace: shop, name: order, version: '1.0.0'}\n"
                    "do:\n  - second: {wait: {hours: 2}}\n")
        self.old.write_text(document, encoding="utf-8")
        new = document.replace("1.0.0", "2.0.0").replace("{wait: {hours: 2}}", "{set: {second: 1}}")
        self.assertIn("new.yaml:3:5: error F803: the action of 'second' was wait, is set",
                      self.check(new).stdout)

    def test_standard_input_is_not_compared(self):
        done = subprocess.run([BATON, "check", "--against", self.old, "-"], input=OLD,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("not standard input", done.stderr)

    def test_another_key_or_start(self):
        new = OLD.replace("version: 2", "version: 3").replace("start: {topic: orders}",
                                                              "start: {topic: more}")
        self.assertEqual(self.ids(new), (1, ["F804"]))
        self.assertEqual(self.ids(OLD.replace("version: 2", "version: 3")
                                  .replace("key: .id", "key: .number")), (1, ["F804"]))
        self.assertIn("new.yaml:3:1: error F804: the flow's key was .id, is .number:",
                      self.check(OLD.replace("version: 2", "version: 3")
                                 .replace("key: .id", "key: .number")).stdout)

    def test_a_file_of_another_flow_is_refused(self):
        done = self.check(OLD.replace("flow: parcel", "flow: letter"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("none of the files is of flow 'parcel'", done.stderr)


if __name__ == "__main__":
    unittest.main()
