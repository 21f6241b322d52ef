"""Waiting for the Kafka client no longer than we want to: some of its calls wait without limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` answers or raises; TimeoutError when it takes longer than `seconds`.

    It runs in a thread of its own, which is left behind then: whatever it holds must be closed by the caller.
    """
    task = _Task(work)
    thread = threading.Thread(target=task.run, name="kafka-call", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return task.answer()


class _Task(Generic[T]):
    """What a thread ended with."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._results: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - handed on to the thread that waits
            self._error = error

    def answer(self) -> T:
        if self._error is not None:
            raise self._error
        return self._results[0]
