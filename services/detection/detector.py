"""Where a detector sees equipment: all frames of a batch are shown to it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from canairy import metrics
from canairy.availability import Availability
from canairy.messages.equipment import Equipment


class Shown(NamedTuple):
    """A frame: uint16 counts (height, width), kelvin = count * scale_k + offset_k.

    `grey`: of a frame without temperatures. Counts are grey levels then, 0 (cold) to 255, and mean no kelvin.
    """

    counts: npt.NDArray[np.uint16]
    scale_k: float = 1.0
    offset_k: float = 0.0
    grey: bool = False


class Detector(Protocol):
    """A model that has learned what equipment looks like."""

    def find(self, frames: Sequence[Shown]) -> Sequence[Sequence[Equipment]]:
        """The equipment in each frame, surest first, boxes within the frame; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Looking:
    """The detector, and whether it answers."""

    detector: Detector
    availability: Availability

    def at(self, frames: Sequence[Shown]) -> Sequence[Sequence[Equipment]] | None:
        """The equipment in each frame, or None while the model is away; raises Unavailable while one waits for it."""
        if not frames:
            return [] if self.availability.look() else None
        found = self.availability.ask(lambda: self.detector.find(frames))
        if found is None:
            metrics.FRAMES_NOT_LOOKED_AT.inc(len(frames))
        return found
