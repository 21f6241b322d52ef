"""What is pushed to ingest, judged: each refusal says what was wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from canairy import codec
from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.messages.measurement import Measurement
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import KELVIN
from canairy.site.model import Camera, Site
from canairy.site.model import Radiometry as SiteRadiometry
from canairy.thermal.planck import ImpossibleParameters
from protos.canairy.v1 import ingest_service_pb2 as pb
from services.ingest.identity import check_identity
from services.ingest.push_content import of_file, of_pixels, size_of
from services.ingest.source import Raw, RawFrame
from services.ingest.times import possible

_COUNT_BYTES: Final = 2
_CONTENTS: Final = ("counts", "packed", "pixels", "file")


def pushed_frame(
    request: pb.SubmitFramesRequest, site: Site, written: Callable[[], None], names: frozenset[str] | None = None
) -> Raw:
    """The frame in a request; raises InvalidMessage with what is wrong with it (its temperatures come later).

    `names`: those in the client's certificate, None where it showed none.
    """
    camera = _camera(request, site)
    check_identity(camera, names)
    _check_content(request)
    if request.file:
        return of_file(request, camera, _radiometry(request), written)
    if request.pixels:
        return of_pixels(request, camera, written)
    scale_k, offset_k = _scale(request, camera)
    return RawFrame(
        camera=camera.id,
        view=request.view or camera.views[0].id,
        counts=_counts(request),
        scale_k=scale_k,
        offset_k=offset_k,
        taken_at=wire.optional_moment(request, "captured_at"),
        radiometry=_radiometry(request),
        written=written,
    )


def pushed_measurement(value: pb.MeasurementValue, site: Site, now: datetime, origin: str) -> Measurement:
    """The measurement in a request; raises InvalidMessage with what is wrong with it."""
    if value.name not in site.measurements:
        known = ", ".join(site.measurements) or "none"
        raise InvalidMessage(f"unknown measurement {value.name!r}: the site file declares {known}")
    number = wire.finite(value.value, value.name)
    measured_at = possible(wire.optional_moment(value, "measured_at"), now)
    return Measurement(site.site.id, value.name, number, measured_at, origin)


def _camera(request: pb.SubmitFramesRequest, site: Site) -> Camera:
    camera = site.camera(request.camera)
    if camera is None:
        raise InvalidMessage(f"unknown camera {request.camera!r}: it is not in the site file")
    if camera.kind != "push":
        raise InvalidMessage(f"{camera.id} is read from {camera.kind}: only a camera with source push: is pushed")
    if not request.view and len(camera.views) > 1:
        raise InvalidMessage(f"{camera.id} has {len(camera.views)} views: say which one")
    return camera


def _scale(request: pb.SubmitFramesRequest, camera: Camera) -> tuple[float, float]:
    """Of the request; without one, of the site file."""
    scale_k, offset_k = wire.finite(request.scale_k, "scale_k"), wire.finite(request.offset_k, "offset_k")
    if scale_k < 0:
        raise InvalidMessage(f"scale_k is {scale_k}: a count must mean more heat, not less")
    if scale_k == 0:
        return camera.scale.scale_k, camera.scale.offset_c + KELVIN
    return scale_k, offset_k


def _check_content(request: pb.SubmitFramesRequest) -> None:
    held = [name for name in _CONTENTS if getattr(request, name)]
    if len(held) != 1:
        both = f", not {' and '.join(held)}" if held else ""
        raise InvalidMessage(f"one of {', '.join(_CONTENTS)} must hold the picture{both}")


def _counts(request: pb.SubmitFramesRequest) -> npt.NDArray[np.uint16]:
    width, height = size_of(request)
    if request.packed:
        return codec.unpack(request.packed, height, width)
    expected = width * height * _COUNT_BYTES
    if len(request.counts) != expected:
        raise InvalidMessage(f"{len(request.counts)} bytes of counts: {width}x{height} pixels take {expected}")
    return np.frombuffer(request.counts, "<u2").reshape(height, width).astype(np.uint16, copy=False)


def _radiometry(request: pb.SubmitFramesRequest) -> Radiometry | None:
    """None: as in the site file, whose limits hold for pushed parameters too."""
    if not request.HasField("radiometry"):
        return None
    told = Radiometry.from_wire(request.radiometry)
    try:
        SiteRadiometry.model_validate(told, from_attributes=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidMessage(f"radiometry.{first['loc'][0]} is {first['input']}: {first['msg'].lower()}") from error
    try:
        told.camera.layers(told.parameters)
    except ImpossibleParameters as error:
        raise InvalidMessage(f"radiometry: {error}") from error
    return told
