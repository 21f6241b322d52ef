"""Equipment in thermal files by a detector, without the stack: what `canairy detect --model` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from canairy.errors import ConfigurationError, InvalidMessage, UnreadableFile
from cli.detect_picture import Shown, show
from cli.output import printable
from training.detector.precision import Boxes
from training.detector.served import Served

REPOSITORY: Final = Path("model_repository")
LEAST_SCORE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Equipment:
    """One box: pixels from the top left; `label` is a code and a state, such as "0201 danger"; `score` 0 to 1."""

    x: float
    y: float
    width: float
    height: float
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Detected:
    """The equipment in one file, surest first, or why it could not be looked at.

    `palette` is how a file without temperatures was read: "" for one with temperatures.
    """

    file: Path
    boxes: Sequence[Equipment] = ()
    error: str = ""
    palette: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        if self.error:
            return {"file": str(self.file), "error": self.error}
        boxes = [
            {
                "x": round(box.x, 2),
                "y": round(box.y, 2),
                "width": round(box.width, 2),
                "height": round(box.height, 2),
                "label": box.label,
                "score": round(box.score, 4),
            }
            for box in self.boxes
        ]
        if not self.palette:
            return {"file": str(self.file), "radiometric": True, "boxes": boxes}
        return {"file": str(self.file), "radiometric": False, "palette": self.palette, "boxes": boxes}

    def to_text(self) -> str:
        """One line for a person."""
        boxes = [f"{b.label} at {b.x:.0f},{b.y:.0f} {b.width:.0f}x{b.height:.0f} ({b.score:.2f})" for b in self.boxes]
        kind = f"  (no temperatures; palette {self.palette})" if self.palette else ""
        return f"{printable(str(self.file))}  {'; '.join(boxes) or 'no equipment found'}{kind}"


def open_detector(name: str, repository: Path = REPOSITORY) -> Served:
    """A detector by its name in the repository, or by its folder.

    Raises:
        ConfigurationError: neither is a model; the text lists those the repository has.
    """
    folder = Path(name) if Path(name).is_dir() else repository / name
    if not folder.is_dir():
        names = sorted(card.parent.name for card in repository.glob("*/card.json"))
        known = f"it has {', '.join(names)}" if names else "it has none"
        raise ConfigurationError(f"no model {name!r}: no such folder, and not in {repository} ({known})")
    return Served(folder)


def detected(
    detector: Served, files: Sequence[Path], scale_k: float, offset_c: float, least_score: float = LEAST_SCORE
) -> Iterator[Detected]:
    """What is in each file: 16-bit PNG, degrees Celsius = count * scale_k + offset_c, or 8-bit PNG or JPEG.

    Boxes are in pixels of the file, whatever its size.
    """
    for file in files:
        try:
            shown = show(file, scale_k, offset_c, detector.card.window_k)
            boxes = equipment_in(detector, shown, least_score)
        except (UnreadableFile, InvalidMessage) as error:
            yield Detected(file, error=str(error))
            continue
        yield Detected(file, boxes, palette=shown.palette)


def equipment_in(detector: Served, shown: Shown, least_score: float = LEAST_SCORE) -> list[Equipment]:
    """What it finds, surest first, in pixels of the file. Raises InvalidMessage where there is nothing to look at."""
    found = detector.find(shown.counts, shown.scale_k, shown.offset_k)
    return [box for box in _equipment(found, detector.card.labels, shown) if box.score >= least_score]


def _equipment(found: Boxes, labels: Sequence[str], shown: Shown) -> Iterator[Equipment]:
    for box, label, score in zip(found.boxes, found.labels, found.scores, strict=True):
        x, y, width, height = (float(number) for number in box)
        place = (x * shown.across, y * shown.down, width * shown.across, height * shown.down)
        yield Equipment(*place, labels[int(label)], float(score))
