"""CloudEvents: what the SDK of the standard writes, in both modes, is what the flow sees; what the flow
sends the SDK reads; and what only claims to be an event is dead as it came."""

import wait
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from estate import Estate, Once
from runner import case, contains, equal, run


class Shop:
    """The estate, and who writes and reads events there."""

    def __init__(self):
        self.estate = Estate("events", ["events"]).__enter__()
        self.assert_clean, self.tell = self.estate.assert_clean, self.estate.tell
        self.estate.start_workers(1)

    def __exit__(self, *how):
        self.estate.__exit__(*how)

    def send(self, end, mode, data, **attributes):
        event = CloudEvent({"source": "/test", "id": f"{end}-{len(self.estate.begun)}", **attributes}, data)
        message = mode(event, JSONFormat())
        return self.estate.people.send(self.estate.topic(f"events.{end}"), message.value,
                                       headers=message.headers)

    def place(self, key, mode, **attributes):
        self.estate.begun.append(f"events:{key}")
        return self.send("placed", mode, {"order": key, "lines": [1, 2]}, type="order.placed", subject=key,
                         **attributes)

    def found(self, end, key):
        """(record, event) of what was sent for the instance, as the SDK reads it."""
        pairs = []
        for record in self.estate.read(self.estate.topic(f"events.{end}")):
            if record.header("baton-instance") == f"events:{key}":
                message = kafka.KafkaMessage(record.headers, record.key, record.value)
                pairs.append((record, kafka.from_binary(message, JSONFormat())))
        return pairs

    def only(self, end, key):
        pairs = wait.until(lambda: self.found(end, key), 40, f"the event {end} of {key}")
        equal(len(pairs), 1, f"events in {end}")
        return pairs[0]

    def answer(self, key, mode, **attributes):
        record, _ = self.only("asked", key)
        self.send("answered", mode, {"shelf": 7}, correlationid=record.header("correlation-id"),
                  **{"type": "stock.taken", **attributes})


shared = Once(Shop)


def both_ways(key, mode):
    shop = shared()
    shop.place(key, mode)
    record, event = shop.only("asked", key)
    equal(event.get_type(), "stock.take")
    equal(event.get_data(), {"lines": [1, 2]})
    equal(event.get_id(), record.header("idempotency-key"))
    equal(event.get_source(), f"/{shop.estate.app}/events")
    shop.answer(key, mode)
    shop.send("packed", mode, "parcel 9", type="parcel.packed", subject=key, datacontenttype="text/plain")
    _, event = shop.only("ended", key)
    equal(event.get_type(), "order.ended")
    equal(event.get_subject(), f"events:{key}")
    equal(event.get_data(), {"by": "/test", "stock": {"shelf": 7}, "parcel": "parcel 9"})


@case
def events_in_structured_mode_go_through_a_flow():
    both_ways("s-1", kafka.to_structured)


@case
def events_in_binary_mode_go_through_a_flow():
    both_ways("b-1", kafka.to_binary)


@case
def a_refusal_is_told_by_its_type():
    shop = shared()
    shop.place("r-1", kafka.to_structured)
    shop.answer("r-1", kafka.to_structured, type="stock.refused")
    wait.until(lambda: shop.estate.show("events:r-1")["status"] == "failed", 40, "the failure")


@case
def what_claims_to_be_an_event_and_is_none_is_dead_as_it_came():
    shop = shared()
    value = b'{"specversion": "1.0", "id": "x", "type": "order.placed", "data": {"order": "d-1"}}'
    headers = {"content-type": b"application/cloudevents+json", "own": b"kept"}
    place = shop.estate.people.send(shop.estate.topic("events.placed"), value, headers=headers)

    def dead():
        return [letter for letter in shop.estate.read("dlq")
                if (letter.header("baton-dlq-partition"), letter.header("baton-dlq-offset")) ==
                tuple(map(str, place))]
    letter, = wait.until(dead, 40, "the dead letter")
    equal(letter.value, value)
    equal({name: letter.headers[name] for name in headers}, headers)
    contains(letter.header("baton-dlq-reason"), "the CloudEvent has no 'source'")


if __name__ == "__main__":
    run(shared.leave)
