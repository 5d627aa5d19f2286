"""The checker's part about what came in: every inbound record ended somewhere, and only once."""

import json
import re
from collections import defaultdict

PLACE = re.compile(r"record (\S+)/(\d+)/(\d+) ")


def alert_places(view):
    """{(instance, topic, partition, offset)} of the source records that alerts name."""
    places = set()
    for record in view.of("alerts"):
        alert = view.decode("alert", record, "alert")
        if alert is None:
            continue
        try:
            detail = json.loads(alert["detail"] or "{}")
        except ValueError:
            view.find("alert", record.place, f"detail is no JSON: {alert['detail']!r}")
            continue
        match = PLACE.search(detail.get("reason", ""))
        message = detail.get("message", {})
        if match:
            places.add((alert["instance"], match[1], int(match[2]), int(match[3])))
        elif "offset" in message:
            places.add((alert["instance"], message["topic"], message["partition"],
                        message["offset"]))
    return places


def endings(view):
    """{(partition, offset) of the inbox: [where it ended]} by history and dead letters."""
    ended = defaultdict(list)
    for steps in view.runs.values():
        for step in steps:
            offset = step.value["cause"]["inboxOffset"]
            if offset >= 0:
                ended[step.record.partition, offset].append(step.place)
    for record in view.of("dlq"):
        partition, slash, offset = record.header("baton-dlq-inbox").partition("/")
        if slash:
            ended[int(partition), int(offset)].append(record.place)
        elif not record.header("baton-dlq-topic"):
            view.find("dlq", record.place, "does not say where it comes from")
    return ended


def cut_off(view, read):
    """{partition: [(offset, stream, next)]} of the inbox records that are not among those read, as
    the history tells of them: their partition's owner has cut them off."""
    gone = defaultdict(list)
    for steps in view.runs.values():
        for step in steps:
            cause, partition = step.value["cause"], step.record.partition
            if cause["inboxOffset"] >= 0 and (partition, cause["inboxOffset"]) not in read:
                stream = (partition, cause["route"], cause["topic"], cause["generation"],
                          cause["partition"])
                gone[partition].append((cause["inboxOffset"], stream, cause["offset"] + 1))
    return {partition: sorted(marks) for partition, marks in gone.items()}


class Marks:
    """The watermarks as they stood when an inbox record was taken; asked in the order of offsets."""

    def __init__(self, gone):
        self.gone = {partition: iter(marks) for partition, marks in gone.items()}
        self.first = {partition: next(marks) for partition, marks in self.gone.items()}
        self.next = {}

    def at(self, partition, offset, stream):
        """Records below the mark are repeats."""
        while self.first.get(partition) and self.first[partition][0] < offset:
            _, other, mark = self.first[partition]
            self.next[other] = max(self.next.get(other, 0), mark)
            self.first[partition] = next(self.gone[partition], None)
        return self.next.get(stream, 0)

    def rise(self, stream, offset):
        self.next[stream] = max(self.next.get(stream, 0), offset + 1)


def check_inbox(view, committed):
    """Of what is committed: history, a dead letter, an alert, or a repeat. Gives what was met, as
    {(topic, partition, offset)} of the sources."""
    ended, alerts, met = endings(view), alert_places(view), set()
    marks = Marks(cut_off(view, {(record.partition, record.offset) for record in view.of("inbox")}))
    for record in view.of("inbox"):
        value = view.decode("inbox", record, "inbox")
        place = record.partition, record.offset
        if value is None:
            continue
        stream = (record.partition, value["route"], value["topic"], value["topicGeneration"],
                  value["partition"])
        source = value["topic"], value["partition"], value["offset"]
        met.add(source)
        if value["kind"] == "OPERATOR":  # Comes from no topic: alerts name its place here.
            source = record.topic, record.partition, record.offset
        if record.offset >= committed.get(record.partition, 0):
            view.find("inbox", record.place, f"{'/'.join(map(str, source))} has not been taken")
            continue
        repeat = value["kind"] not in ("OPERATOR", "TOLD") and value["offset"] < marks.at(*place, stream)
        marks.rise(stream, value["offset"])
        instance = f"{value['flow']}:{value['key']}"
        found = len(ended[place]) + (not ended[place] and (instance, *source) in alerts)
        if repeat and ended[place]:
            view.find("repeat", record.place, f"{'/'.join(map(str, source))} was taken again: "
                      f"{ended[place]}")
        elif not repeat and found != 1 and (found or value["topic"] not in view.estate.choosy):
            view.find("inbound", record.place, f"{value['kind']} {'/'.join(map(str, source))} for "
                      f"'{instance}' ended {found} times: {ended[place]}")
    for (partition, offset), places in ended.items():
        if offset >= committed.get(partition, 0):
            view.find("offset", places[0], f"inbox {partition}/{offset} has an effect and is not "
                      "committed")
    return met


def is_foreign(view, kind, record):
    """A reply to somebody else on a shared topic. By business key nobody can tell."""
    return kind == "reply" and not record.header("correlation-id").startswith(
        f"{view.estate.app}~")


def check_sources(view, met):
    """Every record of the sources reached the inbox, but tombstones and replies to others.

    Records that stood there before the flow was active do not count: reading begins at `starts`.
    """
    starts = {}
    for record in view.of("flows"):
        if record.key.startswith(b"flow/") and record.value is not None:
            for start in view.decode("flow", record, "flows")["starts"]:
                place = start["topic"], start["partition"]
                starts[place] = min(starts.get(place, start["offset"]), start["offset"])
    if any(view.inbox_lows.values()):  # What is cut off has left its traces.
        met = met | told(view)
    for topic, kind in view.estate.sources.items():
        for record in view.raw.get(topic, []):
            if record.value is None or is_foreign(view, kind, record):
                continue
            if record.offset < starts.get((topic, record.partition), 0):
                continue
            if (topic, record.partition, record.offset) not in met:
                view.find("source", record.place, f"{record.key!r} never reached the inbox")


def told(view):
    """{(topic, partition, offset)} of the sources by what came of them."""
    causes = (step.value["cause"] for steps in view.runs.values() for step in steps)
    dead = {tuple(record.header(f"baton-dlq-{name}") for name in ("topic", "partition", "offset"))
            for record in view.of("dlq")}
    return {(cause["topic"], cause["partition"], cause["offset"]) for cause in causes} \
        | {place[1:] for place in alert_places(view)} \
        | {(topic, int(partition), int(offset)) for topic, partition, offset in dead if offset}


def check(view, committed):
    check_sources(view, check_inbox(view, committed))
