"""What the options of `canairy view` mean; typer.BadParameter for those that mean nothing."""

from __future__ import annotations

from pathlib import Path

import typer

from canairy.errors import ConfigurationError
from canairy.site.model import Camera
from canairy.thermal.estimate import Scale
from canairy.thermal.formats import USUAL_SCALE
from canairy.thermal.frame import LinearScale
from canairy.thermal.known_palettes import PALETTES
from cli.view_boxes import Boxes, by_detector, by_labels


def boxes_of(detect: str | None, labels: Path | None) -> Boxes | None:
    """Who says where boxes are, if anybody does; raises ConfigurationError when that is not there."""
    if detect is not None and labels is not None:
        raise typer.BadParameter("boxes are either a detector's or those of labels: --detect or --labels")
    if detect is not None:
        return by_detector(detect)
    return None if labels is None else by_labels(labels)


def palette_ends(palette_scale: str, palette: str) -> Scale | None:
    """The degrees at the ends of a palette; None: pictures are not estimated."""
    if palette not in {"", *PALETTES}:
        raise typer.BadParameter(f"--palette {palette!r} is none of {', '.join(PALETTES)}")
    if not palette_scale:
        if palette:
            raise typer.BadParameter("--palette is that of pictures to be estimated: --palette-scale MIN,MAX")
        return None
    try:
        low, high = (float(it) for it in palette_scale.split(","))
        return Scale(low, high)
    except (ValueError, ConfigurationError):
        raise typer.BadParameter(
            f"--palette-scale {palette_scale!r} is not MIN,MAX: two numbers in degrees Celsius, the cold end first"
        ) from None


def linear_scale(scale_k: float | None, offset_c: float | None, camera: Camera | None) -> LinearScale:
    """What 16-bit counts mean: as it is said, else as the site file has it, else the usual."""
    usual = USUAL_SCALE if camera is None else LinearScale(camera.scale.scale_k, camera.scale.offset_c)
    scale_k = usual.scale_k if scale_k is None else scale_k
    offset_c = usual.offset_c if offset_c is None else offset_c
    if not 0 < scale_k <= 10:
        raise typer.BadParameter(f"--scale must be above 0 and at most 10 K a count, not {scale_k}")
    if not -500 <= offset_c <= 500:
        raise typer.BadParameter(f"--offset must be -500 to 500 degrees Celsius, not {offset_c}")
    return LinearScale(scale_k, offset_c)
