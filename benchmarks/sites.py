"""The simulated sites that are measured: steady cameras of 640x512 that make the load, and pushed ones that alarm."""

from __future__ import annotations

from typing import Final

CAMERAS: Final = 8
PHASES_X: Final = {"a": 106, "b": 266, "c": 426}
LIMITS: Final = {"high_c": 80, "high_high_c": 100, "delta_k": 15, "on_delay": "2s", "dead_band_k": 3}
PUSHED: Final = tuple(f"flip-{number}" for number in range(1, 5))
# Where the one asset of a pushed camera stands, and the middle of its joint.
REGION_PX: Final = (106, 164, 68, 80)
JOINT_PX: Final = (140, 200)


def site(*cameras: dict[str, object], **alerting: object) -> dict[str, object]:
    """A site document (JSON is YAML)."""
    return {
        "site": {"id": "bench", "name": "Bench (simulated)"},
        "cameras": list(cameras),
        **({"alerting": alerting} if alerting else {}),
    }


def steady_site(frames_per_s: float, cameras: int = CAMERAS) -> dict[str, object]:
    """Cameras that make `frames_per_s` together and never alarm."""
    return site(*(steady_camera(number, frames_per_s / cameras) for number in range(1, cameras + 1)))


def alerting_site(frames_per_s: float, pushed_hz: float, cameras: int = CAMERAS) -> dict[str, object]:
    """The same load, of which the pushed cameras make `pushed_hz` together: an alert with each of their frames."""
    steady_hz = max(0.1, (frames_per_s - pushed_hz) / cameras)
    steady = [steady_camera(number, steady_hz) for number in range(1, cameras + 1)]
    return site(*steady, *(pushed_camera(name, pushed_hz / len(PUSHED)) for name in PUSHED))


def pushed_camera(name: str, rate_hz: float) -> dict[str, object]:
    """A camera whose frames are pushed; its asset is called NAME-a, and alarms at once."""
    x, y, width, height = REGION_PX
    asset = {
        "id": f"{name}-a",
        "equipment": "0201",
        "region": [[x, y], [x + width, y], [x + width, y + height], [x, y + height]],
        "limits": {"high_c": 80, "dead_band_k": 1},
    }
    view = {"id": f"{name}-view", "hotspot_limit": {"high_c": 120}, "assets": [asset]}
    return {"id": name, "source": "push:", "rate_hz": max(rate_hz, 0.1), "views": [view]}


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
