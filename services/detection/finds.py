"""What is known of hot spots and equipment that nobody registered, and what a frame shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from canairy.messages.equipment import Equipment
from canairy.messages.shift import Shift
from services.detection.agreement import Rectangle
from services.detection.hotspots import HotSpot


@dataclass(frozen=True, slots=True)
class FindRules:
    """How finds are matched and let go.

    `longest_gap`: time between two frames of a view that counts as watching it. A camera that looked at another
    view meanwhile did not watch this one, and its silence says nothing about the finds here.
    """

    radius_px: float = 24.0
    least_overlap: float = 0.3  # of two boxes of the same equipment, intersection over union
    alike_k: float = 20.0  # a difference that weighs as much as a whole radius, and the most that is weighed
    close_after: timedelta = timedelta(minutes=10)
    longest_gap: timedelta = timedelta(seconds=30)
    most_open: int = 64


@dataclass(frozen=True, slots=True)
class Find:
    """One named place: its last box and hottest pixel in frame pixels, and how hot it was when last seen, degC.

    `last_checked`: the newest frame in which it was looked for. `absent`: watched time since it was last seen.
    `max_c`: None where there were no temperatures; the hottest pixel is the middle of the box then.
    `code`: of the kind of equipment; empty for a hot spot.
    `shift`: how its view lay in the frame in which it was last seen. Its place is that of this frame: moved along from
    frame to frame, it would drift by what each rounds away.
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
    max_c: float | None
    absent: timedelta = timedelta(0)
    code: str = ""
    shift: Shift | None = None

    @property
    def place(self) -> Rectangle:
        """Its last box."""
        return Rectangle(self.x, self.y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class ViewFinds:
    """What one view knows: its open finds in the order they were opened, and the highest number ever given."""

    view: str
    opened: int = 0
    finds: tuple[Find, ...] = ()
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """Equipment that nobody registered, and its hottest pixel: place in frame pixels and degC.

    Without temperatures, `max_c` is None and the place the middle of the equipment.
    """

    equipment: Equipment
    peak_x: int
    peak_y: int
    max_c: float | None

    @property
    def place(self) -> Rectangle:
        """Where it is."""
        return Rectangle(self.equipment.x, self.equipment.y, self.equipment.width, self.equipment.height)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a frame shows of a find: `box` by the detector, `spot` by temperatures alone. False: nothing."""

    box: Box | None = None
    spot: HotSpot | None = None

    def __bool__(self) -> bool:
        """Anything at all."""
        return self.box is not None or self.spot is not None


DEFAULT_RULES = FindRules()
