"""Cases of workflows/*.test.yaml for real servers: what they send, what the services answer, and
what differs from what they expect."""

import collections
import json
import re
import subprocess
import threading

import yaml
from confluent_kafka import OFFSET_BEGINNING, Producer, TopicPartition

import records

FOLDER = records.SOURCE / "workflows"
ENDS = {"completed", "failed", "cancelled"}
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
    "desk": ({"agent": "ann"}, {}, "code"),
    "agents": ({"solved": True}, {"solved": False}, "code"),
    "appraisers": ({"value": 1}, {}, "code"),
    "bank": ({"transferId": "T-1"}, {"refused": True}, "code"),
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


class Case:
    """One of a test file, with a key of its own."""

    def __init__(self, flow, number, is_held):
        file = yaml.load((FOLDER / f"{flow}.test.yaml").read_text(), Loader)
        one = {"send": [], "answers": {}, **file["cases"][number]}
        one["answers"] = {**file.get("answers", {}), **one["answers"]}
        path = re.search(r"(?m)^key: \.(\w+)", (FOLDER / f"{flow}.yaml").read_text())
        self.key = None  # A run that is started by a batch is named by where that began.
        if path:
            start = {**file.get("start", {}), **one.get("start", {})}
            self.key = f"{start[path[1]]}-{number}"
            one["start"] = start
            one = renamed(one, start[path[1]], self.key)
        self.flow, self.name, self.one = flow, one["case"], one
        self.instance = f"{flow}:{self.key or ''}"
        self.used = collections.Counter()
        self.is_held = is_held
        self.story_s = 0.0  # The time of the last answer, as the case tells it.
        self.coming = [seconds(send.get("at", "0s")) for send in one["send"]]

    def is_of(self, instance):
        """Whether this is its run, or a child of it."""
        flow, _, key = instance.partition(":")
        if self.key is None:
            return flow == self.flow
        return instance == self.instance or key.startswith(f"{self.key}/")

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
            self.story_s += seconds(entry.get("after", "0s"))
            signs = [filled(sign["reply"], value) for sign in entry.get("progress", [])]
            if "silence" in entry:
                return None, signs
            if "failure" in entry:
                error = entry["failure"]
                return (True, None, error.get("error") if isinstance(error, dict) else error), signs
            return (False, filled(entry["reply"], value) if "reply" in entry else None, None), signs
        return (False, None, None), []


class Services(threading.Thread):
    """All services, as the cases say. An answer of a case that is held waits for what comes before it
    in the case from outside."""

    def __init__(self, estate, cases):
        super().__init__(daemon=True)
        self.estate, self.cases = estate, cases
        self.ends = threading.Event()
        self.producer = Producer({"bootstrap.servers": estate.brokers, "linger.ms": 2,
                                  "partitioner": "murmur2_random"})
        self.consumer = records.consumer_of(estate.brokers, **{"enable.partition.eof": False})
        known = self.consumer.list_topics(timeout=30).topics
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)
                              for name in SAYS for topic in [estate.topic(f"{name}.commands")]
                              for number in known[topic].partitions])
        self.held = []  # (case, its time in the story, topic, payload, key, headers)
        self.wrong = []

    def run(self):
        while not self.ends.is_set():
            for message in self.consumer.consume(500, timeout=0.05):
                if message.error() is None:
                    try:
                        self.command(message)
                    except Exception as error:  # Told by the test.
                        self.wrong.append(f"{message.topic()}: {error!r}")
            for item in [item for item in self.held if min(item[0].coming, default=1e9) > item[1]]:
                self.held.remove(item)
                self.producer.produce(item[2], item[3], key=item[4], headers=item[5])
            self.producer.poll(0)
        self.producer.flush(10)
        self.consumer.close()

    def is_behind(self, one, at_s):
        """Whether the case has come so far that its next answer is behind this time."""
        return any(item[0] is one and item[1] > at_s for item in list(self.held))

    def command(self, message):
        headers = {name: value.decode() for name, value in message.headers()}
        service = message.topic().split(".x.")[1].removesuffix(".commands")
        step = headers["idempotency-key"].split("/")[-2]
        step = f"undo {step.removesuffix(':undo')}" if step.endswith(":undo") else step
        one = next(one for one in self.cases if one.is_of(headers["baton-instance"]))
        answer, said = one.answer(step, json.loads(message.value()))
        if answer:
            refuses, payload, error = answer
            good, bad, where = SAYS[service]
            if refuses:
                payload = {**bad, **({where: error} if isinstance(error, str) else {})}
            elif payload is None:
                payload = {**good, "gone": True}
            said = [*said, payload]
        for payload in said:
            self.held.append((one, one.story_s if one.is_held else -1.0,
                              self.estate.topic(f"{service}.replies"), json.dumps(payload),
                              message.key(), {"correlation-id": headers["correlation-id"]}))


def topics_of(text):
    """{alias: name on the broker}"""
    return dict(re.findall(r"(?m)^  (\w+): \{name: ([\w.]+)", text))


def prefixed(estate, text):
    return re.sub(r"\b(name|commands|replies): ([a-z]+\.[a-z.]+)",
                  lambda found: f"{found[1]}: {estate.topic(found[2])}", text)


def judge(estate, one, text, outputs, lines):
    """What differs from what the case expects."""
    expect, wrong = one.one["expect"], []
    if expect["end"] not in lines:
        wrong.append(f"end: expected {expect['end']}")
    undone = [found[1] for line in lines
              for found in [re.fullmatch("undo of (.*): done(?: by hand)?", line)] if found]
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
                   if one.is_of(record.header("baton-instance") or "")]
        if len(emitted) != len(expect["emitted"]):
            wrong.append(f"emitted: expected {len(expect['emitted'])}, found {len(emitted)}")
        for item in expect["emitted"]:
            if "value" in item and not any(matches(item["value"], json.loads(record.value))
                                           for record in emitted):
                wrong.append(f"emitted: {item['value']} not among "
                             f"{[record.value for record in emitted]}")
    return wrong and [*wrong, *lines]
