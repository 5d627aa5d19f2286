#!/usr/bin/env python3
"""What ctest calls for the integration tests.

    integration.py up DIR            start the shared Kafka and Redis
    integration.py run DIR SCRIPT    run one test script, told of them by its environment;
                                     a program, if its name does not end in .py
    integration.py down DIR          stop them, remove their data

A script finds KAFKA_BROKERS and REDIS_URL, the programs under test as BATON and BATON_FAULTY, and
the modules of tests/support on its path. Servers that the caller has named in both variables are
used as they are, and none are started.
"""

import os
import sys
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
sys.path.insert(0, str(SUPPORT))
import servers  # noqa: E402

GIVEN = bool(os.environ.get("KAFKA_BROKERS") and os.environ.get("REDIS_URL"))


def run(directory, script):
    """Become the script, or the program."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(SUPPORT), environment.get("PYTHONPATH")]))
    if not GIVEN:
        for name, value in servers.summary(servers.load(directory)).items():
            environment[name] = str(value)
    argv = [sys.executable, script] if script.endswith(".py") else [script]
    os.execve(argv[0], argv, environment)


def main(arguments):
    command, directory, *rest = arguments
    if command == "run":
        run(directory, *rest)
    elif GIVEN:
        print(f"the servers of the caller are used: {os.environ['KAFKA_BROKERS']}, "
              f"{os.environ['REDIS_URL']}")
    elif command == "up":
        # Left over by a run that was cut off: its topics would mislead this one.
        servers.main(["down", "--dir", directory, "--purge"])
        return servers.main(["up", "--dir", directory])
    else:
        return servers.main(["down", "--dir", directory, "--purge"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
