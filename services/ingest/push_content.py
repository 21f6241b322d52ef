"""What a pushed request may hold beside counts: a picture without temperatures, or a whole file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.messages import wire
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import MAX_SIDE
from canairy.picture_codec import COLOUR, GREY
from canairy.site.model import Camera
from canairy.thermal.capture_time import capture_time_in
from canairy.thermal.eight_bit import read_eight_bit
from canairy.thermal.formats import ReadOptions, read_thermal_bytes
from canairy.thermal.frame import LinearScale
from protos.canairy.v1 import ingest_service_pb2 as pb
from services.ingest.source import Raw, RawFrame, RawPicture
from services.ingest.temperatures import temperatures


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
) -> Raw:
    """A thermal file of any format that is read, or a PNG or JPEG of a camera whose files are 8-bit pictures.

    What the file says it was made with counts, as the site file knows it better; `told`, which came beside it, counts
    where the file says nothing. Raises InvalidMessage with the reason for a file that cannot be used.
    """
    try:
        return _picture(request, camera, written) if camera.pictures else _frame(request, camera, told, written)
    except UnreadableFile as error:
        raise InvalidMessage(f"{camera.id}: the file cannot be used: {error}") from error


def _picture(request: pb.SubmitFramesRequest, camera: Camera, written: Callable[[], None]) -> RawPicture:
    return RawPicture(
        camera=camera.id,
        view=request.view or camera.views[0].id,
        pixels=read_eight_bit(request.file),
        taken_at=wire.optional_moment(request, "captured_at") or capture_time_in(BytesIO(request.file)),
        written=written,
    )


def _frame(
    request: pb.SubmitFramesRequest, camera: Camera, told: Radiometry | None, written: Callable[[], None]
) -> RawFrame:
    scale = LinearScale(camera.scale.scale_k, camera.scale.offset_c)
    found = temperatures(read_thermal_bytes(request.file, ReadOptions(scale)), camera, request.file)
    return replace(
        found.frame(camera.id, request.view or camera.views[0].id),
        taken_at=wire.optional_moment(request, "captured_at") or found.taken_at,
        radiometry=found.radiometry or told,
        written=written,
    )


def size_of(request: pb.SubmitFramesRequest) -> tuple[int, int]:
    """Width and height in a request; raises InvalidMessage for what no camera has."""
    width, height = request.width, request.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InvalidMessage(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
    return width, height
