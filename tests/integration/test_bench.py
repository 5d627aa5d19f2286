"""ops/bench runs to its end and prints its table. How fast anything is is not asked here."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from runner import case, equal, holds, run

ROOT = Path(os.environ["BATON_SOURCE_DIR"])
BUILD = Path(os.environ["BATON"]).parent
ROWS = ("sagas/s", "of the raw loop", "engine CPU, us/saga", "p50 at 100/s, ms",
        "p99 at 100/s, ms", "bytes written a saga", "RSS idle, MiB", "RSS under load, MiB",
        "router's share of CPU")


def bench(*arguments):
    """The benchmark on the programs under test: what it prints, and its exit code."""
    with tempfile.TemporaryDirectory(prefix="baton-test-bench-") as directory:
        done = subprocess.run([sys.executable, ROOT / "ops" / "lib" / "bench.py", "--quick",
                               "--build", BUILD, "--dir", directory, *map(str, arguments)],
                              capture_output=True, text=True, check=False, timeout=300)
    return done


@case
def every_saga_ends_once_in_both_and_the_table_has_all_rows():
    done = bench("--sagas", 200)
    equal(done.returncode, 0, done.stderr)
    lines = done.stdout.splitlines()
    for row in ROWS:
        found = [line for line in lines if line.startswith(row)]
        equal(len(found), 1, f"rows '{row}' in\n{done.stdout}")
        numbers = [word for word in found[0][len(row):].split() if word[0].isdigit()]
        holds(numbers, f"no number in '{found[0]}'")
    holds(any(line.startswith("lane-0") for line in lines), f"no thread in\n{done.stdout}")


if __name__ == "__main__":
    run()
