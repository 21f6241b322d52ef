"""What a camera without temperatures sees of its view, and what privacy masks leave of it, frame by frame.

The simulated cameras of test_camera_looks, as such a camera shows them: 8 bits, bright as each picture allows.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy.messages.camera import CameraState
from canairy.messages.fault import FaultKind
from canairy.messages.header import NO_TEMPERATURES, READS_LOW, VIEW_MOVED, VIEW_UNMATCHED
from canairy.simulator.ill import BEGINS_S, ELSEWHERE, ENDS_S, ILL
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from services.ingest.reference_folder import ReferenceFolder
from services.ingest.shelf import MemoryShelf, Shelf
from services.ingest.source import Raw, RawFrame, RawPicture
from tests.helpers.ingest import after, camera, frames, handler_of, site_of, statuses
from tests.unit.test_camera_looks import RATE_HZ, Film, yard

Counts = npt.NDArray[np.uint16]
Pixels = npt.NDArray[np.uint8]
Paint = Callable[[Counts], Pixels]
# A third of the picture in one piece, and none of its rim.
MASK = [[180, 120], [520, 120], [520, 420], [180, 420]]
ESTIMATE = {"min_c": 0, "max_c": 60, "bar": [620, 20, 12, 256], "locked": True, "linear": True}


def shown(counts: Counts) -> Pixels:
    """As a camera shows counts that spreads its coldest to its hottest hundredth over 8 bits, anew in each picture."""
    low, high = np.percentile(counts, (1, 99))
    return np.asarray(np.clip((counts - low) * (255 / max(high - low, 1)), 0, 255), np.uint8)


def coloured(counts: Counts) -> Pixels:
    """In a palette whose brightness falls and rises more than once."""
    return np.asarray(cv2.applyColorMap(shown(counts), cv2.COLORMAP_JET), np.uint8)


def locked(counts: Counts) -> Pixels:
    """In grey from 0 to 60 degC, with its colour bar."""
    celsius = counts.astype(np.float64) * SCALE_K + OFFSET_K - 273.15
    picture = np.clip(np.rint(celsius * (255 / 60)), 0, 255).astype(np.uint8)
    picture[20:276, 620:632] = np.arange(256)[::-1, None]
    return picture


def grey_film(
    name: str,
    seconds: float = 90.0,
    shelf: Shelf | None = None,
    paint: Paint | None = shown,
    **more: Any,  # noqa: ANN401 - passed on
) -> Film:
    """As `film`, of pictures; `paint` makes one of counts, or None for frames with their temperatures."""
    script = ILL.camera(name)
    assert script is not None
    known: dict[str, Any] = {"id": name, "source": "rtsp://camera", "rate_hz": RATE_HZ, "views": [{"id": "bay"}]}
    handler = handler_of(site_of(known | more), shelf=shelf)
    scene, film = Scene(script, zlib.crc32(name.encode())), Film()
    for number in range(round(seconds * RATE_HZ)):
        second = number / RATE_HZ
        counts = scene.render(second)
        raw: Raw = RawFrame(name, "bay", counts, SCALE_K, OFFSET_K, after(second))
        if paint is not None:
            raw = RawPicture(name, "bay", paint(counts), after(second))
        parcels = handler.handle(raw, after(second))
        for frame in frames(parcels):
            film.headers[second] = frame.header
        film.told += statuses(parcels)
    return film


@pytest.mark.parametrize("name", ["well", "switched", "drifting"])
def test_what_only_temperatures_tell_is_not_told_of_pictures(name: str) -> None:
    seen = grey_film(name, 45)

    assert {(it.flags, it.shift, it.hidden) for it in seen.headers.values()} == {((NO_TEMPERATURES,), None, ())}
    assert (seen.states, seen.kinds) == ([CameraState.LIVE], set())


def test_a_shutter_whose_noise_a_camera_spreads_is_no_fault() -> None:
    shut = grey_film("shut", 45)

    assert (shut.states, shut.kinds) == ([CameraState.LIVE], set())
    assert {it.shift for it in shut.headers.values()} == {None}


def test_glare_over_a_picture_without_temperatures_hides_what_it_lies_on() -> None:
    glaring = grey_film("glaring", 45)

    assert (glaring.states, glaring.kinds) == ([CameraState.LIVE], {FaultKind.OCCLUDED})
    assert len(glaring.headers[44.5].hidden) == 1


@pytest.mark.parametrize("paint", [shown, coloured])
def test_a_nudged_camera_without_temperatures_says_by_how_much(paint: Paint) -> None:
    shift = grey_film("nudged", 40, paint=paint).headers[39.5].shift

    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((9.4, -5.7), abs=0.5)


def test_a_knocked_camera_without_temperatures_shows_no_view_until_it_is_turned_back() -> None:
    knocked = grey_film("knocked")

    assert knocked.seconds(VIEW_MOVED) == (BEGINS_S, ENDS_S - 0.5)
    assert knocked.kinds == {FaultKind.MOVED}


def test_a_camera_without_temperatures_that_looks_elsewhere_is_not_matched() -> None:
    turned = grey_film("turned")

    assert turned.seconds(VIEW_UNMATCHED) == (BEGINS_S, ENDS_S - 0.5)
    assert turned.kinds == {FaultKind.UNMATCHED}


def test_what_stands_before_a_view_without_temperatures_is_told_with_its_place() -> None:
    parked = grey_film("parked")

    (box,) = parked.headers[BEGINS_S].hidden
    assert (box.x, box.y, box.width, box.height) == (0, 256, 256, 256)
    assert parked.kinds == {FaultKind.OCCLUDED}


def test_fog_is_told_of_colours_whose_span_is_locked() -> None:
    """How temperatures are estimated: only then does less brightness mean less radiation."""
    fogged = grey_film("fogged", 100, paint=locked, estimate=ESTIMATE)

    begun, ended = fogged.seconds(READS_LOW) or (0.0, 0.0)
    assert BEGINS_S <= begun <= BEGINS_S + 5
    assert ENDS_S <= ended <= ENDS_S + 25
    assert fogged.kinds == {FaultKind.READS_LOW}


def test_a_hot_thing_that_dims_all_else_is_no_fog() -> None:
    """The camera spreads all its span up to a spot that is hotter than anything: the rest keeps a quarter of it."""

    def dimmed(counts: Counts) -> Pixels:
        low, high = np.percentile(counts, (1, 99))
        picture = (counts - low) * (60 / max(high - low, 1))
        picture[240:256, 320:340] = 255
        return np.asarray(np.clip(picture, 0, 255), np.uint8)

    pictures = itertools.count()

    def after_25_s(counts: Counts) -> Pixels:
        return dimmed(counts) if next(pictures) > 50 else shown(counts)

    seen = grey_film("well", 60, paint=after_25_s)

    assert {(it.flags, it.shift) for it in seen.headers.values()} == {((NO_TEMPERATURES,), None)}
    assert seen.kinds == set()


@pytest.mark.parametrize("paint", [None, shown])
def test_a_privacy_mask_does_not_hold_a_view_in_its_place(paint: Paint | None) -> None:
    masked: Mapping[str, Any] = {"privacy": {"masks": [MASK]}}

    shift = grey_film("nudged", 40, paint=paint, **masked).headers[39.5].shift
    knocked = grey_film("knocked", 40, paint=paint, **masked)

    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((9.4, -5.7), abs=0.5)
    assert knocked.seconds(VIEW_MOVED) == (BEGINS_S, 39.5)


def test_what_is_learnt_shows_nothing_that_lies_under_a_mask() -> None:
    shelf = MemoryShelf()
    grey_film("well", 10, shelf, None, privacy={"masks": [MASK]})

    kept = shelf.pictures["bay"][120:421, 180:521]
    assert float(kept.std()) < 0.1
    assert float(yard()[120:421, 180:521].std()) > 1


def test_a_patch_of_known_temperature_is_measured_by_what_the_mask_leaves_of_it() -> None:
    left = float(yard()[300:340, 100:170].mean()) - 273.15
    patch = {"region": [[100, 300], [300, 300], [300, 339], [100, 339]], "temperature_c": left, "tolerance_k": 1.0}
    views = [{"id": "bay", "reference_patch": patch}]

    assert grey_film("well", 90, paint=None, views=views, privacy={"masks": [MASK]}).kinds == set()
    assert grey_film("drifting", 100, paint=None, views=views, privacy={"masks": [MASK]}).kinds == {FaultKind.DRIFT}


def test_the_reference_of_a_camera_without_temperatures_is_a_picture_such_as_its_own(tmp_path: Path) -> None:
    counts = np.asarray(yard(ELSEWHERE) / np.float32(SCALE_K), np.uint16)
    assert cv2.imwrite(str(tmp_path / "bay.png"), coloured(counts))
    one = camera("well", temperatures="none", views=[{"id": "bay", "reference": "bay.png"}])
    shelf = ReferenceFolder.of(site_of(one), tmp_path, tmp_path / "ingest")

    elsewhere = grey_film("well", 10, shelf, temperatures="none", views=one["views"])

    assert elsewhere.seconds(VIEW_UNMATCHED) == (0.0, 9.5)
    assert elsewhere.kinds == {FaultKind.UNMATCHED}
