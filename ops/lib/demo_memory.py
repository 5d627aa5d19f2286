#!/usr/bin/env python3
"""The demo without servers: the same orders in `baton dev`, whose worker is killed now and then."""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from demo_orders import is_good, order

ROOT = Path(__file__).resolve().parent.parent.parent
SPEED = 10
KILL_EVERY = "5s"
EVERY = "100ms"


class Demo:
    def __init__(self, count):
        self.count = count
        self.outcome = {}
        self.repeated = 0
        self.kills = 0
        self.stories = collections.defaultdict(list)
        self.summary = None
        self.told = 0.0
        self.begun = time.monotonic()

    def take(self, event):
        kind = event["event"]
        if kind == "summary":
            self.summary = event
        elif kind == "note" and "worker is killed" in event["note"]:
            self.kills += 1
        elif "decided" in event:
            self.stories[event["instance"]].append(event)
            if event["end"]:
                number = int(event["instance"].rsplit("-", 1)[1])
                self.repeated += number in self.outcome
                self.outcome[number] = event
        self.progress(event)

    def progress(self, event):
        done = len(self.outcome)
        if time.monotonic() - self.told < (0.1 if sys.stdout.isatty() else 1) and kind_goes_on(event):
            return
        self.told = time.monotonic()
        line = (f"   {self.told - self.begun:5.1f} s ({event['ms'] / 1000:6.1f} s in memory)  "
                f"begun {len(self.stories):4d}  ended {done:4d}  worker killed {self.kills} times")
        print(f"\r{line}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n",
              flush=True)

    def reason(self, number):
        end = self.outcome[number]
        if end["to"] == "completed":
            return "confirmed"
        emitted = [c["value"]["reason"] for c in end["commands"] if c["topic"] == "orders.rejected"]
        return f"rejected: {emitted[0]}" if emitted else end["to"]

    def story(self, number):
        for event in self.stories[f"order-saga:A-{number}"]:
            cause = event["cause"].get("topic") or f"timer {event['cause'].get('id', '')}"
            print(f"   {event['ms'] / 1000:8.3f} s  <- {cause}")
            for text in event["decided"]:
                print(f"               {text}")

    def report(self):
        print("\n== what became of the orders")
        reasons = collections.Counter(self.reason(number) for number in self.outcome)
        for text, number in sorted(reasons.items()):
            print(f"   {number:5d}  {text}")
        missing = [n for n in range(self.count) if n not in self.outcome]
        wrong = [n for n in self.outcome
                 if (self.outcome[n]["to"] == "completed") != is_good(order(n))]
        print(f"   {len(missing):5d}  without an end, {self.repeated} ended twice; "
              f"the worker was killed {self.kills} times")
        shown = next((n for n in self.outcome if "shipping" in self.reason(n)), 0)
        print(f"\n== the story of order-saga:A-{shown}")
        self.story(shown)
        if missing or wrong or self.repeated or self.summary is None:
            print(f"demo: FAILED: without an end {missing[:10]}, wrong {wrong[:10]}",
                  file=sys.stderr)
            return 1
        print("\nEvery order ended exactly once, as it should. Try a flow of your own:")
        print("  build/demo/baton dev FILE             (README, \"Try a flow of your own\")")
        return 0


def kind_goes_on(event):
    return event["event"] != "summary"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--baton", required=True)
    parser.add_argument("--orders", type=int, default=300)
    options = parser.parse_args()
    demo = Demo(options.orders)
    with tempfile.TemporaryDirectory(prefix="baton-demo-") as folder:
        lines = Path(folder) / "orders.jsonl"
        lines.write_text("".join(json.dumps(order(n)) + "\n" for n in range(options.orders)),
                         encoding="utf-8")
        print(f"== {options.orders} orders in memory, at {SPEED} times the speed; the worker is killed "
              f"every {KILL_EVERY} of their time")
        argv = [options.baton, "dev", ROOT / "workflows/order-saga.yaml", "--services",
                ROOT / "examples" / "dev" / "services.yaml", "--start", lines, "--every", EVERY,
                "--speed", f"{SPEED}x", "--kill-every", KILL_EVERY, "--output", "json"]
        with subprocess.Popen(list(map(str, argv)), stdout=subprocess.PIPE, text=True) as child:
            try:
                for line in child.stdout:
                    demo.take(json.loads(line))
            except KeyboardInterrupt:
                child.terminate()
                return 130
        if child.returncode != 0:
            print(f"demo: FAILED: baton dev ended with {child.returncode}", file=sys.stderr)
            return 1
    return demo.report()


if __name__ == "__main__":
    sys.exit(main())
