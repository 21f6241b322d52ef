"""thermal.evidence: the pixels behind a reading, and the map of what looked abnormal in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.equipment import Equipment
from canairy.messages.header import FrameHeader, Place
from canairy.messages.picture import Image, Picture, image_from_wire
from canairy.messages.thermogram import Thermogram
from canairy.messages.uncertainty import Uncertainty
from protos.canairy.v1 import thermal_pb2 as pb

# float32 (height, width), in the unit of the score.
AnomalyMap = npt.NDArray[np.float32]
LARGEST_MAP: Final = 512
_FLOAT: Final = np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A crop whose top-left corner is (x, y) in the frame; `anomaly` and `map` are None where no model was asked.

    The crop of a frame without temperatures is a picture of one channel, grey levels.
    `uncertainty` is that of `max_c`, where it can be said.
    """

    header: FrameHeader
    frame: Place
    asset: str
    x: int
    y: int
    crop: Image
    max_c: float | None = None
    anomaly: AnomalyScore | None = None
    map: AnomalyMap | None = None
    equipment: Equipment | None = None
    uncertainty: Uncertainty | None = None

    def encode(self) -> bytes:
        """Serialized canairy.v1.Evidence."""
        return pb.Evidence(
            header=self.header.to_wire(),
            frame=self.frame.to_wire(),
            asset=self.asset,
            corner=pb.Pixel(x=self.x, y=self.y),
            crop=self.crop.to_wire() if isinstance(self.crop, Thermogram) else None,
            picture=self.crop.to_wire() if isinstance(self.crop, Picture) else None,
            max_c=self.max_c,
            anomaly=None if self.anomaly is None else self.anomaly.to_wire(),
            map=None if self.map is None else _map_to_wire(self.map),
            equipment=None if self.equipment is None else self.equipment.to_wire(),
            uncertainty=None if self.uncertainty is None else self.uncertainty.to_wire(),
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Evidence:
        """Raises InvalidMessage when the bytes are not evidence, or say something impossible."""
        message = wire.parse(pb.Evidence, value)
        return cls(
            header=FrameHeader.from_wire(message.header),
            frame=Place.from_wire(message.frame),
            asset=wire.required(message.asset, "asset"),
            x=wire.pixel(message.corner.x, "corner.x"),
            y=wire.pixel(message.corner.y, "corner.y"),
            crop=image_from_wire(message) or Thermogram.from_wire(message.crop),
            max_c=wire.optional_number(message, "max_c"),
            anomaly=AnomalyScore.from_wire(message.anomaly) if message.HasField("anomaly") else None,
            map=_map_from_wire(message.map) if message.HasField("map") else None,
            equipment=Equipment.from_wire(message.equipment) if message.HasField("equipment") else None,
            uncertainty=Uncertainty.from_wire(message.uncertainty) if message.HasField("uncertainty") else None,
        )


def _map_to_wire(distances: AnomalyMap) -> pb.AnomalyMap:
    height, width = distances.shape
    return pb.AnomalyMap(width=width, height=height, distances=distances.astype(_FLOAT).tobytes())


def _map_from_wire(message: pb.AnomalyMap) -> AnomalyMap:
    height, width = message.height, message.width
    if not (0 < height <= LARGEST_MAP and 0 < width <= LARGEST_MAP):
        raise InvalidMessage(f"anomaly map of {width}x{height}: sides must be 1 to {LARGEST_MAP}")
    if len(message.distances) != height * width * _FLOAT.itemsize:
        raise InvalidMessage(f"anomaly map of {width}x{height} with {len(message.distances)} bytes")
    distances = np.frombuffer(message.distances, _FLOAT).reshape(height, width).astype(np.float32)
    if not np.isfinite(distances).all():
        raise InvalidMessage("anomaly map: a distance is not finite")
    return distances
