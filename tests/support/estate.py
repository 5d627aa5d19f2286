"""An estate of a test's own on the shared servers: topics, flows, workers, participants.

    with Estate("saga") as estate:
        estate.start_workers(2)
        estate.order("A-1")
        estate.people.await_outcomes(["A-1"], 20)
        estate.assert_sound()

Everything is named by a prefix of its own, so cases run side by side and in any order. Workers are
processes of BATON, or of BATON_FAULTY if they are to die at a named point.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

import checker
import checker_store
import participants
import records
import resp
import runner
import wait
from worker import BATON, READY_SECONDS, Worker

SERVICES = ("inventory", "payments", "shipping")
OUTCOMES = ("confirmed", "rejected")
ORDER_TOPICS = ("orders.created", *(f"orders.{word}" for word in OUTCOMES),
                *(f"{service}.{end}" for service in SERVICES for end in ("commands", "replies")))
PARTITIONS = 4

# What makes the timing of the example fit for a test. An attempt has 20 s.
ATTEMPT_S = 20
QUICK = {
    "timeout: 30s": "timeout: 20s",
    "timeout: 1m": "timeout: 20s",
    "timeout: 15m": "timeout: 20s",
    "delay: 2s, backoff: exponential, max: 1m": "delay: 200ms, backoff: exponential, max: 1s",
}


def flow_text(name):
    own = records.SOURCE / "tests" / "integration" / "flows" / f"{name}.yaml"
    return (own if own.exists() else records.SOURCE / "workflows" / f"{name}.yaml").read_text()


def redis_address(url):
    host, _, port = url.split("/")[2].partition(":")
    return host, int(port)


class Estate:
    """See the module.

    `flows` names files of tests/integration/flows, or of workflows/ ("order-saga"); a dict gives
    files with their texts. In them "{p}" stands for the prefix of business topics, and what is
    named with it is created. `servers`: (brokers, redis url) if not the shared ones.
    """

    def __init__(self, name, flows=("order-saga",), replace=None, config="", servers=None):
        self.brokers = servers[0] if servers else os.environ["KAFKA_BROKERS"]
        self.redis_url = servers[1] if servers else os.environ["REDIS_URL"]
        self.app = f"{name}-{uuid.uuid4().hex[:6]}"
        self.directory = Path(tempfile.mkdtemp(prefix=f"baton-{name}-"))
        self.config = self.directory / "baton.yaml"
        self.workers = []
        self.damaged = None  # Why fsck may find something at the end; see damage().
        self.keys = []  # Of orders, started by order() and orders().
        self.begun = []  # Instances of other flows, started by begin().
        self.own_sources, self.own_outputs = [], []  # Topics of the flows beside the orders'.
        self.services = {service: (self.topic(f"{service}.commands"),
                                   self.topic(f"{service}.replies")) for service in SERVICES}
        self.outcomes = {word: self.topic(f"orders.{word}") for word in OUTCOMES}
        self.people = None
        self._write_flows(flows, {**QUICK, **(replace or {})})
        self._write_config(config)
        runner.on_failure(self.tell)

    def topic(self, name):
        """The full name of a business topic."""
        return f"{self.app}.x.{name}"

    # --- Files ---

    def _write_flows(self, flows, replace):
        folder = self.directory / "flows"
        folder.mkdir()
        texts = {"estate.yaml": (records.SOURCE / "workflows" / "estate.yaml").read_text()}
        if isinstance(flows, dict):
            texts.update(flows)
        else:
            texts.update({f"{name}.yaml": flow_text(name) for name in flows})
        for name, text in texts.items():
            self._note_topics(text)
            for old, new in replace.items():
                text = text.replace(old, new)
            for topic in ORDER_TOPICS:
                text = text.replace(topic, self.topic(topic))
            (folder / name).write_text(text.replace("{p}", self.topic("")), encoding="utf-8")

    def _note_topics(self, text):
        emitted = set(re.findall(r"emit: (\w+)", text))
        for alias, name in re.findall(r'(\w+): *\{name: "\{p\}([\w.-]+)"', text):
            topics = self.own_outputs if alias in emitted else self.own_sources
            topics.append(self.topic(name))

    def _write_config(self, more):
        self.config.write_text(
            f"app: {self.app}\nflows: flows/\n"
            f'kafka: {{bootstrap.servers: "{self.brokers}", '
            "consumer: {session.timeout.ms: 2000, heartbeat.interval.ms: 300}}\n"
            f'redis: {{url: "{self.redis_url}"}}\npartitions: {PARTITIONS}\nlanes: 1\n'
            + (more or "checkpoint: {idle: 200ms, max: 2s}\n"), encoding="utf-8")

    # --- Life ---

    def __enter__(self):
        self.create_topics([*(self.topic(name) for name in ORDER_TOPICS), *self.own_sources,
                            *self.own_outputs])
        self.people = participants.Participants(self.brokers, self.services, self.outcomes)
        self.people.start()
        return self

    def __exit__(self, failed, *unused):
        try:
            if not failed:
                self.assert_clean()
        except AssertionError:
            failed = True
            raise
        finally:
            self._end(failed)

    def _end(self, failed):
        for worker in self.workers:
            worker.kill9()
        if self.people:
            self.people.stop()
        if not failed:
            self._remove()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _remove(self):
        """A broker with few topics is a quick one."""
        admin = AdminClient({"bootstrap.servers": self.brokers})
        mine = [name for name in admin.list_topics(timeout=20).topics
                if name.startswith(f"{self.app}.")]
        for future in admin.delete_topics(mine).values():
            future.exception(30)

    def create_topics(self, names, partitions=3, config=None):
        admin = AdminClient({"bootstrap.servers": self.brokers})
        made = admin.create_topics([NewTopic(name, partitions, 1, config=config or {})
                                    for name in dict.fromkeys(names)])
        for future in made.values():
            future.result(30)
        wait.until(lambda: set(names) <= set(admin.list_topics(timeout=20).topics), 30,
                   f"topics {names}")

    def start_worker(self, name=None, **how):
        self.workers = [other for other in self.workers if other.alive()]
        worker = Worker(self, name or f"w{len(self.workers) + 1}", **how)
        self.workers.append(worker)
        return worker.start()

    def start_workers(self, count=1):
        """Start and wait until the flows are active and every partition has an owner."""
        first = self.start_worker()
        first.await_event("worker-up")
        rest = [self.start_worker() for _ in range(count - 1)]
        self.await_partitions()
        for worker in rest:  # Each has its share.
            worker.await_event("partition-ready")
        return [first, *rest]

    def await_partitions(self, seconds=READY_SECONDS):
        """Until every partition of the inbox has been taken over by somebody."""
        def all_taken():
            return {commit.partition for commit in records.commits(
                self.brokers, f"{self.app}.exec", f"{self.app}.inbox")} == set(range(PARTITIONS))
        wait.until(all_taken, seconds, f"owners of all partitions of {self.app}.inbox")

    # --- Work ---

    def order(self, key, plan=None, **fields):
        """One order; `plan` says how the services answer: {type: function}."""
        self.people.plans[key] = plan or {}
        self.keys.append(key)
        value = {"orderId": key, "lines": [{"sku": "S-1", "quantity": 1}], "total": 42.5,
                 "currency": "EUR", "address": "Main Street 1", **fields}
        return self.people.send(self.topic("orders.created"), value, key=key)

    def orders(self, keys, plans=None):
        """Many at once: `plans` gives the plan of the n-th."""
        for number, key in enumerate(keys):
            self.people.plans[key] = plans(number) if plans else {}
        self.keys += keys
        self.people.send_many(self.topic("orders.created"), [
            (key, {"orderId": key, "lines": [{"sku": "S-1", "quantity": 1}], "total": 42.5,
                   "currency": "EUR", "address": "Main Street 1"}) for key in keys])
        self.people.flush()
        return keys

    def begin(self, flow, key, **fields):
        """Start an instance of another flow, whose start topic is "<flow>.started"."""
        self.begun.append(f"{flow}:{key}")
        return self.people.send(self.topic(f"{flow}.started"), {"id": key, **fields}, key=key)

    def begin_many(self, flow, keys, **fields):
        self.begun += [f"{flow}:{key}" for key in keys]
        self.people.send_many(self.topic(f"{flow}.started"),
                              [(key, {"id": key, **fields}) for key in keys])
        self.people.flush()
        return keys

    def await_end(self, flow, key, seconds=30):
        """The record that the flow has emitted to "<flow>.ended" for `key`."""
        topic = self.topic(f"{flow}.ended")

        def found():
            return next((record for record in self.read(topic) if record.key == key.encode()),
                        None)
        return wait.until(found, seconds, f"the end of {flow}:{key}")

    def read(self, topic):
        """The committed records of one topic; internal ones by their short name."""
        name = topic if topic.startswith(f"{self.app}.") else f"{self.app}.{topic}"
        return records.read_all(self.brokers, [name])[name]

    def alerts(self, instance):
        return [records.decode("alert", record.value) for record in self.read("alerts")
                if record.key == instance.encode()]

    def decided(self, instance):
        """All that was decided, as one text."""
        return "\n".join(line for record in self.history(instance)["records"]
                         for line in record["decided"])

    def await_decided(self, instance, part, seconds=30):
        """Until it has been; there need not be a run yet."""
        def is_decided():
            return self.baton("history", instance).returncode == 0 and part in self.decided(instance)
        wait.until(is_decided, seconds, f"'{part}' in {instance}", every_s=0.2)

    def baton(self, *arguments, seconds=40):
        """Run another command of baton against this estate."""
        return subprocess.run([BATON, *arguments, "--config", str(self.config)], timeout=seconds,
                              capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def show(self, instance):
        done = self.baton("show", instance, "--output", "json")
        if done.returncode != 0:
            raise AssertionError(f"show {instance}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def history(self, instance):
        done = self.baton("history", instance, "--output", "json")
        if done.returncode != 0:
            raise AssertionError(f"history {instance}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    # --- Judgement ---

    def damage(self, why):
        """The test damages the estate on purpose: it does not have to be clean at the end."""
        self.damaged = why

    def was_driven(self):
        """Whether a worker ever took a partition over."""
        return any(b"partition-ready" in path.read_bytes()
                   for path in self.directory.glob("*.log"))

    def fsck(self, *options):
        """(exit code, {findings, counts})"""
        done = self.baton("fsck", "--output", "json", *options, seconds=120)
        if done.returncode > 1:
            raise AssertionError(f"fsck: {done.returncode} {done.stderr}")
        return done.returncode, json.loads(done.stdout)

    def assert_clean(self):
        """What operators have to prove an estate healthy finds nothing, while workers go on or not.
        Once for an estate: the runner calls it after the last case, and the end of `with`."""
        if self.damaged or not self.was_driven():
            return
        self.damaged = "looked at already"
        code, told = self.fsck("--replay")
        if code != 0 or told["counts"]["otherBuild"]:
            raise AssertionError(f"{len(told['findings'])} findings, {told['counts']}:\n" + "\n".join(
                map(str, told["findings"][:20])))

    def redis(self):
        return resp.Client(*redis_address(self.redis_url))

    def asleep(self):
        """{instance: its shelf in Redis} of all runs whose state is there."""
        with self.redis() as redis:
            shelves = [checker_store.Shelf(redis, self.app, number)
                       for number in range(PARTITIONS)]
        return {name: shelf for shelf in shelves for name in shelf.states}

    def await_asleep(self, instances, seconds=20):
        wait.until(lambda: set(instances) <= set(self.asleep()), seconds,
                   f"{len(instances)} runs asleep", every_s=0.2)

    def as_seen(self, **changes):
        """What the checker is told of this estate."""
        sources = {self.topic("orders.created"): "message",
                   **{replies: "reply" for _, replies in self.services.values()},
                   **{topic: "message" for topic in self.own_sources}}
        given = {"commands": [*(commands for commands, _ in self.services.values()),
                              *self.outcomes.values(), *self.own_outputs],
                 "sources": sources, "store": self.redis,
                 "instances": [*(f"order-saga:{key}" for key in dict.fromkeys(self.keys)),
                               *self.begun]}
        return checker.Estate(self.brokers, self.app, **{**given, **changes})

    def await_sound(self, seconds=20, **changes):
        """Until the checker finds nothing: what is under way may need a moment to settle."""
        views = []

        def sound():
            views[:] = [checker.look(self.as_seen(**changes))]
            return not views[0].findings

        try:
            wait.until(sound, seconds, "a sound estate", every_s=0.3)
        except wait.Timeout:
            findings = views[0].findings
            raise AssertionError(f"{len(findings)} findings:\n" + "\n".join(
                map(str, findings[:25]))) from None
        return views[0]

    def assert_settled(self, keys=None):
        wrong = self.people.unsettled(keys or self.keys, ATTEMPT_S)
        if wrong:
            raise AssertionError("the books do not balance:\n" + "\n".join(wrong[:20]))

    def tell(self):
        """For a failed case: the ends of the logs."""
        return "\n".join(f"--- {self.app} {path.name}\n" + "\n".join(
            path.read_text(errors="replace").splitlines()[-25:])
            for path in sorted(self.directory.glob("*.log")))


def at_rest(name, done, asleep):
    """An estate whose worker was stopped when the orders `done` were done, every second of them undone,
    and those of `asleep` asleep: nobody answers any more. It is the caller's to leave."""
    estate = Estate(name).__enter__()
    worker, = estate.start_workers(1)
    estate.orders(done, lambda n: {"CreateShipment": participants.refuse} if n % 2 else {})
    estate.orders(asleep, lambda _: {"CreateShipment": participants.silent})
    estate.people.await_outcomes(done, 30)
    for key in asleep:
        estate.people.await_command(key, "CreateShipment")
    estate.await_asleep([f"order-saga:{key}" for key in asleep])
    runner.equal(worker.stop(), 0, "exit code")
    estate.people.stop()
    return estate


class Once:
    """An estate that the first case starts and all share: `shared = Once(start)`, `shared()`."""

    def __init__(self, start):
        self._start = start
        self._estate = None
        self._failed = False

    def __call__(self):
        if self._failed:
            raise AssertionError("the estate did not start")
        if self._estate is None:
            self._failed = True
            self._estate = self._start()
            self._failed = False
            runner.at_end(self._estate.assert_clean, "estate_is_clean_at_the_end")
        runner.on_failure(self._estate.tell)
        return self._estate

    def leave(self):
        if self._estate:
            self._estate.__exit__(None)
