"""HTTP that ends in time: whatever the other side does, all of a request and its answer take so long and no longer.

A socket's own timeout is for each of its reads, so one that gives a byte a second never runs into it (slow loris).
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from services.ingest.http_address import HttpAddress

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Deadline:
    """So many seconds from now, altogether."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at_s = monotonic() + seconds

    def left_s(self) -> float:
        """What is left of them; raises TimeoutError when nothing is."""
        left_s = self._at_s - self._monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return left_s


class BoundedConnection(http.client.HTTPConnection):
    """One connection for one request; with a context over TLS."""

    def __init__(self, address: HttpAddress, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        super().__init__(address.host, address.port)
        self._deadline = deadline
        self._end: socket.socket | None = None
        self._tls = context if address.scheme == "https" else None

    def connect(self) -> None:
        """As HTTPConnection's; called by it."""
        plain = socket.create_connection((self.host, self.port), self._deadline.left_s())
        try:
            plain.settimeout(self._deadline.left_s())
            end = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        self._end = end
        self.sock = cast("socket.socket", _Bounded(end, self._deadline))

    def shut(self) -> None:
        """Close it. http.client lets go of a connection before its answer has been read, and that must still be."""
        if self._end is not None:
            self._end.close()


class _Bounded:
    """As much of a socket as http.client uses."""

    def __init__(self, end: socket.socket, deadline: Deadline) -> None:
        self._end = end
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._end.settimeout(self._deadline.left_s())
        self._end.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._end, self._deadline))

    def close(self) -> None:
        """See BoundedConnection.shut."""


class _Reader(io.RawIOBase):
    def __init__(self, end: socket.socket, deadline: Deadline) -> None:
        self._end = end
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._end.settimeout(self._deadline.left_s())
        return self._end.recv_into(buffer)
