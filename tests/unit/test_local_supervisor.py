"""When the supervisor starts a dead process again; with processes that only pretend."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deploy.local.process import Process
from deploy.local.supervisor import BACK_OFF_S, Supervisor


class PretendProcess(Process):
    """Runs until `die`; counts its starts."""

    def __init__(self) -> None:
        super().__init__("pretend", ["nothing"])
        self.starts = 0
        self.alive = False

    @property
    def running(self) -> bool:
        return self.alive

    @property
    def outcome(self) -> str:
        return "exit 3"

    def start(self) -> None:
        self.starts += 1
        self.alive = True


class Story:
    """A supervisor, one process and a clock that moves when told."""

    def __init__(self, back_off_s: Sequence[float] = BACK_OFF_S) -> None:
        self.now = 1000.0
        self.lines: list[str] = []
        self.process = PretendProcess()
        self.supervisor = Supervisor(self.lines.append, lambda: self.now, back_off_s)
        self.supervisor.watch(self.process)

    def die_and_wait_for_restart(self) -> float:
        """Seconds from a death to the start after it, to a quarter."""
        self.process.alive = False
        begin, starts = self.now, self.process.starts
        while self.process.starts == starts:
            self.supervisor.turn()
            self.now += 0.25
        return self.now - 0.25 - begin


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_process_is_started_when_it_comes_under_watch(story: Story) -> None:
    assert story.process.starts == 1


def test_a_process_that_runs_is_left_alone(story: Story) -> None:
    story.supervisor.turn()

    assert story.process.starts == 1
    assert story.lines == []


def test_each_death_in_a_row_is_answered_later_up_to_half_a_minute(story: Story) -> None:
    waits = [story.die_and_wait_for_restart() for _ in range(8)]

    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_other_waits_may_be_asked_for() -> None:
    story = Story(back_off_s=(0.5, 0.25))

    assert [story.die_and_wait_for_restart() for _ in range(3)] == [0.5, 0.25, 0.25]


def test_a_process_that_ran_for_a_minute_has_recovered(story: Story) -> None:
    for _ in range(3):
        story.die_and_wait_for_restart()
    story.now += 61

    assert story.die_and_wait_for_restart() == 1


def test_a_death_is_said_once_with_its_outcome_and_so_is_the_restart(story: Story) -> None:
    story.die_and_wait_for_restart()

    assert story.lines == ["pretend died (exit 3), starts again in 1 s", "pretend started again"]
