#!/usr/bin/env python3
"""Start real servers for the tests of the adapters, run one test program against them, stop them.

    adapter_run.py --dir D start | run PROGRAM | stop

With KAFKA_BROKERS and REDIS_URL in the environment those servers are used and none is started.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent.parent / "support"
sys.path.insert(0, str(SUPPORT))
import servers  # noqa: E402


def given():
    return all(os.environ.get(name) for name in ("KAFKA_BROKERS", "REDIS_URL"))


def command_line(*words):
    return subprocess.run([sys.executable, str(SUPPORT / "servers.py"), *words],
                          check=False).returncode


def start(directory):
    command_line("down", "--purge", "--dir", directory)  # What a broken run has left.
    shutil.rmtree(directory, ignore_errors=True)
    return command_line("up", "--dir", directory)


def run(directory, program):
    environment = dict(os.environ)
    if not given():
        found = servers.summary(servers.load(directory))
        if "KAFKA_BROKERS" not in found or "REDIS_URL" not in found:
            print("adapter_run: the servers are not up", file=sys.stderr)
            return 3
        environment.update({name: str(value) for name, value in found.items()})
    return subprocess.run([program], env=environment, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dir", required=True)
    parser.add_argument("what", choices=("start", "run", "stop"))
    parser.add_argument("program", nargs="?")
    options = parser.parse_args()
    if options.what == "run":
        return run(options.dir, options.program)
    if given():
        return 0
    if options.what == "start":
        return start(options.dir)
    return command_line("down", "--purge", "--dir", options.dir)


if __name__ == "__main__":
    sys.exit(main())
