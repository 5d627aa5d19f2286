"""`baton check --brokers`: topics that the files name and the cluster does not have (F412)."""

import json
import subprocess

from estate import Estate, Once
from process import free_port
from runner import case, contains, equal, holds, run
from worker import BATON

FLOW = """flow: waiter
version: 1
use: [shared.yaml]
topics:
  started: {name: "{p}waiter.started", key: .id}
  ended: "{p}waiter.ended"
key: .id
start: {topic: started}
timeout: 1h
do:
  - {step: ask, request: stock, timeout: 1m}
  - {step: ended, emit: ended}
onFailure:
  - {step: failed, emit: ended}
"""
SHARED = """topics:
  others: {name: "{p}of.nobody"}
services:
  stock:
    commands: "{p}stock.commands"
    replies: "{p}stock.replies"
    success: .ok
  unused: {commands: "{p}unused.commands", replies: "{p}unused.replies", success: .ok}
"""


def start():
    estate = Estate("topics", {"waiter.yaml": FLOW, "shared.yaml": SHARED}).__enter__()
    estate.create_topics([estate.topic(name) for name in ("waiter.ended", "stock.commands",
                                                          "stock.replies")])
    return estate


shared = Once(start)


def check(*options, text=FLOW):
    """Of the flow, beside the estate file as it is."""
    estate = shared()
    path = estate.directory / "flows" / "waiter.yaml"
    path.write_text(text.replace("{p}", estate.topic("")), encoding="utf-8")
    return subprocess.run([BATON, "check", *options, str(path)], capture_output=True, text=True,
                          timeout=60, check=False)


def asked(text):
    done = check("--brokers", shared().brokers, "--format", "json", text=text)
    return done.returncode, json.loads(done.stdout)["findings"]


@case
def topics_that_are_there_are_no_finding_and_unused_ones_are_not_asked_for():
    equal(asked(FLOW), (0, []))


@case
def one_that_is_not_there_is_told_at_its_place_with_what_was_probably_meant():
    code, found = asked(FLOW.replace("waiter.started", "waiter.startet"))
    equal((code, [one["id"] for one in found]), (1, ["F412"]))
    equal((found[0]["file"].rsplit("/", 1)[1], found[0]["line"]), ("waiter.yaml", 5))
    equal(found[0]["suggestion"], shared().topic("waiter.started"))
    contains(found[0]["message"], f"there is no topic '{shared().topic('waiter.startet')}' on")


@case
def those_of_services_are_told_where_the_estate_file_names_them():
    path = shared().directory / "flows" / "shared.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("stock.replies", "zebra"), encoding="utf-8")
    try:
        code, found = asked(FLOW)
    finally:
        path.write_text(good, encoding="utf-8")
    equal((code, [one["id"] for one in found]), (1, ["F412"]))
    equal((found[0]["file"].rsplit("/", 1)[1], found[0]["line"]), ("shared.yaml", 6))
    holds("suggestion" not in found[0], found)


@case
def the_configuration_says_where_as_well():
    done = check("--config", str(shared().config), text=FLOW.replace("waiter.ended", "waiter.end"))
    equal(done.returncode, 1, done.stderr)
    contains(done.stdout, "error F412")
    contains(done.stdout, "6 |   ended: ")


@case
def other_findings_are_told_as_well():
    code, found = asked(FLOW.replace("emit: ended}\nonF", "emit: endet}\nonF")
                        .replace("waiter.started", "waiter.gone"))
    equal((code, sorted(one["id"] for one in found)), (1, ["F201", "F412"]))


@case
def a_cluster_that_does_not_answer_is_no_verdict():
    nobody = f"127.0.0.1:{free_port()}"
    done = check("--brokers", nobody)
    equal(done.returncode, 3, done.stdout)
    contains(done.stderr, f"baton check: kafka '{nobody}': ")


if __name__ == "__main__":
    run(shared.leave)
