"""An offset that a partition does not have: retention overtook its reader, or the topic was made anew or cut short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import kafka.errors

from canairy import metrics
from canairy.stream.kafka.client import REQUEST_TIMEOUT_S

# The client tells the second one when it looks at a log that ends before the place to which it has read.
NOT_THERE: Final = (kafka.errors.OffsetOutOfRangeError, kafka.errors.LogTruncationError)


def go_on_with_oldest(consumer: Any, error: Any) -> Iterator[str]:  # noqa: ANN401 - the client ships no types
    """For each partition of an error of NOT_THERE: count it, go on with the oldest message, and say what was missed.

    The oldest, because nobody knows which messages of a topic that was made anew are new: those that are not are
    repeats, and known as such.
    """
    truncated = isinstance(error, kafka.errors.LogTruncationError)
    offsets = dict.fromkeys(error.divergent_offsets) if truncated else error.args[0]
    for partition, offset in offsets.items():
        oldest = consumer.beginning_offsets([partition], timeout_ms=int(REQUEST_TIMEOUT_S * 1000))[partition]
        consumer.seek(partition, oldest)
        metrics.OFFSET_OUT_OF_RANGE.labels(partition.topic).inc()
        yield _missed(f"{partition.topic}/{partition.partition}", offset, oldest)


def _missed(place: str, offset: int | None, oldest: int) -> str:
    if offset is not None and offset < oldest:
        return f"{place}: {oldest - offset} messages were deleted before they were read ({offset} to {oldest - 1})"
    wanted = "what was read last" if offset is None else f"message {offset}"
    return f"{place} no longer has {wanted}: it was made anew or cut short, and is read from its oldest ({oldest})"
