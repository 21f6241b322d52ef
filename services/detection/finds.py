"""Names for hot spots that nobody registered, kept from frame to frame: `view/find-1`, `view/find-2`, ...

A hot spot is the find whose last place is within a radius of it. Of several that could be meant, the pair closest
in place and temperature is made first, each find and each spot at most once. Temperature settles finds that cross:
where two of the same temperature swap names, no measured value changes by it. No motion is predicted: equipment
does not move, and a prediction would follow jitter.

All times are capture times, so a replay gives the same names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.detection.hotspots import HotSpot

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class FindRules:
    """How finds are matched and let go.

    `longest_gap`: time between two frames of a view that counts as watching it. A camera that looked at another
    view meanwhile did not watch this one, and its silence says nothing about the finds here.
    """

    radius_px: float = 24.0
    alike_k: float = 20.0  # a difference that weighs as much as a whole radius, and the most that is weighed
    close_after: timedelta = timedelta(minutes=10)
    longest_gap: timedelta = timedelta(seconds=30)
    most_open: int = 64


@dataclass(frozen=True, slots=True)
class Find:
    """One named place: its last box and hottest pixel in frame pixels, and how hot it was when last seen, degC.

    `last_checked`: the newest frame in which it was looked for. `absent`: watched time since it was last seen.
    """

    name: str
    x: int
    y: int
    width: int
    height: int
    first_seen: datetime
    last_seen: datetime
    last_checked: datetime
    peak_x: int
    peak_y: int
    max_c: float
    absent: timedelta = _NOTHING


@dataclass(frozen=True, slots=True)
class ViewFinds:
    """What one view knows: its open finds in the order they were opened, and the highest number ever given."""

    view: str
    opened: int = 0
    finds: tuple[Find, ...] = ()
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A find in one frame. No `spot`: not seen, and measured where it last was. `closed`: let go, said once."""

    find: Find
    spot: HotSpot | None
    closed: bool = False


DEFAULT_RULES = FindRules()


def match(
    state: ViewFinds, spots: Sequence[HotSpot], at: datetime, rules: FindRules = DEFAULT_RULES
) -> tuple[ViewFinds, list[Seen]]:
    """The view after a frame captured `at`, and what the frame shows of each find, in the order they were opened.

    `spots`: strongest first, as `find_hotspots` gives them. A frame no newer than the newest one (late, or delivered
    again) is matched and changes nothing: what it shows for the first time stays unnamed, so that the order in which
    frames arrive does not decide on names.
    """
    pairs = _pairs(state.finds, spots, rules)
    shown = [spots[pairs[i]] if i in pairs else None for i in range(len(state.finds))]
    if state.newest is not None and at <= state.newest:
        return state, [Seen(find, spot) for find, spot in zip(state.finds, shown, strict=True)]
    watched = _NOTHING if state.newest is None else min(at - state.newest, rules.longest_gap)
    kept = [_checked(find, spot, at, watched, rules) for find, spot in zip(state.finds, shown, strict=True)]
    unnamed = [spot for j, spot in enumerate(spots) if j not in pairs.values()]
    new = _opened(state, unnamed, at, rules.most_open - sum(not one.closed for one in kept))
    finds = tuple(one.find for one in (*kept, *new) if not one.closed)
    return ViewFinds(state.view, state.opened + len(new), finds, at), kept + new


def _pairs(finds: Sequence[Find], spots: Sequence[HotSpot], rules: FindRules) -> dict[int, int]:
    """Which find is which spot, by index: cheapest pair first. Ties go to the older find, then the stronger spot."""
    possible = [
        (_cost(find, spot, rules), i, j)
        for i, find in enumerate(finds)
        for j, spot in enumerate(spots)
        if _distance_px(find, spot) <= rules.radius_px
    ]
    pairs: dict[int, int] = {}
    for _, i, j in sorted(possible):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _cost(find: Find, spot: HotSpot, rules: FindRules) -> float:
    """Difference in place and temperature, each in units of its rule. Capped: a joint that heats is the same joint."""
    apart = _distance_px(find, spot) / rules.radius_px
    return math.hypot(apart, min(1.0, abs(find.max_c - spot.max_c) / rules.alike_k))


def _distance_px(find: Find, spot: HotSpot) -> float:
    """The smaller of the distances between centres and between peaks.

    A box changes where its rim comes and goes, a peak wanders over a plateau; rarely both in one frame.
    """
    across = find.x + find.width / 2 - spot.x - spot.width / 2
    down = find.y + find.height / 2 - spot.y - spot.height / 2
    peaks = math.hypot(find.peak_x - spot.peak_x, find.peak_y - spot.peak_y)
    return min(math.hypot(across, down), peaks)


def _checked(find: Find, spot: HotSpot | None, at: datetime, watched: timedelta, rules: FindRules) -> Seen:
    if spot is not None:
        return Seen(_placed(find.name, spot, find.first_seen, at), spot)
    absent = replace(find, last_checked=at, absent=find.absent + watched)
    return Seen(absent, None, closed=absent.absent >= rules.close_after)


def _opened(state: ViewFinds, spots: Sequence[HotSpot], at: datetime, room: int) -> list[Seen]:
    """New finds for the strongest spots there is room for. An open find is never pushed out: it may hold an alarm.

    A spot without room has no name in this frame and is tried again in the next one.
    """
    numbered = enumerate(spots[: max(0, room)], start=state.opened + 1)
    return [Seen(_placed(f"{state.view}/find-{number}", spot, at, at), spot) for number, spot in numbered]


def _placed(name: str, spot: HotSpot, first_seen: datetime, at: datetime) -> Find:
    return Find(
        name=name,
        x=spot.x,
        y=spot.y,
        width=spot.width,
        height=spot.height,
        first_seen=first_seen,
        last_seen=at,
        last_checked=at,
        peak_x=spot.peak_x,
        peak_y=spot.peak_y,
        max_c=spot.max_c,
    )
