"""The visible picture of the frame behind a piece of evidence, fetched by the frame's place on its topic."""

from __future__ import annotations

import time
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages.evidence import Evidence
from canairy.messages.frame import Frame
from canairy.stream import schema
from canairy.stream.broker import Partition, Reader, Received

POLL_S: Final = 0.5
WITHIN_S: Final = 10.0


def visible_of(found: Evidence, frames: Reader) -> bytes:
    """A JPEG, empty where the frame has none; raises InvalidMessage when the frame is not kept any more.

    `frames` follows the topic of frames; it is moved about.
    """
    place = found.frame
    frames.seek(Partition(place.topic, place.partition), place.offset)
    record = _next(frames, place.topic, place.partition)
    if record is None or record.offset != place.offset:
        raise InvalidMessage(f"the frame {found.header.frame} is not kept any more")
    frame = Frame.decode(schema.payload(record, "Frame"))
    if frame.header.frame != found.header.frame:
        raise InvalidMessage(f"where the frame {found.header.frame} stood there is another one")
    return frame.visible


def _next(reader: Reader, topic: str, partition: int) -> Received | None:
    """The first message of this partition; None when none comes."""
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        for record in reader.poll(POLL_S, 1):
            if (record.topic, record.partition) == (topic, partition):
                return record
        if reader.at_end():
            return None
    return None
