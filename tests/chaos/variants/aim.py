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

SEVERAL: Final = 2


def aimed_at(outgoing: Sequence[Outgoing]) -> bool:
    """Whether the process dies of this batch: an asset has several readings in it."""
    return max(Counter(message.key for message in outgoing).values(), default=0) >= SEVERAL


def die() -> None:
    """As a kill does: at once, nothing said."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_with(writer: type[PlainWriter], gather_s: float = 0.0) -> None:
    """Run the service; it lets frames gather for `gather_s` before each look at them."""

    class Channel(KafkaChannel):
        def __init__(self, settings: KafkaSettings, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
            super().__init__(settings, *arguments, **named)
            self._writer = writer(settings, self._commit)

        def poll(self, timeout_s: float, limit: int) -> Batch:
            # On a quick machine each batch would hold one frame.
            if limit > 1 and timeout_s > 0:
                time.sleep(gather_s)
            return super().poll(timeout_s, limit)

    # Where the composition root looks for its channel.
    vars(anomaly)["KafkaChannel"] = Channel
    main(anomaly.run)
