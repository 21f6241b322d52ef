"""What a privacy mask takes is gone for all who come after it, and nobody takes the hole for a temperature."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraState
from canairy.messages.evidence import Evidence
from canairy.messages.header import Place
from canairy.messages.thermogram import Thermogram, filled, to_celsius
from cli.evidence_picture import MARGIN_PX, MASKED, SIDE_PX, draw
from services.anomaly.measure import measure
from services.detection.hotspots import find_hotspots
from services.ingest.masks import MISSING, Masks, masked_pixels
from services.ingest.source import RawFrame, RawPicture
from tests.helpers.frames import header
from tests.helpers.ingest import (
    NOON,
    SCALE_K,
    after,
    camera,
    dead_letters,
    frames,
    handler_of,
    picture,
    raw,
    site_of,
    statuses,
)

# Rows 10 to 20 of columns 30 to 50 of a picture of 64x48 pixels.
MASK = [[30, 10], [50, 10], [50, 20], [30, 20]]
HIDDEN = (slice(10, 21), slice(30, 51))
SITE = site_of(camera("cam-01", privacy={"masks": [MASK]}))


def someone(counts: npt.NDArray[np.uint16], celsius: float = 37.0) -> npt.NDArray[np.uint16]:
    """A picture with someone under the mask."""
    seen = counts.copy()
    seen[12:19, 35:45] = round((celsius + 273.15) / SCALE_K)
    return seen


def sent(counts: npt.NDArray[np.uint16], **more: Any) -> Thermogram:  # noqa: ANN401 - passed on
    (frame,) = frames(handler_of(SITE).handle(raw(counts, **more), NOON))
    return frame.thermogram


def test_masked_pixels_are_sent_without_a_temperature_and_all_others_as_they_were() -> None:
    counts = someone(picture())

    thermogram = sent(counts)

    hidden = np.zeros(counts.shape, np.bool_)
    hidden[HIDDEN] = True
    assert thermogram.missing == MISSING
    assert (thermogram.counts()[hidden] == MISSING).all()
    assert np.array_equal(thermogram.counts()[~hidden], counts[~hidden])
    assert np.array_equal(np.isnan(thermogram.celsius()), hidden)


def test_whoever_judges_the_picture_sees_the_median_of_the_others_under_the_mask() -> None:
    counts = someone(picture())

    shown = Masks(SITE.cameras[0]).onto(raw(counts))

    assert isinstance(shown, RawFrame)
    outside = np.ones(counts.shape, np.bool_)
    outside[HIDDEN] = False
    assert np.unique(shown.counts[HIDDEN]).tolist() == [int(np.median(counts[outside]))]
    assert np.array_equal(shown.counts[outside], counts[outside])


def test_nothing_that_is_sent_depends_on_what_lies_under_the_mask() -> None:
    parcels = [handler_of(SITE).handle(raw(it, taken_at=NOON), NOON) for it in (picture(), someone(picture()))]

    without, with_someone = ([message.value for parcel in it for message in parcel.messages] for it in parcels)
    assert without == with_someone


def test_a_saturated_pixel_under_the_mask_makes_no_reading_doubtful() -> None:
    counts = picture()
    counts[15, 40] = 65535

    (frame,) = frames(handler_of(SITE).handle(raw(counts, taken_at=NOON), NOON))

    assert frame.header.flags == ()


def test_a_camera_is_black_though_something_moves_under_its_mask() -> None:
    handler = handler_of(SITE)
    shutter = np.full((48, 64), 29_000, np.uint16)

    told = [statuses(handler.handle(raw(someone(shutter, 30.0 + n), taken_at=after(n)), after(n))) for n in range(3)]

    assert [it.state for parcels in told for it in parcels][-1] is CameraState.BLACK


def test_a_pixel_as_cold_as_the_missing_count_stays_a_pixel() -> None:
    counts = picture(celsius=-90)
    counts[0, 0] = MISSING
    site = site_of(camera("cam-01", privacy={"masks": [MASK]}))

    (frame,) = frames(handler_of(site).handle(raw(counts, offset_k=180.0), NOON))

    assert frame.thermogram.counts()[0, 0] == MISSING + 1
    assert np.isfinite(frame.thermogram.celsius()[0, 0])


def test_a_mask_over_the_whole_picture_leaves_nothing_to_send() -> None:
    everything = [[[0, 0], [63, 0], [63, 47], [0, 47]]]
    handler = handler_of(site_of(camera("cam-01", privacy={"masks": everything})))

    (letter,) = dead_letters(handler.handle(raw(), NOON))

    assert letter.headers["dlq-reason"] == b"cam-01: its privacy masks leave nothing of the picture"
    assert letter.value == b""


def test_a_camera_without_masks_sends_what_it_saw() -> None:
    (frame,) = frames(handler_of(site_of(camera())).handle(raw(), NOON))

    assert frame.thermogram.missing is None
    assert np.array_equal(frame.thermogram.counts(), picture())


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
def test_a_picture_without_temperatures_is_masked_too(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(100, 120, shape).astype(np.uint8)
    masked = pixels.copy()
    masked[HIDDEN] = 255

    after = Masks(SITE.cameras[0]).onto(RawPicture("cam-01", "bay-1", masked))

    assert isinstance(after, RawPicture)
    assert (after.pixels[HIDDEN] < 121).all()
    assert np.ptp(after.pixels[HIDDEN], axis=(0, 1)).max() == 0
    pixels[HIDDEN] = masked[HIDDEN] = 0
    assert np.array_equal(after.pixels[:10], pixels[:10])


@settings(max_examples=100)
@given(st.lists(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 50)), min_size=3, max_size=6), max_size=4))
def test_corners_are_masked_themselves_and_what_lies_off_the_frame_masks_nothing(
    outlines: list[list[tuple[int, int]]],
) -> None:
    hidden = masked_pixels(tuple(map(tuple, outlines)), 48, 64)

    assert all(hidden[y, x] for outline in outlines for x, y in outline if x < 64 and y < 48)
    assert outlines or not hidden.any()


# --- those who read it ----------------------------------------------------------------------------------------


def test_a_message_from_before_there_were_masks_has_a_temperature_everywhere() -> None:
    told = Thermogram.of(picture(), SCALE_K, 0.0).to_wire()

    assert not told.HasField("missing")
    assert np.isfinite(Thermogram.from_wire(told).celsius()).all()


def test_an_impossible_temperature_beside_a_mask_is_found_out_all_the_same() -> None:
    counts = np.full((4, 4), 29_000, np.uint16)
    counts[0, 0], counts[3, 3] = MISSING, 1

    with pytest.raises(InvalidMessage, match="outside"):
        to_celsius(counts, SCALE_K, 0.0, MISSING)


@given(npst.arrays(np.uint16, (5, 7), elements=st.integers(0, 3)))
def test_a_model_is_shown_the_median_where_nothing_is_known(counts: npt.NDArray[np.uint16]) -> None:
    shown = filled(counts, 0)

    known = counts != 0
    assert np.array_equal(shown[known], counts[known])
    if known.any():
        assert (shown[~known] == np.uint16(np.median(counts[known]))).all()


@pytest.mark.parametrize("beside_c", [-40.0, 20.0, 90.0])
def test_a_mask_is_no_hot_spot_and_makes_none_at_its_edges(beside_c: float) -> None:
    rng = np.random.default_rng(3)
    celsius = (20 + rng.normal(0, 0.05, (512, 640))).astype(np.float32)
    celsius[:, 320:] += beside_c - 20.0
    celsius[200:300, 250:400] = np.nan

    assert find_hotspots(celsius) == []


def test_a_hot_spot_that_looks_out_from_under_a_mask_is_measured_by_what_is_seen_of_it() -> None:
    rng = np.random.default_rng(3)
    celsius = (20 + rng.normal(0, 0.05, (512, 640))).astype(np.float32)
    celsius[250:262, 390:410] = 80.0
    celsius[252, 395] = 200.0
    celsius[200:300, 250:400] = np.nan

    (spot,) = find_hotspots(celsius)

    assert (spot.x, spot.y, spot.width, spot.height) == (400, 250, 10, 12)
    assert spot.max_c == 80.0


@given(npst.arrays(np.float32, (9, 11), elements=st.floats(-50, 200, width=32)), st.integers(1, 8), st.integers(1, 10))
def test_a_region_is_measured_by_the_pixels_that_are_not_masked(
    celsius: npt.NDArray[np.float32], rows: int, columns: int
) -> None:
    hidden = celsius.copy()
    hidden[rows:, columns:] = np.nan

    found = measure(hidden, 0, 0, ())

    seen = hidden[np.isfinite(hidden)]
    assert found is not None
    assert (found.max_c, found.pixels) == (float(seen.max()), seen.size)
    assert found.mean_c == pytest.approx(float(seen.mean(dtype=np.float64)), abs=1e-3)


def test_a_region_that_is_masked_whole_has_no_temperature() -> None:
    assert measure(np.full((4, 4), np.nan, np.float32), 0, 0, ()) is None


@pytest.mark.parametrize("masked", [slice(0, 5), slice(None)])
def test_the_picture_of_a_crop_is_grey_where_it_is_masked(masked: slice) -> None:
    counts = picture(shape=(20, 40))
    counts[:, masked] = MISSING
    crop = Thermogram.of(counts, SCALE_K, 0.0, MISSING)
    evidence = Evidence(header(), Place("thermal.frames", 0, 1), "joint-a", 0, 0, crop)

    drawn = draw(Evidence.decode(evidence.encode()), ZoneInfo("UTC"))

    scene = drawn[MARGIN_PX : MARGIN_PX + SIDE_PX // 2, MARGIN_PX : MARGIN_PX + SIDE_PX]
    grey = (scene == MASKED).all(axis=2)
    columns = SIDE_PX if masked.stop is None else SIDE_PX * 5 // 40
    assert grey[:, :columns].all()
    assert not grey[:, columns:].any()
