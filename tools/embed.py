#!/usr/bin/env python3
"""Write the Avro schemas of the tree as one C file, in the form that src/codec/schema.h declares.

    tools/embed.py OUT.c schemas/alert.avsc schemas/checkpoint.avsc ...

Of each schema: its name (the file's, without .avsc), its JSON text, its parsing canonical form and
the CRC-64-AVRO (Rabin) of that form, both as Apache Avro's specification defines them. The texts are
arrays of numbers because compilers need not take a string literal above 4095 bytes.
"""

import json
import sys
from pathlib import Path

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
KEPT = ("name", "type", "fields", "symbols", "items", "values", "size")  # In this order.
RABIN_EMPTY = 0xC15D213AA4D7A795


def full_name(name, namespace):
    """`name` with its namespace before it, unless it has one or is a primitive type."""
    return name if "." in name or not namespace or name in PRIMITIVES else f"{namespace}.{name}"


def canonical(schema, namespace=""):
    """The schema as Python values that json.dumps() turns into the parsing canonical form."""
    if isinstance(schema, str):
        return full_name(schema, namespace)
    if isinstance(schema, list):
        return [canonical(branch, namespace) for branch in schema]
    kind = schema["type"]
    if isinstance(kind, (dict, list)) or (kind in PRIMITIVES and "fields" not in schema):
        return canonical(kind, namespace)
    inner = schema.get("namespace", namespace)
    if "." in schema.get("name", ""):
        inner = schema["name"].rpartition(".")[0]
    out = {}
    for key in (key for key in KEPT if key in schema):
        value = schema[key]
        if key == "name":
            value = full_name(value, inner)
        elif key == "fields":
            value = [{"name": field["name"], "type": canonical(field["type"], inner)}
                     for field in value]
        elif key in ("items", "values"):
            value = canonical(value, inner)
        elif key == "size":
            value = int(value)
        out[key] = value
    return out


def canonical_text(schema):
    return json.dumps(canonical(schema), separators=(",", ":"), ensure_ascii=False)


def rabin(data):
    """CRC-64-AVRO of bytes."""
    fingerprint = RABIN_EMPTY
    for byte in data:
        fingerprint ^= byte
        for _ in range(8):
            fingerprint = (fingerprint >> 1) ^ (RABIN_EMPTY if fingerprint & 1 else 0)
    return fingerprint


def c_array(name, text):
    """A constant array of the bytes of an ASCII text and a NUL."""
    numbers = [str(byte) for byte in text.encode("ascii") + b"\0"]
    lines = [",".join(numbers[at:at + 24]) for at in range(0, len(numbers), 24)]
    return f"static const char {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def c_file(schemas):
    """`schemas`: (name, parsed schema), sorted by name."""
    parts = ['/* Written by tools/embed.py from schemas/. */\n#include "codec/schema.h"\n']
    rows = []
    for name, schema in schemas:
        form = canonical_text(schema)
        parts.append(c_array(f"text_of_{name}", json.dumps(schema, separators=(",", ":"))))
        parts.append(c_array(f"canonical_{name}", form))
        rows.append(f'    {{"{name}", {{text_of_{name}, sizeof(text_of_{name}) - 1}},\n'
                    f"     {{canonical_{name}, sizeof(canonical_{name}) - 1}},\n"
                    f'     "{rabin(form.encode()):016x}"}},\n')
    parts.append("const struct schema schemas[] = {\n" + "".join(rows) + "};\n")
    parts.append("const size_t schema_count = sizeof(schemas) / sizeof(schemas[0]);\n")
    return "\n".join(parts)


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    out, paths = Path(arguments[0]), sorted(Path(name) for name in arguments[1:])
    schemas = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(c_file(schemas), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
