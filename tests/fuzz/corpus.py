"""Real encoded messages to begin from: of every kind, with every field set, and small."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from canairy import codec
from canairy.messages import wire
from canairy.messages.alarm import Alarm, AlarmState, Priority
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.command import Action, Command
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.equipment import Equipment
from canairy.messages.evidence import Evidence
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, NO_TEMPERATURES, OVER_RANGE, FrameHeader, Place
from canairy.messages.measurement import Measurement
from canairy.messages.picture import Picture
from canairy.messages.radiometry import Radiometry
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.state import Capture, Condition, Decision, PointState, Scored
from canairy.messages.thermogram import Thermogram
from canairy.site.document import read_document
from canairy.site.model import Site
from protos.canairy.v1 import ingest_service_pb2 as pb
from services.alerting.alerts import alert
from services.alerting.judge.audit import audit_record
from services.alerting.judge.events import Event, Happening, Heartbeat
from services.detection.finds import Find, ViewFinds
from services.detection.finds_state import Remembered
from tests.fuzz.sealed import counts, grey, pngs

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE: Final = Site.model_validate({
    "site": {"id": "fuzz-ss", "timezone": "Asia/Seoul"},
    "cameras": [
        {"id": "cam-1", "source": "push:", "views": [{
            "id": "v1",
            "hotspot_limit": {"high_c": 70, "over_surroundings_k": 20},
            "assets": [
                {"id": f"ds-{phase}", "equipment": "0201", "phase": phase, "group": "ds",
                 "region": [[2, 2], [20, 2], [20, 20]], "limits": {"high_c": 80, "delta_k": 15, "on_delay": "2s"},
                 "anomaly": {"readings": 1, "of": 2}}
                for phase in "ABC"
            ],
        }]},
        {"id": "cam-2", "source": "push:", "views": [{"id": "v2", "assets": [
            {"id": "ds-D", "equipment": "0201", "phase": "D", "group": "ds", "region": [[2, 2], [9, 2], [9, 9]],
             "limits": {"delta_k": 15}},
        ]}]},
    ],
    "measurements": {"load": {"unit": "A"}},
})  # fmt: skip

if sys.version_info >= (3, 14):
    pass
else:
    pass


def header(camera: str = "cam-1", view: str = "v1", seconds: float = 0) -> FrameHeader:
    at = NOON + timedelta(seconds=seconds)
    return FrameHeader("fuzz-ss", "0" * 16, camera, view, f"{camera}:{seconds}", at, at, flags=(OVER_RANGE,))


PLACE: Final = Place("thermal.frames", 1, 7)
HOT: Final = Temperatures(91.5, 90.0, 60.0, 25.0, 23, 11, 4, 4, 300)
EQUIPMENT: Final = Equipment("0201", danger=True, score=0.75, x=2, y=3, width=40, height=30)
SCORE: Final = AnomalyScore(12.5, 8.0, "ds-A", "0123456789abcdef")
ALARM: Final = Alarm(
    id="0123456789ab", version=3, site="fuzz-ss", asset="ds-A", condition="high", state=AlarmState.UNACKNOWLEDGED,
    priority=Priority.HIGH, raised_at=NOON, since=NOON, reason="91.5 °C (limit 80)", response="look",
    temperature_c=91.5, compared_with="limit", returned_at=NOON, acknowledged_at=NOON, acknowledged_by="kim",
    acknowledged_with="key", camera="cam-1", view="v1", frame="cam-1:0", limit=80.0,
    delta_k=40.0, data_age_s=0.1, flags=("time_invalid",),
)  # fmt: skip


def frames() -> Sequence[bytes]:
    thermogram = Thermogram.of(counts(), 0.01, 0.0)
    canary = Frame(header(CANARY, CANARY), thermogram)
    pictured = Frame(replace(header(), flags=(NO_TEMPERATURES,)), Picture.of(grey()))
    return [Frame(header(), thermogram, Radiometry()).encode(), canary.encode(), pictured.encode()]


def detections() -> Sequence[bytes]:
    crop = Thermogram.of(counts()[2:21, 2:21], 0.01, 0.0)
    outline = ((2, 2), (20, 2), (20, 20))
    regions = (
        Region("ds-A", RegionKind.REGISTERED, 2, 2, crop, outline),
        Region("v1/find-1", RegionKind.HOT_SPOT, 20, 8, crop, score=9.0, surroundings_c=20.0, unseen=True),
        Region("ds-B", RegionKind.REGISTERED, 2, 2, None, outline),
        Region("v1/find-2", RegionKind.EQUIPMENT, 2, 2, crop, equipment=EQUIPMENT),
        Region("ds-A", RegionKind.REGISTERED, 2, 2, Picture.of(grey()), outline),
    )
    return [Detections(header(), PLACE, regions, shed=3).encode(), Detections(header(), PLACE).encode()]


def a_reading(asset: str = "ds-A", seconds: float = 0, *, closed: bool = False, index: int = 0) -> Reading:
    camera, view = (CANARY, CANARY) if asset == CANARY else ("cam-2", "v2") if asset == "ds-D" else ("cam-1", "v1")
    kind = RegionKind.HOT_SPOT if "/" in asset else RegionKind.REGISTERED
    told = header(camera, view, seconds)
    more: dict[str, Any] = {"anomaly": SCORE, "equipment": EQUIPMENT}
    return Reading(told, PLACE, asset, kind, HOT, index, 3, 21.0, 5.0, unseen=closed, closed=closed, **more)


def readings() -> Sequence[bytes]:
    assets = ("ds-A", "ds-B", "ds-D", "v1/find-1", CANARY)
    some = [a_reading(asset, seconds, index=seconds % 3).encode() for asset in assets for seconds in (0, 3)]
    return [*some, a_reading("v1/find-1", 4, closed=True).encode()]


def evidence() -> Sequence[bytes]:
    crop = Thermogram.of(counts()[2:21, 2:21], 0.01, 0.0)
    distances = np.linspace(0, 20, 16, dtype=np.float32).reshape(4, 4)
    scored = Evidence(header(), PLACE, "ds-A", 2, 2, crop, 91.5, SCORE, distances)
    pictured = Evidence(header(), PLACE, "ds-A", 2, 2, Picture.of(grey()))
    return [scored.encode(), pictured.encode(), Evidence(header(), PLACE, "ds-A", 2, 2, crop).encode()]


def a_status(camera: str = "cam-1", state: CameraState = CameraState.LIVE) -> CameraStatus:
    return CameraStatus("fuzz-ss", camera, state, NOON, NOON, live=True, reason="why", frames=7, last_frame_at=NOON)


def statuses() -> Sequence[bytes]:
    return [a_status(state=state).encode() for state in CameraState] + [a_status("cam-2").encode()]


def measurements() -> Sequence[bytes]:
    return [Measurement("fuzz-ss", "load", 412.0, NOON, "scada").encode()]


def a_command() -> Command:
    return Command("key-1", Action.ACKNOWLEDGE, ALARM.id, "kim", NOON, 3, "seen")


def commands() -> Sequence[bytes]:
    return [a_command().encode()]


def states() -> Sequence[bytes]:
    conditions = (
        Condition("high", NOON, ALARM, NOON),
        Condition("delta"),
        Condition("coverage", None, ALARM),
        Condition("anomaly", NOON, ALARM, None, (Scored(NOON, abnormal=True),)),
    )
    captures = tuple(Capture(NOON + timedelta(seconds=n), f"cam-1:{n}", 50.0, n == 2) for n in range(3))
    asset = PointState("ds-A", conditions, captures, a_reading(), NOON, None, (a_reading(),), NOON, NOON)
    camera = PointState("cam-1", (Condition("coverage"),), camera=a_status(), newest_at=NOON, newest_complete=True)
    find = PointState("v1/find-1", (Condition("hot_spot", None, ALARM),), last=a_reading("v1/find-1", closed=True))
    decided = PointState("_commands", decisions=(Decision("key-1", ALARM.id, "ds-A", True, "", 4),))
    return [state.encode() for state in (asset, camera, find, decided, PointState(CANARY, captures=captures))]


def finds() -> Sequence[bytes]:
    find = Find("v1/find-1", 20, 8, 4, 4, NOON, NOON, NOON, 21, 9, 90.0, timedelta(seconds=3), code="0201")
    return [Remembered(ViewFinds("v1", 4, (find,), NOON), PLACE).encode()]


def alerts() -> Sequence[bytes]:
    events = [alert(Event(it, ALARM, NOON, NOON), {}) for it in Happening]
    beat = alert(Heartbeat("fuzz-ss", "_canary:0", NOON, 95.0, 0.2, ("spool_in_use",)), {})
    return [it.value or b"" for it in (*events, beat)]


def audit() -> Sequence[bytes]:
    decision = Decision("key-1", ALARM.id, "ds-A", False, "already acknowledged by kim", 3)
    return [audit_record("fuzz-ss", a_command(), decision).value or b""]


def submissions() -> Sequence[bytes]:
    known: dict[str, Any] = {
        "camera": "cam-1",
        "view": "v1",
        "captured_at": wire.timestamp(NOON),
        "scale_k": 0.01,
        "offset_k": 0.0,
    }
    known |= {"width": 32, "height": 24}
    return [
        pb.SubmitFramesRequest(**known, counts=counts().astype("<u2").tobytes()).SerializeToString(),
        pb.SubmitFramesRequest(**known, pixels=grey().tobytes()).SerializeToString(),
        pb.SubmitFramesRequest(**known, file=pngs()[1]).SerializeToString(),
        pb.SubmitFramesRequest(**known, packed=codec.pack(counts())).SerializeToString(),
        pb.SubmitFramesRequest(**known, radiometry=Radiometry().to_wire()).SerializeToString(),
    ]


def values() -> Sequence[bytes]:
    return [pb.MeasurementValue(name="load", value=4.0, measured_at=wire.timestamp(NOON)).SerializeToString()]


def headers() -> Sequence[bytes]:
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return [b"canairy.v1.Frame\n" + trace, b"canairy.v12.Reading\n", b"avro\n" + trace]


def sites() -> Sequence[bytes]:
    as_json = json.dumps(read_document(SITE_TEXT).data, indent=1)
    return [SITE_TEXT.encode(), as_json.encode()]


SITE_TEXT: Final = """\
site: {id: fuzz-ss, name: Fuzzed substation, timezone: Asia/Seoul}
cameras:
  - id: cam-01
    source: simulated:yard
    rate_hz: 2
    radiometry: {emissivity: 0.95, distance_m: 8}
    views:
      - id: bay-3
        hotspot_limit: {high_c: 70}
        assets:
          - id: ds-a
            equipment: "0201"
            region: [[210, 120], [300, 120], [300, 260]]
            phase: A
            group: ds
            load: current
            limits: &limits {high_c: 80, high_high_c: 100, delta_k: 15, on_delay: 1m10s}
          - {id: ds-b, equipment: "0201", region: [[1, 2], [30, 2], [3, 26]], phase: B, group: ds, limits: *limits}
  - id: files
    source: folder:/frames
    starts_at: 2026-03-01T03:00:00Z
    time_pattern: "%Y%m%d_%H%M%S"
    views: [{id: "*"}]
measurements:
  current: {unit: A, rated: 1250}
alerting: {coverage_alarm_after: 5m}
"""
SITE_TOKENS: Final = (
    "&a", "*a", "*limits", "<<: *limits", "!!python/object:os.system", "!!binary aGk=", "!!set {a, b}", "!!omap",
    "? [a]", "- - - -", "[" * 60, "{" * 60, "]", "}", "1e999", ".nan", "-.inf", "0x", "0o777", "1_000", "12:30:45", "~",
    "yes",
    "|", ">-", "%YAML 1.1", "---", "...", "\t", "\0", "\x07", "\ufeff", "\u2028", "\U0001f525", "'", '"',
    '"\\ud800"', "# x",
    "2026-03-01", "2026-13-99T99:99:99Z", "99999999999999999999d", "1s1s1s", "Etc/../UTC", "/etc/passwd",
    "Asia/Seoul\0", "@", "`", "!", "!<>", "!<tag:yaml.org,2002:int> x", "!!int x", "!!float 0xg", "!!bool maybe",
    "-0", "9" * 5000,
    "0001-01-01T00:00:00+23:59", "%", "%Q", "a" * 70_000,
)  # fmt: skip
