#!/usr/bin/env python3
"""The benchmark: raw loop and baton in turn. ops/bench builds what it runs; see ops/bench --help."""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench_sleep
import bench_table
from bench_estate import (ROOT, Bench, Failed, cpu_seconds, flow_text, memory_bytes, remove, thread_times,
                          wait_idle)
import process
import wait

NAP = "8s"  # Longer than a run stays in memory, which is five seconds.
WARM_UP = 0.1  # Of the load, before it is measured.


class Watch:
    """What processes used between two looks, by name."""

    def __init__(self, pids):
        self.pids = pids
        self.before = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def spent(self):
        return {name: cpu_seconds(pid) - self.before[name] for name, pid in self.pids.items()}


@contextlib.contextmanager
def recorded(options, engine):
    """While the block runs, perf records the engine, if --perf asks for it."""
    if not options.perf or not engine.name.endswith("worker"):
        yield
        return
    perf = subprocess.Popen(["perf", "record", "-q", "--call-graph", "dwarf,4096", "-F", "297",
                             "-o", options.perf, "-p", str(engine.pid)], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        perf.send_signal(signal.SIGINT)
        perf.wait(60)


def measure_latency(bench, prefix, engine, first):
    options = bench.options
    sagas = max(1, int(options.rate * options.seconds))
    before = cpu_seconds(engine.pid)
    result = bench.load(prefix, sagas, first=first, rate=options.rate)
    return {"p50_ms": result["p50_ms"], "p90_ms": result["p90_ms"], "p99_ms": result["p99_ms"],
            "cpu_us": (cpu_seconds(engine.pid) - before) / sagas * 1e6}


def measure_load(bench, prefix, engine, others):
    """The whole load, as fast as it goes, on an engine that is warm."""
    options = bench.options
    bytes_before = bench.topic_bytes(prefix)
    threads_before = thread_times(engine.pid)
    watch = Watch({"engine": engine.pid, "kafka": bench.kafka.pid, "redis": bench.redis.pid,
                   **others})
    with recorded(options, engine):
        result = bench.load(prefix, options.sagas, in_flight=options.in_flight)
    spent = watch.spent()
    threads = {name: used - threads_before.get(name, 0)
               for name, used in thread_times(engine.pid).items()}
    written = {topic: (size - bytes_before.get(topic, 0)) / options.sagas
               for topic, size in bench.topic_bytes(prefix).items()}
    return {"sagas_per_second": result["sagas_per_second"], "seconds": result["seconds"],
            "load_p50_ms": result["p50_ms"],
            "cpu_us": {name: used / options.sagas * 1e6 for name, used in spent.items()},
            "threads_us": {name: used / options.sagas * 1e6 for name, used in threads.items()
                           if used > 0},
            "bytes": {topic: size for topic, size in written.items() if size >= 0.5},
            "rss_peak": memory_bytes(engine.pid, "VmHWM")}


def idle_share(options, engine):
    """The share of a core that it uses with nothing to do."""
    seconds = 1 if options.quick else 5
    before = cpu_seconds(engine.pid)
    time.sleep(seconds)
    return (cpu_seconds(engine.pid) - before) / seconds


def measure(bench, kind, number):
    """One run of one kind on topics of its own: idle, warm, at a rate, under load."""
    options = bench.options
    prefix = f"b{number}{kind[0]}."
    bench.make_topics(prefix)
    people = bench.participant(prefix)
    if kind == "raw":
        engine = bench.raw_loop(prefix)
    else:
        bench.configure(prefix, bench=flow_text(options.steps, NAP if options.sleep else None))
        engine = bench.worker(prefix)
    bench.load(prefix, 1, first=90000000)  # It has its partitions, and a saga has gone through.
    wait_idle(engine.pid, 0.5 if options.quick else 3.0)
    result = {"rss_idle": memory_bytes(engine.pid), "cpu_idle": idle_share(options, engine)}
    warm = max(100, int(options.sagas * WARM_UP))
    bench.load(prefix, warm, first=80000000, in_flight=options.in_flight)
    if options.rate > 0 and not options.sleep:
        result["latency"] = measure_latency(bench, prefix, engine, 70000000)
    result["load"] = measure_load(bench, prefix, engine, {"participant": people.pid})
    result["rss_after"] = memory_bytes(engine.pid)
    bench.stop(engine)
    bench.stop(people)
    bench.drop_topics(prefix)
    return result


def settle(options):
    """So that the broker has taken away what the run before has left: its topics, dirty pages."""
    if not options.quick:
        os.sync()
        time.sleep(3)


def compare(options, bench):
    runs = {"raw": [], "baton": []}
    for number in range(options.pairs):
        kinds = ("raw", "baton") if number % 2 == 0 else ("baton", "raw")
        for kind in kinds:
            if kind == "raw" and options.sleep:
                continue
            tell(f"run {number + 1} of {options.pairs}: {kind}")
            runs[kind].append(measure(bench, kind, number))
            settle(options)
    ratios = [baton["load"]["sagas_per_second"] / raw["load"]["sagas_per_second"]
              for raw, baton in zip(runs["raw"], runs["baton"])]
    return {"runs": runs, "ratio": statistics.median(ratios) if ratios else None,
            "ratios": ratios}


def tell(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


def warm_broker(bench):
    """The broker's JVM compiles what is used much; the first runs would pay for it."""
    prefix = "warm."
    tell("warming up")
    bench.make_topics(prefix)
    people = bench.participant(prefix)
    engine = bench.raw_loop(prefix)
    bench.load(prefix, 200 if bench.options.quick else 100000, in_flight=bench.options.in_flight)
    bench.stop(engine)
    bench.stop(people)
    bench.drop_topics(prefix)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="ops/bench")
    for name, kind, value in (("sagas", int, 60000), ("steps", int, 3), ("lanes", int, 1),
                              ("partitions", int, 4), ("in-flight", int, 20000),
                              ("payload", int, 300), ("pairs", int, 3), ("rate", float, 100.0),
                              ("seconds", float, 10.0), ("sleeping", int, 0)):
        parser.add_argument(f"--{name}", type=kind, default=value)
    for name in ("flush", "sleep", "quick"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--librdkafka", default="2.8")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"),
                        help="where the programs are; ops/bench builds them in build/release")
    parser.add_argument("--perf")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--dir")
    options = parser.parse_args(arguments)
    if min(options.sagas, options.steps, options.lanes, options.partitions, options.pairs) < 1:
        parser.error("counts must be above 0")
    if options.quick:
        options.pairs = 1
        options.sagas = min(options.sagas, 500)
        options.seconds = min(options.seconds, 1.0)
    return options


def main(arguments):
    options = parse(arguments)
    directory = options.dir or tempfile.mkdtemp(prefix="baton-bench-")
    os.makedirs(directory, exist_ok=True)
    code = 0
    try:
        with Bench(options, directory) as bench:
            if options.sleeping:
                result = bench_sleep.measure(bench, tell)
            else:
                warm_broker(bench)
                result = compare(options, bench)
        result["settings"] = bench_table.settings(options)
        print(json.dumps(result, indent=1) if options.output == "json"
              else bench_table.text(result))
    except Failed as error:
        tell(error)
        code = 1
    except (process.StartFailed, wait.Timeout, OSError) as error:
        tell(error)
        code = 3
    if not options.dir and code == 0:
        remove(directory)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
