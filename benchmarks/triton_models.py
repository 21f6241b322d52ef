"""What `benchmarks.triton` can serve: the fixed reference network, the detector and the PatchCore of a repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from google.protobuf import json_format, text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from benchmarks import triton_network
from canairy.models.card import read_card
from canairy.triton.ports import Tensors

DETECTOR: Final = "detector"
PATCHCORE: Final = "patchcore"


@dataclass(frozen=True, slots=True)
class Subject:
    """A model in a repository, and its inputs for one crop (the work is the same for any)."""

    name: str
    repository: Path
    crop: Tensors

    @property
    def file(self) -> Path:
        """Its graph."""
        return self.repository / self.name / "1/model.onnx"

    def lay_down(self, folder: Path) -> list[Path]:
        """What `benchmarks.triton_bare` reads: the configuration in JSON and the crop."""
        text = (self.repository / self.name / "config.pbtxt").read_text(encoding="utf-8")
        config = json_format.MessageToDict(text_format.Parse(text, ModelConfig()), preserving_proto_field_name=True)
        files = [folder / "config.json", folder / "crop.npz"]
        files[0].write_text(json.dumps(config), encoding="utf-8")
        np.savez(files[1], **self.crop)  # type: ignore[arg-type] # names of arrays, none of them is an option
        return files


def reference(folder: Path, _repository: Path) -> Subject:
    """MobileNetV2's shape, written below `folder`; 16-bit noise."""
    triton_network.write_repository(folder)
    side = triton_network.SIDE
    counts = np.random.default_rng(0).integers(0, 65_535, (1, side, side), np.uint16)
    return Subject(triton_network.NAME, folder, {"counts": counts})


def detector(_folder: Path, repository: Path) -> Subject:
    """A detector; noise of 280 to 330 K, 0.01 K a count, in which it finds nothing or little."""
    return Subject(DETECTOR, repository, _noise(512, 640))


def patchcore(_folder: Path, repository: Path) -> Subject:
    """A PatchCore; noise of 280 to 330 K, 0.01 K a count, against its first bank."""
    size = read_card(repository / PATCHCORE).size_px
    return Subject(PATCHCORE, repository, {**_noise(size, size), "bank": np.zeros((1, 1), np.int32)})


def _noise(height: int, width: int) -> Tensors:
    counts = np.random.default_rng(0).integers(28_000, 33_000, (1, height, width), np.uint16)
    return {"counts": counts, "scale_k": np.array([[0.01]], np.float32), "offset_k": np.array([[0.0]], np.float32)}


# By name: made in a folder, or taken from a repository.
SUBJECTS: Final[dict[str, Callable[[Path, Path], Subject]]] = {
    triton_network.NAME: reference,
    DETECTOR: detector,
    PATCHCORE: patchcore,
}
