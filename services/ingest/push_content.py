"""What a pushed request may hold beside counts: a picture without temperatures, or a whole thermal file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.messages import wire
from canairy.messages.frame import Radiometry
from canairy.messages.thermogram import KELVIN, MAX_SIDE
from canairy.picture_codec import COLOUR, GREY
from canairy.site.model import Camera
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.formats import ReadOptions, read_thermal_bytes
from canairy.thermal.frame import LinearScale, ThermalFrame
from protos.canairy.v1 import ingest_service_pb2 as pb
from services.ingest.source import RawFrame, RawPicture


def of_pixels(request: pb.SubmitFramesRequest, camera: Camera, written: Callable[[], None]) -> RawPicture:
    """A picture without temperatures; raises InvalidMessage when its bytes are not those of its size."""
    width, height = size_of(request)
    channels, left = divmod(len(request.pixels), width * height)
    if left or channels not in {GREY, COLOUR}:
        raise InvalidMessage(
            f"{len(request.pixels)} bytes of pixels: {width}x{height} take {width * height}, or {COLOUR} times that in "
            "colour"
        )
    shape = (height, width) if channels == GREY else (height, width, COLOUR)
    return RawPicture(
        camera=camera.id,
        view=request.view or camera.views[0].id,
        pixels=np.frombuffer(request.pixels, np.uint8).reshape(shape),
        taken_at=wire.optional_moment(request, "captured_at"),
        written=written,
    )


def of_file(
    request: pb.SubmitFramesRequest, camera: Camera, told: Radiometry | None, written: Callable[[], None]
) -> RawFrame:
    """A thermal file of any format that is read; raises InvalidMessage with the reason for one that is not.

    `told`: parameters that came beside it, which are not those of the file: nothing is corrected here.
    """
    scale = LinearScale(camera.scale.scale_k, camera.scale.offset_c)
    try:
        frame = read_thermal_bytes(request.file, ReadOptions(scale))
        counts, scale_k, offset_k = _counts(frame)
    except UnreadableFile as error:
        raise InvalidMessage(f"{camera.id}: the file cannot be used: {error}") from error
    return RawFrame(
        camera=camera.id,
        view=request.view or camera.views[0].id,
        counts=counts,
        scale_k=scale_k,
        offset_k=offset_k,
        taken_at=wire.optional_moment(request, "captured_at") or frame.taken_at,
        radiometry=told or _radiometry(frame),
        written=written,
    )


def size_of(request: pb.SubmitFramesRequest) -> tuple[int, int]:
    """Width and height in a request; raises InvalidMessage for what no camera has."""
    width, height = request.width, request.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InvalidMessage(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
    return width, height


def _counts(frame: ThermalFrame) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint16]], float, float]:
    """Linear counts as they are; any other temperatures at 0.01 or 0.04 K a count, from 0 K."""
    if frame.counts is not None and frame.scale is not None:
        return frame.counts, frame.scale.scale_k, frame.scale.offset_c + KELVIN
    counts, scale_k = to_counts(frame.celsius)
    return counts, scale_k, 0.0


def _radiometry(frame: ThermalFrame) -> Radiometry | None:
    made_with = frame.parameters
    if made_with is None:
        return None
    return Radiometry(
        made_with.emissivity,
        made_with.distance_m,
        made_with.reflected_c,
        made_with.atmospheric_c,
        made_with.humidity,
    )
