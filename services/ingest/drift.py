"""A patch of known temperature in the view: does the camera still measure right?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from canairy.messages.fault import CameraFault, FaultKind
from canairy.messages.shift import Shift
from canairy.messages.thermogram import KELVIN
from canairy.site.watched import ReferencePatch
from canairy.thermal.polygon import inside
from canairy.thermal.view_shift import Move
from services.ingest.grid import Kelvin
from services.ingest.lasting import Lasting

LASTS: Final = timedelta(seconds=60)
# A sensor's value by its name and the time it is asked for; None when it is not known or too old.
Measured = Callable[[str, datetime], float | None]


def _lasting() -> Lasting:
    return Lasting(LASTS, LASTS)


@dataclass(slots=True)
class PatchWatch:
    """Watches the patch of the view `name`: off by more than its tolerance for a minute is drift."""

    name: str
    patch: ReferencePatch
    measured: Measured
    _lasting: Lasting = field(default_factory=_lasting)
    _shown_c: float = 0.0
    _true_c: float = 0.0

    def saw(self, picture: Kelvin, shift: Shift | None, at: datetime) -> None:
        """A fit frame of the view, float32 (height, width), kelvin; NaN where it does not show the scene."""
        true_c = self.patch.temperature_c
        if self.patch.measurement is not None:
            true_c = self.measured(self.patch.measurement, at)
        shown_c = self._mean_c(picture, shift)
        if true_c is None or shown_c is None:
            return
        self._shown_c, self._true_c = shown_c, true_c
        self._lasting.saw(abs(shown_c - true_c) > self.patch.tolerance_k, at)

    def fault(self) -> CameraFault | None:
        """It, where it stands."""
        if not self._lasting.stands or self._lasting.since is None:
            return None
        reason = f"the reference patch shows {self._shown_c:.1f} °C and has {self._true_c:.1f} °C"
        return CameraFault(FaultKind.DRIFT, self.name, self._lasting.since, reason)

    def _mean_c(self, picture: Kelvin, shift: Shift | None) -> float | None:
        """Mean of the patch where it is in the frame, degrees Celsius; None where no pixel of it is."""
        height, width = picture.shape
        outline = np.array(self.patch.region, np.float64)
        if shift is not None:
            outline = Move(shift.dx_px, shift.dy_px, shift.rotation_deg, width, height).moved(outline)
        patch = picture[inside([np.rint(outline)], height, width) & np.isfinite(picture)]
        return float(patch.mean(dtype=np.float64)) - KELVIN if patch.size else None
