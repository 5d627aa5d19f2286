"""Listens for a second identity: the payment carries its own number, so it lies in another partition than
the order that waits for it. It comes before the order listens, after, or for two orders at once, some of
it twice, and a worker dies meanwhile. Each order takes its payment once."""

import json

import wait
from deaths import ends
from estate import Estate
from runner import case, contains, equal, run

ORDERS = 30


def pay(estate, number, kind):
    """A record that some producer sends twice."""
    payment = {"paymentId": f"P-{number}", "event": f"{kind}-{number}", kind: True}
    for _ in range(2 if number % 3 == 0 else 1):
        estate.people.send(estate.topic("pairing.payments"), payment, key=f"bank-{number % 7}")


@case
def payments_find_their_orders_across_partitions_while_a_worker_dies():
    with Estate("pairing", flows=["pairing"]) as estate:
        victim = estate.start_workers(2)[0]
        for number in range(0, ORDERS, 2):
            pay(estate, number, "captured")  # Before anybody listens.
        for number in range(ORDERS):
            estate.begin("pairing", f"O-{number}", payment=f"P-{number}", twice=number % 5 == 0)
        estate.begin("pairing", "shared", payment="P-1", twice=False)
        estate.await_decided("pairing:O-1", "paid: listening")
        estate.await_decided("pairing:shared", "paid: listening")
        for number in range(1, ORDERS, 2):
            pay(estate, number, "captured")
            if number == ORDERS // 2:
                victim.kill9()
        for number in range(0, ORDERS, 5):
            pay(estate, number, "settled")
        estate.start_worker(victim.name)

        wait.until(lambda: len(ends(estate, "pairing")) == ORDERS + 1, 90, "the ends of all orders",
                   every_s=0.3)
        found = ends(estate, "pairing")
        for number in range(ORDERS):
            equal((found[f"O-{number}"]["paid"], found[f"O-{number}"]["settled"]),
                  (f"captured-{number}", f"settled-{number}" if number % 5 == 0 else None),
                  f"what O-{number} took")
        equal(found["shared"]["paid"], "captured-1", "what was for two")
        assert_aliases_end(estate)


def assert_aliases_end(estate):
    """One that nobody listens to any more is gone, and what nobody ever wanted waits in one."""
    estate.await_decided("~alias:pairing/paid:P-1", "nobody listens, nothing waits: ended")
    pay(estate, 1000, "captured")
    name = "~alias:pairing/paid:P-1000"
    wait.until(lambda: estate.baton("show", name).returncode == 0, 30, name, every_s=0.3)
    shown = json.loads(estate.baton("show", name, "--output", "json").stdout)
    equal(shown["status"], "running", "what waits for somebody to listen")
    contains(estate.decided(name), "kept until a step listens for it")


if __name__ == "__main__":
    run()
