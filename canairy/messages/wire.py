"""Between protobuf and plain Python: times, finite numbers, required names, and the parse itself."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from canairy.errors import InvalidMessage

M = TypeVar("M", bound=Message)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A camera with an empty battery says 1970; nothing thermal was on a network before 2000.
EARLIEST_S: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
LATEST_S: Final = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
LAST_PIXEL: Final = 4095


def parse(kind: type[M], value: bytes) -> M:
    """Parse `value` as protobuf message `kind`; raises InvalidMessage when it is not one."""
    try:
        return kind.FromString(value)
    except DecodeError as error:
        raise InvalidMessage(f"not a {kind.DESCRIPTOR.full_name}: {error} ({len(value)} bytes)") from error


def timestamp(moment_: datetime) -> Timestamp:
    """UTC datetime to protobuf, to the microsecond."""
    since = moment_ - EPOCH
    return Timestamp(seconds=since.days * 86400 + since.seconds, nanos=since.microseconds * 1000)


def moment(stamp: Timestamp, name: str) -> datetime:
    """Protobuf to UTC datetime; raises InvalidMessage when absent or outside 2000 to 2200."""
    if not EARLIEST_S <= stamp.seconds < LATEST_S or not 0 <= stamp.nanos < 1_000_000_000:
        raise InvalidMessage(f"{name}: {stamp.seconds} s after 1970 is absent or impossible")
    return EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


def optional_moment(message: Message, field: str) -> datetime | None:
    """The time in `field`, or None when it is not set."""
    return moment(getattr(message, field), field) if message.HasField(field) else None


def optional_timestamp(moment_: datetime | None) -> Timestamp | None:
    """As `timestamp`, with None for a time that is not known."""
    return None if moment_ is None else timestamp(moment_)


def optional_number(message: Message, field: str) -> float | None:
    """The finite number in `field`, or None when it is not set; raises InvalidMessage for NaN and infinity."""
    return finite(getattr(message, field), field) if message.HasField(field) else None


def required(text: str, name: str) -> str:
    """The text itself; raises InvalidMessage when it is empty."""
    if not text:
        raise InvalidMessage(f"{name} is missing")
    return text


def pixel(number: int, name: str) -> int:
    """The number itself; raises InvalidMessage for what is no row or column of any frame."""
    if not 0 <= number <= LAST_PIXEL:
        raise InvalidMessage(f"{name} is {number}: rows and columns are 0 to {LAST_PIXEL}")
    return number


def finite(number: float, name: str) -> float:
    """The number itself; raises InvalidMessage for NaN and infinity."""
    if not math.isfinite(number):
        raise InvalidMessage(f"{name} is {number}")
    return number
