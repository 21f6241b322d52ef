"""Scenes for properties of replay: what two cameras tell of a small site, and every way in which it may come.

They are simulated: a group in one frame, a group across both cameras, limits with and without on-delay, a hot spot
that comes and goes, and canaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from hypothesis import strategies as st

from canairy.messages.reading import Reading
from tests.helpers.judging import asset, camera, canary, frame, site, view

T = TypeVar("T")

SITE = site(
    camera(
        "cam-1",
        view(
            "v1",
            asset("a", "A", "one", delta_k=15, high_c=80, on_delay="2s", dead_band_k=3),
            asset("b", "B", "one", delta_k=15, dead_band_k=3),
            asset("x", "A", "two", delta_k=10, high_c=85, dead_band_k=3),
            high_c=70,
            dead_band_k=3,
        ),
        rate_hz=1,
    ),
    camera("cam-2", view("v2", asset("y", "B", "two", delta_k=10, dead_band_k=3)), rate_hz=1),
)
KINDS = st.sampled_from(["cool", "warm", "hot", "unmeasured", "missing"])
FIND = "v1/find-1"
DEGREES: dict[str, float | None] = {"cool": 50.0, "warm": 78.5, "hot": 90.0, "unmeasured": None}


@dataclass(frozen=True)
class Scene:
    """What each camera tells, frame by frame, in its own order."""

    first: list[list[Reading]]
    second: list[list[Reading]]

    def __repr__(self) -> str:
        frames = (
            [(it.asset, it.temperatures and it.temperatures.max_c) for it in readings] for readings in self.frames
        )
        return "; ".join(
            f"{taken_at(readings):%M:%S.%f} {told}" for readings, told in zip(self.frames, frames, strict=True)
        )

    @property
    def frames(self) -> list[list[Reading]]:
        """In order of time."""
        return sorted((*self.first, *self.second), key=taken_at)

    @property
    def messages(self) -> list[Reading]:
        return [reading for frame_ in self.frames for reading in frame_]


def taken_at(readings: list[Reading]) -> datetime:
    return readings[0].header.captured_at


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    first, second = list[list[Reading]](), list[list[Reading]]()
    gone_at = draw(st.integers(0, 12))
    for seconds in range(draw(st.integers(1, 12))):
        kinds = {name: draw(KINDS) for name in ("a", "b", "x")}
        if seconds <= gone_at:
            kinds[FIND] = "cool" if seconds == gone_at else draw(KINDS)
        readings = frame_of(kinds, seconds, blurred=draw(st.booleans()))
        first.append([replace(it, closed=it.asset == FIND and seconds == gone_at) for it in readings])
        second.append(frame_of({"y": draw(KINDS)}, seconds + draw(st.sampled_from([0, 0.4])), "cam-2", "v2"))
    if draw(st.booleans()):
        first.append([canary(5.5)])
    return Scene([it for it in first if it], [it for it in second if it])


def frame_of(
    kinds: dict[str, str], seconds: float, camera_: str = "cam-1", view_: str = "v1", *, blurred: bool = False
) -> list[Reading]:
    celsius = {name: DEGREES[kind] for name, kind in kinds.items() if kind in DEGREES}
    readings = frame(seconds, celsius, camera=camera_, view=view_)
    return [under_resolved(readings[0]), *readings[1:]] if blurred and readings else readings


def under_resolved(reading: Reading) -> Reading:
    measured = reading.temperatures
    return reading if measured is None else replace(reading, temperatures=replace(measured, hot_width=2))


def batches(messages: Sequence[T], cuts: Sequence[int]) -> list[Sequence[T]]:
    places = [0, *sorted(cut % (len(messages) + 1) for cut in cuts), len(messages)]
    return [messages[begin:end] for begin, end in pairwise(places) if begin < end]


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[Scene, list[Reading]]:
    """A scene, and its frames with the cameras shifted by up to 5 s; each camera keeps its own order."""
    scene = draw(scenes())
    left, right = list(scene.first), list(scene.second)
    merged: list[list[Reading]] = []
    while left or right:
        merged.append(_next(draw, left, right))
    readings = _mixed(draw, merged)
    return scene, readings


def _next(draw: st.DrawFn, left: list[list[Reading]], right: list[list[Reading]]) -> list[Reading]:
    if not left or not right:
        return (left or right).pop(0)
    ahead_s = (taken_at(left[0]) - taken_at(right[0])).total_seconds()
    if abs(ahead_s) >= 5:
        return (right if ahead_s > 0 else left).pop(0)
    return draw(st.sampled_from([left, right])).pop(0)


def _mixed(draw: st.DrawFn, frames: list[list[Reading]]) -> list[Reading]:
    """Frames of different cameras that follow each other may come reading by reading in turns."""
    readings = [reading for frame_ in frames for reading in frame_]
    for place in range(len(readings) - 1):
        one, other = readings[place], readings[place + 1]
        if one.header.camera != other.header.camera and draw(st.booleans()):
            apart_s = abs((one.header.captured_at - other.header.captured_at).total_seconds())
            if apart_s < 4:
                readings[place], readings[place + 1] = other, one
    return readings
