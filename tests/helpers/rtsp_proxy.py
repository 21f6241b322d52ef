"""A bad line between us and a camera: passes bytes on, and does to those of the camera what a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Change = Callable[[bytes], bytes]


def unchanged(data: bytes) -> bytes:
    return data


class BadLine:
    """`with` opens it on loopback; `change` is asked for every chunk that the camera sends, and may be replaced."""

    def __init__(self, port: int, change: Change = unchanged) -> None:
        self.change = change
        self.connections = 0
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._listener, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(10)

    @property
    def source(self) -> str:
        """As a site file has it."""
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                self.connections += 1
                self._open.append(near)
                far = socket.create_connection(("127.0.0.1", self._to), 5)
                far.settimeout(None)
                self._open.append(far)
                self._start(self._pump, near, far, unchanged)
                self._start(self._pump, far, near, self._changed)

    def _changed(self, data: bytes) -> bytes:
        return self.change(data)

    def _pump(self, one: socket.socket, other: socket.socket, change: Change) -> None:
        with suppress(OSError):
            while data := one.recv(4096):
                other.sendall(change(data))
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
