"""Forks, loops, caught and repeated lists while workers die by kill -9.

What the services did is held against how each run ended: what a completed run did and has not undone
is exactly what its flow asks for, a failed one has undone everything, no piece of work and no undo
took effect twice, and each list was undone in reverse. At the end `baton fsck --replay` decides
everything once more.
"""

import threading
from collections import defaultdict

import wait
from deaths import ends, kill_in_turn
from estate import Estate
from participants import Reply
from runner import case, equal, holds, run

RUNS, ITEMS, KILLS = 40, 5, 8


class Books:
    """What took effect, by idempotency key; answers commands as a service should."""

    def __init__(self):
        self.lock = threading.Lock()
        self.effects = defaultdict(list)  # {key: [(type, item, id, id undone)]}
        self.seen = {}

    def answer(self, command):
        name = command.record.header("idempotency-key")
        refused = command.type == "Last" and command.value["refused"]
        with self.lock:
            if name not in self.seen and not refused:
                self.effects[command.key].append(
                    (command.type, (command.value or {}).get("item"), name,
                     command.record.header("baton-undo-of")))
            self.seen[name] = True
        value = {"status": "OK", "ok": True}
        if refused:
            value = {"status": "REJECTED", "ok": False}
        return [Reply(value, after_s=0.3 if command.type == "Slow" else 0.02)]

    def commands(self):
        with self.lock:
            return len(self.seen)

    def standing(self, key):
        """What was done and not undone, and in which order the undos came."""
        done, undone = {}, []
        for kind, item, name, undo_of in self.effects[key]:
            if undo_of:
                undone.append((kind, undo_of))
                if done.pop(undo_of, None) is None:
                    holds(undo_of not in [other for _, other in undone[:-1]],
                          f"{key}: {undo_of} is undone twice")
            else:
                done[name] = kind if item is None else f"{kind} {item}"
        return sorted(done.values()), [kind for kind, _ in undone]


def is_refused(number):
    return number % 4 == 0


def is_unlucky(number):
    return number % 3 == 0


def begin(estate):
    for number in range(RUNS):
        estate.begin("blocks", f"B-{number}", items=list(range(ITEMS)),
                     unlucky=is_unlucky(number), refused=is_refused(number))


def assert_book(books, number, end):
    key = f"B-{number}"
    standing, undone = books.standing(key)
    if is_refused(number):
        equal(end, {"end": "failed"}, f"end of {key}")
        equal(standing, [], f"what {key} left done")
        equal(undone[-1], "Close", f"what {key} undid last, as it was done first")
        return
    equal((end["end"], end["picks"]), ("done", list(range(ITEMS))), f"end of {key}")
    equal(standing, sorted(["Open", "Last", "Guard" if is_unlucky(number) else "Try",
                            end["offer"].capitalize(),
                            *(f"Pick {item}" for item in range(ITEMS))]), f"what {key} left done")
    equal(undone.count("Untry"), 2 if is_unlucky(number) else 0, f"tries that {key} undid")


@case
def blocks_end_whole_however_often_workers_die():
    books = Books()
    with Estate("blocks", flows=["blocks"]) as estate:
        estate.people.default = books.answer
        estate.start_workers(2)
        begin(estate)
        # Commands, if nobody were unlucky or refused.
        kill_in_turn(estate, KILLS, books.commands, least=RUNS * (ITEMS + 5))
        wait.until(lambda: len(ends(estate, "blocks")) == RUNS, 60, f"the ends of {RUNS} runs", every_s=0.3)
        for number, end in ((n, ends(estate, "blocks")[f"B-{n}"]) for n in range(RUNS)):
            assert_book(books, number, end)


if __name__ == "__main__":
    run()
