"""Starts by the clock: one for each due time, whoever is there then, also after a time without any
worker, and however often workers die."""

import datetime
import json

import wait
from estate import Estate
from runner import case, equal, holds, run


def dues(estate):
    """When the instances that have ended were due, in the order of their ends."""
    found = []
    for record in estate.read(estate.topic("ticker.ended")):
        equal(json.loads(record.value)["how"], record.key.decode(), "the key is the due time")
        found.append(datetime.datetime.fromisoformat(record.key.decode().replace("Z", "+00:00")))
    return found


def await_ticks(estate, count):
    wait.until(lambda: len(dues(estate)) >= count, 40, f"{count} ticks", every_s=0.2)


@case
def every_due_time_starts_one_instance_whoever_is_there():
    with Estate("clock", flows=["ticker"]) as estate:
        estate.start_workers(2)
        await_ticks(estate, 2)
        for name in ("w1", "w2"):
            next(worker for worker in estate.workers if worker.name == name).kill9()
        last = max(dues(estate))
        wait.until(lambda: datetime.datetime.now(datetime.timezone.utc) - last
                   > datetime.timedelta(seconds=7), 20, "time without a worker", every_s=0.2)
        estate.start_worker("w2")
        await_ticks(estate, 6)
        estate.start_worker("w1")
        next(worker for worker in estate.workers if worker.name == "w2").kill9()
        estate.start_worker("w2")
        await_ticks(estate, 9)
        found = sorted(dues(estate))
        equal(len(found), len(set(found)), "ticks, each once")
        for before, after in zip(found, found[1:]):
            equal((after - before).total_seconds(), 2, f"the time between {before} and {after}")
        holds(found[0].second % 2 == 0, f"{found[0]} is no multiple of two seconds")


if __name__ == "__main__":
    run()
