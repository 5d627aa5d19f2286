"""docs/first-change.md on a real estate: what `check --brokers` and `plan` say of the change while orders run."""

import json

import first_change
import wait
from estate import Estate, Once
from participants import silent
from runner import case, contains, equal, holds, run

WAITING = {"n-1": ("CapturePayment", "charge"), "n-2": ("CapturePayment", "charge"),
           "n-3": ("CreateShipment", "ship")}
SERVICE = ("fraud.commands", "fraud.replies")


def place(estate, key):
    done = estate.baton("show", f"order-saga:{key}", "--output", "json")
    return json.loads(done.stdout).get("place") if done.returncode == 0 else None


def start():
    estate = Estate("newcomer", replace={"timeout: 30s": "timeout: 5m", "timeout: 1m": "timeout: 5m",
                                         "timeout: 15m": "timeout: 5m"}).__enter__()
    estate.start_workers(1)
    for key, (kind, _) in WAITING.items():
        estate.order(key, {kind: silent})
    for key, (_, step) in WAITING.items():
        wait.until(lambda key=key, step=step: place(estate, key) == step, 30,
                   f"order-saga:{key} at {step}", every_s=0.2)
    return estate


shared = Once(start)


def changed():
    """The file as the page leads to, beside the estate file, its topics those of this estate."""
    estate = shared()
    old = (estate.directory / "flows" / "order-saga.yaml").read_text(encoding="utf-8")
    text = first_change.typed_in("order-saga.yaml", old)
    for topic in SERVICE:
        text = text.replace(topic, estate.topic(topic))
    path = estate.directory / "flows" / "order-saga-2.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def without_topics(line):
    """A service is shown in short, and the topics here have longer names."""
    return line.partition('is new: {"commands"')[0]


@case
def the_topics_of_the_new_service_are_asked_for_first():
    done = shared().baton("check", "--brokers", shared().brokers, str(changed()))
    equal(done.returncode, 1, done.stdout)
    for topic in SERVICE:
        contains(done.stdout, f"there is no topic '{shared().topic(topic)}'")
    shared().create_topics([shared().topic(topic) for topic in SERVICE])
    done = shared().baton("check", "--strict", "--brokers", shared().brokers, str(changed()))
    equal(done.returncode, 0, done.stdout)


@case
def the_plan_says_what_the_page_says():
    path = changed()
    done = shared().baton("plan", str(path))
    equal(done.returncode, 0, done.stderr)
    lines = done.stdout.splitlines()
    equal(lines[0], f"order-saga version 2, from {path}")
    equal(*(list(map(without_topics, text)) for text in (lines[1:], first_change.plan())))
    # Nothing was changed by asking.
    equal({key: place(shared(), key) for key in WAITING},
          {key: step for key, (_, step) in WAITING.items()})


@case
def a_changed_file_under_the_old_number_is_refused():
    path = changed()
    path.write_text(path.read_text(encoding="utf-8").replace("version: 2", "version: 1"),
                    encoding="utf-8")
    done = shared().baton("plan", str(path))
    equal(done.returncode, 1, done.stdout)
    contains(done.stdout, "F801")


@case
def deployed_and_activated_it_checks_new_orders_and_lets_the_old_ones_end():
    estate, path = shared(), changed()
    for arguments in (("deploy", str(path)), ("activate", "order-saga", "2")):
        done = estate.baton(*arguments)
        equal(done.returncode, 0, done.stdout + done.stderr)

    def waits_for_the_check():
        key = f"n-new-{len(estate.keys)}"
        estate.order(key)
        wait.until(lambda: place(estate, key) is not None, 30, f"order-saga:{key}", every_s=0.2)
        return estate.show(f"order-saga:{key}")["version"] == 2
    wait.until(waits_for_the_check, 60, "an order by version 2", every_s=0.5)
    holds(estate.show("order-saga:n-1")["version"] == 1, "old runs keep their version")


if __name__ == "__main__":
    run(shared.leave)
