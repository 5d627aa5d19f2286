"""The cases that reviews of such designs find first, on the real broker. In the simulator, with every
call as a place to die at: tests/unit/test_estate.c."""

import json
import subprocess
import time

from confluent_kafka.admin import AdminClient

import wait
from estate import Estate
from runner import case, contains, equal, holds, run
from worker import BATON

SLOW_SLEEP = "checkpoint: {idle: 3s, max: 30s}\n"
BOTH = """flow: %s
version: 1
topics:
  started: {name: "{p}both.started", key: .id}
  ended: {name: "{p}%s.ended"}
key: .id
start: {topic: started}
timeout: 1h
do:
  - {step: nap, wait: 1s}
  - {step: ended, emit: ended, value: {how: %s}}
"""
AGAIN = """flow: again
version: 1
topics:
  started: {name: "{p}again.started", key: .id}
  ended: {name: "{p}again.ended"}
key: .id
start: {topic: started}
timeout: 1h
do:
  - {step: ended, emit: ended, value: {how: done}}
"""


def ended(estate, flow):
    """{key: [how]} of what the flow has told."""
    found = {}
    for record in estate.read(estate.topic(f"{flow}.ended")):
        found.setdefault(record.key.decode(), []).append(json.loads(record.value)["how"])
    return found


def await_ended(estate, flow, count, seconds=60):
    try:
        wait.until(lambda: len(ended(estate, flow)) >= count, seconds, f"{count} ends of {flow}",
                   every_s=0.3)
    except wait.Timeout as error:
        raise wait.Timeout(f"{error}; ended: {sorted(ended(estate, flow))}") from error
    return ended(estate, flow)


@case
def two_flows_start_from_one_topic_and_share_partitions():
    flows = {f"{name}.yaml": BOTH % (name, name, name) for name in ("one", "two")}
    keys = [f"K{number}" for number in range(60)]
    with Estate("both", flows) as estate:
        first, second = estate.start_workers(2)
        pairs = [(key, {"id": key}) for key in keys]
        estate.people.send_many(estate.topic("both.started"), pairs[:30])
        estate.people.flush()
        wait.until(lambda: estate.read("history"), 20, "first runs")
        first.kill9()
        estate.people.send_many(estate.topic("both.started"), pairs[30:])
        estate.people.flush()
        estate.begun = [f"{flow}:{key}" for flow in ("one", "two") for key in keys]
        for flow in ("one", "two"):
            await_ended(estate, flow, len(keys))
            equal(ended(estate, flow), {key: [flow] for key in keys}, f"ends of {flow}")
        holds(second.alive(), "the other worker ended")
        estate.await_sound()


@case
def key_that_ran_runs_again_when_forgotten_and_services_do_the_work_anew():
    with Estate("anew", replace={"timeout: 2h": "timeout: 2h\nremember: 1s"}) as estate:
        estate.start_workers(1)
        estate.order("R-1")
        estate.people.await_outcomes(["R-1"], 30)
        first = list(estate.people.done["R-1"])

        def ran_again():
            if len(estate.people.outcome["R-1"]) < 2:
                estate.order("R-1")
            return len(estate.people.outcome["R-1"]) >= 2
        wait.until(ran_again, 40, "a second run", every_s=1.5)
        equal(estate.people.done["R-1"][:6], first * 2, "what the services did")
        keys = {command.record.header("idempotency-key") for command in estate.people.commands
                if command.key == "R-1" and command.type == "CapturePayment"}
        holds(len(keys) >= 2, f"one idempotency key for two runs: {keys}")


@case
def run_that_slept_and_woke_is_taken_over_before_its_checkpoint():
    with Estate("woke", ["turns"], config=SLOW_SLEEP) as estate:
        first = estate.start_workers(1)[0]
        estate.begin("turns", "W-1")
        estate.people.send(estate.topic("turns.started"), {"id": "no", "skip": True}, key="no")
        estate.await_asleep(["turns:W-1"])
        estate.people.send(estate.topic("turns.calls"), {"id": "W-1"}, key="W-1")
        estate.await_decided("turns:W-1", "second: listening")
        equal(len([r for r in estate.read("snapshot") if r.key == b"turns:W-1"]), 1, "snapshots")
        first.kill9()
        estate.start_worker("other").await_event("partition-ready")
        equal(ended(estate, "turns"), {}, "ends before the second call")
        estate.people.send(estate.topic("turns.calls"), {"id": "W-1"}, key="W-1")
        equal(await_ended(estate, "turns", 1), {"W-1": ["first"]})
        estate.await_sound(choosy={estate.topic("turns.started")})


def new_owner_dies(point):
    with Estate("owner") as estate:
        first = estate.start_workers(1)[0]
        first.kill9()
        keys = estate.orders([f"{point}-{number}" for number in range(20)])
        victim = estate.start_worker("w1", fault=f"{point}:1")
        victim.arm()
        victim.await_death()
        equal(victim.process.exit_code(), -9, "exit code")
        contains(victim.text(), point)
        estate.start_worker("next")
        estate.people.await_outcomes(keys, 60)
        estate.await_sound()
        estate.assert_settled(keys)


for place in ("after-begin", "after-send-offsets", "after-commit"):
    def body(point=place):
        new_owner_dies(point)
    body.__name__ = f"new_owner_dies_in_its_first_transaction_{place.replace('-', '_')}"
    case(body)


@case
def replies_that_waited_beat_deadlines_that_passed_meanwhile():
    with Estate("waited", ["hasty"], replace={"timeout: 2s": "timeout: 4s"}) as estate:
        worker = estate.start_workers(1)[0]
        keys = [f"H{number}" for number in range(300)]
        estate.people.answers_delay_s = 0.5
        estate.begin_many("hasty", keys)
        estate.people.await_command(keys[-1], "CreateShipment")
        wait.until(lambda: len(estate.people.commands) >= len(keys), 20, "all commands")
        worker.kill9()
        killed = time.monotonic()
        wait.until(lambda: len(estate.people.answered_s) >= len(keys), 20, "all replies")
        late = [command.key for command in estate.people.commands
                if estate.people.answered_s[command.record.header("correlation-id")]
                > command.sent_s + 3]
        # Every deadline passes while nobody works.
        wait.until(lambda: time.monotonic() > killed + 6, 20, "the deadlines")
        estate.start_worker("back")
        words = estate.people.await_outcomes(keys, 60)
        beaten = [key for key in keys if words[key] != "confirmed" and key not in late]
        equal(beaten, [], "keys whose reply was in time")
        holds(len(late) < len(keys) // 2, "the machine is too slow to tell")
        estate.await_sound()


@case
def rolling_start_with_two_versions():
    with Estate("roll", ["turns"]) as estate:
        first = estate.start_workers(1)[0]
        file = estate.directory / "flows" / "turns.yaml"
        old = file.read_text()
        new = old.replace("version: 1", "version: 2").replace("how: first", "how: second")
        estate.begin("turns", "A")
        wait.until(lambda: estate.read("history"), 20, "the first run")
        file.write_text(new)
        second = estate.start_worker("second")
        second.await_event("flow-activated")
        second.await_event("partition-ready")
        estate.begin("turns", "B")
        wait.until(lambda: len(estate.read("history")) >= 2, 20, "the second run")
        file.write_text(old)  # A worker of the old file joins: what is active stays so.
        third = estate.start_worker("third")
        third.await_event("worker-up")
        estate.begin("turns", "C")
        file.write_text(new.replace("how: second", "how: other"))
        refused = subprocess.run([BATON, "run", "--config", str(estate.config)], timeout=60,
                                 capture_output=True, text=True, check=False,
                                 stdin=subprocess.DEVNULL)
        equal(refused.returncode, 1, "exit code of another version 2")
        contains(refused.stderr, "version 2")
        file.write_text(new)
        for key in ("A", "B", "C"):
            for _ in range(2):
                estate.people.send(estate.topic("turns.calls"), {"id": key}, key=key)
        equal(await_ended(estate, "turns", 3),
              {"A": ["first"], "B": ["second"], "C": ["second"]})
        holds(first.alive() and second.alive() and third.alive(), "a worker ended")
        estate.await_sound()


@case
def source_topic_that_is_made_anew_loses_and_repeats_no_start():
    with Estate("again", {"again.yaml": AGAIN}) as estate:
        worker = estate.start_workers(1)[0]
        admin = AdminClient({"bootstrap.servers": estate.brokers})
        topic, keys = estate.topic("again.started"), []

        def live(name, count):
            more = [f"{name}{number}" for number in range(count)]
            estate.begin_many("again", more)
            keys.extend(more)
            await_ended(estate, "again", len(keys))
            equal(ended(estate, "again"), {key: ["done"] for key in keys}, f"ends in life {name}")

        def make_anew():
            admin.delete_topics([topic])[topic].result(30)
            wait.until(lambda: topic not in admin.list_topics(timeout=20).topics, 30, "no topic")
            estate.create_topics([topic])
            # An idempotent client goes on with its sequence of the old topic, and takes its first
            # record of the new one for one that is there already.
            estate.people.send_anew()

        live("a", 10)
        make_anew()
        live("b", 40)  # Holds more than was read of the old one.
        make_anew()
        live("c", 5)
        worker.await_event("source-begins-anew")
        contains(worker.text(), "was deleted")
        worker.kill9()
        make_anew()
        estate.start_worker("after")
        live("d", 20)
        # The places of former lives are those of other records, so the sources are not looked at.
        estate.await_sound(sources={})


if __name__ == "__main__":
    run()
