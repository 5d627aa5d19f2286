"""The checker finds what is wrong: a sound estate is damaged in one way after the other."""

from confluent_kafka import TopicPartition

import checker
import records
from estate import PARTITIONS, Once, at_rest
from runner import case, equal, holds, run

DONE = [f"done-{n}" for n in range(6)]
ASLEEP = [f"asleep-{n}" for n in range(6)]
KNOWN = set()  # Findings that were told already.


def start():
    estate = at_rest("checked", DONE, ASLEEP)
    estate.await_sound(open_ok=open_ok())
    estate.assert_clean()
    estate.damage("each case does")
    return estate


shared = Once(start)


def open_ok():
    return {f"order-saga:{key}" for key in ASLEEP}


def new_findings():
    """What the checker finds now and did not find before."""
    found = set(checker.check(shared().as_seen(open_ok=open_ok())))
    new = found - KNOWN
    KNOWN.update(found)
    return new


def finds(rule, *parts):
    new = new_findings()
    holds(any(finding.rule == rule and all(part in str(finding) for part in parts)
              for finding in new), f"no '{rule}' with {parts} in {sorted(map(str, new))}")


def produce(topic, partition, key, value, headers=None):
    """One record to an explicit partition: (partition, offset)."""
    return shared().people.send(topic, value, key=key, partition=partition,
                                     headers=headers or {})


def history_of(key):
    """(partition, the decoded records of the run) of an order."""
    topic = f"{shared().app}.history"
    found = [record for record in records.read_all(shared().brokers, [topic])[topic]
             if record.key.startswith(f"order-saga:{key}/".encode())]
    return found[0].partition, [records.decode("history", record.value) for record in found]


def forge(value, partition, key=None):
    """Produce a history record with the right hash."""
    data, digest = records.seal(value)
    name = key or f"{value['instance']}/{records.run_text(value['run'])}/{value['seq']:012d}"
    produce(f"{shared().app}.history", partition, name, data)
    return digest


def next_of(last, **changes):
    """A record that would follow `last`."""
    quiet = {"commands": [], "stackPushed": [], "stackPopped": [], "timersSet": [],
             "timersCleared": [], "decided": [], "payload": None,
             "delta": f'{{"seq":{last["seq"] + 1}}}', "kind": "NORMAL",
             "cause": {**last["cause"], "inboxOffset": -1}}
    return {**last, "seq": last["seq"] + 1, "previous": last["hash"], **quiet, **changes}


@case
def sound_estate_has_no_findings():
    shared()
    equal(new_findings(), set())


@case
def gap_in_a_run_is_found():
    shared()
    partition, run_of = history_of(ASLEEP[0])
    forge(next_of(run_of[-1], seq=run_of[-1]["seq"] + 2), partition)
    finds("seq", f"after {run_of[-1]['seq']}")


@case
def wrong_hash_is_found():
    shared()
    partition, run_of = history_of(ASLEEP[1])
    value = next_of(run_of[-1])
    data, _ = records.seal(value)
    key = f"{value['instance']}/{records.run_text(value['run'])}/{value['seq']:012d}"
    produce(f"{shared().app}.history", partition, key, data[:-1] + bytes([data[-1] ^ 1]))
    finds("hash", "not that of the record")


@case
def broken_chain_is_found():
    shared()
    partition, run_of = history_of(ASLEEP[2])
    forge(next_of(run_of[-1], previous=b"\1" * 32), partition)
    finds("hash", "previous hash")


@case
def second_end_is_found():
    shared()
    partition, run_of = history_of(DONE[0])
    forge(next_of(run_of[-1], kind="TERMINAL"), partition)
    finds("terminal", "ended twice")


@case
def run_without_an_end_is_found():
    estate = shared()
    run_of = history_of(DONE[0])[1]
    partition = records.partition_of(b"order-saga:lost", PARTITIONS)
    forge({**run_of[0], "instance": "order-saga:lost", "commands": []}, partition)
    finds("terminal", "lost")
    estate.keys.append("never-began")
    finds("started", "never-began")
    estate.keys.remove("never-began")


@case
def record_in_a_wrong_partition_is_found():
    shared()
    partition, run_of = history_of(DONE[2])
    other = {**run_of[0], "instance": "order-saga:elsewhere", "commands": []}
    right = records.partition_of(b"order-saga:elsewhere", PARTITIONS)
    forge(other, (right + 1) % PARTITIONS)
    finds("placement", "elsewhere")


@case
def repeated_and_unlisted_and_missing_commands_are_found():
    estate = shared()
    command = estate.people.await_command(DONE[0], "CapturePayment")
    topic, record = estate.services["payments"][0], command.record
    produce(topic, record.partition, record.key, record.value, record.headers)
    finds("command", "is also at")
    headers = {**record.headers, "correlation-id":
               record.headers["correlation-id"].rpartition(b"/")[0] + b"/99"}
    produce(topic, record.partition, record.key, record.value, headers)
    finds("command", "not listed")
    partition, run_of = history_of(ASLEEP[3])
    forge(next_of(run_of[-1], commands=[{
        "id": f"{estate.app}~order-saga:{ASLEEP[3]}/0-0/9/9", "topic": topic, "key": ASLEEP[3],
        "type": "CapturePayment"}]), partition)
    finds("command", "nowhere")


@case
def undos_in_the_wrong_order_are_found():
    """A run in which reserve is undone before charge."""
    estate = shared()
    instance, run_text = "order-saga:crossed", "1-999999"
    partition = records.partition_of(instance.encode(), PARTITIONS)
    base = history_of(DONE[1])[1][0]
    previous = b"\0" * 32
    for seq, (step, activation) in enumerate((("reserve", 1), ("charge", 2)), 1):
        name = f"{estate.app}~{instance}/{run_text}/{seq}/{activation + 5}"
        value = next_of(base, instance=instance, run={"generation": 1, "offset": 999999}, seq=seq,
                        previous=previous, delta=f'{{"seq":{seq}}}', commands=[{
                            "id": name, "topic": estate.services["inventory"][0], "key": "crossed",
                            "type": "ReleaseInventory"}])
        previous = forge(value, partition)
        produce(estate.services["inventory"][0], 0, "crossed", b"{}", {
            "baton-instance": instance, "baton-run": run_text, "correlation-id": name,
            "idempotency-key": f"{instance}/{run_text}/{step}:undo/{activation + 5}",
            "baton-undo-of": f"{instance}/{run_text}/{step}/{activation}"})
    new = "\n".join(str(finding) for finding in new_findings() if finding.rule == "undo")
    holds("is undone after activation 1" in new, new)
    holds("before activation 1 was answered" in new, new)


@case
def snapshot_that_is_not_the_fold_is_found():
    shared()
    topic = f"{shared().app}.snapshot"
    record = next(record for record in reversed(records.read_all(
        shared().brokers, [topic])[topic])
        if record.key == f"order-saga:{ASLEEP[4]}".encode())
    value = records.decode("snapshot", record.value)
    value["state"] = value["state"].replace('"EUR"', '"USD"')
    value["timers"] = value["timers"][1:]
    produce(topic, record.partition, record.key, records.encode("snapshot", value))
    new = "\n".join(map(str, new_findings()))
    holds("'data' is" in new and "timers" in new, new)


@case
def lost_timer_and_state_and_stack_in_redis_are_found():
    estate = shared()
    name = f"order-saga:{ASLEEP[5]}"
    base = estate.asleep()[name].base
    with estate.redis() as redis:
        timers = [member for member in redis("ZRANGE", f"{base}t", 0, -1)
                  if ASLEEP[5].encode() in member]
        redis("ZREM", f"{base}t", timers[0])
        finds("store", "timers", name)
        redis("LPOP", f"{base}c:{name}")
        finds("store", "stack", name)
        redis("HDEL", f"{base}i", name)
        finds("store", "state", name)


@case
def stray_timer_in_redis_is_found():
    estate = shared()
    with estate.redis() as redis:
        redis("ZADD", f"{estate.asleep()[f'order-saga:{ASLEEP[4]}'].base}t", 1,
              "17:order-saga:nobodywait/1/1-1")
    finds("store", "nobody")


@case
def inbound_records_that_ended_nowhere_are_found():
    estate = shared()
    inbox = f"{estate.app}.inbox"
    record = records.read_all(estate.brokers, [inbox])[inbox][0]
    value = records.decode("inbox", record.value)
    again = records.encode("inbox", {**value, "offset": value["offset"] + 1_000_000})
    produce(inbox, record.partition, record.key, again)
    finds("inbox", "has not been taken")
    group = records.consumer_of(estate.brokers, **{"group.id": f"{estate.app}.exec"})
    _, high = records.ends(estate.brokers, inbox)[record.partition]
    group.commit(offsets=[TopicPartition(inbox, record.partition, high)], asynchronous=False)
    finds("inbound", "ended 0 times")
    group.commit(offsets=[TopicPartition(inbox, record.partition, high + 7)], asynchronous=False)
    finds("offset", "beyond the end")
    group.commit(offsets=[TopicPartition(inbox, record.partition, 0)], asynchronous=False)
    finds("offset", "goes back")
    group.close()


@case
def source_record_that_was_never_forwarded_is_found():
    estate = shared()
    estate.people.send(estate.topic("orders.created"), {"orderId": "unseen"}, key="unseen")
    finds("source", "unseen")


@case
def dead_letter_without_an_origin_is_found():
    estate = shared()
    produce(f"{estate.app}.dlq", 0, b"k", b"v")
    finds("dlq", "where it comes from")


if __name__ == "__main__":
    run(shared.leave)
