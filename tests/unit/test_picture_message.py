"""Frames, regions and evidence without temperatures: on the wire and back, and never mistaken for temperatures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.evidence import Evidence
from canairy.messages.frame import Frame
from canairy.messages.header import ESTIMATE, NO_TEMPERATURES, Place
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading
from canairy.messages.thermogram import Thermogram
from protos.canairy.v1 import thermal_pb2 as pb
from tests.helpers.frames import SCALE_K, counts, header, scene

GREY = np.random.default_rng(3).integers(0, 256, (24, 32), dtype=np.uint8)
COLOUR = np.random.default_rng(4).integers(0, 256, (24, 32, 3), dtype=np.uint8)
FLAGGED = header(flags=(NO_TEMPERATURES,))
PLACE = Place("thermal.frames", 1, 7)


def unpacked(frame: bytes) -> object:
    picture = Frame.decode(frame).picture
    return picture and picture.pixels()


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_a_frame_carries_its_pixels_to_the_bit_and_says_that_they_are_no_temperatures(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    frame = Frame.decode(Frame(FLAGGED, Picture.of(pixels)).encode())

    assert frame.picture is not None
    assert np.array_equal(frame.picture.pixels(), pixels)
    assert (frame.radiometric, frame.header.radiometric) == (False, False)


def test_who_needs_temperatures_is_told_that_there_are_none() -> None:
    with pytest.raises(InvalidMessage, match="cam-01: a picture without temperatures"):
        _ = Frame(FLAGGED, Picture.of(GREY)).thermogram


def test_a_frame_of_temperatures_is_none_without() -> None:
    frame = Frame(header(), Thermogram.of(counts(scene()), SCALE_K, 0.0))

    assert frame.picture is None
    assert (frame.radiometric, frame.header.radiometric) == (True, True)


def test_an_estimate_says_its_step_wherever_its_header_goes() -> None:
    estimated = header(flags=(ESTIMATE,), estimate_step_k=0.25)
    frame = Frame(estimated, Thermogram.of(counts(scene()), SCALE_K, 0.0))
    reading = Reading(estimated, PLACE, "joint-a", RegionKind.REGISTERED, None)

    assert Frame.decode(frame.encode()).header.estimate_step_k == 0.25
    assert Reading.decode(reading.encode()).header.estimate_step_k == 0.25


def test_a_region_and_its_evidence_carry_the_grey_crop() -> None:
    crop = Picture.of(GREY)
    region = Region("joint-a", RegionKind.REGISTERED, 2, 3, crop)
    (found,) = Detections.decode(Detections(FLAGGED, PLACE, (region,)).encode()).regions
    kept = Evidence.decode(Evidence(FLAGGED, PLACE, "joint-a", 2, 3, crop).encode())

    assert found == region
    assert kept.crop == crop


def test_pixels_that_were_seen_without_temperatures_are_a_reading_that_saw_something() -> None:
    nothing = Reading(FLAGGED, PLACE, "joint-a", RegionKind.REGISTERED, None)
    looked = Reading.decode(replace(nothing, seen_pixels=900).encode())

    assert (looked.seen, looked.seen_pixels) == (True, 900)
    assert not Reading.decode(nothing.encode()).seen


def test_a_frame_that_says_to_be_both_is_refused() -> None:
    message = pb.Frame.FromString(Frame(FLAGGED, Picture.of(GREY)).encode())
    message.thermogram.CopyFrom(Thermogram.of(counts(scene()), SCALE_K, 0.0).to_wire())

    with pytest.raises(InvalidMessage, match="both a thermogram and a picture"):
        Frame.decode(message.SerializeToString())


def test_a_picture_whose_header_is_silent_about_it_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="not flagged no_temperatures"):
        Frame.decode(Frame(header(), Picture.of(GREY)).encode())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 0}, "0x24 pixels"),
        ({"height": 5000}, "32x5000 pixels"),
        ({"channels": 2}, "a picture of 2 channels"),
        ({"packed": b"rubbish"}, "7 bytes"),
        ({"channels": 3}, "expected 2304"),
    ],
)
def test_an_impossible_picture_is_refused_with_what_is_wrong(wrong: dict[str, int | bytes], said: str) -> None:
    message = pb.Frame.FromString(Frame(FLAGGED, Picture.of(GREY)).encode())
    for name, value in wrong.items():
        setattr(message.picture, name, value)

    with pytest.raises(InvalidMessage, match=said):
        unpacked(message.SerializeToString())
