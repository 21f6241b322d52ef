"""The judge, first version: limits, ΔT, on-delay, dead-band, the states of an alarm, late and repeated readings."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from canairy import topics
from canairy.messages.frame import Frame
from canairy.messages.reading import Reading
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.push import backdrop, joint, just_now, push_all, request
from tests.acceptance.helpers.site import SITE
from tests.acceptance.helpers.stack import RunningStack
from tests.acceptance.helpers.written import written


def after(start: datetime, seconds: float) -> datetime:
    return start + timedelta(seconds=seconds)


def show(stack: RunningStack, camera: str, start: datetime, *shown: tuple[float, float]) -> None:
    """Push frames whose joint has a temperature at so many seconds after the start."""
    push_all(stack.ingest(), [request(camera, joint(celsius), after(start, s)) for s, celsius in shown])


def story(stack: RunningStack, asset: str, until: str) -> list[Event]:
    """The events of an asset up to the first that is `until`: what would have come before it has not."""
    stack.until(lambda: until in kinds(stack.log.events(asset)), f"{until} of {asset}")
    events = stack.log.events(asset)
    return events[: kinds(events).index(until) + 1]


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def hottest(stack: RunningStack, asset: str) -> list[float]:
    """What the readings of an asset measured."""
    readings = [Reading.decode(record.value or b"") for record in stack.log.records(topics.READINGS, asset)]
    return [round(it.temperatures.max_c, 2) for it in readings if it.temperatures is not None]


def test_high_and_high_high_are_raised_at_their_limits_and_return_below_the_dead_band(stack: RunningStack) -> None:
    start = just_now()

    # Limits 80 and 100, dead-band 3: 98 and 78 are under their limit and within the band.
    show(stack, "limits", start, (0, 79.9), (1, 80), (2, 100), (3, 98), (4, 96.9), (5, 78), (6, 76.9))

    events = story(stack, "limits-a", "high returned")
    assert kinds(events) == ["high raised", "high_high raised", "high_high returned", "high returned"]
    assert [at(event) for event in events] == [after(start, s) for s in (1, 2, 4, 6)]
    assert [event["data"]["limit"] for event in events] == [80, 100, 100, 80]


def test_an_alarm_waits_for_its_on_delay_in_event_time(stack: RunningStack) -> None:
    start = just_now()

    # Ten seconds' delay, all pushed at once. Under the limit at second 5, so the count begins anew at 6.
    shown = ((0, 90.0), (4, 90.0), (5, 60.0), (6, 90.0), (15.9, 90.0), (16, 91.0), (17, 60.0))
    show(stack, "delay", start, *shown)

    raised, returned = story(stack, "delay-a", "high returned")
    assert (at(raised), raised["data"]["temperature_c"]) == (after(start, 16), 91.0)
    assert datetime.fromisoformat(raised["data"]["since"]) == after(start, 6)
    assert at(returned) == after(start, 17)


def test_a_phase_that_is_hotter_than_the_similar_ones_is_compared_with_them(stack: RunningStack) -> None:
    start = just_now()

    def phases(a: float) -> list[tuple[int, float]]:
        return [(14, a), (64, 30.0), (114, 31.0)]

    frames = []
    for second, a in enumerate((44.9, 45.0, 43.5, 42.9)):  # limit 15 K over the cooler of the others, dead-band 2
        picture = backdrop()
        for x, celsius in phases(a):
            picture[44:52, x : x + 8] = celsius
        frames.append(request("phases", picture, after(start, second)))
    push_all(stack.ingest(), frames)

    raised, returned = story(stack, "phases-a", "delta returned")
    assert kinds([raised, returned]) == ["delta raised", "delta returned"]
    assert at(raised) == after(start, 1)
    assert at(returned) == after(start, 3)
    assert raised["data"]["compared_with"] == "phases-b/phases-c"
    assert raised["data"]["delta_k"] == 15.0
    assert raised["data"]["reason"] == "45.0 °C, +15.0 K over B/C (limit 15)"
    assert not stack.log.events("phases-b")
    assert not stack.log.events("phases-c")


def test_a_part_under_3x3_pixels_may_raise_and_never_clears(stack: RunningStack) -> None:
    start = just_now()
    frames = [
        request("small", joint(61.0, side=2), after(start, 0)),
        request("small", joint(40.0, side=2), after(start, 1)),
        request("small", joint(40.0, side=5), after(start, 2)),
    ]

    push_all(stack.ingest(), frames)

    raised, returned = story(stack, "small-a", "high returned")
    assert kinds([raised, returned]) == ["high raised", "high returned"]
    assert raised["data"]["reason"] == "at least 61.0 °C (limit 60)"
    assert at(returned) == after(start, 2)


def test_a_late_reading_is_stored_counted_and_not_judged(stack: RunningStack) -> None:
    start = just_now()
    show(stack, "late", start, (0, 30.0))
    stack.until(lambda: stack.log.records(topics.READINGS, "late-a"), "the first reading")
    late = stack.metric("alerting", "canairy_readings_judged_total", arrival="late")

    # Older than 5 s behind the newest: pushed frames come in order, so another producer writes it.
    stack.write(written("late", after(start, -6), joint(95.0)))
    show(stack, "late", start, (1, 81.0), (2, 30.0))

    raised, _returned = story(stack, "late-a", "high returned")
    assert raised["data"]["temperature_c"] == 81.0
    stack.until(lambda: 95.0 in hottest(stack, "late-a"), "the late reading on its topic")
    assert stack.metric("alerting", "canairy_readings_judged_total", arrival="late") == late + 1


def test_a_frame_that_is_older_by_less_than_the_bound_may_still_raise(stack: RunningStack) -> None:
    start = after(just_now(), 20)
    show(stack, "late", start, (0, 30.0))
    known = len(stack.log.events("late-a"))

    stack.write(written("late", after(start, -4), joint(88.0)))
    stack.until(lambda: len(stack.log.events("late-a", "high")) > known, "the alarm")

    assert stack.log.events("late-a")[known]["data"]["temperature_c"] == 88.0


def test_a_repeated_frame_raises_no_second_alarm(stack: RunningStack) -> None:
    start = just_now()
    frame = request("repeat", joint(85.0), after(start, 0))
    repeats = stack.metric("alerting", "canairy_readings_judged_total", arrival="repeated")

    for _ in range(3):
        push_all(stack.ingest(), [frame])
    show(stack, "repeat", start, (1, 30.0))

    assert kinds(story(stack, "repeat-a", "high returned")) == ["high raised", "high returned"]
    sent = [record for record in stack.log.records(topics.FRAMES, "repeat") if record.value]
    assert len({Frame.decode(record.value or b"").header.frame for record in sent}) == 2
    assert stack.metric("alerting", "canairy_readings_judged_total", arrival="repeated") == repeats + 2


def test_identifiers_follow_from_what_an_alarm_is_about_and_when_it_was_first_raised(stack: RunningStack) -> None:
    start = just_now()

    # Nobody acknowledges it in between: the second excursion is the same alarm once more, at its next version.
    show(stack, "identified", start, (0, 90.0), (1, 20.0), (2, 95.0), (3, 20.0))

    stack.until(lambda: len(stack.log.events("identified-a")) >= 4, "two excursions")
    about = f"{SITE}|identified-a|high|{start.isoformat(timespec='microseconds')}"
    alarm = hashlib.sha256(about.encode()).hexdigest()[:12]
    words = ("raised-1", "returned-2", "raised-3", "returned-4")
    assert [event["id"] for event in stack.log.events("identified-a")] == [f"{alarm}-{word}" for word in words]
    assert {event["data"]["alarm"] for event in stack.log.events("identified-a")} == {alarm}
