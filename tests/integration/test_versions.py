"""Versions side by side: deploy, activate, also for a part of the keys, drain, retire."""

import json
from pathlib import Path

import wait
from estate import Estate, Once
from runner import case, contains, equal, holds, run

FLOW = """flow: teller
version: 1
topics:
  started: {name: "{p}teller.started", key: .id}
  calls: {name: "{p}teller.calls", key: .id}
  ended: {name: "{p}teller.ended", format: string}
key: .id
start: {topic: started}
timeout: 1h
do:
  - {step: called, listen: calls, timeout: 30m}
  - {step: ended, emit: ended, value: "by ${ $flow.version }"}
"""


def start():
    estate = Estate("versions", {"teller.yaml": FLOW}).__enter__()
    estate.start_workers(1)
    return estate


shared = Once(start)


def version_file(version):
    estate = shared()
    path = estate.directory / f"v{version}.yaml"
    path.write_text(FLOW.replace("version: 1", f"version: {version}")
                    .replace("{p}", estate.topic("")), encoding="utf-8")
    return str(path)


def done(*words):
    """The output of a command that has to succeed."""
    answer = shared().baton(*words)
    equal(answer.returncode, 0, f"{words}: {answer.stdout}{answer.stderr}")
    return answer.stdout


def listed(*words):
    """(version, percent, running) of each version of the flow that is deployed."""
    shown = json.loads(done("versions", *words, "--output", "json"))
    equal(shown["undeployed"], 0)
    return [(each["version"], each["percent"], each["running"])
            for each in shown["versions"] if each["flow"] == "teller"]


def begin(keys):
    estate = shared()
    for key in keys:
        estate.begin("teller", key)

    def all_wait():
        return all(version_of(key) for key in keys)
    wait.until(all_wait, 30, f"the start of {keys}", every_s=0.2)
    return [version_of(key) for key in keys]


def version_of(key):
    shown = shared().baton("show", f"teller:{key}", "--output", "json")
    return json.loads(shown.stdout).get("version") if shown.returncode == 0 else None


def end(key):
    shared().people.send(shared().topic("teller.calls"), {"id": key})
    return shared().await_end("teller", key).value.decode()


@case
def what_is_deployed_gets_runs_only_when_it_is_activated():
    equal(begin(["t-1"]), [1])
    contains(done("deploy", version_file(2)), "teller version 2: deployed")
    contains(done("deploy", version_file(2)), "was deployed already")
    equal(begin(["t-2"]), [1])
    contains(done("activate", "teller", "v2"), "teller version 2: starts all runs from now on")
    wait.until(lambda: takes("a", 2), 20, "runs of version 2")


tried = []


def takes(letter, version):
    """Does a new run take the version? Workers hear of a change soon, not at once."""
    tried.append(f"{letter}-{len(tried)}")
    taken = begin([tried[-1]])
    end(tried[-1])
    return taken == [version]


def begin_six():
    tried.append("six")
    return begin([f"d{len(tried)}-{n}" for n in range(6)])


@case
def runs_keep_the_version_they_were_started_with():
    equal(version_of("t-1"), 1)
    equal(end("t-1"), "by 1")


@case
def a_part_of_the_keys_takes_the_new_version_and_always_the_same_part():
    done("deploy", version_file(3))
    contains(done("activate", "teller", "3", "--percent", "50"),
             "version 3: starts 50% of the runs from now on, told by their keys; version 2 the others")
    wait.until(lambda: takes("b", 3), 30, "a run of version 3")
    versions = begin([f"c-{n}" for n in range(20)])
    equal(set(versions), {2, 3})
    holds(4 <= versions.count(3) <= 16, f"{versions.count(3)} of 20 have version 3")


@case
def versions_are_listed_with_their_part_of_new_runs_and_the_runs_that_go_on():
    rows = listed("teller")
    equal([row[:2] for row in rows], [(1, 0), (2, 50), (3, 50)])
    equal(rows[0][2], 1)  # t-2
    holds(rows[1][2] + rows[2][2] >= 20, f"the runs of c-0 to c-19 go on: {rows}")
    equal(listed(), rows)
    contains(done("versions"), "FLOW    VERSION  NEW RUNS  RUNNING  DEFINITION")
    refused = shared().baton("versions", "nobody")
    equal(refused.returncode, 1)
    contains(refused.stderr, "no version of flow 'nobody' is deployed")


@case
def a_drained_version_starts_none_and_is_retired_when_none_goes_on():
    refused = shared().baton("retire", "teller", "2")
    equal(refused.returncode, 1)
    contains(refused.stderr, "by version 2 of 'teller'")
    contains(done("drain", "teller", "2"), "the other active version starts all")
    wait.until(lambda: set(begin_six()) == {3}, 30, "only version 3")
    contains(done("drain", "teller", "1"), "starts no runs already")
    equal([row[:2] for row in listed("teller")], [(1, 0), (2, 0), (3, 100)])
    refused = shared().baton("retire", "teller", "1")
    contains(refused.stderr, "1 run goes on by version 1")
    equal(end("t-2"), "by 1")
    wait.until(lambda: "is still kept" in shared().baton("retire", "teller", "1").stderr, 20,
               "the end of the runs of version 1", every_s=0.5)


@case
def a_version_that_nothing_needs_is_retired():
    done("deploy", version_file(4))
    holds((4, 0, 0) in listed("teller"), "version 4 is deployed and starts none")
    contains(done("retire", "teller", "4"), "is retired, its definition is gone")
    holds(4 not in [row[0] for row in listed("teller")], "version 4 is gone")
    refused = shared().baton("activate", "teller", "4")
    equal(refused.returncode, 1)
    contains(refused.stderr, "version 4 of flow 'teller' is not deployed")


@case
def what_cannot_be_done_is_said():
    equal(shared().baton("activate", "nobody", "1").returncode, 1)
    equal(shared().baton("activate", "teller", "9").returncode, 1)
    equal(shared().baton("activate", "teller", "x").returncode, 2)
    equal(shared().baton("activate", "teller", "3", "--percent", "0").returncode, 2)
    alone = shared().baton("activate", "teller", "3", "--percent", "10")
    equal(alone.returncode, 1)
    contains(alone.stderr, "no other active version")
    contains(shared().baton("retire", "teller", "3").stderr, "version 3")
    contains(done("deploy", version_file(2)), "warning F802: version 3 is active, which is higher")
    other = shared().directory / "other.yaml"
    other.write_text(Path(version_file(3)).read_text().replace("timeout: 1h", "timeout: 2h"))
    refused = shared().baton("deploy", str(other))
    equal(refused.returncode, 1)
    contains(refused.stderr, "F801: version 3 of flow 'teller' is deployed with another content")


@case
def what_would_start_a_run_of_a_flow_without_an_active_version_becomes_a_dead_letter():
    estate = shared()
    contains(done("drain", "teller", "3"), "becomes a dead letter")

    def dead():
        tried.append("dead")
        estate.people.send(estate.topic("teller.started"), {"id": f"dead-{len(tried)}"})
        return [record for record in estate.read("dlq")
                if record.header("baton-dlq-topic") == estate.topic("teller.started")]
    letter = wait.until(dead, 30, "a dead letter", every_s=0.5)[0]
    contains(letter.header("baton-dlq-reason"), "flow 'teller' is not active")
    # What was begun goes on.
    equal(end("t-3") if version_of("t-3") else "by 3", "by 3")
    done("activate", "teller", "3")
    started = []

    def again():
        """Workers hear of it soon; what comes before that is a dead letter as well."""
        started.append(f"e-{len(started)}")
        estate.people.send(estate.topic("teller.started"), {"id": started[-1]}, key=started[-1])
        return any(version_of(key) == 3 for key in started)
    wait.until(again, 30, "runs of version 3 again", every_s=0.5)


if __name__ == "__main__":
    run(shared.leave)
