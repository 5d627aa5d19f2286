"""What a worker shows by HTTP is true: counters equal what happened, also after kill -9; promtool and
docs/metrics.md agree with it; health and readiness say what is so."""

import json
import re
import subprocess

from confluent_kafka import Consumer, TopicPartition

import process
import records
import scrape
import wait
from estate import Estate, Once
from participants import after_attempts, refuse, silent
from runner import case, contains, equal, holds, run
from worker import BATON

ORDERS = 60
MARK = "payload-marked-4711"
SPACE = "checkpoint: {idle: 200ms, max: 2s}\n"


ADDRESS = f"127.0.0.1:{process.free_port()}"


def start():
    estate = Estate("metrics", ["order-saga", "patient"],
                    config=f"{SPACE}http: {ADDRESS}\n").__enter__()
    worker = estate.start_worker()
    worker.await_event("http-up")
    ready, missing = scrape.ready(ADDRESS)
    holds(not ready and missing, "it is ready before anything was assigned")
    wait.until(lambda: scrape.ready(ADDRESS)[0], 40, "a ready worker")
    return estate


shared = Once(start)


def await_ended(count):
    """The metrics once so many orders have ended."""
    def ended():
        now = scrape.metrics(ADDRESS)
        total = now.total("baton_runs_ended_total", flow="order-saga")
        holds(total <= count, f"{total} orders ended, there were {count}")
        return now if total == count else None
    return wait.until(ended, 40, f"{count} ended orders in the metrics")


def order_some(estate, word):
    keys = estate.orders([f"{word}-{n}" for n in range(ORDERS)],
                         lambda n: {"CreateShipment": refuse} if n % 5 == 0
                         else {"CapturePayment": refuse} if n % 7 == 0 else {})
    estate.people.await_outcomes(keys, 60)


REFUSED_LATE = sum(n % 5 == 0 for n in range(ORDERS))
REFUSED_EARLY = sum(n % 7 == 0 and n % 5 != 0 for n in range(ORDERS))
FAILED = REFUSED_LATE + REFUSED_EARLY


@case
def counters_equal_what_happened():
    estate = shared()
    order_some(estate, "first")
    now = await_ended(ORDERS)
    flow = {"flow": "order-saga"}
    equal(now.value("baton_runs_started_total", **flow), ORDERS)
    equal(now.value("baton_runs_ended_total", status="failed", **flow), FAILED)
    equal(now.value("baton_runs_ended_total", status="completed", **flow), ORDERS - FAILED)
    topics = {name: {"topic": topics[0]} for name, topics in estate.services.items()}
    step, undo = {"kind": "step"}, {"kind": "undo"}
    equal(now.value("baton_commands_total", **topics["inventory"], **step), ORDERS)
    equal(now.value("baton_commands_total", **topics["inventory"], **undo), FAILED)
    equal(now.value("baton_commands_total", **topics["payments"], **step), ORDERS)
    equal(now.value("baton_commands_total", **topics["payments"], **undo), REFUSED_LATE)
    equal(now.value("baton_commands_total", **topics["shipping"], **step), ORDERS - REFUSED_EARLY)
    equal(now.value("baton_emits_total", topic=estate.outcomes["confirmed"]), ORDERS - FAILED)
    equal(now.value("baton_emits_total", topic=estate.outcomes["rejected"]), FAILED)
    records_in = ORDERS + now.total("baton_commands_total")  # A start each, a reply a command.
    equal(now.value("baton_inbox_records_total", outcome="applied"), records_in)
    equal(now.total("baton_inbox_records_total"), records_in)
    equal(now.value("baton_router_records_total", outcome="forwarded"), records_in)
    equal(now.value("baton_batch_records_sum"), records_in)
    equal(now.value("baton_batch_records_count"), now.value("baton_transactions_total"))
    equal(now.value("baton_commit_seconds_count"), now.value("baton_transactions_total"))
    equal(now.total("baton_runs"), 0, "open runs")
    equal(now.value("baton_redis_up"), 1)
    holds(now.value("baton_commit_seconds_sum") > 0, "commits take no time")


@case
def strange_records_are_counted_where_they_end():
    estate = shared()
    before = scrape.metrics(ADDRESS)
    source = estate.topic("orders.created")
    estate.people.send(source, {"no": "key at all"}, key=None)
    estate.order("first-1")  # Has ended and is remembered.
    estate.people.producer.produce(source, value=b"{ not json", key=b"p")
    estate.people.flush()

    def counted():
        now = scrape.metrics(ADDRESS)
        more = {name: now.value("baton_inbox_records_total", outcome=name) -
                before.value("baton_inbox_records_total", outcome=name)
                for name in ("poison", "unkeyed", "late")}
        return more == {"poison": 1, "unkeyed": 1, "late": 1} and now
    now = wait.until(counted, 20, "a poison, an unkeyed and a late record")
    equal(now.value("baton_dead_letters_total") - before.value("baton_dead_letters_total"), 2)
    equal(now.value("baton_alerts_total", kind="unmatched"), 1)


@case
def open_runs_timers_and_retries_are_seen():
    estate = shared()
    before = scrape.metrics(ADDRESS)
    estate.people.plans["retry-1"] = {"ReserveInventory": after_attempts(2)}
    estate.begin("patient", "retry-1")
    estate.people.await_command("retry-1", "ReserveInventory", attempt=2)
    open_now = scrape.metrics(ADDRESS)
    holds(open_now.total("baton_runs", flow="patient") + open_now.value("baton_sleeping_runs") >= 1,
          "no run is open")
    estate.await_end("patient", "retry-1")

    def ended():
        now = scrape.metrics(ADDRESS)
        return now.total("baton_runs_ended_total", flow="patient") == 1 and now
    now = wait.until(ended, 20, "the end of the run in the metrics")
    topic = estate.services["inventory"][0]

    def more(name, **labels):
        return now.value(name, **labels) - before.value(name, **labels)
    equal(more("baton_commands_total", topic=topic, kind="step"), 3)
    equal(more("baton_command_retries_total", topic=topic), 2)
    equal(more("baton_timers_fired_total", kind="attempt"), 2)
    equal(more("baton_timers_fired_total", kind="backoff"), 2)
    equal(more("baton_timer_lateness_seconds_count", **{"class": "deadline"}), 2)
    equal(more("baton_timer_lateness_seconds_count", **{"class": "delay"}), 2)


@case
def lag_of_a_service_is_what_its_group_has_not_committed():
    estate = shared()
    topic, group = estate.services["inventory"][0], estate.topic("inventory.group")
    reader = Consumer({"bootstrap.servers": estate.brokers, "group.id": group,
                       "enable.auto.commit": False})
    try:
        places = [TopicPartition(topic, number)
                  for number in reader.list_topics(topic, timeout=20).topics[topic].partitions]
        for place in places:
            place.offset = reader.get_watermark_offsets(place, timeout=20)[1]
        max(places, key=lambda place: place.offset).offset -= 2
        reader.commit(offsets=places, asynchronous=False)
    finally:
        reader.close()
    wait.until(lambda: scrape.metrics(ADDRESS).total("baton_service_lag_records", group=group,
                                                     topic=topic) == 2, 40, "a lag of 2 commands")


@case
def promtool_finds_nothing_to_say():
    shared()
    equal(scrape.promtool("check", "metrics", text=scrape.metrics(ADDRESS).text), (0, ""))


@case
def every_metric_is_documented_and_every_documented_one_is_there():
    shared()
    wait.until(lambda: "baton_inbox_lag_records" in scrape.metrics(ADDRESS).types, 30, "a sample of lag")
    now = scrape.metrics(ADDRESS)
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|",
                      (records.SOURCE / "docs" / "metrics.md").read_text(), re.MULTILINE)
    documented = {name: (kind, set(filter(None, re.split(r"[, ]+", labels.strip()))))
                  for name, kind, labels in rows}
    shown = now.families()
    equal(set(documented) ^ set(shown), set(), "documented or shown alone")
    for name, (kind, labels) in documented.items():
        equal(now.types[name], kind, name)
        if shown[name]:
            equal(shown[name], labels, f"labels of {name}")
    equal(set(now.helps), set(now.types), "HELP and TYPE")


@case
def payloads_are_not_logged_at_level_info():
    estate = shared()
    estate.order("secret-1", customer=MARK)
    estate.people.send(estate.topic("orders.created"), {"nothing": MARK}, key=None)
    estate.people.producer.produce(estate.topic("orders.created"), value=f"{{ {MARK}".encode())
    estate.people.await_outcomes(["secret-1"], 30)
    holds(MARK not in estate.workers[-1].text(), "the log holds a payload")


@case
def after_kill_9_counters_begin_anew_and_stay_true():
    estate = shared()
    keys = estate.orders([f"open-{n}" for n in range(10)], lambda n: {"CreateShipment": silent})
    for key in keys:
        estate.people.await_command(key, "CreateShipment")
    estate.workers[-1].kill9()
    worker = estate.start_worker()
    worker.await_event("http-up")
    wait.until(lambda: scrape.ready(ADDRESS)[0], 60, "a ready successor")
    now = scrape.metrics(ADDRESS)
    equal(now.value("baton_runs_started_total", flow="order-saga"), 0, "started by the successor")
    for (name, labels), value in now.samples.items():
        holds(0 <= value < 1e15 or value != value, f"{name} {dict(labels)} is {value}")
    order_some(estate, "second")

    def started():
        return scrape.metrics(ADDRESS).value("baton_runs_started_total",
                                             flow="order-saga") == ORDERS
    wait.until(started, 30, f"{ORDERS} starts")
    estate.people.await_outcomes(keys, 90)


@case
def port_that_is_taken_is_told_and_nothing_is_touched():
    estate = shared()
    done = subprocess.run([BATON, "run", "--config", str(estate.config), "--http", ADDRESS],
                          capture_output=True, text=True, timeout=20, check=False)
    equal(done.returncode, 2)
    contains(done.stderr, f"cannot listen on {ADDRESS}: Address already in use")
    done = subprocess.run([BATON, "run", "--config", str(estate.config), "--http", "9464"],
                          capture_output=True, text=True, timeout=20, check=False)
    equal(done.returncode, 2)
    contains(done.stderr, "'9464' is no address to listen on")


@case
def broker_that_is_not_there_is_named_soon():
    for command in (["show", "x:y"], ["history", "x:y"]):
        done = subprocess.run([BATON, *command, "--bootstrap-servers", "127.0.0.1:1"],
                              capture_output=True, text=True, timeout=6, check=False)
        equal(done.returncode, 3)
        contains(done.stderr, "kafka '127.0.0.1:1': cannot be reached")


@case
def log_can_be_json():
    estate = shared()
    done = subprocess.run(
        ["env", "BATON_LOG_FORMAT=json", "timeout", "-s", "TERM", "6", BATON, "run", "--config",
         str(estate.config), "--http", "127.0.0.1:0"], capture_output=True, text=True, timeout=40,
        check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    up = next(line for line in lines if line["event"] == "http-up")
    holds(re.fullmatch(r"127\.0\.0\.1:[1-9]\d+", up["address"]), up["address"])
    stopping = next(line for line in lines if line["event"] == "stopping")
    equal(stopping["signal"], 15)


if __name__ == "__main__":
    run(shared.leave)
