"""Detection in frames without temperatures: regions and equipment as ever, no hot spots, no degrees."""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np
import pytest

from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, RegionKind
from canairy.messages.header import NO_TEMPERATURES
from canairy.messages.picture import Picture as GreyLevels
from canairy.models.brightness import over_window
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS, FINDS
from services.detection.finds import FindRules
from services.detection.handler import Detection
from services.detection.triton import TritonDetector
from tests.helpers.frames import camera, frame, grey, heated, pictured, record, scene, site
from tests.unit.test_detection_three_ways import FIND, Bench, equipment, region
from tests.unit.test_detection_triton import CARD, Models

BRIGHT = np.full((128, 160), 60, np.uint8)
BRIGHT[80:88, 100:108] = 250


def crop(found: Detections, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = region(found, name).crop
    assert isinstance(image, GreyLevels)
    return image.pixels()


def test_a_registered_region_is_cut_out_as_grey_levels_lossless() -> None:
    one = grey()
    assert one.picture is not None

    (found,) = Bench().look(one)

    assert np.array_equal(crop(found, "joint-a"), one.picture.pixels()[20:41, 20:41])
    assert region(found, "joint-a").kind is RegionKind.REGISTERED
    assert NO_TEMPERATURES in found.header.flags


def test_bright_is_not_hot() -> None:
    (found,) = Bench().look(pictured(BRIGHT))

    assert [it.asset for it in found.regions] == ["joint-a"]


def test_a_picture_in_false_colours_is_cut_out_by_its_place_on_the_palette() -> None:
    steps = np.tile(np.arange(160, dtype=np.uint8), (128, 1))
    painted = np.asarray(cv2.applyColorMap(steps, cv2.COLORMAP_INFERNO), np.uint8)

    (found,) = Bench().look(pictured(painted))

    assert np.abs(crop(found, "joint-a").astype(int) - steps[20:41, 20:41]).max() <= 12


def test_a_region_beside_the_frame_is_told_without_a_crop() -> None:
    (found,) = Bench().look(pictured(BRIGHT[:15, :15]))

    assert region(found, "joint-a").crop is None


def test_equipment_that_nobody_registered_has_a_name_and_keeps_it_without_any_degrees() -> None:
    bench = Bench(equipment(100, 80, 30))

    first, second = bench.look(grey(0), grey(0.5))

    for found in (first, second):
        assert (region(found, FIND).kind, region(found, FIND).unseen) == (RegionKind.EQUIPMENT, False)
        assert crop(found, FIND).shape == (30, 30)


def test_a_restarted_process_knows_equipment_that_was_seen_without_temperatures() -> None:
    before, after = Bench(equipment(100, 80, 30)), Bench(equipment(101, 80, 30))
    (told,) = [out for out in before.handle(grey(0)) if out.topic == FINDS]

    after.step.restore(record(told.value, "ViewFinds", FINDS, told.key))
    (found,) = after.look(grey(1))

    assert region(found, FIND).x == 101


def test_a_hot_spot_of_yesterday_is_not_gone_because_nobody_can_see_it_today() -> None:
    step = Detection(site(camera()))
    frames = [frame(heated(scene(), 100, 80, 8, 30), 0)]
    frames += [grey(seconds) for seconds in range(1, 2 * int(FindRules().close_after / timedelta(seconds=1)), 20)]
    found = []
    for number, one in enumerate(frames):
        received, now = record(one.encode(), "Frame", offset=number), one.header.received_at
        written = step.handle([Decoded(received, step.decode(received, now))], now)
        found += [Detections.decode(out.value or b"") for out in written if out.topic == DETECTIONS]

    last = region(found[-1], FIND)

    assert (last.unseen, last.closed) == (True, False)


def test_the_detector_is_shown_it_as_canairy_detect_shows_a_file() -> None:
    models = Models([])
    pixels = np.random.default_rng(5).integers(0, 256, (512, 640), dtype=np.uint8)
    step = Detection(site(camera()))
    received = record(pictured(pixels).encode(), "Frame")
    picture = step.decode(received, pictured(pixels).header.received_at)

    TritonDetector(models, CARD, 0.5).find([picture.shown])

    (inputs,) = models.asked
    assert np.array_equal(inputs["counts"][0], pixels)
    scale_k, offset_k = over_window(CARD.window_k)
    assert (inputs["scale_k"].item(), inputs["offset_k"].item()) == pytest.approx((scale_k, offset_k))
    # Black is the window's low end, white its high end.
    assert (offset_k, 255 * scale_k + offset_k) == pytest.approx(CARD.window_k)


def test_a_damaged_picture_is_refused() -> None:
    one = grey()
    assert one.picture is not None
    broken = one.encode().replace(one.picture.packed[-8:], b"\0" * 8)

    with pytest.raises(InvalidMessage, match="damaged"):
        Detection(site(camera())).decode(record(broken, "Frame"), one.header.received_at)
