"""Coverage: stale at once, an alarm after the site's delay (15 s here), and only at the highest level that failed."""

from __future__ import annotations

import numpy as np

from tests.acceptance.helpers.alarms import shown
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.push import Celsius, backdrop, joint, just_now, push_all, request
from tests.acceptance.helpers.stack import RunningStack


def raised(stack: RunningStack, point: str) -> Event | None:
    return next(iter(stack.log.events(point, "coverage")), None)


def noisy(picture: Celsius) -> Celsius:
    """As a camera would show it again: the same picture to the bit would be a frozen camera."""
    fresh = np.random.default_rng().normal(0, 0.05, picture.shape)
    return (picture + fresh).astype(np.float32)


def test_an_asset_that_alone_is_not_measured_is_an_alarm_of_its_own(stack: RunningStack) -> None:
    # What the frame shows ends before the second asset begins.
    narrow = backdrop()[:, :100]

    def keep_pushing() -> Event | None:
        push_all(stack.ingest(), [request("cut", noisy(narrow), just_now(0.2))])
        return raised(stack, "cut-out")

    event = stack.until(keep_pushing, "the asset's alarm")

    assert event is not None
    assert event["data"]["reason"] == "not measured"
    assert raised(stack, "cut-in") is None
    assert raised(stack, "cut-view") is None


def test_a_view_of_which_nothing_is_measured_is_one_alarm(stack: RunningStack) -> None:
    narrow = backdrop()[:, :100]

    def keep_pushing() -> Event | None:
        push_all(stack.ingest(), [request("blind", noisy(narrow), just_now(0.2))])
        return raised(stack, "blind-view")

    event = stack.until(keep_pushing, "the view's alarm")

    assert event is not None
    assert event["data"]["reason"] == "no asset of this view measured"
    assert raised(stack, "blind-out") is None


def test_an_alarm_that_rests_on_old_data_is_stale_at_once_without_an_event(stack: RunningStack) -> None:
    push_all(stack.ingest(), [request("aged", joint(85.0), just_now(30.0))])
    stack.until(lambda: stack.log.events("aged-a"), "the alarm")
    (event,) = stack.log.events("aged-a")
    alarm = event["data"]["alarm"]

    def quality() -> str:
        known = shown(stack, alarm, 1)
        return "" if known is None else known.quality

    stack.until(lambda: quality() == "stale", "the stale quality")

    assert event["data"]["quality"] == "good"
    assert kinds(stack.log.events("aged-a")) == ["high raised"]
