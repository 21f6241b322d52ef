"""thermal.detections: where the equipment and the hot spots of one frame are, with the pixels to measure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from canairy.messages import wire
from canairy.messages.equipment import Equipment
from canairy.messages.header import FrameHeader, Place
from canairy.messages.picture import Image, Picture, image_from_wire
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import Thermogram
from protos.canairy.v1 import thermal_pb2 as pb


class RegionKind(Enum):
    """How a region came to be looked at."""

    REGISTERED = pb.REGION_KIND_REGISTERED
    HOT_SPOT = pb.REGION_KIND_HOT_SPOT
    EQUIPMENT = pb.REGION_KIND_EQUIPMENT

    @classmethod
    def from_wire(cls, value: int) -> RegionKind:
        """A kind that this version does not know is read as a hot spot: measured, and never matched to an asset."""
        return next((kind for kind in cls if kind.value == value), cls.HOT_SPOT)


@dataclass(frozen=True, slots=True)
class Region:
    """A crop at (x, y) of its frame, pixels from the top left; `outline` in frame pixels, empty for the whole crop.

    Without `crop`, no pixel of the region lies in the frame: it is still told, for it is not a healthy region. Of a
    frame without temperatures it is a picture of one channel, grey levels.
    """

    asset: str
    kind: RegionKind
    x: int
    y: int
    crop: Image | None
    outline: tuple[tuple[int, int], ...] = ()
    score: float | None = None
    surroundings_c: float | None = None
    unseen: bool = False
    closed: bool = False
    equipment: Equipment | None = None

    def to_wire(self) -> pb.Region:
        """The protobuf message."""
        return pb.Region(
            asset=self.asset,
            kind=self.kind.value,
            corner=pb.Pixel(x=self.x, y=self.y),
            crop=self.crop.to_wire() if isinstance(self.crop, Thermogram) else None,
            picture=self.crop.to_wire() if isinstance(self.crop, Picture) else None,
            outline=[pb.Pixel(x=x, y=y) for x, y in self.outline],
            score=self.score,
            surroundings_c=self.surroundings_c,
            unseen=self.unseen,
            closed=self.closed,
            equipment=None if self.equipment is None else self.equipment.to_wire(),
        )

    @classmethod
    def from_wire(cls, message: pb.Region) -> Region:
        """Raises InvalidMessage for a region without a name, outside any frame, or with impossible numbers."""
        return cls(
            asset=wire.required(message.asset, "region.asset"),
            kind=RegionKind.from_wire(message.kind),
            x=wire.pixel(message.corner.x, "region.corner.x"),
            y=wire.pixel(message.corner.y, "region.corner.y"),
            crop=image_from_wire(message),
            outline=tuple((wire.pixel(it.x, "outline.x"), wire.pixel(it.y, "outline.y")) for it in message.outline),
            score=wire.optional_number(message, "score"),
            surroundings_c=wire.optional_number(message, "surroundings_c"),
            unseen=message.unseen,
            closed=message.closed,
            equipment=Equipment.from_wire(message.equipment) if message.HasField("equipment") else None,
        )


@dataclass(frozen=True, slots=True)
class Detections:
    """All regions of one frame; a frame without any is a message too. `shed`: frames skipped before this one.

    `radiometry`: what the frame's temperatures were made with; None: whoever wrote it did not tell.
    """

    header: FrameHeader
    frame: Place
    regions: tuple[Region, ...] = ()
    shed: int = 0
    radiometry: Radiometry | None = None

    def encode(self) -> bytes:
        """Serialized canairy.v1.Detections."""
        return pb.Detections(
            header=self.header.to_wire(),
            frame=self.frame.to_wire(),
            regions=[region.to_wire() for region in self.regions],
            shed=self.shed,
            radiometry=None if self.radiometry is None else self.radiometry.to_wire(),
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Detections:
        """Raises InvalidMessage when the bytes are not detections, or say something impossible."""
        message = wire.parse(pb.Detections, value)
        return cls(
            header=FrameHeader.from_wire(message.header),
            frame=Place.from_wire(message.frame),
            regions=tuple(Region.from_wire(region) for region in message.regions),
            shed=message.shed,
            radiometry=Radiometry.from_wire(message.radiometry) if message.HasField("radiometry") else None,
        )
