"""A choreography that goes on as before while a flow watches it: services that react to each other's
events, of which none knows of baton. Nothing reaches their topics that they have not sent themselves;
what does not come is told by alerts, also when a worker dies meanwhile."""

import json

import records
import wait
from estate import Estate
from runner import case, contains, equal, holds, run

HURRY = {"warnAfter: 15m": "warnAfter: 1s", "timeout: 1d": "timeout: 4s",
         "warnAfter: 2d": "warnAfter: 1s", "timeout: 10d": "timeout: 5m",
         "payments.captured": "{p}payments.captured",
         "shipments.dispatched": "{p}shipments.dispatched"}
QUICK_ORDERS = [f"q{number}" for number in range(30)]


class Choreography:
    """What the services would send: each record is counted, so that another's would show."""

    def __init__(self, estate):
        self.estate, self.sent = estate, {}

    def tell(self, topic, value, **record):
        self.estate.people.send(self.estate.topic(topic), value, **record)
        self.sent[topic] = self.sent.get(topic, 0) + 1

    def created(self, order):
        self.tell("orders.created", {"orderId": order, "total": 5}, key=order)

    def captured(self, order):
        self.tell("payments.captured", {"amount": 5}, headers=[("order-id", order.encode())])

    def dispatched(self, order):
        self.tell("shipments.dispatched", {"order": {"id": order}, "trackingId": f"T-{order}"})


def state_of(estate, order):
    done = estate.baton("show", f"order-journey:{order}", "--output", "json")
    return json.loads(done.stdout)["status"] if done.returncode == 0 else None


def await_state(estate, order, state, seconds=30):
    wait.until(lambda: state_of(estate, order) == state, seconds, f"order-journey:{order} {state}",
               every_s=0.3)


def told(estate, order):
    """The alerts of an order: pairs of a step (empty: the whole run) and a kind."""
    return [(alert["step"], alert["kind"]) for alert in estate.alerts(f"order-journey:{order}")]


@case
def services_go_on_as_before_and_are_seen():
    with Estate("observe", ["order-journey"], replace=HURRY) as estate:
        names = ["payments.captured", "shipments.dispatched"]
        estate.create_topics([estate.topic(name) for name in names])
        first = estate.start_workers(2)[0]
        seen = Choreography(estate)
        for order in QUICK_ORDERS:
            seen.created(order)
        seen.captured("swapped")  # Before the order itself.
        seen.created("swapped")
        seen.created("unpaid")
        first.kill9()
        for order in [*QUICK_ORDERS, "slow"]:
            if order == "slow":
                seen.created(order)
            seen.captured(order)
        seen.dispatched("swapped")
        for order in QUICK_ORDERS:
            seen.dispatched(order)
        estate.start_worker(first.name)

        for order in [QUICK_ORDERS[0], QUICK_ORDERS[-1], "swapped"]:
            await_state(estate, order, "completed")
        await_state(estate, "unpaid", "failed")
        equal(told(estate, "unpaid"), [("paid", "late"), ("", "failed")],
              "alerts of an order that is not paid")
        # A busy machine may also be late with the payment, which is told too.
        wait.until(lambda: ("shipped", "late") in told(estate, "slow"), 30,
                   "an alert: not dispatched yet", every_s=0.3)
        contains(estate.decided("order-journey:slow"), "shipped: listening")
        seen.dispatched("slow")
        await_state(estate, "slow", "completed")
        ended = estate.history("order-journey:swapped")["records"][-1]
        holds("T-swapped" in json.dumps(ended), f"what was seen last: {ended}")
        assert_nothing_else(estate, seen)


def assert_nothing_else(estate, seen):
    topics = [name for name in records.partition_counts(estate.brokers)
              if name.startswith(estate.topic(""))]
    found = {topic: len(estate.read(topic)) for topic in topics}
    wanted = {topic: seen.sent.get(topic.removeprefix(estate.topic("")), 0) for topic in topics}
    equal(found, wanted, "records in the topics of the services")


if __name__ == "__main__":
    run()
