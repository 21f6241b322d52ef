"""How sure a temperature is: it travels with the reading, with what all pixels of its frame share marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.thermal.uncertainty import COVERAGE
from protos.canairy.v1 import thermal_pb2 as pb

# Flags of a reading. Its asset has an emissivity or distance of its own, or its camera a window, and nobody said what
# the frame's temperatures were made with:
NOT_CORRECTED: Final = "not corrected: own parameters unknown"
# They were said, and no possible temperature follows:
IMPOSSIBLE: Final = "not corrected: no temperature follows"
# Most of what the camera sees there is a reflection:
NOT_DEPENDABLE: Final = "not dependable: emissivity"


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Standard uncertainties in kelvin: `common_k` is shared by the pixels of a frame, `own_k` is not."""

    common_k: float
    own_k: float

    @property
    def standard_k(self) -> float:
        """Of the temperature."""
        return math.hypot(self.common_k, self.own_k)

    @property
    def expanded_k(self) -> float:
        """Of the temperature, at about 95 % (JCGM 100:2008, 6.2 and 6.3)."""
        return COVERAGE * self.standard_k

    def to_wire(self) -> pb.Uncertainty:
        """The protobuf message: all four, so that nobody has to add squares."""
        return pb.Uncertainty(
            standard_k=self.standard_k, expanded_k=self.expanded_k, common_k=self.common_k, own_k=self.own_k
        )

    @classmethod
    def from_wire(cls, message: pb.Uncertainty) -> Self:
        """Raises InvalidMessage for NaN, an infinity, and below zero."""
        parts = {name: wire.finite(getattr(message, name), f"uncertainty.{name}") for name in ("common_k", "own_k")}
        for name, kelvin in parts.items():
            if kelvin < 0:
                raise InvalidMessage(f"uncertainty.{name} is {kelvin}: must be 0 or more")
        return cls(**parts)
