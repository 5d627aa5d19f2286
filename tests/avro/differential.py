#!/usr/bin/env python3
"""Our Avro against fastavro: random schemas and values, both ways, and bytes that are damaged.

    differential.py --eval PROGRAM [--seed N] [--schemas N]

What fastavro writes we must read as the JSON that docs/formats/avro.md promises, and fastavro must
read what we write of that JSON as the same value. Damaged bytes may be refused or give another value,
but the program has to answer. The fixed cases below say what is refused, and with which words.
"""

import argparse
import base64
import datetime
import decimal
import io
import json
import random
import struct
import subprocess
import sys

import fastavro

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, verb, value):
        line = f"{verb} {value if isinstance(value, str) else json.dumps(value)}\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode()
        if not answer:
            sys.exit(f"the program is gone after: {line[:2000]}")
        return answer[0], answer[2:].rstrip("\n")

    def schema(self, *schemas):
        return self.ask("S", json.dumps([s if isinstance(s, str) else json.dumps(s)
                                         for s in schemas]))


class Maker:
    """Random schemas, and random values of a schema: as Python's for fastavro, as JSON for us."""

    def __init__(self, rng):
        self.rng = rng
        self.names = 0

    def name(self):
        self.names += 1
        return f"N{self.names}"

    def leaf(self):
        bits = self.rng.randint(1, 30)
        return self.rng.choice([
            "null", "boolean", "int", "long", "float", "double", "bytes", "string",
            {"type": "enum", "name": self.name(), "symbols": ["A", "B", "C"]},
            {"type": "fixed", "name": self.name(), "size": self.rng.randint(0, 9)},
            {"type": "bytes", "logicalType": "decimal", "precision": bits,
             "scale": self.rng.randint(0, bits)},
            {"type": "fixed", "name": self.name(), "size": 13, "logicalType": "decimal",
             "precision": bits, "scale": self.rng.randint(0, bits)},
            {"type": "int", "logicalType": "date"},
            {"type": "long", "logicalType": "timestamp-millis"},
            {"type": "long", "logicalType": "timestamp-micros"},
            {"type": "long", "logicalType": "local-timestamp-micros"},
        ])

    def schema(self, depth):
        kind = self.rng.choice(["leaf", "record", "array", "map", "union"]) if depth else "leaf"
        if kind == "leaf":
            return self.leaf()
        if kind == "record":
            return {"type": "record", "name": self.name(), "namespace": self.rng.choice(["", "a.b"]),
                    "fields": [{"name": f"f{i}", "type": self.schema(depth - 1)}
                               for i in range(self.rng.randint(0, 4))]}
        if kind == "array":
            return {"type": "array", "items": self.schema(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth - 1)}
        # Branches that JSON tells apart.
        pools = [["null"], ["boolean"], [self.rng.choice(["long", "double"])],
                 [self.rng.choice(["string", {"type": "enum", "name": self.name(),
                                              "symbols": ["X", "Y"]}])],
                 [{"type": "array", "items": "int"}], [{"type": "map", "values": "string"}]]
        self.rng.shuffle(pools)
        return [pool[0] for pool in pools[:self.rng.randint(1, 4)]]

    def text(self):
        return "".join(self.rng.choice('ab"\\\n\0 äß漢😀') for _ in range(self.rng.randint(0, 6)))

    def value(self, schema):
        """(for fastavro, as JSON)"""
        rng = self.rng
        if isinstance(schema, list):
            branch = rng.choice(schema)
            pair = self.value(branch)
            while branch == "double" and pair[1] == "Infinity":
                pair = self.value(branch)  # As JSON it is a text, so a string may be meant.
            return pair
        kind = schema if isinstance(schema, str) else schema["type"]
        logical = None if isinstance(schema, str) else schema.get("logicalType")
        if logical == "decimal":
            digits = rng.randint(1, schema["precision"])
            number = rng.randint(-10 ** digits + 1, 10 ** digits - 1)
            with decimal.localcontext() as context:
                context.prec = 60
                value = decimal.Decimal(number).scaleb(-schema["scale"])
            return value, value
        if logical == "date":
            day = datetime.date(rng.randint(1, 9999), rng.randint(1, 12), rng.randint(1, 28))
            return day, day.isoformat()
        if logical:
            moment = EPOCH + datetime.timedelta(days=rng.randint(-700000, 2900000),
                                                microseconds=rng.randint(0, 86399999999))
            if logical == "timestamp-millis":
                moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
                return moment, moment.strftime("%Y-%m-%dT%H:%M:%S.").zfill(20) + \
                    f"{moment.microsecond // 1000:03}Z"
            text = moment.strftime("%Y-%m-%dT%H:%M:%S.").zfill(20) + f"{moment.microsecond:06}"
            if logical == "timestamp-micros":
                return moment, text + "Z"
            return moment.replace(tzinfo=None), text
        if kind == "null":
            return None, None
        if kind == "boolean":
            value = rng.random() < 0.5
            return value, value
        if kind in ("int", "long"):
            bits = 31 if kind == "int" else 63
            value = rng.choice([0, 1, -1, 2 ** bits - 1, -2 ** bits,
                                rng.randint(-2 ** bits, 2 ** bits - 1)])
            return value, value
        if kind == "double":
            value = rng.choice([0.0, -1.5, 1e300, 5e-324, rng.random(), float("inf"), 0.1])
            return value, "Infinity" if value == float("inf") else value
        if kind == "float":
            value = struct.unpack("<f", struct.pack("<f", rng.choice([0.1, 3.0, 1e38, 1e-40,
                                                                      rng.random()])))[0]
            return value, Float(value)
        if kind == "bytes" or kind == "fixed":
            value = rng.randbytes(schema["size"] if kind == "fixed" else rng.randint(0, 9))
            return value, base64.b64encode(value).decode()
        if kind == "string":
            value = self.text()
            return value, value
        if kind == "enum":
            value = rng.choice(schema["symbols"])
            return value, value
        if kind == "array":
            pairs = [self.value(schema["items"]) for _ in range(rng.randint(0, 3))]
            return [a for a, _ in pairs], [b for _, b in pairs]
        if kind == "map":
            pairs = {f"k{i}": self.value(schema["values"]) for i in range(rng.randint(0, 3))}
            return {k: a for k, (a, _) in pairs.items()}, {k: b for k, (_, b) in pairs.items()}
        pairs = {f["name"]: self.value(f["type"]) for f in schema["fields"]}
        return {k: a for k, (a, _) in pairs.items()}, {k: b for k, (_, b) in pairs.items()}


class Float(float):
    """Equal to what reads back as the same 32 bits."""


def same(found, expected):
    if isinstance(expected, decimal.Decimal):
        return isinstance(found, (int, decimal.Decimal)) and found == expected
    if isinstance(expected, Float):
        return struct.pack("<f", float(found)) == struct.pack("<f", expected)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return found is expected or (isinstance(expected, str) and found == expected)
    if isinstance(expected, (int, float)):
        if isinstance(expected, int):
            return not isinstance(found, bool) and found == expected
        return float(found) == expected
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and \
            all(same(a, b) for a, b in zip(found, expected))
    return isinstance(found, dict) and list(found) == list(expected) and \
        all(same(found[k], expected[k]) for k in expected)


def write(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def differ(what, *facts):
    sys.exit("\n".join([what] + [f"  {str(fact)[:3000]}" for fact in facts]))


def random_schemas(program, seed, count):
    rng = random.Random(seed)
    values = 0
    for number in range(count):
        maker = Maker(rng)
        raw = maker.schema(rng.randint(0, 3))
        schema = fastavro.parse_schema(json.loads(json.dumps(raw)))
        verdict, why = program.schema(json.dumps(raw))
        if verdict != "S":
            differ("the schema is refused", json.dumps(raw), why)
        for _ in range(8):
            given, expected = maker.value(raw)
            written = write(schema, given)
            verdict, answer = program.ask("D", base64.b64encode(written).decode().join('""'))
            if verdict != "V" or not same(json.loads(answer, parse_float=decimal.Decimal), expected):
                differ(f"decoded otherwise (seed {seed}, schema {number})", json.dumps(raw), given,
                       expected, answer)
            verdict, again = program.ask("E", answer)
            if verdict != "B":
                differ(f"not encoded (seed {seed}, schema {number})", json.dumps(raw), answer, again)
            read = fastavro.schemaless_reader(io.BytesIO(base64.b64decode(again)), schema, None)
            if write(schema, read) != write(schema, given):
                differ(f"encoded otherwise (seed {seed}, schema {number})", json.dumps(raw), given,
                       answer, read)
            for _ in range(3):
                hurt = bytearray(written)
                for _ in range(rng.randint(1, 3)):
                    if hurt and rng.random() < 0.7:
                        hurt[rng.randrange(len(hurt))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
                    elif hurt:
                        del hurt[rng.randrange(len(hurt)):]
                program.ask("D", base64.b64encode(bytes(hurt)).decode().join('""'))
            values += 1
    return values


ORDER = {"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "PAID"]}},
    {"name": "note", "type": ["null", "string"]},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6,
                                "scale": 2}},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": ["x"]},
    {"name": "raw", "type": "bytes", "default": "\u00ff"},
    {"name": "next", "type": ["null", "Order"], "default": None},
]}

# schemas, verb, given, answer: what comes back, or the beginning of what is said.
FIXED = [
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": 1.5}, "B"),
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": "1.50", "note": "n"}, "B"),
    ([ORDER], "E", {"state": "NEW", "amount": 1}, "E the required field 'id' is missing"),
    ([ORDER], "E", {"id": 1.5, "state": "NEW", "amount": 1},
     "E field 'id': expected a whole number"),
    ([ORDER], "E", {"id": 1, "state": "GONE", "amount": 1},
     "E field 'state': 'GONE' is no symbol of the enum 'shop.State'"),
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": 1, "x": 1},
     "E the record 'shop.Order' has no field 'x'"),
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": 1.234},
     "E field 'amount': a decimal of the schema has 2 digits behind the point"),
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": 12345},
     "E field 'amount': a decimal of the schema has 6 digits, 2 behind the point"),
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": 1, "note": 5},
     "E field 'note': expected a string, found a number"),
    ([ORDER], "E", {"id": 1, "state": "NEW", "amount": 1,
                    "next": {"id": 2, "state": "NEW", "amount": 1, "tags": [1]}},
     "E field 'next': field 'tags': item 0: expected a string, found a number"),
    ([ORDER], "T", {"id": "${ .id }", "state": "NEW", "amount": "${ .a }"}, "T"),
    ([ORDER], "T", {"id": "${ .id }", "state": "${ .s }", "amount": 1, "note": "for ${ .id }"}, "T"),
    ([ORDER], "T", "${ . }", "T"),
    ([ORDER], "T", {"state": "NEW", "amount": 1}, "E the required field 'id' is missing"),
    ([ORDER], "T", {"id": "nr ${ .id }", "state": "NEW", "amount": 1},
     "E field 'id': expected a long, found a text"),
    ([ORDER], "T", {"id": 1, "state": "OLD", "amount": 1}, "E field 'state': 'OLD' is no symbol"),
    ([ORDER], "T", {"id": 1, "state": "NEW", "amount": 1, "oops": 1},
     "E the record 'shop.Order' has no field 'oops'"),
    # A number that a double would round stays a long; a double is taken where nothing else fits.
    ([["double", "long"]], "E", 9007199254740993, "B AoKAgICAgIAg"),
    ([["long", "double"]], "E", 0.5, "B " + base64.b64encode(write(["long", "double"], 0.5)).decode()),
    # Counts and lengths that lie.
    ([{"type": "array", "items": "null"}], "D", "/////w8A", "E as JSON it has more than"),
    (["string"], "D", "/v//////////AQ==", "E a length of"),
    (["bytes"], "D", "gICAgBA=", "E a length of 2147483648 goes beyond the end"),
    # A block whose length is given (fastavro never writes one).
    ([{"type": "array", "items": "int"}], "D", "AwQCBAA=", "V [1,2]"),
    ([ORDER, {"type": "array", "items": "shop.Order"}], "E", [], "B AA=="),
    (["Elsewhere"], "S", None, "X not an Avro schema: it names the unknown type 'Elsewhere'"),
    ([[["int"]]], "S", None, "X not an Avro schema: a union within a 'union'"),
    ([ORDER, ORDER], "S", None, "X not an Avro schema: it defines twice the type 'shop.Order'"),
]


def fixed_cases(program):
    for schemas, verb, given, expected in FIXED:
        verdict, answer = program.schema(*[json.dumps(s) for s in schemas])
        if verb != "S":
            if verdict != "S":
                differ("the schema is refused", schemas, answer)
            verdict, answer = program.ask(verb, json.dumps(given))
        found = f"{verdict} {answer}".rstrip()
        if not found.startswith(expected):
            differ("a fixed case", schemas, f"{verb} {given}", f"expected {expected}", found)
    program.schema(json.dumps(ORDER))
    _, answer = program.ask("E", {"id": 1, "state": "NEW", "amount": 1.5})
    read = fastavro.schemaless_reader(io.BytesIO(base64.b64decode(answer)),
                                      fastavro.parse_schema(ORDER), None)
    wanted = {"id": 1, "state": "NEW", "note": None, "amount": decimal.Decimal("1.50"),
              "tags": ["x"], "raw": b"\xff", "next": None}
    if read != wanted:
        differ("defaults", wanted, read)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--eval", required=True)
    parser.add_argument("--seed", type=int, default=411)
    parser.add_argument("--schemas", type=int, default=400)
    options = parser.parse_args()
    program = Program(options.eval)
    fixed_cases(program)
    values = random_schemas(program, options.seed, options.schemas)
    print(f"{len(FIXED)} fixed cases, {values} values of {options.schemas} schemas agree")


main()
