#!/usr/bin/env python3
"""The demo: real Kafka, real Redis, two workers, three services, some hundred orders."""

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from demo_orders import is_good, order

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import process  # noqa: E402
import servers  # noqa: E402

TOPICS = ["orders.created", "orders.confirmed", "orders.rejected",
          *(f"{service}.{kind}" for service in ("inventory", "payments", "shipping")
            for kind in ("commands", "replies"))]
DEADLINE_S = 150


def create_topics(brokers):
    admin = AdminClient({"bootstrap.servers": brokers})
    made = admin.create_topics([NewTopic(name, 4, 1) for name in TOPICS])
    for future in made.values():
        future.result()


class Demo:
    def __init__(self, options):
        self.options = options
        self.directory = Path(tempfile.mkdtemp(prefix="baton-demo-"))
        self.started = []
        self.outcome = {}
        self.repeated = 0
        self.told = 0.0

    def spawn(self, name, argv):
        """A child whose output goes to a file; ended by its own pid."""
        log = open(self.directory / f"{name}.log", "ab")  # pylint: disable=consider-using-with
        child = subprocess.Popen(list(map(str, argv)), stdout=log, stderr=log, cwd=ROOT)
        log.close()
        self.started.append(child)
        return child

    def worker(self, number):
        return self.spawn(f"worker-{number}", [
            self.options.baton, "run", "--config", self.directory / "baton.yaml",
            "--name", f"worker-{number}"])

    def start(self):
        self.kafka = servers.Kafka(self.directory)
        self.redis = servers.Redis(self.directory)
        print("== starting Kafka and Redis on loopback")
        self.kafka.start()
        self.redis.start()
        create_topics(self.kafka.address)
        (self.directory / "baton.yaml").write_text(
            f"app: baton\nflows: {ROOT}/workflows/order-saga.yaml\n"
            f"kafka: {{bootstrap.servers: \"{self.kafka.address}\"}}\n"
            f"redis: {{url: \"{self.redis.url}\"}}\npartitions: 8\nlanes: 1\n", encoding="utf-8")
        for name in ("inventory", "payments", "shipping"):
            program = ROOT / "examples" / "participants" / "python" / f"{name}.py"
            self.spawn(name, [sys.executable, program, self.kafka.address, f"{name}.commands",
                              self.directory / f"{name}.db"])
        self.workers = [self.worker(1), self.worker(2)]
        self.await_flows()
        print(f"   Kafka {self.kafka.address}, Redis {self.redis.url}, two workers, three services")

    def baton(self, *arguments):
        return subprocess.run([self.options.baton, *arguments, "--config",
                               str(self.directory / "baton.yaml")],
                              capture_output=True, text=True, check=False)

    def await_flows(self):
        """A flow starts with the records that come after its activation, which a worker does first."""
        end = time.monotonic() + 60
        while "worker-up" not in "".join(
                path.read_text() for path in self.directory.glob("worker-*.log")):
            if time.monotonic() > end or all(w.poll() is not None for w in self.workers):
                raise SystemExit(self.tail("worker-1"))
            time.sleep(0.1)

    def tail(self, name):
        path = self.directory / f"{name}.log"
        return f"{path}:\n" + "\n".join(path.read_text().splitlines()[-15:])

    def drive(self):
        count = self.options.orders
        producer = Producer({"bootstrap.servers": self.kafka.address, "linger.ms": 5,
                             "partitioner": "murmur2_random"})
        reader = Consumer({"bootstrap.servers": self.kafka.address, "group.id": "demo",
                           "auto.offset.reset": "earliest", "isolation.level": "read_committed"})
        reader.subscribe(["orders.confirmed", "orders.rejected"])
        print(f"== {count} orders; worker 2 is killed with -9 at a third, and comes back")
        begun = time.monotonic()
        sent = 0
        while len(self.outcome) < count and time.monotonic() - begun < DEADLINE_S:
            while sent < count and sent < (time.monotonic() - begun) * 30:
                value = order(sent)
                producer.produce("orders.created", key=value["orderId"], value=json.dumps(value))
                sent += 1
            producer.poll(0)
            self.kill_and_revive(sent, count)
            for message in reader.consume(500, timeout=0.2):
                if not message.error():
                    self.note(message)
            self.progress(sent, count, begun)
        producer.flush()
        # What came twice would come now.
        for message in reader.consume(500, timeout=1.0):
            if not message.error():
                self.note(message)
        reader.close()
        print()

    def kill_and_revive(self, sent, count):
        if len(self.workers) == 2 and sent >= count // 3:
            self.workers[1].kill()
            self.workers[1].wait()
            self.workers.append(None)
            self.revive_at = time.monotonic() + 4
        elif len(self.workers) == 3 and time.monotonic() > self.revive_at:
            self.workers = [self.workers[0], self.worker(2), None, None]

    def note(self, message):
        value = json.loads(message.value())
        if value["orderId"] in self.outcome:
            self.repeated += 1
        self.outcome[value["orderId"]] = (
            "confirmed" if message.topic() == "orders.confirmed"
            else f"rejected: {value['reason']}")

    def progress(self, sent, count, begun):
        done = len(self.outcome)
        confirmed = sum(1 for text in self.outcome.values() if text == "confirmed")
        state = {2: "both workers up", 3: "WORKER 2 KILLED", 4: "worker 2 is back"}
        line = (f"   {time.monotonic() - begun:5.1f} s  sent {sent:4d}  confirmed {confirmed:4d}  "
                f"rejected {done - confirmed:4d}  open {sent - done:4d}  "
                f"{state[len(self.workers)]}")
        if sys.stdout.isatty():
            print(f"\r{line}", end="", flush=True)
        elif time.monotonic() - self.told >= 1 or done == count:
            print(line, flush=True)
            self.told = time.monotonic()

    def report(self):
        count = self.options.orders
        print("== what became of the orders")
        for text, number in sorted(collections.Counter(self.outcome.values()).items()):
            print(f"   {number:5d}  {text}")
        missing = [n for n in range(count) if f"A-{n}" not in self.outcome]
        print(f"   {len(missing):5d}  without an end, {self.repeated} ended twice")
        wrong = [n for n in range(count) if f"A-{n}" in self.outcome and self.is_wrong(n)]
        shown = next((f"A-{n}" for n in range(count)
                      if self.outcome.get(f"A-{n}", "").startswith("rejected: refused by ship")),
                     "A-0")
        print(f"\n== the history of order-saga:{shown} (baton history order-saga:{shown})")
        history = self.baton("history", f"order-saga:{shown}")
        print(history.stdout or history.stderr)
        if missing or wrong or self.repeated or history.returncode != 0:
            print(f"demo: FAILED: without an end {missing[:10]}, wrong {wrong[:10]}; logs in "
                  f"{self.directory}", file=sys.stderr)
            return 1
        print("Every order ended exactly once, as it should. To look further, run ops/demo --keep and")
        print("  build/release/baton show order-saga:A-7 --bootstrap-servers HOST:PORT")
        print("  build/release/baton graph workflows/order-saga.yaml")
        print("  build/release/baton check workflows/order-saga.yaml")
        return 0

    def is_wrong(self, number):
        value = order(number)
        return (self.outcome[value["orderId"]] == "confirmed") != is_good(value)

    def stop(self):
        for child in self.started:
            if child.poll() is None:
                child.terminate()
        for child in self.started:
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for server in ("kafka", "redis"):
            if hasattr(self, server):
                getattr(self, server).stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--baton", required=True)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--keep", action="store_true")
    demo = Demo(parser.parse_args())
    code = 1
    try:
        demo.start()
        demo.drive()
        code = demo.report()
        if demo.options.keep:
            input(f"Running: Kafka {demo.kafka.address}, Redis {demo.redis.url}. Enter ends it. ")
    except process.StartFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        code = 3
    except KeyboardInterrupt:
        code = 130
    finally:
        demo.stop()
        if code == 0:
            shutil.rmtree(demo.directory, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
