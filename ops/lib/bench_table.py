"""The benchmark's result as a table that can be quoted."""

import ctypes
import os
import statistics
from pathlib import Path

MIB = 1 << 20
TARGETS = {"ratio": 0.33, "cpu_us": 120, "latency": 2.0, "rss_idle": 40 * MIB}


def library_version(options):
    """Of the librdkafka that raw loop and baton were linked with."""
    name = "librdkafka.so.1"
    built = Path(__file__).resolve().parent.parent.parent / ".deps" / "lib" / name
    if not options.librdkafka.startswith(("2.0", "system")) and built.exists():
        name = str(built)
    version = ctypes.CDLL(name).rd_kafka_version_str
    version.restype = ctypes.c_char_p
    return version().decode()


def settings(options):
    return {"sagas": options.sagas, "steps": options.steps, "lanes": options.lanes,
            "partitions": options.partitions, "in_flight": options.in_flight,
            "payload": options.payload, "pairs": options.pairs, "rate": options.rate,
            "flush": options.flush, "sleep": options.sleep, "sleeping": options.sleeping,
            "librdkafka": library_version(options), "cores": os.cpu_count(),
            "quick": options.quick}


def middle(runs, *path):
    """The median over the runs of what `path` leads to, or None."""
    values = []
    for run in runs:
        for name in path:
            run = run.get(name) if run is not None else None
        if run is not None:
            values.append(run)
    return statistics.median(values) if values else None


def share(runs, test):
    """The median share of the CPU that threads with such names used."""
    shares = []
    for run in runs:
        threads = run["load"]["threads_us"]
        whole = sum(threads.values())
        shares.append(sum(used for name, used in threads.items() if test(name)) / whole
                      if whole else 0)
    return statistics.median(shares) if shares else None


def shown(value, form, scale=1):
    return "-" if value is None else format(value / scale, form)


def verdict(value, target, at_most):
    if value is None:
        return ""
    met = value <= target if at_most else value >= target
    return "met" if met else f"missed by {abs(value / target - 1):.0%}"


def head(result):
    chosen = result["settings"]
    words = [f"{chosen['cores']} cores", f"librdkafka {chosen['librdkafka']}",
             f"{chosen['steps']} step{'s' if chosen['steps'] > 1 else ''}",
             f"{chosen['lanes']} lane{'s' if chosen['lanes'] > 1 else ''}",
             f"{chosen['partitions']} partitions", f"{chosen['payload']}-byte payloads",
             "flush.messages=1" if chosen["flush"] else "no fsync"]
    if chosen["sleeping"]:
        return ", ".join(words)
    if chosen["sleep"]:
        words.append("sagas sleep between requests")
    return ", ".join([*words, f"{chosen['sagas']} sagas, {chosen['in_flight']} open",
                      f"median of {chosen['pairs']}"])


def rows(result):
    """(what, raw, baton, target) as texts."""
    raw, baton = result["runs"]["raw"], result["runs"]["baton"]

    def line(what, form, *path, scale=1, target=""):
        return (what, shown(middle(raw, *path), form, scale),
                shown(middle(baton, *path), form, scale), target)

    # The target is for three steps that do not sleep.
    is_base = result["settings"]["steps"] == 3 and not result["settings"]["sleep"]
    ratio, p50 = result["ratio"], middle(raw, "latency", "p50_ms")
    slower = middle(baton, "latency", "p50_ms") / p50 if p50 and baton else None
    yield line("sagas/s", ",.0f", "load", "sagas_per_second")
    yield ("of the raw loop", "1", shown(ratio, ".2f"),
           f">= 0.33: {verdict(ratio, TARGETS['ratio'], False)}" if ratio else "")
    cpu = middle(baton, "load", "cpu_us", "engine")
    yield line("engine CPU, us/saga", ".0f", "load", "cpu_us", "engine",
               target=f"<= 120: {verdict(cpu, TARGETS['cpu_us'], True)}"
               if is_base else "")
    for name in ("kafka", "participant", "redis"):
        yield line(f"{name} CPU, us/saga", ".0f", "load", "cpu_us", name)
    rate = f"{result['settings']['rate']:g}/s"
    yield line(f"p50 at {rate}, ms", ".1f", "latency", "p50_ms",
               target=f"<= 2 x raw: {verdict(slower, TARGETS['latency'], True)}" if slower else "")
    yield line(f"p99 at {rate}, ms", ".1f", "latency", "p99_ms")
    yield line(f"engine CPU at {rate}, us/saga", ".0f", "latency", "cpu_us")
    for run in raw + baton:
        run["load"]["written"] = sum(run["load"]["bytes"].values())
    yield line("bytes written a saga", ",.0f", "load", "written")
    rss = middle(baton, "rss_idle")
    yield line("RSS idle, MiB", ".1f", "rss_idle", scale=MIB,
               target=f"<= 40: {verdict(rss, TARGETS['rss_idle'], True)}" if rss else "")
    yield line("idle, share of a core", ".1%", "cpu_idle")
    yield line("RSS under load, MiB", ".1f", "load", "rss_peak", scale=MIB)
    yield ("router's share of CPU", "-",
           shown(share(baton, lambda name: name.startswith("router")), ".0%"), "")


def columns(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    made = []
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(width)
                                             for cell, width in zip(line[1:3], widths[1:3]))]
        made.append("  ".join([*cells, *line[3:]]).rstrip())
    return "\n".join(made)


def threads(runs):
    names = sorted({name for run in runs for name in run["load"]["threads_us"]})
    lines = [(name, shown(middle(runs, "load", "threads_us", name), ".1f"), "us/saga")
             for name in names]
    return columns(lines) if lines else ""


def topics(runs):
    names = sorted({name for run in runs for name in run["load"]["bytes"]})
    return columns([(name, shown(middle(runs, "load", "bytes", name), ",.0f"), "bytes/saga")
                    for name in names])


def text(result):
    if "sleeping" in result:
        lines = [(name, value, "") for name, value in result["sleeping"]["table"]]
        return f"{head(result)}\n\n{columns(lines)}"
    lines = [("", "raw loop", "baton", "target"), *rows(result)]
    baton = result["runs"]["baton"]
    ratios = ", ".join(f"{ratio:.3f}" for ratio in result["ratios"])
    return "\n\n".join(filter(None, [
        head(result), columns(lines), f"ratios of the pairs: {ratios}" if ratios else "",
        "baton's threads under load:\n" + threads(baton),
        "baton's topics under load:\n" + topics(baton)]))
