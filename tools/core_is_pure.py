#!/usr/bin/env python3
"""The core has no clock, no socket, no thread, no file and no log: its library asks for nothing else
than memory and string functions and those of base, json, expr and model.

    core_is_pure.py CORE.a BELOW.a...

Lists the symbols that CORE.a needs from outside and fails on any that is not allowed.
"""

import re
import subprocess
import sys

LIBC = re.compile(r"(mem|str)[a-z_]*$|(malloc|calloc|realloc|free|abort)$|__(mem|str)\w+_chk$")
# What the compiler puts in: stack protection, sanitizers, coverage, the fuzzer.
COMPILER = re.compile(r"__(stack_chk|asan|ubsan|tsan|sanitizer|gcov|llvm)|_GLOBAL_OFFSET_TABLE_$")
# Of base, but not for the core: the engine logs what the core decided.
FORBIDDEN = re.compile(r"log_")


def symbols(archive, option):
    done = subprocess.run(["nm", option, "--format=posix", archive], capture_output=True,
                          text=True, check=True)
    return {line.split()[0] for line in done.stdout.splitlines() if len(line.split()) >= 2}


def main(core, *below):
    needed = symbols(core, "--undefined-only") - symbols(core, "--defined-only")
    allowed = set().union(*(symbols(archive, "--defined-only") for archive in below))
    wrong = sorted(name for name in needed
                   if FORBIDDEN.match(name)
                   or not (name in allowed or LIBC.match(name) or COMPILER.match(name)))
    for name in wrong:
        print(f"the core calls '{name}'")
    print(f"{len(needed)} symbols from outside, {len(wrong)} of them not allowed")
    return 1 if wrong or not needed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
