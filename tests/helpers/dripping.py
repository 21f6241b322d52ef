"""A server that never comes to an end of its answer: a byte now and then, to everybody who connects (slow loris)."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Dripping:
    """`with` opens it on loopback. `begins` is said at once, then an "x" every `every_s`."""

    def __init__(self, begins: bytes, every_s: float = 0.2) -> None:
        self.connections = 0
        self._begins = begins
        self._every_s = every_s
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self.connections += 1
                thread = threading.Thread(target=self._drip, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _drip(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.sendall(self._begins)
            while not self._stopping.wait(self._every_s):
                client.sendall(b"x")
