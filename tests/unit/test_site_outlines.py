"""Regions and masks of a site file: inside the frame, with an area, and apart from each other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.site.load import check_site, load_site
from canairy.site.polygons import area_px, overlap
from tests.unit.test_site_load import GOOD, mistakes_of, write

POINTS = st.tuples(st.integers(0, 12), st.integers(0, 12))
OUTLINES = st.lists(POINTS, min_size=3, max_size=6)
SIZE = ("rate_hz: 2", "size: [640, 512]")


def test_regions_inside_the_stated_size_are_no_mistake(tmp_path: Path) -> None:
    site = load_site(write(tmp_path, GOOD.replace("rate_hz: 2", "size: [401, 261]")))

    assert site.cameras[0].size == (401, 261)


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ("[400, 512]", "leaves the frame at [400, 120]: the camera's frames are 400x512, so x is 0 to 399"),
        ("[640, 260]", "leaves the frame at [400, 260]: the camera's frames are 640x260, so x is 0 to 639"),
    ],
)
def test_a_region_that_leaves_the_frame_is_a_mistake_at_its_line(tmp_path: Path, size: str, told: str) -> None:
    found = mistakes_of(tmp_path, ("rate_hz: 2", f"size: {size}"))

    last = next(it for it in found if it.path == "cameras[0].views[0].assets[1].region")
    assert last.line == 19
    assert last.message.startswith(told)


def test_without_a_size_nobody_knows_where_the_frame_ends(tmp_path: Path) -> None:
    assert mistakes_of(tmp_path, ("[210, 120], ", "[4000, 4000], ")) == []


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ("[640]", "is not a size: write [width, height]"),
        ("[640, 512, 3]", "is not a size: write [width, height]"),
        ("[640, 0]", "must be at least 1, not 0"),
        ("640x512", "must be a list, not '640x512'"),
    ],
)
def test_a_size_is_two_numbers(tmp_path: Path, size: str, told: str) -> None:
    found = mistakes_of(tmp_path, ("rate_hz: 2", f"size: {size}"))

    assert [it.message for it in found] == [told]


def test_a_region_under_a_mask_is_a_mistake_that_names_the_masks_line(tmp_path: Path) -> None:
    masks = "privacy: {masks: [[[0, 0], [50, 0], [50, 50]], [[290, 200], [600, 200], [600, 240]]]}"
    found = mistakes_of(tmp_path, ("rate_hz: 2", masks))

    assert [(it.line, it.path) for it in found] == [
        (12, "cameras[0].views[0].assets[0].region"),
        (19, "cameras[0].views[0].assets[1].region"),
    ]
    assert found[0].message == "overlaps the privacy mask in line 5: masked pixels have no temperature"


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ("[[0, 0], [9, 0]]", "needs at least 3, has 2"),
        ("[[0, 0], [9, 0], [18, 0]]", "encloses no area: its corners lie on a line"),
        ("[[0, 0], [9, 0], [9, -1]]", "must be at least 0, not -1"),
        ("[[0, 0], [9, 0], [9]]", "is not a point: write [x, y]"),
    ],
)
def test_a_mask_is_an_outline(tmp_path: Path, mask: str, told: str) -> None:
    found = mistakes_of(tmp_path, ("rate_hz: 2", f"privacy: {{masks: [{mask}]}}"))

    assert [it.message for it in found] == [told]


@pytest.mark.parametrize("key", ["keep_visible_image", "keep_location"])
def test_to_ask_for_what_a_camera_does_not_give_is_a_mistake(tmp_path: Path, key: str) -> None:
    folder, keep = ("source: simulated:yard", "source: folder:yard"), ("rate_hz: 2", f"privacy: {{{key}: true}}")
    assert mistakes_of(tmp_path, ("rate_hz: 2", f"privacy: {{{key}: false}}")) == []
    assert mistakes_of(tmp_path, folder, keep) == []
    (simulated,) = mistakes_of(tmp_path, keep)
    (pictures,) = mistakes_of(tmp_path, folder, keep, ("privacy:", 'temperatures: "none"\n    privacy:'))

    assert [(it.line, it.path) for it in (simulated, pictures)] == [
        (line, f"cameras[0].privacy.{key}") for line in (5, 6)
    ]
    assert simulated.message == "is of FLIR radiometric JPEG, which this camera does not give"


def test_a_visible_picture_and_masks_are_not_kept_together(tmp_path: Path) -> None:
    privacy = "privacy: {keep_visible_image: true, keep_location: true, masks: [[[0, 0], [9, 0], [9, 9]]]}"
    (found,) = mistakes_of(tmp_path, ("source: simulated:yard", "source: folder:yard"), ("rate_hz: 2", privacy))

    assert (found.line, found.path) == (5, "cameras[0].privacy.keep_visible_image")
    assert found.message == "must be false beside masks: in the visible picture they would hide something else"


def test_a_mask_beyond_the_frame_hides_nothing(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        GOOD.replace(*SIZE).replace("    views:", "    privacy: {masks: [[[0,0],[700,0],[0,9]]]}\n    views:", 1),
    )

    assert [(it.line, it.path) for it in check_site(path)] == [(6, "cameras[0].privacy.masks[0]")]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([(0, 0), (4, 0), (4, 4), (0, 4)], [(2, 2), (6, 2), (6, 6), (2, 6)], True),  # edges cross
        ([(0, 0), (9, 0), (9, 9), (0, 9)], [(2, 2), (4, 2), (4, 4)], True),  # one holds the other
        ([(0, 0), (4, 0), (4, 4), (0, 4)], [(4, 0), (8, 0), (8, 4), (4, 4)], True),  # a common edge
        ([(0, 0), (4, 0), (0, 4)], [(4, 4), (4, 1), (1, 4)], False),  # apart, though their boxes are not
        ([(0, 0), (9, 0), (9, 9), (5, 9), (5, 2), (0, 2)], [(1, 4), (3, 4), (3, 8)], False),  # in a bay of the other
    ],
)
def test_two_outlines_share_a_pixel_or_do_not(
    one: list[tuple[int, int]], other: list[tuple[int, int]], expected: bool
) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


@given(OUTLINES, OUTLINES)
def test_outlines_that_share_no_drawn_corner_or_inside_do_not_overlap(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    """What is drawn on a grid 16 times as fine shows every overlap that has an area."""
    drawn = [cv2.fillPoly(np.zeros((256, 256), np.uint8), [np.array(it) * 16], 1) for it in (one, other)]
    inside = [cv2.erode(it, np.ones((5, 5), np.uint8)) for it in drawn]

    if np.logical_and(*inside).any():
        assert overlap(one, other)
    if not np.logical_and(*drawn).any():
        assert not overlap(one, other)


@given(OUTLINES)
def test_an_outline_overlaps_itself_and_its_area_does_not_depend_on_where_it_begins(
    outline: list[tuple[int, int]],
) -> None:
    assert overlap(outline, outline)
    assert area_px(outline) == area_px([*outline[1:], outline[0]])


def test_a_reference_patch_is_held_against_the_frame_and_the_masks_like_a_region(tmp_path: Path) -> None:
    def patch(*corners: list[int]) -> tuple[str, str]:
        text = f"reference_patch: {{region: {list(corners)}, temperature_c: 20}}"
        return "        assets:", f"        {text}\n        assets:"

    outside = mistakes_of(tmp_path, SIZE, patch([600, 10], [700, 10], [600, 50]))
    masked = mistakes_of(
        tmp_path,
        ("rate_hz: 2", "privacy: {masks: [[[500, 0], [600, 0], [500, 100]]]}"),
        patch([510, 10], [530, 10], [510, 30]),
    )
    line = mistakes_of(tmp_path, patch([10, 10], [20, 20], [30, 30]))

    assert {it.path for it in (*outside, *masked, *line)} == {"cameras[0].views[0].reference_patch.region"}
    assert [it.message.partition(":")[0] for it in (*outside, *masked, *line)] == [
        "leaves the frame at [700, 10]",
        "overlaps the privacy mask in line 5",
        "encloses no area",
    ]


def test_a_camera_without_measured_temperatures_has_no_reference_patch(tmp_path: Path) -> None:
    patch = "reference_patch: {region: [[510, 10], [530, 10], [510, 30]], temperature_c: 20}"
    found = mistakes_of(
        tmp_path, ("rate_hz: 2", 'temperatures: "none"'), ("        assets:", f"        {patch}\n        assets:")
    )

    assert [(it.path, it.message) for it in found if "patch" in it.path] == [
        ("cameras[0].views[0].reference_patch", "is of a camera that measures no temperatures: nothing drifts")
    ]
