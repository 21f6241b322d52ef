"""What a site file knows of a file that `canairy view` looks at: its camera's parameters, masks, and the view's assets.

Temperatures of an asset are those that the service `anomaly` would measure, with its own emissivity and distance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.messages.detections import Region, RegionKind
from canairy.messages.radiometry import Radiometry
from canairy.messages.reading import Temperatures
from canairy.messages.uncertainty import Uncertainty
from canairy.site.load import load_site
from canairy.site.model import EQUIPMENT, Asset, Camera, View
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.frame import ThermalFrame
from services.anomaly.crops import Pixels
from services.anomaly.surface import Surface, see
from services.ingest.masks import masked_pixels
from services.ingest.radiometry import overridden, told

NOTHING_THERE: Final = "no pixel with a temperature lies in its outline"


@dataclass(frozen=True, slots=True)
class SeenAsset:
    """A registered asset, its temperatures (None: no pixel has any), how sure they are, and what is wrong with them."""

    asset: Asset
    temperatures: Temperatures | None
    uncertainty: Uncertainty | None
    flags: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it: pixels from the top left, degrees Celsius; uncertainty at about 95 %."""
        known = {"asset": self.asset.id, "equipment": f"{self.asset.equipment} {EQUIPMENT[self.asset.equipment]}"}
        if self.temperatures is None:
            return known | {"max_c": None, "mean_c": None, "reason": NOTHING_THERE}
        seen, sure = self.temperatures, self.uncertainty
        return known | {
            "max_c": round(seen.max_c, 3),
            "mean_c": round(seen.mean_c, 3),
            "x": seen.hottest_x,
            "y": seen.hottest_y,
            "pixels": seen.pixels,
            "uncertainty_k": None if sure is None else round(sure.expanded_k, 2),
            "flags": list(self.flags),
        }

    def to_text(self) -> str:
        """In short, for a person."""
        if self.temperatures is None:
            return f"{self.asset.id}: {NOTHING_THERE}"
        sure = "" if self.uncertainty is None else f" ± {self.uncertainty.expanded_k:.1f}"
        seen = f"max {self.temperatures.max_c:.1f}{sure}, mean {self.temperatures.mean_c:.1f} °C"
        return f"{self.asset.id}: {seen}{''.join(f' ({flag})' for flag in self.flags)}"


def site_view(file: Path, camera: str | None, view: str | None) -> tuple[Camera, View]:
    """A camera and a view of a site file; each may go unnamed where there is one only.

    Raises ConfigurationError for a site file with mistakes, and for names that it does not have; it lists those it has.
    """
    site = load_site(file)
    cameras = {it.id: it for it in site.cameras}
    of = cameras[_one_of(list(cameras), camera, f"{file}: camera")]
    views = {it.id: it for it in of.views}
    return of, views[_one_of(list(views), view, f"{file}: {of.id}: view")]


def _one_of(names: list[str], wanted: str | None, what: str) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted not in names:
        missing = "which one must be said" if wanted is None else f"there is none called {wanted!r}"
        raise ConfigurationError(f"{what}: {missing}: it has {', '.join(names)}")
    return wanted


def as_the_site_knows_it(frame: ThermalFrame, camera: Camera) -> ThermalFrame:
    """A thermal file's frame with the parameters that the site file knows better, as ingest has it.

    Raises UnreadableFile when no possible temperature follows.
    """
    if frame.parameters is not None:
        return overridden(frame, camera)
    stated = told(camera)
    if stated.assumed:
        return frame
    # Its counts are linear: they are temperatures already, made with what the camera is set to.
    made = replace(frame, counts=None, parameters=stated.parameters, radiometry=stated.camera)
    return made if camera.radiometry.window is None else overridden(made, camera)


def masked(frame: ThermalFrame, camera: Camera) -> ThermalFrame:
    """The frame without what the site file's masks cover; raises UnreadableFile where its size is another."""
    height, width = frame.celsius.shape
    if camera.size is not None and camera.size != (width, height):
        across, down = camera.size
        raise UnreadableFile(f"{width}x{height} pixels: by the site file {camera.id} has {across}x{down}")
    if not camera.privacy.masks:
        return frame
    left = np.where(masked_pixels(camera.privacy.masks, height, width), np.float32(np.nan), frame.celsius)
    if np.isnan(left).all():
        raise UnreadableFile(f"the privacy masks of {camera.id} leave no temperature of it")
    return replace(frame, celsius=left)


def seen_assets(frame: ThermalFrame, view: View) -> tuple[SeenAsset, ...]:
    """The assets of a view, in the order of the site file."""
    pixels = _pixels(frame)
    radiometry = None if frame.parameters is None else Radiometry.of(frame.parameters, frame.radiometry)
    found = []
    for asset in view.assets:
        region = Region(asset.id, RegionKind.REGISTERED, 0, 0, None, asset.region)
        seen = see(pixels, region, radiometry, Surface.of(asset))
        found.append(SeenAsset(asset, seen.temperatures, seen.uncertainty, seen.flags))
    return tuple(found)


def _pixels(frame: ThermalFrame) -> Pixels:
    filled = np.where(np.isfinite(frame.celsius), frame.celsius, np.nanmedian(frame.celsius))
    counts, scale_k = to_counts(filled.astype(np.float32))
    return Pixels(counts, frame.celsius, scale_k)
