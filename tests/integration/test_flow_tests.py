"""`baton test --brokers`: tests of flows on a real Kafka and Redis, with nothing left behind."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import records
import resp
import wait
from confluent_kafka.admin import AdminClient
from estate import redis_address
from process import free_port
from runner import case, contains, equal, holds, run
from worker import BATON

BROKERS, REDIS = os.environ["KAFKA_BROKERS"], os.environ["REDIS_URL"]
WORKFLOWS = records.SOURCE / "workflows"
FOLDER = Path(tempfile.mkdtemp(prefix="baton-flow-tests-"))
OWN = "baton-test-"

# A stage that is resumed, a person who signals, an undo that fails until somebody helps.
FLOW = """flow: parcel
version: 1
key: .id
start: {topic: parcels}
timeout: 1h
saga: {retry: {attempts: 1}}
topics:
  parcels: {name: parcels}
  ended: {name: parcels.ended}
services:
  scale:
    commands: scale.commands
    replies: scale.replies
    success: .grams != null
    progress: .at != null
    failure: .code != null
    error: .code
    timeout: 20s
do:
  - step: weigh
    request: scale
    type: Weigh
    value: {id: "${ .id }", from: "${ $progress.at // 0 }"}
    heartbeat: 2s
    retry: {attempts: 3, delay: 200ms, jitter: 0%, errors: [heartbeat]}
    compensate: {request: scale, type: Forget, value: {id: "${ .id }"}, reply: {success: .gone}}
  - {step: person, listen: {signal: decide}, timeout: 8s}
  - {step: told, emit: ended, value: {id: "${ .id }", grams: "${ .weigh.grams }", by: "${ .person.by }", at: "${ $now }"}}
onFailure:
  - {step: failed, emit: ended, value: {id: "${ .id }", reason: "${ $error.type }"}}
"""
CASES = """start: {id: p-1}
answers:
  weigh: {reply: {grams: 30}}
  undo weigh: {reply: {gone: true}}
cases:
  - case: resumed and signed
    answers:
      weigh:
        - {silence: true, progress: [{after: 300ms, reply: {at: 5}}]}
        - {reply: {grams: 40}}
    send:
      - {at: 4s, signal: decide, value: {by: ann}}
    expect:
      end: completed
      took: 4s
      commands: {weigh: {times: 2, value: {from: 5}}}
      emitted: [{topic: parcels.ended, value: {grams: 40, by: ann}}]
      deadLetters: []
      alerts: []

  - case: stuck until somebody helps
    answers:
      undo weigh: failure
    send:
      - {at: 500ms, cancel: not wanted}
      - {at: 2s, done: undo weigh}
    expect:
      end: cancelled
      undone: [weigh]
      alerts: [{kind: stuck, step: weigh}]
      emitted: [{value: {reason: cancelled}}]

  - case: a message without a key
    send:
      - {topic: parcels, value: {nobody: 1}}
      - {at: 100ms, signal: decide, value: {by: ben}}
    expect: {end: completed, deadLetters: [{topic: parcels}]}

  - case: six weeks later
    send:
      - {at: 1s, signal: decide, value: {by: ann}}
      - {at: 6w, topic: parcels, value: {id: p-2}}
    expect: {end: completed}
"""


def write(cases=CASES):
    (FOLDER / "parcel.yaml").write_text(FLOW, encoding="utf-8")
    path = FOLDER / "parcel.test.yaml"
    path.write_text(cases, encoding="utf-8")
    return path


def test(*arguments, brokers=BROKERS, redis=REDIS):
    return subprocess.run([BATON, "test", "--brokers", brokers, "--redis", redis,
                           *map(str, arguments)], capture_output=True, text=True, timeout=200,
                          check=False)


def left():
    """Topics and keys that are not removed."""
    host, port = redis_address(REDIS)
    with resp.Client(host, int(port)) as client:
        keys = client("KEYS", f"*{OWN}*")
    topics = AdminClient({"bootstrap.servers": BROKERS}).list_topics(timeout=30).topics
    return [name for name in topics if name.startswith(OWN)] + [
        key for key in keys if OWN.encode() in key]


def await_nothing_left():
    wait.until(lambda: not left(), 30, "all that was made to be removed")


@case
def the_same_tests_hold_on_real_servers_and_long_ones_are_skipped():
    done = test("--output", "json", write())
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    equal(done.returncode, 0, done.stdout + done.stderr)
    equal([line["passed"] for line in lines[:-1]], [True] * 4)
    equal([line["case"] for line in lines[:-1] if "skipped" in line], ["six weeks later"])
    contains(lines[3]["skipped"], "--longest is 10s")
    equal((lines[-1]["passed"], lines[-1]["skipped"]), (3, 1))
    holds(lines[0]["realMs"] >= 4000, "time is real")
    await_nothing_left()


@case
def flows_of_the_tree_run_there():
    for flow, word in (("dynamic-steps", "cannot be done"), ("order-saga", "declined card")):
        done = test("--filter", word, WORKFLOWS / f"{flow}.test.yaml")
        equal(done.returncode, 0, done.stdout + done.stderr)
        contains(done.stdout, "1 case: 1 passed, 0 failed")
    await_nothing_left()


@case
def documents_of_the_standard_run_there():
    standard = WORKFLOWS.parent / "tests/standard"
    done = test(standard / "events.test.yaml", standard / "errors.test.yaml")
    equal(done.returncode, 0, done.stdout + done.stderr)
    for part in ("ok    messages are waited for, and the event comes back", "ok    the answer is kept",
                 "0 failed"):
        contains(done.stdout, part)
    await_nothing_left()


@case
def what_differs_there_is_told_with_the_story_under_the_names_of_the_test():
    # In memory it is the first day of 2026.
    done = test("--filter", "without a key", write(CASES.replace(
        "deadLetters: [{topic: parcels}]",
        "emitted: [{value: {at: \"${ startswith(\\\"2026-01-01\\\") }\"}}]")))
    equal(done.returncode, 1, done.stdout + done.stderr)
    for part in ("error D501: emitted[0].value.at: ", "what happened:",
                 "-> scale.commands Weigh", "told: emitted -> parcels.ended",
                 "1 case: 0 passed, 1 failed"):
        contains(done.stdout, part)
    holds(OWN not in done.stdout, done.stdout)


@case
def nothing_is_left_when_it_is_stopped():
    process = subprocess.Popen([BATON, "test", "--brokers", BROKERS, "--redis", REDIS, "--filter",
                                "resumed", str(write())], stdout=subprocess.PIPE, text=True)
    wait.until(left, 60, "topics of the test")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    equal(process.returncode, -signal.SIGINT)
    await_nothing_left()


@case
def servers_that_do_not_answer_are_told_at_once():
    nobody = f"127.0.0.1:{free_port()}"
    done = test(write(), brokers=nobody)
    equal(done.returncode, 3, done.stdout)
    contains(done.stderr, f"baton test: kafka '{nobody}': ")
    done = test(write(), redis=f"redis://{nobody}/0")
    equal(done.returncode, 3, done.stdout)
    contains(done.stderr, "baton test: redis: ")
    done = test("--longest", "ten", write())
    equal(done.returncode, 2, done.stdout)


if __name__ == "__main__":
    run(lambda: shutil.rmtree(FOLDER, ignore_errors=True))
