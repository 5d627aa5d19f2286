"""100,000 sagas, and every second of a minute one of the workers dies by kill -9.

Where there is no optimised build they are fewer.

Afterwards every saga has ended once, what took effect in the services is what its end says, and the
independent checker finds nothing: no command twice in the committed view, no gap in a history, no
record that came in and ended nowhere.
"""

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import checker
import process
import quick_services
import records
import wait
from estate import Estate
from runner import case, equal, holds, run
from worker import BATON, quick_program

SECONDS = 60
SAGAS = 100_000
SAGAS_SLOW = 15_000  # Where there is none but the build with sanitizers.
WORKERS = 3
DRAIN_SECONDS = 300
SHARES = 4  # Parts of the keys that are checked by themselves; two at a time.
NOTE = "n" * 150

STORIES = {"nothing": "Reserve Charge Ship -> done", "Charge": "Reserve Release -> undone",
           "Ship": "Reserve Charge Refund Release -> undone"}


class Books:
    """The services' process, and what it says of its books."""

    def __init__(self, estate):
        self.path = estate.directory / "books.json"
        self.process = process.Process(
            "quick services", [sys.executable, str(Path(quick_services.__file__)), estate.brokers,
                               estate.topic(""), str(self.path)],
            estate.directory / "services.log", self.path.exists)
        self.process.start(30, outlive=False)

    def read(self):
        return json.loads(self.path.read_text())

    def close(self):
        self.process.stop(40)
        equal(self.process.exit_code(), 0, "exit code of the services")
        return self.read()


def key_of(number):
    return f"K{number:06d}"


def send(estate, numbers):
    estate.people.send_many(estate.topic("load.started"), [
        (key_of(number), {"id": key_of(number), "note": NOTE}) for number in numbers])


def patient(estate):
    """With the session of an estate in earnest: a member that is back under its name needs none to
    run out, and turns under load take longer than the other tests allow."""
    text = estate.config.read_text()
    holds("session.timeout.ms: 2000" in text, "the session of the tests")
    estate.config.write_text(text.replace("session.timeout.ms: 2000", "session.timeout.ms: 6000"))


def kill_while_sending(estate, sagas, program):
    """Gives how many workers were killed while they worked."""
    chance = random.Random(4711)
    begun, killed, sent = time.monotonic(), 0, 0
    for second in range(1, SECONDS + 1):
        until = min(sagas, sent + sagas // SECONDS + 1)
        send(estate, range(sent, until))
        sent = until
        victim = chance.choice(estate.workers)
        killed += victim.alive()
        victim.kill9()
        estate.start_worker(victim.name, program=program)
        wait.until(lambda at=begun + second: time.monotonic() >= at, 30, "the next second",
                   every_s=0.01)
    estate.people.flush()
    return killed


def judge(share, brokers, app, commands, sources):
    """A part of the keys; in a process of its own. Gives findings as text, and what was seen."""
    seen = checker.Estate(brokers, app, commands=commands, sources=sources, share=share)
    view = checker.look(seen)
    ended = sum(steps[-1].value["kind"] == "TERMINAL" for steps in view.runs.values())
    return [str(finding) for finding in view.findings[:20]], len(view.runs), ended


def judge_all(estate):
    """The independent checker over all keys: (findings, runs, ended)."""
    commands = [estate.topic(f"{name}.commands") for name in quick_services.SERVICES]
    sources = {estate.topic("load.started"): "message",
               **{estate.topic(f"{name}.replies"): "reply" for name in quick_services.SERVICES}}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(judge, (n, SHARES), estate.brokers, estate.app,
                             [*commands, estate.topic("load.ended")], sources)
                 for n in range(SHARES)]
        results = [part.result(400) for part in parts]
    return ([text for found, _, _ in results for text in found],
            sum(runs for _, runs, _ in results), sum(ended for _, _, ended in results))


def assert_stories(books, sagas):
    wanted = {}
    for number in range(sagas):
        refused = quick_services.refuses(key_of(number).encode())
        story = f"{refused}: {STORIES[refused]}"
        wanted[story] = wanted.get(story, 0) + 1
    equal(books["stories"], wanted, "what took effect")
    equal(books["again"], 0, "outcomes told twice")


@case
def nothing_is_lost_or_done_twice_when_workers_die_every_second_under_load():
    program = quick_program()
    sagas = SAGAS if program else SAGAS_SLOW
    with Estate("load", flows=("load",), config="checkpoint: {idle: 1s, max: 5s}\n") as estate:
        patient(estate)
        estate.create_topics([estate.topic(f"{name}.{end}") for name in quick_services.SERVICES
                              for end in ("commands", "replies")], partitions=4)
        for number in range(WORKERS):
            estate.start_worker(f"w{number + 1}", program=program).await_event("worker-up")
        estate.await_partitions()
        books = Books(estate)
        begun = time.monotonic()
        killed = kill_while_sending(estate, sagas, program)
        wait.until(lambda: books.read()["ended"] >= sagas, DRAIN_SECONDS,
                   f"the end of {sagas} sagas")
        print(f"{sagas} sagas, {killed} workers killed, "
              f"{time.monotonic() - begun:.0f} s to the last end", flush=True)
        holds(killed >= SECONDS * 3 // 4, f"only {killed} were killed at work")
        settle(estate)
        assert_stories(books.close(), sagas)
        fsck(estate, program)
        begun = time.monotonic()
        findings, runs, ended = judge_all(estate)
        print(f"checked in {time.monotonic() - begun:.0f} s", flush=True)
        holds(not findings, "findings:\n" + "\n".join(findings))
        equal((runs, ended), (sagas, sagas), "runs, and those that ended")


def fsck(estate, program):
    """What the product's own checker says of it, while the workers are there. They may cut the inbox
    just then; it says so, and is asked again. Replayed by the optimised build if that is what ran."""
    begun = time.monotonic()
    argv = [program or BATON, "fsck", "--replay", "--config", str(estate.config)]

    def looked():
        done = subprocess.run(argv, timeout=300, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        return None if done.returncode == 3 and "moved while" in done.stderr else done
    done = wait.until(looked, 300, "a look of fsck at its leisure")
    equal(done.returncode, 0, f"exit code of fsck\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    estate.damage("looked at already; with sanitizers it would take minutes to look again")
    print(f"fsck in {time.monotonic() - begun:.0f} s", flush=True)


def settle(estate):
    """Until what was forwarded is taken: the end of the last saga may be followed by late replies."""
    inbox, group = f"{estate.app}.inbox", f"{estate.app}.exec"

    def all_taken():
        last = {commit.partition: commit.offset
                for commit in records.commits(estate.brokers, group, inbox)}
        return all(last.get(partition, 0) >= high
                   for partition, (_, high) in records.ends(estate.brokers, inbox).items())
    wait.until(all_taken, 60, "an inbox that is taken to its end", every_s=1)


if __name__ == "__main__":
    run()
