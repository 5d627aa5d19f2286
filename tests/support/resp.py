"""A small Redis client over the standard library, for tests and the demo.

    with resp.Client("127.0.0.1", 6379) as redis:
        redis("SET", "key", "value")

Answers are bytes, int, None or lists of them; an error of Redis raises ServerError.
"""

import socket


class ServerError(Exception):
    """Redis answered with an error."""


class Client:
    """One connection. Not for several threads at once."""

    def __init__(self, host, port, timeout_s=5.0):
        self._socket = socket.create_connection((host, port), timeout=timeout_s)
        self._stream = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self._stream.close()
        self._socket.close()

    def __call__(self, *words):
        """Send one command and return its answer."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        request = b"*%d\r\n" % len(parts)
        for part in parts:
            request += b"$%d\r\n%s\r\n" % (len(part), part)
        self._socket.sendall(request)
        return self._answer()

    def _line(self):
        line = self._stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        return line[:-2]

    def _bytes(self, count):
        data = self._stream.read(count + 2)
        if len(data) != count + 2:
            raise ConnectionError("Redis closed the connection")
        return data[:-2]

    def _answer(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise ServerError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._bytes(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self._answer() for _ in range(int(rest))]
        raise ServerError(f"unknown answer {line!r}")
