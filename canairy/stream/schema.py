"""The schema header: which message a record carries, and in which major version."""

from __future__ import annotations

import re
from typing import Final

from canairy.errors import InvalidMessage
from canairy.stream.broker import SCHEMA_HEADER, Received

OURS: Final = re.compile(rb"canairy\.v(\d{1,9})\.(\w+)")
MAJOR: Final = 1


def header(message: str) -> dict[str, bytes]:
    """The header for a record that carries canairy.v1.`message`."""
    return {SCHEMA_HEADER: f"canairy.v{MAJOR}.{message}".encode()}


def payload(record: Received, message: str) -> bytes:
    """The record's bytes, to be decoded as canairy.v1.`message`.

    Raises InvalidMessage for a tombstone, an unknown major version or another message. Without a schema header
    (a producer that is not ours) the topic decides what it is.
    """
    if record.value is None:
        raise InvalidMessage(f"a tombstone where a {message} belongs")
    schema = record.headers.get(SCHEMA_HEADER)
    if schema is not None:
        _check(schema, message)
    return record.value


def _check(schema: bytes, message: str) -> None:
    found = OURS.fullmatch(schema)
    if found is None or found[2] != message.encode():
        raise InvalidMessage(f"schema {schema[:80]!r} where canairy.v{MAJOR}.{message} belongs")
    if int(found[1]) != MAJOR:
        raise InvalidMessage(f"unknown major version {int(found[1])} of {message}: this release reads {MAJOR}")
