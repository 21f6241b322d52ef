"""What a step remembers, read back from its state topic when partitions are taken over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from canairy import metrics
from canairy.errors import InvalidMessage
from canairy.log import get_logger
from canairy.stream.broker import Received
from canairy.stream.dead_letter import INVALID
from canairy.stream.step import Step

log = get_logger()


@dataclass(frozen=True, slots=True)
class Alive:
    """How a member says that it lives while it reads a long state.

    A topic that Kafka has not compacted may take longer to read than a member may be silent (five minutes): the group
    would give its partitions away, it would take them again and begin anew, for ever. So `keep_membership` is called
    meanwhile, every `keep_every_s` seconds; `turned` with each record.
    """

    turned: Callable[[], None]
    keep_membership: Callable[[], None]
    keep_every_s: float

    def through(self, records: Iterable[Received]) -> Iterator[Received]:
        """The same records."""
        kept_at = time.monotonic()
        for record in records:
            yield record
            self.turned()
            if time.monotonic() - kept_at >= self.keep_every_s:
                self.keep_membership()
                kept_at = time.monotonic()


def restore(step: Step[Any], records: Iterable[Received], alive: Alive, *, latest_only: bool = False) -> None:
    """Give the step each record; one that it cannot read is counted and skipped.

    With `latest_only` just the last one of each key, as if Kafka had compacted the topic a moment ago: to understand a
    record costs several times what it costs to fetch it.
    """
    read = alive.through(records)
    for record in alive.through(latest_of_each(read)) if latest_only else read:
        try:
            step.restore(record)
        except InvalidMessage as error:
            metrics.MESSAGES_INVALID.labels(record.topic, INVALID).inc()
            log.exception("state record skipped", topic=record.topic, key=record.key, reason=str(error))


def latest_of_each(records: Iterable[Received]) -> Iterable[Received]:
    """The last record of each key, in the order in which these were written."""
    latest: dict[str, Received] = {}
    for record in records:
        latest.pop(record.key, None)
        latest[record.key] = record
    return latest.values()
