"""FLIR radiometric JPEG: the raw counts beside the picture, and the temperatures that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from canairy.errors import UnreadableFile
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.flir_camera import read_camera
from canairy.thermal.flir_raw import read_counts
from canairy.thermal.flir_records import read_records
from canairy.thermal.flir_segments import flir_file
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.planck import ImpossibleParameters

KIND: Final = "flir-rjpeg"

# Why, by the software that wrote the file: cores of drones (Zenmuse XT R), little-endian throughout.
UNPROVEN_CREATORS: Final = {
    "ATAU_RBFO": "its FLIR data was written by ATAU_RBFO, and which sign its Planck constant O has is not known",
}
# By the model of the camera. docs/decisions/0012-radiometry.md tells what speaks for this one, and how to let it in.
UNPROVEN_CAMERAS: Final = {
    "ThermaCAM EX320": "a ThermaCAM EX320 writes an older, big-endian layout that no independent reader confirms",
}


def read_rjpeg(content: bytes, overrides: Mapping[str, float] | None = None) -> ThermalFrame:
    """Temperatures with the file's own object parameters, but for those in `overrides` (names of ObjectParameters).

    The visible picture and the place where it was taken stay in the file: neither is read.

    Raises:
        IncompleteFile: it ends before its picture begins.
        UnreadableFile: not radiometric, damaged, or with parameters or temperatures that cannot be; the text says
            which.
    """
    records = read_records(flir_file(content))
    counts, camera = read_counts(records.raw_data), read_camera(records.camera_info, overrides)
    _check_proven(records.creator, camera.model)
    try:
        celsius = camera.radiometry.celsius(counts, camera.parameters)
    except ImpossibleParameters as error:
        # Each is possible alone, and together they are not: a transmission of 3, a curve that ends below the air.
        raise UnreadableFile(f"its FLIR data: {error}") from error
    check_celsius(celsius)
    return ThermalFrame(
        kind=KIND,
        celsius=celsius,
        parameters=camera.parameters,
        radiometry=camera.radiometry,
        counts=counts,
        taken_at=camera.taken_at,
        camera=camera.model,
    )


def _check_proven(creator: str, model: str) -> None:
    """Refuse what could be computed and might be wrong: nobody can tell afterwards."""
    doubt = UNPROVEN_CREATORS.get(creator) or UNPROVEN_CAMERAS.get(model)
    if doubt:
        raise UnreadableFile(f"not read: {doubt}; its temperatures would be a guess")
