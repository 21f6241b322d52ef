"""What a step remembers, read back from its state topic when partitions are taken over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from canairy import metrics
from canairy.errors import InvalidMessage
from canairy.log import get_logger
from canairy.stream.broker import Received
from canairy.stream.dead_letter import INVALID
from canairy.stream.step import Step

log = get_logger()


def restore(
    step: Step[Any],
    records: Iterable[Received],
    turned: Callable[[], None],
    keep_membership: Callable[[], None],
    keep_every_s: float,
) -> None:
    """Give the step each record; one that it cannot read is counted and skipped. `turned` says that we are alive.

    A topic that Kafka has not compacted may take longer to read than a member may be silent (five minutes): the group
    would give its partitions away, it would take them again and begin anew, for ever. So `keep_membership` is called
    meanwhile, every `keep_every_s` seconds.
    """
    kept_at = time.monotonic()
    for record in records:
        try:
            step.restore(record)
        except InvalidMessage as error:
            metrics.MESSAGES_INVALID.labels(record.topic, INVALID).inc()
            log.exception("state record skipped", topic=record.topic, key=record.key, reason=str(error))
        turned()
        if time.monotonic() - kept_at >= keep_every_s:
            keep_membership()
            kept_at = time.monotonic()
