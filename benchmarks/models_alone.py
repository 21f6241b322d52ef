"""How many frames a second the two models do by themselves, asked in Triton without a pause.

The frames and crops are those of `benchmarks.model_sites`: a frame is one request to the detector, and its crops are
one to PatchCore, as `anomaly` asks. Two ways are tried, at each concurrency: both models at once, their requests mixed
as the frames come, and one model after the other, each at its own best. The fastest counts.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.machine import difference
from benchmarks.model_sites import ASSETS_PX, BANK, SOURCE
from benchmarks.triton_cpu import models_cpu_s, used_by
from benchmarks.triton_models import DETECTOR, PATCHCORE
from canairy.models.card import Card, read_card
from canairy.models.square import squared
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import OFFSET_K, SCALE_K, Counts, Scene
from canairy.triton.client import Pending, TritonClient
from canairy.triton.ports import Tensors
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton

CONCURRENCIES: Final = (1, 2, 4, 8, 16)
SECONDS: Final = 2.5
WARM_UP_S: Final = 0.5
# Rendered before the clock starts.
RENDERED: Final = 16
DEADLINE_S: Final = 30.0
# Requests: one to each model.
A_FRAME: Final = 2


class Asked(NamedTuple):
    """One request: which model, and its inputs."""

    model: str
    inputs: Tensors


@dataclass(frozen=True, slots=True)
class Alone:
    """Rates by concurrency: of whole frames with both models asked at once, and of each model's own requests."""

    compared: int
    mixed_frames_per_s: Mapping[int, float]
    detector_frames_per_s: Mapping[int, float]
    patchcore_crops_per_s: Mapping[int, float]
    # Of the models' processes, at the best concurrency of the mixed way.
    cpu_ms_a_frame: Mapping[str, float]

    @property
    def in_turn_frames_per_s(self) -> float:
        """One model after the other, each at its best concurrency."""
        detector, patchcore = max(self.detector_frames_per_s.values()), max(self.patchcore_crops_per_s.values())
        return 1 / (1 / detector + self.compared / patchcore)

    @property
    def frames_per_s(self) -> float:
        """The better of the two ways."""
        return max(self.in_turn_frames_per_s, *self.mixed_frames_per_s.values())

    def figures(self) -> dict[str, object]:
        """For results.json."""
        return {
            "frames_per_s": round(self.frames_per_s, 1),
            "in_turn_frames_per_s": round(self.in_turn_frames_per_s, 1),
            "mixed_frames_per_s": _rounded(self.mixed_frames_per_s),
            "detector_frames_per_s": _rounded(self.detector_frames_per_s),
            "patchcore_crops_per_s": _rounded(self.patchcore_crops_per_s),
            "cpu_ms_a_frame": _rounded(self.cpu_ms_a_frame),
        }


def measure(repository: Path, compared: Sequence[int], seconds: float = SECONDS) -> dict[int, Alone]:
    """What the models of a repository do, by the number of assets that are compared in a frame."""
    card, frames = read_card(repository / PATCHCORE), _rendered()
    with tempfile.TemporaryDirectory() as folder:
        at = Triton(ensure_triton(), repository, Path(folder), [DETECTOR, PATCHCORE])
        with at, TritonClient(at.address, DEADLINE_S) as client:
            asking = _Asking(at, client, seconds)
            detector = asking.ladder([_shown(counts) for counts in frames])
            patchcore = asking.ladder([_crops(counts, card, len(ASSETS_PX)) for counts in frames])
            mixes = {count: [it for counts in frames for it in _all_of(counts, card, count)] for count in compared}
            return {count: _alone(count, detector, patchcore, asking.ladder(mix)) for count, mix in mixes.items()}


def _alone(compared: int, detector: Sequence[_Rung], patchcore: Sequence[_Rung], mixed: Sequence[_Rung]) -> Alone:
    best = max(mixed, key=lambda rung: rung.per_s)
    return Alone(
        compared,
        {rung.concurrency: rung.per_s / A_FRAME for rung in mixed},
        {rung.concurrency: rung.per_s for rung in detector},
        {rung.concurrency: rung.per_s * len(ASSETS_PX) for rung in patchcore},
        {model: 1000 * cpu_s * A_FRAME / best.answered for model, cpu_s in best.cpu_s.items()},
    )


class _Rung(NamedTuple):
    """Requests that were answered at a concurrency, in which time, and the CPU seconds of each model."""

    concurrency: int
    answered: int
    took_s: float
    cpu_s: dict[str, float]

    @property
    def per_s(self) -> float:
        return self.answered / self.took_s


class _Asking:
    """Asks a Triton without a pause, for some seconds at each concurrency."""

    def __init__(self, at: Triton, client: TritonClient, seconds: float) -> None:
        self._at = at
        self._client = client
        self._seconds = seconds

    def ladder(self, requests: Sequence[Asked]) -> list[_Rung]:
        return [self._rung(requests, concurrency) for concurrency in CONCURRENCIES]

    def _rung(self, requests: Sequence[Asked], concurrency: int) -> _Rung:
        answers = self._answers(itertools.cycle(requests), concurrency)
        _taken(answers, WARM_UP_S)
        before = used_by(self._at)
        answered, took_s = _taken(answers, self._seconds)
        used = difference(used_by(self._at), before)
        answers.close()
        return _Rung(concurrency, answered, took_s, models_cpu_s(used))

    def _answers(self, requests: Iterator[Asked], concurrency: int) -> Generator[Tensors]:
        """Answers without an end, in the order of the requests; what is still on its way is waited for at the end."""
        waiting: deque[Pending] = deque(self._client.submit(*next(requests)) for _ in range(concurrency))
        try:
            while True:
                yield waiting.popleft().result()
                waiting.append(self._client.submit(*next(requests)))
        finally:
            for answer in waiting:
                answer.result()


def _taken(answers: Iterator[Tensors], seconds: float) -> tuple[int, float]:
    """How many answers came within some seconds, and how many seconds it were."""
    began, answered = time.monotonic(), 0
    while (took_s := time.monotonic() - began) < seconds:
        next(answers)
        answered += 1
    return answered, took_s


def _rendered() -> list[Counts]:
    scene = Scene(camera_script(SOURCE, "alone"))
    return [scene.render(number / 2) for number in range(RENDERED)]


def _all_of(counts: Counts, card: Card, compared: int) -> list[Asked]:
    """All that is asked about a frame."""
    return [_shown(counts), _crops(counts, card, compared)]


def _shown(counts: Counts) -> Asked:
    """A whole frame, to the detector."""
    return Asked(DETECTOR, {"counts": counts[None], **_scale()})


def _crops(counts: Counts, card: Card, compared: int) -> Asked:
    """The crops of some assets, to PatchCore, made square as `anomaly` does it."""
    cut = [counts[y : y + height, x : x + width] for x, y, width, height in ASSETS_PX[:compared]]
    bank = np.full((compared, 1), card.bank(BANK)[0], np.int32)
    scale = {name: np.repeat(value, compared, axis=0) for name, value in _scale().items()}
    return Asked(PATCHCORE, {"counts": np.stack([squared(crop, card.size_px) for crop in cut]), **scale, "bank": bank})


def _scale() -> dict[str, npt.NDArray[np.float32]]:
    return {"scale_k": np.array([[SCALE_K]], np.float32), "offset_k": np.array([[OFFSET_K]], np.float32)}


def _rounded(rates: Mapping[Any, float]) -> dict[Any, float]:
    return {key: round(rate, 1) for key, rate in rates.items()}
