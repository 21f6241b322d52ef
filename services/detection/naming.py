"""Names for hot spots and equipment that nobody registered, kept from frame to frame: `view/find-1`, `find-2`, ...

A hot spot is the find whose last place is within a radius of it. Of several that could be meant, the pair closest
in place and temperature is made first, each find and each spot at most once. Temperature settles finds that cross:
where two of the same temperature swap names, no measured value changes by it. No motion is predicted: equipment
does not move, and a prediction would follow jitter.

A box of a detector is the equipment whose last box it overlaps or lies near; else the hottest open find whose peak it
holds, which is equipment from then on and keeps its name, and its alarm. A hot spot in equipment (in its box, or where
it was last while no box shows it) belongs to it, unless it is an open find of its own: that one goes on.

Finds move along with their view, as registered regions do (`follow`). One that is not seen in fog, behind something or
beyond the frame's edge is not missing: it stays open, and what stands for it stays.

All times are capture times, so a replay gives the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from canairy.messages.shift import Shift
from services.detection.finds import DEFAULT_RULES, Box, Find, FindRules, Sight, ViewFinds
from services.detection.follow import PLAIN, Look
from services.detection.hotspots import HotSpot
from services.detection.pairing import pair

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A find in one frame. No `sight`: not seen, and measured where it last was. `closed`: let go, said once."""

    find: Find
    sight: Sight
    closed: bool = False


def match(
    state: ViewFinds,
    spots: Sequence[HotSpot],
    at: datetime,
    rules: FindRules = DEFAULT_RULES,
    boxes: Sequence[Box] = (),
    look: Look = PLAIN,
) -> tuple[ViewFinds, list[Seen]]:
    """The view after a frame captured `at`, and what the frame shows of each find, in the order they were opened.

    `spots`: strongest first, as `find_hotspots` gives them; `boxes`: surest first. `look`: where finds lie in it, and
    which of them it would show. A frame no newer than the newest one (late, or delivered again) is matched and
    changes nothing: what it shows for the first time stays unnamed, so that the order in which frames arrive does not
    decide on names.
    """
    sights, unnamed = pair([look.lying(find) for find in state.finds], boxes, spots, rules)
    if state.newest is not None and at <= state.newest:
        return state, [Seen(find, sight) for find, sight in zip(state.finds, sights, strict=True)]
    watched = _NOTHING if state.newest is None else min(at - state.newest, rules.longest_gap)
    kept = [_checked(find, sight, at, look, watched, rules) for find, sight in zip(state.finds, sights, strict=True)]
    new = _opened(state, unnamed, at, look, rules.most_open - sum(not one.closed for one in kept))
    finds = tuple(one.find for one in (*kept, *new) if not one.closed)
    return ViewFinds(state.view, state.opened + len(new), finds, at), kept + new


def _checked(find: Find, sight: Sight, at: datetime, look: Look, watched: timedelta, rules: FindRules) -> Seen:
    if not sight:
        missing = watched if look.would_show(find) else _NOTHING
        absent = replace(find, last_checked=at, absent=find.absent + missing)
        return Seen(absent, sight, closed=absent.absent >= rules.close_after)
    placed = _placed(find.name, sight, find.first_seen, at, look.shift)
    if sight.box is None and find.code:
        # Something is hot where the detector does not see the equipment now: it is there, in its last box.
        last = look.lying(find)
        placed = replace(placed, x=last.x, y=last.y, width=last.width, height=last.height, code=find.code)
    return Seen(placed, sight)


def _opened(state: ViewFinds, unnamed: Sequence[Sight], at: datetime, look: Look, room: int) -> list[Seen]:
    """New finds for the strongest there is room for. An open find is never pushed out: it may hold an alarm.

    What has no room has no name in this frame and is tried again in the next one.
    """
    numbered = enumerate(unnamed[: max(0, room)], start=state.opened + 1)
    return [
        Seen(_placed(f"{state.view}/find-{number}", sight, at, at, look.shift), sight) for number, sight in numbered
    ]


def _placed(name: str, sight: Sight, first_seen: datetime, at: datetime, shift: Shift | None) -> Find:
    """A find where it is seen: the box says where the equipment is, and which; a hot spot alone is only itself."""
    shown = sight.box or sight.spot
    if shown is None:
        raise ValueError(f"{name} is not seen: it has no place")
    place = shown.place if isinstance(shown, Box) else shown
    return Find(
        name=name,
        x=place.x,
        y=place.y,
        width=place.width,
        height=place.height,
        first_seen=first_seen,
        last_seen=at,
        last_checked=at,
        peak_x=shown.peak_x,
        peak_y=shown.peak_y,
        max_c=shown.max_c,
        code=shown.equipment.code if isinstance(shown, Box) else "",
        shift=shift,
    )
