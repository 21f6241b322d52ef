"""Temperatures to trust, from a recorded file to an alarm: each asset's own emissivity, and how sure it is."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy import topics
from canairy.messages.evidence import Evidence
from canairy.messages.reading import Reading
from canairy.messages.uncertainty import NOT_CORRECTED, NOT_DEPENDABLE
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, ObjectParameters
from canairy.thermal.rjpeg import read_rjpeg
from canairy.thermal.uncertainty import uncertainty
from tests.acceptance.helpers.alarms import shown
from tests.acceptance.helpers.command import canairy
from tests.acceptance.helpers.site import asset
from tests.acceptance.helpers.stack import RunningStack, running

# Three places of one recorded picture, taken as phases: as the file says, of paint, of blank metal.
PLACES = {"a": (100, 100, None), "b": (300, 200, 0.6), "c": (500, 300, 0.3)}
# And one that stands farther off than the file says: all of the picture's warmth comes through more air.
FAR_PX, FAR_M = (100, 300), 60.0
SIDE_PX = 40
# A recorded thermogram without parameters, whose hottest point (415 degC) lies here.
LINEAR = "sub_437.png"
HOTTEST_PX = (192, 89)
STATED = {"emissivity": 0.95, "distance_m": 5, "reflected_c": 15, "atmospheric_c": 18, "humidity": 0.6}
WINDOW = {"transmission": 0.92, "temperature_c": 20}
MADE_WITH = ObjectParameters(0.95, 5.0, 15.0, 18.0, 0.6)
BEHIND = replace(MADE_WITH, window_transmission=0.92, window_c=20.0)

Celsius = npt.NDArray[np.float32]


def site() -> dict[str, Any]:
    flir = [
        asset(f"ds-{phase}", {"high_c": 40, "delta_k": 5}, x, phase, "ds", y=y, width=SIDE_PX, height=SIDE_PX)
        | ({} if emissivity is None else {"emissivity": emissivity})
        for phase, (x, y, emissivity) in PLACES.items()
    ]
    far = asset("far", {"high_c": 90}, FAR_PX[0], y=FAR_PX[1], width=SIDE_PX, height=SIDE_PX) | {"distance_m": FAR_M}
    return {
        "site": {"id": "readings-ss", "timezone": "Asia/Seoul"},
        "cameras": [
            {"id": "flir", "source": "folder:flir", "views": [{"id": "flir-view", "assets": [*flir, far]}]},
            linear("unknown", {}),
            linear("set", STATED),
            linear("housed", STATED | {"window": WINDOW}),
        ],
    }


def linear(name: str, radiometry: dict[str, Any]) -> dict[str, Any]:
    """A camera of 0.1 K a count with one asset of emissivity 0.7 at the hottest place, and one like the frame."""
    x, y = HOTTEST_PX
    own = asset(f"{name}-own", {"high_c": 50}, x, y=y, width=SIDE_PX, height=SIDE_PX) | {"emissivity": 0.7}
    alike = asset(f"{name}-alike", {"high_c": 50}, x, y=y, width=SIDE_PX, height=SIDE_PX)
    return {
        "id": name,
        "source": "folder:linear",
        "scale": {"scale_k": 0.1, "offset_c": -100},
        "views": [{"id": f"{name}-view", "assets": [own, alike]}],
    } | ({"radiometry": radiometry} if radiometry else {})


@dataclass(frozen=True)
class Place:
    up: RunningStack
    folder: Path
    flir: bytes
    linear: Celsius

    def reading(self, name: str) -> Reading:
        """The one reading of an asset."""
        (record,) = self.up.until(lambda: self.up.log.records(topics.READINGS, name), f"a reading of {name}")
        assert len(record.value or b"") <= 2000
        return Reading.decode(record.value or b"")


@pytest.fixture(scope="module")
def place(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("readings")
    flir = test_data / "flir-rjpeg" / "detect_T640.jpg"
    counts = test_data / "substation-radiometric" / "radiometric" / LINEAR
    for source, name in ((flir, "flir"), (counts, "linear")):
        (folder / name).mkdir()
        shutil.copy(source, folder / name)
    (folder / "site.yaml").write_text(json.dumps(site()), encoding="utf-8")
    pixels = cv2.imread(str(counts), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    with running(folder / "site.yaml", folder / "data") as up:
        yield Place(up, folder, flir.read_bytes(), (pixels / 10 - 100).astype(np.float32))
    shutil.rmtree(folder, ignore_errors=True)


def region(celsius: Celsius, x: int, y: int) -> Celsius:
    # Outlines belong to a region.
    return celsius[y : y + SIDE_PX + 1, x : x + SIDE_PX + 1]


def max_c(reading: Reading) -> float:
    assert reading.temperatures is not None
    return reading.temperatures.max_c


def test_each_asset_is_measured_with_its_own_emissivity_as_if_the_file_had_been_read_with_it(place: Place) -> None:
    for phase, (x, y, emissivity) in PLACES.items():
        overrides = {} if emissivity is None else {"emissivity": emissivity}
        wanted = region(read_rjpeg(place.flir, overrides).celsius, x, y)

        reading = place.reading(f"ds-{phase}")

        # Half a count of 0.01 K, made larger by what an emissivity of 0.3 does to it.
        assert max_c(reading) == pytest.approx(float(wanted.max()), abs=0.02), phase
        assert reading.temperatures is not None
        assert reading.temperatures.mean_c == pytest.approx(float(wanted.mean(dtype=np.float64)), abs=0.02)


def test_each_asset_is_measured_at_its_own_distance(place: Place) -> None:
    near, far = (region(read_rjpeg(place.flir, it).celsius, *FAR_PX) for it in ({}, {"distance_m": FAR_M}))

    reading = place.reading("far")

    assert max_c(reading) == pytest.approx(float(far.max()), abs=0.02)
    assert abs(float(far.max() - near.max())) > 0.05


def test_below_an_emissivity_of_a_half_a_temperature_is_not_dependable(place: Place) -> None:
    assert NOT_DEPENDABLE in place.reading("ds-c").header.flags
    assert NOT_DEPENDABLE not in place.reading("ds-b").header.flags
    event = place.up.until(lambda: place.up.log.events("ds-c", "high"), "the alarm")[0]
    assert NOT_DEPENDABLE in event["data"]["flags"]


def test_degrees_are_corrected_where_the_site_file_says_what_they_were_made_with(place: Place) -> None:
    seen = region(place.linear, *HOTTEST_PX)
    wanted = LONG_WAVE_RADIOMETRY.corrected(seen, MADE_WITH, replace(MADE_WITH, emissivity=0.7))

    assert max_c(place.reading("set-own")) == pytest.approx(float(wanted.max()), abs=0.05)
    assert max_c(place.reading("set-alike")) == pytest.approx(415.0, abs=1e-3)
    assert float(wanted.max()) > 450


def test_and_are_not_where_nobody_says_it_and_the_reading_says_so(place: Place) -> None:
    refused = place.reading("unknown-own")

    assert max_c(refused) == pytest.approx(415.0, abs=1e-3)
    assert NOT_CORRECTED in refused.header.flags
    assert refused.uncertainty is None
    assert NOT_CORRECTED not in place.reading("unknown-alike").header.flags


def test_a_housing_s_window_is_reckoned_with_and_then_the_asset_s_own_emissivity(place: Place) -> None:
    seen = region(place.linear, *HOTTEST_PX)
    behind = LONG_WAVE_RADIOMETRY.corrected(seen, MADE_WITH, BEHIND)
    own = LONG_WAVE_RADIOMETRY.corrected(seen, MADE_WITH, replace(BEHIND, emissivity=0.7))

    # A count is 0.1 K.
    assert max_c(place.reading("housed-alike")) == pytest.approx(float(behind.max()), abs=0.06)
    assert max_c(place.reading("housed-own")) == pytest.approx(float(own.max()), abs=0.1)
    assert float(own.max()) > float(behind.max()) > 430


def test_how_sure_a_temperature_is_travels_with_its_reading_and_the_common_part_is_marked(place: Place) -> None:
    frame = read_rjpeg(place.flir)
    assert frame.radiometry is not None
    assert frame.parameters is not None

    paint = place.reading("ds-b")

    exact = uncertainty(max_c(paint), frame.radiometry, replace(frame.parameters, emissivity=0.6))
    assert paint.uncertainty is not None
    assert paint.uncertainty.common_k == pytest.approx(exact.common_k, rel=0.02)
    assert paint.uncertainty.own_k == pytest.approx(exact.own_k, rel=0.02)
    assert paint.uncertainty.expanded_k == pytest.approx(2 * exact.standard_k, rel=0.02)
    # The camera's +-2 degC, and more where more of it is a reflection.
    metal = place.reading("ds-c").uncertainty
    assert metal is not None
    assert 2 < paint.uncertainty.expanded_k < metal.expanded_k


def test_a_difference_within_a_frame_is_told_without_the_camera_s_offset(place: Place) -> None:
    event = place.up.until(lambda: place.up.log.events("ds-b", "delta"), "the alarm")[0]

    one, other = (place.reading(name).uncertainty for name in ("ds-b", "ds-a"))
    assert one is not None
    assert other is not None
    assert event["data"]["compared_with"] == "ds-a"
    kept = math.hypot(one.own_k, other.own_k, one.common_k - other.common_k)
    assert event["data"]["delta_uncertainty_k"] == pytest.approx(2 * kept, abs=0.02)
    assert event["data"]["delta_uncertainty_k"] < 2 * math.hypot(one.standard_k, other.standard_k)
    assert event["data"]["uncertainty_k"] == pytest.approx(one.expanded_k, abs=0.02)


def test_the_operator_is_shown_how_sure_an_alarm_s_temperature_is(place: Place) -> None:
    event = place.up.until(lambda: place.up.log.events("ds-b", "delta"), "the alarm")[0]
    name, version = event["data"]["alarm"], event["data"]["version"]
    alarm = place.up.until(lambda: shown(place.up, name, version), "the alarm in the list")

    done = canairy("alarms", "show", name, "--data", str(place.up.data))

    assert done.returncode == 0, done.stderr
    told = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert float(told["uncertainty_k"]) == alarm.uncertainty_k
    assert float(told["delta_uncertainty_k"]) == alarm.delta_uncertainty_k


def test_evidence_carries_it_too(place: Place) -> None:
    (record,) = place.up.until(lambda: place.up.log.records(topics.EVIDENCE, "ds-b"), "evidence of ds-b")

    evidence = Evidence.decode(record.value or b"")

    assert evidence.uncertainty == place.reading("ds-b").uncertainty
    assert evidence.max_c == max_c(place.reading("ds-b"))
    done = canairy("evidence", "--out", str(place.folder / "pictures"), "--data", str(place.up.data))
    assert done.returncode == 0, done.stderr
    assert len(list((place.folder / "pictures").glob("*ds-b.png"))) == 1
