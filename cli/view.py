"""`canairy view`: thermal files as temperatures, for people, for programs, and as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.thermal.formats import SUFFIXES, USUAL_SCALE, ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale, ThermalFrame
from canairy.thermal.planck import ImpossibleParameters
from cli.output import emit, emit_json, printable, remark
from cli.view_picture import draw
from cli.view_report import Viewed

EMPTY = "holds no thermal file"
Write = Callable[[Path, ThermalFrame, Viewed], None]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("view")(view)


def view(
    paths: Annotated[list[Path], typer.Argument(help="Thermal files, or folders of them.", show_default=False)],
    scale: Annotated[float, typer.Option(help="Kelvin a count, of 16-bit files.")] = USUAL_SCALE.scale_k,
    offset: Annotated[float, typer.Option(help="Degrees Celsius of count 0, of 16-bit files.")] = USUAL_SCALE.offset_c,
    emissivity: Annotated[float | None, typer.Option(help="Instead of the file's.", min=0.01, max=1)] = None,
    distance: Annotated[float | None, typer.Option(help="Metres, instead of the file's.", min=0, max=10_000)] = None,
    reflected: Annotated[float | None, typer.Option(help="Degrees Celsius, instead of the file's.")] = None,
    hottest: Annotated[int, typer.Option(help="How many of the hottest places to tell.", min=1, max=100)] = 3,
    npy: Annotated[Path | None, typer.Option("--npy", help="Write float32 degrees Celsius here.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write a picture in false colours here.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Tell the temperatures in FLIR radiometric JPEG, 16-bit PNG and TIFF, float TIFF and CSV of data set 514.

    OUT of --npy and --png is a file where there is one FILE, else a folder. A file that has no temperatures, or cannot
    be read, is told with the reason, the others go on, and the exit status is 1.
    """
    known = {"emissivity": emissivity, "distance_m": distance, "reflected_c": reflected}
    options = ReadOptions(_scale(scale, offset), {name: it for name, it in known.items() if it is not None})
    files = list(_files(paths))
    writers = [_writer(files, paths, npy, ".npy", _write_npy), _writer(files, paths, png, ".png", _write_png)]
    failed = False
    for file in files:
        viewed = _view(file, options, hottest, [write for write in writers if write])
        failed = failed or bool(viewed.error)
        _tell(viewed, json_)
    if failed:
        raise typer.Exit(1)


def _scale(scale_k: float, offset_c: float) -> LinearScale:
    if not 0 < scale_k <= 10:
        raise typer.BadParameter(f"--scale must be above 0 and at most 10 K a count, not {scale_k}")
    if not -500 <= offset_c <= 500:
        raise typer.BadParameter(f"--offset must be -500 to 500 degrees Celsius, not {offset_c}")
    return LinearScale(scale_k, offset_c)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Each file, folders walked in order of their names; an empty folder stands for itself, and is told."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and not file.is_dir())
        yield from found or [path]


def _view(file: Path, options: ReadOptions, hottest: int, writers: Sequence[Write]) -> Viewed:
    if file.is_dir():
        return Viewed(file, error=EMPTY)
    try:
        frame = read_thermal(file, options)
    except (UnreadableFile, ImpossibleParameters) as error:
        return Viewed(file, error=str(error))
    viewed = Viewed.of(file, frame, hottest)
    for write in writers:
        write(file, frame, viewed)
    return viewed


def _tell(viewed: Viewed, json_: bool) -> None:
    if json_:
        emit_json(viewed.to_json())
    if viewed.error:
        reason = viewed.error.removeprefix(f"{viewed.file.name}: ")
        remark(f"canairy: {printable(str(viewed.file))}: {printable(reason)}")
    elif not json_:
        emit(viewed.to_text())


def _writer(
    files: Sequence[Path],
    paths: Sequence[Path],
    out: Path | None,
    suffix: str,
    write: Callable[[Path, ThermalFrame, Viewed], bool],
) -> Write | None:
    """Writes to `out` itself for a single file, else into the folder `out`; None without `out`."""
    if out is None:
        return None
    single = len(files) == 1 and not paths[0].is_dir() and not out.is_dir()
    if not single:
        _make_folder(files, out)

    def to_place(file: Path, frame: ThermalFrame, viewed: Viewed) -> None:
        place = out if single else out / f"{file.name}{suffix}"
        if not write(place, frame, viewed):
            raise ConfigurationError(f"{place}: cannot be written there")

    return to_place


def _make_folder(files: Sequence[Path], out: Path) -> None:
    names = [file.name for file in files]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(f"{out}: two files are named {printable(twice)}; view them apart")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{out}: {error.strerror or error}") from error


def _write_npy(place: Path, frame: ThermalFrame, _: Viewed) -> bool:
    try:
        with place.open("wb") as file:
            np.save(file, np.asarray(frame.celsius, np.float32))
    except OSError:
        return False
    return True


def _write_png(place: Path, frame: ThermalFrame, viewed: Viewed) -> bool:
    # Encoded here, so that the name need not end in .png.
    try:
        place.write_bytes(cv2.imencode(".png", draw(frame, viewed))[1].tobytes())
    except OSError:
        return False
    return True
