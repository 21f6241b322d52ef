"""From a frame's counts to the network's picture: a fixed temperature window, the same for every frame.

It is never stretched to a frame's own extremes: then the hottest piece of every picture would look alike, and the
network could not tell a warm joint from a burning one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from canairy.models import detector_card
from training.detector.architecture import LARGEST_STRIDE

FRAME_WIDTH, FRAME_HEIGHT = detector_card.FRAME_WIDTH, detector_card.FRAME_HEIGHT
# -20 to 120 degC: outdoor air to well past the 90 degC at which DL/T 664 calls a metal joint serious. A clear sky is
# colder and some faults are hotter; both are held at the ends, where nothing more has to be told apart.
LOW_K: Final = 253.15
HIGH_K: Final = 393.15


@dataclass(frozen=True, slots=True)
class Size:
    """Of the network's picture, pixels."""

    width: int = 320
    height: int = 256

    def __post_init__(self) -> None:
        if min(self.width, self.height) < LARGEST_STRIDE or self.width % LARGEST_STRIDE or self.height % LARGEST_STRIDE:
            raise ConfigurationError(
                f"size {self.width}x{self.height}: both must be multiples of {LARGEST_STRIDE}, as in 320x256"
            )

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, text: str) -> Size:
        """From WIDTHxHEIGHT.

        Raises:
            ConfigurationError: not of that form, or not multiples of 32.
        """
        width, _, height = text.partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise ConfigurationError(f"size {text!r}: give WIDTHxHEIGHT in pixels, as in 320x256")
        return cls(int(width), int(height))


def to_picture(counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float, size: Size) -> npt.NDArray[np.float32]:
    """uint16 (512, 640), kelvin = count * scale_k + offset_k, to float32 (height, width): 0 at -20 degC, 1 at 120 degC.

    Resized by linear interpolation between pixel centres, which for half the size is the mean of 2x2; then held
    within the window. The served graph does the same.
    """
    smaller = cv2.resize(counts.astype(np.float32), (size.width, size.height), interpolation=cv2.INTER_LINEAR)
    place = (smaller * np.float32(scale_k) + np.float32(offset_k - LOW_K)) / np.float32(HIGH_K - LOW_K)
    return np.clip(place, 0, 1).astype(np.float32)
