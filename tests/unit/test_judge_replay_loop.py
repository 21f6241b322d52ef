"""Replay is exact: through the real loop, on the broker in memory, whatever batches, repeats, order and deaths.

Every example tells one simulated scene twice: to processes that live on, all at once, and to processes to whom
everything happens that may happen. Both must have written the same alerts. The judge alone, without broker and loop,
is told in `test_judge_replay`; a sample on the real broker in `tests/acceptance/test_05_replay.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canairy.alerts import Alert
from canairy.messages.reading import Reading
from tests.helpers.judging import acknowledge, frame
from tests.helpers.replaying import Death, World
from tests.helpers.scenes import SITE, Scene, batches, frame_of, interleavings, scenes

EXAMPLES = 300
PROPERTY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CUTS = st.lists(st.integers(0, 1000), max_size=8)
LIMITS = st.sampled_from([1, 2, 3, 7, 64])


@dataclass(frozen=True)
class Turn:
    """What happens after a piece of the recording came: who turns, and where a process dies in it."""

    relay: Death | None
    judge: Death | None
    times: int


DEATHS = st.one_of(st.none(), st.sampled_from(Death))
TURNS = st.lists(st.builds(Turn, DEATHS, DEATHS, st.integers(1, 3)), min_size=1, max_size=8)
# The last frames, long after all others, so that nothing waits any more for a slower camera.
LAST = [*frame(40, {"a": 20}, camera="cam-1", view="v1"), *frame(40, {"y": 20}, camera="cam-2", view="v2")]


def undisturbed(messages: Sequence[Reading]) -> World:
    world = World(SITE)
    world.tell(messages)
    return world.settle()


def lived_through(world: World, pieces: Sequence[Sequence[Reading]], turns: Sequence[Turn]) -> World:
    """The pieces come one after the other; after each one a turn of the list, over and over."""
    for number, piece in enumerate(pieces):
        world.tell(piece)
        turn = turns[number % len(turns)]
        for _ in range(turn.times):
            world.relay.turn(turn.relay)
            world.judge.turn(turn.judge)
    return world.settle()


def quiet(times: int = 2) -> list[Turn]:
    return [Turn(None, None, times)]


@PROPERTY
@given(scene=scenes(), cuts=CUTS, limit=LIMITS, times=st.integers(1, 3))
def test_any_split_into_batches_gives_the_same_alerts(scene: Scene, cuts: list[int], limit: int, times: int) -> None:
    messages = scene.messages

    split = lived_through(World(SITE, limit), batches(messages, cuts), quiet(times))

    assert split.alerts == undisturbed(messages).alerts
    assert split.dead == []


@PROPERTY
@given(scene=scenes(), cuts=CUTS, limit=LIMITS, turns=TURNS)
def test_any_restart_point_gives_the_same_alerts(scene: Scene, cuts: list[int], limit: int, turns: list[Turn]) -> None:
    messages = scene.messages

    disturbed = lived_through(World(SITE, limit), batches(messages, cuts), turns)

    assert disturbed.alerts == undisturbed(messages).alerts
    assert disturbed.dead == []


@PROPERTY
@given(
    scene=scenes(),
    cuts=CUTS,
    limit=LIMITS,
    places=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 100)), max_size=4),
)
def test_any_repeated_suffix_gives_the_same_alerts(
    scene: Scene, cuts: list[int], limit: int, places: list[tuple[int, int]]
) -> None:
    messages, told = scene.messages, list[Sequence[Reading]]()
    so_far: list[Reading] = []
    for number, piece in enumerate(batches(messages, cuts)):
        so_far += piece
        told.append(piece)
        told += [so_far[-repeats:] for place, repeats in places if place == number]

    repeated = lived_through(World(SITE, limit), told, quiet())

    assert repeated.alerts == undisturbed(messages).alerts


@PROPERTY
@given(told=interleavings(), cuts=CUTS, limit=LIMITS, turns=TURNS)
def test_any_order_of_cameras_within_the_lateness_bound_gives_the_same_alerts_deaths_and_all(
    told: tuple[Scene, list[Reading]], cuts: list[int], limit: int, turns: list[Turn]
) -> None:
    scene, shifted = told

    disturbed = lived_through(World(SITE, limit), [*batches(shifted, cuts), LAST], turns)

    assert sorted(disturbed.alerts) == sorted(undisturbed([*scene.messages, *LAST]).alerts)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scene=scenes(), turns=TURNS)
def test_acknowledgements_count_once_whatever_dies(scene: Scene, turns: list[Turn]) -> None:
    """They come when all readings are judged: between topics a broker promises no order."""
    messages = scene.messages
    calm, disturbed = undisturbed(messages), lived_through(World(SITE, 3), batches(messages, [7, 20]), turns)
    raised = [Alert.parse(it) for it in calm.alerts]
    commands = [acknowledge(it.alarm, 50, key=f"key-{it.alarm}") for it in raised if it.kind == "raised"]

    for world, lives in ((calm, quiet()), (disturbed, turns)):
        world.command(*commands)
        lived_through(world, [[]] * len(turns), lives)
        world.command(*commands)
        world.settle()

    assert disturbed.alerts == calm.alerts
    assert disturbed.audit == calm.audit


# --- the properties can fail ----------------------------------------------------------------------------------------

OVER_AND_BACK = [*frame_of({"x": "hot"}, 0), *frame_of({"x": "cool"}, 1)]


def test_a_judge_that_does_not_know_what_it_judged_doubles_alarms() -> None:
    told = [OVER_AND_BACK, OVER_AND_BACK]

    forgetful = lived_through(World(SITE, know_captures=False), told, quiet())

    assert len(forgetful.alerts) > len(undisturbed(OVER_AND_BACK).alerts)


def test_a_judge_that_commits_before_it_writes_loses_alarms() -> None:
    turns = [Turn(None, None, 2), Turn(None, Death.BEFORE_COMMIT, 2)]

    careless = lived_through(World(SITE, judge_commits="first"), [OVER_AND_BACK[:0], OVER_AND_BACK], turns)

    assert len(careless.alerts) < len(undisturbed(OVER_AND_BACK).alerts)


def test_the_stories_kill_at_every_place() -> None:
    for death in Death:
        pieces = [[it] for it in OVER_AND_BACK]
        world = lived_through(World(SITE, 1), [*pieces, []], [Turn(death, None, 3), Turn(None, death, 4)])

        assert world.judge.lives > 1, death
        assert world.relay.lives > 1, death
        assert world.alerts == undisturbed(OVER_AND_BACK).alerts
