"""A frame against the reference of its view: simulated scenes, moved by known amounts."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from canairy.thermal.registration import Reference
from canairy.thermal.registration_edges import edges_of
from canairy.thermal.view_shift import Move, View, move_matrix

SIZE = (256, 320)
Celsius = npt.NDArray[np.float64]


def scene(seed: int) -> Celsius:
    """Degrees of thirty bars and plates, (256, 320), with a margin that moves into the picture."""
    generator = np.random.default_rng(seed)
    picture = np.full((SIZE[0] + 200, SIZE[1] + 200), 15.0)
    for _ in range(60):
        middle, size = generator.uniform(0, 500, 2), generator.uniform(8, 70, 2)
        box = cv2.boxPoints((middle.tolist(), size.tolist(), float(generator.uniform(0, 180))))
        cv2.fillPoly(picture, [box.astype(np.int32)], float(generator.uniform(5, 40)))
    return picture


def seen(whole: Celsius, move: npt.NDArray[np.float64] | None = None, seed: int = 1) -> Celsius:
    """What a camera sees of it: moved, cut to its size, blurred, with 0.1 K of noise."""
    matrix = np.eye(2, 3) if move is None else move.copy()
    # The cut starts 100 pixels in: the move is about the middle of the cut.
    matrix[:, 2] += 100 - matrix[:, :2] @ (100, 100)
    moved = cv2.warpAffine(whole, matrix, (whole.shape[1], whole.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    cut = cv2.GaussianBlur(moved[100 : 100 + SIZE[0], 100 : 100 + SIZE[1]], (0, 0), 0.8)
    return np.asarray(cut + np.random.default_rng(seed).normal(0, 0.1, SIZE), np.float64)


def corners() -> Celsius:
    return np.array([[20.0, 20.0], [300.0, 20.0], [20.0, 230.0], [300.0, 230.0], [160.0, 128.0]])


@settings(max_examples=12, deadline=None)
@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-3, 3))
def test_any_small_move_is_measured_within_half_a_pixel(dx: float, dy: float, turn: float) -> None:
    whole = scene(4)
    truth = move_matrix(dx, dy, turn, SIZE)
    found = Reference(edges_of(seen(whole))).register(edges_of(seen(whole, truth, seed=2)))
    assert found.move is not None
    where = corners() @ truth[:, :2].T + truth[:, 2]
    assert np.linalg.norm(found.move.moved(corners()) - where, axis=1).max() < 0.5


def test_hot_and_cold_may_change_places() -> None:
    whole = scene(4)
    inverted = 60 - seen(whole, move_matrix(7, -5, 1, SIZE)) * 0.4
    found = Reference(edges_of(seen(whole))).register(edges_of(inverted))
    assert found.move is not None
    assert [found.move.dx_px, found.move.dy_px] == pytest.approx([7, -5], abs=0.3)


@pytest.mark.parametrize("other", range(10, 22))
def test_another_view_is_refused(other: int) -> None:
    found = Reference(edges_of(seen(scene(4)))).register(edges_of(seen(scene(other))))
    assert found.move is None
    assert found.view(limit_px=1000) is View.UNMATCHED


@pytest.mark.parametrize("picture", [np.zeros(SIZE), np.full(SIZE, 21.5), np.random.default_rng(0).normal(20, 1, SIZE)])
def test_an_empty_or_noisy_picture_is_refused(picture: Celsius) -> None:
    found = Reference(edges_of(seen(scene(4)))).register(edges_of(picture))
    assert found.view(limit_px=1000) is View.UNMATCHED


def test_an_empty_reference_matches_nothing() -> None:
    found = Reference(edges_of(np.zeros(SIZE))).register(edges_of(seen(scene(4))))
    assert found.move is None


def test_what_is_printed_over_the_scene_does_not_hold_it_in_place() -> None:
    whole, mask = scene(4), np.ones(SIZE, bool)
    first, second = seen(whole), seen(whole, move_matrix(12, 6, 0, SIZE))
    letters = np.random.default_rng(5).integers(0, 2, (60, 80)).repeat(2, 0).repeat(2, 1) * 200.0
    for picture in (first, second):
        picture[:120, :160] = letters
    mask[:120, :160] = False
    found = Reference(edges_of(first, mask)).register(edges_of(second, mask))
    assert found.move is not None
    assert [found.move.dx_px, found.move.dy_px] == pytest.approx([12, 6], abs=0.5)


def test_past_the_limit_a_view_has_moved() -> None:
    whole = scene(4)
    found = Reference(edges_of(seen(whole))).register(edges_of(seen(whole, move_matrix(10, 0, 0, SIZE))))
    assert found.view(limit_px=12) is View.FOLLOWED
    assert found.view(limit_px=8) is View.MOVED


def test_a_turn_moves_the_corners_farther_than_the_middle() -> None:
    move = Move(0.0, 0.0, 2.0, 320, 256)
    assert move.moved(np.array([[159.5, 127.5]])) == pytest.approx(np.array([[159.5, 127.5]]))
    assert move.farthest_px == pytest.approx(np.hypot(159.5, 127.5) * 2 * np.sin(np.deg2rad(1)))


def test_a_frame_of_another_size_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="320x200 pixels, its reference 320x256"):
        Reference(edges_of(np.zeros(SIZE))).register(edges_of(np.zeros((200, 320))))
