"""The site file is watched: what changed is proposed once, and what is not in force is told until it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from canairy.errors import BrokerUnavailable
from canairy.messages.command import SITE_POINT, Action, Command
from canairy.stream.broker import Outgoing
from canairy.stream.troubles import SITE_FILE_INVALID, SITE_FILE_NOT_APPLIED, Troubles
from canairy.topics import COMMANDS
from services.alerting.outcomes import Outcome
from services.alerting.site_watch import USER, SiteWatch
from tests.helpers.ingest import NOON
from tests.unit.test_site_load import GOOD

CHANGED = GOOD.replace("high_c: 80", "high_c: 85")


class Judge:
    """A producer whose messages are commands to a judge that answers what a test says."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.answer: Callable[[Command], Outcome | None] = lambda it: Outcome(it.id, it.alarm, it.user, accepted=True)
        self.away = False

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """As `Producer.send`."""
        del timeout_s
        if self.away:
            raise BrokerUnavailable("sent away by a test")
        for message in messages:
            assert (message.topic, message.key) == (COMMANDS, SITE_POINT)
            self.commands.append(Command.decode(message.value or b""))

    def close(self) -> None:
        """As `Producer.close`."""

    def decided(self, command: str, timeout_s: float) -> Outcome | None:
        del timeout_s
        return self.answer(next(it for it in self.commands if it.id == command))


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(GOOD, encoding="utf-8")
    return file


@pytest.fixture
def watch(path: Path, judge: Judge) -> SiteWatch:
    return SiteWatch(path, GOOD.encode(), judge, judge.decided, Troubles(lambda: 0.0), lambda: NOON)


def looks(watch: SiteWatch, number: int = 3) -> tuple[str, ...]:
    for _ in range(number):
        watch.look()
    return watch.troubles.flags()


def test_a_file_that_stays_as_it_was_is_nothing_to_tell(watch: SiteWatch, judge: Judge) -> None:
    assert looks(watch) == ()
    assert judge.commands == []


def test_a_changed_file_is_proposed_once_with_its_bytes(watch: SiteWatch, judge: Judge, path: Path) -> None:
    path.write_text(CHANGED, encoding="utf-8")

    assert looks(watch, 5) == ()
    (command,) = judge.commands
    assert (command.action, command.user, command.issued_at) == (Action.RELOAD_SITE, USER, NOON)
    assert command.site_file == CHANGED.encode()


def test_a_file_that_is_still_being_written_is_waited_for(watch: SiteWatch, judge: Judge, path: Path) -> None:
    for length in (10, 200, 400):
        path.write_text(CHANGED[:length], encoding="utf-8")
        assert looks(watch, 1) == ()
    path.write_text(CHANGED, encoding="utf-8")

    looks(watch)

    assert [it.site_file for it in judge.commands] == [CHANGED.encode()]


def test_a_file_with_mistakes_is_told_until_it_is_mended_and_never_proposed(
    watch: SiteWatch, judge: Judge, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(GOOD.replace("rate_hz: 2", "rate_hz: fast"), encoding="utf-8")

    assert looks(watch) == (SITE_FILE_INVALID,)
    assert judge.commands == []
    assert "cameras[0].rate_hz: must be a number, not 'fast'" in capsys.readouterr().out

    path.write_text(GOOD, encoding="utf-8")
    assert looks(watch) == ()


def test_what_the_judge_refuses_is_told_with_its_reason_until_the_file_is_as_before(
    watch: SiteWatch, judge: Judge, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "line 5: cameras[0].rate_hz needs a restart of ingest"
    judge.answer = lambda it: Outcome(it.id, it.alarm, it.user, accepted=it.site_file == GOOD.encode(), reason=reason)
    path.write_text(GOOD.replace("rate_hz: 2", "rate_hz: 1"), encoding="utf-8")

    assert looks(watch, 6) == (SITE_FILE_NOT_APPLIED,)
    assert len(judge.commands) == 1
    assert reason in capsys.readouterr().out

    path.write_text(GOOD, encoding="utf-8")
    assert looks(watch) == ()


def test_while_no_judge_answers_it_is_asked_again(watch: SiteWatch, judge: Judge, path: Path) -> None:
    answer, judge.answer = judge.answer, lambda _: None
    path.write_text(CHANGED, encoding="utf-8")

    assert looks(watch) == (SITE_FILE_NOT_APPLIED,)
    judge.away = True
    assert looks(watch) == (SITE_FILE_NOT_APPLIED,)
    judge.away, judge.answer = False, answer
    assert looks(watch, 1) == ()


def test_a_file_that_is_gone_for_a_moment_is_no_change(watch: SiteWatch, judge: Judge, path: Path) -> None:
    path.unlink()

    assert looks(watch) == ()
    path.write_text(GOOD, encoding="utf-8")
    assert looks(watch) == ()
    assert judge.commands == []
