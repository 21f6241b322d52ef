"""A simulated bushing in a frame, its site, and models that know it: a sound one, and two that are not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from canairy.messages.detections import Region, RegionKind
from canairy.messages.frame import Frame
from canairy.messages.thermogram import Thermogram
from canairy.models.card import FILE, sha256_of
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.simulator.script import CameraScript
from services.detection.picture import Picture
from services.detection.regions import registered
from tests.acceptance.helpers.command import canairy
from tests.helpers.frames import camera, header, site
from tests.helpers.patchcore import BUSHING, SIZE_PX, bushing, write_normals

Counts = npt.NDArray[np.uint16]

BANK: Final = "bushings"
# Corners of regions in a frame of 640x512 pixels: whole, over the lower edge, two pixels within the right one, outside.
REGIONS: Final = {
    "whole": (250, 150, 349, 409),
    "cut": (250, 380, 349, 700),
    "sliver": (638, 150, 700, 409),
    "gone": (700, 150, 760, 409),
}


def outlined(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    left, top, right, bottom = REGIONS[name]
    region = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"id": name, "equipment": "0102", "region": region} | more


SITE = site(
    camera(
        views=[
            {
                "id": "cam-01-view",
                "assets": [
                    *(outlined(name, anomaly={"bank": BANK}) for name in REGIONS),
                    outlined("whole") | {"id": "plain"},
                ],
            }
        ]
    )
)
ASSETS = {asset.id: asset for asset in SITE.assets}
FRAME = Scene(CameraScript("cam-1", 16.0, (BUSHING,)), seed=3).render(3.0)


def told(asset: str, counts: Counts) -> Region:
    """A region of a crop."""
    return Region(asset, RegionKind.REGISTERED, 250, 150, Thermogram.of(counts, SCALE_K, OFFSET_K))


def drawn(asset: str) -> Region:
    """A region as detection cuts it out of the frame."""
    return registered(ASSETS[asset], Picture.of(Frame(header(), Thermogram.of(FRAME, SCALE_K, OFFSET_K))))


@cache
def pair(day: int) -> Sequence[Region]:
    """One asset that has a memory bank, and one that has none."""
    return [told("whole", bushing(day)), told("plain", bushing(day))]


def write_models(folder: Path) -> Path:
    """A repository of three: `patchcore` as the command trains it, and two copies whose cards are true of them.

    In `endless` a number in each row of the memory bank is too large to be squared; of `narrow` the queue holds as many
    requests as one service sends at once, and a few more.
    """
    normal, models = write_normals(folder / "normal", 24), folder / "models"
    size = ("--size", str(SIZE_PX), "--coreset", "0.05")
    done = canairy(
        "train", "patchcore", "--normal", str(normal), "--out", str(models / "patchcore"), "--bank", BANK, *size
    )
    assert done.returncode == 0, done.stderr
    _changed(models, "endless", partial(_with_number, begins="banks", number=3e38, everywhere=True))
    _changed(models, "narrow", _with_a_short_queue)
    return models


def write_broken(models: Path, repository: Path, begins: str) -> None:
    """A repository whose `broken` is `patchcore` with one NaN in its first weights whose name begins so."""
    shutil.copytree(models / "patchcore", repository / "patchcore")
    _changed(repository, "broken", partial(_with_number, begins=begins, number=np.nan, everywhere=False))


def _changed(models: Path, name: str, change: Callable[[Path], None]) -> None:
    """A copy of the model with a change, and a card and a configuration that are true of it."""
    model = models / name
    shutil.copytree(models / "patchcore", model)
    change(model)
    card, config = json.loads((model / FILE).read_text()), (model / "config.pbtxt").read_text()
    digest = sha256_of(model / "1/model.onnx")
    (model / "config.pbtxt").write_text(config.replace(card["sha256"], digest).replace('"patchcore"', f'"{name}"'))
    (model / FILE).write_text(json.dumps(card | {"name": name, "sha256": digest}))


def _with_number(model: Path, begins: str, number: float, *, everywhere: bool) -> None:
    """Of the first weights whose name begins so one number is another, or the first of each row."""
    graph = onnx.load_model(model / "1/model.onnx")
    weight = next(it for it in graph.graph.initializer if it.name.startswith(begins) and len(it.dims) > 2)
    values = numpy_helper.to_array(weight).copy()
    broken = values[..., 0] if everywhere else values.reshape(-1)[:1]
    broken[...] = number
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(graph, model / "1/model.onnx")


def _with_a_short_queue(model: Path) -> None:
    """No batches of requests, so that all that is asked waits."""
    config = model / "config.pbtxt"
    text = config.read_text().replace("max_queue_size: 256", "max_queue_size: 6")
    config.write_text(text.replace("max_batch_size: 16", "max_batch_size: 8"))
