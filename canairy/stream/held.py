"""What was handled and is not published yet: memory alone may wait a moment for company."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from canairy.stream.broker import Outgoing, Received


@dataclass(slots=True)
class Held:
    """Messages that were handled together, and the answers to them."""

    messages: list[Received] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    _told: list[Outgoing] = field(default_factory=list)
    _memory: dict[tuple[str, int | None, str], Outgoing] = field(default_factory=dict)
    _since: float | None = None

    def add(self, messages: Sequence[Received], outgoing: Sequence[Outgoing]) -> None:
        """Hold these too; of what is remembered under one key the newest is enough."""
        if self._since is None and (messages or outgoing):
            self._since = self.clock()
        self.messages += messages
        for message in outgoing:
            if message.state:
                self._memory[message.topic, message.partition, message.key] = message
            else:
                self._told.append(message)

    def may_wait_s(self, hold_s: float) -> float | None:
        """How long it may still wait, 0 when somebody else reads what is in it; None when nothing is held."""
        if self._since is None:
            return None
        return 0.0 if self._told else max(0.0, self._since + hold_s - self.clock())

    @property
    def outgoing(self) -> list[Outgoing]:
        """What is told, in order, and then what is remembered."""
        return [*self._told, *self._memory.values()]
