"""Anomaly with another writer, otherwise as it is shipped; and when its writer dies."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Any

from canairy.service import main
from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka import KafkaChannel
from canairy.stream.kafka.writers import PlainWriter
from services.anomaly import __main__ as anomaly


def aimed_at(outgoing: Sequence[Outgoing]) -> bool:
    """Whether the process dies of this batch: an asset has several readings in it."""
    return max(Counter(message.key for message in outgoing).values(), default=0) > 1


def die() -> None:
    """As a kill does: at once, nothing said."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_with(writer: type[PlainWriter]) -> None:
    """Run the service."""

    class Channel(KafkaChannel):
        def __init__(self, settings: KafkaSettings, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
            super().__init__(settings, *arguments, **named)
            self._writer = writer(settings, self._commit)

    # Where the composition root looks for its channel.
    vars(anomaly)["KafkaChannel"] = Channel
    main(anomaly.run)
