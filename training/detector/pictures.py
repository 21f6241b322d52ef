"""Simulated frames made ready for training: pictures of the network's size in half precision, boxes in their pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canairy.simulator.yard.scenes import SimulatedFrame, simulate
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH, Size, to_picture
from training.detector.precision import Boxes

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """`picture` float16 (H, W), 0 to 1; the truth in its pixels: `boxes` float32 (G, 4) centre x, y, width, height."""

    picture: npt.NDArray[np.float16]
    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def flipped(self) -> Lesson:
        """Left for right: a yard has no preferred side."""
        boxes = self.boxes.copy()
        boxes[:, 0] = self.picture.shape[1] - boxes[:, 0]
        return Lesson(self.picture[:, ::-1], boxes, self.labels)

    def halved(self) -> Lesson:
        """At half the size: means of 2x2 pixels."""
        height, width = self.picture.shape
        smaller = (
            self.picture.astype(np.float32).reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3), dtype=np.float32)
        )
        return Lesson(smaller.astype(np.float16), self.boxes * np.float32(0.5), self.labels)

    def ranged(self) -> Lesson:
        """As a camera that prints 8-bit pictures shows it: stretched from its coldest to its hottest pixel."""
        picture = self.picture.astype(np.float32)
        low, high = picture.min(), picture.max()
        steps = np.rint((picture - low) * (255 / max(float(high - low), 1e-6)))
        return Lesson((steps / 255).astype(np.float16), self.boxes, self.labels)


def truth_of(frame: SimulatedFrame) -> Boxes:
    """The true boxes of a frame in its own pixels."""
    boxes = np.array([(s.box.x, s.box.y, s.box.width, s.box.height) for s in frame.seen], np.float32).reshape(-1, 4)
    return Boxes(boxes, np.array([s.label for s in frame.seen], np.int32), np.ones(len(boxes), np.float32))


def lesson_of(frame: SimulatedFrame, size: Size) -> Lesson:
    """A frame as the network will see it."""
    truth = truth_of(frame)
    smaller = np.array([size.width / FRAME_WIDTH, size.height / FRAME_HEIGHT] * 2, np.float32)
    boxes = truth.boxes.copy()
    boxes[:, :2] += boxes[:, 2:] / 2
    picture = to_picture(frame.counts, frame.scale_k, frame.offset_k, size)
    return Lesson(picture.astype(np.float16), boxes * smaller, truth.labels.astype(np.int64))


def lessons(seed: int, count: int, size: Size, progress: Progress = lambda *_: None) -> list[Lesson]:
    """Frames 0 to count - 1 of a series; 160 kB each at 320x256."""
    made = []
    for number in range(count):
        made.append(lesson_of(simulate(seed, number), size))
        progress("frames", number + 1, count)
    return made
