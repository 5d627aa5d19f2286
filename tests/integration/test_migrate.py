"""`baton migrate`: runs asleep and awake go on by another version, while a worker dies."""

import json
import threading

import wait
from estate import Estate, Once
from runner import case, contains, equal, holds, run

FLOW = """flow: mover
version: 1
topics:
  started: {name: "{p}mover.started", key: .id}
  calls: {name: "{p}mover.calls", key: .id}
  ended: {name: "{p}mover.ended", format: string}
services:
  bank: {commands: "{p}mover.bank", replies: "{p}mover.replies", success: .ok}
key: .id
start: {topic: started}
timeout: 2d
do:
  - {step: hear, listen: calls, timeout: 1d}
  - {step: legal, listen: {signal: checked}, timeout: 1d}
  - step: charge
    request: bank
    type: Charge
    timeout: 1h
    compensate: {request: bank, type: Refund}
  - {step: both, fork: {branches: {a: [{step: nap, wait: 1d}], b: [{step: doze, wait: 1d}]}}, if: .naps}
  - {step: ended, emit: ended, value: "by ${ $flow.version }"}
"""

NEXT = (FLOW.replace("version: 1", "version: 2").replace("step: hear", "step: listening")
        .replace("  - {step: legal, listen: {signal: checked}, timeout: 1d}\n", "")
        .replace("step: charge", "step: chargeCard"))

STEPS = {"hear": "listening", "legal": {"to": "chargeCard", "as": "skipped"},
         "charge": "chargeCard"}

HEARING = [f"h-{n}" for n in range(4)]
LEGAL = [f"l-{n}" for n in range(4)]
CHARGING = [f"c-{n}" for n in range(3)]
NAPPING = "n-1"


def start():
    estate = Estate("migrate", {"mover.yaml": FLOW}).__enter__()
    estate.create_topics([estate.topic("mover.bank"), estate.topic("mover.replies")])
    estate.start_workers(2)
    keys = [*HEARING, *LEGAL, *CHARGING]
    for key in keys:
        estate.begin("mover", key)
    estate.begin("mover", NAPPING, naps=True)
    for key in [*LEGAL, *CHARGING, NAPPING]:
        estate.people.send(estate.topic("mover.calls"), {"id": key}, key=key)
    for key in [*CHARGING, NAPPING]:
        await_place(estate, key, "legal")
        done = estate.baton("signal", f"mover:{key}", "checked")
        equal((done.returncode, done.stderr), (0, ""))
    for key, place in [*((key, "hear") for key in HEARING), *((key, "legal") for key in LEGAL),
                       *((key, "charge") for key in [*CHARGING, NAPPING])]:
        await_place(estate, key, place)
    answer(estate, NAPPING)
    await_place(estate, NAPPING, "nap, doze")
    estate.await_asleep([f"mover:{key}" for key in [*HEARING, *LEGAL]], 60)
    path = write(estate, "next.yaml", NEXT)
    for words in (("deploy", path), ("activate", "mover", "2")):
        done = estate.baton(*words)
        equal(done.returncode, 0, done.stdout + done.stderr)
    return estate


def write(estate, name, text):
    path = estate.directory / name
    path.write_text(text.replace("{p}", estate.topic("")), encoding="utf-8")
    return str(path)


def await_place(estate, key, place):
    wait.until(lambda: shown(estate, key).get("place") == place, 60, f"mover:{key} at {place}",
               every_s=0.2)


def shown(estate, key):
    done = estate.baton("show", f"mover:{key}", "--output", "json")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def answer(estate, key):
    """The bank answers the command that it was sent for the order."""
    def command():
        return next((record for record in estate.read(estate.topic("mover.bank"))
                     if record.key == key.encode()), None)
    found = wait.until(command, 60, f"the command of {key}")
    estate.people.send(estate.topic("mover.replies"), {"ok": True}, key=key,
                       headers={"correlation-id": found.header("correlation-id")})


shared = Once(start)


def migrate(steps, *options, **more):
    estate = shared()
    path = estate.directory / "plan.yaml"
    path.write_text(json.dumps({"migrate": "mover", "from": 1, "to": 2, "steps": steps, **more}),
                    encoding="utf-8")
    return estate.baton("migrate", str(path), *options, seconds=200)


def rows(done):
    return sorted((row["place"], row["verdict"], row["count"])
                  for row in json.loads(done.stdout)["runs"])


@case
def runs_without_a_target_stop_the_plan_with_their_count():
    done = migrate({"hear": "listening", "charge": "chargeCard"}, "--yes", "--output", "json")
    equal(done.returncode, 1, done.stderr)
    told = json.loads(done.stdout)
    equal([finding["id"] for finding in told["findings"]], ["F806"])
    contains(told["findings"][0]["message"], "4 runs stand at 'legal'")
    holds("answers" not in told, "no order is given")
    done = migrate({"hear": "chargeCard", "legal": "nowhere"}, "--output", "json")
    equal([finding["id"] for finding in json.loads(done.stdout)["findings"]][0], "F204")


@case
def a_dry_run_says_what_would_be_and_changes_nothing():
    done = migrate(STEPS, "--output", "json")
    equal(done.returncode, 0, done.stdout + done.stderr)
    equal(rows(done), [("charge", "fits", 3), ("hear", "fits", 4), ("legal", "fits", 4),
                       ("nap, doze", "notNow", 1)])
    done = migrate(STEPS)
    equal(done.stderr, "")
    contains(done.stdout, "a dry run: nothing was changed; --yes does it")
    equal(shown(shared(), HEARING[0])["version"], 1)


@case
def where_leaves_runs_out():
    done = migrate(STEPS, "--output", "json", where='.id | startswith("h-")')
    equal(rows(done)[1:3], [("hear", "fits", 4), ("legal", "leftOut", 4)])


@case
def runs_asleep_and_awake_are_migrated_while_a_worker_dies():
    estate = shared()
    victim = next(worker for worker in estate.workers if worker.alive())
    killer = threading.Timer(0.3, victim.kill9)
    killer.start()
    done = migrate(STEPS, "--yes", "--output", "json", "--timeout", "2m", "--actor", "ann",
                   "--reason", "version 2")
    killer.join()
    equal(done.returncode, 0, done.stdout + done.stderr)
    told = json.loads(done.stdout)
    equal((told["migrated"], told["refused"], told["unanswered"]), (11, 0, 0))
    for key, place in [*((key, "listening") for key in HEARING),
                       *((key, "chargeCard") for key in [*LEGAL, *CHARGING])]:
        now = shown(estate, key)
        equal((now["version"], now["place"]), (2, place), key)
    equal(shown(estate, NAPPING)["version"], 1)
    contains(estate.decided(f"mover:{LEGAL[0]}"),
             "operator ann: migrated from version 1 to version 2")


@case
def a_run_says_why_it_does_not_go_on():
    estate = shared()
    equal(estate.baton("migrate", str(estate.directory / "plan.yaml")).returncode, 0)
    done = migrate(STEPS, "--output", "json")
    equal(rows(done), [("nap, doze", "notNow", 1)])
    contains(json.loads(done.stdout)["runs"][0]["why"], "it is in 'both', a fork")


@case
def migrated_runs_end_by_the_new_version():
    estate = shared()
    for key in HEARING:
        estate.people.send(estate.topic("mover.calls"), {"id": key}, key=key)
    for key in [*HEARING, *LEGAL, *CHARGING]:
        answer(estate, key)
    for key in [*HEARING, *LEGAL, *CHARGING]:
        equal(estate.await_end("mover", key, 90).value.decode(), "by 2", key)
    told = json.loads(estate.baton("debug", f"mover:{CHARGING[0]}", "--output", "json").stdout)
    equal([step["event"].get("verb") for step in told["steps"] if "event" in step].count("migrate"),
          1)
    equal(told["state"]["version"], 2)


if __name__ == "__main__":
    run(shared.leave)
