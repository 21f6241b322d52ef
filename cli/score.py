"""`canairy score`: which crops look abnormal to a model, without the stack."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.models.card import BankCard
from cli.output import emit, emit_json, printable, remark
from training.patchcore.crops import crop_files, read_crop
from training.patchcore.reference import Verdict
from training.patchcore.served import Request, Served

MAP_STEPS_A_THRESHOLD = 8192  # of a map's 16-bit counts: 65535 is eight times the threshold


@dataclass(frozen=True, slots=True)
class Score:
    """What a model says of one file, or why the file could not be scored."""

    file: Path
    bank: BankCard
    verdict: Verdict | None = None
    error: str = ""

    @property
    def abnormal(self) -> bool:
        """The score has reached the bank's threshold."""
        return self.verdict is not None and self.verdict.score >= self.bank.threshold

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        if self.verdict is None:
            return {"file": str(self.file), "error": self.error}
        numbers = {"score": round(self.verdict.score, 6), "threshold": round(self.bank.threshold, 6)}
        rest = {"share_outside": round(self.verdict.share_outside, 6), "bank": self.bank.identifier}
        return {"file": str(self.file), **numbers, "abnormal": self.abnormal, **rest}

    def to_text(self) -> str:
        """One line for a person."""
        found = self.to_json()
        outside = f", {found['share_outside']:.0%} of it outside of the window" if found["share_outside"] else ""
        verdict = "ABNORMAL" if self.abnormal else "normal"
        name = printable(str(self.file))
        return f"{name}  {verdict}  score {found['score']:.3f} (threshold {found['threshold']:.3f}){outside}"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("score")(score)


def score(
    paths: Annotated[list[Path], typer.Argument(help="Crops, or folders of them.", show_default=False)],
    model: Annotated[Path, typer.Option("--model", help="A folder that `canairy train` made.", show_default=False)],
    bank: Annotated[str | None, typer.Option("--bank", help="The asset, where the model knows several.")] = None,
    scale: Annotated[float | None, typer.Option("--scale", help="Kelvin a count; else the bank's own.")] = None,
    offset: Annotated[float | None, typer.Option("--offset", help="degC of count 0; else the bank's own.")] = None,
    map_: Annotated[Path | None, typer.Option("--map", help="Write anomaly maps into this folder.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Score crops by what a model learned to be normal.

    A file that cannot be read is told, the others go on, and the exit status is 1. A map is a 16-bit PNG of a
    quarter of the model's crop a side (56x56 of 224): a count of 8192 is a distance as high as the threshold, 0 is
    none, and 65535 is eight times it or more.
    """
    scorer = Scorer(model, bank, scale, offset)
    if map_ is not None:
        map_.mkdir(parents=True, exist_ok=True)
    failed = False
    for found in scorer.scores(paths):
        failed = failed or bool(found.error)
        _tell(found, json_)
        if map_ is not None and found.verdict is not None:
            _write_map(map_, found)
    if failed:
        raise typer.Exit(1)


class Scorer:
    """A model and one of its banks; `scale` and `offset_c` are the bank's own where they are not told."""

    def __init__(self, model: Path, bank: str | None, scale: float | None, offset_c: float | None) -> None:
        self._model = Served(model)
        self._number, self.bank = self._model.card.bank(bank)
        self._scale = self.bank.scale if scale is None else scale
        self._offset_c = self.bank.offset_c if offset_c is None else offset_c

    def scores(self, paths: Sequence[Path]) -> Iterator[Score]:
        """One answer a file, folders walked in order of their names."""
        for path in paths:
            files = crop_files(path)
            if not files:
                yield Score(path, self.bank, error="holds no picture")
            for file in files:
                yield self._score(file)

    def _score(self, file: Path) -> Score:
        try:
            crop = read_crop(file, self._scale, self._offset_c)
        except UnreadableFile as error:
            return Score(file, self.bank, error=str(error))
        if crop.scale.radiometric != self.bank.radiometric:
            kind = "temperatures" if crop.scale.radiometric else "an 8-bit picture"
            return Score(file, self.bank, error=f"{kind}; bank {self.bank.identifier} scores {self.bank.unit}")
        request = Request(crop.square(self._model.card.size_px), crop.scale, self._number)
        (verdict,) = self._model.score([request])
        if not math.isfinite(verdict.score):
            return Score(file, self.bank, error=f"no score follows from scale {self._scale}, offset {self._offset_c}")
        return Score(file, self.bank, verdict)


def _tell(found: Score, json_: bool) -> None:
    if json_:
        emit_json(found.to_json())
    elif found.error:
        remark(f"canairy: {printable(str(found.file))}: {printable(found.error)}")
    else:
        emit(found.to_text())


def _write_map(folder: Path, found: Score) -> None:
    """The map of one file, as FOLDER/NAME.map.png; two files of one name are told apart by their parent."""
    if found.verdict is None:
        return
    steps = found.verdict.map / found.bank.threshold * MAP_STEPS_A_THRESHOLD
    path = folder / f"{found.file.parent.name}-{found.file.name}.map.png"
    if not cv2.imwrite(str(path), np.clip(np.rint(steps), 0, 65535).astype(np.uint16)):
        raise ConfigurationError(f"{path}: the map cannot be written there")
