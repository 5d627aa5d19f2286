"""`baton fsck` finds nothing on an estate that is sound, also while its workers are busy and die; and
finds what is wrong: a sound estate is damaged in one way after the other."""

import hashlib
import json

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

import records
import wait
from estate import PARTITIONS, Estate, Once
from participants import later, refuse, silent
from runner import case, contains, equal, holds, run

DONE = [f"done-{n}" for n in range(8)]
ASLEEP = [f"asleep-{n}" for n in range(34)]
KNOWN = set()  # Findings that were told already.
FREE = list(ASLEEP)  # Sleeping orders that no case has damaged.


def start():
    """At rest: the worker was stopped when the orders were done or asleep."""
    estate = Estate("fsck").__enter__()
    worker, = estate.start_workers(1)
    estate.orders(DONE, lambda n: {"CreateShipment": refuse} if n % 2 else {})
    estate.orders(ASLEEP, lambda _: {"CreateShipment": silent})
    estate.people.await_outcomes(DONE, 30)
    for key in ASLEEP:
        estate.people.await_command(key, "CreateShipment")
    estate.await_asleep([f"order-saga:{key}" for key in ASLEEP])
    equal(worker.stop(), 0, "exit code")
    estate.people.stop()  # Nobody answers what is forged.
    return estate


shared = Once(start)


def damaged():
    shared().damage("each case does")
    return shared()


def place(finding):
    return tuple(finding.get(name) for name in ("id", "topic", "partition", "offset", "instance",
                                                "seq"))


def new_findings(*options):
    """What fsck finds now and did not find before."""
    code, told = shared().fsck(*options)
    equal(code, 1 if told["findings"] else 0, "exit code")
    new = [finding for finding in told["findings"] if place(finding) not in KNOWN]
    KNOWN.update(map(place, told["findings"]))
    return new


def finds(identity, *parts, also=(), options=()):
    """It is found, with these parts of its text, and nothing but `also` besides."""
    new = new_findings(*options)
    told = "\n".join(map(json.dumps, new))
    hits = [finding for finding in new if finding["id"] == identity
            and all(part in json.dumps(finding) for part in parts)]
    holds(hits, f"no '{identity}' with {parts} in:\n{told}")
    holds({finding["id"] for finding in new} <= {identity, *also}, f"more than {identity}:\n{told}")
    for finding in hits:
        holds(finding["text"] and finding["next"], f"it does not say what to do: {finding}")
    return hits


def produce(topic, partition, key, value, headers=None):
    return shared().people.send(topic, value, key=key, partition=partition, headers=headers or {})


def internal(name):
    return f"{shared().app}.{name}"


def history_of(key):
    """(records, decoded) of an order's only run."""
    topic = internal("history")
    found = [record for record in records.read_all(shared().brokers, [topic])[topic]
             if record.key.startswith(f"order-saga:{key}/".encode()) and record.value]
    return found, [records.decode("history", record.value) for record in found]


def snapshot_of(key):
    topic = internal("snapshot")
    return next(record for record in reversed(records.read_all(shared().brokers, [topic])[topic])
                if record.key == f"order-saga:{key}".encode())


def key_of(value):
    return f"{value['instance']}/{records.run_text(value['run'])}/{value['seq']:012d}"


def forge(value, partition, key=None, headers=None):
    """Produce a history record with the right hash."""
    data, digest = records.seal(value)
    produce(internal("history"), partition, key or key_of(value), data, headers)
    return digest


def next_of(last, delta=None, **changes):
    """A record that would follow `last`."""
    seq = last["seq"] + 1
    quiet = {"commands": [], "stackPushed": [], "stackPopped": [], "timersSet": [],
             "timersCleared": [], "decided": [], "payload": None, "kind": "NORMAL",
             "delta": json.dumps({"seq": seq, **(delta or {})}),
             "cause": {**last["cause"], "inboxOffset": -1, "offset": -1, "kind": "timer"}}
    return {**last, "seq": seq, "previous": last["hash"], **quiet, **changes}


def a_sleeper():
    """(key, partition, decoded history) of a sleeping order that nothing has happened to."""
    damaged()
    key = FREE.pop()
    raw, values = history_of(key)
    return key, raw[0].partition, values


# --- Sound ---------------------------------------------------------------------------------------


@case
def sound_estate_has_no_findings():
    estate = shared()
    code, told = estate.fsck("--replay")
    equal((code, told["findings"]), (0, []))
    counts = told["counts"]
    equal((counts["runs"], counts["instances"], counts["sleeping"]),
          (len(DONE) + len(ASLEEP), len(ASLEEP), len(ASLEEP)))
    holds(counts["records"] == counts["replayed"] > 4 * len(ASLEEP), f"{counts}")
    equal((counts["otherBuild"], counts["commandsUnchecked"]), (0, 0), f"{counts}")
    table = estate.baton("fsck")
    equal(table.returncode, 0, table.stdout + table.stderr)
    contains(table.stdout, "no findings")
    contains(table.stdout, f"({len(ASLEEP)} sleeping)")
    equal(table.stderr, "")


@case
def one_partition_and_one_instance_can_be_looked_at():
    estate = shared()
    parts = [estate.fsck("--partition", str(number))[1]["counts"] for number in range(PARTITIONS)]
    whole = estate.fsck()[1]["counts"]
    for name in ("records", "runs", "instances", "sleeping", "commands"):
        equal(sum(part[name] for part in parts), whole[name], name)
    code, told = estate.fsck("--instance", f"order-saga:{ASLEEP[0]}", "--replay")
    equal((code, told["counts"]["runs"], told["counts"]["sleeping"]), (0, 1, 1))
    equal(told["counts"]["records"], len(history_of(ASLEEP[0])[0]))


def traces(estate):
    """All that anybody could have changed: ends, commits, groups, and Redis."""
    consumer = records.consumer_of(estate.brokers)
    topics = [name for name in consumer.list_topics(timeout=20).topics
              if name.startswith(f"{estate.app}.")]
    ends = {topic: records.ends(estate.brokers, topic) for topic in topics}
    groups = sorted(group.group_id for group in AdminClient(
        {"bootstrap.servers": estate.brokers}).list_consumer_groups().result(20).valid)
    consumer.close()
    commits = [tuple(commit) for group in ("exec", "router")
               for commit in records.commits(estate.brokers, f"{estate.app}.{group}",
                                             internal("inbox"))]
    with estate.redis() as redis:
        keys = {key: hashlib.sha256(redis("DUMP", key)).hexdigest()
                for key in sorted(redis("KEYS", f"{{{estate.app}:*"))}
    return ends, [group for group in groups if estate.app in group], commits, keys


@case
def looking_changes_nothing():
    estate = shared()
    before = traces(estate)
    equal(len(before[3]) > PARTITIONS, True, "there is something in Redis")
    for options in ((), ("--replay",), ("--partition", "1")):
        estate.fsck(*options)
    equal(traces(estate), before)


@case
def bad_words_and_an_estate_that_is_not_there_are_said_to_be_so():
    estate = shared()
    for words in (("--partition", "99"), ("--partition", "x"), ("--instance", "no-colon"),
                  ("--timeout", "soon"), ("--output", "xml"), ("word",),
                  ("--partition", "1", "--instance", "a:b")):
        equal(estate.baton("fsck", *words).returncode, 2, f"{words}")
    equal(estate.baton("fsck", "--app", "never-seen").returncode, 3)
    equal(estate.baton("fsck", "--redis", "redis://127.0.0.1:1/0").returncode, 3)
    contains(estate.baton("fsck", "--help").stdout, "Usage: baton fsck")


# --- History -------------------------------------------------------------------------------------


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
    finds("undo-order", key, f"activation {charge} is undone after activation {reserve}")
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


# --- Snapshots and checkpoint --------------------------------------------------------------------


def replace_snapshot(key, **changes):
    record = snapshot_of(key)
    value = records.decode("snapshot", record.value)
    value.update({name: change(value[name]) for name, change in changes.items()})
    produce(internal("snapshot"), record.partition, record.key, records.encode("snapshot", value))


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


def checkpoint_records(prefix):
    topic = internal("checkpoint")
    return [record for record in records.read_all(shared().brokers, [topic])[topic]
            if record.key.startswith(prefix) and record.value]


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


def commit(partition, offset, metadata):
    group = records.consumer_of(shared().brokers, **{"group.id": f"{shared().app}.exec"})
    group.commit(offsets=[TopicPartition(internal("inbox"), partition, offset, metadata)],
                 asynchronous=False)
    group.close()


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


# --- Live ----------------------------------------------------------------------------------------


def plans(number):
    if number % 5 == 0:
        return {"CreateShipment": refuse}
    return {"CreateShipment": later(1.2)} if number % 6 == 1 else {}


@case
def busy_estate_has_no_findings_also_when_a_worker_is_killed():
    """Looked at again and again, while orders run, fall asleep, wake and are undone, and while one of
    two workers dies and comes back. At the end fsck --replay follows, as after every test."""
    with Estate("fscklive") as estate:
        first, second = estate.start_workers(2)
        looks = 0
        for number in range(4):
            keys = estate.orders([f"{number}-{n}" for n in range(120)], plans)
            for _ in range(3):
                code, told = estate.fsck(*(["--replay"] if looks % 2 else []))
                equal((code, told["findings"]), (0, []), f"look {looks}")
                looks += 1
            if number == 1:
                second.kill9()
            if number == 2:
                second = estate.start_worker(second.name)
        estate.people.await_outcomes(keys, 60)
        counts = estate.fsck()[1]["counts"]
        holds(counts["runs"] == 480 and counts["records"] > 1900, f"{counts}")
        holds(first.alive() and second.alive(), "a worker has ended")


@case
def open_transaction_that_holds_an_end_back_is_said_to_do_so():
    with Estate("fsckopen") as estate:
        worker = estate.start_worker("frozen", fault="after-flush:2", freeze=True)
        worker.await_event("partition-ready")
        estate.await_partitions()
        estate.orders(["o-1"])
        estate.people.await_outcomes(["o-1"], 30)
        worker.arm()
        estate.orders([f"o-{n}" for n in range(2, 12)])
        worker.await_frozen()
        done = estate.baton("fsck", "--timeout", "300ms")
        equal(done.returncode, 3, done.stdout + done.stderr)
        contains(done.stderr, "an open transaction holds its end back")
        # The coordinator ends it, and then there is nothing to be found.
        wait.until(lambda: estate.baton("fsck", "--timeout", "1s").returncode == 0, 40,
                   "the end of the transaction", every_s=0.5)


if __name__ == "__main__":
    run(shared.leave)
