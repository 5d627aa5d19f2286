"""Rules of the turn that only a real broker can show to hold: what cannot be produced does not stop
the rest, and what a dead owner left open does not stop its successor."""

import records
import wait
from estate import Estate, Once
from participants import silent
from runner import case, contains, equal, holds, run

SMALL = 3000
def start():
    estate = Estate("rules", ["order-saga", "parcel"])
    small = estate.topic("small")
    estate.own_outputs.remove(small)  # Made here: it takes small records only.
    estate.__enter__()
    estate.create_topics([small], config={"max.message.bytes": str(SMALL)})
    estate.own_outputs.append(small)
    estate.start_workers(1)
    return estate


shared = Once(start)


def begin(estate, key, pad_bytes, **fields):
    return estate.begin("parcel", key, pad=noise(pad_bytes), **fields)


def noise(count):
    """Text that no compression makes smaller than the limit."""
    words, text = 0, ""
    while len(text) < count:
        words += 1
        text += format(records.murmur2(str(words).encode()), "x")
    return text[:count]


def await_ended(estate, keys, seconds=30):
    def all_there():
        found = {record.key.decode() for record in estate.read(estate.topic("parcel.ended"))}
        return set(keys) <= found
    wait.until(all_there, seconds, f"the ends of {len(keys)} parcels", every_s=0.2)


def letters_of(estate, name):
    return [record for record in estate.read("dlq") if name in record.header("baton-dlq-topic")]


@case
def record_too_large_for_its_topic_is_dead_lettered_alone():
    """Rules 4 and 8: the events around it, in the same batches, go on."""
    estate = shared()
    good = [f"fits-{n}" for n in range(30)]
    for number, key in enumerate(good):
        if number == 15:
            place = begin(estate, "too-large", 2 * SMALL)
        begin(estate, key, 100)
    await_ended(estate, good)
    letters = wait.until(lambda: letters_of(estate, "parcel.started"), 20, "the dead letter")
    equal(len(letters), 1, "dead letters")
    equal((letters[0].header("baton-dlq-partition"), letters[0].header("baton-dlq-offset")),
          tuple(map(str, place)), "its place")
    contains(letters[0].value.decode(), "too-large", "its value")
    ended = [record.key for record in estate.read(estate.topic("parcel.ended"))]
    holds(b"too-large" not in ended, "what it led to was half done")
    estate.order("beside-1")
    equal(estate.people.await_outcomes(["beside-1"], 20), {"beside-1": "confirmed"})


@case
def record_of_a_timer_too_large_for_its_topic_goes_to_the_dead_letters():
    """There is no inbox record to blame: the refused record itself is kept."""
    estate = shared()
    begin(estate, "late-large", 2 * SMALL, pause="1s")
    keys = [f"late-{n}" for n in range(10)]
    for key in keys:
        begin(estate, key, 100, pause="1s")
    await_ended(estate, ["late-large", *keys])
    letter = wait.until(lambda: letters_of(estate, "x.small"), 20, "the dead letter")[0]
    contains(letter.value.decode(), "late-large", "its value")
    holds(letter.header("baton-dlq-reason"), "no reason")


@case
def every_transaction_of_the_executor_carries_its_offset():
    """Rule 1 as the broker sees it: whoever was fenced is fenced by an offset. Timers alone fire."""
    estate = shared()
    group, inbox = f"{estate.app}.exec", f"{estate.app}.inbox"
    keys = [f"timer-{n}" for n in range(8)]
    for key in keys:
        begin(estate, key, 10, pause="4s")
    wait.until(lambda: all(estate.baton("history", f"parcel:{key}").returncode == 0
                           for key in keys), 20, "the parcels to have begun")
    before = len(records.commits(estate.brokers, group, inbox))
    ends = records.ends(estate.brokers, inbox)
    await_ended(estate, keys)
    commits = records.commits(estate.brokers, group, inbox)[before:]
    equal(records.ends(estate.brokers, inbox), ends, "ends of the inbox")
    partitions = {records.partition_of(f"parcel:{key}".encode(), 4) for key in keys}
    holds(partitions <= {commit.partition for commit in commits},
          f"timers fired in {partitions}, offsets came from {commits}")


@case
def dead_owner_with_an_open_transaction_is_fenced_in_time():
    """Rule 5: alone and without a name, so that nothing else ends its transaction."""
    estate = shared()
    survivor = estate.workers[0]
    victim = estate.start_worker("nameless", fault="after-flush:3", static=False)
    victim.await_event("partition-ready")
    victim.arm()
    keys = estate.orders([f"fence-{n}" for n in range(40)])
    victim.await_death()
    survivor.await_event("owner-fenced", 9)  # Session 2 s, grace 1 s; the transaction lives 10 s.
    equal(set(estate.people.await_outcomes(keys, 30).values()), {"confirmed"})
    estate.assert_settled(keys)


@case
def state_that_grows_too_large_ends_the_run_and_nothing_else():
    estate = shared()
    estate.order("grows", {"ReserveInventory": silent})
    command = estate.people.await_command("grows", "ReserveInventory")
    estate.people.send(estate.services["inventory"][1],
                       {"status": "OK", "pad": "x" * (255 * 1024)},
                       headers={"correlation-id": command.record.header("correlation-id")})
    equal(set(estate.people.await_outcomes(["grows"], 30).values()), {"confirmed"})


@case
def checker_finds_nothing_in_all_of_it():
    estate = shared()
    estate.begun.remove("parcel:too-large")
    estate.await_sound()


if __name__ == "__main__":
    run(shared.leave)
