"""site.measurements: load, weather and whatever else the site file declares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value in the unit that the site file gives for `name`."""

    site: str
    name: str
    value: float
    measured_at: datetime
    origin: str = ""

    def encode(self) -> bytes:
        """Serialized canairy.v1.Measurement."""
        return pb.Measurement(
            site=self.site,
            name=self.name,
            value=self.value,
            measured_at=wire.timestamp(self.measured_at),
            origin=self.origin,
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Measurement:
        """Raises InvalidMessage when the bytes are not a measurement, or its value is not a number."""
        message = wire.parse(pb.Measurement, value)
        return cls(
            site=wire.required(message.site, "site"),
            name=wire.required(message.name, "name"),
            value=wire.finite(message.value, "value"),
            measured_at=wire.moment(message.measured_at, "measured_at"),
            origin=message.origin,
        )
