"""Starts by the clock of a flow that is drained, activated again, retired."""

import datetime

import wait
from estate import PARTITIONS, Estate
from runner import case, contains, equal, holds, run

NEVER = """flow: yearly
version: 1
topics:
  ended: {name: "{p}yearly.ended"}
start: {cron: "0 0 29 2 *"}
timeout: 1m
do:
  - {step: ended, emit: ended, value: 1}
"""


def dues(estate):
    """When the instances that have ended were due."""
    return sorted(datetime.datetime.fromisoformat(record.key.decode().replace("Z", "+00:00"))
                  for record in estate.read(estate.topic("ticker.ended")))


def await_ticks(estate, count):
    wait.until(lambda: len(dues(estate)) >= count, 40, f"{count} ticks", every_s=0.2)


def await_clock(estate, flow, said):
    def is_said():
        done = estate.baton("history", f"~cron:{flow}")
        return done.returncode == 0 and said in done.stdout
    wait.until(is_said, 30, f"'{said}' by the clock of {flow}", every_s=0.2)


def command(estate, *words):
    done = estate.baton(*words)
    equal(done.returncode, 0, done.stdout + done.stderr)


@case
def a_drained_flow_is_started_by_no_clock_until_a_version_is_active_again():
    with Estate("clockoff", flows=["ticker"]) as estate:
        estate.start_workers(1)
        await_ticks(estate, 2)
        command(estate, "drain", "ticker", "1")
        await_clock(estate, "ticker", "the clock starts nothing")
        before = dues(estate)
        now = datetime.datetime.now(datetime.timezone.utc)
        wait.until(lambda: datetime.datetime.now(datetime.timezone.utc) - now
                   > datetime.timedelta(seconds=5), 20, "time without a tick", every_s=0.2)
        holds(len(dues(estate)) <= len(before) + 1, "ticks while nothing is active")
        last = max(dues(estate))
        command(estate, "activate", "ticker", "1")
        await_ticks(estate, len(dues(estate)) + 2)
        after = [due for due in dues(estate) if due > last]
        holds(min(after) - last > datetime.timedelta(seconds=4), f"{after} make up for nothing")


@case
def a_version_is_not_retired_while_the_clock_follows_it():
    with Estate("clockgone", {"yearly.yaml": NEVER}) as estate:
        estate.start_workers(1)
        await_clock(estate, "yearly", "scheduled by version 1")
        refused = estate.baton("retire", "yearly", "1")
        equal(refused.returncode, 1, refused.stdout)
        contains(refused.stderr, "the clock still starts runs by version 1 of 'yearly'")
        command(estate, "drain", "yearly", "1")
        await_clock(estate, "yearly", "the clock starts nothing")
        refused = estate.baton("retire", "yearly", "1")
        equal(refused.returncode, 1, refused.stdout)
        contains(refused.stderr, "is still kept")
        # Who takes over meanwhile has what it needs.
        next(iter(estate.workers)).kill9()
        second = estate.start_worker("w2")
        wait.until(lambda: second.text().count("partition-ready") >= PARTITIONS, 40,
                   "the take-over of all partitions")


if __name__ == "__main__":
    run()
