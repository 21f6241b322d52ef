"""What ingest writes for what its sources say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraState
from services.ingest.canary import COLD_C, HOT_C, HOT_PX
from services.ingest.parcel import Care
from services.ingest.source import Failed, Finished, Unreadable
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

SITE = site_of(
    camera("cam-01", radiometry={"emissivity": 0.9, "distance_m": 8}),
    camera("folder-1", "folder:/recordings", views=[{"id": "*"}]),
    camera("push-1", "push:"),
)


def test_a_picture_becomes_a_frame_with_header_pixels_and_parameters() -> None:
    parcels = handler_of(SITE).handle(raw(taken_at=after(0.2)), after(0.5))

    (frame,) = frames(parcels)
    header = frame.header
    assert (header.site, header.camera, header.view, header.live) == ("test-ss", "cam-01", "bay-1", True)
    assert (header.captured_at, header.received_at, header.flags) == (after(0.2), after(0.5), ())
    assert np.array_equal(frame.thermogram.counts(), picture())
    assert (frame.thermogram.scale_k, frame.thermogram.offset_k) == (SCALE_K, 0.0)
    assert (frame.radiometry.emissivity, frame.radiometry.distance_m) == (0.9, 8)
    assert parcels[0].care is Care.FRAME
    assert parcels[0].messages[0].key == "cam-01"
    assert parcels[0].messages[0].headers == {"schema": b"canairy.v1.Frame", "traceparent": b"00-1-2-01"}


def test_a_frames_name_follows_from_camera_time_and_pixels_alone() -> None:
    first, second = (
        frames(handler_of(SITE).handle(raw(taken_at=after(0.2)), after(arrived)))[0] for arrived in (0.3, 0.9)
    )
    other = frames(handler_of(SITE).handle(raw(picture(1), taken_at=after(0.2)), after(0.3)))[0]

    assert first.header.frame == second.header.frame
    assert first.header.frame.startswith("cam-01:1772712000200000:")
    assert len(first.header.frame.rpartition(":")[2]) == 8
    assert other.header.frame != first.header.frame
    assert other.header.frame.rpartition(":")[0] == first.header.frame.rpartition(":")[0]


def test_a_wrong_camera_clock_is_corrected_and_what_it_said_is_kept_beside_the_frame() -> None:
    (parcel, *_) = handler_of(SITE).handle(raw(taken_at=after(-60)), NOON)

    (frame,) = frames([parcel])
    assert (frame.header.captured_at, frame.header.flags) == (NOON, ("clock_corrected",))
    assert parcel.messages[0].headers["source-time"] == b"2026-03-05T11:59:00+00:00"


def test_a_frame_of_another_size_than_the_site_file_says_is_refused_since_regions_would_not_fit() -> None:
    handler = handler_of(site_of(camera(size=[64, 48])))

    fits = handler.handle(raw(taken_at=NOON), NOON)
    turned = handler.handle(raw(picture(shape=(64, 48)), taken_at=after(1)), after(1))

    assert len(frames(fits)) == 1
    (letter,) = dead_letters(turned)
    assert letter.headers["dlq-reason"] == b"cam-01: 48x64 pixels, the site file says 64x48: regions do not fit"
    assert statuses(turned)[0].state is CameraState.FAILED


def test_live_frames_carry_the_sites_condition_and_recordings_do_not() -> None:
    handler = handler_of(SITE, flags=("time_invalid",))

    live = frames(handler.handle(raw(taken_at=NOON), NOON))[0]
    recorded = frames(handler.handle(raw(name="folder-1", view="sub_437", taken_at=after(-9e6)), NOON))[0]

    assert live.header.flags == ("time_invalid",)
    assert recorded.header.flags == ()


def test_a_count_at_the_end_of_its_range_is_flagged_and_never_clipped() -> None:
    counts = picture()
    counts[5, 7] = 65535

    (frame,) = frames(handler_of(SITE).handle(raw(counts, taken_at=NOON), NOON))

    assert "over_range" in frame.header.flags
    assert frame.thermogram.counts()[5, 7] == 65535


@pytest.mark.parametrize("offset_k", [-200.0, 2500.0])
def test_impossible_temperatures_are_a_dead_letter_and_the_camera_is_not_well(offset_k: float) -> None:
    parcels = handler_of(SITE).handle(raw(offset_k=offset_k, taken_at=NOON), NOON)

    (letter,) = dead_letters(parcels)
    (status,) = statuses(parcels)
    assert frames(parcels) == []
    assert b"possible are -100 to 2000: damaged, or the scale is wrong" in letter.headers["dlq-reason"]
    assert (letter.key, letter.headers["dlq-service"]) == ("cam-01", b"ingest")
    assert status.state is CameraState.FAILED
    assert "the scale is wrong" in status.reason


def test_one_impossible_picture_does_not_stop_the_next() -> None:
    handler = handler_of(SITE)
    handler.handle(raw(offset_k=2500.0, taken_at=NOON), NOON)

    parcels = handler.handle(raw(taken_at=after(1)), after(1))

    assert len(frames(parcels)) == 1
    assert statuses(parcels)[0].state is CameraState.LIVE


def test_a_picture_of_zeros_is_called_black_before_it_is_called_impossible() -> None:
    handler = handler_of(SITE)
    for second in range(3):
        parcels = handler.handle(raw(np.zeros((48, 64), np.uint16), taken_at=after(second)), after(second))

    assert statuses(parcels)[0].state is CameraState.BLACK
    assert len(dead_letters(parcels)) == 1


def test_frames_of_a_frozen_camera_say_so() -> None:
    handler = handler_of(SITE)
    flags = [frames(handler.handle(raw(taken_at=after(second)), after(second)))[0].header.flags for second in range(6)]

    assert flags == [()] * 4 + [("camera_frozen",)] * 2


def test_a_bad_file_is_a_dead_letter_by_its_name() -> None:
    heard = []
    event = Unreadable("folder-1", "sub_\udcff7.png", "sub_\udcff7.png: truncated", lambda: heard.append("written"))

    (parcel, *_) = handler_of(SITE).handle(event, NOON)

    (letter,) = parcel.messages
    assert letter.topic == "thermal.frames.dlq"
    assert (letter.key, letter.value) == ("folder-1", b"")
    assert letter.headers["dlq-file"] == b"sub_\xff7.png"
    assert letter.headers["dlq-reason"] == rb"sub_\udcff7.png: truncated"
    assert parcel.care is Care.PATIENT
    parcel.written()
    assert heard == ["written"]


def test_a_file_with_impossible_temperatures_is_a_dead_letter_by_its_name() -> None:
    event = raw(name="folder-1", view="sub_1", file="sub_1.png", scale_k=0.1, offset_k=1000.0, taken_at=NOON)

    (letter,) = dead_letters(handler_of(SITE).handle(event, NOON))

    assert letter.headers["dlq-file"] == b"sub_1.png"


def test_a_recording_from_the_future_is_refused() -> None:
    (letter,) = dead_letters(handler_of(SITE).handle(raw(name="folder-1", view="x", taken_at=after(3600)), NOON))

    assert b"in the future" in letter.headers["dlq-reason"]


def test_each_file_of_a_starred_folder_is_its_own_view() -> None:
    (frame,) = frames(handler_of(SITE).handle(raw(name="folder-1", view="sub_437", taken_at=NOON), NOON))

    assert (frame.header.view, frame.header.live) == ("sub_437", False)


def test_the_end_of_a_recording_and_the_failure_of_a_source_are_told() -> None:
    handler = handler_of(SITE)

    (ended,) = statuses(handler.handle(Finished("folder-1"), NOON))
    (failed,) = statuses(handler.handle(Failed("cam-01", "connection refused"), NOON))

    assert ended.state is CameraState.FINISHED
    assert (failed.state, failed.reason) == (CameraState.FAILED, "cam-01: connection refused")


def test_changes_are_kept_for_a_broker_that_is_away_and_heartbeats_are_not() -> None:
    handler = handler_of(SITE)

    first = [p for p in handler.tick(NOON) if p.messages[0].topic == "thermal.cameras"]
    heartbeat = handler.tick(after(5))

    assert {parcel.camera for parcel in first} == {"cam-01", "folder-1", "push-1"}
    assert {parcel.care for parcel in first} == {Care.KEEP}
    assert {parcel.care for parcel in heartbeat if parcel.camera == "folder-1"} == {Care.PERISHABLE}


def test_the_canary_is_a_hot_block_on_a_cool_ground_with_the_sites_status() -> None:
    handler = handler_of(SITE, flags=("spool_in_use",))

    (canary, another) = frames(handler.canary(after(seconds)) for seconds in (0, 60))

    assert (canary.header.camera, canary.header.view, canary.header.flags) == ("_canary", "_canary", ("spool_in_use",))
    celsius = canary.thermogram.celsius()
    assert celsius.shape == (64, 64)
    assert np.count_nonzero(celsius > HOT_C - 1) == HOT_PX**2
    assert celsius.min() == pytest.approx(COLD_C, abs=0.01)
    assert canary.header.frame != another.header.frame


# --- pushed ---------------------------------------------------------------------------------------------------------


def test_a_pushed_frame_keeps_its_own_time() -> None:
    (frame,) = frames(handler_of(SITE).pushed(raw(name="push-1", taken_at=after(-3600)), NOON))

    assert (frame.header.captured_at, frame.header.flags, frame.header.live) == (after(-3600), (), True)


def test_a_pushed_frame_that_is_repeated_is_taken_again_under_the_same_name() -> None:
    handler = handler_of(SITE)
    first, again = (frames(handler.pushed(raw(name="push-1", taken_at=NOON), NOON))[0] for _ in range(2))

    assert first.header.frame == again.header.frame


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"taken_at": None}, "no time"),
        ({"taken_at": after(6.1)}, "in the future"),
        ({"taken_at": after(-1)}, "older than the newest frame"),
        ({"taken_at": NOON, "counts": picture(9)}, "when another frame was: one picture has one time"),
        ({"taken_at": after(1), "view": "bay-9"}, "push-1 has no view 'bay-9': its views are bay-1"),
        ({"taken_at": after(1), "offset_k": -400.0}, "possible are -100 to 2000"),
    ],
    ids=["no time", "future", "out of order", "two at once", "unknown view", "impossible"],
)
def test_a_pushed_frame_that_cannot_be_is_refused_with_its_reason(change: dict[str, Any], why: str) -> None:
    handler = handler_of(SITE)
    good = raw(name="push-1", taken_at=NOON)
    handler.pushed(good, NOON)

    with pytest.raises(InvalidMessage, match=why):
        handler.pushed(dataclasses.replace(good, **change), after(1))
    assert len(frames(handler.pushed(raw(name="push-1", taken_at=after(2)), after(2)))) == 1


def test_a_frame_too_large_to_travel_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.feed._MOST_BYTES", 464)
    noise = np.random.default_rng(0).integers(30000, 31000, (300, 400), np.uint16)

    with pytest.raises(InvalidMessage, match=r"400x300 pixels pack to \d+ bytes, a message takes 8388608"):
        handler_of(SITE).pushed(raw(noise, "push-1", taken_at=NOON), NOON)


@settings(max_examples=40)
@given(
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.floats(1e-4, 1.0),
    st.floats(-500, 500),
)
def test_whatever_the_scale_a_frame_is_possible_everywhere_or_refused(
    low: int, high: int, scale_k: float, offset_k: float
) -> None:
    counts = np.full((16, 16), low, np.uint16)
    counts[8:, :] = high
    parcels = handler_of(SITE).handle(raw(counts, scale_k=scale_k, offset_k=offset_k, taken_at=NOON), NOON)

    for frame in frames(parcels):
        celsius = frame.thermogram.celsius()
        assert -100.01 < celsius.min() <= celsius.max() < 2000.1
    assert len(frames(parcels)) + len(dead_letters(parcels)) == 1


def test_pixels_travel_without_loss() -> None:
    counts = np.random.default_rng(3).integers(27000, 40000, (37, 53), np.uint16)

    (frame,) = frames(handler_of(SITE).handle(raw(counts, taken_at=NOON), NOON))

    assert np.array_equal(frame.thermogram.counts(), counts)
