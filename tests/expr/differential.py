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
import re
import subprocess
import sys

from programs import make_programs

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
    parser.add_argument("--programs", type=int, default=1200)
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
