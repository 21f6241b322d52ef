"""thermal.readings: what was measured on one asset in one frame. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from canairy.messages import wire
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.detections import RegionKind
from canairy.messages.equipment import Equipment
from canairy.messages.header import OVER_RANGE, READS_LOW, FrameHeader, Place
from canairy.messages.uncertainty import Uncertainty
from protos.canairy.v1 import thermal_pb2 as pb

# Usual practice: a target under 3x3 pixels reads low (spot-size ratio).
RESOLVED_PX: Final = 3
_LOW: Final = frozenset({OVER_RANGE, READS_LOW})


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Of the pixels of one region, degrees Celsius; the hottest point in frame pixels, its part's extent in pixels."""

    max_c: float
    p99_c: float
    p95_c: float
    mean_c: float
    hottest_x: int
    hottest_y: int
    hot_width: int
    hot_height: int
    pixels: int

    @property
    def under_resolved(self) -> bool:
        """The hottest part is under 3x3 pixels: its temperature is a lower bound."""
        return min(self.hot_width, self.hot_height) < RESOLVED_PX

    def to_wire(self) -> pb.Temperatures:
        """The protobuf message."""
        return pb.Temperatures(
            max_c=self.max_c,
            p99_c=self.p99_c,
            p95_c=self.p95_c,
            mean_c=self.mean_c,
            hottest=pb.Pixel(x=self.hottest_x, y=self.hottest_y),
            hot_width=self.hot_width,
            hot_height=self.hot_height,
            pixels=self.pixels,
        )

    @classmethod
    def from_wire(cls, message: pb.Temperatures) -> Temperatures:
        """Raises InvalidMessage for NaN and infinity."""
        return cls(
            max_c=wire.finite(message.max_c, "max_c"),
            p99_c=wire.finite(message.p99_c, "p99_c"),
            p95_c=wire.finite(message.p95_c, "p95_c"),
            mean_c=wire.finite(message.mean_c, "mean_c"),
            hottest_x=message.hottest.x,
            hottest_y=message.hottest.y,
            hot_width=message.hot_width,
            hot_height=message.hot_height,
            pixels=message.pixels,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """Reading `index` of `count` of its frame. Without `temperatures`, nothing could be measured.

    `seen_pixels`: of a frame without temperatures, how many pixels of the region were seen.

    `score` is the strength of a hot spot; `anomaly` says how unlike normal a registered asset looks; `equipment` is
    what a detector sees there; `uncertainty` says how sure the hottest point is, where that can be said.
    """

    header: FrameHeader
    frame: Place
    asset: str
    kind: RegionKind
    temperatures: Temperatures | None
    index: int = 0
    count: int = 1
    surroundings_c: float | None = None
    score: float | None = None
    unseen: bool = False
    closed: bool = False
    anomaly: AnomalyScore | None = None
    equipment: Equipment | None = None
    uncertainty: Uncertainty | None = None
    seen_pixels: int = 0

    @property
    def seen(self) -> bool:
        """Its pixels were there: measured, or seen where there are no temperatures."""
        return self.temperatures is not None or self.seen_pixels > 0

    @property
    def lower_bound(self) -> bool:
        """The true temperature is this or higher: such a reading may raise an alarm and never clears one."""
        hot = self.temperatures
        return hot is not None and (hot.under_resolved or not _LOW.isdisjoint(self.header.flags))

    def to_wire(self) -> pb.Reading:
        """The protobuf message."""
        return pb.Reading(
            header=self.header.to_wire(),
            frame=self.frame.to_wire(),
            asset=self.asset,
            kind=self.kind.value,
            index=self.index,
            count=self.count,
            temperatures=None if self.temperatures is None else self.temperatures.to_wire(),
            surroundings_c=self.surroundings_c,
            score=self.score,
            unseen=self.unseen,
            closed=self.closed,
            anomaly=None if self.anomaly is None else self.anomaly.to_wire(),
            equipment=None if self.equipment is None else self.equipment.to_wire(),
            uncertainty=None if self.uncertainty is None else self.uncertainty.to_wire(),
            seen_pixels=self.seen_pixels,
        )

    def encode(self) -> bytes:
        """Serialized canairy.v1.Reading."""
        return self.to_wire().SerializeToString()

    @classmethod
    def from_wire(cls, message: pb.Reading) -> Reading:
        """Raises InvalidMessage when a name is missing or a number is impossible."""
        measured = message.HasField("temperatures")
        return cls(
            header=FrameHeader.from_wire(message.header),
            frame=Place.from_wire(message.frame),
            asset=wire.required(message.asset, "asset"),
            kind=RegionKind.from_wire(message.kind),
            temperatures=Temperatures.from_wire(message.temperatures) if measured else None,
            index=message.index,
            count=message.count,
            surroundings_c=wire.optional_number(message, "surroundings_c"),
            score=wire.optional_number(message, "score"),
            unseen=message.unseen,
            closed=message.closed,
            anomaly=AnomalyScore.from_wire(message.anomaly) if message.HasField("anomaly") else None,
            equipment=Equipment.from_wire(message.equipment) if message.HasField("equipment") else None,
            uncertainty=Uncertainty.from_wire(message.uncertainty) if message.HasField("uncertainty") else None,
            seen_pixels=message.seen_pixels,
        )

    @classmethod
    def decode(cls, value: bytes) -> Reading:
        """Raises InvalidMessage when the bytes are not a reading, or say something impossible."""
        return cls.from_wire(wire.parse(pb.Reading, value))
