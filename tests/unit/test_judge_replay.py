"""The judge is the same judge however its messages come: in any batches, repeated, shifted, started again anywhere.

Here the judge is by itself, with acknowledgements of what was raised; through the broker and the loop it is told in
`test_judge_replay_loop`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canairy.messages.command import Command
from canairy.messages.reading import Reading
from canairy.topics import ALERTS, AUDIT
from services.alerting.judge.intake import Input
from tests.helpers.judging import Bench, acknowledge, frame
from tests.helpers.scenes import SITE, Scene, batches, frame_of, interleavings, scenes

EXAMPLES = 200


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
        [frame_of({"a": "hot", "b": "cool", "x": "hot"}, n) for n in range(4)]
        + [frame_of({"a": "cool", "b": "cool", "x": "cool"}, n) for n in range(4, 9)],
        [frame_of({"y": "cool"}, n + 0.4, "cam-2", "v2") for n in range(9)],
    )
    messages = acknowledged_in_turn(hot)
    judge = started()
    judge.tell(*messages)

    assert any(isinstance(message, Command) for message in messages)
    assert {line.split()[0] for line in judge.lines} == {"raised", "acknowledged", "returned"}
    assert {"raised a high", "raised a delta", "raised x delta"} <= set(judge.lines)
