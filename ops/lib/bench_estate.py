"""What a benchmark runs on: servers, topics, flow files, processes, and what /proc says of them."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import process  # noqa: E402
import servers  # noqa: E402
import wait  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
SERVICES = ("one", "two", "three")
RAW_TOPICS = ("start", *(f"{service}.commands" for service in SERVICES), "replies", "done")
PROBE_TOPICS = ("probe", "probed")

ESTATE = """\
topics:
  start: {{name: {prefix}start, key: .id}}
  done: {{name: {prefix}done}}
  probe: {{name: {prefix}probe, key: .id}}
  probed: {{name: {prefix}probed}}
services:
"""
SERVICE = """\
  {service}: {{commands: {prefix}{service}.commands, replies: {prefix}replies, success: .ok}}
"""
FLOW = """\
# Every step asks a service, has a time limit and can be undone.
flow: bench
version: 1
use: [estate.yaml]
key: .id
start: {topic: start}
timeout: 1h
do:
"""
STEP = """\
  - step: step{number}
    request: {service}
    type: Do{number}
    value: {{id: "${{ .id }}", ok: true, note: "${{ .note }}"}}
    timeout: 10m
    compensate:
      request: {service}
      type: Undo{number}
      value: {{id: "${{ .id }}"}}
"""
NAP = """\
  - {{step: nap{number}, wait: {span}}}
"""
END = """\
  - step: done
    emit: done
    value: {id: "${ .id }", ok: true, note: "${ .note }"}
"""


class Failed(Exception):
    """A program of the benchmark did not do its part; the text says which."""


def thread_times(pid):
    """{name of a thread: seconds of CPU}; threads of one name together."""
    times = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            text = (task / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        fields = text[text.rindex(")") + 2:].split()
        times[name] = times.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS
    return times


def cpu_seconds(pid):
    """User and system time of a process, threads that ended included."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_bytes(pid, field="VmRSS"):
    """Of /proc/<pid>/status: VmRSS now, VmHWM at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return 0


class Bench:
    """One Kafka, one Redis, and what is run against them; everything ends with the `with` block."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = Path(directory)
        self.programs = Path(options.build)
        older = options.librdkafka.startswith(("2.0", "system"))
        self.engines = ROOT / "build" / "release-system" if older else self.programs
        properties = {"log.flush.interval.messages": 1} if options.flush else {}
        self.kafka = servers.Kafka(self.directory, properties=properties, heap="1g")
        self.redis = servers.Redis(self.directory)
        self.started = []

    def __enter__(self):
        self.kafka.start()
        self.redis.start()
        self.admin = AdminClient({"bootstrap.servers": self.kafka.address, "log_level": 2})
        return self

    def __exit__(self, *unused):
        for child in reversed(self.started):
            child.stop(15)
        self.kafka.stop()
        self.redis.stop()

    # --- Topics ---

    def make_topics(self, prefix, names=RAW_TOPICS):
        made = self.admin.create_topics([NewTopic(prefix + name, self.options.partitions, 1)
                                         for name in names])
        for future in made.values():
            future.result()

    def drop_topics(self, prefix):
        known = [name for name in self.admin.list_topics(timeout=30).topics
                 if name.startswith(prefix)]
        for future in self.admin.delete_topics(known).values() if known else ():
            future.result()

    def topic_bytes(self, prefix):
        """{topic without prefix: bytes of its records on disk}."""
        sizes = {}
        for path in (self.kafka.directory / "data").glob(f"{prefix}*/*.log"):
            topic = path.parent.name.rpartition("-")[0].removeprefix(prefix)
            sizes[topic] = sizes.get(topic, 0) + path.stat().st_size
        return sizes

    # --- Processes ---

    def start(self, name, argv, ready):
        log = self.directory / f"{name}.log"
        child = process.Process(name, list(map(str, argv)), log,
                                lambda: ready in log.read_text(errors="replace"))
        child.start(60, outlive=False)
        self.started.append(child)
        return child

    def stop(self, child):
        child.stop(30)
        self.started.remove(child)

    def load_options(self, prefix):
        options = self.options
        return ["--brokers", self.kafka.address, "--prefix", prefix,
                "--partitions", options.partitions, "--payload", options.payload]

    def participant(self, prefix):
        return self.start(f"{prefix}participant", [
            self.programs / "tests" / "bench_participant", *self.load_options(prefix)], "ready")

    def raw_loop(self, prefix):
        argv = [self.engines / "tests" / "bench_limit", *self.load_options(prefix),
                "--steps", self.options.steps, "--lanes", self.options.lanes]
        return self.start(f"{prefix}raw", argv, "")

    def worker(self, prefix, extra=()):
        return self.start(f"{prefix}worker", [
            self.engines / "baton", "run", "--config", self.directory / f"{prefix}baton.yaml",
            *extra], "worker-up")

    def configure(self, prefix, **named):
        """Write the worker's configuration, its estate and these flows: name=text."""
        flows = self.directory / f"{prefix}flows"
        flows.mkdir()
        (flows / "estate.yaml").write_text(
            ESTATE.format(prefix=prefix) + "".join(SERVICE.format(prefix=prefix, service=service)
                                                   for service in SERVICES), encoding="utf-8")
        for name, text in named.items():
            (flows / f"{name}.yaml").write_text(text, encoding="utf-8")
        (self.directory / f"{prefix}baton.yaml").write_text(
            f"app: {prefix}x\nname: bench\nflows: [{flows}]\n"
            f"kafka: {{bootstrap.servers: \"{self.kafka.address}\"}}\n"
            f"redis: {{url: \"{self.redis.url}\"}}\n"
            f"partitions: {self.options.partitions}\nlanes: {self.options.lanes}\n",
            encoding="utf-8")

    def start_sagas(self, prefix, sagas):
        """Start so many and do not wait for their ends."""
        argv = [self.programs / "tests" / "bench_load", *self.load_options(prefix),
                "--sagas", sagas, "--start-only"]
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"not all sagas could be started: {done.stderr.strip() or done.stdout}")

    def load(self, prefix, sagas, **settings):
        """Run the load to its end; gives what it prints. settings: first, rate, in_flight."""
        argv = [self.programs / "tests" / "bench_load", *self.load_options(prefix),
                "--sagas", sagas]
        for name, value in settings.items():
            argv += [f"--{name.replace('_', '-')}", value]
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False)
        if not done.stdout.startswith("{"):
            raise Failed(f"the load failed: {done.stderr.strip() or done.returncode}")
        result = json.loads(done.stdout)
        if result["ended"] != sagas or result["repeated"]:
            raise Failed(f"of {sagas} sagas {result['ended']} ended, "
                         f"{result['repeated']} of them twice; logs in {self.directory}")
        return result


def flow_text(steps, nap=None):
    """The flow of the benchmark with so many requests; `nap`: a wait before each but the first."""
    text = FLOW
    for number in range(steps):
        if nap and number > 0:
            text += NAP.format(number=number, span=nap)
        text += STEP.format(number=number, service=SERVICES[number % len(SERVICES)])
    return text + END


def wait_idle(pid, seconds=3.0, deadline_s=60):
    """Until the process used less than 2 % of a core for a while: it has nothing to do."""
    before = [time.monotonic(), cpu_seconds(pid)]

    def idle():
        if time.monotonic() - before[0] < seconds:
            return False
        now = [time.monotonic(), cpu_seconds(pid)]
        quiet = now[1] - before[1] < 0.02 * (now[0] - before[0])
        before[:] = now
        return quiet

    try:
        wait.until(idle, deadline_s, "an idle process", every_s=0.1)
    except wait.Timeout:
        pass  # It never rests; its memory is what it is.


def remove(directory):
    shutil.rmtree(directory, ignore_errors=True)
