"""Anomaly with another writer, otherwise as it is shipped; and when its writer dies."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from canairy.service import main
from canairy.settings import KafkaSettings
from canairy.stream.broker import Batch, Outgoing
from canairy.stream.kafka import KafkaChannel
from canairy.stream.kafka.writers import PlainWriter
from services.anomaly import __main__ as anomaly

# Frames come once a second and camera: so many of each are in a batch, alarms and their ends among them.
GATHER_S: Final = 2.5
SEVERAL: Final = 2


def aimed_at(outgoing: Sequence[Outgoing]) -> bool:
    """Whether the process dies of this batch: an asset has several readings in it."""
    return max(Counter(message.key for message in outgoing).values(), default=0) >= SEVERAL


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
            # However quick the machine is, it is behind: else each batch would hold one frame.
            if limit > 1 and timeout_s > 0:
                time.sleep(GATHER_S)
            return super().poll(timeout_s, limit)

    # Where the composition root looks for its channel.
    vars(anomaly)["KafkaChannel"] = Channel
    main(anomaly.run)
