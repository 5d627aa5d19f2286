"""The main job on a real Kafka and a real Redis: orders go through on two workers, and are undone
when a step fails; replies that are missing, late, repeated or foreign; sleep and stop."""

import re

import records
import wait
from estate import Estate, Once
from participants import after_attempts, later, refuse, silent, twice
from runner import case, contains, equal, holds, run

FAR_KEY, FAR_S = "far-1", 30  # Longer than a lane keeps it in memory: Redis has to tell it.
WORKERS = []


def start():
    estate = Estate("saga", ["order-saga", "patient", "brief", "sleeper"]).__enter__()
    WORKERS.extend(estate.start_workers(2))
    estate.begin("sleeper", FAR_KEY, nap=f"{FAR_S}s")
    return estate


shared = Once(start)


# --- The order saga ------------------------------------------------------------------------------


@case
def order_goes_through_to_confirmed():
    estate = shared()
    estate.order("good-1")
    equal(estate.people.await_outcomes(["good-1"], 30), {"good-1": "confirmed"})
    word, value = estate.people.outcome["good-1"][0]
    equal(value, {"orderId": "good-1", "trackingId": "T-good-1"})
    equal(estate.people.done["good-1"], ["ReserveInventory", "CapturePayment", "CreateShipment"])


@case
def each_failing_step_is_undone_in_reverse_order():
    estate = shared()
    estate.order("none-left", {"ReserveInventory": refuse})
    estate.order("too-dear", {"CapturePayment": refuse})
    estate.order("no-carrier", {"CreateShipment": refuse})
    keys = ["none-left", "too-dear", "no-carrier"]
    equal(set(estate.people.await_outcomes(keys, 30).values()), {"rejected"})
    equal(estate.people.outcome["none-left"][0][1]["reason"], "none left")
    equal([command.type for command in estate.people.commands if command.key == "none-left"],
          ["ReserveInventory"])
    equal([command.type for command in estate.people.commands if command.key == "too-dear"],
          ["ReserveInventory", "CapturePayment", "ReleaseInventory"])
    equal([command.type for command in estate.people.commands if command.key == "no-carrier"],
          ["ReserveInventory", "CapturePayment", "CreateShipment", "RefundPayment",
           "ReleaseInventory"])
    estate.assert_settled(keys)


@case
def command_carries_its_headers():
    estate = shared()
    estate.order("heads-1", {"CreateShipment": refuse})
    estate.people.await_outcomes(["heads-1"], 30)
    charge = estate.people.await_command("heads-1", "CapturePayment")
    headers = {name: value.decode() for name, value in charge.record.headers.items()}
    instance, match = "order-saga:heads-1", re.fullmatch(r"\d+-\d+", headers["baton-run"])
    holds(match, f"no run id: {headers['baton-run']}")
    equal(headers["baton-instance"], instance)
    equal(headers["baton-step"], "charge")
    equal(headers["baton-attempt"], "1")
    equal(headers["message-type"], "CapturePayment")
    equal(headers["reply-topic"], estate.services["payments"][1])
    run = headers["baton-run"]
    holds(re.fullmatch(rf"{re.escape(estate.app)}~{instance}/{run}/\d+/\d+",
                       headers["correlation-id"]), headers["correlation-id"])
    holds(re.fullmatch(rf"{instance}/{run}/charge/\d+", headers["idempotency-key"]),
          headers["idempotency-key"])
    holds(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", headers["deadline"]),
          headers["deadline"])
    holds(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers["traceparent"]),
          headers["traceparent"])
    holds("baton-undo-of" not in headers, "a command that undoes nothing says it does")
    refund = estate.people.await_command("heads-1", "RefundPayment")
    equal(refund.record.header("baton-undo-of"), headers["idempotency-key"])
    holds(":undo/" in refund.record.header("idempotency-key"),
          refund.record.header("idempotency-key"))
    equal(refund.value, {"orderId": "heads-1", "paymentId": "P-heads-1"})
    equal(refund.record.header("traceparent")[:35], headers["traceparent"][:35], "one trace a run")


@case
def commands_land_where_java_clients_put_their_key():
    estate = shared()
    keys = estate.orders([f"place-{n}" for n in range(12)])
    estate.people.await_outcomes(keys, 30)
    for command in list(estate.people.commands):
        equal(command.record.partition, records.partition_of(command.record.key, 3), command.key)


@case
def strange_keys_are_keys():
    estate = shared()
    keys = ["a/b:c~d 1", "schlüssel-🔑", "x" * 500, "../../etc", "'; drop", "0", "{\"a\":1}"]
    for key in keys:
        estate.order(key)
    equal(set(estate.people.await_outcomes(keys, 40).values()), {"confirmed"})
    for key in keys[:2]:
        equal(estate.show(f"order-saga:{key}")["status"], "completed")


@case
def show_and_history_tell_what_happened():
    estate = shared()
    estate.order("told-1", {"CreateShipment": silent})
    command = estate.people.await_command("told-1", "CreateShipment")

    def waiting():
        shown = estate.show("order-saga:told-1")
        return shown if shown["waitsFor"] and shown["waitsFor"][0]["step"] == "ship" else None
    shown = wait.until(waiting, 20, "told-1 at ship")
    equal(shown["status"], "running")
    equal([entry["step"] for entry in shown["stack"]], ["reserve", "charge", "ship"])
    holds(any(timer["id"].startswith("attempt/") for timer in shown["timers"]), shown["timers"])
    table = estate.baton("show", "order-saga:told-1")
    equal(table.returncode, 0, table.stderr)
    for part in ("told-1", "ship", "running"):
        contains(table.stdout, part, "the table of show")
    history = estate.history("order-saga:told-1")
    sent = [sent["id"] for record in history["records"] for sent in record["commands"]]
    holds(command.record.header("correlation-id") in sent, f"{sent}")
    equal([record["seq"] for record in history["records"]],
          list(range(1, len(history["records"]) + 1)))
    table = estate.baton("history", "order-saga:told-1")
    for part in ("CapturePayment", "payments.replies", "order-saga:told-1"):
        contains(table.stdout, part, "the table of history")
    estate.people.send(estate.services["shipping"][1], {"ok": True, "trackingId": "T"},
                       headers={"correlation-id": command.record.header("correlation-id")})
    equal(estate.people.await_outcomes(["told-1"], 20), {"told-1": "confirmed"})


@case
def unknown_instance_and_bad_names_are_said_to_be_so():
    estate = shared()
    for command in ("show", "history"):
        unknown = estate.baton(command, "order-saga:never-seen")
        equal(unknown.returncode, 1, unknown.stderr)
        contains(unknown.stderr, "order-saga:never-seen")
        equal(estate.baton(command, "no-colon").returncode, 2)
        equal(estate.baton(command).returncode, 2)
        equal(estate.baton(command, "a:b", "--output", "xml").returncode, 2)


@case
def both_workers_have_a_share():
    estate = shared()
    owned = [set(re.findall(r"partition-ready.*? partition=(\d+)", worker.text()))
             for worker in WORKERS]
    holds(all(owned), f"a worker owns nothing: {owned}")
    keys = estate.orders([f"share-{n}" for n in range(40)])
    equal(set(estate.people.await_outcomes(keys, 40).values()), {"confirmed"})
    estate.assert_settled(keys)


@case
def repeated_start_does_not_charge_twice():
    estate = shared()
    estate.order("again-1", {"CapturePayment": later(1.5)})
    estate.people.await_command("again-1", "CapturePayment")
    estate.order("again-1", {"CapturePayment": later(1.5)})  # While it runs.
    estate.await_decided("order-saga:again-1", "started again while it runs")
    estate.people.await_outcomes(["again-1"], 30)
    estate.order("again-1")  # When it is done.
    wait.until(lambda: any(alert["kind"] == "unmatched"
                           for alert in estate.alerts("order-saga:again-1")),
               20, "the alert of the repeated start")
    estate.assert_settled(["again-1"])
    equal(len([c for c in estate.people.commands if c.key == "again-1"]), 3, "commands")


# --- Replies -------------------------------------------------------------------------------------


@case
def repeated_and_late_replies_change_nothing():
    estate = shared()
    estate.order("twice-1", {"ReserveInventory": twice, "CreateShipment": twice})
    equal(estate.people.await_outcomes(["twice-1"], 30), {"twice-1": "confirmed"})
    first = estate.people.await_command("twice-1", "ReserveInventory")
    estate.people.send(estate.services["inventory"][1], {"status": "OK"},
                       headers={"correlation-id": first.record.header("correlation-id")})
    wait.until(lambda: any("late reply" in alert["detail"]
                           for alert in estate.alerts("order-saga:twice-1")), 20,
               "the alert of the late reply")
    estate.assert_settled(["twice-1"])


@case
def foreign_replies_are_passed_over():
    estate = shared()
    before = len(estate.read("dlq"))
    for headers in ({"correlation-id": "another~order-saga:x/1-1/1/1"},
                    {"correlation-id": "8d3f-uuid"}, {}):
        estate.people.send(estate.services["inventory"][1], {"status": "OK"}, headers=headers)
        estate.people.send(estate.services["inventory"][1], b"\xff not json", headers=headers)
    # A reply of a business key that is not ours is nobody's, and no dead letter either.
    estate.people.send(estate.services["payments"][1], {"noOrder": 1})
    estate.order("after-foreign")
    estate.people.await_outcomes(["after-foreign"], 30)
    after = len(estate.read("dlq"))
    equal(after, before, "dead letters")


@case
def reply_by_business_key_needs_no_header():
    estate = shared()
    estate.order("plain-1", {"CapturePayment": silent})
    estate.people.await_command("plain-1", "CapturePayment")
    estate.people.send(estate.services["payments"][1],
                       {"orderId": "plain-1", "outcome": "CAPTURED", "paymentId": "P-9"})
    equal(estate.people.await_outcomes(["plain-1"], 20), {"plain-1": "confirmed"})


@case
def silent_service_is_asked_again_with_the_same_idempotency_key():
    estate = shared()
    estate.people.plans["retry-1"] = {"ReserveInventory": after_attempts(1)}
    estate.begin("patient", "retry-1")
    contains(estate.await_end("patient", "retry-1").value.decode(), '"done"')
    sent = [c for c in estate.people.commands if c.key == "retry-1"]
    equal([c.attempt for c in sent], [1, 2])
    equal(len({c.record.header("idempotency-key") for c in sent}), 1, "idempotency keys")
    equal(len({c.record.header("correlation-id") for c in sent}), 2, "command ids")


@case
def silence_to_the_end_fails_with_timeout():
    estate = shared()
    estate.people.plans["retry-2"] = {"ReserveInventory": silent}
    estate.begin("patient", "retry-2")
    contains(estate.await_end("patient", "retry-2").value.decode(), '"timeout"')
    equal([c.attempt for c in estate.people.commands if c.key == "retry-2"], [1, 2, 3])


@case
def reply_to_an_earlier_attempt_completes_the_step():
    estate = shared()
    estate.people.plans["retry-3"] = {"ReserveInventory": silent}
    estate.begin("patient", "retry-3")
    first = estate.people.await_command("retry-3", "ReserveInventory", 1)
    estate.people.await_command("retry-3", "ReserveInventory", 2)
    estate.people.send(estate.services["inventory"][1], {"status": "OK"},
                       headers={"correlation-id": first.record.header("correlation-id")})
    contains(estate.await_end("patient", "retry-3").value.decode(), '"done"')


@case
def flow_deadline_undoes_what_was_done():
    estate = shared()
    estate.begin("brief", "brief-1")
    contains(estate.await_end("brief", "brief-1").value.decode(), '"timeout"')
    equal(estate.people.done["brief-1"], ["ReserveInventory", "ReleaseInventory"])


# --- Sleep and stop ------------------------------------------------------------------------------


@case
def short_nap_ends_in_time():
    estate = shared()
    estate.begin("sleeper", "near-1", nap="4s")
    contains(estate.await_end("sleeper", "near-1", 30).value.decode(), "rested")
    times = [record["time"] for record in estate.history("sleeper:near-1")["records"]]
    holds(len(times) == 2, f"{times}")


@case
def worker_that_is_told_to_stop_ends_well_and_the_other_goes_on():
    estate = shared()
    first = WORKERS[0]
    keys = estate.orders([f"stop-{n}" for n in range(30)])
    equal(first.stop(), 0, f"exit code; {first.process.log_tail()}")
    equal(set(estate.people.await_outcomes(keys, 60).values()), {"confirmed"})
    estate.assert_settled(keys)


@case
def far_timer_sleeps_in_redis_and_fires():
    estate = shared()
    shown = estate.show(f"sleeper:{FAR_KEY}")
    if shown["status"] == "running":  # Unless the cases before took longer than its sleep.
        shelf = estate.asleep()[f"sleeper:{FAR_KEY}"]
        holds(any(name == f"sleeper:{FAR_KEY}" for name, _ in shelf.timers),
              f"timers in Redis: {shelf.timers}")
    contains(estate.await_end("sleeper", FAR_KEY, FAR_S + 20).value.decode(), "rested")
    start, fired = [record for record in estate.history(f"sleeper:{FAR_KEY}")["records"]][:2]
    equal(fired["cause"]["kind"], "timer")


@case
def checker_finds_nothing_in_all_of_it():
    estate = shared()
    view = estate.await_sound()
    holds(len(view.runs) > 80, f"only {len(view.runs)} runs were looked at")


if __name__ == "__main__":
    run(shared.leave)
