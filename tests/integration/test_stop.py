"""A worker that is told to stop finishes its turn, writes down what it holds, and leaves: the next one
takes over at once and repeats nothing. A name keeps the place, unless --leave gives it up."""

import re
import signal
import time

import wait
from estate import Estate, Once
from participants import later, refuse
from process import is_stopped
from runner import case, equal, holds, run

ORDERS = 150
SESSION_S = 6
CONFIG = "checkpoint: {idle: 200ms, max: 2s}\n"
COUNTS = {"round": 0}


def start():
    estate = Estate("stop", config=CONFIG).__enter__()
    text = estate.config.read_text().replace("session.timeout.ms: 2000",
                                             f"session.timeout.ms: {SESSION_S * 1000}")
    estate.config.write_text(text, encoding="utf-8")
    estate.start_worker("steady", static=False).await_event("partition-ready")
    return estate


shared = Once(start)


def orders_under_way(estate):
    COUNTS["round"] += 1
    keys = estate.orders([f"{COUNTS['round']}-{n}" for n in range(ORDERS)],
                         lambda n: {"CreateShipment": refuse} if n % 5 == 0
                         else {"CreateShipment": later(1.0)} if n % 3 == 0 else {})
    estate.people.await_command(keys[20], "ReserveInventory")
    return keys


def steady():
    return next(worker for worker in shared().workers if worker.name == "steady")


def alone():
    """Only the steady one is there; what another case has left over is gone."""
    estate = shared()
    for worker in estate.workers:
        if worker.name != "steady" and worker.alive():
            worker.kill9()
    wait.until(lambda: partitions_of(steady()) == {0, 1, 2, 3}, SESSION_S + 30, "all partitions")
    return steady()


def partitions_of(worker):
    """Those that its log says it has taken over and not given up."""
    owned = set()
    for event, number in re.findall(r"partition-(ready|revoked) lane=0 partition=(\d)", worker.text()):
        (owned.add if event == "ready" else owned.discard)(int(number))
    return owned


def take_over_seconds(worker):
    """Stop `worker` under load; how long after its end until the steady one has all partitions?"""
    estate = shared()
    keys = orders_under_way(estate)
    worker.process.send(signal.SIGTERM)
    worker.await_death(20)
    ended = time.monotonic()
    equal(worker.process.exit_code(), 0, "exit code")
    holds(worker.says("lane-drained"), "it did not write down what it held")

    wait.until(lambda: partitions_of(steady()) == {0, 1, 2, 3}, SESSION_S + 20, "the take-over")
    seconds = time.monotonic() - ended
    estate.people.await_outcomes(keys, 60)
    estate.await_sound()
    estate.assert_settled()
    return seconds


def joined(name, **how):
    """Beside the steady one, each with its half."""
    alone()
    worker = shared().start_worker(name, **how)
    worker.await_event("partition-ready")
    wait.until(lambda: len(partitions_of(steady())) == 2, 30, "halves")
    return worker


@case
def worker_without_a_name_leaves_at_once():
    seconds = take_over_seconds(joined("guest", static=False))
    holds(seconds < SESSION_S / 2, f"the take-over took {seconds:.1f} s")


@case
def worker_with_a_name_keeps_its_place_until_the_session_ends():
    seconds = take_over_seconds(joined("keeper"))
    holds(seconds > 1, f"somebody took its place after {seconds:.1f} s")


@case
def worker_with_a_name_that_is_to_leave_leaves_at_once():
    seconds = take_over_seconds(joined("leaver", options=("--leave",)))
    holds(seconds < SESSION_S / 2, f"the take-over took {seconds:.1f} s")


@case
def second_signal_ends_it_at_once():
    estate = shared()
    worker = joined("hurried", static=False, fault="before-begin", freeze=True)
    worker.arm()
    orders_under_way(estate)
    worker.await_frozen()
    worker.process.send(signal.SIGTERM)
    worker.process.send(signal.SIGCONT)
    worker.await_event("stopping")
    if worker.alive():  # It may be that quick; then there is nothing to hurry.
        worker.process.send(signal.SIGINT)
    worker.await_death(5)
    holds(not is_stopped(worker.process.pid), "it still stands")


@case
def stop_that_takes_too_long_is_cut_short():
    estate = shared()
    worker = joined("slow", static=False, options=("--stop-timeout", "1ms"))
    worker.process.send(signal.SIGTERM)
    worker.await_death(5)
    holds(worker.says("stop-cut-short") or worker.process.exit_code() == 0, "why did it end?")
    estate.people.await_outcomes(estate.keys, 60)
    estate.await_sound()


@case
def successor_reads_nothing_that_was_written_down():
    estate = shared()
    old = alone()
    estate.people.await_outcomes(orders_under_way(estate), 60)
    old.process.send(signal.SIGINT)
    old.await_death(20)
    equal(old.process.exit_code(), 0)
    heir = estate.start_worker("heir", static=False)
    wait.until(lambda: partitions_of(heir) == {0, 1, 2, 3}, 30, "four partitions")
    equal(re.findall(r"partition-ready .* folded=(\d+)", heir.text()), ["0"] * 4,
          "records of the history that had to be folded")


if __name__ == "__main__":
    run(shared.leave)
