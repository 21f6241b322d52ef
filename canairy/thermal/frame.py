"""What any thermal file is read to: temperatures, and what is known of how they came about."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.radiometry import Celsius, ObjectParameters, Radiometry


@dataclass(frozen=True, slots=True)
class LinearScale:
    """Degrees Celsius = count * scale_k + offset_c."""

    scale_k: float
    offset_c: float


@dataclass(frozen=True, slots=True)
class ThermalFrame:
    """`celsius` is float32 (height, width), degrees Celsius, all of them possible as a thermal file is read.

    Where they were read off colours, or a mask lies over them, NaN stands for no temperature.

    `kind` names the format ("flir-rjpeg", "png-16", ...). `parameters` are those the temperatures were made with, None
    when the file does not say. `counts` (uint16) with `radiometry` are the camera's own, with `scale` they are linear.
    `taken_at` is UTC, by whoever wrote the file. `camera` is the model, empty when the file does not say.
    """

    kind: str
    celsius: Celsius
    parameters: ObjectParameters | None = None
    radiometry: Radiometry | None = None
    counts: npt.NDArray[np.uint16] | None = None
    scale: LinearScale | None = None
    taken_at: datetime | None = None
    camera: str = ""

    def corrected(self, to: ObjectParameters) -> Celsius:
        """The temperatures with other parameters: another emissivity, another distance.

        From the camera's counts where the file has them; else from its temperatures, whose own parameters must be
        known. Raises UnreadableFile when they are not, ImpossibleParameters when no temperature follows.
        """
        if self.radiometry is None or self.parameters is None:
            raise UnreadableFile(
                "cannot be corrected: the file does not say with which emissivity, distance and reflected temperature "
                "its temperatures were made"
            )
        if self.counts is not None:
            return self.radiometry.celsius(self.counts, to)
        return self.radiometry.corrected(self.celsius, self.parameters, to)

    def overridden(self, overrides: Mapping[str, float]) -> ThermalFrame:
        """The same frame with some parameters known better (names of ObjectParameters); itself without any.

        Raises UnreadableFile and ImpossibleParameters as `corrected` does, and for temperatures that cannot be.
        """
        if not overrides:
            return self
        to = dataclasses.replace(self.parameters or ObjectParameters(), **overrides)
        celsius = self.corrected(to)
        check_celsius(celsius)
        return dataclasses.replace(self, celsius=celsius, parameters=to)
