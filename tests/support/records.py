"""What stands in Kafka, read as an outsider reads it: committed records, decoded by the schemas.

Nothing here is shared with the engine: fastavro reads the published schemas, and the placement of
keys is written down once more.
"""

import hashlib
import io
import json
import os
import struct
from pathlib import Path
from typing import NamedTuple

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

import wait

SOURCE = Path(os.environ.get("BATON_SOURCE_DIR") or Path(__file__).resolve().parent.parent.parent)
READ_SECONDS = 100


class Record(NamedTuple):
    """One record; `headers` holds the last value of each name."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: dict

    @property
    def place(self):
        return f"{self.topic}/{self.partition}/{self.offset}"

    def header(self, name):
        """As text; "" if absent."""
        return (self.headers.get(name) or b"").decode("utf-8", "replace")


def murmur2(data):
    """The hash with which Java clients place keys."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = (k * m) & mask
        k = ((k ^ (k >> 24)) * m) & mask
        h = ((h * m) & mask) ^ k
    rest = data[whole:]
    if rest:
        h = ((h ^ int.from_bytes(rest, "little")) * m) & mask
    h = ((h ^ (h >> 13)) * m) & mask
    return h ^ (h >> 15)


def partition_of(key, count):
    return (murmur2(key) & 0x7FFFFFFF) % count


def business_key(key):
    """Of a record's key, which is <key>, <flow>:<key> or <flow>:<key>/<run>/<seq>. Right for keys
    that hold neither a colon nor a slash."""
    return key.partition(b":")[2].partition(b"/")[0] if b":" in key else key


def consumer_of(brokers, **settings):
    """A reader of its own, in no group that anybody waits for."""
    return Consumer({"bootstrap.servers": brokers, "group.id": "checker",
                     "enable.auto.commit": False, "isolation.level": "read_committed",
                     "auto.offset.reset": "earliest", "enable.partition.eof": True,
                     "fetch.wait.max.ms": 20, **settings})


def _record(message):
    return Record(message.topic(), message.partition(), message.offset(), message.key(),
                  message.value(), dict(message.headers() or []))


def read_all(brokers, topics, choose=lambda topic, count: range(count), keep=None):
    """Every committed record of `topics`, from the beginning to the stable end: {topic: [Record]}.

    Records of a partition are in their order. A topic that does not exist is left out. `choose`
    gives the partitions to be read of those that there are; `keep`, asked with the topic and the
    key of each record, which of them are given.
    """
    consumer = consumer_of(brokers)
    try:
        known = consumer.list_topics(timeout=30).topics
        found = {topic: [] for topic in topics if topic in known}
        places = [TopicPartition(topic, number, OFFSET_BEGINNING)
                  for topic in found for number in choose(topic, len(known[topic].partitions))]
        consumer.assign(places)
        missing = {(place.topic, place.partition) for place in places}

        def fetch():
            # A call waits its whole time unless the number is reached.
            for message in consumer.consume(5000, timeout=0.05):
                if message.error() is None:
                    if keep is None or keep(message.topic(), message.key()):
                        found[message.topic()].append(_record(message))
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    missing.discard((message.topic(), message.partition()))
            return not missing

        wait.until(fetch, READ_SECONDS, f"the ends of {sorted(found)}", every_s=0)
    finally:
        consumer.close()
    return found


def partition_counts(brokers):
    """{topic: how many partitions}."""
    consumer = consumer_of(brokers)
    try:
        return {name: len(topic.partitions)
                for name, topic in consumer.list_topics(timeout=30).topics.items()}
    finally:
        consumer.close()


def ends(brokers, topic):
    """{partition: (low, high)}."""
    consumer = consumer_of(brokers, **{"isolation.level": "read_uncommitted"})
    try:
        count = len(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        return {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)
                for number in range(count)}
    finally:
        consumer.close()


# --- Avro ----------------------------------------------------------------------------------------


def _schema(name):
    return fastavro.parse_schema(json.loads((SOURCE / "schemas" / f"{name}.avsc").read_text()))


SCHEMAS = {name: _schema(name) for name in
           ("alert", "checkpoint", "config", "definition", "flow", "history", "inbox", "snapshot")}


def decode(name, value):
    """The record as a dict. Raises ValueError if bytes are left over."""
    stream = io.BytesIO(value)
    record = fastavro.schemaless_reader(stream, SCHEMAS[name])
    if stream.tell() != len(value):
        raise ValueError(f"{len(value) - stream.tell()} bytes after the {name} record")
    return record


def encode(name, record):
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, SCHEMAS[name], record)
    return stream.getvalue()


def seal(record):
    """Encode a history record with the hash that it should have: (bytes, hash)."""
    body = encode("history", {**record, "hash": bytes(32)})[:-32]
    digest = hashlib.sha256(body).digest()
    return body + digest, digest


def run_text(run):
    return f"{run['generation']}-{run['offset']}"


# --- Folding -------------------------------------------------------------------------------------

VALUES = ("data", "error", "result", "ids")
ITEMS = ("frames", "timers", "stack", "mailbox")
NOTHING = {"status": "none", "closing": "none", "sealed": False, "inAlways": False, "started": 0, "time": 0, "seq": 0,
           "activationNext": 1, "mailNext": 1}


def patch(before, change):
    """An object descends, an array of one item sets."""
    if isinstance(change, list):
        if len(change) != 1:
            raise ValueError("a change is an array of one item, or an object")
        return change[0]
    if not isinstance(change, dict):
        raise ValueError(f"not a change: {change!r}")
    after = dict(before) if isinstance(before, dict) else {}
    for key, value in change.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = patch(after.get(key), value)
    return after


def item(before, change):
    """Items come whole, but of a frame's `local` only what has changed."""
    if not isinstance(change, dict):
        return change
    after = {name: value for name, value in change.items() if name != "local"}
    local = before.get("local") if isinstance(before, dict) else None
    if "local" in change:
        local = None if change["local"] is None else patch(local, change["local"])
    if local is not None:
        after["local"] = local
    return after


def fold(state, delta):
    """The state after `delta`. Values keep their numbers as they are written."""
    after = {**state, **{name: dict(state.get(name, {})) for name in ITEMS}}
    for name, change in delta.items():
        if name in VALUES:
            after[name] = None if change is None else patch(state.get(name), change)
        elif name in ITEMS:
            for key, value in change.items():
                if value is None:
                    after[name].pop(key, None)
                else:
                    after[name][key] = item(after[name].get(key, {}), value)
        else:
            after[name] = change
    # A first result that is given by its members is the document as it became, changed by them.
    if isinstance(delta.get("result"), dict) and state.get("result") is None:
        after["result"] = patch(after.get("data"), delta["result"])
    return {name: value for name, value in after.items()
            if value not in (None, {}) and (name not in NOTHING or value != NOTHING[name])}


def parse_json(text):
    """JSON with decimals kept as text, so that nothing is rounded on the way."""
    return json.loads(text, parse_float=lambda digits: ("decimal", digits))


# --- Committed offsets ---------------------------------------------------------------------------


class Commit(NamedTuple):
    """One offset commit of a group, as __consumer_offsets keeps it."""

    partition: int
    offset: int
    metadata: str
    place: str


def _text(data, at):
    (length,) = struct.unpack_from(">h", data, at)
    return data[at + 2:at + 2 + length].decode(), at + 2 + length


def _compact_text(data, at):
    length, shift = 0, 0
    while True:
        length |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            break
    return data[at:at + length - 1].decode(), at + length - 1


def coordinated_in(group, count):
    """Which partition of __consumer_offsets holds a group: by Java's hash of its name."""
    number = 0
    for unit in struct.iter_unpack(">H", group.encode("utf-16-be")):
        number = (31 * number + unit[0]) & 0xFFFFFFFF
    if number == 0x80000000:
        return 0
    return min(number, 0x100000000 - number) % count


def commits(brokers, group, topic):
    """Every commit of `group` on `topic` that took effect, in order, transactional ones too."""
    found = []
    own = read_all(brokers, ["__consumer_offsets"], lambda _, count: [coordinated_in(group, count)])
    for record in own.get("__consumer_offsets", []):
        if record.value is None or struct.unpack_from(">h", record.key, 0)[0] not in (0, 1):
            continue
        owner, at = _text(record.key, 2)
        if owner != group:
            continue
        name, at = _text(record.key, at)
        if name != topic:
            continue
        (partition,) = struct.unpack_from(">i", record.key, at)
        version, offset = struct.unpack_from(">hq", record.value, 0)
        at = 10 + (4 if version >= 3 else 0)
        metadata = (_compact_text if version >= 4 else _text)(record.value, at)[0]
        found.append(Commit(partition, offset, metadata, record.place))
    return found
