"""Simulated crops of one bushing, and small banks, for stories about PatchCore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.thermogram import KELVIN
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.simulator.script import CameraScript, Equipment
from training.patchcore.bank import Bank
from training.patchcore.crops import Crop, Scale
from training.patchcore.features import WIDTH
from training.patchcore.window import Window

Counts = npt.NDArray[np.uint16]

SCALE = Scale(SCALE_K, OFFSET_K, radiometric=True)
BUSHING = Equipment(278, 160, 44, 240, 12.0)
COLD_PART = Equipment(278, 230, 44, 60, -9.0)  # as of a bushing that lost its oil: cooler, nowhere hotter
ROWS, COLUMNS = slice(150, 410), slice(250, 350)
SIZE_PX = 64


def bushing(day: int, *, cold_part: bool = False, over_k: float = 0.0) -> Counts:
    """A simulated crop (260, 100): air at 15 to 21 degC by the day, sensor noise; a cold part when asked."""
    pieces = (BUSHING, COLD_PART) if cold_part else (BUSHING,)
    script = CameraScript("cam-1", 15.0 + day % 7, pieces)
    counts = Scene(script, seed=day).render(float(day))[ROWS, COLUMNS]
    return np.asarray(counts + np.uint16(round(over_k / SCALE_K)), np.uint16)


def normal_crops(count: int) -> list[Crop]:
    """Simulated crops of as many days."""
    return [Crop(bushing(day), SCALE) for day in range(count)]


def write_crop(path: Path, counts: npt.NDArray[np.integer[Any]]) -> Path:
    """A PNG of the array's own depth."""
    path.parent.mkdir(exist_ok=True, parents=True)
    assert cv2.imwrite(str(path), counts)
    return path


def write_normals(folder: Path, count: int = 12) -> Path:
    """A folder of simulated normal crops."""
    for day in range(count):
        write_crop(folder / f"{day:02}.png", bushing(day))
    return folder


def random_bank(identifier: str = "one", rows: int = 40, seed: int = 0, window: Window | None = None) -> Bank:
    """A bank of random rows about as far from each other as real ones, for crops of 64 px."""
    points = np.random.default_rng(seed).normal(0, 2, (rows, WIDTH)).astype(np.float32)
    return Bank(identifier, points, window or Window(KELVIN, KELVIN + 50), SIZE_PX)
