"""Redis loses what it held, or goes away: sleeping runs, their timers and their undos do not.

Redis is the sleeping place; the snapshot topic is the truth. Each case puts runs to sleep with a
compensation stack and with timers, does its damage, and wakes them.
"""

import json
import os
import shutil
import tempfile
import time

import servers
import wait
from estate import PARTITIONS, Estate, Once
from participants import later, silent
from runner import case, equal, holds, run

SLEEPING = 16
NAP_S = 3
# A lane keeps in memory what is due within ten seconds: this one is known to Redis alone. It is
# awaited by the last case.
LONG_NAP_S = 15
LONG_NAPPERS = []
COUNTS = {"round": 0}
DIRECTORY = tempfile.mkdtemp(prefix="baton-redis-loss-")
REDIS = servers.Redis(DIRECTORY)


def start():
    REDIS.start()
    estate = Estate("redis", ["order-saga", "napper"], replace={"timeout: 15m": "timeout: 30m"},
                    servers=(os.environ["KAFKA_BROKERS"], REDIS.url)).__enter__()
    estate.start_workers(2)
    return estate


shared = Once(start)


def leave():
    shared.leave()
    REDIS.stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)


def a_round():
    COUNTS["round"] += 1
    return COUNTS["round"]


def put_to_sleep(estate):
    """Orders that wait for shipping, with two undos and a doubtful one; nappers with a near timer,
    with a far one, and with one in between. Gives (orders, near, far)."""
    number = a_round()
    orders = estate.orders([f"o{number}-{n}" for n in range(SLEEPING)],
                           lambda _: {"CreateShipment": silent})
    near = [f"n{number}-{n}" for n in range(SLEEPING)]
    far = [f"f{number}-{n}" for n in range(SLEEPING)]
    estate.begin_many("napper", near, nap=f"{NAP_S}s")
    estate.begin_many("napper", far, nap="1ms", listen=True)
    long = estate.begin_many("napper", [f"l{COUNTS['round']}-{n}" for n in range(4)],
                             nap=f"{LONG_NAP_S}s")
    LONG_NAPPERS.extend(long)
    for key in orders:
        estate.people.await_command(key, "CreateShipment")
    names = [*(f"order-saga:{key}" for key in orders), *(f"napper:{key}" for key in near + far + long)]
    estate.await_asleep(names)
    return orders, near, far


def wake(estate, sleeping):
    """Answer the orders with a refusal, call the far ones, wait for the near ones. All end well."""
    orders, near, far = sleeping
    for key in orders:
        command = estate.people.await_command(key, "CreateShipment")
        estate.people.send(estate.services["shipping"][1], {"ok": False},
                           headers={"correlation-id": command.record.header("correlation-id")})
    estate.people.send_many(estate.topic("napper.calls"), [(key, {"id": key}) for key in far])
    estate.people.flush()
    equal(set(estate.people.await_outcomes(orders, 60).values()), {"rejected"})
    equal(set(estate.people.await_outcomes(near + far, 60).values()), {"confirmed"})
    wrong = [key for key in orders if estate.people.done[key] != [
        "ReserveInventory", "CapturePayment", "RefundPayment", "ReleaseInventory"]]
    equal(wrong, [], "orders whose undos are not in reverse order")
    estate.await_sound(open_ok={f"napper:{key}" for key in LONG_NAPPERS})


@case
def undisturbed_sleepers_wake():
    estate = shared()
    wake(estate, put_to_sleep(estate))


@case
def redis_is_flushed():
    estate = shared()
    sleeping = put_to_sleep(estate)
    REDIS.command("FLUSHALL")
    wake(estate, sleeping)


@case
def some_keys_are_gone():
    """Not a loss of all: only what the counts tell."""
    estate = shared()
    sleeping = put_to_sleep(estate)
    asleep = estate.asleep()
    for key in sleeping[0][:4]:
        name = f"order-saga:{key}"
        equal(REDIS.command("DEL", f"{asleep[name].base}c:{name}"), 1, "stacks")
    for key in sleeping[2][:4]:
        name = f"napper:{key}"
        equal(REDIS.command("HDEL", f"{asleep[name].base}i", name), 1, "states")
    wake(estate, sleeping)


@case
def redis_is_killed_and_comes_back_with_its_file():
    estate = shared()
    sleeping = put_to_sleep(estate)
    REDIS.kill9()
    REDIS.start()
    wake(estate, sleeping)


@case
def redis_comes_back_with_a_file_that_lacks_its_end():
    """As after a crash of the machine with appendfsync everysec."""
    estate = shared()
    first = put_to_sleep(estate)
    wait.until(lambda: b"aof_pending_bio_fsync:0" in REDIS.command("INFO", "persistence"),
               10, "the file on disk")
    files = sorted((REDIS.directory / "appendonlydir").glob("*.incr.aof"))
    bytes_then = files[-1].stat().st_size
    second = put_to_sleep(estate)
    REDIS.kill9()
    with open(files[-1], "r+b") as file:
        file.truncate(bytes_then)
    REDIS.start()
    wake(estate, [one + other for one, other in zip(first, second)])


@case
def redis_comes_back_empty():
    estate = shared()
    sleeping = put_to_sleep(estate)
    REDIS.kill9()
    shutil.rmtree(REDIS.directory / "appendonlydir")
    REDIS.start()
    wake(estate, sleeping)


@case
def redis_is_away_while_orders_run():
    """What runs goes on in memory or waits; nothing is lost."""
    estate = shared()
    sleeping = put_to_sleep(estate)
    number = a_round()
    keys = estate.orders([f"r{number}-{n}" for n in range(40)],
                         lambda n: {"CreateShipment": later(1.5)} if n % 3 == 0 else {})
    REDIS.kill9()
    keys += estate.orders([f"s{number}-{n}" for n in range(40)])
    back = time.monotonic() + 4
    wait.until(lambda: time.monotonic() > back, 10, "Redis to have been away")
    for worker in estate.workers:
        holds(worker.alive(), f"{worker.name} ended\n{worker.process.log_tail()}")
    REDIS.start()
    equal(set(estate.people.await_outcomes(keys, 60).values()), {"confirmed"})
    estate.assert_settled(keys)
    wake(estate, sleeping)


@case
def redis_hangs_while_orders_run():
    estate = shared()
    sleeping = put_to_sleep(estate)
    number = a_round()
    keys = estate.orders([f"h{number}-{n}" for n in range(40)])
    REDIS.sigstop()
    keys += estate.orders([f"i{number}-{n}" for n in range(20)])
    back = time.monotonic() + 4
    wait.until(lambda: time.monotonic() > back, 10, "Redis to have hung")
    REDIS.sigcont()
    equal(set(estate.people.await_outcomes(keys, 60).values()), {"confirmed"})
    wake(estate, sleeping)


@case
def worker_takes_over_without_redis_and_waits_for_it():
    estate = shared()
    sleeping = put_to_sleep(estate)
    survivor, victim = estate.workers
    before = survivor.text().count("partition-assigned")
    REDIS.kill9()
    victim.kill9()
    wait.until(lambda: survivor.text().count("partition-assigned") >= before + PARTITIONS, 20,
               "the partitions to be given to the survivor")
    REDIS.start()
    estate.start_worker(victim.name)
    wake(estate, sleeping)


@case
def every_worker_and_redis_die_at_once():
    estate = shared()
    sleeping = put_to_sleep(estate)
    number = a_round()
    keys = estate.orders([f"d{number}-{n}" for n in range(40)])
    estate.people.await_outcomes(keys[:2], 30)
    for worker in list(estate.workers):
        worker.kill9()
    REDIS.kill9()
    shutil.rmtree(REDIS.directory / "appendonlydir")
    REDIS.start()
    estate.start_worker("w1")
    estate.start_worker("w2")
    equal(set(estate.people.await_outcomes(keys, 60).values()), {"confirmed"})
    wake(estate, sleeping)
    shown = json.dumps([estate.history(f"order-saga:{sleeping[0][0]}")["records"][-1]["to"]])
    holds("failed" in shown, shown)


@case
def timers_that_only_redis_knew_have_fired():
    estate = shared()
    equal(set(estate.people.await_outcomes(LONG_NAPPERS, 2 * LONG_NAP_S).values()), {"confirmed"})
    for key in LONG_NAPPERS:
        equal(len(estate.people.outcome[key]), 1, f"ends of {key}")
    estate.await_sound()


if __name__ == "__main__":
    run(leave)
