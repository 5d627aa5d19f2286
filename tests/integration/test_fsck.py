"""`baton fsck` finds nothing on an estate that is sound, also while its workers are busy and die; it
changes nothing. What it finds: test_fsck_history.py, test_fsck_rest.py."""

import hashlib

from confluent_kafka.admin import AdminClient

import records
import wait
from damage import ASLEEP, DONE, history_of, internal, shared
from estate import PARTITIONS, Estate
from participants import later, refuse
from runner import case, contains, equal, holds, run

# --- Sound ---------------------------------------------------------------------------------------


@case
def sound_estate_has_no_findings():
    estate = shared()
    code, told = estate.fsck("--replay")
    equal((code, told["findings"]), (0, []))
    counts = told["counts"]
    equal((counts["runs"], counts["instances"], counts["sleeping"]),
          (len(DONE) + len(ASLEEP), len(ASLEEP), len(ASLEEP)))
    holds(counts["records"] == counts["replayed"] > 4 * len(ASLEEP), f"{counts}")
    equal((counts["otherBuild"], counts["commandsUnchecked"]), (0, 0), f"{counts}")
    table = estate.baton("fsck")
    equal(table.returncode, 0, table.stdout + table.stderr)
    contains(table.stdout, "no findings")
    contains(table.stdout, f"({len(ASLEEP)} sleeping)")
    equal(table.stderr, "")


@case
def one_partition_and_one_instance_can_be_looked_at():
    estate = shared()
    parts = [estate.fsck("--partition", str(number))[1]["counts"] for number in range(PARTITIONS)]
    whole = estate.fsck()[1]["counts"]
    for name in ("records", "runs", "instances", "sleeping", "commands"):
        equal(sum(part[name] for part in parts), whole[name], name)
    code, told = estate.fsck("--instance", f"order-saga:{ASLEEP[0]}", "--replay")
    equal((code, told["counts"]["runs"], told["counts"]["sleeping"]), (0, 1, 1))
    equal(told["counts"]["records"], len(history_of(ASLEEP[0])[0]))


def traces(estate):
    """All that anybody could have changed: ends, commits, groups, and Redis."""
    consumer = records.consumer_of(estate.brokers)
    topics = [name for name in consumer.list_topics(timeout=20).topics
              if name.startswith(f"{estate.app}.")]
    ends = {topic: records.ends(estate.brokers, topic) for topic in topics}
    groups = sorted(group.group_id for group in AdminClient(
        {"bootstrap.servers": estate.brokers}).list_consumer_groups().result(20).valid)
    consumer.close()
    commits = [tuple(commit) for group in ("exec", "router")
               for commit in records.commits(estate.brokers, f"{estate.app}.{group}",
                                             internal("inbox"))]
    with estate.redis() as redis:
        keys = {key: hashlib.sha256(redis("DUMP", key)).hexdigest()
                for key in sorted(redis("KEYS", f"{{{estate.app}:*"))}
    return ends, [group for group in groups if estate.app in group], commits, keys


@case
def looking_changes_nothing():
    estate = shared()
    before = traces(estate)
    equal(len(before[3]) > PARTITIONS, True, "there is something in Redis")
    for options in ((), ("--replay",), ("--partition", "1")):
        estate.fsck(*options)
    equal(traces(estate), before)


@case
def bad_words_and_an_estate_that_is_not_there_are_said_to_be_so():
    estate = shared()
    for words in (("--partition", "99"), ("--partition", "x"), ("--instance", "no-colon"),
                  ("--timeout", "soon"), ("--output", "xml"), ("word",),
                  ("--partition", "1", "--instance", "a:b")):
        equal(estate.baton("fsck", *words).returncode, 2, f"{words}")
    equal(estate.baton("fsck", "--app", "never-seen").returncode, 3)
    equal(estate.baton("fsck", "--redis", "redis://127.0.0.1:1/0").returncode, 3)
    contains(estate.baton("fsck", "--help").stdout, "Usage: baton fsck")


# --- Live ----------------------------------------------------------------------------------------


def plans(number):
    if number % 5 == 0:
        return {"CreateShipment": refuse}
    return {"CreateShipment": later(1.2)} if number % 6 == 1 else {}


@case
def busy_estate_has_no_findings_also_when_a_worker_is_killed():
    """Looked at again and again, while orders run, fall asleep, wake and are undone, and while one of
    two workers dies and comes back. At the end fsck --replay follows, as after every test."""
    with Estate("fscklive") as estate:
        first, second = estate.start_workers(2)
        looks = 0
        for number in range(4):
            keys = estate.orders([f"{number}-{n}" for n in range(120)], plans)
            for _ in range(3):
                code, told = estate.fsck(*(["--replay"] if looks % 2 else []))
                equal((code, told["findings"]), (0, []), f"look {looks}")
                looks += 1
            if number == 1:
                second.kill9()
            if number == 2:
                second = estate.start_worker(second.name)
        estate.people.await_outcomes(keys, 60)
        counts = estate.fsck()[1]["counts"]
        holds(counts["runs"] == 480 and counts["records"] > 1900, f"{counts}")
        holds(first.alive() and second.alive(), "a worker has ended")


@case
def open_transaction_that_holds_an_end_back_is_said_to_do_so():
    # No checkpoint of an idle partition meanwhile, whose transaction would hold back no history.
    with Estate("fsckopen", config="checkpoint: {idle: 1m, max: 2m}\n") as estate:
        worker = estate.start_worker("frozen", fault="after-flush:2", freeze=True)
        worker.await_event("partition-ready")
        estate.await_partitions()
        estate.orders(["o-1"])
        estate.people.await_outcomes(["o-1"], 30)
        worker.arm()
        estate.orders([f"o-{n}" for n in range(2, 12)])
        worker.await_frozen()
        done = estate.baton("fsck", "--timeout", "300ms")
        equal(done.returncode, 3, done.stdout + done.stderr)
        contains(done.stderr, "an open transaction holds its end back")
        # The coordinator ends it, and then there is nothing to be found.
        wait.until(lambda: estate.baton("fsck", "--timeout", "1s").returncode == 0, 40,
                   "the end of the transaction", every_s=0.5)


if __name__ == "__main__":
    run(shared.leave)
