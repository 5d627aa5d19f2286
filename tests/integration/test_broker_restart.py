"""The broker is restarted, killed or frozen under load. A broker of this test's own."""

import os
import shutil
import tempfile
import time

import servers
import wait
from estate import Estate, Once
from participants import later, refuse
from runner import case, equal, holds, run

ORDERS = 80


COUNTS = {"round": 0}
DIRECTORY = tempfile.mkdtemp(prefix="baton-broker-")
KAFKA = servers.Kafka(DIRECTORY)


def start():
    KAFKA.start()
    estate = Estate("broker", servers=(KAFKA.address, os.environ["REDIS_URL"])).__enter__()
    estate.start_workers(2)
    return estate


shared = Once(start)


def leave():
    shared.leave()
    KAFKA.stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)


def plans(number):
    return {0: {"CreateShipment": refuse}, 1: {"CapturePayment": refuse},
            2: {"CreateShipment": later(1.5)}}.get(number % 6, {})


def under_load(trouble):
    """Half of the orders before the trouble, half after it has begun."""
    estate = shared()
    COUNTS["round"] += 1
    number = COUNTS["round"]
    keys = estate.orders([f"{number}a-{n}" for n in range(ORDERS)], plans)
    estate.people.await_outcomes(keys[3:8], 30)  # In full swing.
    trouble()
    estate.people.send_anew()
    keys += estate.orders([f"{number}b-{n}" for n in range(ORDERS)], plans)
    words = estate.people.await_outcomes(keys, 90)
    equal(sum(word == "rejected" for word in words.values()),
          2 * sum(n % 6 < 2 for n in range(ORDERS)), "rejected orders")
    estate.await_sound(40)
    estate.assert_settled(keys)
    for worker in estate.workers:
        holds(worker.alive(), f"{worker.name} ended\n{worker.process.log_tail()}")


@case
def broker_is_restarted():
    under_load(KAFKA.restart)


@case
def broker_is_killed_and_comes_back():
    """It takes longer than the session of the workers."""
    def kill():
        KAFKA.kill9()
        KAFKA.start()
    under_load(kill)


@case
def broker_hangs():
    def hang():
        KAFKA.sigstop()
        back = time.monotonic() + 5
        wait.until(lambda: time.monotonic() > back, 10, "the broker to have hung")
        KAFKA.sigcont()
    under_load(hang)


@case
def worker_dies_while_the_broker_is_away():
    def both():
        victim = shared().workers[0]
        KAFKA.kill9()
        victim.kill9()
        KAFKA.start()
        shared().start_worker(victim.name)
    under_load(both)


if __name__ == "__main__":
    run(leave)
