"""Normal crops of the demo's radiator, simulated: `python -m training.demo_crops --out DIR [--count 200] [--seed 1]`.

What the model of `make demo` learns from (model_repository/patchcore): the same camera and radiator on other days, with
cooler and warmer air and oil, other noise, and a camera that has moved by a pixel or two. Writes 16-bit PNG, 0.01 K a
count from 0 K.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from canairy.simulator.demo import DEMO, radiator
from canairy.simulator.scene import Scene

# Of deploy/local/demo-site.yaml: corners of the region of tr-301-radiator, pixels.
LEFT, TOP, RIGHT, BOTTOM = 516, 252, 632, 422
AIR_C: Final = (10.0, 26.0)
OIL_K: Final = (11.0, 17.0)
MOVES_PX: Final = 2


def normal_crops(count: int, seed: int) -> Iterator[npt.NDArray[np.uint16]]:
    """Crops uint16 (170, 116) of an undisturbed radiator, 0.01 K a count."""
    camera = DEMO.cameras[0]
    generator = np.random.default_rng(seed)
    for _ in range(count):
        air_c, oil_k = float(generator.uniform(*AIR_C)), float(generator.uniform(*OIL_K))
        scene = Scene(replace(camera, air_c=air_c, fins=radiator(oil_k)), seed=int(generator.integers(2**31)))
        x, y = (int(moved) for moved in generator.integers(-MOVES_PX, MOVES_PX + 1, 2))
        yield scene.render(float(generator.uniform(0, 3600)))[TOP + y : BOTTOM + y, LEFT + x : RIGHT + x]


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description="normal crops of the demo's radiator, simulated")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number, crop in enumerate(normal_crops(arguments.count, arguments.seed)):
        path = arguments.out / f"radiator-{number:04d}.png"
        if not cv2.imwrite(str(path), crop):
            raise ConfigurationError(f"{path} cannot be written")


if __name__ == "__main__":
    main()
