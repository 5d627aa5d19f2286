"""The flows of workflows/ end to end on real servers: cases of their own tests (*.test.yaml), all at
once, with the services that these describe. Spans are short here: a day takes a second or two. What
needs time to be skipped, or an answer to be missing, is left to `baton test`."""

import collections
import concurrent.futures
import contextlib
import json
import threading
import time

import yaml

import records
import wait
from estate import Estate
from runner import case, equal, holds, run
from workflow_cases import (ENDS, FOLDER, SAYS, Case, Loader, Services, answers_of, judge, prefixed,
                            seconds, topics_of)

FLOWS = sorted(path.name.removesuffix(".test.yaml") for path in FOLDER.glob("*.test.yaml"))
# The order saga is run by most other tests, and order-journey by test_observe; the recorded one is
# another file of tests of the order saga.
OTHERS = {"order-journey", "order-saga", "order-saga-recorded"}
PARTS = {"portfolio": ["valuation"]}  # Flows that it runs.
DAY_S = collections.defaultdict(lambda: 1.0, {"vendor-work": 1.7, "inspection": 3.0,
                                              "loan-approval": 6.5, "user-onboarding": 3.4})
PAUSES_ARE_SHORT = {"bulk-invoices", "data-pipeline", "manual-review"}
SILENCE_IS_SHORT = {"data-pipeline", "manual-review"}
IS_HELD = {"support-case"}  # What comes from outside comes between one answer and the next.
SETTLED = {"retry": "retry", "done": "resolve"}  # What operators do about what is stuck.
FIRST_SEND_S = 0.5  # After its run began.
LAST_SEND_S = 22.0
END_S = 60
SENDS = threading.Lock()  # The people of an estate send one thing at a time.
SHORT = {
    "vendor-work": {"wait: 7d": "wait: 11900ms"},
    "inspection": {"wait: 1d": "wait: 1s"},
    "bulk-invoices": {"pause: 10m": "pause: 100ms", "delay: 30s": "delay: 500ms"},
    "dynamic-steps": {"delay: 10s": "delay: 200ms"},
    "environment": {"delay: 10s": "delay: 200ms"},
    "money-transfer": {"delay: 5s": "delay: 200ms"},
    "data-pipeline": {"heartbeat: 10m": "heartbeat: 6s", "delay: 1m": "delay: 200ms"},
    "loan-approval": {"every: 1d": "every: 8s"},
    "manual-review": {"heartbeat: 6h": "heartbeat: 6s", "delay: 1m": "delay: 200ms"},
    "property-purchase": {"delay: 1h": "delay: 200ms"},
    "settlement": {"max: 100": "max: 2"},  # As many as come; however long that takes.
    "user-onboarding": {"at: [1d, 3d]": "at: [9s, 11s]"},
}


def is_quick(flow, one):
    """No answer is missing or comes twice, no cancel, no warning, no look at the middle of a run."""
    scripts = [answer for script in one["answers"].values() for answer in answers_of(script)]
    return ("until" not in one and "very second" not in one["case"]  # Nobody knows who wins.
            and "ten thousand" not in one["case"]  # It keeps others waiting.
            and one["expect"].get("end") in ENDS and not one["expect"].get("alerts")
            and not any(answer == "silence" or isinstance(answer, dict) and
                        ("silence" in answer and flow not in SILENCE_IS_SHORT or
                         "twice" in answer or "after" in answer and flow not in IS_HELD and
                         seconds(answer["after"]) > 0 and one["send"]) for answer in scripts)
            and not any({"cancel", "skip", "failed"} & set(send) for send in one["send"]))


def outlasts_all(flow, one):
    """It ends long after the last message and answer: a deadline of days."""
    spans = [seconds(send.get("at", "0s")) for send in one["send"]]
    spans += [sum(seconds(answer.get("after", "0s")) for script in one["answers"].values()
                  for answer in answers_of(script) if isinstance(answer, dict))]
    took = seconds(str(one["expect"].get("took", "0s")).split("..")[0])
    return flow not in PAUSES_ARE_SHORT and took > max(spans) + 1


def flow_text(flow):
    text = (FOLDER / f"{flow}.yaml").read_text()
    for old, new in SHORT.get(flow, {}).items():
        holds(old in text, f"'{old}' in {flow}")
        text = text.replace(old, new)
    return text


def cases_of(flow):
    """Those that can be run here. Without a key of its own one case has the topics for itself."""
    count = len(yaml.load((FOLDER / f"{flow}.test.yaml").read_text(), Loader)["cases"])
    found = [one for number in range(count) for one in [Case(flow, number, flow in IS_HELD)]
             if is_quick(flow, one.one) and not outlasts_all(flow, one.one)
             and (one.is_held or timetable(one)[-1][0] < LAST_SEND_S)]
    return [one for one in found if one.key] or found[:1]


def timetable(one):
    """[(when, the case, what is sent; None: its start)]"""
    due, all_due = FIRST_SEND_S, [(0.0, one, None)] if one.key else []
    for send in one.one["send"]:
        day_s = 0.0 if one.is_held else DAY_S[one.flow]
        due = max(due, seconds(send.get("at", "0s")) / 86400 * day_s)
        all_due.append((due, one, send))
        due += 1
    return all_due


def has_reminders(estate, one, text):
    """Whether as many have come as the case expects before its first message."""
    topics = {name for alias, name in topics_of(text).items() if alias.endswith("Reminders")}
    return all(sum(item.get("topic") == topic for item in one.one["expect"].get("emitted", [])) <=
               sum(record.key == one.key.encode() for record in estate.read(estate.topic(topic)))
               for topic in topics)


def records_of(estate, one):
    done = estate.baton("history", one.instance, "--output", "json")
    return len(json.loads(done.stdout)["records"]) if done.returncode == 0 else 0


def await_stuck(estate, one):
    def is_stuck():
        done = estate.baton("show", one.instance, "--output", "json")
        return done.returncode == 0 and json.loads(done.stdout)["stuck"]
    wait.until(is_stuck, END_S, f"{one.instance} stuck", every_s=0.3)


def order(estate, *words):
    done = estate.baton(*words)
    equal(done.returncode, 0, f"{words}: {done.stderr}")


def tell(estate, one, text, send):
    topics = topics_of(text)
    verb = next((verb for verb in SETTLED if send and verb in send), None)
    if send is None:
        start = topics[next(iter(topics))]
        with SENDS:
            estate.people.send(estate.topic(start), one.one["start"], key=one.key)
    elif "signal" in send:
        order(estate, "signal", one.instance, send["signal"], "--data",
              json.dumps(send.get("value")))
    elif verb:
        await_stuck(estate, one)
        order(estate, SETTLED[verb], one.instance, send[verb].removeprefix("undo "))
    else:
        with SENDS:
            estate.people.send(estate.topic(topics[send["topic"]]), send["value"],
                               key=one.key or one.flow)


def play_held(estate, services, one, text):
    """Each thing that comes from outside at its place between the answers."""
    tell(estate, one, text, None)
    for send in one.one["send"]:
        wait.until(lambda: services.is_behind(one, one.coming[0]), END_S,
                   f"an answer after {one.coming[0]} s of {one.instance}")
        before = records_of(estate, one)
        tell(estate, one, text, send)
        wait.until(lambda before=before: records_of(estate, one) > before, END_S,
                   f"what came for {one.instance}", every_s=0.5)
        one.coming = one.coming[1:]


def play(estate, cases, texts):
    """All that comes at its time, which begins for each case with its run."""
    agenda = []
    began = {}
    for one in cases:
        for due, _, send in timetable(one):
            if send is None:
                tell(estate, one, texts[one.flow], None)
            else:
                agenda.append((due, one, send))
        if not one.key:
            began[one] = time.monotonic()

    def is_through():
        if any(one not in began for _, one, _ in agenda):
            begun = {record.key.decode().split("/")[0] for record in estate.read("history")}
            now = time.monotonic()
            began.update((one, now) for one in cases if one not in began and one.instance in begun)
        for item in list(agenda):
            due, one, send = item
            if one in began and time.monotonic() >= began[one] + due and has_reminders(
                    estate, one, texts[one.flow]):
                tell(estate, one, texts[one.flow], send)
                agenda.remove(item)
        return not agenda

    wait.until(is_through, LAST_SEND_S + 2 * END_S, "all to be sent", every_s=0.2)


def await_ends(estate, cases):
    """[all that was decided of each], once all have ended or it took too long."""
    stories = []

    def all_ended():
        told = collections.defaultdict(list)
        for record in sorted(estate.read("history"), key=lambda record: record.key):
            decoded = records.decode("history", record.value)
            told[decoded["instance"]] += decoded["decided"]
        stories[:] = [next((lines for name, lines in told.items() if one.is_of(name)
                            and name.startswith(one.instance)), []) for one in cases]
        return all(ENDS & set(lines) for lines in stories)

    with contextlib.suppress(wait.Timeout):  # Who has not ended is told by judge().
        wait.until(all_ended, END_S, "the ends of all", every_s=0.5)
    return stories


@case
def every_flow_goes_as_its_tests_say():
    texts = {flow: flow_text(flow) for flow in FLOWS if flow not in OTHERS}
    cases = [one for flow in texts for one in cases_of(flow)]
    equal(sorted({one.flow for one in cases}), sorted(texts), "flows with a case to run")
    estate = Estate("flows", {})
    folder = estate.directory / "flows"
    parts = {part: flow_text(part) for flow in texts for part in PARTS.get(flow, [])}
    for flow, text in {**texts, **parts}.items():
        (folder / f"{flow}.yaml").write_text(prefixed(estate, text), encoding="utf-8")
    with estate:
        estate.create_topics([*(estate.topic(f"{name}.{end}") for name in SAYS
                                for end in ("commands", "replies")),
                              *(estate.topic(name) for text in texts.values()
                                for name in topics_of(text).values())], partitions=2)
        services = Services(estate, cases)
        services.start()
        estate.start_workers(2)
        began = time.monotonic()
        # Who waits for something keeps the others from nothing.
        held = [one for one in cases if one.is_held]
        watched = [one for one in cases if any(set(SETTLED) & set(send) for send in one.one["send"])]
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            apart = [pool.submit(play_held, estate, services, one, texts[one.flow]) for one in held]
            apart += [pool.submit(play, estate, [one], texts) for one in watched]
            play(estate, [one for one in cases if one not in held + watched], texts)
        for future in apart:
            future.result()
        stories = await_ends(estate, cases)
        wrong = {}
        outputs = records.read_all(estate.brokers, [
            estate.topic(name) for text in texts.values() for name in topics_of(text).values()])
        for one, story in zip(cases, stories, strict=True):
            differs = judge(estate, one, texts[one.flow], outputs, story)
            if differs:
                wrong[f"{one.instance} ({one.name})"] = differs
        services.ends.set()
        services.join(20)
        print(f"{len(cases)} cases of {len(texts)} flows in {time.monotonic() - began:.0f} s")
        equal(services.wrong, [], "services")
        holds(not wrong, "\n".join(f"{name}:\n  " + "\n  ".join(lines)
                                   for name, lines in wrong.items()))


if __name__ == "__main__":
    run()
