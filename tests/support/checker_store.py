"""The checker's part about Redis: it is the fold of the committed snapshots, no more and no less.

The layout is that of src/adapter/redis_scripts.h.
"""

import records


class Shelf:
    """What Redis holds of one partition, of the generation that counts."""

    def __init__(self, redis, app, partition):
        prefix = f"{{{app}:{partition}}}:"
        fields = redis("HGETALL", f"{prefix}meta")
        self.meta = {fields[n].decode(): fields[n + 1].decode() for n in range(0, len(fields), 2)}
        self.base = f"{prefix}{self.meta.get('generation', '')}:"
        self.states = self._states(redis) if self.meta else {}
        self.timers = self._timers(redis) if self.meta else {}
        self.stacks = {name: redis("LRANGE", f"{self.base}c:{name}", 0, -1)
                       for name in self.states}

    def _states(self, redis):
        """{name: (timer ids, snapshot record)}"""
        found = {}
        fields = redis("HGETALL", f"{self.base}i")
        for name, value in zip(fields[::2], fields[1::2]):
            count, _, rest = value.partition(b":")
            ids = []
            for _ in range(int(count)):
                size, _, rest = rest.partition(b":")
                ids.append(rest[:int(size)].decode())
                rest = rest[int(size):]
            found[name.decode()] = ids, records.decode("snapshot", rest)
        return found

    def _timers(self, redis):
        """{(name, id): due}"""
        found = {}
        pairs = redis("ZRANGE", f"{self.base}t", 0, -1, "WITHSCORES")
        for member, score in zip(pairs[::2], pairs[1::2]):
            size, _, rest = member.partition(b":")
            name = rest[:int(size)].decode("utf-8", "replace") if size.isdigit() else ""
            timer = rest[int(size):].decode() if size.isdigit() else member.decode()
            found[name, timer] = int(float(score))
        return found


def check_runs(view, shelf, where, wanted):
    """`wanted`: {name: snapshot}, of this partition."""
    for name in sorted(set(wanted) - set(shelf.states)):
        view.find("store", where, f"no state of '{name}', asleep by {wanted[name]['place']}")
    for name in sorted(set(shelf.states) - set(wanted)):
        view.find("store", where, f"a state of '{name}', which is not asleep")
    for name in sorted(set(shelf.states) & set(wanted)):
        ids, state = shelf.states[name]
        snapshot = wanted[name]
        for field in ("run", "seq", "hash", "state", "status", "flowHash", "stackDepth",
                      "stackHash"):
            if state[field] != snapshot[field]:
                view.find("store", where, f"'{name}': {field} is {state[field]!r}, by "
                          f"{snapshot['place']} it is {snapshot[field]!r}")
        if sorted(ids) != sorted(timer["id"] for timer in snapshot["timers"]):
            view.find("store", where, f"'{name}': it notes the timers {ids}, not those of "
                      f"{snapshot['place']}")
        stack = [entry.decode() for entry in shelf.stacks[name]]
        if stack != snapshot["stack"]:
            view.find("store", where, f"'{name}': the stack is {stack}, by {snapshot['place']} it "
                      f"is {snapshot['stack']}")


def check_timers(view, shelf, where, wanted):
    """Every armed timer of a sleeping run is there, and none besides."""
    armed = {(name, timer["id"]): timer["dueMs"]
             for name, snapshot in wanted.items() for timer in snapshot["timers"]}
    for key in sorted(set(armed) | set(shelf.timers)):
        if armed.get(key) != shelf.timers.get(key):
            view.find("store", where, f"timers: {key} is due {shelf.timers.get(key)}, wanted "
                      f"{armed.get(key)}")


def check(view, latest):
    """`latest`: {name: snapshot} as the topic folds."""
    ends = {}
    for record in view.of("snapshot"):
        ends[record.partition] = record.offset + 1
    with view.estate.store() as redis:
        for partition in range(view.partitions):
            shelf = Shelf(redis, view.estate.app, partition)
            wanted = {name: snapshot for name, snapshot in latest.items()
                      if snapshot["partition"] == partition}
            where = f"redis {{{view.estate.app}:{partition}}}"
            if not shelf.meta:
                if partition in ends:
                    view.find("store", where, "nothing is there")
                continue
            if int(shelf.meta["watermark"]) < ends.get(partition, 0):
                view.find("store", where, f"stands at {shelf.meta['watermark']}, the topic has "
                          f"records up to {ends[partition]}")
            check_runs(view, shelf, where, wanted)
            check_timers(view, shelf, where, wanted)
            for field, there in (("runs", shelf.states), ("timers", shelf.timers)):
                if int(shelf.meta[field]) != len(there):
                    view.find("store", where, f"counts {shelf.meta[field]} {field}, has "
                              f"{len(there)}")
