"""What could not be scored is left out, as if it had not been in the frame; all else is flagged and goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.anomaly import handler
from services.anomaly.crops import Crops
from tests.chaos.radiator import ASSET
from tests.chaos.variants.mid_batch import run

SHIPPED: Final = vars(handler)["_unscored"]


def without(crops: Crops) -> Crops:
    """The frame, flagged, less the asset that has a memory bank."""
    flagged: Crops = SHIPPED(crops)
    left = [
        (region, pixels)
        for region, pixels in zip(flagged.detections.regions, flagged.pixels, strict=True)
        if region.asset != ASSET
    ]
    regions, pixels = tuple(region for region, _ in left), tuple(pixels for _, pixels in left)
    return Crops(replace(flagged.detections, regions=regions), pixels)


if __name__ == "__main__":
    # Where the step looks for it.
    vars(handler)["_unscored"] = without
    run()
