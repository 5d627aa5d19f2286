"""Runs the cases of one test script, in their order, and says of each whether its rule holds.

    from runner import case, run

    @case
    def late_reply_is_recorded():
        ...

    if __name__ == "__main__":
        run()

`script.py WORD…` runs the cases whose names hold one of the words; `--list` names them. A case
fails by raising; what it has noted with `on_failure` is then printed. The exit code is 1 if one
failed.
"""

import sys
import time
import traceback

CASES = []
NOTES = []
ENDS = []  # (name, what has to hold after the last case)


def case(function):
    CASES.append(function)
    return function


def on_failure(tell):
    """Call `tell` if the running case fails; it gives text."""
    NOTES.append(tell)


def at_end(check, name):
    """Run `check` after the last case, as one more case."""
    def last():
        check()
    last.__name__ = name
    ENDS.append(last)


def equal(actual, wanted, what=""):
    if actual != wanted:
        raise AssertionError(f"{what}{': ' if what else ''}{actual!r}, wanted {wanted!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def contains(text, part, what="text"):
    if part not in text:
        raise AssertionError(f"{what} has no {part!r}:\n{text}")


def _run_one(function):
    NOTES.clear()
    begun = time.monotonic()
    try:
        function()
    except Exception:  # A case may fail in any way; the others still run.
        print(f"FAILED  {function.__name__} ({time.monotonic() - begun:.1f} s)")
        traceback.print_exc(file=sys.stdout)
        for tell in NOTES:
            print(tell())
        return False
    print(f"ok      {function.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
    return True


def run(cleanup=lambda: None):
    """Run what the command line asks for, then `cleanup`, and end the process."""
    words = [word for word in sys.argv[1:] if word != "--list"]
    if "--list" in sys.argv[1:]:
        print("\n".join(function.__name__ for function in CASES))
        sys.exit(0)
    chosen = [function for function in CASES
              if not words or any(word in function.__name__ for word in words)]
    if not chosen:
        print("no such case")
        sys.exit(2)
    try:
        failed = [function.__name__ for function in chosen if not _run_one(function)]
        failed += [function.__name__ for function in ENDS if not _run_one(function)]
        chosen += ENDS
    finally:
        cleanup()
    print(f"{len(chosen) - len(failed)} of {len(chosen)} cases hold")
    sys.exit(1 if failed else 0)
