"""Frozen without being the same to the bit: the noise of the sensor is gone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.grid import Kelvin
from services.ingest.noise import LEAST_KNOWN, QUIET_FRAMES, NoiseWatch

SHAPE = (32, 40)


def scene(seed: int, noise_k: float, step_k: float = 0.01) -> Kelvin:
    """A slope with the noise of one frame, in whole counts of `step_k`."""
    slope = np.linspace(290, 310, SHAPE[1])[None, :].repeat(SHAPE[0], 0)
    noisy = slope + np.random.default_rng(seed).normal(0, noise_k, SHAPE)
    return (np.rint(noisy / step_k) * step_k).astype(np.float32)


def known(noise_k: float = 0.05, step_k: float = 0.01) -> NoiseWatch:
    watch = NoiseWatch()
    for seed in range(LEAST_KNOWN + 1):
        watch.saw(scene(seed, noise_k, step_k), step_k)
    return watch


def test_a_picture_that_is_sent_again_with_a_running_clock_in_a_corner_is_frozen() -> None:
    watch, still = known(), scene(99, 0.05)
    frozen = []
    for second in range(7):
        picture = still.copy()
        picture[:2, :8] = 300 + second
        watch.saw(picture, 0.01)
        frozen.append(watch.frozen)

    # The first of them differs from the frame before it.
    assert frozen == [False] * 5 + [True] * 2
    assert watch.quiet_frames == 6


def test_a_picture_that_a_codec_changes_a_little_is_frozen() -> None:
    watch, still = known(), scene(99, 0.05)
    for seed in range(QUIET_FRAMES + 1):
        watch.saw(still + np.random.default_rng(seed).normal(0, 0.004, SHAPE).astype(np.float32), 0.01)

    assert watch.frozen


def test_one_frame_with_noise_ends_it() -> None:
    watch, still = known(), scene(99, 0.05)
    for _ in range(9):
        watch.saw(still, 0.01)
    assert watch.frozen

    watch.saw(scene(7, 0.05), 0.01)

    assert not watch.frozen


def test_a_sensor_slower_than_its_stream_is_not_frozen() -> None:
    watch = NoiseWatch()
    for seed in range(40):
        for _ in range(3):
            watch.saw(scene(seed, 0.05), 0.01)
            assert not watch.frozen


def test_a_video_codec_that_sends_what_changed_with_its_key_frames_only_is_not_frozen() -> None:
    watch = NoiseWatch()
    for seed in range(200):
        watch.saw(scene(seed // 12, 0.05), 0.01)
        assert not watch.frozen


def test_a_frame_of_another_size_begins_anew() -> None:
    watch = known()
    for _ in range(9):
        watch.saw(np.full((4, 4), 300, np.float32), 0.01)
        watch.saw(np.full((5, 5), 300, np.float32), 0.01)

    assert not watch.frozen


@given(st.floats(0.01, 0.2), st.sampled_from([0.01, 0.04, 0.1]), st.integers(0, 10_000))
def test_no_camera_with_noise_of_its_own_is_ever_frozen(noise_k: float, step_k: float, seed: int) -> None:
    watch = NoiseWatch()
    for number in range(30):
        watch.saw(scene(seed + number, noise_k, step_k), step_k)
        assert not watch.frozen


@given(st.floats(0.03, 0.2), st.integers(0, 10_000))
def test_every_camera_of_fine_counts_is_frozen_five_frames_after_its_noise_ends(noise_k: float, seed: int) -> None:
    watch, last = known(noise_k), scene(seed + 1000, noise_k)
    told = []
    for _ in range(QUIET_FRAMES + 1):
        watch.saw(last, 0.01)
        told.append(watch.frozen)

    assert told == [False] * QUIET_FRAMES + [True]
