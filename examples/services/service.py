"""What the demo's three services have in common: take a command, answer it once.

A service of yours needs no library of baton's. What matters is here:
  - read commands with isolation.level=read_committed, or you see commands of aborted transactions;
  - drop what you have done already by the header idempotency-key, and answer it again;
  - echo the header correlation-id (or carry the business key in the answer, as payments does).
"""

import json
import signal
import sys

from confluent_kafka import Consumer, Producer


class Service:
    """Reads `<name>.commands`, answers on `<name>.replies`. `handle(type, value)` gives the answer."""

    def __init__(self, name, brokers, handle, echo=True):
        self.replies = f"{name}.replies"
        self.handle = handle
        self.echo = echo
        self.done = {}  # A real service keeps this in its database, with the work itself.
        self.stopping = False
        self.consumer = Consumer({
            "bootstrap.servers": brokers, "group.id": name, "auto.offset.reset": "earliest",
            "isolation.level": "read_committed", "enable.auto.commit": False})
        self.producer = Producer({"bootstrap.servers": brokers, "linger.ms": 0,
                                  "partitioner": "murmur2_random"})
        self.consumer.subscribe([f"{name}.commands"])

    def answer(self, message):
        headers = {key: value.decode() for key, value in message.headers() or [] if value}
        key = headers.get("idempotency-key", "")
        if key not in self.done:
            self.done[key] = self.handle(headers.get("message-type"), json.loads(message.value()))
        echoed = {"correlation-id": headers["correlation-id"]} if self.echo else {}
        self.producer.produce(self.replies, key=message.key(), value=json.dumps(self.done[key]),
                              headers=echoed)

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self.stopping:
            messages = [m for m in self.consumer.consume(100, timeout=0.2) if not m.error()]
            for message in messages:
                self.answer(message)
            if messages:
                self.producer.flush()
                self.consumer.commit(asynchronous=False)
        self.consumer.close()

    def stop(self, *_):
        self.stopping = True


def brokers():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} BOOTSTRAP_SERVERS")
    return sys.argv[1]
