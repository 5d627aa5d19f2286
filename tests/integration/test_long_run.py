"""A run that loops on and on keeps its newest records only: older ones are folded away, also when owners
die meanwhile, and what proves the estate healthy finds it healthy."""

import re

import wait
from estate import Estate
from runner import case, equal, holds, run

LOOP = """flow: round
version: 1
key: .id
topics:
  started: {name: "{p}round.started", key: .id}
  go: {name: "{p}round.go", key: .id}
  ended: {name: "{p}round.ended"}
start: {topic: started}
timeout: none
do:
  - {step: turn, listen: go}
  - {step: count, set: {n: '${ (.n // 0) + 1 }'}}
  - {step: more, if: .turn.more, set: {}, then: turn}
  - {step: ended, emit: ended, value: {n: "${ .n }"}}
"""
MOST = 200
ROUNDS = 3000
LONG = "round:long"


def tombstones(estate):
    """The seqs of the long run's records that are folded away, in order."""
    return [int(record.key.decode().rpartition("/")[2]) for record in estate.read("history")
            if record.value is None and record.key.decode().startswith(f"{LONG}/")]


def send(estate, count, more=True):
    estate.people.send_many(estate.topic("round.go"),
                            [("long", {"id": "long", "more": more})] * count)
    estate.people.flush()


@case
def old_records_of_a_loop_are_folded_away_while_owners_die():
    config = f"checkpoint: {{idle: 200ms, max: 1s}}\nhistory: {{max: {MOST}}}\n"
    with Estate("long", {"round.yaml": LOOP}, config=config) as estate:
        workers = estate.start_workers(2)
        estate.begin_many("round", ["long", "short"])
        for part in range(3):
            send(estate, ROUNDS // 3)
            least = (part + 1) * ROUNDS // 3 - 2 * MOST
            wait.until(lambda: len(set(tombstones(estate))) >= least, 60,
                       f"{least} records are folded away", every_s=0.5)
            worker = workers[part % 2]
            worker.kill9()
            workers[part % 2] = estate.start_worker(worker.name)
        gone = tombstones(estate)
        equal(gone, list(range(1, len(gone) + 1)), "what is folded away, each once")
        told = estate.history(LONG)
        equal(told["foldedAway"], len(gone))
        equal([record["seq"] for record in told["records"]],
              list(range(len(gone) + 1, ROUNDS + 2)))
        text = estate.baton("history", LONG).stdout
        holds(re.search(rf"seq 1 to {len(gone)} .*folded away", text), text[:500])
        equal(estate.show(LONG)["data"]["n"], ROUNDS)
        equal(estate.history("round:short")["foldedAway"], 0)
        code, found = estate.fsck()
        equal((code, found["findings"]), (0, []), "what fsck finds of a run that is cut")
        send(estate, 1, more=False)
        estate.begun.remove("round:short")
        holds(b'"n":%d' % (ROUNDS + 1) in estate.await_end("round", "long", 60).value,
              "the rounds it has counted")


if __name__ == "__main__":
    run()
