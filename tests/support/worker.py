"""A `baton run` under test: started, killed, frozen at a named point, asked what it has logged."""

import os

import process
import records
import wait

BATON = os.environ.get("BATON", "")
BATON_FAULTY = os.environ.get("BATON_FAULTY", "")
READY_SECONDS = 40


def quick_program():
    """An optimised build of the same sources if there is one, or None."""
    newest = max(path.stat().st_mtime for path in (records.SOURCE / "src").rglob("*.[ch]"))
    for preset in ("clang", "release"):
        program = records.SOURCE / "build" / preset / "baton"
        if program.exists() and program.stat().st_mtime > newest:
            return str(program)
    return None


class Worker:
    """One `baton run`. Its log can be asked for events.

    With `fault`, "<point>" or "<point>:<n>", it dies when it comes there for the n-th time after
    arm(); with `freeze` it stops there, until the test thaws it. `program`: another one than BATON.
    """

    def __init__(self, estate, name, fault=None, static=True, freeze=False, **more):
        self.name, self.estate, self.fault = name, estate, fault
        argv = [BATON_FAULTY if fault else more.get("program") or BATON, "run", "--config",
                str(estate.config), *more.get("options", ())]
        argv += ["--name", name] if static else []
        self.armed = estate.directory / f"{name}.armed"
        self.armed.unlink(missing_ok=True)
        if fault:
            argv = ["env", f"BATON_FAULT={fault}", f"BATON_FAULT_WHEN={self.armed}",
                    f"BATON_FAULT_SIGNAL={'STOP' if freeze else 'KILL'}", *argv]
        self.log = estate.directory / f"{name}.log"
        self.process = process.Process(f"{estate.app} {name}", argv, self.log, lambda: True)
        self.from_byte = self.log.stat().st_size if self.log.exists() else 0

    def arm(self):
        self.armed.touch()

    def await_frozen(self, seconds=30):
        def stopped():
            if not self.alive():
                raise AssertionError(f"{self.name} ended\n{self.process.log_tail()}")
            return process.is_stopped(self.process.pid)
        wait.until(stopped, seconds, f"{self.name} frozen at {self.fault}")

    def start(self):
        self.process.start(10, outlive=False)
        return self

    def text(self):
        """Its log since it started."""
        with open(self.log, "rb") as file:
            file.seek(self.from_byte)
            return file.read().decode("utf-8", "replace")

    def says(self, *events):
        text = self.text()
        return any(event in text for event in events)

    def alive(self):
        return self.process.alive()

    def await_event(self, event, seconds=READY_SECONDS):
        def seen():
            if self.says(event):
                return True
            if not self.alive():
                raise AssertionError(f"{self.name} ended before '{event}'\n"
                                     f"{self.process.log_tail()}")
            return False
        wait.until(seen, seconds, f"'{event}' of {self.name}")

    def await_death(self, seconds=30):
        wait.until(lambda: not self.alive(), seconds, f"the end of {self.name}")

    def kill9(self):
        self.process.kill9()

    def stop(self):
        """Gracefully; gives the exit code, or None if it had to be killed or is not ours."""
        if self.alive():
            self.process.stop(25)
        return self.process.exit_code()
