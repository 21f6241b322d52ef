"""Where `canairy view` writes arrays and pictures: a file for one FILE, else a folder, or one picture for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from canairy.errors import ConfigurationError
from canairy.thermal.frame import ThermalFrame
from cli.output import printable
from cli.view_beside import MOST, Shown, draw_beside
from cli.view_overlay import Picture
from cli.view_picture import draw
from cli.view_report import Viewed


@dataclass(frozen=True, slots=True)
class _Place:
    """`out` itself for a single file, else a file of its own in the folder `out`."""

    out: Path
    single: bool
    suffix: str

    def of(self, file: Path) -> Path:
        return self.out if self.single else self.out / f"{file.name}{self.suffix}"


class Outputs:
    """What is written of the files that are looked at."""

    def __init__(
        self, files: Sequence[Path], paths: Sequence[Path], npy: Path | None, png: Path | None, *, beside: bool
    ) -> None:
        """Raises ConfigurationError for a place that cannot be written to, and for too many files side by side."""
        self._npy = _place(files, paths, npy, ".npy")
        self._png = None if beside else _place(files, paths, png, ".png")
        self._sheet = png if beside else None
        self._shown: list[Shown] = []
        if beside and len(files) > MOST:
            raise ConfigurationError(f"{len(files)} files side by side are too many to see anything: {MOST} at most")

    def take(self, file: Path, frame: ThermalFrame, viewed: Viewed) -> None:
        """Write what is asked for of one file; raises ConfigurationError where it cannot be written."""
        if self._npy is not None:
            _write(self._npy.of(file), lambda place: _write_npy(place, frame))
        if self._png is not None:
            _write(self._png.of(file), lambda place: _write_png(place, draw(frame, viewed)))
        if self._sheet is not None:
            self._shown.append((frame, viewed))

    def close(self) -> None:
        """Write the one picture of all files, where that is asked for and there is any; raises as `take` does."""
        if self._sheet is not None and self._shown:
            _write(self._sheet, lambda place: _write_png(place, draw_beside(self._shown)))


def _place(files: Sequence[Path], paths: Sequence[Path], out: Path | None, suffix: str) -> _Place | None:
    if out is None:
        return None
    single = len(files) == 1 and not paths[0].is_dir() and not out.is_dir()
    if not single:
        _make_folder(files, out)
    return _Place(out, single, suffix)


def _make_folder(files: Sequence[Path], out: Path) -> None:
    names = [file.name for file in files]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(f"{out}: two files are named {printable(twice)}; view them apart")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{out}: {error.strerror or error}") from error


def _write(place: Path, write: Callable[[Path], None]) -> None:
    try:
        write(place)
    except OSError as error:
        raise ConfigurationError(f"{place}: cannot be written there: {error.strerror or error}") from error


def _write_npy(place: Path, frame: ThermalFrame) -> None:
    with place.open("wb") as file:
        np.save(file, np.asarray(frame.celsius, np.float32))


def _write_png(place: Path, picture: Picture) -> None:
    # Encoded here, so that the name need not end in .png.
    place.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
