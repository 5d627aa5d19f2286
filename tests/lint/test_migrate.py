"""`baton migrate --old --new`: F805 and F806, and what is wrong with a plan, for two flow files."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BATON = str(Path(sys.argv.pop()).resolve())

OLD = """flow: parcel
version: 1
key: .id
start: {topic: orders}
timeout: 2h
topics: {orders: {name: orders}, more: {name: more}, news: {name: news}}
services:
  stock: {commands: sc, replies: sr, success: .ok}
do:
  - {step: pick, request: stock, type: Pick, compensate: {request: stock, type: PutBack}}
  - {step: hear, listen: more, timeout: 1h}
  - {step: tell, emit: news}
"""

NEW = (OLD.replace("version: 1", "version: 2").replace("step: pick", "step: take")
       .replace("{step: hear, listen: more, timeout: 1h}", "{step: hear, wait: 1h}"))

PLAN = """migrate: parcel
from: 1
to: 2
steps:
  pick: take
  hear: {to: tell, as: skipped}
"""


class Migrate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name, text in (("old", OLD), ("new", NEW)):
            Path(self.folder.name, f"{name}.yaml").write_text(text, encoding="utf-8")

    def migrate(self, plan, *options):
        Path(self.folder.name, "plan.yaml").write_text(plan, encoding="utf-8")
        return subprocess.run([BATON, "migrate", "plan.yaml", "--old", "old.yaml", "--new",
                               "new.yaml", *options], capture_output=True, text=True, timeout=60,
                              cwd=self.folder.name)

    def found(self, plan):
        done = self.migrate(plan, "--output", "json")
        found = json.loads(done.stdout)["findings"]
        return done.returncode, [(f["id"], f["line"], f["column"]) for f in found]

    def test_a_plan_that_names_all_targets_is_fine(self):
        self.assertEqual(self.found(PLAN), (0, []))

    def test_another_action_without_a_target_is_F805(self):
        done = self.migrate(PLAN.replace("  hear: {to: tell, as: skipped}\n", ""))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("plan.yaml:4:1: error F805: the action of 'hear' was listen, is wait: say in "
                      "'steps' where runs that stand there go on", done.stdout)

    def test_a_request_to_another_service_is_F805(self):
        new = (NEW.replace("take, request: stock", "pick, request: rest")
               .replace("services:\n", "services:\n  rest: {commands: c, replies: r, success: .ok}\n"))
        Path(self.folder.name, "new.yaml").write_text(new, encoding="utf-8")
        done = self.migrate(PLAN.replace("  pick: take\n", ""))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("error F805: 'pick' was a request to 'stock', is one to 'rest'", done.stdout)

    def test_a_step_without_a_target_is_F806(self):
        done = self.migrate(PLAN.replace("  pick: take\n", ""))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("plan.yaml:4:1: warning F806: 'pick' (request) has no target in version 2: a "
                      "run that stands there stops the migration", done.stdout)

    def test_steps_that_are_in_no_version(self):
        self.assertEqual(self.found(PLAN.replace("pick: take", "pack: take"))[1],
                         [("F806", 4, 1), ("F204", 5, 3)])
        self.assertEqual(self.found(PLAN.replace("pick: take", "pick: pack")), (1, [("F204", 5, 9)]))

    def test_another_key_is_F804(self):
        Path(self.folder.name, "new.yaml").write_text(NEW.replace("key: .id", "key: .number"),
                                                      encoding="utf-8")
        self.assertEqual(self.found(PLAN), (1, [("F804", 1, 1)]))

    def test_what_a_plan_cannot_say(self):
        self.assertEqual(self.found(PLAN + "timer: keep\n"), (1, [("F101", 7, 1)]))
        self.assertIn("unknown key 'timer' (did you mean 'timers'?)",
                      self.migrate(PLAN + "timer: keep\n").stdout)
        self.assertEqual(self.found(PLAN.replace("to: 2\n", "")), (1, [("F102", 1, 1)]))
        self.assertEqual(self.found(PLAN.replace("to: 2", "to: two")), (1, [("F103", 3, 5)]))
        self.assertEqual(self.found(PLAN.replace("to: 2", "to: 1")), (1, [("F104", 3, 5)]))
        self.assertEqual(self.found(PLAN + "where: .a ==\n"), (1, [("F103", 7, 8)]))
        self.assertEqual(self.found(PLAN + "timers: stop\n"), (1, [("F103", 7, 9)]))
        self.assertEqual(self.found(PLAN + 'data: {a: "${ .b"}\n'), (1, [("F103", 7, 7)]))
        self.assertEqual(self.found(PLAN + 'where: "${ .a == 1 }"\ndata: {a: "${ .b }"}\n'),
                         (0, []))

    def test_files_of_other_versions_are_refused(self):
        done = self.migrate(PLAN.replace("from: 1", "from: 3"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("the files are not versions 3 and 2 of 'parcel'", done.stderr)


if __name__ == "__main__":
    unittest.main()
