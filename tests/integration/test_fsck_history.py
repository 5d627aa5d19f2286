"""`baton fsck` finds what is wrong with a history: a sound one is damaged in one way after the other."""

import hashlib
import json

import records
from damage import (DONE, a_sleeper, damaged, finds, forge, history_of, internal, key_of,
                    new_findings, next_of, produce, shared)
from estate import PARTITIONS
from runner import case, equal, run

@case
def altered_history_record_is_found():
    key, partition, values = a_sleeper()
    data, _ = records.seal(next_of(values[-1]))
    produce(internal("history"), partition, key_of(next_of(values[-1])),
            data[:60] + bytes([data[60] ^ 1]) + data[61:])
    finds("history-hash", key)


@case
def garbage_in_the_history_is_found():
    key, partition, values = a_sleeper()
    body = b"\xff" * 40
    produce(internal("history"), partition, key_of(next_of(values[-1])),
            body + hashlib.sha256(body).digest())
    finds("history-unreadable", key)


@case
def tombstone_in_the_middle_of_a_run_is_found():
    key, partition, values = a_sleeper()
    produce(internal("history"), partition, key_of(values[1]), None)
    finds("history-erased", key)


@case
def tombstone_of_a_run_that_has_just_ended_is_found():
    damaged()
    raw, values = history_of(DONE[0])
    produce(internal("history"), raw[0].partition, key_of(values[1]), None)
    finds("history-erased", DONE[0])


@case
def gap_in_a_run_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1], seq=values[-1]["seq"] + 2), partition)
    finds("history-gap", key, f"after seq {values[-1]['seq']}")


@case
def repeated_record_is_found():
    key, partition, values = a_sleeper()
    forge(values[2], partition)
    finds("history-repeat", key)


@case
def repeated_first_record_of_an_ended_run_is_found():
    damaged()
    raw, values = history_of(DONE[2])
    forge(values[0], raw[0].partition)
    finds("cause-repeat", DONE[2])


@case
def repeated_record_of_an_ended_run_is_found():
    damaged()
    raw, values = history_of(DONE[2])
    forge(values[1], raw[0].partition)
    finds("history-repeat", DONE[2], "the run ended with")


@case
def broken_chain_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1], previous=b"\1" * 32), partition)
    finds("history-chain", key)


@case
def second_end_is_found():
    damaged()
    raw, values = history_of(DONE[4])
    forge(next_of(values[-1], kind="TERMINAL"), raw[0].partition)
    finds("history-after-end", DONE[4], "the run ends once more")


@case
def record_in_a_wrong_partition_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1]), (partition + 1) % PARTITIONS)
    finds("history-placement", key)


@case
def record_under_another_key_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1]), partition, key=key_of(values[-1]))
    finds("history-key", key)


@case
def record_that_contradicts_its_state_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1], delta={"seq": 99}), partition)
    finds("history-fold", key)


@case
def end_that_is_not_told_as_one_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1], delta={"status": "completed"}), partition)
    finds("history-fold", key, "not terminal")


@case
def run_without_a_beginning_is_found():
    damaged()
    instance = "order-saga:from-nowhere"
    values = history_of(DONE[1])[1]
    forge(next_of(values[1], instance=instance), records.partition_of(instance.encode(), PARTITIONS))
    finds("history-no-base", instance)


@case
def run_that_begins_while_another_is_open_is_found():
    key, partition, values = a_sleeper()
    first = values[0]
    delta = json.loads(first["delta"])
    forge({**first, "run": {"generation": 1, "offset": 999999},
           "delta": json.dumps({**delta, "run": "1-999999"}), "commands": [],
           "cause": {**first["cause"], "inboxOffset": -1, "offset": -1}}, partition)
    finds("history-overlap", key, also=("snapshot-ahead",))


@case
def undos_in_the_wrong_order_are_found():
    """Reserve is undone before charge, in a chain of right hashes."""
    key, partition, values = a_sleeper()
    stack = {}
    for value in values:
        for number, entry in json.loads(value["delta"]).get("stack", {}).items():
            stack[number] = {**stack.get(number, {}), **entry} if entry else None
    reserve, charge = sorted(number for number, entry in stack.items()
                             if entry and entry["state"] == "armed")[:2]

    def undo(last, number, frame):
        return next_of(last, delta={
            "status": "compensating", "closing": "failed",
            "stack": {number: {**stack[number], "state": "running"}},
            "frames": {str(frame): {"kind": "undo", "state": "awaiting-reply", "attempt": 1,
                                    "step": stack[number]["step"], "undoOf": int(number),
                                    "opened": 1}}})
    first = undo(values[-1], reserve, 90)
    digest = forge(first, partition)
    finds("undo-order", key, f"activation {reserve} is undone before activation {charge}")
    second = undo({**first, "hash": digest}, charge, 91)
    digest = forge(second, partition)
    forge(undo({**second, "hash": digest}, reserve, 92), partition)
    finds("undo-twice", key)


@case
def source_record_that_takes_effect_twice_is_found():
    key, partition, values = a_sleeper()
    forge(next_of(values[-1], cause={**values[0]["cause"], "inboxOffset": -1}), partition)
    finds("cause-repeat", key)


@case
def inbox_record_that_is_decided_twice_is_found():
    key, partition, values = a_sleeper()
    cause = {**next_of(values[-1])["cause"], "inboxOffset": values[0]["cause"]["inboxOffset"]}
    forge(next_of(values[-1], cause=cause), partition)
    finds("cause-repeat", key, "inbox record")


@case
def decision_that_this_build_would_not_take_is_found():
    key, partition, values = a_sleeper()
    build = shared().fsck("--replay")[1]["counts"]["build"]
    timer = next(timer["id"] for value in values for timer in value["timersSet"]
                 if timer["id"].startswith("flow/"))
    value = next_of(values[-1])
    value["cause"]["id"] = timer  # It is not due for long.
    value["delta"] = json.dumps({"seq": value["seq"], "timers": {timer: None}})
    forge(value, partition, headers={"baton-build": build})
    equal(new_findings(), [])
    finds("replay-differs", key, "nothing is decided", options=["--replay"])


if __name__ == "__main__":
    run(shared.leave)
