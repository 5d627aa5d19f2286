#!/usr/bin/env python3
"""Three services and the reader of outcomes for heavy loads, as a process of its own.

    quick_services.py BROKERS PREFIX BOOKS

Reads <PREFIX><service>.commands and <PREFIX>load.ended (committed records only) and answers in
<PREFIX><service>.replies, the command id echoed. Each idempotency key takes effect once; a repeat is
answered as before. What is refused follows from the key: see `refuses`. The state of the books is
written to the file BOOKS every half second, and a last time on SIGTERM:

    {"ended": how many keys have an outcome, "again": outcomes beyond the first,
     "commands": how many came, "repeats": of these with an idempotency key seen before,
     "stories": {"<what the key provokes>: <what took effect> -> <outcome>": how many keys}}
"""

import collections
import json
import os
import signal
import sys
import time
import zlib

from confluent_kafka import OFFSET_BEGINNING, KafkaException, Producer, TopicPartition

import records

SERVICES = ("reserve", "charge", "ship")
GOOD, BAD = b'{"ok":true}', b'{"ok":false}'
BOOKS_EVERY_S = 0.5


def refuses(key):
    """The command type that is refused for this business key, or "nothing"."""
    number = zlib.crc32(key) % 50
    return "Ship" if number == 0 else "Charge" if number == 1 else "nothing"


class Services:
    def __init__(self, brokers, prefix):
        self.replies = {f"{prefix}{name}.commands": f"{prefix}{name}.replies" for name in SERVICES}
        self.ended = f"{prefix}load.ended"
        self.answers = {}  # {idempotency key: the answer}
        self.effects = collections.defaultdict(list)  # {key: types, in order}
        self.outcome = {}
        self.counts = {"commands": 0, "repeats": 0, "again": 0}
        self.producer = Producer({"bootstrap.servers": brokers, "acks": "all", "linger.ms": 2,
                                  "enable.idempotence": True, "partitioner": "murmur2_random",
                                  "queue.buffering.max.messages": 2000000})
        self.consumer = records.consumer_of(brokers, **{"enable.partition.eof": False,
                                                        "fetch.wait.max.ms": 5})
        known = self.consumer.list_topics(timeout=30).topics
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)
                              for topic in (*self.replies, self.ended)
                              for number in known[topic].partitions])

    def turn(self):
        for message in self.consumer.consume(5000, timeout=0.01):
            if message.error() is not None:
                continue  # The broker is away; the client tries again.
            if message.topic() == self.ended:
                self.note(message)
            else:
                self.command(message)
        self.producer.poll(0)

    def note(self, message):
        self.counts["again"] += message.key() in self.outcome
        self.outcome[message.key()] = json.loads(message.value())["how"]

    def command(self, message):
        headers, key = dict(message.headers()), message.key()
        idempotency, kind = headers["idempotency-key"], headers["message-type"].decode()
        self.counts["commands"] += 1
        answer = self.answers.get(idempotency)
        if answer is None:
            answer = BAD if refuses(key) == kind else GOOD
            self.answers[idempotency] = answer
            if answer == GOOD:
                self.effects[key].append(kind)
        else:
            self.counts["repeats"] += 1
        while True:
            try:
                self.producer.produce(self.replies[message.topic()], key=key, value=answer,
                                      headers={"correlation-id": headers["correlation-id"]})
                return
            except BufferError:
                self.producer.poll(0.1)

    def write(self, path, whole):
        stories = collections.Counter(
            f"{refuses(key)}: {' '.join(self.effects[key])} -> {how}"
            for key, how in self.outcome.items()) if whole else {}
        books = {"ended": len(self.outcome), **self.counts, "stories": stories}
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(books, file)
        os.rename(f"{path}.new", path)


def main(brokers, prefix, path):
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    services = Services(brokers, prefix)
    due = 0.0
    while not stopping:
        services.turn()
        if time.monotonic() >= due:
            services.write(path, False)
            due = time.monotonic() + BOOKS_EVERY_S
    services.write(path, True)
    services.producer.flush(20)
    services.consumer.close()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KafkaException as error:
        sys.exit(f"quick_services: {error}")
