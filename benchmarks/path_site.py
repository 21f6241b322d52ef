"""The simulated site that the path is measured with: cameras of 640x512, three joints each, nothing that alarms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

CAMERAS: Final = 8
PHASES_X: Final = {"a": 106, "b": 266, "c": 426}
LIMITS: Final = {"high_c": 80, "high_high_c": 100, "delta_k": 15, "on_delay": "2s", "dead_band_k": 3}


def write_site(path: Path, frames_per_s: float, cameras: int = CAMERAS) -> Path:
    """Write a site file (JSON is YAML) whose cameras make `frames_per_s` together."""
    site = {
        "site": {"id": "bench", "name": "Bench (simulated)"},
        "cameras": [steady_camera(number, frames_per_s / cameras) for number in range(1, cameras + 1)],
    }
    path.write_text(json.dumps(site), encoding="utf-8")
    return path


def steady_camera(number: int, rate_hz: float) -> dict[str, object]:
    """Camera `number` of a site file: its three joints stay under their limits."""
    name = f"bench-{number:02d}"
    view = {
        "id": f"view-{number:02d}",
        "hotspot_limit": {"high_c": 120},
        "assets": [_asset(number, phase, x) for phase, x in PHASES_X.items()],
    }
    # The part of a camera of the demo whose joints stay as they are.
    return {"id": name, "source": "simulated:demo/cam-02", "rate_hz": rate_hz, "views": [view]}


def _asset(number: int, phase: str, x: int) -> dict[str, object]:
    region = [[x, 164], [x + 68, 164], [x + 68, 244], [x, 244]]
    group = f"joint-{number:02d}"
    return {
        "id": f"{group}-{phase}",
        "equipment": "0201",
        "region": region,
        "phase": phase.upper(),
        "group": group,
        "limits": LIMITS,
    }
