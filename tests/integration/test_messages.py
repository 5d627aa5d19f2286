"""Messages of every sort: formats, keys, early and repeated ones; and what cannot be used, which
goes to the dead letters as it came."""

import json
import re

import wait
from estate import Estate, Once
from runner import case, contains, equal, holds, run


def start():
    estate = Estate("messages", ["order-saga", "letters", "approval"]).__enter__()
    estate.start_workers(1)
    return estate


shared = Once(start)


def dead_letters(estate, partition, offset, topic):
    """The dead letters of one source record."""
    def found():
        return [record for record in estate.read("dlq")
            if record.header("baton-dlq-topic") == topic
            and record.header("baton-dlq-partition") == str(partition)
            and record.header("baton-dlq-offset") == str(offset)]
    return wait.until(found, 20, f"the dead letter of {topic}/{partition}/{offset}")


# --- Signals -------------------------------------------------------------------------------------


@case
def signals_reach_the_steps_that_listen_for_them():
    estate = shared()
    estate.begin("approval", "a-1")

    def signal(name, data):
        done = estate.baton("signal", "approval:a-1", name, "--data", data, "--actor", "eve")
        equal(done.returncode, 0, done.stderr)

    wait.until(lambda: estate.baton("history", "approval:a-1").returncode == 0, 20,
               "the start of approval:a-1", every_s=0.2)
    signal("approve", '{"level": 1}')
    estate.await_decided("approval:a-1", "signal approve: no step listens for it")
    signal("signed", '"early"')
    estate.await_decided("approval:a-1", "signal signed: kept until a step listens for it")
    signal("approve", '{"level": 2}')
    estate.people.send(estate.topic("approval.papers"), {"for": "a-1", "page": 7})
    for vote in ["1", "20", "300"]:
        signal("vote", vote)
    equal(estate.await_end("approval", "a-1").value.decode(), "boss/7/early/321")
    causes = [record["cause"] for record in estate.history("approval:a-1")["records"]
              if record["cause"]["kind"] == "operator"]
    equal({cause["actor"] for cause in causes}, {"eve"})
    equal(sorted({cause["id"] for cause in causes}), ["approve", "signed", "vote"])


@case
def signal_that_nobody_can_take_is_told():
    estate = shared()
    done = estate.baton("signal", "approval:a-2", "aprove")
    equal(done.returncode, 1)
    contains(done.stderr, "listens for no signal 'aprove'; it knows 'approve', 'refuse'")
    equal(estate.baton("signal", "nothing:a-2", "approve").returncode, 1)
    equal(estate.baton("signal", "approval:a-2", "approve", "--data", "{").returncode, 2)
    equal(estate.baton("signal", "approval:nobody", "approve").returncode, 0)
    wait.until(lambda: any(b"signal approve of " in record.value for record in estate.read("alerts")
                           if record.key == b"approval:nobody"), 20, "the alert of the signal")


# --- Messages ------------------------------------------------------------------------------------


def send_letters(estate, key, approved=True):
    send = estate.people.send
    send(estate.topic("letters.approvals"), {"for": key, "approved": approved, "by": "Ann"})
    send(estate.topic("letters.notes"), "grüße ${ .x }".encode(), headers={"about": key})
    send(estate.topic("letters.blobs"), b"\x00\xff\x01", key=key)


@case
def strings_and_bytes_are_taken_as_they_are():
    estate = shared()
    estate.begin("letters", "form-1")
    send_letters(estate, "form-1")
    equal(estate.await_end("letters", "form-1").value.decode(), "Ann/grüße ${ .x }/AP8B")


@case
def message_that_is_early_waits_for_its_start():
    estate = shared()
    send_letters(estate, "early-1")
    wait.until(lambda: estate.baton("history", "letters:early-1").returncode == 0, 20,
               "letters:early-1 in the mailbox", every_s=0.2)
    estate.await_decided("letters:early-1", "kept until a step listens")
    estate.begin("letters", "early-1")
    contains(estate.await_end("letters", "early-1").value.decode(), "Ann/")


@case
def message_that_the_condition_refuses_does_not_count():
    estate = shared()
    estate.begin("letters", "cond-1")
    estate.people.send(estate.topic("letters.approvals"),
                       {"for": "cond-1", "approved": False, "by": "Bob"})
    send_letters(estate, "cond-1")
    contains(estate.await_end("letters", "cond-1").value.decode(), "Ann/")


@case
def repeated_message_id_is_ignored():
    estate = shared()
    estate.begin("letters", "ids-1")
    for _ in range(2):
        estate.people.send(estate.topic("letters.approvals"),
                           {"for": "ids-1", "approved": True, "by": "Ann"},
                           headers={"message-id": "m-1"})
    estate.await_decided("letters:ids-1", "id m-1")
    estate.people.send(estate.topic("letters.notes"), b"n", headers={"about": "ids-1"})
    estate.people.send(estate.topic("letters.blobs"), b"b", key="ids-1")
    estate.await_end("letters", "ids-1")


@case
def key_that_is_forgotten_may_run_again():
    estate = shared()  # form-1 ran above, and is remembered for two seconds only.

    def second_run():
        runs = {record.key.rpartition(b"/")[0] for record in estate.read("history")
                if record.key.startswith(b"letters:form-1/")}
        if len(runs) < 2:
            estate.begin("letters", "form-1")
        return len(runs) == 2
    wait.until(second_run, 30, "a second run of letters:form-1", every_s=0.7)
    send_letters(estate, "form-1")
    wait.until(lambda: estate.show("letters:form-1")["status"] == "completed", 20,
               "the end of the second run", every_s=0.2)


# --- What cannot be used -------------------------------------------------------------------------


def assert_dead(estate, value, reason, **record):
    topic = estate.topic("orders.created")
    partition, offset = estate.people.send(topic, value, **record)
    letters = dead_letters(estate, partition, offset, topic)
    equal(len(letters), 1, "dead letters of one record")
    letter = letters[0]
    contains(letter.header("baton-dlq-reason"), reason, "the reason")
    equal(letter.header("baton-dlq-flow"), "order-saga")
    holds(re.fullmatch(r"\d+/\d+", letter.header("baton-dlq-inbox")), "no place of the inbox")
    holds(letter.header("baton-dlq-timestamp").isdigit(), "no timestamp")
    key = record.get("key")
    equal(letter.key, key.encode() if isinstance(key, str) else key, "its key")
    return letter


@case
def unusable_records_go_to_the_dead_letters_with_their_bytes():
    estate = shared()
    deep = b"[" * 5000 + b"]" * 5000
    for value, reason in ((b"{not json", ""), (b"\xc3\x28", ""), (deep, ""), (b"", ""),
                          (b'{"orderId": null}', "orderId"), (b'{"orderId": [1]}', "orderId"),
                          (b'{}', "orderId"), (b'"text"', ""), (b'{"orderId": ""}', ""),
                          (b'{"orderId": "' + b"k" * 513 + b'"}', "512"),
                          (b'{"orderId": "x"} trailing', "")):
        letter = assert_dead(estate, value, reason, key="as-it-was",
                             headers={"mine": b"\x00\xff", "other": b"x"})
        equal(letter.value, value, "its value")
        equal(letter.headers["mine"], b"\x00\xff", "its header")
    estate.order("after-poison")  # The partitions went on.
    equal(estate.people.await_outcomes(["after-poison"], 20), {"after-poison": "confirmed"})


@case
def record_without_a_key_of_its_own_is_a_record_too():
    estate = shared()
    letter = assert_dead(estate, b"nonsense", "")
    equal(letter.key, None)


@case
def oversize_record_leaves_a_stub():
    estate = shared()
    value = json.dumps({"orderId": "big-1", "pad": "x" * (300 * 1024)}).encode()
    letter = assert_dead(estate, value, "bytes", key="big-1")
    equal(letter.value, None, "its value")


@case
def tombstones_are_skipped():
    estate = shared()
    before = len(estate.read("inbox"))
    estate.people.send(estate.topic("orders.created"), None, key="gone-1")
    estate.order("gone-1")
    estate.people.await_outcomes(["gone-1"], 20)
    after = len(estate.read("inbox"))
    equal(after - before, 4, "inbox records of one order")


@case
def checker_finds_nothing_in_all_of_it():
    estate = shared()
    view = estate.await_sound()
    holds(len(view.runs) > 6, f"only {len(view.runs)} runs were looked at")


if __name__ == "__main__":
    run(shared.leave)
