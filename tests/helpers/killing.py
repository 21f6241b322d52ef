"""Models whose server is killed in the middle of a batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from canairy.triton.ports import Models, Tensors
from canairy.triton.spec import ModelSpec

# Sending takes less, and a model of pictures more.
AT_WORK_AFTER_S: Final = 0.002


class Killing:
    """`Models`; `kill` is called when all of a batch is on its way, and its models are at work on it."""

    def __init__(self, models: Models, kill: Callable[[], None]) -> None:
        self._models = models
        self._kill = kill

    def infer_many(self, model: str, requests: Iterable[Tensors], in_flight: int = 8) -> Iterator[Tensors]:
        """As `Models`."""
        return self._models.infer_many(model, self._and_kill(requests), in_flight)

    def require(self, *expected: ModelSpec) -> None:
        """As `Models`."""
        self._models.require(*expected)

    def _and_kill(self, requests: Iterable[Tensors]) -> Iterator[Tensors]:
        yield from requests
        # The last one is sent only after this.
        threading.Timer(AT_WORK_AFTER_S, self._kill).start()
