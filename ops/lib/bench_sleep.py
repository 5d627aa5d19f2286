"""Many instances asleep: what they take in memory and in Redis, and how soon a worker serves again.

Ready is what a user would call so: a saga started in every partition of the inbox has ended. The
probes are started again and again until each partition has answered one.
"""

import json
import time

from confluent_kafka import Consumer, Producer, TopicPartition

import bench_estate
import wait
from bench_estate import Failed, memory_bytes, wait_idle

PREFIX = "z."
MIB = 1 << 20
FLOW = """\
flow: bench
version: 1
use: [estate.yaml]
key: .id
start: {topic: start}
timeout: none
do:
  - {step: nap, wait: 7d}
  - {step: done, emit: done, value: {id: "${ .id }"}}
"""
PROBE = """\
flow: probe
version: 1
use: [estate.yaml]
key: .id
start: {topic: probe}
timeout: 1h
do:
  - {step: probed, emit: probed, value: {id: "${ .id }"}}
"""


def murmur2(data):
    """As Java's clients and baton place keys."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & 0x7FFFFFFF


class Probes:
    """Sagas that end at once, one for each partition of the inbox at a time."""

    def __init__(self, bench):
        brokers = {"bootstrap.servers": bench.kafka.address, "log_level": 2}
        self.count = bench.options.partitions
        self.producer = Producer({**brokers, "linger.ms": 0})
        self.consumer = Consumer({**brokers, "group.id": "bench.probes",
                                  "isolation.level": "read_committed"})
        topic = f"{PREFIX}probed"
        places = [TopicPartition(topic, number) for number in range(self.count)]
        for place in places:
            place.offset = self.consumer.get_watermark_offsets(place, timeout=20)[1]
        self.consumer.assign(places)
        self.round = 0

    def send(self):
        """One probe into every partition: {key: partition}."""
        keys, number = {}, 0
        while len(keys) < self.count:
            key = f"p-{self.round}-{number}"
            place = murmur2(f"probe:{key}".encode()) % self.count
            if place not in keys.values():
                keys[key] = place
                self.producer.produce(f"{PREFIX}probe", json.dumps({"id": key}), key=key)
            number += 1
        self.round += 1
        self.producer.flush(30)
        return keys

    def seconds_until_ready(self, begun, deadline_s=600):
        """From `begun` until every partition has answered."""
        waiting, sent, next_send = set(range(self.count)), {}, 0
        while waiting:
            now = time.monotonic()
            if now - begun > deadline_s:
                raise Failed(f"partitions {sorted(waiting)} answer no probe in {deadline_s} s")
            if now >= next_send:
                sent.update(self.send())
                next_send = now + 1
            for message in self.consumer.consume(100, timeout=0.02):
                if message.error() is None:
                    waiting.discard(sent.get(message.key().decode()))
        return time.monotonic() - begun

    def close(self):
        self.consumer.close()


def asleep(bench):
    """How many runs Redis holds, of all partitions together."""
    count = 0
    for number in range(bench.options.partitions):
        runs = bench.redis.command("HGET", f"{{{PREFIX}x:{number}}}:meta", "runs")
        count += int(runs or 0)
    return count


def redis_bytes(bench):
    for line in bench.redis.command("INFO", "memory").decode().splitlines():
        if line.startswith("used_memory:"):
            return int(line.split(":")[1])
    return 0


def restart(bench, probes, worker, how):
    """End the worker in this way, start another: (it, seconds to end, seconds to ready)."""
    begun = time.monotonic()
    if how == "kill -9":
        worker.kill9()
        bench.started.remove(worker)
    else:
        bench.stop(worker)
    ended = time.monotonic()
    worker = bench.worker(PREFIX)
    return worker, ended - begun, probes.seconds_until_ready(ended)


def fall_asleep(bench, count):
    """Start them all, wait until Redis has them all: seconds."""
    begun = time.monotonic()
    bench.start_sagas(PREFIX, count)
    wait.until(lambda: asleep(bench) >= count, max(120, count / 200), f"{count} runs asleep",
               every_s=0.5)
    return time.monotonic() - begun


def measure(bench, tell):
    count = bench.options.sleeping
    bench.make_topics(PREFIX)
    bench.make_topics(PREFIX, bench_estate.PROBE_TOPICS)
    bench.configure(PREFIX, bench=FLOW, probe=PROBE)
    worker = bench.worker(PREFIX)
    probes = Probes(bench)
    found = {"first_ready_s": probes.seconds_until_ready(time.monotonic())}
    redis_before = redis_bytes(bench)
    tell(f"{count} instances fall asleep")
    found["asleep_after_s"] = fall_asleep(bench, count)
    wait_idle(worker.pid)
    found["redis_bytes_each"] = (redis_bytes(bench) - redis_before) / count
    found["rss_after"] = memory_bytes(worker.pid)
    found["rss_peak"] = memory_bytes(worker.pid, "VmHWM")
    for how, name in (("SIGTERM", "stop"), ("kill -9", "kill")):
        tell(f"restart after {how}")
        worker, took, ready = restart(bench, probes, worker, how)
        found[f"{name}_s"], found[f"{name}_ready_s"] = took, ready
    wait_idle(worker.pid)
    found["rss_restarted"] = memory_bytes(worker.pid)
    if asleep(bench) < count:
        raise Failed(f"of {count} runs asleep {asleep(bench)} are left after the restarts")
    probes.close()
    return {"sleeping": {**found, "table": table(count, found)}}


def table(count, found):
    return [
        ("instances asleep", f"{count:,}"),
        ("from the first start until all are in Redis, s", f"{found['asleep_after_s']:.1f}"),
        ("Redis, bytes each", f"{found['redis_bytes_each']:,.0f}"),
        ("RSS at its highest, MiB", f"{found['rss_peak'] / MIB:.1f}"),
        ("RSS once all sleep, MiB", f"{found['rss_after'] / MIB:.1f}"),
        ("RSS after a restart, MiB", f"{found['rss_restarted'] / MIB:.1f}"),
        ("SIGTERM to its end, s", f"{found['stop_s']:.2f}"),
        ("then start to ready, s", f"{found['stop_ready_s']:.2f}"),
        ("kill -9, start to ready, s", f"{found['kill_ready_s']:.2f}"),
    ]
