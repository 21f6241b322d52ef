"""What befell a service's reading, told in its log and on the canary; messages and state of another site."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from canairy.errors import ConfigurationError, InvalidMessage
from canairy.messages.header import CANARY
from canairy.stream.broker import Received
from canairy.stream.dead_letter import KIND
from canairy.stream.intake import Intake
from canairy.stream.troubles import SAID_EVERY_S, TOLD_S, Troubles, other_site
from canairy.topics import STATE
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input
from tests.helpers.ingest import Clock
from tests.helpers.judging import Bench, asset, at, camera, canary, decoded, reading, record, site, status, view

SITE = site(camera("cam-1", view("v1", asset("ds-a", high_c=80.0))))


def test_a_canary_carries_what_happened_and_no_other_frame_does() -> None:
    troubles = Troubles()
    troubles.happened("offset_out_of_range", "thermal.frames/0: 3 messages were deleted before they were read")

    assert troubles.onto(canary(0, flags=("spool_in_use",)).header).flags == ("spool_in_use", "offset_out_of_range")
    assert troubles.onto(reading("ds-a", 0, 20.0).header).flags == ()


def test_it_is_told_for_three_canaries_and_not_for_ever() -> None:
    clock = Clock()
    troubles = Troubles(clock)
    troubles.happened("state_lost", "why")

    clock.seconds += TOLD_S - 1
    before = troubles.flags()
    clock.seconds += 1

    assert (before, troubles.flags()) == (("state_lost",), ())


def test_what_happens_again_and_again_is_logged_once_a_minute() -> None:
    clock = Clock()
    troubles = Troubles(clock)

    with capture_logs() as said:
        for _ in range(100):
            troubles.happened("other_site", "a frame of site 'b', and this is 'a'")
        clock.seconds += SAID_EVERY_S
        troubles.happened("other_site", "a frame of site 'b', and this is 'a'")

    assert [line["reason"] for line in said] == ["a frame of site 'b', and this is 'a'"] * 2


class Refusing:
    """A step whose site is another one."""

    def decode(self, record: Received, now: datetime) -> Any:  # noqa: ANN401 - never answers
        del record, now
        raise other_site("a frame", "b", "a")


def test_messages_of_another_site_are_put_aside_and_blamed_on_no_key() -> None:
    troubles = Troubles()
    intake: Intake[Any] = Intake(Refusing(), "test", troubles=troubles)  # type: ignore[arg-type] # decodes and no more
    foreign = [Received("thermal.frames", 0, n, f"cam-{n % 2}", b"", {}, at(0)) for n in range(300)]

    understood, dead = intake.sort(foreign, at(0))
    intake.quarantine.check()

    assert understood == []
    assert {letter.headers[KIND] for letter in dead} == {b"other_site"}
    assert not intake.quarantine.holds("cam-0", at(1))
    assert troubles.flags() == ("other_site",)


@pytest.mark.parametrize(("message", "point"), [(reading("ds-a", 0, 90.0), "ds-a"), (status("cam-1", 0), "cam-1")])
def test_a_judge_refuses_the_state_of_another_site(message: Input, point: str) -> None:
    ours = Bench(SITE)
    ours.tell(message)
    judge = Alerting(SITE.model_copy(update={"site": SITE.site.model_copy(update={"id": "ss-2"})}))
    for key, value in ours.kept.items():
        judge.restore(Received(STATE, 0, 0, key, value, {}, at(0)))

    with pytest.raises(ConfigurationError, match=rf"alarms.state holds {point} of site 'ss-1', and this is 'ss-2'"):
        judge.handle([], at(1))


def test_a_point_whose_newest_state_cannot_be_read_begins_afresh() -> None:
    bench = Bench(SITE)
    bench.tell(reading("ds-a", 0, 90.0))
    older, troubles = bench.kept["ds-a"], Troubles()
    judge = Alerting(SITE, troubles=troubles)

    judge.restore(Received(STATE, 0, 0, "ds-a", older, {}, at(0)))
    with pytest.raises(InvalidMessage):
        judge.restore(Received(STATE, 0, 1, "ds-a", b"\xff", {}, at(0)))
    raised = [it for it in judge.handle(decoded([reading("ds-a", 1, 90.0)]), at(1)) if it.topic == "thermal.alerts"]

    # What the older record knows might be acknowledged, or over, or another alarm: what stands is told anew.
    assert len(raised) == 1
    assert troubles.flags() == ("state_lost",)


def test_a_judge_that_begins_with_nothing_in_the_middle_says_so_in_the_heartbeat() -> None:
    first, beat = record(reading("ds-a", 0, 20.0)), canary(1)
    late = Received(first.topic, 0, 500, first.key, first.value, {}, at(0))
    step = Alerting(SITE)
    with capture_logs() as said:
        understood = decoded([reading("ds-a", 0, 20.0), beat])
        understood[0] = type(understood[0])(late, understood[0].message)
        written = list(step.handle(understood, at(2)))

    (heartbeat,) = [it for it in written if it.key == CANARY and it.topic == "thermal.alerts"]
    assert b'"state_lost"' in (heartbeat.value or b"")
    assert said[0]["reason"] == "alarms.state is empty, and readings before 500 were judged: all begins afresh"


def test_a_judge_that_begins_with_the_first_reading_has_lost_nothing() -> None:
    troubles = Troubles()

    Alerting(SITE, troubles=troubles).handle(decoded([reading("ds-a", 0, 20.0)]), at(1))

    assert troubles.flags() == ()
