"""A worker that was frozen longer than its session, and then goes on as if nothing had happened."""

import signal
import time
from datetime import datetime

import records
import wait
from estate import PARTITIONS, Estate, Once
from participants import later, refuse, silent
from runner import case, contains, equal, holds, run

ORDERS = 60
SLEEPERS = 24
COUNTS = {"round": 0}


def start():
    estate = Estate("zombie", ["order-saga", "napper", "hasty"]).__enter__()
    estate.start_worker("steady").await_event("worker-up")
    return estate


shared = Once(start)


def steady():
    return next(worker for worker in shared().workers if worker.name == "steady")


def plans(number):
    if number % 4 == 0:
        return {"CreateShipment": refuse}
    return {"CreateShipment": later(1.6)} if number % 6 == 1 else {}


def send_orders(estate):
    COUNTS["round"] += 1
    return estate.orders([f"{COUNTS['round']}-{number}" for number in range(ORDERS)], plans)


def await_take_over(estate, owner, seconds=30):
    """Until the last word on every partition is `owner`'s."""
    def all_his():
        last = {commit.partition: commit.metadata for commit in records.commits(
            estate.brokers, f"{estate.app}.exec", f"{estate.app}.inbox")}
        return len(last) == PARTITIONS and all(
            f" {estate.app}.{owner}." in metadata for metadata in last.values())
    wait.until(all_his, seconds, f"all partitions with {owner}", every_s=0.2)


def freeze_at(fault):
    """A zombie in the middle of its transaction; the other takes over; the zombie wakes up."""
    estate = shared()
    zombie = estate.start_worker("zombie", fault=fault, freeze=True)
    zombie.await_event("partition-ready")
    zombie.arm()
    keys = send_orders(estate)
    zombie.await_frozen()
    await_take_over(estate, "steady")
    words = estate.people.await_outcomes(keys, 60)
    zombie.process.thaw()
    equal(sum(word == "rejected" for word in words.values()), ORDERS // 4, "rejected orders")
    keys = send_orders(estate)  # It takes its share again, or ends.
    estate.people.await_outcomes(keys, 60)
    estate.await_sound()
    estate.assert_settled()
    holds(zombie.alive(), f"the zombie ended\n{zombie.process.log_tail()}")
    equal(zombie.stop(), 0, "exit code")


@case
def frozen_before_its_transaction_begins():
    freeze_at("before-begin:3")


@case
def frozen_with_records_produced():
    freeze_at("after-flush:3")


@case
def frozen_before_it_commits():
    freeze_at("after-send-offsets:3")


@case
def frozen_after_it_has_committed():
    freeze_at("after-commit:3")


@case
def frozen_while_redis_is_changed():
    freeze_at("before-apply:2")


@case
def frozen_router_forwards_nothing_twice():
    """Its late records are below the watermarks."""
    estate = shared()
    zombie = estate.start_worker("zombie", fault="router-after-send:2", freeze=True)
    zombie.await_event("router-session")
    keys = send_orders(estate)
    zombie.arm()
    keys += send_orders(estate)
    zombie.await_frozen()
    estate.people.await_outcomes(keys, 60)
    zombie.process.thaw()
    keys = send_orders(estate)
    estate.people.await_outcomes(keys, 60)
    estate.await_sound()
    estate.assert_settled()
    equal(zombie.stop(), 0, "exit code")


@case
def frozen_when_only_timers_fire():
    """Rule 1: the turn of a timer moves no offset, and is fenced all the same."""
    estate = shared()
    zombie = estate.start_worker("zombie", fault="before-begin:1", freeze=True)
    zombie.await_event("partition-ready")
    keys = estate.begin_many("napper", [f"nap-{n}" for n in range(SLEEPERS)], nap="5s")

    def asleep():
        done = {record.key for record in estate.read("snapshot")}
        return all(f"napper:{key}".encode() in done for key in keys)
    wait.until(asleep, 5, "the sleepers to sleep")
    zombie.arm()
    zombie.await_frozen()
    await_take_over(estate, "steady")
    estate.people.await_outcomes(keys, 40)
    zombie.process.thaw()
    order = send_orders(estate)
    estate.people.await_outcomes(order, 60)
    view = estate.await_sound()
    woken = [record.key for record in view.raw[estate.topic("orders.confirmed")]
             if record.key.startswith(b"nap-")]
    equal(sorted(woken), sorted(key.encode() for key in keys), "woken once each")
    equal(zombie.stop(), 0, "exit code")


@case
def frozen_at_random_under_load():
    estate = shared()
    zombie = estate.start_worker("zombie")
    zombie.await_event("partition-ready")
    keys = send_orders(estate)
    estate.people.await_outcomes(keys[:3], 30)
    zombie.process.send(signal.SIGSTOP)
    await_take_over(estate, "steady")
    estate.people.await_outcomes(keys, 60)
    zombie.process.thaw()
    estate.people.await_outcomes(send_orders(estate), 60)
    estate.await_sound()
    estate.assert_settled()
    equal(zombie.stop(), 0, "exit code")


@case
def two_processes_with_one_name_do_no_harm():
    """One of them is fenced and says so; the orders go through once."""
    estate = shared()
    first = estate.start_worker("namesake")
    first.await_event("partition-ready")
    second = estate.start_worker("namesake")

    def one_gives_up():
        estate.people.await_outcomes(send_orders(estate), 60)
        return not first.alive() or not second.alive()
    wait.until(one_gives_up, 60, "the end of one of them")
    loser, winner = (first, second) if not first.alive() else (second, first)
    equal(loser.process.exit_code(), 3, f"exit code\n{loser.process.log_tail()}")
    contains(loser.text(), "under the same name", "its log")
    estate.await_sound()
    estate.assert_settled()
    winner.kill9()


@case
def deadline_that_passed_while_frozen_does_not_beat_a_reply_that_was_in_time():
    estate = shared()
    key = "in-time"
    estate.people.plans[key] = {"CreateShipment": silent}
    estate.begin("hasty", key)
    command = estate.people.await_command(key, "CreateShipment")
    deadline = datetime.fromisoformat(command.record.header("deadline").replace("Z", "+00:00"))
    steady().process.send(signal.SIGSTOP)
    estate.people.send(estate.services["shipping"][1], {"ok": True, "trackingId": "T-1"},
                       headers={"correlation-id": command.record.header("correlation-id")})
    wait.until(lambda: time.time() > deadline.timestamp() + 1, 10, "the deadline to pass")
    steady().process.thaw()
    equal(estate.people.await_outcomes([key], 30), {key: "confirmed"})


if __name__ == "__main__":
    run(shared.leave)
