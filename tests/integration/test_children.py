"""Children on other partitions while workers die by kill -9, and starts, cancels and ends by hand.

What the services did is held against how each parent ended: the children of a completed one have done
their work once; those of a failed one, which had all completed before, have undone it, each its own in
reverse, and before what the parent did before them. At the end `baton fsck --replay` decides
everything once more.
"""

import json
import threading
from collections import defaultdict

import wait
from deaths import ends, kill_in_turn
from estate import Estate
from participants import Reply
from runner import case, contains, equal, holds, run

PARENTS, ITEMS, KILLS = 24, 3, 6
UNDO = {"Close": "Open", "Unwork": "Work", "Unfirst": "First"}


class Books:
    """What took effect, once for an idempotency key, by the key of the parent, in order."""

    def __init__(self):
        self.lock = threading.Lock()
        self.effects = defaultdict(list)
        self.seen = set()

    def answer(self, command):
        name = command.record.header("idempotency-key")
        refused = command.type == "Last" and command.value["refused"]
        with self.lock:
            if name not in self.seen and not refused:
                self.effects[command.key.split("/")[0]].append((command.key, command.type))
            self.seen.add(name)
        return [Reply({"status": "REJECTED", "ok": False} if refused
                      else {"status": "OK", "ok": True}, after_s=0.02)]

    def commands(self):
        with self.lock:
            return len(self.seen)


def is_refused(number):
    return number % 3 == 0


def assert_book(books, number, end):
    key = f"F-{number}"
    effects = books.effects[key]
    done = [effect for effect in effects if effect[1] not in UNDO]
    undone = [effect for effect in effects if effect[1] in UNDO]
    children = [f"{key}/sub/{item}" for item in range(ITEMS)]
    wanted = [(key, "First"), *((child, step) for child in children for step in ("Open", "Work"))]
    if not is_refused(number):
        equal((end["how"], end["members"]), ("done", list(range(ITEMS))), f"end of {key}")
        contains(end["alone"], "not deployed")
        equal(sorted(done), sorted([*wanted, (key, "Last")]), f"what {key} did")
        equal(undone, [], f"what {key} undid")
        return
    equal(end["how"], "failed", f"end of {key}")
    equal(sorted(done), sorted(wanted), f"what {key} did")
    equal(sorted((who, UNDO[what]) for who, what in undone), sorted(wanted), f"what {key} undid")
    equal(undone[-1], (key, "Unfirst"), f"what {key} undid last")
    for child in children:
        equal([what for who, what in undone if who == child], ["Unwork", "Close"], f"undos of {child}")


@case
def children_are_run_and_undone_once_however_often_workers_die():
    books = Books()
    with Estate("children", flows=["family", "member"]) as estate:
        estate.people.default = books.answer
        estate.start_workers(2)
        for number in range(PARENTS):
            estate.begin("family", f"F-{number}", kind="member", items=list(range(ITEMS)),
                         refused=is_refused(number))
        kill_in_turn(estate, KILLS, books.commands, least=PARENTS * (ITEMS * 2 + 2))
        wait.until(lambda: len(ends(estate, "family")) == PARENTS, 90, f"the ends of {PARENTS} parents",
                   every_s=0.3)
        for number, end in ((n, ends(estate, "family")[f"F-{n}"]) for n in range(PARENTS)):
            assert_book(books, number, end)
        children = {number: estate.show(f"member:F-{number}/sub/0") for number in (0, 1)}
        equal({number: child["status"] for number, child in children.items()},
              {0: "cancelled", 1: "completed"})


@case
def deadline_of_a_child_is_not_held_back_by_the_markers_in_its_inbox():
    books = Books()
    with Estate("markers", flows=["family", "member"]) as estate:
        estate.people.default = lambda command: ([] if command.type == "Open"
                                                 else books.answer(command))
        estate.start_workers(1)
        estate.begin("family", "F-1", kind="member", items=[1], refused=False, limit="1s")
        equal(json.loads(estate.await_end("family", "F-1").value)["how"], "failed")
        equal(sorted(books.effects["F-1"]),
              sorted([("F-1", "First"), ("F-1/sub/0", "Close"), ("F-1", "Unfirst")]))


@case
def people_start_cancel_and_terminate():
    books = Books()
    with Estate("byhand", flows=["family", "member"]) as estate:
        estate.people.default = books.answer
        estate.start_workers(1)
        done = estate.baton("start", "member", "--key", "M-1", "--data", '{"item": 7}')
        equal(done.returncode, 0, done.stderr)
        wait.until(lambda: books.effects["M-1"] == [("M-1", "Open"), ("M-1", "Work")], 20,
                   "the work of M-1", every_s=0.1)
        estate.await_decided("member:M-1", "completed")
        equal(estate.baton("start", "family", "--key", "F-1").returncode, 1, "no manual start")
        equal(estate.baton("cancel", "member:M-1").returncode, 1, "it has ended")

        estate.people.default = lambda command: []
        for key, word in (("C-1", "cancel"), ("T-1", "terminate")):
            estate.begin("family", key, kind="member", items=[1], refused=False)
            wait.until(lambda k=key: estate.baton("show", f"family:{k}").returncode == 0, 20,
                       f"family:{key}", every_s=0.2)
            done = estate.baton(word, f"family:{key}", "--reason", "enough", "--actor", "ann")
            equal(done.returncode, 0, done.stderr)
        estate.await_decided("family:T-1", "operator ann: terminate")
        estate.await_decided("family:C-1", "operator ann: cancel")
        equal(estate.show("family:T-1")["status"], "cancelled")
        equal(estate.show("family:C-1")["status"], "compensating")


@case
def what_is_larger_than_a_message_reaches_the_parent_and_is_recorded():
    books = Books()
    with Estate("large", flows=["ballast", "cargo"]) as estate:
        estate.people.default = books.answer
        estate.start_workers(1)
        estate.begin("ballast", "B-1")
        equal(json.loads(estate.await_end("ballast", "B-1", 90).value), {"bytes": 600003})
        wait.until(lambda: estate.show("cargo:B-1/cargo")["status"] == "completed", 60,
                   "the release of the child", every_s=0.3)
        equal(estate.show("ballast:B-1")["status"], "completed")
        equal(books.effects["B-1"], [("B-1/cargo", "Open")])
        history = [len(record.value) for record in estate.read("history") if record.value]
        holds(max(history) > 1_100_000, f"no record is large: {max(history)}")


if __name__ == "__main__":
    run()
