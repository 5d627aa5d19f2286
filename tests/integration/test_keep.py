"""History is kept as long as its flow says, and not longer, also when owners die meanwhile; runs that
are open lose nothing, and what proves the estate healthy finds it healthy."""

import wait
from estate import Estate
from runner import case, equal, holds, run

BRIEF = """flow: brief
version: 1
keep: 3s
topics:
  started: {name: "{p}brief.started", key: .id}
  go: {name: "{p}brief.go", key: .id}
  ended: {name: "{p}brief.ended"}
key: .id
start: {topic: started}
timeout: 1h
remember: 2s
do:
  - {step: nap, wait: 500ms}
  - {step: go, if: .waits, listen: go}
  - {step: ended, emit: ended, value: {how: done}}
"""
FAITHFUL = BRIEF.replace("brief", "faithful").replace("keep: 3s\n", "")
ORDERS = 40


def tombstones(estate, flow):
    """{instance: the tombstones of its history}"""
    found = {}
    for record in estate.read("history"):
        instance = record.key.decode().split("/")[0]
        if record.value is None and instance.startswith(f"{flow}:"):
            found.setdefault(instance, []).append(record.key.decode())
    return found


@case
def history_goes_after_keep_while_owners_die():
    flows = {"brief.yaml": BRIEF, "faithful.yaml": FAITHFUL}
    config = "checkpoint: {idle: 200ms, max: 2s}\nhistory: {sweep: 300ms}\n"
    with Estate("keep", flows, config=config) as estate:
        workers = estate.start_workers(2)
        keys = [f"k{number}" for number in range(ORDERS)]
        estate.begin_many("brief", keys)
        estate.begin_many("faithful", keys)
        estate.begin_many("brief", ["open-1", "open-2"], waits=True)
        for worker in workers:
            some = len(tombstones(estate, "brief"))
            wait.until(lambda least=some: len(tombstones(estate, "brief")) > least, 40,
                       "history that was kept for long enough goes", every_s=0.3)
            worker.kill9()
            estate.start_worker(worker.name)
        swept = [f"brief:{key}" for key in keys]
        wait.until(lambda: set(tombstones(estate, "brief")) == set(swept), 60,
                   "all that ended is gone", every_s=0.5)
        wait.until(lambda: all(len(set(keys)) >= 2
                               for keys in tombstones(estate, "brief").values()), 30,
                   "each to its end", every_s=0.5)
        equal(tombstones(estate, "faithful"), {}, "tombstones of a flow that keeps for a week")
        for key in ("open-1", "open-2"):
            estate.people.send(estate.topic("brief.go"), {"id": key})
            estate.await_end("brief", key)
        holds(estate.baton("history", "faithful:k0").returncode == 0, "the history of faithful:k0")


if __name__ == "__main__":
    run()
