"""The other side of the topics: services that do what a test tells them, customers, and a ledger.

One thread reads the command and outcome topics as a service should (committed records only) and
answers. What a service has done it does not do again: it knows the idempotency keys.
"""

import heapq
import itertools
import json
import threading
import time
from collections import defaultdict
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, KafkaError, Producer, TopicPartition

import records
import wait

GOOD = {
    "ReserveInventory": {"status": "OK", "reservationId": "R-{key}"},
    "ReleaseInventory": {"status": "OK"},
    "CapturePayment": {"orderId": "{key}", "outcome": "CAPTURED", "paymentId": "P-{key}"},
    "RefundPayment": {"orderId": "{key}", "outcome": "REFUNDED"},
    "CreateShipment": {"ok": True, "trackingId": "T-{key}"},
    "CancelShipment": {"ok": True},
}
BAD = {
    "ReserveInventory": {"status": "REJECTED", "code": "OutOfStock", "message": "none left"},
    "CapturePayment": {"orderId": "{key}", "outcome": "DECLINED"},
    "CreateShipment": {"ok": False},
}
SLACK_S = 1.0  # Between the decision to send a command and the time of its record.
UNANSWERED_S = 15  # So long an answer waits for its acknowledgement before it is sent again.
UNDO_OF = {"ReleaseInventory": "ReserveInventory", "RefundPayment": "CapturePayment",
           "CancelShipment": "CreateShipment"}


class Command(NamedTuple):
    """What a service was sent."""

    service: str
    type: str
    key: str
    value: object
    record: records.Record
    repeat: int  # How often its idempotency key was seen before.
    sent_s: float  # The time of its record.

    @property
    def attempt(self):
        return int(self.record.header("baton-attempt") or 0)


class Reply(NamedTuple):
    """One answer. `value` is sent as JSON, bytes as they are; `headers` None: the id is echoed."""

    value: object
    after_s: float = 0.0
    headers: dict = None
    topic: str = None


def filled(template, key):
    return {name: value.format(key=key) if isinstance(value, str) else value
            for name, value in template.items()}


def echoed(command):
    """Payments echoes no header: its answers carry the order's id."""
    return {} if command.service == "payments" else None


def good(command):
    return Reply(filled(GOOD[command.type], command.key), headers=echoed(command))


def bad(command):
    return Reply(filled(BAD[command.type], command.key), headers=echoed(command))


def succeed(command):
    return [good(command)]


def refuse(command):
    return [bad(command)]


def silent(_):
    return []


def twice(command):
    return [good(command), good(command)]


def later(seconds):
    return lambda command: [good(command)._replace(after_s=seconds)]


def after_attempts(count):
    """Silent until the attempt after `count`."""
    return lambda command: succeed(command) if command.attempt > count else []


class Participants(threading.Thread):
    """`services`: {name: (commands topic, replies topic)}; `outcomes`: {word: topic}."""

    def __init__(self, brokers, services, outcomes=None):
        super().__init__(daemon=True)
        self.brokers, self.services, self.outcomes = brokers, services, outcomes or {}
        self.plans = {}  # {key: {type: function from a Command to a list of Reply}}
        self.default = succeed
        self.answers_delay_s = 0.0
        self.commands = []
        self.done = defaultdict(list)  # {key: types that took effect, in order}
        self.outcome = defaultdict(list)  # {key: [(word, value)]}
        self.answered_s = {}  # {command id: when its first answer was in the topic}
        self.replied_s = {}  # {command id: when its first answer was made}
        self._seen = defaultdict(int)
        self._answers = {}
        self._heap, self._order = [], itertools.count()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self.trouble = None
        self.producer = self._producer()
        self._unanswered = {}  # Place -> (since, correlation id, record), the oldest first.

    def _producer(self):
        return Producer({"bootstrap.servers": self.brokers, "linger.ms": 0, "acks": "all",
                         "enable.idempotence": True, "partitioner": "murmur2_random",
                         # Else a leader that is missing after a restart is looked for in minutes.
                         "topic.metadata.refresh.interval.ms": 2000})

    def start(self):
        super().start()
        wait.until(self._ready.is_set, 30, "the participants' consumer")

    def stop(self):
        self._stopping.set()
        self.join(20)

    # --- The thread ---

    def run(self):
        try:
            self._run()
        except Exception as error:  # Shown by the test that waits for it.
            self.trouble = error
            raise

    def _run(self):
        consumer = records.consumer_of(self.brokers, **{"enable.partition.eof": False})
        topics = {commands: name for name, (commands, _) in self.services.items()}
        words = {topic: word for word, topic in self.outcomes.items()}
        known = consumer.list_topics(timeout=30).topics
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)
                         for topic in [*topics, *words] for number in known[topic].partitions])
        self._ready.set()
        while not self._stopping.is_set():
            for message in consumer.consume(500, timeout=self._patience()):
                if message.error() is not None:
                    if message.error().code() == KafkaError._PARTITION_EOF:
                        continue
                    continue  # The broker is away; the client tries again.
                record = records._record(message)
                if record.topic in topics:
                    self._command(topics[record.topic], record, message.timestamp()[1] / 1000)
                else:
                    self._note(words[record.topic], record)
            self._send_due()
        consumer.close()
        self.producer.flush(20)

    def _patience(self):
        if not self._heap:
            return 0.02
        return min(0.02, max(0.0, self._heap[0][0] - time.monotonic()))

    def _note(self, word, record):
        value = json.loads(record.value)
        self.outcome[value.get("orderId", record.key.decode())].append((word, value))

    def _command(self, service, record, sent_s):
        if not record.header("baton-instance"):
            return  # Put there by the test.
        value = json.loads(record.value) if record.value else None
        key = record.key.decode()
        idempotency = record.header("idempotency-key")
        command = Command(service, record.header("message-type"), key, value, record,
                          self._seen[idempotency], sent_s)
        self._seen[idempotency] += 1
        self.commands.append(command)
        plan = self.plans.get(key, {}).get(command.type, self.default)
        replies = plan(command)
        if replies and all(reply.value != bad_value(command) for reply in replies) \
                and idempotency not in self._answers:
            self.done[key].append(command.type)
        self._answers.setdefault(idempotency, replies) if replies else None
        for reply in replies:
            due = time.monotonic() + reply.after_s + self.answers_delay_s
            heapq.heappush(self._heap, (due, next(self._order), command, reply))

    def _send_due(self):
        while self._heap and self._heap[0][0] <= time.monotonic():
            _, _, command, reply = heapq.heappop(self._heap)
            headers, number = reply.headers, command.record.header("correlation-id")
            if headers is None:
                headers = {"correlation-id": number}
            value = reply.value if isinstance(reply.value, (bytes, type(None))) \
                else json.dumps(reply.value)
            self.replied_s.setdefault(number, time.time())
            self._answer(number, {"topic": reply.topic or self.services[command.service][1],
                                  "key": command.key, "value": value, "headers": headers})
        self.producer.poll(0)
        self._answer_anew()

    def _answer(self, number, record):
        place = next(self._order)
        self._unanswered[place] = (time.monotonic(), number, record)

        def note(error, _):
            if error is None and self._unanswered.pop(place, None):
                self.answered_s.setdefault(number, time.time())
        self.producer.produce(**record, on_delivery=note)

    def _answer_anew(self):
        """By another client, what was not acknowledged for long: one that was told of no leader
        while its broker came back may never send again (librdkafka issue 5430)."""
        oldest = next(iter(self._unanswered.values()), None)
        if oldest is None or time.monotonic() - oldest[0] < UNANSWERED_S:
            return
        self.producer, waiting = self._producer(), list(self._unanswered.values())
        self._unanswered.clear()
        for _, number, record in waiting:
            self._answer(number, record)

    # --- For the test ---

    def send(self, topic, value, **record):
        """Produce one record now, acknowledged when this returns: (partition, offset)."""
        placed = []
        if not isinstance(value, (bytes, str, type(None))):
            value = json.dumps(value)

        def note(error, message):
            placed.append(error or (message.partition(), message.offset()))

        producer = self.__dict__.setdefault("_sender", self._producer())
        producer.produce(topic, value, on_delivery=note, **record)
        wait.until(lambda: producer.poll(0.05) or placed, 60, f"a record in {topic}", every_s=0)
        if not isinstance(placed[0], tuple):
            raise AssertionError(f"{topic} does not take the record: {placed[0]}")
        return placed[0]

    def send_many(self, topic, pairs):
        """Produce (key, value) pairs; returns without waiting for all acknowledgements."""
        producer = self.__dict__.setdefault("_sender", self._producer())
        refused = self.__dict__.setdefault("_refused", [])

        def delivered(error, message):
            if error:
                refused.append(f"{message.key()}: {error}")
        for key, value in pairs:
            producer.produce(topic, json.dumps(value), key=key, on_delivery=delivered)
            producer.poll(0)

    def send_anew(self):
        """Send by another client from now on, once all is acknowledged.

        One that was told of no leader while its broker came back may wait for it for good.
        """
        self.__dict__.pop("_sender", None)

    def flush(self, seconds=60):
        left = self.__dict__["_sender"].flush(seconds)
        refused = self.__dict__.pop("_refused", [])
        if left or refused:
            raise AssertionError(f"{left} records are not acknowledged after {seconds} s, "
                                 f"{len(refused)} refused: {refused[:3]}")

    def await_outcomes(self, keys, seconds):
        """Until every key has an outcome: {key: word}."""
        def all_there():
            if self.trouble:
                raise AssertionError(f"the participants failed: {self.trouble!r}")
            return all(self.outcome.get(key) for key in keys)

        try:
            wait.until(all_there, seconds, f"outcomes of {len(keys)} orders")
        except wait.Timeout as error:
            missing = [key for key in keys if not self.outcome.get(key)]
            raise wait.Timeout(f"{error}; {len(missing)} without: {missing[:8]}") from error
        return {key: self.outcome[key][0][0] for key in keys}

    def await_command(self, key, kind, attempt=1, seconds=20):
        """The command of this type and attempt for `key`."""
        def found():
            return next((command for command in list(self.commands) if command.key == key
                         and command.type == kind and command.attempt == attempt), None)
        return wait.until(found, seconds, f"{kind} attempt {attempt} for {key}")

    def unsettled(self, keys, attempt_s):
        """What the books of the services say against the outcomes, as texts.

        Nobody is asked again either who has answered in time: a deadline does not beat a reply that
        was in the topic before it, however slow the machine is.
        """
        known, asked = set(keys), {}
        for command in list(self.commands):
            asked.setdefault((command.record.header("idempotency-key"), command.attempt), command)
        wrong = []
        for (idempotency, attempt), command in asked.items():
            before = asked.get((idempotency, attempt - 1))
            answered_s = before and self.answered_s.get(before.record.header("correlation-id"))
            if command.key in known and answered_s \
                    and answered_s < before.sent_s + attempt_s - SLACK_S:
                wrong.append(f"{command.key}: attempt {attempt} of {command.type}, though the one "
                             f"before was answered after {answered_s - before.sent_s:.1f} s")
        for key in keys:
            words = [word for word, _ in self.outcome.get(key, [])]
            effects = self.done[key]
            steps = [kind for kind in effects if kind not in UNDO_OF]
            undone = [UNDO_OF[kind] for kind in effects if kind in UNDO_OF]
            if len(words) != 1:
                wrong.append(f"{key} ended as {words}")
            elif len(set(effects)) != len(effects):
                wrong.append(f"{key}: {effects} did something twice")
            elif words == ["confirmed"] and (undone or len(steps) != 3):
                wrong.append(f"{key} is confirmed after {effects}")
            elif words == ["rejected"] and [kind for kind in undone if kind in steps] \
                    != steps[::-1]:
                wrong.append(f"{key} is rejected after {effects}")
        return wrong


def bad_value(command):
    return filled(BAD[command.type], command.key) if command.type in BAD else None
