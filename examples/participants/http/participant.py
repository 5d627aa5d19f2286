#!/usr/bin/env python3
"""A participant for services that have only an HTTP API: command in, HTTP call out, answer back.

Commands of one key are called in their order, one after the other; different keys side by side, up
to `concurrency` calls at once. An offset is committed when all commands before it are answered and
the broker has acknowledged the answers; so after a crash some calls are made again, with the same
Idempotency-Key. See README.md beside this file.
"""

import argparse
import collections
import concurrent.futures
import datetime
import heapq
import itertools
import json
import logging
import queue
import signal
import sys
import time

import urllib3
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

import routes
import settings

LOG = logging.getLogger("http-participant")
COMMIT_EVERY_S = 0.2


class Task:
    """A command on its way to an answer."""

    def __init__(self, message):
        self.message = message
        self.topic, self.partition, self.offset = \
            message.topic(), message.partition(), message.offset()
        self.headers = {name: value.decode(errors="replace")
                        for name, value in message.headers() or [] if value is not None}
        self.place = (self.topic, self.partition)
        # Without a key there is no order to keep.
        self.lane = (*self.place, message.key() if message.key() is not None else self.offset)
        self.route = None
        self.begun = None  # When it was asked for the first time.
        self.is_running = self.is_dropped = False

    def patience_s(self):
        """How long this may still wait for a service that said when to come back."""
        waited = time.monotonic() - self.begun
        left = self.route.wait_at_most_s - waited
        try:
            deadline = datetime.datetime.fromisoformat(
                self.headers["deadline"].replace("Z", "+00:00"))
            return min(left, deadline.timestamp() - time.time())
        except (KeyError, ValueError, TypeError):
            return left


class Offsets:
    """What of a partition is answered."""

    def __init__(self):
        self.open = {}  # Offsets in the order in which they came.
        self.next = self.committed = None

    def position(self):
        """The offset to commit: all before it are answered."""
        return next(iter(self.open), self.next)


class Participant:
    def __init__(self, options):
        self.options = options
        tls = {"ca": "ca_certs", "cert": "cert_file", "key": "key_file"}
        self.pool = urllib3.PoolManager(
            maxsize=options.concurrency,
            **{tls[name]: value for name, value in options.tls.items()})
        self.threads = concurrent.futures.ThreadPoolExecutor(options.concurrency)
        self.lanes = {}  # {lane: deque of tasks}; the first is ready, running or waiting.
        self.ready = collections.deque()
        self.running = 0
        self.outcomes = queue.SimpleQueue()  # (task, outcome) of those that run.
        self.waiting = []  # Heap of (when, order, task) that were told to come back.
        self.order = itertools.count()
        self.count = 0  # Of all tasks in lanes.
        self.offsets = {}  # {(topic, partition): Offsets} of what is assigned.
        self.leaving = set()  # Places that are being given back.
        self.is_paused = self.is_stopping = False
        self.lost = None
        self.commit_at = 0.0
        client = {name: value for name, value in options.kafka.items()
                  if name not in ("group.id", "group.instance.id", "session.timeout.ms",
                                  "auto.offset.reset")}
        self.producer = Producer({"linger.ms": 0, "enable.idempotence": True,
                                  "partitioner": "murmur2_random", **client})
        self.consumer = Consumer({"auto.offset.reset": "earliest", **options.kafka,
                                  **settings.KAFKA_OURS})

    # --- Commands in ---

    def take(self, message):
        if message.error():
            LOG.warning("consumer-error text=%s", json.dumps(str(message.error())))
            if message.error().fatal():  # Such as: another process has this group.instance.id.
                self.lost = message.error()
            return
        task = Task(message)
        offsets = self.offsets.get(task.place)
        if offsets is None:
            return  # Of a partition that has just gone.
        offsets.open[task.offset] = True
        offsets.next = task.offset + 1
        lane = self.lanes.setdefault(task.lane, collections.deque())
        lane.append(task)
        self.count += 1
        if len(lane) == 1:
            self.ready.append(task)

    def dispatch(self):
        while self.ready and self.running < self.options.concurrency:
            task = self.ready.popleft()
            if not task.is_dropped:
                self.begin(task)

    def begin(self, task):
        """Ask the service, unless the command is such that no service has to be asked."""
        kind = task.headers.get("message-type")
        task.route = next((route for route in self.options.routes
                           if route.takes(task.topic, kind)), None)
        task.begun = task.begun or time.monotonic()
        task.is_running = True
        self.running += 1
        try:
            if task.route is None:
                raise routes.Unfit(f"no route takes the type '{kind}'", "configuration")
            key = (task.message.key() or b"").decode(errors="replace")
            command = routes.command_of(key, task.headers, task.message.value())
            self.threads.submit(self.work, task, command)
        except routes.Unfit as error:
            self.outcomes.put((task, error.outcome()))

    def work(self, task, command):
        """In a thread of the pool."""
        try:
            outcome = routes.call(self.pool, task.route, command)
        except Exception as error:  # A fault of this program must not leave the command unanswered.
            LOG.exception("call-failed")
            outcome = routes.Outcome(routes.failure("runtime", repr(error)))
        self.outcomes.put((task, outcome))

    # --- Answers out ---

    def settle(self):
        """Go on with what the threads have brought."""
        while not self.outcomes.empty():
            task, outcome = self.outcomes.get()
            self.running -= 1
            task.is_running = False
            wait_s = outcome.retry_after_s
            if wait_s is not None and wait_s <= task.patience_s() \
                    and task.place not in self.leaving:
                LOG.info("call-waits topic=%s partition=%d offset=%d seconds=%.3f", *task.place,
                         task.offset, wait_s)
                heapq.heappush(self.waiting,
                               (time.monotonic() + wait_s, next(self.order), task))
            else:
                self.answer(task, outcome.answer)

    def wake(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            task = heapq.heappop(self.waiting)[2]
            self.ready.append(task)

    def answer(self, task, answer):
        LOG.info("answered topic=%s partition=%d offset=%d result=%s status=%s", *task.place,
                 task.offset, answer.get("error", "success"), answer.get("status", "-"))
        if "reply-topic" in task.headers:
            self.producer.produce(
                task.headers["reply-topic"], routes.text_of(answer), task.message.key(),
                headers={"correlation-id": task.headers.get("correlation-id")},
                on_delivery=lambda error, _: self.delivered(task, error))
        else:
            self.delivered(task, None)  # Nobody waits.
        lane = self.lanes[task.lane]
        lane.popleft()
        self.count -= 1
        if not lane:
            del self.lanes[task.lane]
        else:
            self.ready.append(lane[0])

    def delivered(self, task, error):
        if error is not None:
            self.lost = error
        elif task.place in self.offsets:
            self.offsets[task.place].open.pop(task.offset, None)

    def commit(self, final=False):
        if not final and time.monotonic() < self.commit_at:
            return
        self.commit_at = time.monotonic() + COMMIT_EVERY_S
        ahead = {place: offsets.position() for place, offsets in self.offsets.items()
                 if offsets.position() is not None
                 and (final or offsets.position() != offsets.committed)}
        if not ahead or self.lost is not None:
            return
        try:
            self.consumer.commit(offsets=[TopicPartition(*place, offset)
                                          for place, offset in ahead.items()],
                                 asynchronous=not final)
            for place, offset in ahead.items():
                self.offsets[place].committed = offset
        except KafkaException as error:  # Whoever gets the commands calls and answers once more.
            LOG.warning("not-committed text=%s", json.dumps(str(error)))

    # --- Partitions come and go ---

    def assigned(self, _, partitions):
        self.consumer.resume([TopicPartition(*place) for place in self.offsets])
        self.is_paused = False
        for part in partitions:
            self.offsets[part.topic, part.partition] = Offsets()
        LOG.info("assigned partitions=%d", len(self.offsets))

    def revoked(self, _, partitions):
        self.leave({(part.topic, part.partition) for part in partitions})

    def leave(self, places):
        """Finish the calls under way and answer; leave the rest to the next owner."""
        self.leaving = places
        for name, lane in list(self.lanes.items()):
            if lane[0].place in places:
                while len(lane) > lane[0].is_running:
                    lane.pop().is_dropped = True
                    self.count -= 1
                    if not lane:
                        del self.lanes[name]
                        break
        while any(lane[0].place in places for lane in self.lanes.values()):
            self.outcomes.put(self.outcomes.get())  # Wait until a thread has brought something.
            self.settle()
        self.waiting = [entry for entry in self.waiting if not entry[2].is_dropped]
        heapq.heapify(self.waiting)
        self.producer.flush()
        self.commit(final=True)
        for place in places:
            self.offsets.pop(place, None)
        self.leaving = set()

    # --- Life ---

    def throttle(self):
        """Take no more than the backlog holds; polling goes on, or the group would expel us."""
        wanted = self.count >= self.options.backlog if not self.is_paused \
            else self.count > self.options.backlog // 2
        if wanted != self.is_paused:
            self.is_paused = wanted
            turn = self.consumer.pause if wanted else self.consumer.resume
            turn(self.consumer.assignment())

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.consumer.subscribe(sorted({route.topic for route in self.options.routes}),
                                on_assign=self.assigned, on_revoke=self.revoked)
        while not self.is_stopping and self.lost is None:
            message = self.consumer.poll(0.01 if self.running or self.waiting else 0.2)
            if message is not None:
                for one in [message, *self.consumer.consume(99, 0)]:
                    self.take(one)
            self.settle()
            self.wake()
            self.dispatch()
            self.producer.poll(0)
            self.commit()
            self.throttle()
        self.leave(set(self.offsets))
        self.consumer.close()
        if self.lost is not None:  # Not committed: who starts this again gets the command again.
            LOG.error("answer-lost text=%s", json.dumps(str(self.lost)))
            return 3
        return 0

    def stop(self, *_):
        self.is_stopping = True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("config", help="the YAML file")
    parser.add_argument("--check", action="store_true", help="only say whether the file is right")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO,
                        format="%(asctime)s %(levelname)s %(message)s")
    try:
        options = settings.read(arguments.config)
    except settings.Wrong as error:
        print(f"http-participant: {error}", file=sys.stderr)
        return 1 if arguments.check else 2
    if arguments.check:
        print(f"{arguments.config}: {len(options.routes)} routes")
        return 0
    try:
        return Participant(options).run()
    except KafkaException as error:
        print(f"http-participant: Kafka: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
