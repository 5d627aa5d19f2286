"""The flows of workflows/ end to end on real servers: cases of their own tests (*.test.yaml), all at
once, with the services that these describe. Spans are short here: a day takes a second or two. What
needs time to be skipped, or an answer to be missing, is left to `baton test`."""

import collections
import contextlib
import json
import re
import subprocess
import threading
import time

import yaml
from confluent_kafka import OFFSET_BEGINNING, Producer, TopicPartition

import records
import wait
from estate import Estate
from runner import case, equal, holds, run

FOLDER = records.SOURCE / "workflows"
FLOWS = sorted(path.name.removesuffix(".test.yaml") for path in FOLDER.glob("*.test.yaml"))
# These have tests of their own on real servers, as they are or as a flow of the same kind; the
# recorded one is another file of tests of the order saga.
OTHERS = {"order-journey", "order-saga", "order-saga-recorded", "portfolio", "settlement",
          "support-case"}
DAY_S = collections.defaultdict(lambda: 1.0, {"vendor-work": 1.2, "inspection": 3.0,
                                              "loan-approval": 6.5, "user-onboarding": 2.5})
PAUSES_ARE_SHORT = {"bulk-invoices", "data-pipeline"}
SILENCE_IS_SHORT = {"data-pipeline"}
FIRST_SEND_S = 3.0
LAST_SEND_S = 18.0
END_S = 40
ENDS = {"completed", "failed", "cancelled"}
SHORT = {
    "vendor-work": {"wait: 7d": "wait: 8400ms"},
    "inspection": {"wait: 1d": "wait: 1s"},
    "bulk-invoices": {"pause: 10m": "pause: 500ms", "delay: 30s": "delay: 500ms"},
    "dynamic-steps": {"delay: 10s": "delay: 200ms"},
    "environment": {"delay: 10s": "delay: 200ms"},
    "money-transfer": {"delay: 5s": "delay: 200ms"},
    "data-pipeline": {"heartbeat: 10m": "heartbeat: 6s", "delay: 1m": "delay: 200ms"},
    "loan-approval": {"every: 1d": "every: 8s"},
    "user-onboarding": {"at: [1d, 3d]": "at: [6s, 8s]"},
}
# Service: (a success, a refusal, where the name of the error stands in it).
SAYS = {
    "ledger": ({"status": "BOOKED"}, {"status": "REFUSED"}, "code"),
    "clearing": ({"settled": True}, {"settled": False}, "code"),
    "listings": ({"ok": True}, {"ok": False}, "code"),
    "escrow": ({"state": "HELD"}, {"state": "REFUSED"}, "code"),
    "mortgages": ({"approved": True}, {"approved": False}, "code"),
    "registry": ({"entered": True}, {"entered": False}, "code"),
    "cloud": ({"state": "READY"}, {"state": "FAILED"}, "code"),
    "vendors": ({"accepted": True}, {"accepted": False}, "code"),
    "mail": ({"sent": 1}, {}, "code"),
    "letters": ({"posted": True}, {}, "code"),
    "scoring": ({"score": 700}, {}, "code"),
    "contracts": ({"contractId": "c-1"}, {}, "code"),
    "planner": ({"steps": []}, {}, "code"),
    "workers": ({"done": True}, {"done": False}, "code"),
    "planning": ({"slot": "noon"}, {}, "code"),
    "folders": ({"folder": "/f"}, {}, "code"),
    "identity": ({"verdict": "genuine"}, {}, "code"),
    "credit": ({"score": 700}, {}, "code"),
    "sanctions": ({"hits": []}, {}, "code"),
    "stages": ({"rows": 1}, {}, "error"),
    "accounts": ({"open": True}, {}, "code"),
    "desks": ({"verdict": "good"}, {}, "code"),
    "crm": ({"synced": True}, {"synced": False}, "code"),
    "exports": ({"queued": True}, {}, "code"),
}
class Loader(yaml.SafeLoader):
    """Times stay text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in rules if not tag.endswith(":timestamp")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
UNITS_S = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}


def seconds(span):
    return sum(int(number) * UNITS_S[unit] for number, unit in re.findall(r"(\d+)(ms|[wdhms])", span))


def jq(program, value):
    done = subprocess.run(["jq", "-c", program], input=json.dumps(value), capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


def filled(template, value):
    """A template of `${ }` that are whole texts."""
    if isinstance(template, dict):
        return {name: filled(part, value) for name, part in template.items()}
    if isinstance(template, list):
        return [filled(part, value) for part in template]
    found = re.fullmatch(r"\$\{(.*)\}", template) if isinstance(template, str) else None
    return jq(found.group(1), value) if found else template


def renamed(value, old, new):
    """Everywhere another key, so that cases do not meet."""
    if isinstance(value, dict):
        return {renamed(name, old, new): renamed(part, old, new) for name, part in value.items()}
    if isinstance(value, list):
        return [renamed(part, old, new) for part in value]
    return value.replace(old, new) if isinstance(value, str) else value


def matches(wanted, found):
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            matches(part, found.get(name)) for name, part in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(
            map(matches, wanted, found))
    if isinstance(wanted, str) and re.fullmatch(r"\$\{.*\}", wanted):
        return jq(wanted[2:-1], found) not in (None, False)
    return wanted == found


def answers_of(script):
    return script if isinstance(script, list) else [script]


def is_quick(flow, one):
    """No answer is missing or comes twice, no operator, no look at the middle of a run."""
    scripts = [answer for script in one["answers"].values() for answer in answers_of(script)]
    return ("until" not in one and "very second" not in one["case"]  # Nobody knows who wins.
            and one["expect"].get("end") in ENDS
            and not any(answer == "silence" or isinstance(answer, dict) and
                        ("silence" in answer and flow not in SILENCE_IS_SHORT or
                         "twice" in answer or "after" in answer and
                         seconds(answer["after"]) > 0 and one["send"]) for answer in scripts)
            and not any({"cancel", "retry", "skip", "done", "failed"} & set(send)
                        for send in one["send"]))


def outlasts_all(flow, one):
    """It ends long after the last message and answer: a deadline of days."""
    spans = [seconds(send.get("at", "0s")) for send in one["send"]]
    spans += [sum(seconds(answer.get("after", "0s")) for script in one["answers"].values()
                  for answer in answers_of(script) if isinstance(answer, dict))]
    took = seconds(str(one["expect"].get("took", "0s")).split("..")[0])
    return flow not in PAUSES_ARE_SHORT and took > max(spans) + 1


class Case:
    """One of a test file, with a key of its own."""

    def __init__(self, flow, text, number):
        file = yaml.load(text, Loader)
        one = {"send": [], "answers": {}, **file["cases"][number]}
        one["answers"] = {**file.get("answers", {}), **one["answers"]}
        self.key_path = re.search(r"(?m)^key: \.(\w+)", (FOLDER / f"{flow}.yaml").read_text())[1]
        start = {**file.get("start", {}), **one.get("start", {})}
        self.key = f"{start[self.key_path]}-{number}"
        one["start"] = start
        one = renamed(one, start[self.key_path], self.key)
        self.flow, self.name, self.one = flow, one["case"], one
        self.instance = f"{flow}:{self.key}"
        self.used = collections.Counter()

    def answer(self, step, value):
        """What the service says: (is a refusal, payload or None for its usual one, error), or None if
        it is silent; and the signs of life that come before."""
        script = answers_of(self.one["answers"].get(step, "success"))
        for number, entry in enumerate(script):
            entry = {} if entry == "success" else {"failure": True} if entry == "failure" else entry
            last = number + 1 == len(script)
            most = int(entry.get("times", 0 if "when" in entry or last else 1))
            if most and self.used[step, number] >= most:
                continue
            if "when" in entry and not jq(entry["when"], value):
                continue
            self.used[step, number] += 1
            signs = [filled(sign["reply"], value) for sign in entry.get("progress", [])]
            if "silence" in entry:
                return None, signs
            if "failure" in entry:
                error = entry["failure"]
                return (True, None, error.get("error") if isinstance(error, dict) else error), signs
            return (False, filled(entry["reply"], value) if "reply" in entry else None, None), signs
        return (False, None, None), []


class Services(threading.Thread):
    """All services, as the cases say."""

    def __init__(self, estate, cases):
        super().__init__(daemon=True)
        self.estate, self.cases = estate, {one.instance: one for one in cases}
        self.ends = threading.Event()
        self.producer = Producer({"bootstrap.servers": estate.brokers, "linger.ms": 2,
                                  "partitioner": "murmur2_random"})
        self.consumer = records.consumer_of(estate.brokers, **{"enable.partition.eof": False})
        known = self.consumer.list_topics(timeout=30).topics
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)
                              for name in SAYS for topic in [estate.topic(f"{name}.commands")]
                              for number in known[topic].partitions])
        self.wrong = []

    def run(self):
        while not self.ends.is_set():
            for message in self.consumer.consume(500, timeout=0.05):
                if message.error() is None:
                    try:
                        self.command(message)
                    except Exception as error:  # Told by the test.
                        self.wrong.append(f"{message.topic()}: {error!r}")
            self.producer.poll(0)
        self.producer.flush(10)
        self.consumer.close()

    def command(self, message):
        headers = {name: value.decode() for name, value in message.headers()}
        service = message.topic().split(".x.")[1].removesuffix(".commands")
        step = headers["idempotency-key"].split("/")[-2]
        step = f"undo {step.removesuffix(':undo')}" if step.endswith(":undo") else step
        answer, said = self.cases[headers["baton-instance"]].answer(step,
                                                                    json.loads(message.value()))
        if answer:
            refuses, payload, error = answer
            good, bad, where = SAYS[service]
            if refuses:
                payload = {**bad, **({where: error} if isinstance(error, str) else {})}
            elif payload is None:
                payload = {**good, "gone": True}
            said = [*said, payload]
        for payload in said:
            self.producer.produce(self.estate.topic(f"{service}.replies"), json.dumps(payload),
                                  key=message.key(),
                                  headers={"correlation-id": headers["correlation-id"]})


def topics_of(text):
    """{alias: name on the broker}"""
    return dict(re.findall(r"(?m)^  (\w+): \{name: ([\w.]+)", text))


def flow_text(flow):
    text = (FOLDER / f"{flow}.yaml").read_text()
    for old, new in SHORT.get(flow, {}).items():
        holds(old in text, f"'{old}' in {flow}")
        text = text.replace(old, new)
    return text


def prefixed(estate, text):
    return re.sub(r"\b(name|commands|replies): ([a-z]+\.[a-z.]+)",
                  lambda found: f"{found[1]}: {estate.topic(found[2])}", text)


def timetable(one):
    """[(when, the case, what is sent; None: its start)]"""
    due, all_due = FIRST_SEND_S, [(0.0, one, None)]
    for send in one.one["send"]:
        due = max(due, seconds(send.get("at", "0s")) / 86400 * DAY_S[one.flow])
        all_due.append((due, one, send))
        due += 1
    return all_due


def give(estate, one, text, send):
    topics = topics_of(text)
    if send is None:
        start = topics[re.search(r"start: \{topic: (\w+)", text)[1]]
        estate.people.send(estate.topic(start), one.one["start"], key=one.key)
    elif "signal" in send:
        done = estate.baton("signal", one.instance, send["signal"], "--data",
                            json.dumps(send.get("value")))
        equal(done.returncode, 0, done.stderr)
    else:
        estate.people.send(estate.topic(topics[send["topic"]]), send["value"], key=one.key)


def await_reminders(estate, one, text):
    """As many as the case expects to have come before the first message does."""
    topics = {name for alias, name in topics_of(text).items() if alias.endswith("Reminders")}
    for topic in topics:
        wanted = sum(item.get("topic") == topic for item in one.one["expect"].get("emitted", []))
        wait.until(lambda topic=topic, wanted=wanted: wanted <= sum(
            record.key == one.key.encode() for record in estate.read(estate.topic(topic))),
                   END_S, f"{wanted} reminders of {one.instance}", every_s=0.2)


def await_ends(estate, cases):
    """{instance: all that was decided}, once all have ended or it took too long."""
    stories = {}

    def all_ended():
        told = collections.defaultdict(list)
        for record in sorted(estate.read("history"), key=lambda record: record.key):
            decoded = records.decode("history", record.value)
            told[decoded["instance"]] += decoded["decided"]
        stories.update({one.instance: told[one.instance] for one in cases})
        return all(ENDS & set(lines) for lines in stories.values())

    with contextlib.suppress(wait.Timeout):  # Who has not ended is told by judge().
        wait.until(all_ended, END_S, "the ends of all", every_s=0.5)
    return stories


def judge(estate, one, text, outputs, lines):
    """What differs from what the case expects."""
    expect, wrong = one.one["expect"], []
    if expect["end"] not in lines:
        wrong.append(f"end: expected {expect['end']}")
    undone = [line[len("undo of "):-len(": done")] for line in lines
              if line.startswith("undo of ") and line.endswith(": done")]
    if "undone" in expect and sorted(undone) != sorted(expect["undone"]):
        wrong.append(f"undone: expected {expect['undone']}, found {undone}")
    sent = collections.Counter(
        re.sub("^undo of ", "undo ", line).split(":")[0] for line in lines
        if re.search(r": attempt \d+ sent$", line))
    for step, wanted in expect.get("commands", {}).items():
        times = wanted.get("times") if isinstance(wanted, dict) else wanted
        if times is not None and sent[step] != int(times):
            wrong.append(f"commands of {step}: expected {times}, found {sent[step]}")
    if "emitted" in expect:
        emitted = [record for topic in topics_of(text).values()
                   for record in outputs[estate.topic(topic)]
                   if record.key == one.key.encode()
                   and record.header("baton-instance") == one.instance]
        if len(emitted) != len(expect["emitted"]):
            wrong.append(f"emitted: expected {len(expect['emitted'])}, found {len(emitted)}")
        for item in expect["emitted"]:
            if "value" in item and not any(matches(item["value"], json.loads(record.value))
                                           for record in emitted):
                wrong.append(f"emitted: {item['value']} not among "
                             f"{[record.value for record in emitted]}")
    return wrong and [*wrong, *lines]


@case
def every_flow_goes_as_its_tests_say():
    texts = {flow: flow_text(flow) for flow in FLOWS if flow not in OTHERS}
    cases = [one for flow in texts
             for text in [(FOLDER / f"{flow}.test.yaml").read_text()]
             for number in range(len(yaml.load(text, Loader)["cases"]))
             for one in [Case(flow, text, number)]
             if is_quick(flow, one.one) and not outlasts_all(flow, one.one)
             and timetable(one)[-1][0] < LAST_SEND_S]
    equal(sorted({one.flow for one in cases}), sorted(texts), "flows with a case to run")
    estate = Estate("flows", {})
    folder = estate.directory / "flows"
    for flow, text in texts.items():
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
        plan = sorted((item for one in cases for item in timetable(one)),
                      key=lambda item: item[0])
        for due, one, send in plan:
            wait.until(lambda due=due: time.monotonic() >= began + due, due + 5, "time to pass")
            if send:
                await_reminders(estate, one, texts[one.flow])
            give(estate, one, texts[one.flow], send)
        stories = await_ends(estate, cases)
        wrong = {}
        outputs = records.read_all(estate.brokers, [
            estate.topic(name) for text in texts.values() for name in topics_of(text).values()])
        for one in cases:
            differs = judge(estate, one, texts[one.flow], outputs, stories[one.instance])
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
