"""Writes millions of records onto one partition of a broker without TLS: ready-made batches, sent as they are.

The client encodes each record anew, which would take a quarter of an hour for five million. Here a batch is encoded
once and sent as often as it is wanted; the broker gives each copy offsets of its own. Kafka protocol, Produce v7.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from kafka.record.default_records import DefaultRecordBatchBuilder

from canairy.stream.broker import Outgoing

PRODUCE: Final = 0
VERSION: Final = 7
ACKS_ALL: Final = -1
TIMEOUT_MS: Final = 30_000
# Requests under way: the broker writes one while the next is on its way.
IN_FLIGHT: Final = 4


def encode_batch(messages: Sequence[Outgoing]) -> bytes:
    """One record batch (magic 2, not compressed) that holds all of `messages`."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1 << 30
    )
    now_ms = int(time.time() * 1000)
    for offset, message in enumerate(messages):
        headers = list(message.headers.items())
        builder.append(offset, now_ms, message.key.encode(), message.value, headers)
    return bytes(builder.build())


class BulkWriter:
    """A connection to the leader of `topic`; partition 0. Use it as a context manager."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        host, _, port = bootstrap.partition(":")
        self._topic = topic
        self._socket = socket.create_connection((host, int(port)), timeout=TIMEOUT_MS / 1000)
        self._waiting = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, batch: bytes) -> None:
        """Send one batch; raises RuntimeError when the broker refused it or an earlier one."""
        self._socket.sendall(_request(self._topic, batch))
        self._waiting += 1
        if self._waiting >= IN_FLIGHT:
            self._confirm()

    def finish(self) -> None:
        """Wait until the broker has all."""
        while self._waiting:
            self._confirm()

    def _confirm(self) -> None:
        (size,) = struct.unpack(">i", self._read(4))
        code = error_code(self._read(size))
        self._waiting -= 1
        if code:
            raise RuntimeError(f"the broker refused a batch for {self._topic}: error {code}")

    def _read(self, size: int) -> bytes:
        parts = b""
        while len(parts) < size:
            part = self._socket.recv(size - len(parts))
            if not part:
                raise RuntimeError("the broker closed the connection")
            parts += part
        return parts


def _request(topic: str, batch: bytes) -> bytes:
    header = struct.pack(">hhi", PRODUCE, VERSION, 0) + _string("bench")
    body = struct.pack(">hhi", -1, ACKS_ALL, TIMEOUT_MS)  # no transaction
    body += struct.pack(">i", 1) + _string(topic) + struct.pack(">iii", 1, 0, len(batch))
    return struct.pack(">i", len(header) + len(body) + len(batch)) + header + body + batch


def error_code(response: bytes) -> int:
    """Of the one partition in a Produce response: correlation, one topic with its name, one partition, its error."""
    (length,) = struct.unpack_from(">h", response, 8)
    (code,) = struct.unpack_from(">h", response, 10 + length + 8)
    return int(code)


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
