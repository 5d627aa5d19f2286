"""`baton debug`: a recorded run step by step, from the estate and from a file, and an edited flow on it."""

import json
import os
import subprocess

from estate import Estate, Once
from participants import refuse
from runner import case, contains, equal, holds, run

KEYS = ["seen-1", "undone-1"]


def start():
    estate = Estate("debug").__enter__()
    estate.start_workers(1)
    estate.order("seen-1")
    estate.order("undone-1", {"CreateShipment": refuse})
    equal(estate.people.await_outcomes(KEYS, 60), {"seen-1": "confirmed", "undone-1": "rejected"})
    for key in KEYS:
        done = estate.baton("debug", f"order-saga:{key}", "--record",
                            str(estate.directory / f"{key}.json"))
        equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    return estate


shared = Once(start)


def debug(key, *words):
    """Of a recording alone: no estate is asked."""
    return subprocess.run([os.environ["BATON"], "debug", str(shared().directory / f"{key}.json"),
                           *map(str, words)], capture_output=True, text=True, check=False,
                          timeout=60, stdin=subprocess.DEVNULL)


def edited(*changes):
    """The flow of the estate, with something else in it."""
    path = shared().directory / "flows" / "edited.yaml.txt"
    text = (shared().directory / "flows" / "order-saga.yaml").read_text()
    for old, new in changes:
        contains(text, old, "the flow")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def departs(*changes):
    done = debug("seen-1", "--with", edited(*changes))
    equal((done.returncode, done.stderr), (1, ""), done.stdout)
    return done.stdout


@case
def every_step_is_shown_with_what_it_changed():
    done = shared().baton("debug", "order-saga:undone-1")
    equal((done.returncode, done.stderr), (0, ""))
    contains(done.stdout, "reserve: attempt 1 sent")
    contains(done.stdout, "status   .: ")
    contains(done.stdout, '.charge = {"orderId":"undone-1"')
    contains(done.stdout, "stack    reserve#1 = \"pending\"")
    contains(done.stdout, "stack    reserve#1: \"pending\" -> \"armed\"")
    contains(done.stdout, "stack    reserve#1 is gone")
    contains(done.stdout, '"status": "failed"')


@case
def it_ends_at_the_step_that_is_named_with_the_whole_state():
    done = shared().baton("debug", "order-saga:seen-1", "--to", "2", "--output", "json")
    equal(done.returncode, 0, done.stderr)
    told = json.loads(done.stdout)
    equal([step["seq"] for step in told["steps"]], [1, 2])
    equal(told["state"]["waits"], {"charge#2": "awaiting-reply"})
    equal(told["state"]["stack"], {"reserve#1": "armed", "charge#2": "pending"})
    equal(told["state"]["data"]["reserve"]["reservationId"], "R-seen-1")


@case
def a_recording_tells_the_same_as_the_estate():
    for key in KEYS:
        live = shared().baton("debug", f"order-saga:{key}", "--output", "json")
        equal(json.loads(debug(key, "--output", "json").stdout), json.loads(live.stdout))


@case
def the_same_flow_does_not_depart():
    for key in KEYS:
        done = debug(key, "--with", edited())
        equal((done.returncode, done.stderr), (0, ""), done.stdout)
        contains(done.stdout, "the same is decided and sent")
    done = shared().baton("debug", "order-saga:seen-1", "--with", str(edited()))
    equal(done.returncode, 0, done.stdout + done.stderr)


@case
def an_edited_flow_departs_where_it_decides_or_sends_something_else():
    told = departs(("type: CapturePayment", "type: TakePayment"))
    contains(told, "departs at seq 2: it sends other things")
    contains(told, "payments.commands CapturePayment key seen-1 (charge)")
    contains(told, "payments.commands TakePayment key seen-1 (charge)")
    told = departs(('amount: "${ .total }"', 'amount: "${ .total * 2 }"'))
    contains(told, "departs at seq 2: it sends other content")
    contains(told, "value .amount: 42.5 -> 85")
    told = departs(("step: ship\n", "step: dispatch\n"), (".ship.", ".dispatch."))
    contains(told, "departs at seq 3: something else is decided")
    contains(told, "recorded: ship: attempt 1 sent")
    contains(told, "now:      dispatch: attempt 1 sent")
    told = departs(("emit: ordersConfirmed", "emit: ordersRejected"))
    contains(told, "departs at seq 4: it sends other things")


@case
def a_change_that_the_run_did_not_meet_is_none():
    done = debug("seen-1", "--with", edited(('reason: "${ $error.title }"', "reason: no")))
    equal(done.returncode, 0, done.stdout + done.stderr)
    done = debug("undone-1", "--with", edited(('reason: "${ $error.title }"', "reason: no")))
    equal(done.returncode, 1, done.stdout + done.stderr)
    contains(done.stdout, "value .reason: ")


@case
def what_is_wrong_is_said():
    equal(shared().baton("debug").returncode, 2)
    equal(shared().baton("debug", "order-saga:nobody").returncode, 1)
    equal(debug("nobody").returncode, 2)
    path = shared().directory / "broken.json"
    text = json.loads((shared().directory / "seen-1.json").read_text())
    del text["records"][1]
    path.write_text(json.dumps(text), encoding="utf-8")
    done = debug("broken")
    equal(done.returncode, 1)
    contains(done.stderr, "'seq' is 3 where 2 follows")
    path.write_text("{}", encoding="utf-8")
    contains(debug("broken").stderr, "it is no recording of this format")
    contains(shared().baton("debug", "nobody").stderr, "(an instance is <flow>:<key>)")
    contains(debug("seen-1", "--to", "999").stderr, "the run has come to seq ")
    holds("F101" in debug("seen-1", "--with", edited(("timeout: 2h", "timeoutt: 2h"))).stderr,
          "findings of the flow")


if __name__ == "__main__":
    run(shared.leave)
