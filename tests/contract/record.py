"""Records the messages of a release as bytes: `python -m tests.contract.record 0.2`, once, when it is released.

What stands in `recorded/` is never made anew: it is what the topics of an installed system hold.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from canairy.messages.alarm import Alarm, AlarmState, Priority
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.command import Action, Command
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.frame import Frame
from canairy.messages.header import FrameHeader, Place
from canairy.messages.measurement import Measurement
from canairy.messages.radiometry import Radiometry
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.state import Capture, Condition, Decision, PointState
from canairy.messages.thermogram import Thermogram
from protos.canairy.v1 import alarms_pb2, thermal_pb2

RECORDED: Final = Path(__file__).with_name("recorded")
# The site and the asset of tests/acceptance/test_05_topics_lost.py, where this state is read by a running judge.
SITE: Final = "accept-ss"
ASSET: Final = "older-a"
AT: Final = datetime(2026, 3, 1, 3, 12, 7, 250_000, tzinfo=UTC)
HEADER: Final = FrameHeader(SITE, "0123456789abcdef", "older", "older-view", "older:1:2", AT, AT, flags=("over_range",))
KINDS: Final[Mapping[str, type[Message]]] = {
    "Frame": thermal_pb2.Frame,
    "Detections": thermal_pb2.Detections,
    "Reading": thermal_pb2.Reading,
    "CameraStatus": thermal_pb2.CameraStatus,
    "Measurement": thermal_pb2.Measurement,
    "Command": alarms_pb2.Command,
    "PointState": alarms_pb2.PointState,
}


def recorded(release: str, message: str) -> bytes:
    """The bytes of a message as that release wrote them."""
    file = RECORDED / release / f"{message}.json"
    return base64.b64decode(json.loads(file.read_text(encoding="utf-8"))["base64"])


def messages() -> dict[str, bytes]:
    """One of each kind, with something in every field."""
    crop = Thermogram.of(np.arange(29_000, 29_020, dtype=np.uint16).reshape(4, 5), 0.01, 0.0)
    region = Region(ASSET, RegionKind.REGISTERED, 40, 41, crop, ((40, 41), (45, 41), (45, 45)), 0.5, 21.5)
    place = Place("thermal.frames", 1, 77)
    hot = Temperatures(94.25, 93.0, 92.0, 61.5, 42, 43, 5, 4, 20)
    reading = Reading(HEADER, place, ASSET, RegionKind.REGISTERED, hot, 0, 1, 21.5, 0.5)
    status = CameraStatus(SITE, "older", CameraState.LIVE, AT, AT, live=True, frames=7, last_frame_at=AT)
    return {
        "Frame": Frame(HEADER, crop, Radiometry(emissivity=0.9)).encode(),
        "Detections": Detections(HEADER, place, (region,), 3).encode(),
        "Reading": reading.encode(),
        "CameraStatus": replace(status, reason="older: all is well", flags=("spool_in_use",)).encode(),
        "Measurement": Measurement(SITE, "bay-1-current", 812.5, AT, "ipv4:127.0.0.1").encode(),
        "Command": Command("key-1", Action.ACKNOWLEDGE, "0f1e2d3c4b5a", "night shift", AT, 1, "seen").encode(),
        "PointState": _state(reading, status).encode(),
    }


def _state(reading: Reading, status: CameraStatus) -> PointState:
    """An alarm that stands, acknowledged; and whatever else a point may remember."""
    alarm = Alarm(
        id="0f1e2d3c4b5a",
        version=2,
        site=SITE,
        asset=ASSET,
        condition="high",
        state=AlarmState.ACKNOWLEDGED,
        priority=Priority.HIGH,
        raised_at=AT,
        since=AT,
        reason="94.2 °C (limit 80)",
        response="Reduce load on this bay",
        temperature_c=94.25,
        acknowledged_at=AT + timedelta(seconds=30),
        acknowledged_by="night shift",
        acknowledged_with="key-1",
        camera="older",
        view="older-view",
        frame=HEADER.frame,
        limit=80.0,
        data_age_s=0.5,
    )
    return PointState(
        point=ASSET,
        conditions=(Condition("high", AT, alarm), Condition("delta", judged_at=AT)),
        captures=(Capture(AT - timedelta(seconds=1), "older:0:1", 94.0, True), Capture(AT, HEADER.frame, 94.25)),
        last=reading,
        last_valid_at=AT,
        camera=status,
        waiting=(reading,),
        covered_from=AT,
        failing_since=AT,
        newest_at=AT,
        newest_complete=True,
        decisions=(Decision("key-1", "0f1e2d3c4b5a", ASSET, True, "acknowledged", 2),),
    )


def main(release: str) -> None:
    """Write the files of a release; refuses to change those of an earlier one."""
    folder = RECORDED / release
    folder.mkdir(parents=True)
    for name, value in messages().items():
        means = MessageToDict(KINDS[name].FromString(value), preserving_proto_field_name=True)
        file = {"base64": base64.b64encode(value).decode(), "means": means}
        (folder / f"{name}.json").write_text(json.dumps(file, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
