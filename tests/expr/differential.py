#!/usr/bin/env python3
"""Compare our expressions with the jq program on random programs and inputs.

    differential.py --eval PATH --jq PATH [--seed N] [--programs N] [--cases FILE...]

Programs are drawn from a seed, over the part of the language that both have; each runs on every
input. Both must give the same one value, or both must refuse (an error, no value, several values).
Prints the counts, and ends with 1 if there is a difference or if too few programs gave values.
The cases are conformance cases (program, input, output): jq must agree with the output. That our
side does is a unit test.

What is known to differ (docs/expressions.md) is not drawn: numbers beyond 2^53, decimals as they
were written, `( )?` before something that may fail, conditions of any() and all() that give no
value, arrays as indices.
"""

import argparse
import json
import math
import random
import re
import subprocess
import sys

BATCH = 20  # Programs in one jq process: its start costs more than most programs.

INPUTS = [
    {"a": 1, "b": "x", "c": [3, 1, 2], "d": {"k": "v", "n": 7}, "e": True,
     "f": [{"k": "b", "v": 2, "t": ["p", "q"]}, {"k": "a", "v": 2}, {"k": "b", "v": 1, "t": []}]},
    {"a": -2, "b": "foo bar", "c": [], "d": {}, "e": False, "f": []},
    {"a": 0, "b": "", "c": [1, 1, 1], "d": {"k": None}, "e": None,
     "f": [{"k": "z", "v": None}, {"v": 3}]},
    {"a": 2.5, "b": "a,b,,c", "c": [[1, [2]], [3]], "d": {"k": {"k": {"n": 1}}}, "e": True,
     "f": [{"key": "one", "value": 1}, {"key": "two", "value": [2]}]},
    {"a": 10, "b": "Grüße 😀", "c": ["b", "a", "B"], "d": {"n": [1, 2], "k": "v"}, "e": 0,
     "f": [{"name": "m", "Value": 4}, {"k": 1, "v": "s"}]},
    {"a": "7", "b": 12, "c": {"x": 1, "y": 2}, "d": [1, 2, 3], "e": "true", "f": {"k": "v"}},
    {"a": None, "b": None, "c": None, "d": None, "e": None, "f": None},
    {"a": [1, 2], "b": ["x", "y"], "c": "abc", "d": "k", "e": [], "f": [[1, 2], [0, 5], [1, 1]]},
    {"b": "2015-03-05T23:51:47Z", "a": 86400, "c": [True, False, None, 0, "", [], {}]},
    {},
    [],
    [1, 2, 3, 4, 5],
    ["a", "b", None, 3, True],
    [{"k": "a", "v": 1}, {"k": "b", "v": 2}],
    [[3, 4], [1, 2]],
    "plain text",
    "[1, {\"k\": 2}]",
    "aGVsbG8=",
    "",
    0,
    7,
    -1.5,
    True,
    None,
]

NAMES = "abcdefknvt"
WORDS = ["x", "a", "", "foo", "b", ",", "bar", "v", "Grüße", "k", "1", "[1]", "a,b", "abc", "YWI="]
NUMBERS = ["0", "1", "2", "3", "-1", "10", "0.5", "2.5", "-3", "100"]
NUMBER_UNARY = ["floor", "round", "length", "-.", "tostring | tonumber"]
TEXT_UNARY = ["ascii_downcase", "ascii_upcase", "tostring", "tojson", "@base64", "@json", "@text",
              "type", "(@base64 | @base64d)"]
ARRAY_UNARY = ["sort", "unique", "reverse", "flatten", "keys", "map(.)", "to_entries", "split(\",\")"]
BOOL_UNARY = ["not", "any", "all", "has(0)", "has(\"k\")"]
ANY_UNARY = ["min", "max", "add", "first", "last", "length", "type", "tojson", "tostring", "fromjson",
             "tonumber", "keys", "sort", "not", "floor", "reverse", "unique", "to_entries",
             "from_entries", "empty", "ascii_downcase", "todateiso8601", "fromdateiso8601", "flatten"]


class Maker:
    """Random programs. Each method gives the text of a term: what it gives can be put anywhere."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *choices):
        return self.rng.choice(choices)()

    def name(self):
        return self.rng.choice(NAMES)

    def word(self):
        return json.dumps(self.rng.choice(WORDS), ensure_ascii=False)

    def path(self, depth):
        kinds = [lambda: f".{self.name()}"] * 6 + [
            lambda: f".{self.name()}.{self.name()}",
            lambda: f".{self.name()}?",
            lambda: f".{self.name()}[{self.number(0)}]",
            lambda: f".[{self.rng.choice([0, 1, -1, 5])}]",
            lambda: f".[\"{self.name()}\"]",
            lambda: f".[{self.rng.choice([self.number, self.text])(depth - 1)}]?",
            lambda: f".{self.name()}[{self.bound()}:{self.bound()}]",
            lambda: f".[{self.bound()}:]",
            lambda: f"(.{self.name()} | .{self.name()})",
            lambda: ".",
        ]
        return self.rng.choice(kinds)()

    def bound(self):
        return self.rng.choice(["0", "1", "2", "-1", "-2", "1.5", "7", "null"])

    def several(self, depth):
        """A stream."""
        if depth <= 0:
            return self.rng.choice([".[]", ".[]?", f".{self.name()}[]", f".{self.name()}[]?", "(1, 2)"])
        return self.rng.choice([
            lambda: f"({self.any(depth - 1)}, {self.any(depth - 1)})",
            lambda: f"range({self.small()})",
            lambda: f"range({self.small()}; {self.small()})",
            lambda: f"range({self.small()}; {self.small()}; {self.rng.choice(['1', '-1', '2', '0.5', '0'])})",
            lambda: f".{self.name()}[]",
            lambda: ".[]?",
            lambda: f"(.[]? | {self.any(depth - 1)})",
            lambda: f"(.f[]? | select({self.truth(depth - 1)}))",
            lambda: f"({self.several(depth - 1)} // {self.any(depth - 1)})",
            lambda: f"({self.several(depth - 1)} {self.rng.choice(['+', '-', '==', '<'])} {self.several(depth - 1)})",
            lambda: f"({self.several(depth - 1)} {self.rng.choice(['and', 'or'])} {self.several(depth - 1)})",
            lambda: f"(if {self.several(depth - 1)} then {self.any(depth - 1)} else {self.several(depth - 1)} end)",
            lambda: f"{{{self.name()}: {self.several(depth - 1)}, {self.name()}: ({self.several(depth - 1)})}}",
            lambda: f"\"<\\({self.several(depth - 1)}) \\({self.several(depth - 1)})>\"",
            lambda: f".[{self.number(depth - 1)}, {self.text(depth - 1)}]?",
        ])()

    def small(self):
        return str(self.rng.randint(-2, 5))

    def number(self, depth):
        if depth <= 0:
            return self.rng.choice(NUMBERS)
        return self.rng.choice([
            lambda: self.rng.choice(NUMBERS),
            lambda: ".a",
            lambda: f"({self.number(depth - 1)} {self.rng.choice('+-*')} {self.number(depth - 1)})",
            lambda: f"({self.number(depth - 1)} / {self.rng.choice(['2', '4', '-1', '0.5'])})",
            lambda: f"({self.number(depth - 1)} % {self.rng.choice(['2', '3', '-3', '7'])})",
            lambda: f"({self.any(depth - 1)} | length)",
            lambda: f"({self.number(depth - 1)} | {self.rng.choice(NUMBER_UNARY)})",
            lambda: f"({self.array(depth - 1)} | length)",
        ])()

    def text(self, depth):
        if depth <= 0:
            return self.rng.choice([self.word, lambda: ".b"])()
        return self.rng.choice([
            self.word,
            lambda: ".b",
            lambda: f"({self.text(depth - 1)} + {self.text(depth - 1)})",
            lambda: f"\"-\\({self.any(depth - 1)})-\"",
            lambda: f"({self.any(depth - 1)} | {self.rng.choice(TEXT_UNARY)})",
            lambda: f"@json \"{{\\({self.any(depth - 1)})}}\"",
            lambda: f"@base64 \"\\({self.text(depth - 1)}):\"",
            lambda: f"({self.text(depth - 1)} | ltrimstr({self.text(0)}))",
            lambda: f"({self.text(depth - 1)} | rtrimstr({self.text(0)}))",
            lambda: f"({self.array(depth - 1)} | join({self.word()}))",
            lambda: f"({self.text(depth - 1)} * {self.small()})",
            lambda: f"({self.word()} | @base64d)",
            lambda: f"({self.text(depth - 1)} | .[{self.bound()}:{self.bound()}])",
        ])()

    def array(self, depth):
        if depth <= 0:
            return self.rng.choice([".c", ".f", "[1, 2]", "[]", "[\"a\", null]", "[.[]?]"])
        return self.rng.choice([
            lambda: ".c",
            lambda: ".f",
            lambda: f"[{self.several(depth - 1)}]",
            lambda: f"[{self.any(depth - 1)}]",
            lambda: f"[({self.any(depth - 1)})?]",
            lambda: f"({self.array(depth - 1)} | map({self.any(depth - 1)}))",
            lambda: f"({self.array(depth - 1)} | map(select({self.truth(depth - 1)})))",
            lambda: f"({self.array(depth - 1)} | {self.rng.choice(ARRAY_UNARY)})",
            lambda: f"({self.array(depth - 1)} | sort_by({self.key(depth - 1)}))",
            lambda: f"({self.array(depth - 1)} | group_by({self.key(depth - 1)}))",
            lambda: f"({self.array(depth - 1)} + {self.array(depth - 1)})",
            lambda: f"({self.array(depth - 1)} - {self.array(depth - 1)})",
            lambda: f"({self.array(depth - 1)} | flatten({self.rng.choice(['0', '1', '2'])}))",
            lambda: f"({self.text(depth - 1)} | split({self.word()}))",
            lambda: f"({self.text(depth - 1)} / {self.word()})",
            lambda: f"({self.array(depth - 1)} | del({self.gone(depth - 1)}))",
            lambda: f"({self.object(depth - 1)} | to_entries)",
        ])()

    def key(self, depth):
        return self.rng.choice([lambda: f".{self.name()}?", lambda: ".", lambda: "(.k?, .v?)",
                                lambda: self.any(depth)])()

    def gone(self, depth):
        return self.rng.choice([
            lambda: f".{self.name()}",
            lambda: f".[{self.rng.choice(['0', '-1', '1', '9', '0, 2', '1:', ':-1', '0:1', '-9'])}]",
            lambda: f".{self.name()}, .{self.name()}",
            lambda: f".{self.name()}.{self.name()}",
            lambda: f".[]? | select({self.truth(depth)})",
            lambda: f".f[]?.{self.name()}?",
            lambda: "first(.[]?)",
            lambda: ".c[1:][0], .c[0]",
            lambda: f"if {self.truth(depth)} then .{self.name()} else .[0]? end",
            lambda: f".{self.name()} // .{self.name()}",
            lambda: ".[]",
        ])()

    def object(self, depth):
        if depth <= 0:
            return self.rng.choice([".d", "{}", "{k: 1}", "{a, b}", "."])
        return self.rng.choice([
            lambda: ".d",
            lambda: f"{{{self.name()}: {self.any(depth - 1)}, \"{self.name()}\": {self.any(depth - 1)}}}",
            lambda: f"{{{self.name()}, {self.name()}}}",
            lambda: f"{{({self.text(depth - 1)}): {self.any(depth - 1)}}}",
            lambda: f"{{\"p\\({self.number(0)})\": {self.any(depth - 1)}}}",
            lambda: f"({self.object(depth - 1)} + {self.object(depth - 1)})",
            lambda: f"({self.object(depth - 1)} * {self.object(depth - 1)})",
            lambda: f"({self.object(depth - 1)} | with_entries({self.rng.choice(['.', 'select(.value)', '{key: .key, value: [.value]}', '.value'])}))",
            lambda: f"({self.object(depth - 1)} | del({self.gone(depth - 1)}))",
            lambda: f"({self.array(depth - 1)} | from_entries)",
        ])()

    def pattern(self):
        """A regular expression of what both engines have."""
        atom = lambda: self.rng.choice(["a", "b", "x", "o", ".", "[a-f]", "[^a-c]", "\\\\d", "\\\\w",
                                        "\\\\s", "(a|b)", "(?:fo|ba)", "(o+)", "[[:alpha:]]", "ü", ","])
        parts = "".join(atom() + self.rng.choice(["", "", "*", "+", "?", "{1,2}", "{2}", "+?"])
                        for _ in range(self.rng.randint(1, 4)))
        return (self.rng.choice(["", "", "^", "\\\\b"]) + parts + self.rng.choice(["", "", "$", "\\\\b"]))

    def truth(self, depth):
        if depth <= 0:
            return self.rng.choice([".e", "true", "false", ".k?", ". == null", ".v? > 1"])
        compare = self.rng.choice(["==", "!=", "<", "<=", ">", ">="])
        return self.rng.choice([
            lambda: ".e",
            lambda: f"({self.any(depth - 1)} {compare} {self.any(depth - 1)})",
            lambda: f"({self.number(depth - 1)} {compare} {self.number(depth - 1)})",
            lambda: f"({self.truth(depth - 1)} {self.rng.choice(['and', 'or'])} {self.truth(depth - 1)})",
            lambda: f"({self.any(depth - 1)} | {self.rng.choice(BOOL_UNARY)})",
            lambda: f"({self.text(depth - 1)} | startswith({self.text(0)}))",
            lambda: f"({self.text(depth - 1)} | endswith({self.text(0)}))",
            lambda: f"({self.text(depth - 1)} | test(\"{self.pattern()}\"))",
            lambda: f"({self.text(depth - 1)} | test(\"{self.pattern()}\"; \"{self.rng.choice(['i', 'x', 'g', 'ix'])}\"))",
            lambda: f"({self.array(depth - 1)} | contains({self.array(depth - 1)}))",
            lambda: f"({self.text(depth - 1)} | contains({self.text(0)}))",
            lambda: f"({self.array(depth - 1)} | any({self.truth(depth - 1)} // false))",
            lambda: f"({self.array(depth - 1)} | all({self.truth(depth - 1)} // false))",
            lambda: f"({self.object(depth - 1)} | has({self.any(0)}))",
        ])()

    def any(self, depth):
        if depth <= 0:
            return self.pick(lambda: self.path(0), lambda: self.path(0), self.word,
                             lambda: self.rng.choice(NUMBERS), lambda: "null")
        return self.rng.choice([
            lambda: self.path(depth),
            lambda: self.path(depth),
            lambda: self.number(depth),
            lambda: self.text(depth),
            lambda: self.array(depth),
            lambda: self.array(depth),
            lambda: self.object(depth),
            lambda: self.truth(depth),
            lambda: f"({self.path(depth - 1)} // {self.any(depth - 1)})",
            lambda: f"({self.any(depth - 1)} | {self.rng.choice(ANY_UNARY)})",
            lambda: f"({self.any(depth - 1)} | {self.any(depth - 1)})",
            lambda: f"(if {self.truth(depth - 1)} then {self.any(depth - 1)} else {self.any(depth - 1)} end)",
            lambda: f"(if {self.truth(depth - 1)} then {self.any(0)} elif {self.truth(0)} then {self.any(0)} else . end)",
            lambda: f"({self.any(depth - 1)} {self.rng.choice('+-*/')} {self.any(depth - 1)})",
            lambda: f"first({self.several(depth - 1)})",
            lambda: f"last({self.several(depth - 1)})",
            lambda: f"({self.array(depth - 1)} | min_by({self.key(depth - 1)}))",
            lambda: f"({self.array(depth - 1)} | max_by({self.key(depth - 1)}))",
            lambda: f"-{self.number(depth - 1)}",
        ])()


def make_programs(seed, count):
    rng = random.Random(seed)
    maker = Maker(rng)
    programs = []
    while len(programs) < count:
        depth = rng.randint(1, 3)
        kind = rng.random()
        if kind < 0.25:
            programs.append(f"[{maker.several(depth)}]")
        elif kind < 0.3:
            programs.append(maker.several(depth))
        else:
            programs.append(maker.any(depth))
    return programs


def ours(path, programs):
    """[[result for each input] for each program]; a result is ("v", value) or ("e", text)."""
    lines = []
    for program in programs:
        lines.append("P " + json.dumps(program))
        lines.extend("I " + json.dumps(value) for value in INPUTS)
    run = subprocess.run([path], input="\n".join(lines) + "\n", capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"expr_eval ended with {run.returncode}: {run.stderr[-2000:]}")
    answers = iter(run.stdout.split("\n"))
    results = []
    for _ in programs:
        compiled = next(answers)
        of_program = []
        for _ in INPUTS:
            answer = next(answers)
            if answer.startswith("V "):
                of_program.append(("v", json.loads(answer[2:])))
            else:
                of_program.append(("e", compiled if compiled.startswith("X") else answer))
        results.append(of_program)
    return results


def run_jq(path, programs):
    """As ours(), for programs that share a process; None if it does not compile."""
    parts = ", ".join(f"[try {{v: ({program})}} catch {{e: tostring}}]" for program in programs)
    run = subprocess.run([path, "-c", f"[{parts}]"], input="\n".join(map(json.dumps, INPUTS)),
                         capture_output=True, text=True)
    if run.returncode != 0:
        return None
    results = [[] for _ in programs]
    for line in run.stdout.splitlines():
        for index, outputs in enumerate(json.loads(line)):
            if len(outputs) == 1 and "v" in outputs[0]:
                results[index].append(("v", outputs[0]["v"]))
            else:
                results[index].append(("e", json.dumps(outputs)[:200]))
    return results


def theirs(path, programs):
    results = []
    for start in range(0, len(programs), BATCH):
        batch = programs[start:start + BATCH]
        together = run_jq(path, batch)
        if together is None:
            together = []
            for program in batch:
                alone = run_jq(path, [program])
                together.append(alone[0] if alone else [("e", "not compiled")] * len(INPUTS))
        results.extend(together)
    return results


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or math.isclose(a, b, rel_tol=1e-14)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, str) and a != b:
        # jq 1.6 writes negative zero as -0, and replaces more than it must of what is no UTF-8.
        return "\ufffd" in b or a == re.sub(r"(?<![0-9])-0(?![.0-9])", "0", b)
    return a == b


def read_cases(path):
    """(program, input, output) of each case; the output is None where there must be none."""
    blocks = [[]]
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line == "":
                blocks.append([])
            elif not (line.startswith("# ") and not blocks[-1]):
                blocks[-1].append(line)
    for block in filter(None, blocks):
        program, value, output = block
        yield program, value, None if output == "!" else output


def jq_on_cases(path, cases):
    """The outputs of a few cases in one process; None if one of them does not compile."""
    parts = ", ".join(f"[{value} | [try {{v: ({program}\n)}} catch {{e: 1}}]]"
                      for program, value, _ in cases)
    run = subprocess.run([path, "-nc", f"[{parts}]"], capture_output=True, text=True)
    return [part[0] for part in json.loads(run.stdout)] if run.returncode == 0 else None


def check_cases(path, files):
    """How many cases jq does not agree with."""
    cases = [case for file in files for case in read_cases(file)]
    wrong = 0
    for start in range(0, len(cases), BATCH):
        batch = cases[start:start + BATCH]
        outputs = jq_on_cases(path, batch)
        if outputs is None:
            outputs = [(jq_on_cases(path, [case]) or [[]])[0] for case in batch]
        for (program, value, output), got in zip(batch, outputs):
            given = len(got) == 1 and "v" in got[0]
            if given != (output is not None) or (given and not same(json.loads(output), got[0]["v"])):
                wrong += 1
                print(f"case {program}\n  input {value}\n  says  {output}\n  jq    {got}")
    print(f"{len(cases)} conformance cases: jq disagrees with {wrong}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--eval", required=True)
    parser.add_argument("--jq", required=True)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--cases", nargs="*", default=[])
    options = parser.parse_args()

    wrong = check_cases(options.jq, options.cases)
    programs = make_programs(options.seed, options.programs)
    counts = {"values": 0, "refused": 0, "different": 0}
    for program, mine, its in zip(programs, ours(options.eval, programs),
                                  theirs(options.jq, programs)):
        for value, a, b in zip(INPUTS, mine, its):
            if a[0] == b[0] and (a[0] == "e" or same(a[1], b[1])):
                counts["values" if a[0] == "v" else "refused"] += 1
                continue
            counts["different"] += 1
            if counts["different"] <= 20:
                print(f"program {program}\n  input {json.dumps(value, ensure_ascii=False)}"
                      f"\n  ours  {a[1]!r}\n  jq    {b[1]!r}")
    total = sum(counts.values())
    print(f"seed {options.seed}: {len(programs)} programs, {total} comparisons: "
          f"{counts['values']} same values, {counts['refused']} refused by both, "
          f"{counts['different']} different")
    sys.exit(1 if wrong > 0 or counts["different"] > 0 or counts["values"] < total // 4 else 0)


if __name__ == "__main__":
    main()
