"""What is pushed, judged: refusals that a person understands."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from canairy import codec
from canairy.errors import InvalidMessage
from canairy.messages.wire import timestamp
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1 import thermal_pb2
from services.ingest.push import pushed_frame, pushed_measurement
from services.ingest.source import RawFrame, nothing
from tests.helpers.ingest import NOON, SCALE_K, after, camera, picture, site_of

SITE = site_of(
    camera("push-1", "push:", scale={"scale_k": 0.1, "offset_c": -100}),
    camera("ptz-1", "push:", views=[{"id": "bay-1"}, {"id": "bay-2"}]),
    camera("cam-01"),
    measurements={"bay-3-current": {"unit": "A", "rated": 1250}, "ambient": {"unit": "degC"}},
)


def request(**change: Any) -> pb.SubmitFramesRequest:  # noqa: ANN401 - passed on
    whole: dict[str, Any] = {
        "camera": "push-1",
        "view": "bay-1",
        "captured_at": timestamp(NOON),
        "width": 64,
        "height": 48,
        "scale_k": SCALE_K,
        "counts": picture().astype("<u2").tobytes(),
    }
    return pb.SubmitFramesRequest(**(whole | change))


def taken(**change: Any) -> RawFrame:  # noqa: ANN401 - passed on
    raw = pushed_frame(request(**change), SITE, nothing)
    assert isinstance(raw, RawFrame)
    return raw


def test_counts_row_by_row_become_a_picture() -> None:
    frame = taken()

    assert np.array_equal(frame.counts, picture())
    assert (frame.camera, frame.view, frame.taken_at, frame.scale_k) == ("push-1", "bay-1", NOON, SCALE_K)


def test_packed_counts_become_the_same_picture() -> None:
    assert np.array_equal(taken(counts=b"", packed=codec.pack(picture())).counts, picture())


def test_what_is_left_out_is_taken_from_the_site_file() -> None:
    frame = taken(view="", scale_k=0.0)

    assert frame.view == "bay-1"
    assert frame.scale_k == 0.1
    assert frame.offset_k == pytest.approx(173.15)
    assert frame.radiometry is None


def test_parameters_of_the_pusher_travel_with_the_frame() -> None:
    told = thermal_pb2.Radiometry(emissivity=0.8, distance_m=3, reflected_c=15, atmospheric_c=10, humidity=0.4)

    frame = taken(radiometry=told)

    assert frame.radiometry is not None
    assert (frame.radiometry.emissivity, frame.radiometry.humidity) == (0.8, 0.4)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"camera": "cam-99"}, "unknown camera 'cam-99': it is not in the site file"),
        ({"camera": "_canary"}, "unknown camera '_canary'"),
        ({"camera": "cam-01"}, "cam-01 is read from rtsp: only a camera with source push: is pushed"),
        ({"camera": "ptz-1", "view": ""}, "ptz-1 has 2 views: say which one"),
        ({"width": 63}, "6144 bytes of counts: 63x48 pixels take 6048"),
        ({"counts": bytes(6143)}, "6143 bytes of counts: 64x48 pixels take 6144"),
        ({"width": 0}, "0x48 pixels: sides must be 1 to 4096"),
        ({"width": 5000, "height": 1}, "5000x1 pixels"),
        ({"counts": b""}, "one of counts, packed, pixels, file must hold the picture"),
        ({"packed": b"x"}, "must hold the picture, not counts and packed"),
        ({"counts": b"", "packed": codec.pack(picture())[:-9]}, "truncated or damaged"),
        ({"counts": b"", "packed": codec.pack(picture()), "height": 47}, "48x64 pixels, expected 47x64"),
        ({"scale_k": math.nan}, "scale_k is nan"),
        ({"scale_k": -0.01}, "scale_k is -0.01: a count must mean more heat"),
        ({"offset_k": math.inf}, "offset_k is inf"),
        ({"captured_at": Timestamp(seconds=12)}, "captured_at: 12 s after 1970 is absent or impossible"),
        ({"radiometry": thermal_pb2.Radiometry(emissivity=1.2)}, "radiometry.emissivity is 1.2: input should be less"),
        ({"radiometry": thermal_pb2.Radiometry(emissivity=math.nan)}, "emissivity is nan"),
        (
            {"radiometry": thermal_pb2.Radiometry(emissivity=0.9, window_transmission=1.5)},
            "window_transmission is 1.5: must be 0 to 1",
        ),
        (
            {"radiometry": thermal_pb2.Radiometry(emissivity=0.9, curve=thermal_pb2.CameraCurve(r1=1, b=-1))},
            "curve: Planck constant B is -1",
        ),
    ],
)
def test_a_frame_that_cannot_be_is_refused_with_its_reason(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        taken(**change)

    assert why in str(refused.value)


def measured(name: str = "ambient", value: float = 21.5, at: datetime | None = NOON) -> pb.MeasurementValue:
    return pb.MeasurementValue(name=name, value=value, measured_at=None if at is None else timestamp(at))


def test_a_declared_measurement_is_taken_with_its_origin() -> None:
    measurement = pushed_measurement(measured(), SITE, NOON, "ipv4:127.0.0.1:5000")

    assert (measurement.site, measurement.name, measurement.value) == ("test-ss", "ambient", 21.5)
    assert (measurement.measured_at, measurement.origin) == (NOON, "ipv4:127.0.0.1:5000")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (
            measured(name="bay-4-current"),
            "unknown measurement 'bay-4-current': the site file declares bay-3-current, am",
        ),
        (measured(value=math.nan), "ambient is nan"),
        (measured(value=-math.inf), "ambient is -inf"),
        (measured(at=None), "no time"),
        (measured(at=after(5.5)), "in the future"),
    ],
)
def test_a_measurement_that_cannot_be_is_refused_with_its_reason(value: pb.MeasurementValue, why: str) -> None:
    with pytest.raises(InvalidMessage, match=why):
        pushed_measurement(value, SITE, NOON, "")
