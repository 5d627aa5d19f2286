"""The participant for HTTP APIs, before an API that answers in every way there is: what the flow is
told, what is repeated and by whom, and that commands keep their order and none is lost."""

import json
import os
import sys

import foreign
import records
import wait
from estate import Estate, Once
from participants import silent
from runner import case, contains, equal, holds, run

sys.path.insert(0, str(foreign.EXAMPLES / "http"))
import settings  # noqa: E402

ATTEMPTS = 3
PARTITIONS = 3
STARTED = []
FLOW = """
flow: notice
version: 1
use: [estate.yaml]
key: .orderId
start: {topic: ordersCreated}
timeout: 1h
do:
  - step: notify
    request: notices
    type: SendNotice
    value: {orderId: "${ .orderId }", text: "It is on its way"}
    timeout: 20s
    compensate: {request: notices, type: WithdrawNotice, value: {orderId: "${ .orderId }"}}
  - {step: confirmed, emit: ordersConfirmed, value: {orderId: "${ .orderId }"}}
onFailure:
  - step: rejected
    emit: ordersRejected
    value: {orderId: "${ .orderId }", error: "${ $error.type }", reason: "${ $error.title }"}
"""


def start():
    estate_text = (foreign.EXAMPLES / "estate.yaml").read_text("utf-8")
    estate = Estate("http", {"estate.yaml": estate_text.replace("notices.", "{p}notices."),
                             "notice.yaml": FLOW},
                    replace={"attempts: 5": f"attempts: {ATTEMPTS}"})
    notices = tuple(estate.topic(f"notices.{end}") for end in ("commands", "replies"))
    estate.services["notices"] = notices
    estate.create_topics(notices, PARTITIONS)
    estate.__enter__()
    estate.people.default = silent  # They only write down what they see.
    estate.api = foreign.Api()
    estate.api.start()
    STARTED.append(foreign.Notices(estate, estate.api))
    STARTED[0].start()
    estate.start_worker().await_event("worker-up")
    estate.await_partitions()
    return estate


shared = Once(start)


def leave():
    for one in STARTED:
        one.kill9()
    shared.leave()


def participant():
    shared()
    return STARTED[0]


def order(key, *plan):
    """Start an instance, before an API that does at first what `plan` says."""
    estate = shared()
    if not participant().process.alive():  # A case before has failed.
        participant().start()
    estate.begun.append(f"notice:{key}")
    estate.api.plans[key] = list(plan)
    estate.people.send(estate.topic("orders.created"), {"orderId": key}, key=key)
    return key


def outcome(key, seconds=30):
    people = shared().people
    people.await_outcomes([key], seconds)
    return people.outcome[key][0]


def answers_to(key):
    """The answers to all notices of an order, in their order."""
    one = participant()
    ids = {record.header("correlation-id") for record in shared().read(one.commands)
           if record.key == key.encode() and record.header("message-type") == "SendNotice"}
    return [json.loads(record.value) for record in shared().read(one.replies)
            if record.header("correlation-id") in ids]


@case
def a_conflict_is_a_refusal_and_nothing_is_withdrawn():
    key = order("http-409", 409)
    word, value = outcome(key)
    equal((word, value["error"], value["reason"]), ("rejected", "rejected", "notice: 409"))
    equal(len(shared().api.of(key)), 1, "calls")
    equal(shared().api.of(key, "DELETE"), [], "calls to withdraw it")


@case
def a_server_error_is_repeated_with_the_same_key():
    key = order("http-503", 503, None)
    equal(outcome(key)[0], "confirmed")
    calls = shared().api.of(key)
    equal([call.status for call in calls], [503, 200])
    equal(calls[0].key, calls[1].key, "Idempotency-Key")
    equal(answers_to(key)[0]["error"], "communication")


@case
def a_call_whose_answer_was_lost_takes_effect_once():
    """The connection breaks after the effect, each time: nobody knows, so it is withdrawn."""
    key = order("http-lost", *[foreign.lost] * 2, None)
    equal(outcome(key)[0], "confirmed")
    equal(len(shared().api.of(key)), 3, "calls")
    keys = {call.key for call in shared().api.of(key)}
    equal([what for name, what in shared().api.effects if name in keys], [1])


@case
def retry_after_holds_up_its_key_only():
    api = shared().api
    key = order("http-429", (429, {"Retry-After": "2"}), None)
    wait.until(lambda: api.of(key), 20, "the first call")
    mine = records.partition_of(key.encode(), PARTITIONS)
    other = next(f"beside-{n}" for n in range(100)
                 if records.partition_of(f"beside-{n}".encode(), PARTITIONS) == mine)
    equal(outcome(order(other))[0], "confirmed")
    equal(len(api.of(key)), 1, "calls while it waits")
    equal(outcome(key)[0], "confirmed")
    first, second = api.of(key)
    holds(second.at - first.at >= 2, f"called again after {second.at - first.at} s")
    equal([answer["ok"] for answer in answers_to(key)], [True], "answers")


@case
def a_retry_after_that_is_too_long_is_told_to_the_flow():
    key = order("http-429-long", (429, {"Retry-After": "3600"}), None)
    equal(outcome(key)[0], "confirmed")
    first, second = answers_to(key)
    equal((first["error"], first["retryAfter"], second["ok"]), ("rate-limited", 3600, True))


@case
def a_call_that_takes_too_long_leaves_the_step_in_doubt():
    key = order("http-slow", *[foreign.slow(1.5)] * ATTEMPTS)
    word, value = outcome(key, 60)
    equal((word, value["error"]), ("rejected", "timeout"))
    equal(len(shared().api.of(key)), ATTEMPTS, "calls")
    wait.until(lambda: [call.status for call in shared().api.of(key, "DELETE")] == [404], 20,
               "its withdrawal, of nothing")


@case
def refused_credentials_are_no_matter_of_trying_again():
    key = order("http-401", 401)
    word, value = outcome(key)
    equal((word, value["error"]), ("rejected", "configuration"))
    equal(len(shared().api.of(key)), 1, "calls")


@case
def a_service_that_is_away_is_called_when_it_is_back():
    api = shared().api
    api.stop()
    key = order("http-away")
    wait.until(lambda: answers_to(key), 20, "an answer without a service")
    equal(answers_to(key)[0]["error"], "communication")
    api.start()
    equal(outcome(key)[0], "confirmed")


@case
def strange_keys_make_safe_urls():
    for key in ("../../admin", "a b?c#d", "schlüssel-🔑", "%2e%2e"):
        equal(outcome(order(key))[0], "confirmed", key)
    word, value = outcome(order(".."))
    equal((word, value["error"]), ("rejected", "validation"))
    equal([call for call in shared().api.calls if "admin" in call.order and "%" not in call.order],
          [])


@case
def sigterm_finishes_the_call_under_way():
    api, one = shared().api, participant()

    def takes_its_time(_, __):
        wait.until(lambda: "gone" in marks, 20, "SIGTERM")
        return None
    marks = []
    key = order("http-term", takes_its_time)
    wait.until(lambda: api.of(key), 20, "the call")
    one.ask_to_stop()
    marks.append("gone")
    equal(one.ended(), one.exit_code, "exit code")
    one.start()
    equal(outcome(key)[0], "confirmed")
    equal(len(api.of(key)), 1, "calls")


def complaint(path):
    """What the HTTP participant says of a configuration file."""
    os.environ["NOTICES_TOKEN"] = shared().api.token
    try:
        settings.read(path)
    except settings.Wrong as error:
        return str(error)
    raise AssertionError(f"nothing is wrong with\n{path.read_text('utf-8')}")


@case
def the_configuration_is_checked_as_a_whole():
    one = participant()
    good = one.config.read_text("utf-8")
    for old, new, told in (
            ("method: PUT", "method: FETCH", "routes[0].method"),
            ("{.orderId}", "{orderId}", "routes[0].url"),
            ("timeout: 1s", "timeout: 1", "routes[0].timeout"),
            ("NOTICES_TOKEN", "NO_SUCH_NAME", "NO_SUCH_NAME"),
            ("404: success", "40: success", "'40' is no status"),
            ("concurrency: 16", "concurrence: 16", "unknown key 'concurrence'"),
            ("group.id", "isolation.level: read_uncommitted\n  group.id", "isolation.level"),
            ("routes:", "routes: [", "line")):
        bad = shared().directory / "bad.yaml"
        bad.write_text(good.replace(old, new, 1), "utf-8")
        equal(complaint(bad).count(str(bad)) > 0, True, "the name of the file")
        contains(complaint(bad), told)
        holds(shared().api.token not in complaint(bad), "a secret is shown")
    argv = [part if part != str(one.config) else str(bad) for part in one.process.argv]
    done = foreign.run([*argv, "--check"])
    equal((done.returncode, done.stderr.count("http-participant: ")), (1, 1), done.stderr)
    equal(foreign.run([*one.process.argv, "--check"]).returncode, 0)


@case
def in_the_end_every_command_is_answered():
    estate, one = shared(), participant()
    foreign.await_committed(one)
    asked = {record.header("correlation-id") for record in estate.read(one.commands)}
    answered = {record.header("correlation-id") for record in estate.read(one.replies)}
    equal(asked - answered, set(), "commands without an answer")
    keys = [key for key, what in one.effects()]
    equal(len(set(keys)), len(keys), "effects that came twice")
    estate.await_sound()
    checked = estate.baton("fsck", "--replay")
    equal(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    run(leave)
