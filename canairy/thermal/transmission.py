"""How much of the radiation comes through the air between an object and the camera.

    h   = humidity * exp(1.5587 + 0.06939 t - 0.00027816 t^2 + 0.00000068455 t^3)       water in the air, t in degC
    tau = X exp(-sqrt(d) (ATA1 + ATB1 sqrt(h))) + (1 - X) exp(-sqrt(d) (ATA2 + ATB2 sqrt(h)))          d in metres

The model of FLIR's cameras, as published: W. Minkina and D. Klecha, "Atmospheric transmission coefficient modelling in
the infrared for thermovision measurements", J. Sens. Sens. Syst. 5 (2016) 17-23; the constants are those of FLIR's
files (ExifTool tags AtmosphericTransAlpha1 and the others). d is the whole distance, once. Thermimage and flyr take
the transmission of half the distance twice; with the square root that is less than the transmission of the whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from canairy.thermal.planck import ImpossibleParameters


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """ATA1, ATA2, ATB1, ATB2 and ATX of a camera; the defaults stand in each of the 27 recorded pictures."""

    alpha1: float = 0.006569
    alpha2: float = 0.01262
    beta1: float = -0.002276
    beta2: float = -0.00667
    x: float = 1.9

    def __post_init__(self) -> None:
        """Raises ImpossibleParameters for constants that are not numbers of a usual size."""
        for field in fields(self):
            if not abs(getattr(self, field.name)) < 100:
                raise ImpossibleParameters(f"constant {field.name} of the atmosphere is {getattr(self, field.name)}")

    def transmission(self, distance_m: float, celsius: float, humidity: float) -> float:
        """Share of the radiation that arrives, above 0 to 1. `humidity` is relative, 0 to 1; `celsius` the air's.

        Raises ImpossibleParameters when these constants give no share at this distance.
        """
        root_h = math.sqrt(water(celsius, humidity))
        root_d = math.sqrt(distance_m)
        try:
            near, far = (
                math.exp(-root_d * (alpha + beta * root_h))
                for alpha, beta in ((self.alpha1, self.beta1), (self.alpha2, self.beta2))
            )
        except OverflowError:
            near = far = math.inf
        share = self.x * near + (1 - self.x) * far
        # In dry air over centimetres the fit itself passes 1 by a hundredth of a percent.
        if not 0 < share <= 1.01:
            raise ImpossibleParameters(f"a transmission of {share:.3g} over {distance_m:g} m: no air has that")
        return min(share, 1.0)


def water(celsius: float, humidity: float) -> float:
    """The measure of water in the air that the model uses: relative humidity (0 to 1) times a fit of saturation."""
    return humidity * math.exp(1.5587 + 0.06939 * celsius - 0.00027816 * celsius**2 + 0.00000068455 * celsius**3)
