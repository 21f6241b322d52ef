"""Rolling from one schema to the next: neighbours of one major version understand each other, others are put aside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
import pytest
from google.protobuf.message import Message

from canairy.messages.detections import RegionKind
from canairy.messages.frame import Frame
from canairy.messages.header import FrameHeader, Place
from canairy.messages.radiometry import Radiometry
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.thermogram import Thermogram
from canairy.stream.broker import SCHEMA_HEADER, Outgoing, Received
from canairy.stream.dead_letter import REASON
from canairy.stream.schema import header, payload
from protos.canairy.v1 import thermal_pb2 as pb
from tests.contract.bench import Bench
from tests.contract.stories import START, Answering, loop_of, run_until

HEADER: Final = FrameHeader("site", "digest", "cam-1", "bay-3", "frame-1", START, START)
READING: Final = Reading(
    header=HEADER,
    frame=Place("thermal.frames", 1, 77),
    asset="ds-301-a",
    kind=RegionKind.REGISTERED,
    temperatures=Temperatures(94.2, 93.0, 92.1, 61.5, 210, 120, 5, 4, 900),
    index=2,
    count=3,
    surroundings_c=21.0,
    score=0.25,
)
FRAME: Final = Frame(HEADER, Thermogram.of(np.full((4, 5), 29_315, np.uint16), 0.01, 0.0), Radiometry(emissivity=0.9))
# What a later release would add: a field no release of today knows (number 1000, three bytes), as it is on the wire.
NEWER: Final = bytes([0xC2, 0x3E, 0x03]) + b"new"


@dataclass
class Reading1(Answering):
    """Understands readings and nothing else."""

    readings: list[Reading] = field(default_factory=list)

    def decode(self, record: Received, _now: datetime) -> bytes:
        self.readings.append(Reading.decode(payload(record, "Reading")))
        return record.value or b""


def without(message: Message, *fields: str) -> bytes:
    """The bytes of a release that did not have these fields yet."""
    for name in fields:
        message.ClearField(name)
    return message.SerializeToString()


def read(bench: Bench, value: bytes, schema: dict[str, bytes]) -> Reading1:
    """What a step makes of one record, followed by a good one that ends the story."""
    good = Outgoing(bench.source.name, "end", READING.encode(), header("Reading"), partition=0)
    bench.producer().send([Outgoing(bench.source.name, "cam-1", value, schema, partition=0), good], timeout_s=10)
    step = Reading1(bench.sink.name)
    run_until(loop_of(bench.channel(), step), lambda: bool(step.handled))
    return step


def test_a_reading_of_an_older_release_is_understood_without_the_fields_it_did_not_have(bench: Bench) -> None:
    older = without(READING.to_wire(), "score", "surroundings_c", "unseen", "closed")

    step = read(bench, older, header("Reading"))

    assert step.readings[0] == replace(READING, score=None, surroundings_c=None)


def test_a_reading_of_a_newer_release_is_understood_without_the_fields_we_do_not_have(bench: Bench) -> None:
    newer = READING.to_wire()
    newer.header.MergeFromString(NEWER)

    step = read(bench, newer.SerializeToString() + NEWER, header("Reading"))

    assert step.readings[0] == READING


def test_a_reading_without_a_schema_header_is_what_the_topic_carries(bench: Bench) -> None:
    assert read(bench, READING.encode(), {}).readings[0] == READING


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (b"canairy.v2.Reading", b"unknown major version 2 of Reading: this release reads 1"),
        (b"canairy.v1.Frame", b"schema b'canairy.v1.Frame' where canairy.v1.Reading belongs"),
        (b"\xff\x00 not a schema", b"schema b'\\xff\\x00 not a schema' where canairy.v1.Reading belongs"),
    ],
)
def test_another_major_version_and_another_message_are_dead_letters(bench: Bench, schema: bytes, reason: bytes) -> None:
    step = read(bench, READING.encode(), {SCHEMA_HEADER: schema})

    (dead,) = bench.records(bench.dead.name)
    assert dead.headers[REASON] == reason
    assert dead.headers[SCHEMA_HEADER] == schema
    assert step.readings == [READING]


def test_a_tombstone_is_a_dead_letter(bench: Bench) -> None:
    bench.producer().send([Outgoing(bench.source.name, "cam-1", None, partition=0)], timeout_s=10)

    read(bench, READING.encode(), header("Reading"))

    (dead,) = bench.records(bench.dead.name)
    assert dead.headers[REASON] == b"a tombstone where a Reading belongs"


def test_a_frame_of_an_older_and_of_a_newer_release_is_understood() -> None:
    message = pb.Frame.FromString(FRAME.encode())
    older = without(pb.Frame.FromString(FRAME.encode()), "radiometry")
    message.thermogram.MergeFromString(NEWER)

    assert Frame.decode(message.SerializeToString() + NEWER) == FRAME
    assert Frame.decode(older).thermogram == FRAME.thermogram
