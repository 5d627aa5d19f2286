#!/usr/bin/env python3
"""One Kafka broker and one Redis for tests and the demo: on loopback, in a directory of their own.

    servers.py up --dir D       start both, print their addresses and pids
    servers.py down --dir D     stop what `up` has started there

From Python:

    with servers.Kafka(directory) as kafka, servers.Redis(directory) as redis:
        ... kafka.address, redis.url; kafka.kill9(); kafka.restart()

Needs what ops/deps installs; only the standard library is imported.
"""

import argparse
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import process  # noqa: E402
import resp  # noqa: E402

SUPPORT = Path(__file__).resolve().parent
KAFKA_JARS = SUPPORT.parent.parent / ".deps" / "kafka" / "libs"
START_SECONDS = 90  # A deadline for a machine that is busy; alone it takes about four.


class Server:
    """What Kafka and Redis have in common. Use one from one thread."""

    name = ""

    def __init__(self, directory, port):
        self.directory = Path(directory).resolve() / self.name
        self.port = port or process.free_port()
        self.process = process.Process(self.name, [], self.directory / "server.log", self.is_ready)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def start(self, outlive=False):
        """Start, on the data of last time if there is any, and wait until it serves."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.prepare()
        self.process.argv = self.argv()
        self.process.start(START_SECONDS, outlive)

    def stop(self):
        self.process.stop()

    def kill9(self):
        self.process.kill9()

    def sigstop(self):
        self.process.freeze()

    def sigcont(self):
        self.process.thaw()

    def restart(self, outlive=False):
        """Stop it, unless it is down, and start it on the same port and the same data."""
        self.stop()
        self.start(outlive)

    def describe(self):
        return {"port": self.port, **self.process.identity()}

    def prepare(self):
        """Write what the server reads when it starts."""

    def argv(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError


class Kafka(Server):
    """One broker, its own controller (KRaft). Topics are not created by being named."""

    name = "kafka"

    def __init__(self, directory, port=None, controller_port=None, properties=None, heap="256m"):
        super().__init__(directory, port)
        self.controller_port = controller_port or process.free_port()
        self.properties = dict(properties or {})
        self.heap = heap
        self.config = self.directory / "server.properties"

    def describe(self):
        return {**super().describe(), "controller_port": self.controller_port,
                "properties": self.properties, "heap": self.heap}

    def settings(self):
        """The configuration of the broker; `properties` of the caller win."""
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://{self.address},"
                         f"CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.directory / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            # Tests wait for these; the defaults are for estates.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # A small machine runs many of these.
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.dedupe.buffer.size": 8 << 20,
            "log.index.size.max.bytes": 1 << 20,
            **self.properties,
        }

    def java(self, *arguments):
        return ["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={SUPPORT / 'log4j2.properties'}",
                "-cp", f"{KAFKA_JARS}/*", *map(str, arguments)]

    def argv(self):
        return self.java("kafka.Kafka", self.config)

    def prepare(self):
        if not KAFKA_JARS.is_dir():
            raise process.StartFailed(f"no Kafka in {KAFKA_JARS}: run ops/deps")
        lines = [f"{key}={value}\n" for key, value in self.settings().items()]
        self.config.write_text("".join(lines), encoding="utf-8")
        if (self.directory / "data" / "meta.properties").exists():
            return
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        cluster = cluster.replace("-", "_")  # One in 64 would look like an option.
        tool = self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.config)
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise process.StartFailed(f"cannot format Kafka's directory:\n{done.stdout}{done.stderr}")

    def is_ready(self):
        """True once the broker names itself in its metadata (request 3, version 1, no topics)."""
        body = struct.pack(">hhih5si", 3, 1, 7, 5, b"ready", 0)
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as link:
            link.sendall(struct.pack(">i", len(body)) + body)
            with link.makefile("rb") as stream:
                answer = stream.read(12)
        if len(answer) < 12:
            return False
        _, correlation, broker_count = struct.unpack(">iii", answer)
        return correlation == 7 and broker_count > 0


class Redis(Server):
    """One Redis with an append-only file, as a production one would have it."""

    name = "redis"

    def __init__(self, directory, port=None, arguments=()):
        super().__init__(directory, port)
        self.arguments = list(arguments)

    def describe(self):
        return {**super().describe(), "arguments": self.arguments}

    @property
    def url(self):
        return f"redis://{self.address}/0"

    def argv(self):
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port),
                "--dir", str(self.directory), "--save", "", "--appendonly", "yes",
                "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", *self.arguments]

    def command(self, *words):
        """Send one command on a connection of its own, return the answer."""
        with resp.Client("127.0.0.1", self.port) as client:
            return client(*words)

    def is_ready(self):
        try:
            return self.command("PING") == b"PONG"
        except resp.ServerError:  # It still loads its file.
            return False


# --- The command line: servers that outlive the program, noted in DIR/servers.json ---------------


def state_file(directory):
    return Path(directory).resolve() / "servers.json"


def load(directory):
    """The servers which `up` has started in `directory`, as objects; {} if none."""
    found = {}
    path = state_file(directory)
    notes = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, make in (("kafka", Kafka), ("redis", Redis)):
        if name not in notes:
            continue
        note = dict(notes[name])
        pid, birth = note.pop("pid"), note.pop("born")
        found[name] = make(directory, **note)
        found[name].process.adopt(pid, birth)
    return found


def save(directory, found):
    """Written in one move: a reader sees the old file or the new one."""
    path = state_file(directory)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({name: server.describe() for name, server in found.items()}),
                     encoding="utf-8")
    os.replace(draft, path)


def summary(found):
    """What a program needs to know, as names of environment variables."""
    values = {}
    if "kafka" in found:
        values["KAFKA_BROKERS"] = found["kafka"].address
        values["KAFKA_PID"] = found["kafka"].pid
    if "redis" in found:
        values["REDIS_URL"] = found["redis"].url
        values["REDIS_PID"] = found["redis"].pid
    return values


def up(options):
    directory = Path(options.dir)
    directory.mkdir(parents=True, exist_ok=True)
    found = load(directory)
    properties = dict(entry.split("=", 1) for entry in options.property)
    makers = {
        "kafka": lambda: Kafka(directory, options.kafka_port, properties=properties,
                               heap=options.kafka_heap),
        "redis": lambda: Redis(directory, options.redis_port),
    }
    for name in [options.only] if options.only else makers:
        server = found.get(name) or makers[name]()
        if not server.process.alive():
            server.start(outlive=True)
            found[name] = server
            save(directory, found)
    values = summary(found)
    if options.output == "env":
        print("".join(f"{key}={value}\n" for key, value in values.items()), end="")
    else:
        print(json.dumps(values))


def down(options):
    found = load(options.dir)
    for server in found.values():
        server.stop()
    state_file(options.dir).unlink(missing_ok=True)
    if options.purge:
        for name in found:
            shutil.rmtree(Path(options.dir) / name, ignore_errors=True)


def act(options):
    found = load(options.dir)
    server = found.get(options.server)
    if server is None:
        raise process.StartFailed(f"no {options.server} was started in {options.dir}")
    if options.command == "restart":
        server.restart(outlive=True)
        save(options.dir, found)
    else:
        getattr(server, options.command)()


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, text in (("up", up, "start what is not up, and wait until it serves"),
                            ("down", down, "stop what runs"),
                            ("restart", act, "stop one and start it on its port and data"),
                            ("kill9", act, "kill one with signal 9"),
                            ("sigstop", act, "freeze one"), ("sigcont", act, "let one go on")):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        command.add_argument("--dir", required=True, help="directory of the servers")
        if run is act:
            command.add_argument("server", choices=("kafka", "redis"))
        elif run is down:
            command.add_argument("--purge", action="store_true", help="remove their data too")
        else:
            command.add_argument("--kafka-port", type=int)
            command.add_argument("--redis-port", type=int)
            command.add_argument("--kafka-heap", default="256m")
            command.add_argument("--property", action="append", default=[], metavar="KEY=VALUE",
                                 help="of Kafka's server.properties; may be repeated")
            command.add_argument("--only", choices=("kafka", "redis"))
            command.add_argument("--output", choices=("json", "env"), default="json")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        options.run(options)
    except (process.StartFailed, OSError, ValueError) as error:
        print(f"servers: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
