"""Where a camera stood, by its own receiver, as it travels."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.errors import InvalidMessage
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Location:
    """WGS 84, degrees; north and east are positive."""

    latitude_deg: float
    longitude_deg: float

    @property
    def possible(self) -> bool:
        """Whether there is such a place on the earth."""
        return abs(self.latitude_deg) <= 90 and abs(self.longitude_deg) <= 180

    def to_wire(self) -> pb.Location:
        """The protobuf message."""
        return pb.Location(latitude_deg=self.latitude_deg, longitude_deg=self.longitude_deg)

    @classmethod
    def from_wire(cls, message: pb.Location) -> Location:
        """Raises InvalidMessage for a place that is none."""
        told = cls(message.latitude_deg, message.longitude_deg)
        if not told.possible:
            raise InvalidMessage(f"location {told.latitude_deg}, {told.longitude_deg}: there is no such place")
        return told
