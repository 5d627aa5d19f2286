"""Services that are limited, on two workers: what one worker counts holds for the other too, and what is
lost with Redis or with a worker holds nobody up.
"""

import json
import os
import shutil
import tempfile
import time

import servers
import wait
from estate import Estate, Once
from participants import Reply, silent
from runner import case, contains, equal, holds, run

DIRECTORY = tempfile.mkdtemp(prefix="baton-limits-")
REDIS = servers.Redis(DIRECTORY)
WORK_S = 0.2


def works(_):
    return [Reply({"ok": True}, after_s=WORK_S)]


def start():
    REDIS.start()
    estate = Estate("limits", ["limited"], servers=(os.environ["KAFKA_BROKERS"], REDIS.url)).__enter__()
    estate.people.default = works
    estate.start_workers(2)
    return estate


shared = Once(start)


def leave():
    shared.leave()
    REDIS.stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)


def begin(estate, word, count, what, plan=works, **fields):
    keys = [f"{word}-{number}" for number in range(count)]
    for key in keys:
        estate.people.plans[key] = {kind: plan for kind in ("Place", "Token", "Fuse")}
    return estate.begin_many("limited", keys, what=what, **fields)


def errors(estate, keys):
    """{key: error} of the runs that have ended."""
    return {record.key.decode(): json.loads(record.value)["error"]
            for record in estate.read(estate.topic("limited.ended")) if record.key.decode() in keys}


def await_ends(estate, keys, seconds=60):
    wait.until(lambda: len(errors(estate, keys)) == len(keys), seconds, f"the ends of {keys}", every_s=0.3)
    return errors(estate, keys)


def sent(estate, keys):
    return [command for command in estate.people.commands if command.key in keys]


def held(estate, service):
    with estate.redis() as redis:
        return redis("ZCARD", f"{{{estate.app}:~limit:{service}}}:p")


@case
def workers_share_the_places_of_a_service():
    estate = shared()
    keys = begin(estate, "p", 12, "place")
    equal(set(await_ends(estate, keys).values()), {None}, "errors")
    # From when its command was made to when its answer was: within the time that it holds its place.
    spans = [(command.sent_s, estate.people.replied_s[command.record.header("correlation-id")])
             for command in sent(estate, keys)]
    equal(len(spans), 12, "commands")
    for begun, _ in spans:
        at_once = sum(other <= begun < end for other, end in spans)
        holds(at_once <= 2, f"{at_once} requests at once, two are allowed")
    wait.until(lambda: held(estate, "inventory") == 0, 30, "all places given back")


@case
def workers_share_the_rate_of_a_service():
    estate = shared()
    keys = begin(estate, "t", 12, "token")
    equal(set(await_ends(estate, keys).values()), {None}, "errors")
    times = sorted(command.sent_s for command in sent(estate, keys))
    equal(len(times), 12, "commands")
    holds(times[-1] - times[0] > 11 * 0.2 - 0.5, f"12 commands in {times[-1] - times[0]:.2f} s")


@case
def who_has_waited_for_his_timeout_fails_and_was_never_sent():
    estate = shared()
    first = begin(estate, "h", 2, "place", silent, within="6s")
    for key in first:
        estate.people.await_command(key, "Place")
    late = begin(estate, "l", 2, "place", works, within="1s")
    equal(set(await_ends(estate, late).values()), {"rate-limited"}, "errors of who came late")
    equal(sent(estate, late), [], "commands of who came late")
    shown = estate.baton("show", f"limited:{first[0]}").stdout
    holds("permit" not in shown, f"who has a permit does not wait for one: {shown}")
    waiting = begin(estate, "w", 1, "place", works)
    estate.await_decided(f"limited:{waiting[0]}", "waits for a permit of inventory")
    shown = estate.baton("show", f"limited:{waiting[0]}").stdout
    if not errors(estate, waiting):  # Unless the machine was so slow that it has its place by now.
        contains(shown, "waiting for a permit of inventory", "what show says")
    equal(await_ends(estate, waiting)[waiting[0]], None, "error of who waited")
    equal(set(await_ends(estate, first).values()), {"timeout"}, "errors of who was not answered")


@case
def a_breaker_opens_for_all_workers_and_closes_again():
    estate = shared()
    equal(set(await_ends(estate, begin(estate, "f", 4, "fuse", silent, within="1s")).values()),
          {"timeout"}, "errors of who found the service silent")
    opened = time.monotonic()
    refused = begin(estate, "o", 6, "fuse", works)
    found = await_ends(estate, refused)
    if time.monotonic() - opened < 3:  # On a slow machine it may be trying again by now.
        equal(set(found.values()), {"breaker-open"}, "errors while it is open")
        equal(sent(estate, refused), [], "commands while it is open")

    def probed():
        key = f"g-{time.monotonic_ns()}"
        estate.people.plans[key] = {"Fuse": works}
        estate.begin_many("limited", [key], what="fuse")
        return await_ends(estate, [key])[key] is None
    wait.until(probed, 60, "a request that gets through", every_s=0.5)
    equal(set(await_ends(estate, begin(estate, "c", 6, "fuse", works)).values()), {None},
          "errors when it is closed")


@case
def who_waits_is_not_held_up_by_a_redis_that_forgot_all():
    estate = shared()
    first = begin(estate, "a", 2, "place", silent, within="20s")
    for key in first:
        estate.people.await_command(key, "Place")
    waiting = begin(estate, "b", 2, "place", works, within="18s")
    for key in waiting:
        estate.await_decided(f"limited:{key}", "waits for a permit")
    with estate.redis() as redis:
        redis("FLUSHALL")
    equal(set(await_ends(estate, waiting).values()), {None}, "errors of who waited")


@case
def a_killed_worker_holds_no_place_for_longer_than_its_lease():
    estate = shared()
    keys = begin(estate, "k", 2, "place", silent, within="3s")
    for key in keys:
        estate.people.await_command(key, "Place")
    estate.workers[0].kill9()
    estate.start_worker("heir")
    begun = time.monotonic()
    waiting = begin(estate, "q", 1, "place", works)
    equal(await_ends(estate, waiting)[waiting[0]], None, "error of who came after")
    holds(time.monotonic() - begun < 40, "it waited for much longer than the lease")
    wait.until(lambda: held(estate, "inventory") == 0, 60, "all places free again", every_s=0.5)


@case
def who_waits_is_not_held_up_by_a_redis_that_is_gone():
    estate = shared()
    first = begin(estate, "d", 2, "place", silent, within="8s")
    for key in first:
        estate.people.await_command(key, "Place")
    waiting = begin(estate, "e", 2, "place", works, within="18s")
    for key in waiting:
        estate.await_decided(f"limited:{key}", "waits for a permit")
    REDIS.kill9()
    try:
        for key in waiting:
            estate.people.await_command(key, "Place")
    finally:
        REDIS.start()
    equal(set(await_ends(estate, waiting).values()), {None}, "errors of who waited")


if __name__ == "__main__":
    run(leave)
