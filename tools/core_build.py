#!/usr/bin/env python3
"""Write the C file that says which build of the deciding code this is (src/engine/core_build.h).

    tools/core_build.py OUTPUT SOURCE...

A hash over the names and bytes of the sources, so it is the same wherever they are built from.
"""

import hashlib
import sys
from pathlib import Path


def main(output, sources):
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    for source in sorted(Path(name).resolve() for name in sources):
        data = source.read_bytes()
        digest.update(f"{source.relative_to(root)} {len(data)}\n".encode())
        digest.update(data)
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(
        f'#include "engine/core_build.h"\n\nconst char core_build[] = "{digest.hexdigest()[:16]}";\n',
        encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
