"""Names for equipment that nobody registered, beside hot spots: what is kept when boxes and spots come and go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.equipment import Equipment
from canairy.messages.shift import Shift
from services.detection.finds import Box, FindRules, ViewFinds
from services.detection.follow import Look
from services.detection.hotspots import HotSpot
from services.detection.naming import Seen, match

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = FindRules(radius_px=24, close_after=timedelta(seconds=60), longest_gap=timedelta(seconds=10))


def box(x: int, y: int, width: int = 60, height: int = 80, max_c: float = 40.0, code: str = "0205") -> Box:
    """Its hottest pixel is in its middle."""
    equipment = Equipment(code, danger=False, score=0.7, x=x, y=y, width=width, height=height)
    return Box(equipment, x + width // 2, y + height // 2, max_c)


def spot(x: int, y: int, max_c: float = 60.0) -> HotSpot:
    """Nine pixels wide round (x, y)."""
    return HotSpot(x - 4, y - 4, 9, 9, 1.0, max_c, 20.0, x, y)


class View:
    """A view that is looked at once a second."""

    def __init__(self) -> None:
        self.state = ViewFinds("bay-3")
        self.at = START

    def shows(
        self,
        boxes: Sequence[Box] = (),
        spots: Sequence[HotSpot] = (),
        looked: bool = True,
        shift: Shift | None = None,
    ) -> list[Seen]:
        look = Look(shift, 640, 512, looked=looked)
        self.state, seen = match(self.state, spots, self.at, RULES, boxes, look)
        self.at += SECOND
        return seen

    @property
    def names(self) -> list[tuple[str, str]]:
        return [(find.name, find.code) for find in self.state.finds]


def test_equipment_that_nobody_registered_is_a_find_with_its_code() -> None:
    view = View()

    view.shows([box(100, 100), box(300, 100, code="0102")])

    assert view.names == [("bay-3/find-1", "0205"), ("bay-3/find-2", "0102")]


def test_a_box_that_jitters_keeps_its_name_and_takes_the_new_place() -> None:
    view = View()
    view.shows([box(100, 100)])

    view.shows([box(112, 92, 66, 90)])

    assert view.names == [("bay-3/find-1", "0205")]
    assert view.state.finds[0].place == (112, 92, 66, 90)


def test_a_hot_spot_in_a_box_belongs_to_the_equipment() -> None:
    view = View()

    (seen,) = view.shows([box(100, 100)], [spot(120, 120)])

    assert seen.find.code == "0205"
    assert seen.sight.spot is not None


def test_a_hot_spot_beside_a_box_is_a_find_of_its_own() -> None:
    view = View()

    view.shows([box(100, 100)], [spot(400, 300)])

    assert view.names == [("bay-3/find-1", "0205"), ("bay-3/find-2", "")]


def test_a_hot_spot_that_was_there_first_becomes_the_equipment_and_keeps_its_name() -> None:
    view = View()
    view.shows(spots=[spot(130, 140)])

    view.shows([box(100, 100)], [spot(130, 140)])

    assert view.names == [("bay-3/find-1", "0205")]


def test_of_two_hot_spots_that_were_there_first_the_hotter_becomes_the_equipment_and_the_other_goes_on() -> None:
    view = View()
    view.shows(spots=[spot(110, 110, 50), spot(150, 170, 70)])

    seen = view.shows([box(100, 100)], [spot(110, 110, 50), spot(150, 170, 70)])

    assert view.names == [("bay-3/find-1", ""), ("bay-3/find-2", "0205")]
    assert all(one.sight.spot is not None for one in seen)


def test_while_the_detector_is_away_its_equipment_is_not_missing_however_long() -> None:
    view = View()
    view.shows([box(100, 100)])

    for _ in range(200):
        (seen,) = view.shows(looked=False)

    assert view.names == [("bay-3/find-1", "0205")]
    assert not seen.sight


def test_while_the_detector_is_away_a_hot_spot_in_its_equipment_still_belongs_to_it() -> None:
    view = View()
    view.shows([box(100, 100)], [spot(120, 120)])

    (seen,) = view.shows(spots=[spot(121, 119, 90)], looked=False)

    assert (seen.find.name, seen.find.code, seen.find.max_c) == ("bay-3/find-1", "0205", 90)
    assert seen.find.place == (100, 100, 60, 80)


def test_a_hot_spot_in_equipment_that_no_box_shows_tells_where_both_went_with_the_view() -> None:
    view = View()
    view.shows([box(100, 100)], [spot(120, 120)])

    (shifted,) = view.shows(spots=[spot(160, 108)], looked=False, shift=Shift(40.0, -12.0))
    (back,) = view.shows(spots=[spot(120, 120)], looked=False)

    assert (shifted.find.name, shifted.find.place) == ("bay-3/find-1", (140, 88, 60, 80))
    assert (back.find.name, back.find.place) == ("bay-3/find-1", (100, 100, 60, 80))


def test_equipment_that_the_detector_no_longer_sees_is_closed_once() -> None:
    view = View()
    view.shows([box(100, 100)])

    closed = [one.find.name for _ in range(80) for one in view.shows() if one.closed]

    assert closed == ["bay-3/find-1"]
    assert view.names == []


def test_equipment_that_is_hot_is_not_closed_because_a_detector_overlooks_it() -> None:
    view = View()
    view.shows([box(100, 100)], [spot(120, 120)])

    for _ in range(200):
        view.shows(spots=[spot(120, 120)])

    assert view.names == [("bay-3/find-1", "0205")]


def test_a_late_frame_opens_no_equipment() -> None:
    view = View()
    view.shows([box(100, 100)])
    before = view.state

    after, seen = match(view.state, [], START - SECOND, RULES, [box(100, 100), box(400, 100)])

    assert after == before
    assert [one.find.name for one in seen] == ["bay-3/find-1"]


places = st.lists(st.integers(0, 5).map(lambda at: 10 + 100 * at), unique=True, max_size=4)


@given(st.lists(st.tuples(places, places, st.booleans()), max_size=12))
def test_equipment_and_hot_spots_that_do_not_move_keep_their_names_whatever_comes_and_goes(
    history: list[tuple[list[int], list[int], bool]],
) -> None:
    view = View()
    owners: dict[str, set[int]] = {}

    for boxed, hot, looked in history:
        boxes = [box(x, 100) for x in boxed] if looked else []
        for one in view.shows(boxes, [spot(x + 30, 140) for x in hot], looked):
            if one.sight:
                owners.setdefault(one.find.name, set()).add((one.find.peak_x - 40) // 100)

    assert all(len(places) == 1 for places in owners.values())
    assert len({next(iter(places)) for places in owners.values()}) == len(owners)
