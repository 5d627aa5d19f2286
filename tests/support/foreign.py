"""The participants of examples/participants as processes, and the books that each of them keeps.

Each has a topic of commands and a topic of replies like any service; `effects()` says what it has
done, by idempotency key, as often as it has done it: [(key, what)]. The API behind the one that
speaks HTTP is here too, and does what a test tells it.
"""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from confluent_kafka import TopicPartition

import process
import records
import wait

EXAMPLES = records.SOURCE / "examples" / "participants"
DEPS = records.SOURCE / ".deps"
START_S = 30


def run(argv, **environment):
    return subprocess.run([str(part) for part in argv], capture_output=True, text=True, check=False,
                          env={**os.environ, **{name: str(value)
                                                for name, value in environment.items()}})


def build(argv, **environment):
    done = run(argv, **environment)
    if done.returncode != 0:
        raise AssertionError(f"{argv[0]}: {done.stderr or done.stdout}")


class Participant:
    """One example, started and killed as often as a test likes; its books outlive it."""

    name = None  # Of the service in examples/participants/estate.yaml.
    assignor = "range"
    exit_code = 0  # After SIGTERM.

    def __init__(self, estate):
        self.estate = estate
        self.commands = estate.topic(f"{self.name}.commands")
        self.replies = estate.topic(f"{self.name}.replies")
        self.instance = f"{self.commands}-1"
        self.book = estate.directory / f"{self.name}.book"
        self.process = process.Process(
            f"{estate.app} {self.name}", [str(part) for part in self.argv()],
            estate.directory / f"{self.name}.log", lambda: True)

    def argv(self):
        raise NotImplementedError

    def effects(self):
        raise NotImplementedError

    def start(self):
        self.process.start(START_S, outlive=False)

    def kill9(self):
        self.process.kill9()

    def ask_to_stop(self):
        """As an init system does it. Once: a second signal may meet an interpreter that is leaving."""
        self.process.send(signal.SIGTERM)

    def ended(self):
        """Its exit code, when it has come to its end."""
        wait.until(lambda: not self.process.alive(), START_S, f"the end of {self.name}")
        return self.process.exit_code()


class Inventory(Participant):
    """Python."""

    name = "inventory"

    def argv(self):
        return [sys.executable, EXAMPLES / "python" / "inventory.py", self.estate.brokers,
                self.commands, self.book]

    def effects(self):
        with contextlib.closing(sqlite3.connect(self.book)) as book:
            return [(cause, quantity) for cause, quantity in
                    book.execute("SELECT cause, quantity FROM movement")]


class Payments(Participant):
    """Go."""

    name = "payments"
    assignor = "cooperative-sticky"

    def argv(self):
        program = self.estate.directory / "payments"
        build(["sh", "-c", f"cd '{EXAMPLES / 'go'}' && go build -buildvcs=false -o '{program}' ."],
              GOMODCACHE=DEPS / "go" / "mod", GOCACHE=DEPS / "go" / "cache", GOPROXY="off",
              GOTOOLCHAIN="local", GOFLAGS="-mod=readonly")
        return [program, self.estate.brokers, self.commands, self.book]

    def effects(self):
        lines = map(json.loads, self.book.read_text("utf-8").splitlines())
        return [(line["key"], line["amount"]) for line in lines if line["amount"]]


class Shipping(Participant):
    """Java: its book is a topic."""

    name = "shipping"
    exit_code = 143  # So a Java machine ends, whatever the program does.

    def argv(self):
        classes = self.estate.directory / "classes"
        libraries = DEPS / "kafka" / "libs" / "*"
        build(["javac", "-cp", libraries, "-d", classes, EXAMPLES / "java" / "Shipping.java"])
        self.done = self.estate.topic("shipping.done")
        logs = records.SOURCE / "tests" / "support" / "log4j2.properties"
        return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={logs}", "-cp", f"{classes}:{libraries}", "Shipping",
                self.estate.brokers, self.commands, self.done, self.instance]

    def effects(self):
        found = []
        for record in self.estate.read(self.done):
            shipment = json.loads(record.value)
            if shipment["answer"]["ok"] and shipment.get("calledBack", True):
                found.append((record.key.decode(), -1 if "undone" in shipment else 1))
        return found


class Notices(Participant):
    """The one that speaks HTTP; its book is that of the API."""

    name = "notices"

    def __init__(self, estate, api):
        self.api = api
        self.config = estate.directory / "notices.yaml"
        super().__init__(estate)

    def argv(self):
        text = (EXAMPLES / "http" / "notices.yaml").read_text("utf-8")
        for old, new in {"127.0.0.1:9092": self.estate.brokers, "127.0.0.1:8080": self.api.address,
                         "notices.commands": self.commands, "timeout: 10s": "timeout: 1s",
                         "group.id: notices": f"group.id: {self.commands}\n"
                                              f"  group.instance.id: {self.commands}-1\n"
                                              "  session.timeout.ms: 10000"}.items():
            if old not in text:
                raise AssertionError(f"notices.yaml has no '{old}'")
            text = text.replace(old, new)
        self.config.write_text(text, "utf-8")
        return ["env", f"NOTICES_TOKEN={self.api.token}", sys.executable,
                EXAMPLES / "http" / "participant.py", self.config]

    def effects(self):
        return [(unquote(key), what) for key, what in self.api.effects if what]


# --- The API -------------------------------------------------------------------------------------


class Call:
    """One request as the API has seen it."""

    def __init__(self, method, order, key, body):
        self.method, self.order, self.key, self.body = method, order, key, body
        self.at = time.monotonic()
        self.status = None


class Api:
    """PUT and DELETE /orders/<order>/notice; one effect for each Idempotency-Key.

    `plans[order]` holds what happens to the first calls of PUT, one after the other: a status, or
    (status, headers), or a function of this and the call that gives one; None: it goes well.
    """

    token = "secret-7"

    def __init__(self):
        self.plans = defaultdict(list)
        self.calls = []
        self.effects = []  # (key, +1 or -1, or 0: a withdrawal of nothing)
        self.notices = {}  # {order: text}
        self._answers = {}  # {key: status}, of those that went through.
        self._lock = threading.Lock()
        self._is_away = True
        self._server = None
        self.port = process.free_port()
        self.address = f"127.0.0.1:{self.port}"

    def start(self):
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                api._handle(self, "PUT")

            def do_DELETE(self):
                api._handle(self, "DELETE")

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, *_):
                """Clients are killed in these tests."""

        self._is_away = False
        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self):
        """From now on nobody listens, and who is connected is cut off."""
        self._is_away = True
        self._server.shutdown()
        self._server.server_close()

    def of(self, order, method="PUT"):
        return [call for call in list(self.calls) if call.order == order and call.method == method]

    def apply(self, call):
        """Take effect once a key: the status."""
        with self._lock:
            if call.key not in self._answers:
                there = call.order in self.notices
                if call.method == "PUT":
                    self.notices[call.order] = json.loads(call.body)["text"]
                    self.effects.append((call.key, 1))
                else:
                    self.notices.pop(call.order, None)
                    self.effects.append((call.key, -1 if there else 0))
                self._answers[call.key] = 200 if there or call.method == "PUT" else 404
            return self._answers[call.key]

    def _handle(self, request, method):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        parts = request.path.split("/")
        if self._is_away:
            request.close_connection = True
            return
        call = Call(method, parts[2], request.headers["Idempotency-Key"], body)
        plan = None
        with self._lock:
            self.calls.append(call)
            if method == "PUT" and self.plans.get(call.order):
                plan = self.plans[call.order].pop(0)
        if callable(plan):
            plan = plan(self, call)
        if plan == "hang up":
            request.close_connection = True
            return
        status, headers = plan if isinstance(plan, tuple) else (plan, {})
        if request.headers["Authorization"] != f"Bearer {self.token}" or len(parts) != 4:
            status = 401
        elif status is None:
            status = self.apply(call)
        text = json.dumps({"detail": f"notice: {status}"}).encode()
        with contextlib.suppress(OSError):  # Who asked has been killed, or is tired of waiting.
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name, value)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(text)))
            request.end_headers()
            request.wfile.write(text)
        call.status = status


def slow(seconds):
    """Answers so late, and does nothing."""
    def plan(api, _):
        threading.Event().wait(seconds)
        return 503
    return plan


def lost(api, call):
    """Takes effect, and hangs up before anybody is told."""
    api.apply(call)
    return "hang up"


def all_of(estate, api):
    return [Inventory(estate), Payments(estate), Shipping(estate), Notices(estate, api)]


def await_committed(participant, seconds=30):
    """Until its group has committed all commands that there are."""
    def caught_up():
        offsets = committed(participant)
        return all(record.offset < offsets[record.partition]
                   for record in participant.estate.read(participant.commands))
    wait.until(caught_up, seconds, f"{participant.name} has committed all", every_s=0.2)


def committed(participant):
    """{partition: offset}."""
    topic = participant.commands
    consumer = records.consumer_of(participant.estate.brokers, **{"group.id": topic})
    try:
        count = len(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        places = consumer.committed([TopicPartition(topic, number) for number in range(count)],
                                    timeout=30)
        return {place.partition: place.offset for place in places}
    finally:
        consumer.close()


def rewind(participant):
    """Set its group back to the first command, under the name of its (stopped) member."""
    topic, done = participant.commands, []
    consumer = records.consumer_of(participant.estate.brokers, **{
        "group.id": topic, "group.instance.id": participant.instance, "session.timeout.ms": 10000,
        "partition.assignment.strategy": participant.assignor, "enable.partition.eof": False})

    def assigned(_, places):
        consumer.commit(offsets=[TopicPartition(topic, place.partition, 0) for place in places],
                        asynchronous=False)
        done.append(places)

    consumer.subscribe([topic], on_assign=assigned)
    wait.until(lambda: consumer.poll(0.1) or done, 30, f"the commands of {participant.name}")
    consumer.close()
