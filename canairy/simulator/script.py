"""What a simulated site is made of, as frozen data: scenes, what changes in them and when."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from canairy.simulator.mishap import Mishap, WrongClock

HEIGHT: Final = 512
WIDTH: Final = 640


@dataclass(frozen=True, slots=True)
class Course:
    """A value over time: (seconds since start, kelvin) points, straight between them, level before and after."""

    points: tuple[tuple[float, float], ...]

    @property
    def steady(self) -> bool:
        """The value never changes."""
        return len({kelvin for _, kelvin in self.points}) == 1

    def at(self, seconds: float) -> float:
        """The value, kelvin."""
        before = self.points[0]
        for after in self.points:
            if seconds < after[0]:
                share = (seconds - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 1.0
                return before[1] + share * (after[1] - before[1])
            before = after
        return before[1]


def steady(kelvin: float) -> Course:
    """A value that never changes."""
    return Course(((0.0, kelvin),))


@dataclass(frozen=True, slots=True)
class Equipment:
    """A tank, bushing or bar: a rectangle of pixels from its top left corner, `over_k` above the air behind it."""

    x: int
    y: int
    width: int
    height: int
    over_k: float


@dataclass(frozen=True, slots=True)
class Fin:
    """One fin of a radiator: a rectangle of pixels; the oil enters at its top, `over_k` above what is behind it."""

    x: int
    y: int
    width: int
    height: int
    over_k: Course


@dataclass(frozen=True, slots=True)
class Joint:
    """A round hot region: level within half of `radius_px`, blurred beyond; its middle reaches `celsius`."""

    x: int
    y: int
    radius_px: float
    celsius: Course


@dataclass(frozen=True, slots=True)
class CameraScript:
    """One simulated camera of 640x512 pixels: air at `air_c`, equipment, joints, fins; silent from, to (seconds).

    `yard`: seed and number of a picture of canairy.simulator.yard, which is then behind it all, in its own air.
    `mishaps`: what befalls the camera itself.
    """

    id: str
    air_c: float
    equipment: tuple[Equipment, ...] = ()
    joints: tuple[Joint, ...] = ()
    fins: tuple[Fin, ...] = ()
    silences: tuple[tuple[float, float], ...] = ()
    yard: tuple[int, int] | None = None
    mishaps: tuple[Mishap, ...] = ()

    def silent(self, seconds: float) -> bool:
        """The camera sends nothing at this time."""
        return any(begin <= seconds < end for begin, end in self.silences)

    def clock_ahead_s(self, seconds: float) -> float:
        """How far the camera's clock is ahead at this time."""
        wrong = (it for it in self.mishaps if isinstance(it, WrongClock) and it.holds(seconds))
        return sum(it.ahead_s for it in wrong)


@dataclass(frozen=True, slots=True)
class ExpectedAlarm:
    """An event that a site with this script must show: `type` is raised, returned or heartbeat; `*` is any text."""

    asset: str
    condition: str
    type: str

    def seen_in(self, asset: str, condition: str, event_type: str) -> bool:
        """Whether an event is this one; `event_type` as on the topic, e.g. io.canairy.alarm.raised.v1."""
        same = fnmatchcase(asset, self.asset) and fnmatchcase(condition, self.condition)
        return same and self.type in event_type.split(".")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole simulated site."""

    name: str
    cameras: tuple[CameraScript, ...]
    expected: tuple[ExpectedAlarm, ...] = ()

    def camera(self, name: str) -> CameraScript | None:
        """The script of camera `name`, or None."""
        return next((camera for camera in self.cameras if camera.id == name), None)
