"""How sure a temperature is: it travels with the reading, with what all pixels of its frame share marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.thermal import uncertainty as thermal
from protos.canairy.v1 import thermal_pb2 as pb

# Flags of a reading. Its asset has an emissivity or distance of its own, or its camera a window, and nobody said what
# the frame's temperatures were made with:
NOT_CORRECTED: Final = "not corrected: own parameters unknown"
# They were said, and no possible temperature follows:
IMPOSSIBLE: Final = "not corrected: no temperature follows"
# Most of what the camera sees there is a reflection:
NOT_DEPENDABLE: Final = "not dependable: emissivity"


@dataclass(frozen=True, slots=True)
class Uncertainty(thermal.Uncertainty):
    """As it travels."""

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
