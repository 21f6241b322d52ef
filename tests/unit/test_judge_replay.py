"""The judge is the same judge however its messages come: in any batches, repeated, shifted, started again anywhere.

Scenes are simulated: two cameras with a group in one frame, a group across both, limits with and without on-delay, a
hot spot that comes and goes, canaries, and acknowledgements of what was raised.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canairy.messages.command import Command
from canairy.messages.reading import Reading
from canairy.topics import ALERTS, AUDIT
from services.alerting.judge.intake import Input
from tests.helpers.judging import Bench, acknowledge, asset, camera, canary, frame, site, view

EXAMPLES = 200
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
            f"{_taken_at(readings):%M:%S.%f} {told}" for readings, told in zip(self.frames, frames, strict=True)
        )

    @property
    def frames(self) -> list[list[Reading]]:
        """In order of time."""
        return sorted((*self.first, *self.second), key=_taken_at)

    @property
    def messages(self) -> list[Reading]:
        return [reading for frame_ in self.frames for reading in frame_]


def _taken_at(readings: list[Reading]) -> datetime:
    return readings[0].header.captured_at


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    first, second = list[list[Reading]](), list[list[Reading]]()
    gone_at = draw(st.integers(0, 12))
    for seconds in range(draw(st.integers(1, 12))):
        kinds = {name: draw(KINDS) for name in ("a", "b", "x")}
        if seconds <= gone_at:
            kinds[FIND] = "cool" if seconds == gone_at else draw(KINDS)
        readings = _frame(kinds, seconds, blurred=draw(st.booleans()))
        first.append([replace(it, closed=it.asset == FIND and seconds == gone_at) for it in readings])
        second.append(_frame({"y": draw(KINDS)}, seconds + draw(st.sampled_from([0, 0.4])), "cam-2", "v2"))
    if draw(st.booleans()):
        first.append([canary(5.5)])
    return Scene([it for it in first if it], [it for it in second if it])


def _frame(
    kinds: dict[str, str], seconds: float, camera_: str = "cam-1", view_: str = "v1", *, blurred: bool = False
) -> list[Reading]:
    celsius = {name: DEGREES[kind] for name, kind in kinds.items() if kind in DEGREES}
    readings = frame(seconds, celsius, camera=camera_, view=view_)
    return [_under_resolved(readings[0]), *readings[1:]] if blurred and readings else readings


def _under_resolved(reading: Reading) -> Reading:
    measured = reading.temperatures
    return reading if measured is None else replace(reading, temperatures=replace(measured, hot_width=2))


def batches(messages: Sequence[Input], cuts: Sequence[int]) -> list[Sequence[Input]]:
    places = [0, *sorted(cut % (len(messages) + 1) for cut in cuts), len(messages)]
    return [messages[begin:end] for begin, end in pairwise(places) if begin < end]


def acknowledged_in_turn(scene: Scene) -> list[Input]:
    """The scene's messages, each alarm acknowledged right after the message that raised it, every other one."""
    judge, messages = started(), list[Input]()
    for message in scene.messages:
        messages.append(message)
        for number, event in enumerate(judge.tell(message).alerts):
            if event["type"].endswith("raised.v1") and (len(messages) + number) % 2:
                command = acknowledge(event["data"]["alarm"], 20, key=f"key-{event['id']}")
                messages.append(command)
                judge.tell(command)
    return messages


def started() -> Bench:
    """A judge that has looked around before the first message; its clock is that of the newest message."""
    judge = Bench(SITE)
    judge.tick(-10)
    judge.tick(-5)
    return judge


def at_the_end(judge: Bench) -> dict[str, bytes]:
    """The state after a while without messages: how stale data look depends on when they were last looked at."""
    judge.tick(60)
    judge.tick(66)
    return judge.kept


def told_by(judge: Bench, *topics: str) -> list[str]:
    return [(it.value or b"").decode() for it in judge.all if it.topic in topics]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scene=scenes(), cuts=st.lists(st.integers(0, 1000), max_size=8))
def test_batches_do_not_matter(scene: Scene, cuts: list[int]) -> None:
    messages = acknowledged_in_turn(scene)
    one_by_one, cut = started(), started()

    for message in messages:
        one_by_one.tell(message)
    for batch in batches(messages, cuts):
        cut.tell(*batch)

    assert told_by(cut, ALERTS) == told_by(one_by_one, ALERTS)
    assert told_by(cut, AUDIT) == told_by(one_by_one, AUDIT)
    assert at_the_end(cut) == at_the_end(one_by_one)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scene=scenes(), restarts=st.sets(st.integers(0, 60), max_size=6))
def test_a_restart_anywhere_does_not_matter(scene: Scene, restarts: set[int]) -> None:
    messages = acknowledged_in_turn(scene)
    lasting, restarted = started(), started()

    for number, message in enumerate(messages):
        if number in restarts:
            restarted.restart()
        lasting.tell(message)
        restarted.tell(message)

    assert told_by(restarted, ALERTS, AUDIT) == told_by(lasting, ALERTS, AUDIT)
    assert at_the_end(restarted) == at_the_end(lasting)


def repeated(judge: Bench, messages: Sequence[Input], died_after: int, repeats: int) -> list[str]:
    """Tell all messages; after `died_after` of them the process dies, and the last `repeats` come again."""
    died = died_after % (len(messages) + 1)
    judge.tell(*messages[:died])
    judge.restart()
    judge.tell(*messages[max(0, died - repeats) :])
    return told_by(judge, ALERTS)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scene=scenes(), died_after=st.integers(0, 100), repeats=st.integers(0, 100))
def test_a_repeated_suffix_after_a_restart_does_not_matter(scene: Scene, died_after: int, repeats: int) -> None:
    messages = acknowledged_in_turn(scene)
    expected = started()
    expected.tell(*messages)

    told = repeated(started(), messages, died_after, repeats)

    assert told == told_by(expected, ALERTS)


def test_without_the_check_for_repeats_that_would_not_hold() -> None:
    """The same story as above, by hand, told to the variant: the property can fail."""
    messages = [*frame(0, {"x": 90}), *frame(1, {"x": 50})]
    expected = Bench(SITE)
    expected.tell(*messages)

    told = repeated(Bench(SITE, know_captures=False), messages, died_after=2, repeats=2)

    assert told != told_by(expected, ALERTS)


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
    ahead_s = (_taken_at(left[0]) - _taken_at(right[0])).total_seconds()
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


def settled(judge: Bench, messages: Sequence[Reading]) -> list[str]:
    """Tell all, then a last frame of each camera long after, so that nothing waits any more."""
    for message in messages:
        judge.tell(message)
    for name, view_, member in (("cam-1", "v1", "a"), ("cam-2", "v2", "y")):
        judge.tell(*frame(40, {member: 20}, camera=name, view=view_))
    return sorted(told_by(judge, ALERTS))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told=interleavings())
def test_which_camera_comes_first_does_not_matter(told: tuple[Scene, list[Reading]]) -> None:
    scene, shifted = told

    assert settled(started(), shifted) == settled(started(), scene.messages)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scene=scenes())
def test_alarms_follow_isa_18_2(scene: Scene) -> None:
    """Every alarm is raised before it is anything else, and its versions count one by one."""
    judge = started()
    for message in acknowledged_in_turn(scene):
        judge.tell(message)

    state: dict[str, tuple[str, int]] = {}
    for value in told_by(judge, ALERTS):
        event = json.loads(value)
        data = event["data"]
        if event["type"].endswith("heartbeat.v1"):
            continue
        before, version = state.get(data["alarm"], ("normal", 0))
        assert data["version"] == version + 1
        assert (before, event["type"].split(".")[3], data["state"]) in ALLOWED
        state[data["alarm"]] = data["state"], data["version"]


ALLOWED = {
    ("normal", "raised", "unacknowledged"),
    ("unacknowledged", "acknowledged", "acknowledged"),
    ("unacknowledged", "returned", "returned_unacknowledged"),
    ("acknowledged", "returned", "normal"),
    ("returned_unacknowledged", "raised", "unacknowledged"),
    ("returned_unacknowledged", "acknowledged", "normal"),
}


def test_the_scenes_show_every_turn_of_an_alarm_and_both_kinds_of_group() -> None:
    """Otherwise the properties above would hold for want of anything to hold for."""
    hot = Scene(
        [_frame({"a": "hot", "b": "cool", "x": "hot"}, n) for n in range(4)]
        + [_frame({"a": "cool", "b": "cool", "x": "cool"}, n) for n in range(4, 9)],
        [_frame({"y": "cool"}, n + 0.4, "cam-2", "v2") for n in range(9)],
    )
    messages = acknowledged_in_turn(hot)
    judge = started()
    judge.tell(*messages)

    assert any(isinstance(message, Command) for message in messages)
    assert {line.split()[0] for line in judge.lines} == {"raised", "acknowledged", "returned"}
    assert {"raised a high", "raised a delta", "raised x delta"} <= set(judge.lines)
