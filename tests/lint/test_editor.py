#!/usr/bin/env python3
"""What an editor does with the schema of `baton schema`: completes keys, shows texts, marks mistakes.

    test_editor.py BATON
"""

import json
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from language_server import LanguageServer  # noqa: E402

HEAD = "flow: shop\nversion: 1\nkey: .id\nstart: {topic: in}\ndo:\n"
ACTIONS = {"request", "emit", "listen", "wait", "set", "switch", "raise", "end"}


class Editor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = Path(cls.folder.name, "schema.json")
        subprocess.run([BATON, "schema", "--output", path], check=True, timeout=60)
        cls.schema = json.loads(path.read_text(encoding="utf-8"))
        cls.server = LanguageServer(path)
        cls.count = 0
        # The settings arrive some time after the first file: until then there is no schema.
        end = time.monotonic() + 60
        while not cls.open("do: 5\n")[1]:
            assert time.monotonic() < end, "the server does not read the schema"

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.folder.cleanup()

    @classmethod
    def open(cls, text):
        cls.count += 1
        uri = Path(cls.folder.name, f"flow-{cls.count}.yaml").as_uri()
        return uri, cls.server.open(uri, text)

    def place(self, text):
        """Open the text without its mark ^; the place of the mark."""
        before, after = text.split("^")
        uri, _ = self.open(before + after)
        return uri, before.count("\n"), len(before.rsplit("\n", 1)[-1])

    def completions(self, text):
        return {item["label"]: item for item in self.server.complete(*self.place(text))}

    def hover(self, text):
        return self.server.hover(*self.place(text))

    def messages(self, text):
        return [f"{found['range']['start']['line'] + 1}: {found['message']}"
                for found in self.open(text)[1]]

    def test_a_step_without_an_action_is_offered_the_actions(self):
        offered = self.completions(HEAD + "  - step: a\n    ^\n")
        self.assertLessEqual(ACTIONS, set(offered))
        self.assertNotIn("timeout", offered)
        self.assertIn("wait for the reply", str(offered["request"]["documentation"]))

    def test_a_step_with_an_action_is_offered_the_keys_of_that_action_alone(self):
        request = set(self.completions(HEAD + "  - step: a\n    request: stock\n    ^\n"))
        self.assertLessEqual({"type", "value", "timeout", "retry", "compensate", "reply"}, request)
        self.assertEqual(request & ACTIONS, set())
        plain = set(self.completions(HEAD + "  - step: a\n    set: {x: 1}\n    ^\n"))
        self.assertLessEqual({"if", "then", "note"}, plain)
        self.assertEqual(plain & {"timeout", "retry", "type", "compensate"}, set())

    def test_keys_of_the_file_and_of_parts_are_offered(self):
        self.assertLessEqual({"timeout", "saga", "onFailure", "use"},
                             set(self.completions("flow: a\nversion: 1\n^\n")))
        self.assertLessEqual({"commands", "replies", "success", "correlate"},
                             set(self.completions("flow: a\nservices:\n  stock:\n    ^\n")))
        self.assertLessEqual({"request", "emit"}, set(self.completions(
            HEAD + "  - step: a\n    request: stock\n    compensate:\n      ^\n")))

    def test_words_are_offered_as_values(self):
        self.assertLessEqual({"completed", "failed", "cancelled"},
                             set(self.completions(HEAD + "  - step: a\n    end: ^\n")))

    def test_hover_shows_what_the_table_says(self):
        for text, doc in (
                ("flow: a\near^ly: 5m\n", self.schema["properties"]["early"]["description"]),
                (HEAD + "  - step: a\n    req^uest: x\n",
                 "Send a command to this service and wait for the reply"),
                (HEAD + "  - step: a\n    request: x\n    time^out: 5s\n", "Of each attempt"),
                (HEAD + "  - step: a\n    wait: {un^til: .x}\n", "Gives an ISO time"),
                (HEAD + "  - step: a\n    request: x\n    compensate: {request: x, re^try: 5}\n",
                 "Else the saga's")):
            self.assertIn(doc, self.hover(text), text)

    def test_a_good_flow_has_no_marks(self):
        for name in ("tests/lint/good-everything.yaml", "workflows/order-saga.yaml"):
            path = Path(__file__).resolve().parent.parent.parent / name
            self.assertEqual(self.messages(path.read_text(encoding="utf-8")), [])

    def test_mistakes_are_marked_where_they_are_with_words_that_help(self):
        found = self.messages(HEAD + "  - step: a\n    request: x\n    emit: y\n"
                                     "  - step: b\n    requst: s\n"
                                     "  - step: c\n    wait: 5 minutes\n"
                                     "  - step: d\n    emit: t\n    retry: 3\n")
        self.assertIn("10: Property requst is not allowed.", found)
        self.assertIn("9: Missing property \"request\".", found)
        self.assertTrue(any(said.startswith("12: a duration with its unit") for said in found), found)
        for line in (8, 15):
            self.assertTrue(any(said.startswith(f"{line}: Value is not accepted") for said in found),
                            found)


if __name__ == "__main__":
    BATON = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
