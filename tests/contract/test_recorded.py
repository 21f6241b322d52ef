"""What earlier releases wrote is understood: bytes that were recorded when they were released, state included."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from google.protobuf.json_format import ParseDict

from canairy.messages.camera import CameraStatus
from canairy.messages.command import Command
from canairy.messages.detections import Detections
from canairy.messages.frame import Frame
from canairy.messages.measurement import Measurement
from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from canairy.site.model import Site
from canairy.stream.broker import Received
from canairy.stream.schema import header
from canairy.stream.step import Decoded
from canairy.topics import READINGS, STATE
from protos.canairy.v1 import alarms_pb2 as pb
from services.alerting.handler import Alerting
from tests.contract.record import ASSET, AT, KINDS, RECORDED, SITE, messages, recorded
from tests.helpers import judging

RELEASES: Final = sorted(folder.name for folder in RECORDED.iterdir())
DECODERS: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "Frame": Frame.decode,
    "Detections": Detections.decode,
    "Reading": Reading.decode,
    "CameraStatus": CameraStatus.decode,
    "Measurement": Measurement.decode,
    "Command": Command.decode,
    "PointState": PointState.decode,
}
# What the first drafts of a point's state did not have: absent, as in the bytes of whoever wrote without them.
NEWER_FIELDS: Final = ("waiting", "covered_from", "failing_since", "newest_at", "newest_complete", "decisions")


def test_there_are_bytes_of_every_kind_of_every_release() -> None:
    assert RELEASES
    for release in RELEASES:
        assert {file.stem for file in (RECORDED / release).iterdir()} == KINDS.keys() == DECODERS.keys()


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", list(KINDS))
def test_what_a_release_wrote_is_read_with_all_that_it_said(release: str, name: str) -> None:
    means = json.loads((RECORDED / release / f"{name}.json").read_text(encoding="utf-8"))["means"]

    understood = DECODERS[name](recorded(release, name))

    assert KINDS[name].FromString(understood.encode()) == ParseDict(means, KINDS[name]())


def test_this_release_still_writes_what_was_recorded_last() -> None:
    for name, value in messages().items():
        assert KINDS[name].FromString(value) == KINDS[name].FromString(recorded(RELEASES[-1], name)), name


def judge_with(state: bytes) -> Alerting:
    """A judge that begins with the state of one point."""
    limits = judging.asset(ASSET, high_c=80.0, dead_band_k=3.0)
    camera = judging.camera("older", judging.view("older-view", limits))
    document = {"site": {"id": SITE}, "cameras": [camera]}
    judge = Alerting(Site.model_validate(document))
    judge.restore(Received(STATE, 0, 0, ASSET, state, header("PointState"), AT))
    return judge


def told(judge: Alerting, seconds: float, max_c: float) -> list[tuple[str, str]]:
    """The events and their alarms that one reading gives, so many seconds after the state was written."""
    at = AT + timedelta(seconds=seconds)
    reading = Reading.decode(recorded("0.1", "Reading")).to_wire()
    reading.header.captured_at.FromDatetime(at)
    reading.header.frame = f"older:{seconds}"
    reading.temperatures.max_c = max_c
    # A picture over its camera's range never ends an alarm.
    reading.header.ClearField("flags")
    message = Reading.from_wire(reading)
    record = Received(READINGS, 0, 9, ASSET, message.encode(), {}, at)
    alerts = judging.Told(list(judge.handle([Decoded(record, message)], at))).alerts
    return [(it["type"].split(".")[3], it["data"]["alarm"]) for it in alerts]


@pytest.mark.parametrize("release", RELEASES)
def test_a_judge_goes_on_with_the_alarm_of_an_earlier_release(release: str) -> None:
    judge = judge_with(recorded(release, "PointState"))

    assert told(judge, 1, 95.0) == []
    assert told(judge, 2, 20.0) == [("returned", "0f1e2d3c4b5a")]


def test_a_state_without_the_newer_fields_is_gone_on_with_too() -> None:
    older = pb.PointState.FromString(recorded("0.1", "PointState"))
    for name in NEWER_FIELDS:
        older.ClearField(name)
    for condition in older.conditions:
        condition.ClearField("judged_at")
    for capture in older.captures:
        capture.ClearField("lower_bound")

    judge = judge_with(older.SerializeToString())

    assert told(judge, 1, 95.0) == []
    assert told(judge, 2, 20.0) == [("returned", "0f1e2d3c4b5a")]


def test_a_state_with_fields_and_words_of_a_later_release_is_gone_on_with_too() -> None:
    later = pb.PointState.FromString(recorded("0.1", "PointState"))
    later.conditions.add(name="rate_of_rise")
    newer = bytes([0xC2, 0x3E, 0x03]) + b"new"  # a field no release of today knows, as it is on the wire

    judge = judge_with(later.SerializeToString() + newer)

    assert told(judge, 1, 95.0) == []
    assert told(judge, 2, 20.0) == [("returned", "0f1e2d3c4b5a")]
