"""What is wrong in configuration, flows and estate is said clearly, with the exit codes 1, 2, 3."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   ResourceType)

import process
import records
from estate import Estate
from runner import case, contains, equal, holds, run
from worker import BATON

SECONDS = 60


def baton(*arguments, environment=None, cwd=None):
    return subprocess.run([BATON, *map(str, arguments)], timeout=SECONDS, capture_output=True,
                          text=True, errors="replace", check=False, stdin=subprocess.DEVNULL, cwd=cwd,
                          env={**os.environ, **(environment or {})})


def refused(done, code, *parts):
    """It ended with `code`, said each of `parts` on standard error, and did not crash."""
    holds(done.returncode == code, f"exit code {done.returncode}, wanted {code}:\n{done.stderr}")
    for part in parts:
        contains(done.stderr, part, "standard error")
    holds("Sanitizer" not in done.stderr, done.stderr)


def start(estate):
    """`baton run` on the estate's files; ends by itself, or the test fails by its time."""
    return baton("run", "--config", estate.config)


def change(estate, old, new):
    text = estate.config.read_text()
    holds(old in text, f"'{old}' is not in the configuration")
    estate.config.write_text(text.replace(old, new))


# --- Servers that are not there ------------------------------------------------------------------


@case
def missing_broker_is_said():
    with Estate("nokafka") as estate:
        change(estate, estate.brokers, f"127.0.0.1:{process.free_port()}")
        with ThreadPoolExecutor() as pool:  # Each waits a while for it.
            done = [pool.submit(baton, *words, "--config", estate.config) for words in (
                ["run"], ["show", "a:b"], ["history", "a:b"])]
        for one in done:
            refused(one.result(), 3, "127.0.0.1")


@case
def missing_redis_is_said():
    with Estate("noredis") as estate:
        port = process.free_port()
        change(estate, estate.redis_url, f"redis://127.0.0.1:{port}/0")
        refused(start(estate), 3, "redis", str(port))
        change(estate, f"redis://127.0.0.1:{port}", f"redis://me:secret@127.0.0.1:{port}")
        done = start(estate)
        refused(done, 3, str(port))
        holds("secret" not in done.stderr, done.stderr)


@case
def redis_that_evicts_is_refused():
    with Estate("evicts") as estate, estate.redis() as redis:
        before = redis("CONFIG", "GET", "maxmemory-policy")[1]
        redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try:
            refused(start(estate), 1, "maxmemory-policy")
        finally:
            redis("CONFIG", "SET", "maxmemory-policy", before)


@case
def redis_address_that_is_none_is_refused():
    with Estate("badredis") as estate:
        change(estate, estate.redis_url, "http://127.0.0.1:1")
        refused(start(estate), 2, "redis URL", "redis://")


@case
def estate_without_baton_is_said():
    with Estate("empty") as estate:
        refused(baton("show", "order-saga:x", "--config", estate.config), 3,
                f"{estate.app}.flows", "does not exist")


# --- The configuration ---------------------------------------------------------------------------


@case
def unknown_keys_are_refused_with_their_place():
    with Estate("keys") as estate:
        with open(estate.config, "a", encoding="utf-8") as file:
            file.write("partitons: 3\ncheckpiont: {idle: 1s}\n")
        done = start(estate)
        refused(done, 2, "baton.yaml", "partitons", "did you mean 'partitions'", "checkpiont")


@case
def wrong_values_are_refused():
    for line, part in (("lanes: none", "lanes"), ("lanes: 0", "lanes"), ("app: [a]", "app"),
                       ("deadlines: {grace: 5}", "duration"), ("partitions: 5000", "partitions"),
                       ("log: loud", "debug")):
        with Estate("values") as estate:
            key = line.partition(":")[0]
            kept = [text for text in estate.config.read_text().splitlines()
                    if not text.startswith(f"{key}:")]
            estate.config.write_text("\n".join([*kept, line, ""]))
            refused(start(estate), 2, "baton.yaml", part)


@case
def broken_yaml_is_refused():
    with Estate("yaml") as estate:
        for text in ("app: [unclosed\n", "\tapp: x\n", "app: x\napp: y\n", "", "- a\n", "\xff"):
            estate.config.write_bytes(text.encode("latin-1"))
            done = start(estate)
            holds(done.returncode == 2, f"{text!r}: exit code {done.returncode}\n{done.stderr}")
            contains(done.stderr, "baton.yaml")


@case
def properties_that_break_the_promises_are_refused():
    for text, part in (("isolation.level: read_uncommitted", "isolation.level"),
                       ("enable.auto.commit: true", "enable.auto.commit"),
                       ("group.id: mine", "group.id"), ("acks: 1", "acks"),
                       ("no.such.property: 1", "no.such.property"),
                       ("socket.timeout.ms: often", "socket.timeout.ms"),
                       ("max.poll.interval.ms: 1", "cannot make a kafka client")):
        with Estate("props") as estate:
            change(estate, "kafka: {", f"kafka: {{{text}, ")
            done = start(estate)
            holds(done.returncode == 2, f"{text}: exit code {done.returncode}\n{done.stderr}")
            contains(done.stderr, part)


@case
def unreadable_files_are_said():
    with Estate("files") as estate:
        refused(baton("run", "--config", estate.directory / "absent.yaml"), 2, "absent.yaml")
        refused(baton("run", "--config", estate.directory), 2, str(estate.directory))
        change(estate, "flows: flows/", "flows: elsewhere/")
        refused(start(estate), 2, "elsewhere")


@case
def usage_is_told():
    refused(baton(), 2, "Usage")
    refused(baton("runn"), 2, "runn")
    refused(baton("run", "--lanes"), 2)
    refused(baton("run", "--no-such-flag"), 2)
    refused(baton("run", "--lanes", "many"), 2, "lanes")
    refused(baton("run", "--app", "a/b"), 2, "app")
    for words in (["--help"], ["run", "--help"], ["show", "--help"], ["history", "--help"]):
        done = baton(*words)
        equal(done.returncode, 0, f"{words}")
        contains(done.stdout, "Usage")


@case
def environment_and_flags_win_over_the_file():
    with Estate("wins") as estate:
        refused(baton("run", "--config", estate.config,
                      environment={"BATON_LANES": "no"}), 2, "BATON_LANES")
        dead = [f"redis://127.0.0.1:{process.free_port()}/0" for _ in range(2)]
        refused(baton("run", "--config", estate.config, environment={"BATON_REDIS": dead[0]}), 3,
                dead[0])
        refused(baton("run", "--config", estate.config, "--redis", dead[1],
                      environment={"BATON_REDIS": dead[0]}), 3, dead[1])


# --- Flows ---------------------------------------------------------------------------------------


@case
def all_findings_of_all_flows_are_told():
    with Estate("flows") as estate:
        saga = (estate.directory / "flows" / "order-saga.yaml")
        text = saga.read_text()
        saga.write_text(text.replace("retry: steady", "retry: stedy").replace("    timeout: 20s",
                                                                             "    timeot: 20s"))
        (estate.directory / "flows" / "other.yaml").write_text("flow: other\nversion: 0\n")
        refused(start(estate), 1, "order-saga.yaml:", "stedy", "did you mean 'steady'", "timeot",
                "other.yaml:")


@case
def flow_of_nobody_knows_what_is_refused():
    for text in ("flow: x\n", "flow: [", "flow: x\nversion: 1\ndo: []\n"):
        with Estate("odd", {"odd.yaml": text}) as estate:
            refused(start(estate), 1, "odd.yaml")


@case
def folder_without_flows_is_refused():
    with Estate("none", {"none.txt": "nothing"}) as estate:
        refused(start(estate), 1, "flow")


@case
def missing_topic_of_the_estate_is_told():
    """The flow is not activated, and the topic not created behind anybody's back."""
    with Estate("topic", replace={"inventory.replies": "no-such.replies"}) as estate:
        refused(start(estate), 1, "no-such.replies", "do not exist")
        known = AdminClient({"bootstrap.servers": estate.brokers}).list_topics(timeout=20).topics
        holds("no-such.replies" not in known, "the topic was created")


# --- The estate ----------------------------------------------------------------------------------


@case
def other_number_of_partitions_is_refused():
    with Estate("parts") as estate:
        estate.start_workers(1)
        change(estate, "partitions: 4", "partitions: 5")
        refused(start(estate), 1, "4 partitions", "partitions: 4")


@case
def same_version_with_other_content_is_refused():
    with Estate("version") as estate:
        estate.start_workers(1)
        saga = estate.directory / "flows" / "order-saga.yaml"
        saga.write_text(saga.read_text().replace("timeout: 2h", "timeout: 3h"))
        refused(start(estate), 1, "order-saga", "version 1", "higher version")
        saga.write_text(saga.read_text().replace("version: 1", "version: 2"))
        second = estate.start_worker("second")
        second.await_event("flow-activated")
        saga.write_text(saga.read_text().replace("version: 2", "version: 1")
                        .replace("timeout: 3h", "timeout: 2h"))
        third = estate.start_worker("third")  # The old file again: what is active stays.
        third.await_event("worker-up")
        estate.order("a-1")
        equal(estate.people.await_outcomes(["a-1"], 30), {"a-1": "confirmed"})
        equal(estate.show("order-saga:a-1")["version"], 2, "version of a new run")


@case
def topic_with_a_wrong_configuration_is_refused():
    with Estate("wrong") as estate:
        first = estate.start_worker()
        first.await_event("worker-up")
        equal(first.stop(), 0, "exit code")
        admin = AdminClient({"bootstrap.servers": estate.brokers})
        for topic, name, value in ((f"{estate.app}.history", "cleanup.policy", "delete"),
                                   (f"{estate.app}.inbox", "retention.ms", "1000")):
            was = alter(admin, topic, name, value)
            refused(start(estate), 1, topic, name, value)
            alter(admin, topic, name, was)
        again = estate.start_worker()
        again.await_event("worker-up")


def alter(admin, topic, name, value):
    """Set one entry of a topic; gives what it was."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    was = admin.describe_configs([resource])[resource].result(30)[name].value
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)
    return was


@case
def topic_with_other_partitions_is_refused():
    with Estate("shape") as estate:
        estate.create_topics([f"{estate.app}.history"], partitions=3, config={
            "cleanup.policy": "compact"})
        refused(start(estate), 1, f"{estate.app}.history", "3", "4")


@case
def position_that_others_have_committed_is_refused():
    """Who commits for our group would make us jump over records; nothing is taken then."""
    with Estate("foreign") as estate:
        estate.damage("a foreign commit")
        first = estate.start_worker(static=False)  # It leaves the group when it ends.
        estate.await_partitions()
        equal(first.stop(), 0, "exit code")
        group = records.consumer_of(estate.brokers, **{"group.id": f"{estate.app}.exec"})
        group.commit(offsets=[records.TopicPartition(f"{estate.app}.inbox", 1, 0)],
                     asynchronous=False)
        group.close()
        second = estate.start_worker()
        second.await_event("who else commits")


if __name__ == "__main__":
    run()
