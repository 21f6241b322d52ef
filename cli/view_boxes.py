"""Boxes that `canairy view` draws over a frame: what a detector finds in it, or what a YOLO label file says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.models.detector_card import DANGER, NORMAL
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.formats import read_content
from canairy.thermal.radiometry import Celsius

# Names of the classes, one a line, as tools for labelling leave them beside the labels.
CLASSES: Final = "classes.txt"
MOST_BYTES: Final = 1 << 20

Boxes = Callable[[Path, Celsius], "tuple[Box, ...]"]


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the frame from the top left; `max_c` is the hottest in it, NaN where none is known.

    `label` such as "0201 danger", "0201" or "class 0". `score` 0 to 1, None where somebody drew the box.
    """

    x: float
    y: float
    width: float
    height: float
    label: str
    score: float | None
    max_c: float

    @property
    def state(self) -> str:
        """Normal or danger, by whoever made the box; empty where it does not say."""
        last = self.label.rpartition(" ")[2]
        return last if last in {NORMAL, DANGER} else ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        place = {name: round(getattr(self, name), 2) for name in ("x", "y", "width", "height")}
        score = None if self.score is None else round(self.score, 4)
        hottest = None if math.isnan(self.max_c) else round(self.max_c, 3)
        return {**place, "label": self.label, "state": self.state or None, "score": score, "max_c": hottest}

    def to_text(self) -> str:
        """In short, for a person."""
        sure = "" if self.score is None else f" ({self.score:.2f})"
        return f"{self.label} at {self.x:.0f},{self.y:.0f} {self.width:.0f}x{self.height:.0f}{sure}"


def by_detector(model: str) -> Boxes:
    """What a detector finds, surest first; raises ConfigurationError when there is none of this name or folder."""
    # The runtime of models is loaded only where one is asked for.
    from cli.detect_model import equipment_in, open_detector  # noqa: PLC0415
    from cli.detect_picture import shown  # noqa: PLC0415

    detector = open_detector(model)

    def find(file: Path, celsius: Celsius) -> tuple[Box, ...]:
        counts, scale_k = to_counts(_filled(celsius))
        found = equipment_in(detector, shown(file.name, counts, scale_k, 0.0))
        return tuple(_box(celsius, it.label, it.score, it.x, it.y, it.x + it.width, it.y + it.height) for it in found)

    return find


def by_labels(place: Path) -> Boxes:
    """What YOLO label files say: `place` is one, or a folder with one of each file's name; no file, no boxes.

    A line is `class cx cy width height`, shares of the picture 0 to 1, and a score where a program wrote it.
    Raises ConfigurationError when there is nothing at that place.
    """
    if not place.exists():
        raise ConfigurationError(f"{place}: there are no labels")
    names = _classes(place if place.is_dir() else place.parent)

    def find(file: Path, celsius: Celsius) -> tuple[Box, ...]:
        labels = place / f"{file.stem}.txt" if place.is_dir() else place
        if not labels.exists():
            return ()
        lines = enumerate(_text(labels).splitlines(), start=1)
        return tuple(
            _labelled(f"{labels.name}:{number}", line, names, celsius) for number, line in lines if line.strip()
        )

    return find


def _classes(folder: Path) -> Sequence[str]:
    names = folder / CLASSES
    return [line.strip() for line in _text(names).splitlines()] if names.exists() else []


def _text(path: Path) -> str:
    return read_content(path, MOST_BYTES, "no picture has that many labels").decode("utf-8", "replace")


def _labelled(where: str, line: str, names: Sequence[str], celsius: Celsius) -> Box:
    number, centre_x, centre_y, width, height, *score = _numbers(where, line)
    rows, columns = celsius.shape
    left, top = (centre_x - width / 2) * columns, (centre_y - height / 2) * rows
    at = int(number)
    label = names[at] if at < len(names) and names[at] else f"class {at}"
    right, bottom = left + width * columns, top + height * rows
    return _box(celsius, label, score[0] if score else None, left, top, right, bottom)


def _numbers(where: str, line: str) -> Sequence[float]:
    try:
        told = [float(word) for word in line.split()]
    except ValueError as error:
        raise UnreadableFile(f"{where}: {line[:80]!r} is no label: class cx cy width height") from error
    if len(told) not in {5, 6} or not all(0 <= it <= 1 for it in told[1:]) or not told[0] >= 0 or told[0] % 1:
        raise UnreadableFile(f"{where}: {line[:80]!r} is no label: class cx cy width height, shares 0 to 1")
    return told


def _box(
    celsius: Celsius, label: str, score: float | None, left: float, top: float, right: float, bottom: float
) -> Box:
    rows, columns = celsius.shape
    left, right = (min(max(it, 0.0), float(columns)) for it in (left, right))
    top, bottom = (min(max(it, 0.0), float(rows)) for it in (top, bottom))
    part = celsius[int(top) : max(math.ceil(bottom), 1), int(left) : max(math.ceil(right), 1)]
    hottest = float(np.nanmax(part)) if part.size and np.isfinite(part).any() else math.nan
    return Box(left, top, right - left, bottom - top, label, score, hottest)


def _filled(celsius: Celsius) -> Celsius:
    """A detector needs a temperature everywhere: the median where none is known."""
    known = np.isfinite(celsius)
    return celsius if known.all() else np.where(known, celsius, np.float32(np.nanmedian(celsius)))
