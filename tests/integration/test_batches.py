"""Starts by batches: each message is in one batch, in the order of its partition, though workers die by
kill -9 while the batches gather. None is larger than its flow says, or than a payload may be; what is not
enough for one starts when its time is over."""

from collections import defaultdict

import wait
from deaths import ends
from estate import Estate
from runner import case, equal, holds, run

MESSAGES, MOST, KILLS = 200, 7, 2


def batches(estate):
    """{partition: [[n of a message, ...] of a batch, ...]}, in the order of their first messages."""
    found = defaultdict(dict)
    for key, value in ends(estate, "totals").items():
        topic, partition, offset = key.rsplit("/", 2)
        equal(topic, estate.topic("totals.readings"), "the topic in the key")
        found[int(partition)][int(offset)] = value["numbers"]
    return {partition: [all_[offset] for offset in sorted(all_)]
            for partition, all_ in found.items()}


def gathered(estate):
    return sum(len(batch) for all_ in batches(estate).values() for batch in all_)


def send(estate, sent, numbers, **more):
    for number in numbers:
        partition, _ = estate.people.send(estate.topic("totals.readings"), {"n": number, **more},
                                          key=f"meter-{number % 5}")
        sent[partition].append(number)


@case
def each_message_is_in_one_batch_though_workers_die():
    with Estate("batches", flows=["totals"]) as estate:
        estate.start_workers(2)
        sent = defaultdict(list)
        part = MESSAGES // (KILLS + 1)
        for kill in range(KILLS):
            send(estate, sent, range(kill * part, (kill + 1) * part))
            victim = next(one for one in estate.workers if one.name == f"w{kill % 2 + 1}")
            victim.kill9()
            estate.start_worker(victim.name)
        send(estate, sent, range(KILLS * part, MESSAGES))
        wait.until(lambda: gathered(estate) == MESSAGES, 90, f"{MESSAGES} messages in batches",
                   every_s=0.3)
        found = batches(estate)
        equal({partition: sum(all_, []) for partition, all_ in found.items()}, dict(sent),
              "what was gathered, in order")
        holds(all(0 < len(batch) <= MOST for all_ in found.values() for batch in all_),
              f"a batch of more than {MOST}: {found}")
        holds(any(len(batch) == MOST for all_ in found.values() for batch in all_),
              f"no batch is full: {found}")

        send(estate, sent, [1000] * 3, filling="x" * 120_000)  # Two fit, and a batch takes seven.
        wait.until(lambda: gathered(estate) == MESSAGES + 3, 60, "the large ones", every_s=0.3)
        last = [batch for all_ in batches(estate).values() for batch in all_ if batch[0] == 1000]
        holds(max(map(len, last)) <= 2, f"too large a batch: {last}")


if __name__ == "__main__":
    run()
