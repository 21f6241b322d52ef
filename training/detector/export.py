"""A model folder as Triton serves it: MODEL/config.pbtxt, MODEL/configs, MODEL/1/model.onnx, MODEL/card.json."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError
from canairy.models.card import FILE, sha256_of, write_card
from canairy.models.detector_card import GRAPH, Card
from canairy.simulator.yard.pieces import LABELS
from training.detector.configuration import configuration_by
from training.detector.evaluate import evaluate
from training.detector.graph import build_graph
from training.detector.picture import HIGH_K, LOW_K
from training.detector.pictures import Progress
from training.detector.plan import Plan
from training.detector.served import Session
from training.detector.weights import Weights, convolutions

_PACKAGES: Final = ("canairy", "numpy", "onnx", "onnxruntime", "opencv-python-headless")


def write_model(
    model: Path,
    weights: Weights,
    plan: Plan,
    command: str,
    held_out: int,
    torch_version: str,
    progress: Progress = lambda *_: None,
) -> Card:
    """Build the graph, measure it on `held_out` simulated frames, and write the folder as a whole or not at all.

    Raises:
        ConfigurationError: weights that cannot be used, or a folder there that is no model.
    """
    if model.exists() and any(model.iterdir()) and not (model / FILE).is_file():
        raise ConfigurationError(f"{model}: holds something else than a model: give another folder")
    content = build_graph(weights, LABELS, plan.size).SerializeToString()
    quality = evaluate(Session(content), plan.seed, held_out, progress)
    model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{model.name}.", dir=model.parent) as above:
        folder = Path(above) / model.name
        (folder / "1").mkdir(parents=True)
        (folder / GRAPH).write_bytes(content)
        digest = sha256_of(folder / GRAPH)
        card = Card(
            name=model.name,
            sha256=digest,
            labels=LABELS,
            window_k=(LOW_K, HIGH_K),
            size=str(plan.size),
            parameters=sum(layer.parameters for layer in convolutions(len(LABELS))),
            trained_on=f"simulated, series {plan.seed} of canairy/simulator/yard/scenes.py",
            frames=plan.frames,
            epochs=plan.epochs,
            seed=plan.seed,
            command=command,
            quality=quality,
            versions={name: version(name) for name in _PACKAGES} | {"torch": torch_version},
        )
        write_card(folder, card)
        configuration_by(card).write(folder)
        if model.exists():
            shutil.rmtree(model)
        folder.rename(model)
    return card
