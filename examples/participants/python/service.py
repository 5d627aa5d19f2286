"""A participant in Python: takes commands, does each of them once, answers as often as it is asked.

What was done and the answer to it are one transaction of the service's own database (SQLite here):
after a crash either both are there or neither. The offset is committed when the broker has
acknowledged the answer, so a command is lost at no point; it may be seen again, and then the stored
answer is sent again. See ../README.md for the contract.
"""

import json
import signal
import sqlite3
import sys

from confluent_kafka import Consumer, KafkaException, Producer

DONE = "CREATE TABLE IF NOT EXISTS done (idempotency_key TEXT PRIMARY KEY, answer TEXT NOT NULL)"


class Service:
    """`handle(db, command, headers)` does the work and gives the answer; `refuse(why)` gives that
    to a command that cannot be understood. `tables`: SQL that creates what `handle` needs."""

    def __init__(self, handle, refuse, tables="", echo=True):
        if len(sys.argv) != 4:
            sys.exit(f"usage: {sys.argv[0]} BOOTSTRAP_SERVERS COMMAND_TOPIC DATABASE_FILE")
        brokers, topic, database = sys.argv[1:]
        self.handle, self.refuse, self.echo = handle, refuse, echo
        self.stopping, self.lost = False, []
        self.db = sqlite3.connect(database, isolation_level=None)
        self.db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {DONE}; {tables}")
        self.producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True,
                                  "linger.ms": 0, "partitioner": "murmur2_random"})
        self.consumer = Consumer({
            "bootstrap.servers": brokers, "group.id": topic, "group.instance.id": f"{topic}-1",
            "isolation.level": "read_committed", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "session.timeout.ms": 10000})
        self.consumer.subscribe([topic])

    def do(self, command, headers):
        """The answer to a command: of now, or of the time when it was done."""
        with self.db:  # Commits at the end, rolls back if anything raises.
            self.db.execute("BEGIN IMMEDIATE")
            known = self.db.execute("SELECT answer FROM done WHERE idempotency_key = ?",
                                    [headers["idempotency-key"]]).fetchone()
            if known:
                return known[0]
            answer = json.dumps(self.handle(self.db, json.loads(command), headers))
            self.db.execute("INSERT INTO done VALUES (?, ?)", [headers["idempotency-key"], answer])
            return answer

    def answer(self, message):
        headers = {name: value.decode(errors="replace")
                   for name, value in message.headers() or [] if value}
        try:
            answer = self.do(message.value(), headers)
        except (KeyError, TypeError, ValueError) as error:  # It would fail for ever: refuse it.
            answer = json.dumps(self.refuse(f"cannot be understood: {error!r}"))
        if "reply-topic" in headers:  # Otherwise nobody waits.
            echoed = {"correlation-id": headers.get("correlation-id")} if self.echo else {}
            self.producer.produce(headers["reply-topic"], answer, message.key(), headers=echoed,
                                  on_delivery=self.delivered)

    def delivered(self, error, _):
        if error:
            self.lost.append(error)

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.stopping:
            first = self.consumer.poll(0.2)
            # A message with an empty value is false: ask for None.
            messages = [] if first is None else [first, *self.consumer.consume(99, 0)]
            for message in messages:
                if not message.error():
                    self.answer(message)
                elif message.error().fatal():  # Another process has this group.instance.id.
                    sys.exit(f"{message.error()}")
            self.producer.flush()
            if self.lost:  # Nothing is committed: who starts this again gets the commands again.
                sys.exit(f"an answer was not delivered: {self.lost[0]}")
            try:
                if messages:
                    self.consumer.commit(asynchronous=False)
            except KafkaException as error:  # Another member has them now, and answers once more.
                print(f"offsets not committed: {error}", file=sys.stderr)
        self.consumer.close()

    def stop(self, *_):
        self.stopping = True
