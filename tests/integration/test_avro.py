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


class Post:
    """The estate, its registry and who sends parcels."""

    def __init__(self):
        self.registry = registry_for_tests().__enter__()
        self.estate = Estate("avro", ["parcels"], config=f"schemaRegistry: {{url: {self.registry.url}}}\n"
                             "checkpoint: {idle: 200ms, max: 2s}\n").__enter__()
        self.assert_clean, self.tell = self.estate.assert_clean, self.estate.tell
        self.estate.start_workers(1)
        started = self.estate.topic("parcels.started")
        self.registry.register(f"{self.estate.app}-address", ADDRESS)
        self.number = self.registry.register(f"{started}-value", PARCEL, [
            ("post.Address", f"{self.estate.app}-address", 1)])

    def parcel(self, key, number=None):
        known = {}
        fastavro.parse_schema(ADDRESS, named_schemas=known)
        value = {"id": key, "kind": "LARGE", "number": 9007199254740993, "raw": b"\x00\xff",
                 "price": decimal.Decimal("-1234567890.50"), "to": {"city": "Zürich"},
                 "at": datetime.datetime(2026, 11, 21, 15, 4, 5, 123000, datetime.timezone.utc)}
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(PARCEL, named_schemas=known), value)
        self.estate.begun.append(f"parcels:{key}")
        return self.send("parcels.started", framed(number or self.number, out.getvalue()), key=key)

    def weigh(self, key, schema, value, number=None):
        number = number or self.registry.register(
            f"{self.estate.topic('parcels.weighed')}-value", schema)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
        return self.send("parcels.weighed", framed(number, out.getvalue()), headers={"parcel": key})

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
def while_the_registry_is_away_records_wait():
    with Registry(user=("baton", "secret")) as registry:
        registry.broken = (503, {"message": "later"})
        with Estate("away", ["parcels"], config=(
                f"schemaRegistry: {{url: {registry.url}, user: baton, password: {{env: AVRO_SECRET}}}}\n"
                "http: 127.0.0.1:0\n")) as estate:
            estate.config.write_text(estate.config.read_text().replace("{env: AVRO_SECRET}",
                                                                      '"secret"'))
            worker = estate.start_workers(1)[0]
            number = registry.register("w", WEIGHT)
            out = io.BytesIO()
            fastavro.schemaless_writer(out, fastavro.parse_schema(WEIGHT), {"grams": 5})
            place = estate.people.send(estate.topic("parcels.weighed"), framed(number, out.getvalue()),
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
