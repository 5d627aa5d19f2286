"""Workers that die while runs go on, and how the runs ended all the same."""

import json

import wait
from runner import holds


def ends(estate, flow):
    """{key: value of its record in "<flow>.ended"}; a second one is a fault."""
    found = {}
    for record in estate.read(estate.topic(f"{flow}.ended")):
        key = record.key.decode()
        holds(key not in found, f"{key} ended twice")
        found[key] = json.loads(record.value)
    return found


def kill_in_turn(estate, kills, commands, least):
    """Of w1 and w2 one dies whenever so much more was asked of the services, and comes back.

    `commands()` tells how many commands they were given, `least` how many they will be.
    """
    for number in range(kills):
        wait.until(lambda n=number: commands() > least * (n + 1) // (kills + 1), 40,
                   "commands under way", every_s=0.005)
        victim = next(worker for worker in estate.workers if worker.name == f"w{number % 2 + 1}")
        victim.kill9()
        estate.start_worker(victim.name)
