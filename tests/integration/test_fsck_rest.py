"""`baton fsck` finds what is wrong beside the history: snapshots, checkpoint, Redis, commands, flows,
offsets. A sound estate is damaged in one way after the other."""

import json

import records
from damage import (DONE, FREE, a_sleeper, checkpoint_records, commit, damaged, finds, history_of,
                    internal, next_of, forge, produce, replace_snapshot, shared, snapshot_of)
from estate import Estate
from participants import silent
from runner import case, contains, equal, run

# --- Snapshots and checkpoint --------------------------------------------------------------------


@case
def altered_snapshot_is_found():
    key, _, _ = a_sleeper()
    replace_snapshot(key, state=lambda text: text.replace('"EUR"', '"USD"'))
    finds("snapshot-differs", key, "'data'")


@case
def snapshot_of_another_record_is_found():
    key, _, _ = a_sleeper()
    replace_snapshot(key, hash=lambda digest: bytes(32))
    finds("snapshot-differs", key, "another history record")


@case
def snapshot_with_another_stack_is_found():
    key, _, _ = a_sleeper()
    replace_snapshot(key, stack=lambda entries: entries[1:])
    finds("snapshot-unreadable", key)


@case
def snapshot_ahead_of_the_history_is_found():
    key, _, values = a_sleeper()
    seq = values[-1]["seq"]
    replace_snapshot(key, seq=lambda old: old + 5,
                     state=lambda text: text.replace(f'"seq":{seq}', f'"seq":{seq + 5}'))
    finds("snapshot-ahead", key, f"ends with seq {seq}")


@case
def snapshot_erased_while_the_run_sleeps_is_found():
    key, partition, _ = a_sleeper()
    produce(internal("snapshot"), partition, f"order-saga:{key}", None)
    finds("snapshot-missing", key)


@case
def snapshot_of_an_ended_run_is_found():
    damaged()
    raw, values = history_of(DONE[6])
    record = snapshot_of(FREE[0])
    value = records.decode("snapshot", record.value)
    last = values[-1]
    state = {**json.loads(value["state"]), "name": last["instance"],
             "run": records.run_text(last["run"]), "timers": {}}
    value.update(instance=last["instance"], run=last["run"], timers=[], state=json.dumps(state))
    produce(internal("snapshot"), raw[0].partition, last["instance"],
            records.encode("snapshot", value))
    finds("snapshot-left", DONE[6], also=("snapshot-differs",))


@case
def forgotten_end_is_found():
    damaged()
    chunk = checkpoint_records(b"e/")[0]
    produce(internal("checkpoint"), chunk.partition, chunk.key, None)
    finds("ended-missing")


@case
def watermark_that_goes_back_is_found():
    damaged()
    mark = next(record for record in checkpoint_records(b"w/")
                if records.decode("checkpoint", record.value)["value"]["next"] > 0)
    produce(internal("checkpoint"), mark.partition, mark.key,
            records.encode("checkpoint", {"value": ("baton.Watermark", {"next": 0})}))
    finds("watermark-back", mark.key.decode())


@case
def checkpoint_that_goes_back_is_found():
    damaged()
    mark = checkpoint_records(b"c")[-1]
    produce(internal("checkpoint"), mark.partition, b"c",
            records.encode("checkpoint", {"value": ("baton.Offsets", {"history": 0, "inbox": 0})}))
    finds("checkpoint-back")


@case
def garbage_in_the_checkpoint_topic_is_found():
    damaged()
    produce(internal("checkpoint"), 0, b"c", b"\xff\xff")
    finds("checkpoint-unreadable")


# --- Redis ---------------------------------------------------------------------------------------


def base_of(key):
    return shared().asleep()[f"order-saga:{key}"].base


def timers_of(redis, key):
    return [member for member in redis("ZRANGE", f"{base_of(key)}t", 0, -1)
            if f"order-saga:{key}".encode() in member]


@case
def timer_that_redis_lacks_is_found():
    key, _, _ = a_sleeper()
    with shared().redis() as redis:
        redis("ZREM", f"{base_of(key)}t", timers_of(redis, key)[0])
    finds("redis-timer", key, "is not there")


@case
def timer_at_another_time_in_redis_is_found():
    key, _, _ = a_sleeper()
    with shared().redis() as redis:
        redis("ZADD", f"{base_of(key)}t", 17, timers_of(redis, key)[0])
    finds("redis-timer", key, "is due 17")


@case
def altered_state_in_redis_is_found():
    key, _, _ = a_sleeper()
    with shared().redis() as redis:
        state = redis("HGET", f"{base_of(key)}i", f"order-saga:{key}")
        redis("HSET", f"{base_of(key)}i", f"order-saga:{key}", state.replace(b"EUR", b"USD"))
    finds("redis-state", key, "not that of its snapshot")


@case
def stack_entry_that_redis_lacks_is_found():
    key, _, _ = a_sleeper()
    with shared().redis() as redis:
        redis("LPOP", f"{base_of(key)}c:order-saga:{key}")
    finds("redis-stack", key)


@case
def state_that_redis_lacks_is_found():
    key, _, _ = a_sleeper()
    base = base_of(key)
    with shared().redis() as redis:
        redis("HDEL", f"{base}i", f"order-saga:{key}")
    finds("redis-state", key, "no state")


@case
def strays_and_counts_and_watermark_of_redis_are_found():
    """On a fresh estate, as strays are looked for only where Redis has applied all."""
    with Estate("fsckredis") as estate:
        estate.damage("Redis")
        worker, = estate.start_workers(1)
        estate.orders(["s-1"], lambda _: {"CreateShipment": silent})
        estate.people.await_command("s-1", "CreateShipment")
        estate.await_asleep(["order-saga:s-1"])
        equal(worker.stop(), 0)
        shelf = estate.asleep()["order-saga:s-1"]
        meta = shelf.base.rpartition(":")[0].rpartition(":")[0] + ":meta"

        def told():
            return {finding["id"]: finding for finding in estate.fsck()[1]["findings"]}
        equal(told(), {})
        with estate.redis() as redis:
            redis("ZADD", f"{shelf.base}t", 1, "17:order-saga:nobodywait/1/1-1")
            found = told()
            contains(json.dumps(found["redis-stray"]), "order-saga:nobody")
            contains(json.dumps(found["redis-count"]), "timers")
            redis("ZREM", f"{shelf.base}t", "17:order-saga:nobodywait/1/1-1")
            redis("HSET", f"{shelf.base}i", "order-saga:nobody", "0:x")
            contains(json.dumps(told()["redis-stray"]), "order-saga:nobody")
            redis("HDEL", f"{shelf.base}i", "order-saga:nobody")
            redis("HINCRBY", meta, "timers", 1)
            equal(set(told()), {"redis-count"})
            redis("HINCRBY", meta, "timers", -1)
            watermark = redis("HGET", meta, "watermark")
            redis("HSET", meta, "watermark", 1_000_000)
            equal(set(told()), {"redis-ahead"})
            redis("HSET", meta, "watermark", watermark)
            equal(told(), {})
            redis("DEL", meta)
            equal(set(told()), {"redis-missing"})


# --- Commands and flows --------------------------------------------------------------------------


@case
def command_that_was_sent_twice_is_found():
    estate = damaged()
    record = estate.people.await_command(DONE[3], "CapturePayment").record
    produce(record.topic, record.partition, record.key, record.value, record.headers)
    finds("command-twice", DONE[3])


@case
def command_without_history_is_found():
    estate = damaged()
    record = estate.people.await_command(DONE[3], "ReserveInventory").record
    forged = record.headers["correlation-id"].rpartition(b"/")[0] + b"/99"
    produce(record.topic, record.partition, record.key, record.value,
            {**record.headers, "correlation-id": forged})
    finds("command-unknown", DONE[3], "/99")


@case
def command_that_its_topic_lacks_is_found():
    key, partition, values = a_sleeper()
    name = f"{shared().app}~order-saga:{key}/{records.run_text(values[0]['run'])}/99/9"
    forge(next_of(values[-1], commands=[{
        "id": name, "topic": shared().services["payments"][0], "key": key,
        "type": "CapturePayment"}]), partition)
    finds("command-missing", key, name)


@case
def emitted_record_that_was_sent_twice_is_found():
    estate = damaged()
    topic = estate.outcomes["confirmed"]
    record = next(record for record in estate.read(topic) if record.key == DONE[6].encode())
    produce(topic, record.partition, record.key, record.value, record.headers)
    finds("command-twice", DONE[6])


@case
def definition_that_is_gone_is_found():
    damaged()
    digest = history_of(DONE[0])[1][0]["flowHash"]
    produce(internal("flows"), 0, f"def/{digest}", None)
    finds("flow-missing", digest)


# --- Offsets, last: they concern all of a partition -----------------------------------------------


@case
def inbox_record_that_was_passed_over_is_found():
    estate = damaged()
    inbox = internal("inbox")
    record = records.read_all(estate.brokers, [inbox])[inbox][0]
    value = records.decode("inbox", record.value)
    again = records.encode("inbox", {**value, "offset": value["offset"] + 1_000_000})
    produce(inbox, record.partition, record.key, again)
    _, high = records.ends(estate.brokers, inbox)[record.partition]
    commit(record.partition, high, f"1 {estate.app}.w1.0 0.0 0")
    finds("inbox-skipped", also=("checkpoint-back",))


@case
def offsets_set_back_and_ahead_and_by_others_are_found():
    estate = damaged()
    partition = next(number for number, (_, high) in records.ends(
        estate.brokers, internal("inbox")).items() if high > 3)
    _, high = records.ends(estate.brokers, internal("inbox"))[partition]
    owner = f"1 {estate.app}.w1.0 0.0"
    commit(partition, 1, f"{owner} 0")
    finds("offset-back", also=("checkpoint-back",))
    commit(partition, high + 7, f"{owner} 1000000")
    finds("offset-ahead", also=("inbox-skipped", "snapshot-missing", "snapshot-left",
                                "ended-missing"))
    commit(partition, high, "somebody")
    finds("offset-foreign", also=("inbox-skipped",))


if __name__ == "__main__":
    run(shared.leave)
