"""Waiting for a condition with a deadline: the only way in which tests wait."""

import time


class Timeout(Exception):
    """The condition did not come true in time; the text says which."""


def until(check, seconds, what, every_s=0.05):
    """Call `check` until it gives something true, and return that.

    Raise Timeout, with `what` and what `check` gave or raised last, after `seconds`. Errors of the
    network and of the operating system count as "not yet": a server that starts refuses at first.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            last = check()
        except OSError as error:
            last = error
        else:
            if last:
                return last
        if time.monotonic() >= deadline:
            raise Timeout(f"{what}: not within {seconds} s (last: {last!r})")
        time.sleep(every_s)
