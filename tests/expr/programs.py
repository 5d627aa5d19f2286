"""Random programs over the part of the language that we and jq 1.6 share, for differential.py."""

import json
import random

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
