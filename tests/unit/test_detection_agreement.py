"""Registered regions and what a detector sees: who is who, by written rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.equipment import Equipment
from canairy.site.model import Asset
from services.detection.agreement import LEAST_OVERLAP, Rectangle, agree, bounds, rectangle
from tests.helpers.frames import asset


def registered(name: str, x: int, y: int, side: int = 40) -> Asset:
    return Asset.model_validate(asset(name, x, y, side))


def seen(x: int, y: int, width: int = 40, height: int = 40, score: float = 0.8, code: str = "0201") -> Equipment:
    return Equipment(code, danger=False, score=score, x=x, y=y, width=width, height=height)


def test_a_box_over_a_registered_region_is_that_asset_and_no_find() -> None:
    box = seen(105, 98)

    agreed = agree([registered("ds-1", 100, 100)], [box])

    assert agreed.registered == {"ds-1": box}
    assert agreed.others == []


def test_a_box_that_touches_no_region_is_nobodys() -> None:
    box = seen(300, 100)

    agreed = agree([registered("ds-1", 100, 100)], [box])

    assert (agreed.registered, agreed.others) == ({}, [box])


def test_the_asset_stays_what_it_was_registered_as() -> None:
    taken_for_another = seen(100, 100, code="0301")

    agreed = agree([registered("ds-1", 100, 100)], [taken_for_another])

    assert agreed.registered["ds-1"].code == "0301"
    assert agreed.others == []


def test_of_several_boxes_in_a_region_the_one_that_overlaps_it_most_speaks_for_it() -> None:
    part, whole = seen(110, 110, 12, 12, score=0.95), seen(98, 99, 44, 44, score=0.6)

    agreed = agree([registered("ds-1", 100, 100)], [part, whole])

    assert agreed.registered == {"ds-1": whole}
    assert agreed.others == []


def test_a_small_part_alone_says_nothing_of_the_asset_and_opens_no_find_within_it() -> None:
    part = seen(110, 110, 12, 12)

    agreed = agree([registered("ds-1", 100, 100)], [part])

    assert (agreed.registered, agreed.others) == ({}, [])


def test_a_box_round_several_registered_parts_is_no_find_of_its_own() -> None:
    parts = [registered("bushing-a", 100, 100), registered("bushing-b", 200, 100)]

    agreed = agree(parts, [seen(80, 60, 200, 200)])

    assert (agreed.registered, agreed.others) == ({}, [])


def test_neighbours_get_each_its_own_box() -> None:
    phases = [registered(f"ct-{phase}", x, 100) for phase, x in (("a", 100), ("b", 150), ("c", 200))]
    boxes = [seen(x, 102) for x in (202, 152, 102)]

    agreed = agree(phases, boxes)

    assert {name: box.x for name, box in agreed.registered.items()} == {"ct-a": 102, "ct-b": 152, "ct-c": 202}


@pytest.mark.parametrize("moved", [(-30, 0), (30, 0), (0, -30), (0, 30)])
def test_a_box_that_is_mostly_beside_the_region_is_another_piece(moved: tuple[int, int]) -> None:
    agreed = agree([registered("ds-1", 100, 100)], [seen(100 + moved[0], 100 + moved[1])])

    assert agreed.registered == {}
    assert len(agreed.others) == 1


sides = st.integers(1, 200)
boxes = st.builds(seen, st.integers(0, 600), st.integers(0, 500), sides, sides)


@given(st.lists(boxes, max_size=8), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 470)), max_size=5))
def test_every_box_is_an_assets_or_nobodys_or_within_a_region(
    shown: list[Equipment], places: list[tuple[int, int]]
) -> None:
    assets = [registered(f"asset-{number}", x, y) for number, (x, y) in enumerate(places)]

    agreed = agree(assets, shown)

    assert not {*agreed.registered.values()} & {*agreed.others}
    assert agreed.others == [box for box in shown if box in agreed.others]
    for name, box in agreed.registered.items():
        one = next(asset for asset in assets if asset.id == name)
        assert rectangle(box).overlap(bounds(one)) >= LEAST_OVERLAP


@given(st.builds(Rectangle, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)))
def test_overlap_is_a_share(one: Rectangle) -> None:
    assert one.overlap(one) == (1.0 if one.width and one.height else 0.0)
    assert one.overlap(Rectangle(200, 200, 9, 9)) == 0
