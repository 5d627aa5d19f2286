#!/usr/bin/env python3
"""How long `baton check` takes for many flows: writes a set of them, all different, and times it.

    compile_flows.py BATON [--count 1000] [--runs 5] [--keep FOLDER]

Each flow has its own names, 12 requests with values, retries and undos, a switch, a loop and onFailure,
about 200 lines, and uses the one estate file. The time is that of the whole program, as a person sees it.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SERVICES = 12

STEP = """\
  - step: step{n}_{f}
    if: .total > {n} and (.lines | length) > 0
    request: service{s}
    type: Do{n}
    value:
      orderId: "${{ .orderId }}"
      lines: "${{ [.lines[] | {{sku: .sku, count: (.count * {f} + {n})}}] }}"
      note: "order ${{ .orderId }} of flow {f}, step {n}"
    headers: {{tenant: "${{ .tenant // \\"none\\" }}"}}
    timeout: 30s
    retry: steady
    keep: {{id: "${{ .id }}", at: "${{ .at }}"}}
    compensate:
      request: service{s}
      type: Undo{n}
      value: {{orderId: "${{ .orderId }}", id: "${{ .step{n}_{f}.id // null }}"}}
"""

TAIL = """\
  - step: choose
    switch:
      - when: .total > 1000 and .vip
        do:
          - {{step: flag, set: {{large: true, limit: "${{ .total * 2 }}"}}}}
          - {{step: rest, wait: 5m}}
      - when: '.tries // 0 > 3'
        do: [{{step: giveUp, raise: {{error: TooSlow, title: "after ${{ .tries }}"}}}}]
      - do: [{{step: count, set: {{tries: "${{ (.tries // 0) + 1 }}"}}}}]
  - {{step: paid, listen: {{topic: payments, when: .amount >= $data.total}}, timeout: 1d}}
  - {{step: tell, emit: done, value: {{orderId: "${{ .orderId }}", at: "${{ $now }}"}}}}
onFailure:
  - {{step: sorry, emit: failed, value: {{orderId: "${{ .orderId }}", reason: "${{ $error.title }}"}}}}
result: {{orderId: "${{ .orderId }}", flow: {f}}}
"""


def flow(number):
    head = (f"flow: flow-{number}\nversion: 1\ntitle: Number {number}\nuse: [estate.yaml]\n"
            "key: .orderId\nstart: {topic: orders, when: .total > 0}\ntimeout: 2d\ndo:\n")
    steps = "".join(STEP.format(n=n, f=number, s=(number + n) % SERVICES) for n in range(12))
    return head + steps + TAIL.format(f=number)


def estate():
    services = "".join(
        f"  service{n}:\n    commands: service{n}.commands\n    replies: service{n}.replies\n"
        f"    success: .status == \"OK\"\n    failure: .status == \"REJECTED\"\n"
        f"    error: .code\n    reason: .message\n    timeout: 20s\n" for n in range(SERVICES))
    return ("topics:\n  orders: {name: orders, key: .orderId}\n  payments: {name: payments, key: .order}\n"
            "  done: {name: done}\n  failed: {name: failed}\n"
            f"services:\n{services}retries:\n  steady: {{attempts: 5, delay: 2s, max: 1m}}\n")


def run(baton, folder):
    """Wall and CPU seconds of one check of the folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    answer = subprocess.run([baton, "check", folder], capture_output=True, text=True, check=False)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if answer.returncode != 0 or answer.stdout:
        sys.exit(f"compile_flows: the flows have findings:\n{answer.stdout[:2000]}{answer.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(baton, folder, options):
    for number in range(options.count):
        Path(folder, f"flow-{number}.yaml").write_text(flow(number), encoding="utf-8")
    Path(folder, "estate.yaml").write_text(estate(), encoding="utf-8")
    runs = [run(baton, folder) for _ in range(options.runs)]
    wall = statistics.median(wall for wall, _ in runs)
    print(f"{options.count} flows of {flow(0).count(chr(10))} lines in {wall:.2f} s "
          f"(median of {options.runs}; {min(w for w, _ in runs):.2f} to "
          f"{max(w for w, _ in runs):.2f}), {statistics.median(c for _, c in runs):.2f} s of CPU, "
          f"{wall * 1000 / options.count:.2f} ms each")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("baton")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", help="write the flows into this folder and leave them")
    options = parser.parse_args()
    if options.keep:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        measure(options.baton, options.keep, options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(options.baton, folder, options)


if __name__ == "__main__":
    main()
