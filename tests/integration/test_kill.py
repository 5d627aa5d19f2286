"""kill -9 of a worker at every named point of its turn, while orders run on two workers.

After each death a supervisor starts the worker again; then every order has to end exactly once, the
books of the services have to balance, and the checker has to find nothing.
"""

from estate import Estate, Once
from participants import later, refuse
from runner import case, equal, holds, run

ORDERS = 60
# The point, and at which passing of it: late enough that the orders are under way.
TURN = ["after-poll:6", "before-load:3", "before-decide:3", "after-decide:3", "before-begin:3",
        "after-begin:4", "after-produce:4", "after-flush:4", "after-send-offsets:4",
        "after-commit:4", "after-adopt:4"]
STORE = ["before-apply:2", "during-apply:2", "after-apply:2"]
TAKE_OVER = ["before-claim:1", "after-claim:1"]
ROUTER = ["router-after-send:3", "router-after-flush:3", "router-before-commit:2"]


COUNTS = {"round": 0}


def start():
    estate = Estate("kill").__enter__()
    estate.start_worker("steady").await_event("worker-up")
    return estate


shared = Once(start)


def steady():
    return next(worker for worker in shared().workers if worker.name == "steady")


def plans(number):
    """Some fail at each step, some are slow enough to fall asleep."""
    if number % 5 == 0:
        return {"CreateShipment": refuse}
    if number % 7 == 0:
        return {"CapturePayment": refuse}
    if number % 6 == 1:
        return {"CreateShipment": later(1.6)}
    return {"RefundPayment": later(0.05)}


def send_orders(estate):
    COUNTS["round"] += 1
    return estate.orders([f"{COUNTS['round']}-{number}" for number in range(ORDERS)], plans)


def assert_all_well(estate, keys):
    words = estate.people.await_outcomes(keys, 60)
    equal(sum(word == "rejected" for word in words.values()),
          sum(n % 5 == 0 or n % 7 == 0 for n in range(ORDERS)), "rejected orders")
    estate.await_sound()
    estate.assert_settled()


def victim_with(fault):
    """The worker that came back after the last case has the fault of the next one."""
    estate = shared()
    for worker in estate.workers:
        if worker.name == "victim" and worker.alive():
            if worker.fault == fault:
                return worker
            worker.kill9()
    return estate.start_worker("victim", fault=fault)


def die_at(fault, then):
    """`then`: the fault of the case that follows, or None."""
    estate = shared()
    victim = victim_with(fault)
    if fault in TAKE_OVER:
        keys = send_orders(estate)
        victim.kill9()  # Its successor dies while it takes over, under load.
        victim = estate.start_worker("victim", fault=fault)
        victim.arm()
    else:
        victim.await_event("partition-ready")
        victim.arm()
        keys = send_orders(estate)
    victim.await_death()
    equal(victim.process.exit_code(), -9, "exit code")
    holds(victim.says("fault: dying at"), "it died of something else")
    estate.start_worker("victim", fault=then)
    assert_all_well(estate, keys)
    holds(steady().alive(), "the other worker ended")


def case_for(fault, then):
    def body():
        die_at(fault, then)
    body.__name__ = f"worker_dies_{fault.partition(':')[0].replace('-', '_')}"
    case(body)


POINTS = [*TURN, *STORE, *TAKE_OVER, *ROUTER]
for point, following in zip(POINTS, [*POINTS[1:], None]):
    case_for(point, following)


@case
def worker_without_a_name_dies_with_an_open_transaction():
    """Rule 5: its successor does not know it by a name, and ends its transaction after a second,
    not after transaction.timeout.ms (10 s)."""
    estate = shared()
    victim = estate.start_worker("nameless", fault="after-send-offsets:4", static=False)
    victim.await_event("partition-ready")
    victim.arm()
    keys = send_orders(estate)
    victim.await_death()
    steady().await_event("owner-fenced", 9)
    assert_all_well(estate, keys)


@case
def both_workers_die_and_come_back():
    estate = shared()
    other = victim_with(None)
    other.await_event("partition-ready")
    keys = send_orders(estate)
    estate.people.await_outcomes(keys[:5], 30)
    steady().kill9()
    other.kill9()
    estate.start_worker("steady")
    estate.start_worker("victim")
    assert_all_well(estate, keys)


if __name__ == "__main__":
    run(shared.leave)
