"""The simulated sites of the figures of delivery: steady cameras that make the load, and pushed ones that alarm."""

from __future__ import annotations

from typing import Final

from benchmarks.path_site import steady_camera

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


def steady_site(frames_per_s: float, cameras: int) -> dict[str, object]:
    """Cameras that make `frames_per_s` together and never alarm."""
    return site(*(steady_camera(number, frames_per_s / cameras) for number in range(1, cameras + 1)))


def alerting_site(frames_per_s: float, pushed_hz: float, cameras: int = 8) -> dict[str, object]:
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
