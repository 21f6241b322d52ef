"""Anomaly with another writer, otherwise as it is shipped; and when its writer dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from canairy.messages.header import CANARY
from canairy.service import main
from canairy.settings import KafkaSettings
from canairy.stream.broker import Batch, Outgoing
from canairy.stream.kafka import KafkaChannel
from canairy.stream.kafka.writers import PlainWriter
from services.anomaly import __main__ as anomaly

# Hot and cool in turn (`tests.chaos.recording`): each of its readings is an alarm or the end of one, lost with it.
TURNING: Final = "lim-toggle"
# On a quick machine each batch would hold one frame, and a canary (each 5 s) would always come alone.
GATHER_S: Final = 1.5


def aimed_at(outgoing: Sequence[Outgoing]) -> bool:
    """Whether the process dies of this batch: what is lost with it shows, and what is repeated, in any order.

    A canary is a heartbeat each time it is judged. Alone it passes: after a death messages are handled one at a time.
    """
    return {CANARY, TURNING} <= {message.key for message in outgoing}


def die() -> None:
    """As a kill does: at once, nothing said."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_with(writer: type[PlainWriter]) -> None:
    """Run the service."""

    class Channel(KafkaChannel):
        def __init__(self, settings: KafkaSettings, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
            super().__init__(settings, *arguments, **named)
            self._writer = writer(settings, self._commit)

        def poll(self, timeout_s: float, limit: int) -> Batch:
            batch, until = super().poll(timeout_s, limit), time.monotonic() + GATHER_S
            while batch.messages and len(batch.messages) < limit and time.monotonic() < until:
                more = super().poll(0.1, limit - len(batch.messages))
                if more.membership != batch.membership:
                    return more  # another term: what was read in the old one is read again
                batch = replace(batch, messages=[*batch.messages, *more.messages])
            return batch

    # Where the composition root looks for its channel.
    vars(anomaly)["KafkaChannel"] = Channel
    main(anomaly.run)
