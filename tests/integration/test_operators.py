"""What operators do about one run of a real estate: hold it and let it go on, also while a worker dies;
have what is stuck tried again, left, or said to be done."""

import json

import wait
from estate import Estate
from participants import Reply
from runner import case, contains, equal, run

# Three things done; then a refusal, and the undo of the second is refused as well.
TRIP = """flow: trip
version: 1
use: [estate.yaml]
topics:
  started: {name: "{p}trip.started", key: .id}
  boarded: {name: "{p}trip.boarded", key: .id}
  ended: {name: "{p}trip.ended"}
key: .id
start: {topic: started}
timeout: 1h
saga: {retry: {attempts: 1}}
do:
  - {step: hotel, request: shipping, type: Hotel, compensate: {request: shipping, type: NoHotel}}
  - {step: train, request: shipping, type: Train, compensate: {request: shipping, type: NoTrain}}
  - {step: boarded, listen: boarded, timeout: 30m}
  - {step: seat, request: shipping, type: Seat, pivot: true, inDoubt: skip}
  - {step: ended, emit: ended, value: {how: done}}
onFailure:
  - {step: gone, emit: ended, value: {how: failed}}
"""


class Desk:
    """Answers of the travel services: by key, the types that are refused, which a test may change."""

    def __init__(self):
        self.refused = {}
        self.done = []

    def answer(self, command):
        is_refused = command.type in self.refused.get(command.key, ())
        if not is_refused:
            self.done.append((command.key, command.type))
        return [Reply({"ok": not is_refused})]

    def of(self, key):
        return [what for who, what in self.done if who == key]


def order(estate, *words):
    done = estate.baton(*words, "--actor", "ann", "--reason", "said so")
    equal(done.returncode, 0, f"{words}: {done.stderr}")


@case
def a_paused_run_collects_what_comes_and_goes_on_where_it_was():
    desk = Desk()
    with Estate("pause", {"trip.yaml": TRIP}) as estate:
        estate.people.default = desk.answer
        worker = estate.start_workers(1)[0]
        estate.begin("trip", "P-1")
        wait.until(lambda: desk.of("P-1") == ["Hotel", "Train"], 30, "it is on its way")
        estate.await_decided("trip:P-1", "boarded: listening")
        order(estate, "pause", "trip:P-1")
        estate.await_decided("trip:P-1", "operator ann: pause")
        estate.people.send(estate.topic("trip.boarded"), {"id": "P-1"}, key="P-1")
        estate.await_decided("trip:P-1", "kept while paused")
        worker.kill9()
        estate.start_worker(worker.name)
        shown = estate.show("trip:P-1")
        equal((shown["paused"], shown["timers"]), (True, []), "of a paused run")
        contains(estate.baton("show", "trip:P-1").stdout, "(paused)")
        equal(desk.of("P-1"), ["Hotel", "Train"], "nothing happens to a paused run")
        order(estate, "resume", "trip:P-1")
        equal(json.loads(estate.await_end("trip", "P-1").value), {"how": "done"})
        equal(desk.of("P-1"), ["Hotel", "Train", "Seat"])


def await_stuck(estate, key):
    def is_stuck():
        done = estate.baton("show", f"trip:{key}", "--output", "json")
        return done.returncode == 0 and json.loads(done.stdout)["stuck"]
    wait.until(is_stuck, 30, f"trip:{key} stuck", every_s=0.3)


@case
def what_is_stuck_is_retried_skipped_or_said_to_be_done():
    desk = Desk()
    keys = ["retry", "skip", "resolve"]
    desk.refused = {key: {"Seat", "NoTrain"} for key in keys}
    with Estate("stuck", {"trip.yaml": TRIP}) as estate:
        estate.people.default = desk.answer
        estate.start_workers(1)
        estate.begin_many("trip", keys)
        for key in keys:
            estate.people.send(estate.topic("trip.boarded"), {"id": key}, key=key)
        for key in keys:
            await_stuck(estate, key)
            equal(desk.of(key), ["Hotel", "Train"], f"nothing else is undone of {key}")
        equal(estate.baton("retry", "trip:retry", "hotel").returncode, 1, "that is not stuck")
        desk.refused["retry"] = {"Seat"}
        for key in keys:
            order(estate, key, f"trip:{key}")
            equal(json.loads(estate.await_end("trip", key).value), {"how": "failed"}, key)
        equal(desk.of("retry"), ["Hotel", "Train", "NoTrain", "NoHotel"])
        equal(desk.of("skip"), ["Hotel", "Train", "NoHotel"])
        equal(desk.of("resolve"), ["Hotel", "Train", "NoHotel"])
        contains(estate.decided("trip:skip"), "operator ann: undo of train: skip: said so")
        contains(estate.decided("trip:resolve"), "operator ann: undo of train: done by hand: said so")


if __name__ == "__main__":
    run()
