"""A server process: started, stopped, killed and frozen by its pid, and by nothing else."""

import contextlib
import os
import random
import signal
import socket
import subprocess

import wait

# Outside of the range which the kernel gives to outgoing connections: a client that calls a stopped
# server on a port of that range may get that very port for itself, and then talks to itself.
PORTS = range(20000, 32000)


def free_port():
    """A loopback port that nothing listens on at this moment."""
    while True:
        port = random.choice(PORTS)
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def born(pid):
    """When the process started, in ticks since boot, or None if there is none (or a dead one).

    A pid is used again after its process ended; a pid with its time of birth is not.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        # The first thread may be dead while others still end, and hold what the process listens on.
        dead = fields[0] in "ZX" and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if dead else int(fields[19])


def is_stopped(pid):
    """True if the process is there and does not run because of a SIGSTOP."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return False


class StartFailed(Exception):
    """The process ended, or was not ready in time; the text shows the end of its log."""


class Process:
    """One process with its log file. `ready` is asked until it is true."""

    def __init__(self, name, argv, log, ready):
        self.name, self.argv, self.log, self.ready = name, argv, log, ready
        self.pid = None
        self._born = None
        self._child = None

    def adopt(self, pid, birth):
        """Take over a process which another program has started."""
        self.pid, self._born, self._child = pid, birth, None

    def identity(self):
        return {"pid": self.pid, "born": self._born}

    def alive(self):
        if self._child is not None:
            self._child.poll()  # A dead child stays a zombie until it is asked.
        return self.pid is not None and born(self.pid) == self._born is not None

    def start(self, seconds, outlive, stdin=subprocess.DEVNULL):
        """Start and wait until ready. Unless `outlive`, it dies with the thread that called."""
        if self.alive():
            raise StartFailed(f"{self.name} runs already, pid {self.pid}")
        argv = self.argv if outlive else ["setpriv", "--pdeathsig", "KILL", *self.argv]
        with open(self.log, "ab") as log:
            self._child = subprocess.Popen(argv, stdin=stdin, stdout=log, stderr=log,
                                           start_new_session=True)
        self.pid = self._child.pid
        self._born = born(self.pid)
        try:
            wait.until(self._ready_or_dead, seconds, f"{self.name} ready")
        except wait.Timeout as error:
            self.kill9()
            raise StartFailed(f"{error}\n{self.log_tail()}") from error
        if not self.alive():
            raise StartFailed(f"{self.name} ended while it started\n{self.log_tail()}")

    def _ready_or_dead(self):
        return not self.alive() or self.ready()

    def exit_code(self):
        """How it ended, or None if it runs, or another program has started it."""
        if self._child is None or self.alive():
            return None
        return self._child.wait(30)  # Its first thread may be dead before the last.

    def log_tail(self, lines=15):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return f"last lines of {self.log}:\n" + "".join(file.readlines()[-lines:])

    def send(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def stop(self, seconds=30):
        """Ask it to end; kill it if it does not."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        with contextlib.suppress(wait.Timeout):
            wait.until(lambda: not self.alive(), seconds, f"{self.name} ended")
        self.kill9()

    def kill9(self):
        self.send(signal.SIGKILL)
        wait.until(lambda: not self.alive(), 30, f"{self.name} dead")

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)
