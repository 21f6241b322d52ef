"""`canairy detect`: what stands out in thermal files, without the stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cli.detect_model import Detected

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.messages.thermogram import to_celsius
from canairy.thermal.linear_png import read_linear_png
from cli.output import emit, emit_json, printable, remark
from services.detection.hotspots import HotSpot, find_hotspots

EMPTY = "holds no .png file"
SHOWN = ("x", "y", "width", "height", "score", "max_c")


@dataclass(frozen=True, slots=True)
class Finding:
    """The hot spots of one file, strongest first, or why it could not be read."""

    file: Path
    hotspots: Sequence[HotSpot] = ()
    error: str = ""

    @property
    def score(self) -> float:
        """The strongest hot spot's, 0 when there is none."""
        return max((spot.score for spot in self.hotspots), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it: pixels from the top left, degrees Celsius."""
        if self.error:
            return {"file": str(self.file), "error": self.error}
        spots = [{name: _rounded(getattr(spot, name)) for name in SHOWN} for spot in self.hotspots]
        return {"file": str(self.file), "score": _rounded(self.score), "hotspots": spots}

    def to_text(self) -> str:
        """One line for a person."""
        spots = [f"{s.max_c:.1f} °C at {s.x},{s.y} {s.width}x{s.height} ({s.score:.2f})" for s in self.hotspots]
        return f"{printable(str(self.file))}  score {self.score:.2f}  {'; '.join(spots) or 'no hot spot'}"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("detect")(detect)


def detect(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of them.", show_default=False)],
    hotspots: Annotated[bool, typer.Option("--hotspots", help="Regions hotter than their surroundings.")] = False,
    model: Annotated[str | None, typer.Option("--model", help="Equipment, by this detector: name or folder.")] = None,
    scale: Annotated[float, typer.Option("--scale", help="Kelvin a count.")] = 0.01,
    offset: Annotated[float, typer.Option("--offset", help="Degrees Celsius of count 0.")] = -273.15,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Find what stands out in 16-bit PNG whose temperatures are count * SCALE + OFFSET degrees Celsius.

    A detector takes 8-bit PNG and JPEG as well, grey or in false colours, and says that they have no temperatures: it
    sees how bright they are, by their palette where it is a known one (white-hot, iron, rainbow, inferno, jet), else by
    luminance. Files may have any size; boxes are in their own pixels.

    A file that cannot be read is told, the others go on, and the exit status is 1.
    """
    _check(hotspots, model, scale, offset)
    failed = False
    for finding in findings(paths, scale, offset) if model is None else equipment(paths, model, scale, offset):
        failed = failed or bool(finding.error)
        if json_:
            emit_json(finding.to_json())
        elif finding.error:
            remark(f"canairy: {printable(str(finding.file))}: {printable(finding.error)}")
        else:
            emit(finding.to_text())
    if failed:
        raise typer.Exit(1)


def findings(paths: Sequence[Path], scale_k: float, offset_c: float) -> Iterator[Finding]:
    """One finding a file, folders walked in order of their names."""
    for path in paths:
        files = _files(path)
        if not files:
            yield Finding(path, error=EMPTY)
        for file in files:
            yield _finding(file, scale_k, offset_c)


def equipment(paths: Sequence[Path], model: str, scale_k: float, offset_c: float) -> Iterator[Detected]:
    """The same with a detector; raises ConfigurationError when there is none of this name."""
    # The runtime of models is loaded only where one is asked for.
    from cli.detect_model import Detected, detected, open_detector  # noqa: PLC0415
    from cli.detect_picture import SUFFIXES  # noqa: PLC0415

    detector = open_detector(model)
    for path in paths:
        files = _files(path, SUFFIXES)
        if not files:
            yield Detected(path, error=f"holds no {', '.join(SUFFIXES)} file")
        yield from detected(detector, files, scale_k, offset_c)


def _check(hotspots: bool, model: str | None, scale_k: float, offset_c: float) -> None:
    if hotspots == (model is not None):
        raise typer.BadParameter("say what to look for: either --hotspots or --model NAME")
    if not 0 < scale_k <= 10:
        raise typer.BadParameter(f"--scale must be above 0 and at most 10 K a count, not {scale_k}")
    if not -500 <= offset_c <= 500:
        raise typer.BadParameter(f"--offset must be -500 to 500 degrees Celsius, not {offset_c}")


def _files(path: Path, suffixes: Sequence[str] = (".png",)) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and not file.is_dir())


def _finding(file: Path, scale_k: float, offset_c: float) -> Finding:
    try:
        frame = read_linear_png(file, scale_k, offset_c)
        celsius = to_celsius(frame.counts, frame.scale_k, frame.offset_k)
    except (UnreadableFile, InvalidMessage) as error:
        return Finding(file, error=str(error))
    return Finding(file, find_hotspots(celsius))


def _rounded(number: float) -> float:
    """To a millionth: finer than any camera, and the same on every machine."""
    return round(number, 6)
