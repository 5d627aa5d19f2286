"""Payloads in Avro: what fastavro writes by a registry's schemas is what the flow sees; what cannot be
read is dead as it came; and while the registry is away nothing is."""

import datetime
import decimal
import io
import json
import re

import fastavro
import wait
from estate import Estate, Once
from registry import Registry, framed, registry_for_tests
from runner import case, contains, equal, holds, run

ADDRESS = {"type": "record", "name": "Address", "namespace": "post", "fields": [
    {"name": "city", "type": "string"}]}
PARCEL = {"type": "record", "name": "Parcel", "namespace": "post", "fields": [
    {"name": "id", "type": "string"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["SMALL", "LARGE"]}},
    {"name": "number", "type": "long"},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12,
                               "scale": 2}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "raw", "type": ["null", "bytes"]},
    {"name": "to", "type": "post.Address"}]}
WEIGHT = {"type": "record", "name": "Weight", "fields": [{"name": "grams", "type": "int"}]}
WEIGHT_2 = {"type": "record", "name": "Weight", "fields": [
    {"name": "scales", "type": ["null", "string"], "default": None}, {"name": "grams", "type": "int"}]}
CARRY = {"type": "record", "name": "Carry", "fields": [
    {"name": "number", "type": "long"},
    {"name": "until", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12,
                               "scale": 2}},
    {"name": "note", "type": ["null", "int"], "default": None}]}
ANSWER = {"type": "record", "name": "Answer", "fields": [
    {"name": "done", "type": "boolean"}, {"name": "code", "type": ["null", "string"]}]}
LABEL = {"type": "record", "name": "Label", "fields": [
    {"name": "text", "type": "string"},
    {"name": "copies", "type": {"type": "bytes", "logicalType": "decimal", "precision": 2}}]}
HEAVY = {"type": "record", "name": "Weight", "fields": [{"name": "grams", "type": "long"}]}
NUMBER = 9007199254740993
PRICE = decimal.Decimal("-1234567890.50")
AT = datetime.datetime(2026, 11, 21, 15, 4, 5, 123000, datetime.timezone.utc)


def written(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


class Post:
    """The estate, its registry and who sends parcels."""

    def __init__(self):
        self.registry = registry_for_tests().__enter__()
        self.estate = Estate("avro", ["parcels"], config=f"schemaRegistry: {{url: {self.registry.url}}}\n"
                             "checkpoint: {idle: 200ms, max: 2s}\n").__enter__()
        self.assert_clean, self.tell = self.estate.assert_clean, self.estate.tell
        self.estate.create_topics([self.estate.topic(f"parcels.{end}") for end in ("carries", "answers")])
        for topic, schema in [("carries", CARRY), ("answers", ANSWER), ("labels", LABEL)]:
            self.registry.register(f"{self.estate.topic(f'parcels.{topic}')}-value", schema)
        self.estate.start_workers(1)
        started = self.estate.topic("parcels.started")
        self.registry.register(f"{self.estate.app}-address", ADDRESS)
        self.number = self.registry.register(f"{started}-value", PARCEL, [
            ("post.Address", f"{self.estate.app}-address", 1)])

    def parcel(self, key, kind="LARGE"):
        known = {}
        fastavro.parse_schema(ADDRESS, named_schemas=known)
        value = {"id": key, "kind": kind, "number": NUMBER, "raw": b"\x00\xff", "price": PRICE,
                 "to": {"city": "Zürich"}, "at": AT}
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(PARCEL, named_schemas=known), value)
        self.estate.begun.append(f"parcels:{key}")
        return self.send("parcels.started", framed(self.number, out.getvalue()), key=key)

    def weigh(self, key, schema, value):
        number = self.registry.register(f"{self.estate.topic('parcels.weighed')}-value", schema)
        return self.send("parcels.weighed", framed(number, written(schema, value)),
                         headers={"parcel": key})

    def sent(self, topic, key, schema):
        """What went out for the instance: (record, value), read by fastavro."""
        found = []
        for record in self.estate.read(self.estate.topic(topic)):
            if record.key == key.encode():
                equal(record.value[:1], b"\x00", "the first byte")
                found.append((record, fastavro.schemaless_reader(
                    io.BytesIO(record.value[5:]), fastavro.parse_schema(schema), None)))
        return found

    def await_command(self, key, kind):
        def found():
            return [(record, value) for record, value in self.sent("parcels.carries", key, CARRY)
                    if record.header("message-type") == kind]
        commands = wait.until(found, 40, f"the command {kind} for {key}")
        equal(len(commands), 1, "commands")
        return commands[0]

    def answer(self, command, **value):
        number = self.registry.register(f"{self.estate.topic('parcels.answers')}-value", ANSWER)
        self.send("parcels.answers", framed(number, written(ANSWER, {"code": None, **value})),
                  headers={"correlation-id": command.header("correlation-id")})

    def __exit__(self, *how):
        self.estate.__exit__(*how)
        self.registry.__exit__()

    def send(self, topic, value, **record):
        return self.estate.people.send(self.estate.topic(topic), value, **record)

    def dead(self, place):
        return [letter for letter in self.estate.read("dlq")
                if (letter.header("baton-dlq-partition"), letter.header("baton-dlq-offset")) ==
                tuple(map(str, place))]

    def await_dead(self, topic, place):
        letters = wait.until(lambda: self.dead(place), 40, f"the dead letter of {topic} {place}")
        equal(len(letters), 1, "dead letters of one record")
        equal(letters[0].header("baton-dlq-topic"), self.estate.topic(topic))
        return letters[0]


shared = Once(Post)


@case
def records_are_read_by_the_schema_they_were_written_with():
    post = shared()
    post.parcel("p-1")
    post.parcel("p-2")
    post.weigh("p-1", WEIGHT, {"grams": 0})  # `when` refuses it.
    post.weigh("p-1", WEIGHT, {"grams": 700})
    post.weigh("p-2", WEIGHT_2, {"scales": "north", "grams": 800})
    found = [post.estate.await_end("parcels", key).value for key in ("p-1", "p-2")]
    for value, grams in zip(found, (700, 800)):
        # As text, so that no digit passes through a double here.
        contains(value.decode(), '"number":9007199254740993')
        contains(value.decode(), '"price":-1234567890.50')
        told = json.loads(value)
        equal({**told, "number": 0, "price": 0},
              {"number": 0, "price": 0, "at": "2026-11-21T15:04:05.123Z", "raw": "AP8=",
               "kind": "LARGE", "to": "Zürich", "grams": grams})


@case
def what_is_no_such_record_is_dead_as_it_came():
    post = shared()
    for value, why in [(b"{}", "does not begin with a zero and the id of a schema"),
                       (framed(post.number, b"\x04a"), "field 'id': a length of 2 goes beyond the end"),
                       (framed(987654, b"\x00"), "/schemas/ids/987654")]:
        letter = post.await_dead("parcels.started", post.send("parcels.started", value, key="x"))
        equal(letter.value, value)
        contains(letter.header("baton-dlq-reason"), why)
        equal(letter.header("baton-dlq-flow"), "parcels")


@case
def commands_are_written_and_replies_read():
    post = shared()
    post.parcel("s-1", "SMALL")
    post.weigh("s-1", WEIGHT, {"grams": 3})
    command, value = post.await_command("s-1", "Carry")
    equal(value, {"number": NUMBER, "until": AT, "price": PRICE, "note": 3})
    post.answer(command, done=True)
    equal(json.loads(post.estate.await_end("parcels", "s-1").value)["grams"], 3)
    equal([value for _, value in post.sent("parcels.labels", "s-1", LABEL)],
          [{"text": "Zürich", "copies": decimal.Decimal(3)}])


@case
def what_does_not_fit_the_schema_is_an_error_of_the_flow():
    post = shared()
    post.parcel("s-2", "SMALL")
    post.weigh("s-2", HEAVY, {"grams": 3_000_000_000})
    told = json.loads(post.estate.await_end("parcels", "s-2").value)
    equal(told["error"], "validation")
    contains(told["detail"], "field 'note': 3000000000 is more than an int holds")
    equal(post.sent("parcels.carries", "s-2", CARRY), [], "commands")


@case
def undo_is_written_too():
    post = shared()
    post.parcel("s-3", "SMALL")
    post.weigh("s-3", WEIGHT, {"grams": 100})  # A label has two digits.
    command, _ = post.await_command("s-3", "Carry")
    post.answer(command, done=True)
    command, value = post.await_command("s-3", "Return")
    equal(value, {"number": NUMBER, "until": None, "price": 0, "note": None})
    post.answer(command, done=True)
    told = json.loads(post.estate.await_end("parcels", "s-3").value)
    equal(told["error"], "validation")
    contains(told["detail"], "field 'copies': a decimal of the schema has 2 digits")


@case
def while_the_registry_is_away_records_wait():
    with Registry(user=("baton", "secret")) as registry:
        registry.broken = (503, {"message": "later"})
        with Estate("away", ["parcels"], config=(
                f"schemaRegistry: {{url: {registry.url}, user: baton, password: secret}}\n")) as estate:
            estate.create_topics([estate.topic(f"parcels.{end}") for end in ("carries", "answers")])
            worker = estate.start_workers(1)[0]
            number = registry.register("w", WEIGHT)
            place = estate.people.send(estate.topic("parcels.weighed"),
                                       framed(number, written(WEIGHT, {"grams": 5})),
                                       headers={"parcel": "w-1"})
            worker.await_event("schema-registry-away")
            worker.await_event("schema-awaited")
            registry.broken = (404, b"<html>a proxy</html>")  # Says nothing about the schema.
            asked = len(registry.asked)
            wait.until(lambda: len(registry.asked) > asked + 4, 30, "more questions")
            equal(estate.read("dlq"), [], "dead letters")
            registry.broken = None
            worker.await_event("schema-registry-back")
            wait.until(lambda: estate.baton("history", "parcels:w-1").returncode == 0, 30,
                       f"the record {place} in the mailbox", every_s=0.2)
            holds(re.search(r'"grams": ?5', json.dumps(estate.show("parcels:w-1"))) or
                  "kept until" in estate.decided("parcels:w-1"), "the record is kept")


if __name__ == "__main__":
    run(shared.leave)
