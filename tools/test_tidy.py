#!/usr/bin/env python3
"""tidy.py finds what it is for, and leaves clean code alone."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TIDY = Path(__file__).with_name("tidy.py")


def findings(name, text):
    """What tidy.py prints about a tree that holds this one file."""
    with tempfile.TemporaryDirectory() as root:
        path = Path(root, name)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, TIDY, "--root", root], capture_output=True,
                              text=True, check=False)
        if done.stderr:
            raise AssertionError(done.stderr)
        if (done.returncode == 0) != (done.stdout == ""):
            raise AssertionError(f"ended with {done.returncode} and printed: {done.stdout}")
        return done.stdout


def function(lines):
    """A C function of so many lines."""
    return "int f(void)\n{\n" + "    g();\n" * (lines - 3) + "}\n"


class Includes(unittest.TestCase):
    def test_core_may_include_model_and_not_engine(self):
        self.assertEqual(findings("src/core/a.c", '#include "model/flow.h"\n'), "")
        self.assertEqual(findings("src/core/a.c", '\n#include "engine/lane.h"\n'),
                         "src/core/a.c:2: src/core may not include src/engine "
                         "('engine/lane.h')\n")

    def test_third_party_header_belongs_to_one_folder(self):
        self.assertEqual(findings("src/adapter/a.c", "#include <librdkafka/rdkafka.h>\n"), "")
        self.assertIn("only src/adapter does",
                      findings("src/engine/a.c", "#include <librdkafka/rdkafka.h>\n"))

    def test_crypto_is_for_codec_and_not_for_core(self):
        self.assertEqual(findings("src/codec/a.c", '#include "crypto/digest.h"\n'), "")
        self.assertNotEqual(findings("src/core/a.c", '#include "crypto/digest.h"\n'), "")

    def test_unknown_headers_and_folders_are_refused(self):
        self.assertIn("unknown header", findings("src/base/a.c", "#include <glib.h>\n"))
        self.assertIn("not in the table", findings("src/extra/a.c", "int a;\n"))

    def test_libc_is_free(self):
        self.assertEqual(findings("src/base/a.c", "#include <sys/stat.h>\n#include <time.h>\n"), "")


class Lengths(unittest.TestCase):
    def test_function_of_70_lines_passes_and_of_71_not(self):
        self.assertEqual(findings("src/base/a.c", function(70)), "")
        self.assertEqual(findings("src/base/a.c", "int a;\n\n" + function(71)),
                         "src/base/a.c:3: function of 71 lines, more than 70\n")

    def test_braces_in_comments_and_literals_do_not_count(self):
        text = function(20).replace("    g();", "    g('{', \"}{\"); /* { */ // {", 5)
        self.assertEqual(findings("src/base/a.c", text), "")
        self.assertIn("71 lines", findings("src/base/a.c", text + function(71)))

    def test_tables_are_no_functions(self):
        self.assertEqual(findings("src/base/a.c", "int a[] = {\n" + "    1,\n" * 90 + "};\n"), "")

    def test_file_of_400_lines_passes_and_of_401_not(self):
        self.assertEqual(findings("tests/unit/a.h", "int a;\n" * 400), "")
        self.assertIn("a.h:401: file of 401", findings("tests/unit/a.h", "int a;\n" * 401))
        self.assertEqual(findings("tools/a.py", "a = 1\n" * 401), "")

    def test_python_functions_are_measured(self):
        self.assertEqual(findings("tests/a.py", "def f():\n" + "    g()\n" * 69), "")
        self.assertIn("a.py:1: function", findings("tests/a.py", "def f():\n" + "    g()\n" * 70))


class Parameters(unittest.TestCase):
    six = "int a, int b, int c,\n      int (*d)(int, int), int e, int f"

    def test_six_pass_and_seven_not(self):
        for form in ("int f({});\n", "int f({})\n{{\n}}\n", "struct p {{\n    int (*f)({});\n}};\n"):
            self.assertEqual(findings("src/base/a.h", form.format(self.six)), "")
            self.assertIn("7 parameters",
                          findings("src/base/a.h", form.format(self.six + ", int g")))

    def test_object_and_error_of_a_port_do_not_count(self):
        text = f"int f(void *self, {self.six}, struct error *err);\n"
        self.assertEqual(findings("src/base/a.h", text), "")
        self.assertIn("7 parameters",
                      findings("src/base/a.h", text.replace("*self,", "*self, int g,")))

    def test_calls_may_have_more(self):
        text = "int f(void)\n{\n    return g(1, 2, 3, 4, 5, 6, 7);\n}\n"
        self.assertEqual(findings("src/base/a.c", text), "")


class Shape(unittest.TestCase):
    def test_nesting_of_four_passes_and_of_five_not(self):
        def nested(depth):
            return ("int f(void)\n{\n" + "for (;;) {\n" * depth + "struct s a = {{1}, {2}};\n"
                    + "}\n" * depth + "}\n")
        self.assertEqual(findings("src/base/a.c", nested(4)), "")
        self.assertIn("a.c:7: nesting of 5", findings("src/base/a.c", nested(5)))

    def test_conditional_compilation_stays_outside_of_functions(self):
        self.assertEqual(findings("src/base/a.c", "#ifdef A\nint a;\n#endif\n"), "")
        self.assertIn("a.c:3: #if inside",
                      findings("src/base/a.c", "int f(void)\n{\n#ifdef A\n    g();\n#endif\n}\n"))

    def test_typedef_is_for_no_struct(self):
        self.assertEqual(findings("src/base/a.h", "typedef enum status (*call)(void);\n"), "")
        for text in ("typedef struct a a;\n", "typedef enum a {\n    A,\n} a;\n"):
            self.assertIn("typedef", findings("src/base/a.h", text))


class LeftOvers(unittest.TestCase):
    def test_left_over_needs_an_issue(self):
        self.assertEqual(findings("src/base/a.c", "/* TODO(#12): more */\n"), "")
        self.assertIn("a.c:1: left undone", findings("src/base/a.c", "/* TODO: more */\n"))
        self.assertIn("a.sh:1: left undone", findings("tests/support/a.sh", "# FIXME\n"))

    def test_tests_do_not_sleep(self):
        self.assertIn("a.c:1: a test waits", findings("tests/unit/a.c", "usleep(1);\n"))
        self.assertIn("a.py:2: a test", findings("tests/a.py", "import time\ntime.sleep(1)\n"))
        self.assertEqual(findings("src/base/a.c", "usleep(1);\n"), "")


if __name__ == "__main__":
    unittest.main()
