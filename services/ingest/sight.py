"""What was seen in one frame by those who remember the frames before it."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.messages.box import Box
from canairy.messages.camera import CameraState
from canairy.messages.header import UNFIT
from canairy.messages.shift import Shift


@dataclass(frozen=True, slots=True)
class Sight:
    """`view`: which one it shows; empty where that was never in doubt. `flags`, `shift`, `hidden`: as in FrameHeader.

    `quiet_frames`: so many in a row without noise of their own. `state`: LIVE, or what a camera of several views does
    instead of showing one, and `why`.
    """

    view: str = ""
    flags: tuple[str, ...] = ()
    shift: Shift | None = None
    hidden: tuple[Box, ...] = ()
    quiet_frames: int = 0
    state: CameraState = CameraState.LIVE
    why: str = ""

    @property
    def unfit(self) -> bool:
        """Nobody is to measure in this frame."""
        return not UNFIT.isdisjoint(self.flags)
