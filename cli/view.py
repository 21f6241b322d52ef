"""`canairy view`: thermal files as temperatures, for people, for programs, and as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.site.model import View
from canairy.thermal.formats import SUFFIXES, ReadOptions
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.known_palettes import PALETTES
from canairy.thermal.planck import ImpossibleParameters
from cli.output import emit, emit_json, printable, remark
from cli.view_boxes import Boxes
from cli.view_options import boxes_of, linear_scale, palette_ends
from cli.view_out import Outputs
from cli.view_report import Viewed, hottest_places
from cli.view_site import masked, seen_assets, site_view
from cli.view_source import Source

EMPTY = "holds no thermal file"
# What is looked at where pictures may be estimated.
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True)
class Look:
    """How a file is looked at: where its temperatures are from, and what else is asked of it."""

    source: Source
    hottest: int = 3
    view: View | None = None
    boxes: Boxes | None = None

    def at(self, file: Path) -> tuple[ThermalFrame, Viewed]:
        """Raises UnreadableFile, ImpossibleParameters and InvalidMessage where there is nothing to be seen."""
        frame, estimated = self.source.read(file)
        if self.source.camera is not None:
            frame = masked(frame, self.source.camera)
        viewed = Viewed(
            file,
            frame,
            hottest_places(frame.celsius, self.hottest),
            estimated=estimated,
            assets=None if self.view is None else seen_assets(frame, self.view),
            boxes=None if self.boxes is None else self.boxes(file, frame.celsius),
        )
        return frame, viewed


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("view")(view)


def view(
    paths: Annotated[list[Path], typer.Argument(help="Thermal files, or folders of them.", show_default=False)],
    scale: Annotated[float | None, typer.Option(help="Kelvin a count, of 16-bit files: 0.01 if not said.")] = None,
    offset: Annotated[
        float | None, typer.Option(help="Degrees Celsius of count 0, of 16-bit files: -273.15 if not said.")
    ] = None,
    emissivity: Annotated[float | None, typer.Option(help="Instead of the file's.", min=0.01, max=1)] = None,
    distance: Annotated[float | None, typer.Option(help="Metres, instead of the file's.", min=0, max=10_000)] = None,
    reflected: Annotated[float | None, typer.Option(help="Degrees Celsius, instead of the file's.")] = None,
    palette_scale: Annotated[
        str, typer.Option(metavar="MIN,MAX", help="Degrees at the ends of the colour bar: pictures are estimated.")
    ] = "",
    palette: Annotated[
        str, typer.Option(help=f"Of such pictures, without a colour bar: {', '.join(PALETTES)}.", show_default=False)
    ] = "",
    site: Annotated[Path | None, typer.Option(help="A site file: its camera's parameters, and its assets.")] = None,
    camera: Annotated[str | None, typer.Option(help="Of the site file, where it has several.")] = None,
    view_: Annotated[str | None, typer.Option("--view", help="Of the camera, where it has several.")] = None,
    detect: Annotated[str | None, typer.Option(metavar="MODEL", help="Boxes by this detector: name or folder.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Boxes by YOLO label files: a file, or a folder of them.")] = None,
    hottest: Annotated[int, typer.Option(help="How many of the hottest places to tell.", min=1, max=100)] = 3,
    npy: Annotated[Path | None, typer.Option("--npy", help="Write float32 degrees Celsius here.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write a picture in false colours here.")] = None,
    beside: Annotated[bool, typer.Option("--beside", help="All files in one PNG, side by side on one scale.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Tell the temperatures in FLIR radiometric JPEG, 16-bit PNG and TIFF, float TIFF and CSV of data set 514.

    And in what a thermal camera of Hikvision answered to jpegPicWithAppendData, saved as it came (curl -o FILE).

    Pictures have none. With --palette-scale they are estimated by the colour bar in them, which is right only where
    the camera paints linearly between these ends; text over the scene is taken for hot or cold where it has such a
    colour. --npy has NaN where there is no temperature.

    OUT of --npy and --png is a file where there is one FILE, else a folder. A file that has no temperatures, or cannot
    be read, is told with the reason, the others go on, and the exit status is 1.
    """
    known = {"emissivity": emissivity, "distance_m": distance, "reflected_c": reflected}
    overrides = {name: it for name, it in known.items() if it is not None}
    ends = palette_ends(palette_scale, palette)
    if site is None and (camera or view_):
        raise typer.BadParameter("--camera and --view are those of a site file: --site FILE")
    if beside and png is None:
        raise typer.BadParameter("--beside is how a picture is laid out: say where it goes, --png FILE")
    of, seen = (None, None) if site is None else site_view(site, camera, view_)
    source = Source(ReadOptions(linear_scale(scale, offset, of), overrides), ends, palette, of)
    look = Look(source, hottest, seen, boxes_of(detect, labels))
    files = list(_files(paths, SUFFIXES | PICTURES if source.estimates else SUFFIXES))
    outputs = Outputs(files, paths, npy, png, beside=beside)
    failed = [viewed for file in files if (viewed := _view(file, look, outputs, json_)).error]
    outputs.close()
    if failed:
        raise typer.Exit(1)


def _files(paths: Sequence[Path], suffixes: frozenset[str]) -> Iterator[Path]:
    """Each file, folders walked in order of their names; an empty folder stands for itself, and is told."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and not file.is_dir())
        yield from found or [path]


def _view(file: Path, look: Look, outputs: Outputs, json_: bool) -> Viewed:
    viewed = _looked_at(file, look, outputs)
    _tell(viewed, json_)
    return viewed


def _looked_at(file: Path, look: Look, outputs: Outputs) -> Viewed:
    if file.is_dir():
        return Viewed(file, error=EMPTY)
    try:
        frame, viewed = look.at(file)
    except (UnreadableFile, ImpossibleParameters, InvalidMessage) as error:
        return Viewed(file, error=str(error))
    outputs.take(file, frame, viewed)
    return viewed


def _tell(viewed: Viewed, json_: bool) -> None:
    if json_:
        emit_json(viewed.to_json())
    if viewed.error:
        reason = viewed.error.removeprefix(f"{viewed.file.name}: ")
        remark(f"canairy: {printable(str(viewed.file))}: {printable(reason)}")
    elif not json_:
        emit(viewed.to_text())
