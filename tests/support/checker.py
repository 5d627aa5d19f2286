"""An independent checker: reads all topics of an estate, and says which promises do not hold.

    findings = checker.check(checker.Estate(brokers, app, commands=[...], sources={...}, ...))

Each finding names its rule and the place, topic/partition/offset. Take it when the estate is at
rest: what is still under way is not told apart from what was lost. `View` is what was read, for
tests that ask further.
"""

import hashlib
import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import checker_inbound
import checker_store
import records

ZEROS = bytes(32)


class Finding(NamedTuple):
    rule: str
    place: str
    text: str

    def __str__(self):
        return f"[{self.rule}] {self.place}: {self.text}"


@dataclass
class Estate:
    """What the checker is told. Business topics are named by their full names."""

    brokers: str
    app: str
    commands: list = field(default_factory=list)  # Topics to which the flows send or emit.
    sources: dict = field(default_factory=dict)  # {topic: "message" or "reply"} that flows read.
    instances: list = field(default_factory=list)  # Started, as the test knows: "<flow>:<key>".
    open_ok: set = field(default_factory=set)  # Instances that may still be open.
    store: object = None  # A resp.Client factory, or None: Redis is not looked at.
    # Source topics whose messages may be no start, by their type or `when`, or because the key has run
    # and is remembered: nothing tells of those.
    choosy: set = frozenset()
    # (n, of): only the n-th part of the business keys, for loads that do not fit into memory as a
    # whole. The keys must hold neither ":" nor "/".
    share: tuple = None

    def has(self, key):
        """Whether a record with this key (None: none) is looked at."""
        return self.share is None or key is None or \
            zlib.crc32(records.business_key(key)) % self.share[1] == self.share[0]


@dataclass
class Step:
    """A history record, decoded, with where it stands and the state folded up to it."""

    record: records.Record
    value: dict
    state: dict = None

    @property
    def place(self):
        return self.record.place


class View:
    """Everything of the estate that is looked at, decoded."""

    def __init__(self, estate):
        self.estate = estate
        names = ("inbox", "history", "snapshot", "checkpoint", "flows", "dlq", "alerts")
        self.names = {name: f"{estate.app}.{name}" for name in names}
        topics = [*self.names.values(), *estate.commands, *estate.sources]
        whole = (self.names["flows"], self.names["checkpoint"])
        self.raw = records.read_all(estate.brokers, topics, keep=estate.share and (
            lambda topic, key: topic in whole or estate.has(key)))
        self.counts = records.partition_counts(estate.brokers)
        self.partitions = self.counts.get(self.names["history"], 0)
        self.inbox_lows = {}
        if self.names["inbox"] in self.counts:
            ends = records.ends(estate.brokers, self.names["inbox"])
            self.inbox_lows = {partition: low for partition, (low, _) in ends.items()}
        self.findings = []
        self.runs = self._read_history()

    def of(self, name):
        """The records of an internal topic."""
        return self.raw.get(self.names[name], [])

    def find(self, rule, place, text):
        self.findings.append(Finding(rule, place, text))

    def decode(self, name, record, rule):
        try:
            return records.decode(name, record.value)
        except Exception as error:  # fastavro raises whatever it met.
            self.find(rule, record.place, f"not a record of {name}.avsc: {error}")
            return None

    def _read_history(self):
        """{(instance, run): [Step]} in the order of the topic."""
        runs = defaultdict(list)
        for record in self.of("history"):
            if record.value is None:
                continue
            value = self.decode("history", record, "history")
            if value is None:
                continue
            run = records.run_text(value["run"])
            runs[value["instance"], run].append(Step(record, value))
            key = f"{value['instance']}/{run}/{value['seq']:012d}"
            if record.key != key.encode():
                self.find("history", record.place, f"key {record.key!r}, wanted {key!r}")
            self.check_placement(record, value["instance"])
        return runs

    def check_placement(self, record, instance):
        wanted = records.partition_of(instance.encode(), self.partitions)
        if record.partition != wanted:
            self.find("placement", record.place, f"'{instance}' belongs to partition {wanted}")


# --- History -------------------------------------------------------------------------------------


def check_chain(view, steps):
    """Dense from 1, each with the hash of the one before, time never falling."""
    before = None
    for step in steps:
        value, raw = step.value, step.record.value
        if value["seq"] != (before.value["seq"] if before else 0) + 1:
            view.find("seq", step.place, f"seq {value['seq']} after "
                      f"{before.value['seq'] if before else 'nothing'}")
        if hashlib.sha256(raw[:-32]).digest() != value["hash"]:
            view.find("hash", step.place, "the hash is not that of the record")
        if value["previous"] != (before.value["hash"] if before else ZEROS):
            view.find("hash", step.place, "the previous hash is another")
        if before and value["timeMs"] < before.value["timeMs"]:
            view.find("time", step.place, "time falls within the run")
        if before and before.value["kind"] == "TERMINAL":
            view.find("terminal", step.place, "follows the terminal record")
        before = step


def snapshots_taken(view):
    """{(instance, run, seq)} of which there is, or was, a snapshot."""
    taken = set()
    for record in view.of("snapshot"):
        value = record.value and view.decode("snapshot", record, "snapshot")
        if value:
            taken.add((value["instance"], records.run_text(value["run"]), value["seq"]))
    return taken


def fold_run(view, run, steps, taken):
    """The state is kept where it is asked for: at the end, and where a snapshot was taken."""
    state, last = {}, steps[-1]
    for step in steps:
        try:
            state = records.fold(state, records.parse_json(step.value["delta"]))
        except (ValueError, AttributeError) as error:
            view.find("fold", step.place, f"the delta cannot be folded: {error}")
            return
        if step is last or (*run, step.value["seq"]) in taken:
            step.state = state
        if state.get("seq") != step.value["seq"]:
            view.find("fold", step.place, f"the state says seq {state.get('seq')}")


def check_ends(view):
    """One terminal record a run, unless it may be open; one run for what was started once."""
    for (instance, run), steps in view.runs.items():
        terminal = [step for step in steps if step.value["kind"] == "TERMINAL"]
        if len(terminal) > 1:
            view.find("terminal", terminal[1].place, f"'{instance}' {run} has ended twice")
        elif not terminal and instance not in view.estate.open_ok:
            view.find("terminal", steps[-1].place, f"'{instance}' {run} has not ended: at "
                      f"'{steps[-1].value['to']}' since seq {steps[-1].value['seq']}")
        for step in terminal:
            if step.state is not None and step.state.get("stack") \
                    and step.state.get("status") != "completed":
                view.find("undo", step.place, f"'{instance}' ended as {step.state['status']} with "
                          f"undos left: {sorted(step.state['stack'])}")
    started = {instance for instance, _ in view.runs}
    for instance in view.estate.instances:
        if instance not in started:
            view.find("started", view.names["history"], f"'{instance}' was never started")


def check_snapshots(view):
    """A snapshot is the fold of the history up to its seq. Gives the latest: {instance: dict}."""
    latest = {}
    for record in view.of("snapshot"):
        name = record.key.decode()
        view.check_placement(record, name)
        if record.value is None:
            latest.pop(name, None)
            continue
        value = view.decode("snapshot", record, "snapshot")
        if value is None:
            continue
        latest[name] = {**value, "place": record.place, "partition": record.partition}
        steps = view.runs.get((value["instance"], records.run_text(value["run"])), [])
        step = next((one for one in steps if one.value["seq"] == value["seq"]), None)
        if step is None or step.state is None:
            view.find("snapshot", record.place, f"no history of seq {value['seq']} of its run")
            continue
        if step.value["hash"] != value["hash"]:
            view.find("snapshot", record.place, "its hash is not that of the history")
        check_state(view, record, value, step.state)
    return latest


def check_state(view, record, value, folded):
    state = records.fold({}, records.parse_json(value["state"]))
    stack = folded.get("stack", {})
    timers = {timer["id"]: timer["dueMs"] for timer in value["timers"]}
    for name in sorted((set(state) | set(folded)) - {"stack"}):
        if state.get(name) != folded.get(name):
            view.find("snapshot", record.place, f"'{name}' is {state.get(name)!r}, the history "
                      f"folds to {folded.get(name)!r}")
    if len(value["stack"]) != len(stack) or value["stackDepth"] != len(stack):
        view.find("snapshot", record.place, f"{len(value['stack'])} undos, the history folds to "
                  f"{len(stack)}")
    for entry, activation in zip(map(records.parse_json, value["stack"]),
                                 sorted(stack, key=int)):
        wanted = {"activation": int(activation), **stack[activation]}
        if entry != wanted:
            view.find("snapshot", record.place, f"undo {entry!r}, the history folds to {wanted!r}")
    run = records.run_text(value["run"])
    wanted = {f"{name}/{run}": due for name, due in folded.get("timers", {}).items()}
    if timers != wanted:
        view.find("snapshot", record.place, f"timers {timers}, the history folds to {wanted}")


# --- Commands ------------------------------------------------------------------------------------


def sent_id(view, record):
    """The command id of a record of ours in a business topic, or None: it is somebody else's."""
    instance, run = record.header("baton-instance"), record.header("baton-run")
    key = record.header("idempotency-key")
    if not instance or (instance, run) not in view.runs:
        return None
    correlation = record.header("correlation-id")
    if correlation:
        return correlation if correlation.startswith(f"{view.estate.app}~") else None
    # An emitted record: its activation is at the end of its idempotency key.
    for step in view.runs[instance, run]:
        for command in step.value["commands"]:
            if command["topic"] == record.topic \
                    and command["id"].rpartition("/")[2] == key.rpartition("/")[2]:
                return command["id"]
    return f"{view.estate.app}~{instance}/{run}/?/{key}"


def check_commands(view):
    """Every id once in the topics, listed in exactly one record. Gives {id: Record}."""
    listed, seen = {}, {}
    for steps in view.runs.values():
        for step in steps:
            for command in step.value["commands"]:
                if command["id"] in listed:
                    view.find("command", step.place, f"{command['id']} is also listed at "
                              f"{listed[command['id']].place}")
                listed[command["id"]] = step
    for topic in view.estate.commands:
        for record in view.raw.get(topic, []):
            name = sent_id(view, record)
            if name is None:
                if record.header("baton-instance"):
                    view.find("command", record.place, "of a run that the history does not know: "
                              f"{record.header('baton-instance')} {record.header('baton-run')}")
                continue
            if name in seen:
                view.find("command", record.place, f"{name} is also at {seen[name].place}")
            elif name not in listed:
                view.find("command", record.place, f"{name} is not listed in the history")
            seen[name] = record
    for record in view.of("dlq"):  # A command that its topic could not take.
        topic = record.header("baton-dlq-topic")
        if topic in view.estate.commands and record.header("baton-instance"):
            seen.setdefault(sent_id(view, record._replace(topic=topic)), record)
    for name, step in listed.items():
        topics = [command["topic"] for command in step.value["commands"]
                  if command["id"] == name]
        if name not in seen and topics[0] in view.estate.commands:
            view.find("command", step.place, f"{name} is listed, and nowhere in {topics[0]}")
    return seen


def check_undos(view, sent):
    """Undos go out in reverse order, each of them once, the next when the last one is answered."""
    for (instance, run), steps in view.runs.items():
        begun, answered = [], set()
        for step in steps:
            answered |= {label.rpartition("/")[2] for label in step.value["stackPopped"]}
            for command in step.value["commands"]:
                record = sent.get(command["id"])
                undone = record.header("baton-undo-of") if record else ""
                if not undone or ":cancel/" in record.header("idempotency-key"):
                    continue
                activation = undone.rpartition("/")[2]
                if activation in begun:
                    if begun[-1] != activation or activation in answered:
                        view.find("undo", step.place, f"'{instance}' {run}: {undone} is undone "
                                  "again")
                    continue
                if begun and int(activation) > int(begun[-1]):
                    view.find("undo", step.place, f"'{instance}' {run}: {undone} is undone after "
                              f"activation {begun[-1]}")
                if begun and begun[-1] not in answered:
                    view.find("undo", step.place, f"'{instance}' {run}: {undone} is undone before "
                              f"activation {begun[-1]} was answered")
                begun.append(activation)


# --- All -----------------------------------------------------------------------------------------


def check_commits(view):
    """Committed inbox offsets never go back, and never go beyond the end."""
    inbox, group = view.names["inbox"], f"{view.estate.app}.exec"
    last = {}
    for commit in records.commits(view.estate.brokers, group, inbox):
        if commit.offset < last.get(commit.partition, 0):
            view.find("offset", commit.place, f"partition {commit.partition} goes back from "
                      f"{last[commit.partition]} to {commit.offset} ({commit.metadata})")
        last[commit.partition] = commit.offset
    if view.of("inbox"):
        for partition, (_, high) in records.ends(view.estate.brokers, inbox).items():
            if last.get(partition, 0) > high:
                view.find("offset", f"{inbox}/{partition}", f"committed {last[partition]} is beyond "
                          f"the end {high}")
    return last


def look(estate):
    """Read and check: a View with its findings."""
    view = View(estate)
    taken = snapshots_taken(view)
    for run, steps in view.runs.items():
        check_chain(view, steps)
        fold_run(view, run, steps, taken)
    check_ends(view)
    latest = check_snapshots(view)
    check_undos(view, check_commands(view))
    committed = check_commits(view)
    checker_inbound.check(view, committed)
    if estate.store is not None:
        checker_store.check(view, latest)
    return view


def check(estate):
    return look(estate).findings


def story(view, instance):
    """What happened to an instance, for the text of a failed test."""
    lines = []
    for (name, run), steps in view.runs.items():
        if name == instance:
            lines += [f"{name} {run} seq {step.value['seq']} at {step.place}: "
                      f"{step.value['cause']['kind']} {step.value['from']} -> {step.value['to']} "
                      f"{json.dumps(step.value['decided'])}" for step in steps]
    return "\n".join(lines)
