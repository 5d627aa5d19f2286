"""`baton plan`: what deploying a flow file would do to an estate with running instances."""

import json

import wait
from estate import Estate, Once
from runner import case, contains, equal, run

FLOW = """flow: waiter
version: 1
topics:
  started: {name: "{p}waiter.started", key: .id}
  calls: {name: "{p}waiter.calls", key: .id}
  ended: {name: "{p}waiter.ended"}
services:
  desk: {commands: "{p}waiter.desk", replies: "{p}waiter.answers", success: .ok}
key: .id
start: {topic: started}
timeout: 1h
do:
  - {step: told, emit: ended, compensate: {emit: ended}}
  - {step: first, listen: calls, timeout: 30m}
  - {step: second, listen: calls, timeout: 30m}
  - {step: asked, request: desk, compensate: none, timeout: 30m}
  - {step: ended, emit: ended}
"""


def start():
    estate = Estate("plan", {"waiter.yaml": FLOW}).__enter__()
    estate.create_topics([estate.topic("waiter.desk"), estate.topic("waiter.answers")])
    estate.start_workers(1)
    for key in ("w-1", "w-2", "w-3", "w-4"):
        estate.begin("waiter", key)
    estate.people.send(estate.topic("waiter.calls"), {"id": "w-3"})
    for _ in range(2):
        estate.people.send(estate.topic("waiter.calls"), {"id": "w-4"})
    for key, step in (("w-1", "first"), ("w-2", "first"), ("w-3", "second"), ("w-4", "asked")):
        wait.until(lambda: place(estate, key) == step, 20, f"waiter:{key} at {step}", every_s=0.2)
    return estate


def place(estate, key):
    done = estate.baton("show", f"waiter:{key}", "--output", "json")
    return json.loads(done.stdout).get("place") if done.returncode == 0 else None


shared = Once(start)


def plan(text, *options):
    estate = shared()
    path = estate.directory / "new.yaml"
    path.write_text(text.replace("{p}", estate.topic("")), encoding="utf-8")
    return estate.baton("plan", str(path), *options)


def facts(text):
    done = plan(text, "--output", "json")
    return done.returncode, json.loads(done.stdout)


@case
def the_same_file_changes_nothing():
    code, found = facts(FLOW)
    equal((code, found["verdict"], found["changes"]), (0, "same", []))
    equal(found["running"], 4)


@case
def running_instances_are_counted_by_the_step_they_wait_at():
    code, found = facts(FLOW.replace("version: 1", "version: 2"))
    equal((code, found["verdict"], found["active"]), (0, "next", 1))
    equal([(row["version"], row["place"], row["count"], row["fits"]) for row in found["runs"]],
          [(1, "first", 2, True), (1, "asked", 1, True), (1, "second", 1, True)])


@case
def a_step_that_is_gone_has_no_place_for_its_runs():
    new = (FLOW.replace("version: 1", "version: 2").replace("timeout: 1h", "timeout: 2h")
           .replace("  - {step: second, listen: calls, timeout: 30m}\n", ""))
    done = plan(new)
    equal(done.returncode, 0, done.stderr)
    contains(done.stdout, "version 1 is active: runs that start after the activation take version 2")
    contains(done.stdout, "4 runs go on by the version they were started with")
    contains(done.stdout, "version 1: 2 at first: version 2 has this step too")
    contains(done.stdout,
             "version 1: 1 at second: no place in version 2: 'second' (listen) is gone")
    contains(done.stdout, "3 of 4 can be migrated where they stand ('baton migrate'); of the others")
    contains(done.stdout, "'timeout' was 1h, is 2h")
    contains(done.stdout, "'second' (listen) is gone [F803]")


@case
def a_request_to_another_service_has_no_place_for_those_who_asked_the_first():
    code, found = facts(FLOW.replace("version: 1", "version: 2").replace("request: desk", "request: mail")
                        .replace("services:\n", "services:\n  mail: {commands: \"{p}waiter.desk\", "
                                 "replies: \"{p}waiter.answers\", success: .ok}\n"))
    equal((code, found["migratable"]), (0, 3))
    equal([row.get("why") for row in found["runs"] if row["place"] == "asked"],
          ["'asked' was a request to 'desk', is one to 'mail'"])


@case
def what_may_have_to_be_undone_needs_its_undo_there():
    done = plan(FLOW.replace("version: 1", "version: 2").replace(", compensate: {emit: ended}", ""))
    contains(done.stdout, "version 1: 2 at first: no place in version 2: 'told' may have to be undone")
    contains(done.stdout, "0 of 4 can be migrated where they stand")


@case
def the_version_of_other_content_is_refused():
    done = plan(FLOW.replace("timeout: 1h", "timeout: 2h"))
    equal(done.returncode, 1, done.stderr)
    contains(done.stdout, "F801")


@case
def a_flow_that_nobody_knows_is_the_first():
    code, found = facts(FLOW.replace("flow: waiter", "flow: other"))
    equal((code, found["verdict"], found["running"]), (0, "first", 0))


@case
def what_is_wrong_is_said_with_its_exit_code():
    equal(shared().baton("plan").returncode, 2)
    done = plan(FLOW.replace("timeout: 1h", "timeoutt: 1h"))
    equal(done.returncode, 1)
    contains(done.stderr, "F101")


if __name__ == "__main__":
    run(shared.leave)
