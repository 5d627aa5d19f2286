"""A sound estate at rest, and what it takes to damage it by hand: for the tests of `baton fsck`.

    key, partition, values = a_sleeper()
    forge(next_of(values[-1], previous=b"\\1" * 32), partition)
    finds("history-chain", key)

The estate is shared by the cases of a script; each damages a run of its own, and `finds` looks at what
is new.
"""

import json

from confluent_kafka import TopicPartition

import records
from estate import Once, at_rest
from runner import equal, holds

DONE = [f"done-{n}" for n in range(8)]
ASLEEP = [f"asleep-{n}" for n in range(34)]
KNOWN = set()  # Findings that were told already.
FREE = list(ASLEEP)  # Sleeping orders that no case has damaged.

shared = Once(lambda: at_rest("fsck", DONE, ASLEEP))


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


def replace_snapshot(key, **changes):
    """Put a snapshot with these fields changed, each by a function of what it was."""
    record = snapshot_of(key)
    value = records.decode("snapshot", record.value)
    value.update({name: change(value[name]) for name, change in changes.items()})
    produce(internal("snapshot"), record.partition, record.key, records.encode("snapshot", value))


def checkpoint_records(prefix):
    topic = internal("checkpoint")
    return [record for record in records.read_all(shared().brokers, [topic])[topic]
            if record.key.startswith(prefix) and record.value]


def commit(partition, offset, metadata):
    """As the executors' group."""
    group = records.consumer_of(shared().brokers, **{"group.id": f"{shared().app}.exec"})
    group.commit(offsets=[TopicPartition(internal("inbox"), partition, offset, metadata)],
                 asynchronous=False)
    group.close()
