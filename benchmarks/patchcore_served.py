"""Is the served graph PatchCore? `python -m benchmarks.patchcore_served` holds it to the NumPy reference.

520 recorded crops, half of them in the bank's own fit and half not, are asked of Triton one by one and in batches of
eight, and run in ONNX Runtime and in OpenVINO. Differences are told as shares of the bank's threshold. The reference
takes the taps from ONNX Runtime; on the first crops it also computes the backbone itself, in float64. Prints JSON and
writes its section of patchcore.md; exits 1 when a difference passes 1e-3.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import openvino

from benchmarks.patchcore_data import archive, unpack
from benchmarks.patchcore_page import machine, put_section
from benchmarks.patchcore_pv import train
from canairy.models.card import read_card
from canairy.triton.client import TritonClient
from canairy.triton.ports import Tensors
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton
from training.backbone.plain import run_plain
from training.backbone.runner import GRAPH, Backbone, open_session
from training.patchcore.bank import Bank
from training.patchcore.crops import Crop, crop_files, read_crop
from training.patchcore.reference import Reference
from training.patchcore.served import OUTPUTS, Request, inputs_of
from training.patchcore.store import MODEL, read_banks

LIMIT: Final = 1e-3
SIZE_PX: Final = 224
CORES: Final = len(os.sched_getaffinity(0))
DEADLINE_S: Final = 30.0
HALF: Final = 260
PLAIN: Final = 12
BATCH: Final = 8

Answers = dict[str, npt.NDArray[np.float32]]


def differences(model: Path, fitted: Sequence[Crop], others: Sequence[Crop]) -> dict[str, float]:
    """The largest differences of a model of one bank, as shares of its threshold; `fitted` are crops of its own fit."""
    card = read_card(model)
    (bank,) = read_banks(model, card)
    squares = [(crop.square(card.size_px), crop.scale) for crop in (*fitted[:HALF], *others[:HALF])]
    requests = [Request(counts, scale, 0) for counts, scale in squares]
    one, eight = _served(model, requests)
    graph = model / MODEL
    bare, other_runtime = _onnxruntime(graph, requests, BATCH), _openvino(graph, requests, BATCH)
    truth = _reference(Reference(bank, Backbone()), requests)
    plain = _reference(_plain(bank), requests[:PLAIN])
    share = 1 / card.banks[0].threshold
    return {
        "crops": len(requests),
        "in_the_bank": len(fitted[:HALF]),
        "rows": len(bank.rows),
        "threshold": card.banks[0].threshold,
        "served_vs_reference": _largest(one, truth) * share,
        "served_vs_reference_float64_backbone": _largest(_first(one, PLAIN), plain) * share,
        "batch_8_vs_1": _largest(eight, one) * share,
        "onnxruntime_vs_reference": _largest(bare, truth) * share,
        "openvino_vs_onnxruntime": _largest(other_runtime, bare) * share,
    }


def of_folders(model: Path, folders: Mapping[str, Path]) -> dict[str, float]:
    """The same, of crops as `patchcore_data.unpack` lays them down: of those not in the fit, every other is faulty."""
    crops = {part: [read_crop(file, 1.0, 0.0) for file in crop_files(folders[part])] for part in folders}
    others = [crop for pair in zip(crops["normal"], crops["faulty"], strict=False) for crop in pair]
    return differences(model, crops["fit"], others)


def _served(model: Path, requests: Sequence[Request]) -> tuple[Answers, Answers]:
    """What Triton answers to requests of one crop, and of a batch of them."""
    repository, name = model.parent, model.name
    with tempfile.TemporaryDirectory() as folder:
        at = Triton(ensure_triton(), repository, Path(folder), [name])
        with at, TritonClient(at.address, DEADLINE_S) as client:
            ask = partial(client.infer, name)
            one, eight = (_batched(lambda inputs: _in_order(ask(inputs)), requests, size) for size in (1, BATCH))
    return one, eight


def _in_order(outputs: Tensors) -> list[npt.NDArray[Any]]:
    return [outputs[name] for name in OUTPUTS]


def _onnxruntime(model: Path, requests: Sequence[Request], batch: int) -> Answers:
    session = open_session(model)
    return _batched(lambda inputs: session.run(list(OUTPUTS), inputs), requests, batch)


def _openvino(model: Path, requests: Sequence[Request], batch: int) -> Answers:
    compiled = openvino.compile_model(str(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return _batched(lambda inputs: [compiled(inputs)[name] for name in OUTPUTS], requests, batch)


def _batched(run: Any, requests: Sequence[Request], batch: int) -> Answers:  # noqa: ANN401 - either runtime
    parts = [run(inputs_of(requests[begin : begin + batch])) for begin in range(0, len(requests), batch)]
    return {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(OUTPUTS)}


def _plain(bank: Bank) -> Reference:
    backbone = onnx.load_model(GRAPH)
    return Reference(bank, lambda picture: list(run_plain(backbone, picture).values()))


def _reference(reference: Reference, requests: Sequence[Request]) -> Answers:
    # NumPy lets go of the interpreter's lock in what takes its time here.
    with ThreadPoolExecutor(CORES) as threads:
        found = list(threads.map(lambda request: reference.score(request.counts, request.scale), requests))
    return {
        "score": np.array([[verdict.score] for verdict in found], np.float32),
        "map": np.array([verdict.map for verdict in found], np.float32),
        "share_outside": np.array([[verdict.share_outside] for verdict in found], np.float32),
    }


def _first(answers: Answers, count: int) -> Answers:
    return {name: values[:count] for name, values in answers.items()}


def _largest(one: Answers, other: Answers) -> float:
    """Of scores and maps, NaN where one holds a NaN; the share outside must be the same to a pixel."""
    if not np.abs(one["share_outside"] - other["share_outside"]).max() <= 1e-6:
        return float("inf")
    return float(np.max([np.abs(one[name] - other[name]).max() for name in ("score", "map")]))


def section(figures: Mapping[str, float], where: str) -> str:
    """The section of the page, Markdown."""
    rows = [f"| `{name}` | {value:.1e} | {LIMIT} |" for name, value in figures.items() if "vs" in name]
    heading = f"""`python -m benchmarks.patchcore_served`: {figures["crops"]} recorded crops of `pv-modules.zip`,
half of them in the bank's own fit; the largest difference of any score or map pixel, as a share of the threshold
({figures["threshold"]:.2f}). 224 px, {figures["rows"]} rows.
{where}

| | difference | limit |
|---|---|---|"""
    ending = f"""
Served is what Triton answers to requests of one crop; `batch_8_vs_1` are requests of eight against these. The
reference is float64 NumPy, every distance by subtraction (`training/patchcore/reference.py`), on the taps of ONNX
Runtime; in the second row it computes the backbone itself too, on {PLAIN} crops. OpenVINO is told to compute in
float32, as config.pbtxt tells Triton; bfloat16 was not tried here.
"""
    return "\n".join([heading, *rows, ending])


def main() -> None:
    """Train, measure, print, write the page, and fail when a difference passes the limit."""
    found = archive()
    if found is None:
        print("benchmarks.patchcore_served: skipped: CANAIRY_TEST_DATA names no folder with pv-modules.zip in it")
        return
    with tempfile.TemporaryDirectory() as place:
        folders = unpack(found, Path(place))
        train(folders["fit"], Path(place) / "models/pv", SIZE_PX)
        figures = of_folders(Path(place) / "models/pv", folders)
    print(json.dumps(figures, indent=2))
    put_section("The served graph", section(figures, measured_on()))
    # A NaN is under no limit.
    if not all(value <= LIMIT for name, value in figures.items() if "vs" in name):
        sys.exit(f"a difference passes {LIMIT} of the threshold")


def measured_on() -> str:
    """The machine, for the section."""
    return machine("onnxruntime", "openvino", "numpy")


if __name__ == "__main__":
    main()
