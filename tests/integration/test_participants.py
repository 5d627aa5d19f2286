"""The participants of examples/participants, in four languages, in one saga on a real Kafka: each
is killed with -9 in the middle of its work, and still everything happens once and is answered.

The books of the services are compared with the commands that baton has sent; the checker looks
after baton's own.
"""

import json
import random
from collections import Counter

from confluent_kafka import Producer

import foreign
import records
import wait
from estate import Estate, Once
from participants import silent
from runner import case, equal, holds, run

KILLS = 2  # Of each.
BURST = 8
FLOW = "order-by-four"
OURS = []  # The participants, as they stand in the flow.
PARTITIONS = 3


def start():
    texts = {name: (foreign.EXAMPLES / name).read_text("utf-8").replace("notices.", "{p}notices.")
             for name in ("estate.yaml", f"{FLOW}.yaml")}
    estate = Estate("parts", texts)
    notices = tuple(estate.topic(f"notices.{end}") for end in ("commands", "replies"))
    estate.services["notices"] = notices
    estate.create_topics([*notices, estate.topic("shipping.done")], PARTITIONS)
    estate.__enter__()
    estate.people.default = silent  # They only write down what they see.
    estate.api = foreign.Api()
    estate.api.start()
    OURS.extend(foreign.all_of(estate, estate.api))
    for one in OURS:
        one.start()
    estate.start_worker().await_event("worker-up")
    estate.await_partitions()
    return estate


shared = Once(start)


def leave():
    for one in OURS:
        one.kill9()
    shared.leave()


# --- Orders and books ----------------------------------------------------------------------------


def order(key, **fields):
    estate = shared()
    for one in OURS:
        if not one.process.alive():  # A case before has failed.
            one.start()
    estate.begun.append(f"{FLOW}:{key}")
    value = {"orderId": key, "lines": [{"sku": "S-1", "quantity": 1}], "total": 42.5,
             "address": "Main Street 1", **fields}
    estate.people.send(estate.topic("orders.created"), value, key=key)
    return key


def some_fail(number):
    """Fields of an order that the first, the second, the last service or none refuses."""
    if number % 8 == 1:
        return {"lines": [{"sku": "S-1", "quantity": 500}]}
    if number % 8 == 3:
        return {"total": 900}
    return {"address": "Moon"} if number % 8 == 5 else {}


def outcome(key, seconds=30):
    people = shared().people
    people.await_outcomes([key], seconds)
    return people.outcome[key][0]


def commands_of(one):
    return [record for record in shared().read(one.commands) if record.header("idempotency-key")]


def replies_of(one):
    """{correlation id: how many}."""
    return Counter(record.header("correlation-id") for record in shared().read(one.replies))


def assert_all_answered(one):
    """Each command has an answer that carries its id; nothing else was answered."""
    asked = {record.header("correlation-id") for record in commands_of(one)}
    answered = replies_of(one)
    missing = asked - set(answered)
    equal(len(missing), 0, f"{one.name}: commands without an answer, such as {sorted(missing)[:3]}")


def assert_books_balance(one):
    """Each effect once, for commands that there are; what was undone is undone exactly."""
    effects = one.effects()
    keys = [key for key, _ in effects]
    twice = [key for key, count in Counter(keys).items() if count > 1]
    equal(twice, [], f"{one.name} did twice")
    undone = {record.header("idempotency-key"): record.header("baton-undo-of")
              for record in commands_of(one)}
    equal(set(keys) - set(undone), set(), f"{one.name} did what nobody asked for")
    done = dict(effects)
    for key, amount in effects:
        if undone[key]:
            equal(amount, -done.get(undone[key], 0), f"{one.name}: {key} undoes {undone[key]}")


def assert_outcomes_match(keys):
    """A confirmed order was carried out by all four, of a rejected one nothing is left."""
    left = {one.name: Counter() for one in OURS}
    for one in OURS:
        of_key = {record.header("idempotency-key"): record.key.decode()
                  for record in commands_of(one)}
        for key, amount in one.effects():
            left[one.name][of_key[key]] += amount
    for key in keys:
        words = [word for word, _ in shared().people.outcome[key]]
        holds(words in (["confirmed"], ["rejected"]), f"{key} ended as {words}")
        for name, books in left.items():
            equal(books[key] > 0, words == ["confirmed"], f"{key} is {words[0]}; {name}")


def assert_all_well(keys=()):
    for one in OURS:
        foreign.await_committed(one)
        assert_all_answered(one)
        assert_books_balance(one)
    assert_outcomes_match(keys)
    shared().await_sound()


# --- Killed and started again --------------------------------------------------------------------


@case
def each_is_killed_again_and_again_and_all_is_done_once():
    estate = shared()
    begun = []
    for number in range(KILLS * len(OURS)):
        one = OURS[number % len(OURS)]
        estate.people.await_outcomes(begun, 60)  # All are up and at rest.
        keys = [order(f"k-{number}-{n}", **some_fail(n + number)) for n in range(BURST)]
        begun += keys
        depth = random.randint(1, 4)  # It has seen that many, and is at any point of its work.
        wait.until(lambda: sum(command.service == one.name and command.key in keys
                               for command in list(estate.people.commands)) >= depth,
                   30, f"commands for {one.name}", every_s=0.002)
        one.kill9()
        one.start()
    words = Counter(estate.people.await_outcomes(begun, 60).values())
    equal(words["rejected"], sum(bool(some_fail(n + number)) for n in range(BURST)
                                 for number in range(KILLS * len(OURS))), "rejected")
    assert_all_well(begun)
    shipping = next(one for one in OURS if one.name == "shipping")
    equal(max(replies_of(shipping).values()), 1, "answers of the one with transactions")


@case
def commands_that_come_again_are_answered_again_and_not_done_again():
    before = {}
    equal(outcome(order("all-are-up"))[0], "confirmed")
    for one in OURS:
        foreign.await_committed(one)
        before[one] = sorted(one.effects()), replies_of(one)
        one.ask_to_stop()
    for one in OURS:
        equal(one.ended(), one.exit_code, f"{one.name}: exit code after SIGTERM")
        foreign.rewind(one)
        one.start()
    for one in OURS:
        foreign.await_committed(one, 60)
        effects, answers = before[one]
        equal(sorted(one.effects()), effects, f"{one.name}: what it has done")
        again = replies_of(one)
        for record in commands_of(one):
            name = record.header("correlation-id")
            holds(again[name] > answers[name], f"{one.name} did not answer {name} again")
    shared().await_sound()


# --- What they must not take for a command -------------------------------------------------------


def forged(one, name):
    return {"key": "forged", "headers": {
        "idempotency-key": name, "correlation-id": name, "message-type": "SendNotice",
        "reply-topic": one.replies}}


@case
def commands_of_aborted_transactions_are_not_done():
    estate = shared()
    producer = Producer({"bootstrap.servers": estate.brokers, "transactional.id": estate.app})
    producer.init_transactions()
    value = {"orderId": "ghost", "lines": [{"sku": "S-1", "quantity": 1}], "amount": 1,
             "text": "boo", "address": "Main Street 1"}
    for word, end in (("aborted", producer.abort_transaction),
                      ("real", producer.commit_transaction)):
        producer.begin_transaction()
        for one in OURS:
            producer.produce(one.commands, json.dumps(value), **forged(one, f"{word}-{one.name}"))
        producer.flush()
        end()
    for one in OURS:
        wait.until(lambda: replies_of(one)[f"real-{one.name}"], 30, f"{one.name}'s answer")
        equal(replies_of(one)[f"aborted-{one.name}"], 0, one.name)
        done = [key for key, _ in one.effects() if key.endswith(f"-{one.name}")]
        equal(done, [f"real-{one.name}"], "what was done of the two")


@case
def what_cannot_be_understood_is_refused_and_stops_nobody():
    for one in OURS:
        for name, value in (("torn", '{"orderId": '), ("none", None), ("list", "[1]")):
            shared().people.send(one.commands, value, **forged(one, f"{name}-{one.name}"))
        shared().people.send(one.commands, "not of baton", key="forged")
    key = order("after-poison")
    equal(outcome(key)[0], "confirmed")
    for one in OURS:
        for name in ("torn", "none", "list"):
            wait.until(lambda: replies_of(one)[f"{name}-{one.name}"], 20, f"{one.name}: {name}")
        foreign.await_committed(one)
        equal([key for key, _ in one.effects() if key.startswith(("torn", "none", "list"))], [])


@case
def in_the_end_the_books_balance():
    assert_all_well()
    checked = shared().baton("fsck", "--replay")
    equal(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    run(leave)
