"""The site of simulated cameras that are ill (canairy.simulator.ill): two assets in each of their views."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2

from canairy.simulator.demo import YARD
from canairy.simulator.ill import ELSEWHERE, ILL
from canairy.simulator.mishap import yard_counts

SITE = "ill-ss"
# Cameras of two views.
TURNING = ("touring", "lost")
PATCH = [[300, 300], [339, 300], [339, 339], [300, 339]]
# A current transformer, and what stands under it at the left.
HEAD = [[134, 46], [228, 46], [228, 252], [134, 252]]
BASE = [[100, 300], [180, 300], [180, 400], [100, 400]]


def write_site(folder: Path) -> Path:
    """The site file in `folder`, and the references of the cameras of two views beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in (("one", YARD), ("two", ELSEWHERE)):
        assert cv2.imwrite(str(folder / f"{name}.png"), yard_counts(*picture))
    path = folder / "site.yaml"
    path.write_text(json.dumps(site()), encoding="utf-8")
    return path


def site() -> dict[str, Any]:
    """The site (JSON is YAML)."""
    cameras = [_camera(script.id) for script in ILL.cameras if script.id not in TURNING]
    turning = [
        _source(camera, [_view(f"{camera}-{name}", reference=f"{name}.png") for name in ("one", "two")])
        for camera in TURNING
    ]
    return {
        "site": {"id": SITE, "name": "Ill cameras (simulated)"},
        "cameras": [*cameras, *turning],
        "alerting": {"coverage_alarm_after": "15s"},
    }


def truth_c() -> float:
    """What the patch of the drifting camera has, degrees Celsius."""
    return float(yard_counts(*YARD)[300:340, 300:340].mean()) / 100 - 273.15


def _camera(name: str) -> dict[str, Any]:
    patch = {"region": PATCH, "temperature_c": round(truth_c(), 2)}
    more: dict[str, dict[str, Any]] = {
        "drifting": {"reference_patch": patch},
        "swung": {"moved_limit_px": 60, "hotspot_limit": {"high_c": 60}},
    }
    return _source(name, [_view(f"{name}-bay", **more.get(name, {}))])


def _source(name: str, views: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, "source": f"simulated:ill/{name}", "rate_hz": 1.0, "views": views}


def _view(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    assets = [
        {"id": f"{name}-head", "equipment": "0205", "region": HEAD, "limits": {"high_c": 150}},
        {"id": f"{name}-base", "equipment": "0205", "region": BASE, "limits": {"high_c": 150}},
    ]
    return {"id": name, "assets": assets, **more}
