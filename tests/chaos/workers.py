"""Threads beside the stack that go on whatever dies: who pushes, who watches, who acknowledges."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

import grpc
from kafka.errors import KafkaError

from canairy.errors import Unavailable


class Worker(ABC):
    """Turns every `every_s` seconds in a thread of its own; a broker or service that is away is tried again."""

    every_s = 0.5

    def __init__(self, name: str) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(30)

    @abstractmethod
    def turn(self) -> None:
        """One look, or one piece of work."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened; called by the thread when it ends and after each failure."""

    def check(self) -> None:
        """Raises what the thread died of."""
        if self.failure is not None:
            raise RuntimeError(f"{self._thread.name} has died") from self.failure

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self.every_s):
                try:
                    self.turn()
                except (Unavailable, KafkaError, OSError, grpc.RpcError):
                    self.close()
        except BaseException as error:  # noqa: BLE001 - told by `check`
            self.failure = error
        finally:
            self.close()
