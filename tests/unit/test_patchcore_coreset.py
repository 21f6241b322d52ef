"""The greedy coreset: the picks of the plain algorithm, with a fraction of its work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.patchcore.coreset import greedy_coreset

Points = npt.NDArray[np.float32]


def plain_greedy(points: Points, count: int, first: int) -> list[int]:
    """Every point measured against every pick."""
    picks = [first]
    nearest = np.square(points - points[first]).sum(axis=1)
    while len(picks) < count and nearest.max() > 0:
        picks.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.square(points - points[picks[-1]]).sum(axis=1))
    return picks


# Whole numbers: their squares and sums are exact in float32, so that ties are ties in both.
small_points = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(-20, 20))
)


@settings(deadline=None)
@given(points=small_points, count=st.integers(1, 45), place=st.integers(0, 1000))
def test_the_picks_are_those_of_the_plain_algorithm(points: npt.NDArray[np.int64], count: int, place: int) -> None:
    first = place % len(points)

    found = greedy_coreset(points.astype(np.float32), count, first)

    assert found.picks.tolist() == plain_greedy(points.astype(np.float32), count, first)


def test_they_are_the_same_among_many_points_in_more_directions_than_the_bound_looks_along() -> None:
    generator = np.random.default_rng(3)
    middles = generator.normal(0, 6, (30, 152))
    points = (middles[generator.integers(0, 30, 6000)] + generator.normal(0, 1, (6000, 152))).astype(np.float32)

    found = greedy_coreset(points, 200, first=7)

    assert found.picks.tolist() == plain_greedy(points, 200, first=7)


def test_far_from_the_origin_rounding_clears_no_point_that_matters() -> None:
    generator = np.random.default_rng(4)
    points = (1000 + generator.integers(-8, 9, (3000, 40))).astype(np.float32)

    found = greedy_coreset(points, 150)

    assert found.picks.tolist() == plain_greedy(points, 150, first=0)


def test_no_point_is_farther_from_the_picks_than_the_radius() -> None:
    points = np.random.default_rng(5).normal(size=(500, 8)).astype(np.float32)

    found = greedy_coreset(points, 20)

    distances = np.linalg.norm(points[:, None] - points[found.picks], axis=2).min(axis=1)
    assert np.isclose(distances.max(), found.radius, rtol=1e-5)


def test_where_fewer_points_differ_there_are_fewer_picks() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)

    found = greedy_coreset(points, 20)

    assert found.picks.tolist() == [0, 10, 20]
    assert found.radius == 0


def test_progress_is_told_after_every_pick() -> None:
    told: list[tuple[int, int]] = []

    greedy_coreset(np.arange(5, dtype=np.float32)[:, None], 4, progress=lambda done, of: told.append((done, of)))

    assert told == [(2, 4), (3, 4), (4, 4)]
