"""From normal crops to a bank and its threshold: features, held-out scores, coreset. Memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from training.backbone.network import STRIDE
from training.backbone.runner import Backbone
from training.patchcore.bank import FEWEST_ROWS, Bank
from training.patchcore.calibrate import Threshold, parts_to_hold_out, threshold_of
from training.patchcore.coreset import greedy_coreset
from training.patchcore.crops import Crop
from training.patchcore.features import PATCH_PX, WIDTH, patch_features
from training.patchcore.nearest import Scorer
from training.patchcore.window import GREY, Window, to_picture, window_of

Features = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]

BATCH: Final = 8
SMALLEST_PX, LARGEST_PX = 64, 448


@dataclass(frozen=True, slots=True)
class Plan:
    """How a bank is made.

    `share` of the patches become rows, at most `most_rows`; of more than `most_patches` a random part is looked at
    (1,000,000 patches are 608 MB of features).
    """

    size_px: int = 224
    share: float = 0.01
    seed: int = 0
    window: Window | None = None
    most_rows: int = 10_000
    most_patches: int = 1_000_000

    def __post_init__(self) -> None:
        if self.size_px % (2 * STRIDE) or not SMALLEST_PX <= self.size_px <= LARGEST_PX:
            raise ConfigurationError(
                f"size {self.size_px} px: a multiple of {2 * STRIDE} from {SMALLEST_PX} to {LARGEST_PX} is needed"
            )
        if not 0 < self.share <= 1:
            raise ConfigurationError(f"coreset {self.share}: a share above 0 and at most 1 is needed")

    def rows_of(self, patches: int) -> int:
        """How many of so many patches are kept."""
        return min(max(round(self.share * patches), FEWEST_ROWS), self.most_rows, patches)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A bank, its threshold, and what they were made of."""

    bank: Bank
    threshold: Threshold
    crops: int
    patches: int
    radius: float


def fit(
    identifier: str, crops: Sequence[Crop], plan: Plan, backbone: Backbone, progress: Progress = lambda *_: None
) -> Fitted:
    """Make a bank of normal crops, all of one kind.

    Raises:
        ConfigurationError: they are all one temperature, or do not differ enough to learn from.
    """
    window = plan.window or common_window(crops)
    features = _features(crops, window, plan, backbone, progress)
    threshold = _calibrated(features, plan, progress)
    patches = features.reshape(-1, WIDTH)
    rows, radius = _coreset(patches, plan, partial(progress, "coreset"))
    return Fitted(Bank(identifier, rows, window, plan.size_px), threshold, len(crops), len(patches), radius)


def common_window(crops: Sequence[Crop]) -> Window:
    """One window for all: by their temperatures, or black to white of 8-bit pictures."""
    extremes = [
        tuple(float(count) * crop.scale.scale + crop.scale.offset for count in (crop.counts.min(), crop.counts.max()))
        for crop in crops
    ]
    found = window_of([(low, high) for low, high in extremes])
    return found if crops[0].scale.radiometric else GREY


def _features(crops: Sequence[Crop], window: Window, plan: Plan, backbone: Backbone, progress: Progress) -> Features:
    """Patch features (crops, kept patches, D): all patches, or as many of each crop as memory may hold."""
    grid = (plan.size_px // PATCH_PX) ** 2
    kept = max(1, min(grid, plan.most_patches // len(crops)))
    generator = np.random.default_rng(plan.seed)
    features = np.empty((len(crops), kept, WIDTH), np.float32)
    for begin in range(0, len(crops), BATCH):
        batch = crops[begin : begin + BATCH]
        for place, found in enumerate(patch_features(backbone(pictures(batch, window, plan.size_px)))):
            chosen = found if kept == grid else found[np.sort(generator.choice(grid, kept, replace=False))]
            features[begin + place] = chosen
        progress("features", begin + len(batch), len(crops))
    return features


def pictures(crops: Sequence[Crop], window: Window, size_px: int) -> Features:
    """Crops as the backbone takes them, float32 (B, 1, S, S)."""
    values = [crop.square(size_px) * np.float64(crop.scale.scale) + crop.scale.offset for crop in crops]
    return to_picture(np.stack(values), window)[:, None].astype(np.float32)


def _calibrated(features: Features, plan: Plan, progress: Progress) -> Threshold:
    scores = [score for part in _held_out(features, plan, progress) for score in part]
    return threshold_of(np.array(scores, np.float64))


def _held_out(features: Features, plan: Plan, progress: Progress) -> Iterator[list[float]]:
    """Scores of the crops that are held out, part by part."""
    parts = parts_to_hold_out(len(features), plan.seed)
    for number, part in enumerate(parts):
        others = np.delete(features, part, axis=0).reshape(-1, WIDTH)
        stage = f"coreset without part {number + 1} of {len(parts)}"
        rows, _ = _coreset(others, plan, partial(progress, stage))
        scorer = Scorer(rows)
        yield [scorer.score(features[crop]) for crop in part]


def _coreset(patches: Features, plan: Plan, progress: Callable[[int, int], None]) -> tuple[Features, float]:
    first = int(np.random.default_rng(plan.seed).integers(len(patches)))
    found = greedy_coreset(patches, plan.rows_of(len(patches)), first, progress)
    if len(found.picks) < FEWEST_ROWS:
        raise ConfigurationError(
            f"only {len(found.picks)} patches of the normal crops differ, {FEWEST_ROWS} are needed: are they pictures?"
        )
    return patches[found.picks], found.radius
