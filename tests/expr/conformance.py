#!/usr/bin/env python3
"""jq's own test cases, put to our expressions: how many are in the subset, and how many of those agree.

    conformance.py --eval PATH --tests FILE [--list]

FILE is tests/jq.test of jq's sources (ops/deps fetches Debian's source package): a program, an input
and its outputs, a line each, or after `%%FAIL` a program that must not compile. A case is outside of the
subset when our compiler refuses its program. In the subset ours agrees when it gives the one output,
or refuses where jq gives none or several: an expression has exactly one value. Prints the counts, and
ends with 1 if a case differs that is not said to below.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter

from differential import same

# Where we differ from jq on purpose (docs/expressions.md): the program, and why.
KNOWN = {
    '[.[] * "abc"]': "jq 1.6 gives null for 0 as well",
    'abs': "of a text, since jq 1.7; an error here, as of all other texts",
    '[[range(10)] | .[1.1,1.5,1.7]]': "jq 1.6 gives null where an index is no whole number",
}


def read_cases(path):
    """(program, input, outputs) of each case; the input is None where it must not compile."""
    lines = iter([*open(path, encoding="utf-8").read().splitlines(), ""])
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        block = [line]
        for more in lines:
            if not more.strip():
                break
            if not more.lstrip().startswith("#"):
                block.append(more)
        if block[0].startswith("%%FAIL"):
            yield block[1], None, []
        elif len(block) >= 2:
            yield block[0], block[1], block[2:]


def value_of(text):
    """Of JSON as jq reads it; None, False: it has no form that others know, such as nan."""
    try:
        return json.loads(text), True
    except ValueError:
        return None, False


def ask(path, cases):
    """[(what the compiler said, the answer or None)]"""
    lines = []
    for program, given, _ in cases:
        lines.append("P " + json.dumps(program))
        lines.append("I " + (given if given is not None else "null"))
    run = subprocess.run([path], input="\n".join(lines) + "\n", capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        sys.exit(f"expr_eval ended with {run.returncode}: {run.stderr[-2000:]}")
    answers = run.stdout.split("\n")
    return list(zip(answers[0::2], answers[1::2]))


def judge(case, compiled, answer):
    """(which count it goes to, what is different)"""
    _, given, outputs = case
    if given is None:  # What jq sees in a constant when it compiles, we see when it is evaluated.
        return ("refused by both", "") if compiled.startswith("X") or answer.startswith("E") else \
            ("different", "jq does not compile it")
    if compiled.startswith("X"):
        return "outside the subset", ""
    wanted, is_known = value_of(outputs[0]) if len(outputs) == 1 else (None, True)
    if not is_known:
        return "without a JSON form", ""
    if len(outputs) != 1:
        return ("refused, jq gives none or several", "") if answer.startswith("E") else \
            ("different", f"jq gives {len(outputs)} values, ours {answer}")
    if answer.startswith("V ") and same(json.loads(answer[2:]), wanted):
        return "same value", ""
    return "different", f"jq gives {outputs[0]}, ours {answer}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--eval", required=True)
    parser.add_argument("--tests", required=True)
    parser.add_argument("--list", action="store_true", help="print the cases outside as well")
    options = parser.parse_args()

    every = list(read_cases(options.tests))
    cases = [case for case in every if case[1] is None or value_of(case[1])[1]]
    counts = Counter({"without a JSON form": len(every) - len(cases)})
    reasons = Counter()
    wrong = 0
    for case, (compiled, answer) in zip(cases, ask(options.eval, cases)):
        kind, difference = judge(case, compiled, answer)
        if kind == "different" and case[0] in KNOWN:
            kind = "different on purpose"
        counts[kind] += 1
        if kind == "different":
            wrong += 1
            print(f"program {case[0]}\n  input {case[1]}\n  {difference}")
        if kind == "outside the subset":
            reasons[compiled[2:60]] += 1
            if options.list:
                print(f"outside: {case[0]}\n  {compiled}")
    inside = counts["same value"] + counts["refused, jq gives none or several"] \
        + counts["different on purpose"] + counts["different"]
    print(f"{len(every)} cases of jq: {inside} in the subset, of which "
          f"{counts['same value']} give the same value, "
          f"{counts['refused, jq gives none or several']} give none or several in jq and are refused, "
          f"{counts['different on purpose']} differ on purpose, {counts['different']} differ; "
          f"{counts['outside the subset']} outside of it and refused by the compiler; "
          f"{counts['refused by both']} that jq must not compile are refused; "
          f"{counts['without a JSON form']} with values that JSON has not")
    sys.exit(1 if wrong > 0 or counts["same value"] < 50 else 0)


if __name__ == "__main__":
    main()
