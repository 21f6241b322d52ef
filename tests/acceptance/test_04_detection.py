"""Detection and measurement without a model: regions, hot spots with names that stay, temperatures as in the frame."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from canairy import topics
from canairy.messages.detections import Detections, RegionKind
from canairy.messages.reading import Reading
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import Celsius, backdrop, joint, just_now, push_all, request, spot
from tests.acceptance.helpers.site import CORNER_PX, SIDE_PX
from tests.acceptance.helpers.stack import RunningStack
from tests.helpers.frames import counts

SECOND = timedelta(seconds=1)


def read(stack: RunningStack, asset: str, at: datetime) -> Reading:
    """The reading of an asset in the frame captured at that time."""

    def found() -> list[Reading]:
        records = stack.log.records(topics.READINGS, asset)
        readings = [Reading.decode(record.value or b"") for record in records]
        return [reading for reading in readings if reading.header.captured_at == at]

    return stack.until(found, f"the reading of {asset}")[0]


def shown(picture: Celsius) -> npt.NDArray[np.float64]:
    """The temperatures that a pushed frame carries, to its 0.01 K."""
    return counts(picture).astype(np.float64) * 0.01 - 273.15


def test_temperatures_are_those_of_the_pushed_frame(stack: RunningStack) -> None:
    at = just_now(3)
    picture = backdrop()
    picture[44:50, 48:52] = 61.3
    picture[46, 50] = 64.27

    push_all(stack.ingest(), [request("gauged", picture, at)])

    measured = read(stack, "gauged-a", at).temperatures
    pixels = shown(picture)[CORNER_PX : CORNER_PX + SIDE_PX + 1, CORNER_PX : CORNER_PX + SIDE_PX + 1]
    assert measured is not None
    found = (measured.max_c, measured.p99_c, measured.p95_c, measured.mean_c)
    expected = (pixels.max(), *np.percentile(pixels, (99, 95)), pixels.mean())
    assert found == pytest.approx(expected, abs=1e-3)
    assert (measured.hottest_x, measured.hottest_y) == (50, 46)
    assert (measured.hot_width, measured.hot_height) == (4, 6)
    assert measured.pixels == 21 * 21
    assert not measured.under_resolved


def test_an_outline_that_is_no_rectangle_is_measured_inside_it_only(stack: RunningStack) -> None:
    at = just_now(3)
    picture = backdrop()
    picture[40:60, 40:60] = 25.0
    picture[58:60, 40:42] = 70.0  # within the box of the triangle, and outside of it

    push_all(stack.ingest(), [request("slanted", picture, at)])

    measured = read(stack, "slanted-a", at).temperatures
    assert measured is not None
    assert measured.max_c == pytest.approx(25.0, abs=1e-2)


def test_a_part_under_3x3_pixels_is_under_resolved(stack: RunningStack) -> None:
    start = just_now(10)

    push_all(stack.ingest(), [request("tiny", joint(60.0, side=2), start)])
    push_all(stack.ingest(), [request("tiny", joint(60.0, side=3), start + SECOND)])

    for at, under in ((start, True), (start + SECOND, False)):
        measured = read(stack, "tiny-a", at).temperatures
        assert measured is not None
        assert measured.under_resolved is under


def test_every_frame_is_accounted_for_also_without_finds(stack: RunningStack) -> None:
    at = just_now(20)

    push_all(stack.ingest(), [request("empty", backdrop(), at)])

    records = stack.until(lambda: stack.log.records(topics.DETECTIONS, "empty"), "the detections")
    (message,) = [Detections.decode(record.value or b"") for record in records]
    assert message.header.captured_at == at
    assert message.regions == ()
    assert message.frame.topic == topics.FRAMES


def test_hot_spots_keep_their_names_while_they_jitter_come_and_go(stack: RunningStack) -> None:
    start = just_now()
    places = {"left": (20, 20), "right": (110, 90)}
    frames = []
    for number in range(12):
        picture = backdrop()
        for name, (x, y) in places.items():
            if name == "left" or number % 3:  # the right one is not seen in every third frame
                picture = spot(picture, x + number % 3, y - number % 2, 30.0 if name == "left" else 33.0)
        frames.append(request("named", picture, start + number * SECOND))

    push_all(stack.ingest(), frames)

    readings = [read(stack, f"named-view/find-{it}", start + 11 * SECOND) for it in (1, 2)]
    assert {it.kind for it in readings} == {RegionKind.HOT_SPOT}
    sides = {it.asset: "left" if it.temperatures and it.temperatures.hottest_x < 80 else "right" for it in readings}
    for number in range(1, 12):
        for name, side in sides.items():
            temperatures = read(stack, name, start + number * SECOND).temperatures
            assert temperatures is not None
            assert abs(temperatures.hottest_x - places[side][0]) < 12
    assert not stack.log.records(topics.READINGS, "named-view/find-3")
    unseen = [read(stack, name, start + 6 * SECOND).unseen for name, side in sides.items() if side == "right"]
    assert unseen == [True]


def test_what_is_hot_in_a_registered_region_is_that_asset_and_no_find(stack: RunningStack) -> None:
    at = just_now(2)
    picture = spot(joint(64.0), 110, 90, 35.0)

    push_all(stack.ingest(), [request("mixed", picture, at)])

    find = read(stack, "mixed-view/find-1", at)
    assert find.temperatures is not None
    assert find.temperatures.max_c == pytest.approx(float(shown(picture)[88:98, 108:118].max()), abs=1e-3)
    assert find.surroundings_c == pytest.approx(22.9, abs=0.5)
    assert read(stack, "mixed-a", at).count == 2


def test_a_hot_spot_above_the_limit_of_its_view_is_an_alarm(stack: RunningStack) -> None:
    start = just_now(20)
    seen = [backdrop(), spot(backdrop(), 90, 60, 45.0), spot(backdrop(), 90, 60, 30.0)]

    push_all(stack.ingest(), [request("unnamed", it, start + n * SECOND) for n, it in enumerate(seen)])
    stack.until(lambda: len(stack.log.events("unnamed-view/find-1")) >= 2, "the alarm and its return")

    raised, returned = stack.log.events("unnamed-view/find-1")
    assert kinds([raised, returned]) == ["hot_spot raised", "hot_spot returned"]
    assert raised["data"]["response"] == "Find out what this is"
    assert raised["data"]["reason"].endswith("°C (limit 60)")
