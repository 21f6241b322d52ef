"""The simulated sites that are measured with the models asked.

Every frame is shown to the detector, and of the four assets of a bay (three phases and a transformer) some or all are
compared with a memory bank. There is one bank, of the demo's radiator, and all are compared with it: the phases look
abnormal then, which changes nothing of the work, only that each has an alarm that stands. Cameras of one rate would
start together and stay in step, eight frames at once and then none; real ones do not, so their rates differ a little.
"""

from __future__ import annotations

from typing import Any, Final

from benchmarks.sites import CAMERAS, PHASES_X, PUSHED, pushed_camera, site

BANK: Final = "tr-301-radiator"
# x, y, width, height; the radiator as deploy/local/demo-site.yaml has it.
RADIATOR_PX: Final = (516, 252, 116, 170)
PHASES_PX: Final = tuple((x, 164, 68, 80) for x in PHASES_X.values())
# In the order in which they are compared, when not all are.
ASSETS_PX: Final = (RADIATOR_PX, *PHASES_PX)
ASSETS: Final = len(ASSETS_PX)
SOURCE: Final = "demo/cam-01"
DETECTOR: Final = {"least_score": 0.5}
# How far the rates of the first and the last camera are from the mean.
SPREAD: Final = 0.1
# Of alarms that nobody wants here: no joint gets as hot.
LIMITS: Final = {"high_c": 150}


def model_site(frames_per_s: float, compared: int = ASSETS, cameras: int = CAMERAS) -> dict[str, object]:
    """Cameras that make `frames_per_s` together, `compared` assets of each compared with a bank."""
    return _asking(site(*_bays(frames_per_s, compared, cameras)))


def alerting_model_site(frames_per_s: float, pushed_hz: float, cameras: int = CAMERAS) -> dict[str, object]:
    """The same load, of which pushed cameras make `pushed_hz` together: an alert with each of their frames.

    The one asset of a pushed camera is compared with the bank as well.
    """
    steady_hz = max(0.1 * cameras, frames_per_s - pushed_hz)
    return _asking(
        site(*_bays(steady_hz, ASSETS, cameras), *(_pushed(name, pushed_hz / len(PUSHED)) for name in PUSHED))
    )


def _bays(frames_per_s: float, compared: int, cameras: int) -> list[dict[str, object]]:
    each = frames_per_s / cameras
    off = [SPREAD * (2 * number / (cameras - 1) - 1) if cameras > 1 else 0.0 for number in range(cameras)]
    return [bay_camera(number, each * (1 + share), compared) for number, share in enumerate(off, 1)]


def bay_camera(number: int, rate_hz: float, compared: int) -> dict[str, object]:
    """Camera `number` of a site file: it plays the part of the demo's camera that has a transformer."""
    name = f"bay-{number:02d}"
    assets = [_asset(f"{name}-{place}", px, place < compared) for place, px in enumerate(ASSETS_PX)]
    view = {"id": f"view-{number:02d}", "hotspot_limit": {"high_c": 150}, "assets": assets}
    return {"id": name, "source": f"simulated:{SOURCE}", "rate_hz": rate_hz, "views": [view]}


def _asset(name: str, px: tuple[int, int, int, int], compared: bool) -> dict[str, object]:
    x, y, width, height = px
    outline = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    asset: dict[str, object] = {"id": name, "equipment": "0103", "region": outline, "limits": LIMITS}
    return asset | ({"anomaly": {"bank": BANK}} if compared else {})


def _pushed(name: str, rate_hz: float) -> dict[str, object]:
    camera: dict[str, Any] = pushed_camera(name, rate_hz)
    camera["views"][0]["assets"][0]["anomaly"] = {"bank": BANK}
    return camera


def _asking(document: dict[str, object]) -> dict[str, object]:
    return document | {"detector": DETECTOR}
