"""The simulated site of the acceptance tests: cameras that play parts of the demo, folders, and many that are pushed.

Each story pushes to a camera of its own, so that no story sees another's alarms.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tests.helpers.frames import heated, scene

SITE: Final = "accept-ss"
SIMULATED: Final = ("sim-01", "sim-03", "sim-04")
PHASES_X: Final = {"a": 106, "b": 266, "c": 426}
# The same in a pushed frame.
THREE_X: Final = {"a": 10, "b": 60, "c": 110}
RESPONSE: Final = "Reduce load on this bay"
LIMITS: Final = {"high_c": 80, "high_high_c": 100, "dead_band_k": 3}
# Where the one asset of most pushed cameras stands: a square of 21x21 pixels (outlines belong to it) from (40, 40).
CORNER_PX: Final = 40
SIDE_PX: Final = 20
# Camera: the limits of its one asset, which is called CAMERA-a.
PUSHED: Final[dict[str, dict[str, Any]]] = {
    "limits": LIMITS,
    "delay": LIMITS | {"on_delay": "10s"},
    "small": {"high_c": 60, "dead_band_k": 3},
    "late": LIMITS,
    "repeat": LIMITS,
    "identified": LIMITS,
    "unseen": LIMITS,
    "worked": LIMITS,
    "read": LIMITS,
    "told": LIMITS,
    "aged": LIMITS,
    "traced": LIMITS,
    "handled": LIMITS,
    "measured": {"high_c": 150},
    "streamed": LIMITS,
    "gauged": {"high_c": 150},
    "tiny": {"high_c": 150},
    "mixed": {"high_c": 150},
    "unnamed": {"high_c": 150},
    "packed": {"high_c": 150},
    "frozen": {"high_c": 150},
    "black": {"high_c": 150},
    "named": {"high_c": 150},
    "bad": {"high_c": 150},
    "ordered": {"high_c": 150},
    "shuffled": LIMITS,
    "refused": {"high_c": 150},
    "twice": {"high_c": 150},
    "worse": {"high_c": 150},
    "unharmed": LIMITS,
    "quarantined": {"high_c": 150},
    "bystander": LIMITS,
}
HOT_SPOT: Final = {"high_c": 60, "response": "Find out what this is"}


def write_site(folder: Path) -> Path:
    """The site file in `folder`, and the recordings of its folder cameras beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_recordings(folder / "recordings")
    for number in range(4):
        write_png(folder / "shutter" / f"dark_{number}.png", tenths(np.full((96, 128), 21.0 + number, np.float32)))
    path = folder / "site.yaml"
    path.write_text(json.dumps(site()), encoding="utf-8")
    return path


def site() -> dict[str, Any]:
    """The site (JSON is YAML)."""
    return {
        "site": {"id": SITE, "name": "Acceptance substation (simulated)", "timezone": "Asia/Seoul"},
        "cameras": [
            simulated("sim-01", "cam-01", "ds-301", LIMITS | {"delta_k": 15, "on_delay": "2s"}),
            simulated("sim-03", "cam-03", "cj-303", {"high_c": 75}),
            simulated("sim-04", "cam-04", "vt-304", {"high_c": 50}),
            folder("recordings", starts_at="2026-03-01T03:00:00Z"),
            folder("shutter", starts_at="2026-03-01T04:00:00Z"),
            *(pushed(name, [asset(f"{name}-a", limits)]) for name, limits in PUSHED.items()),
            pushed("cut", [asset("cut-in", {"high_c": 150}), asset("cut-out", {"high_c": 150}, 120)]),
            pushed("empty", []),
            pushed("slanted", [asset("slanted-a", {"high_c": 150}) | {"region": [[40, 40], [60, 40], [60, 60]]}]),
            pushed("blind", [asset("blind-out", {"high_c": 150}, 120)]),
            pushed("phases", [asset(f"phases-{it}", {"delta_k": 15}, x, it) for it, x in THREE_X.items()]),
        ],
        "measurements": {"bay-1-current": {"unit": "A", "rated": 1250}, "ambient": {"unit": "degC"}},
        "alerting": {"coverage_alarm_after": "15s"},
    }


def simulated(name: str, part: str, group: str, limits: dict[str, Any]) -> dict[str, Any]:
    """A camera that plays `part` of the demo, with a three-phase group."""
    assets = [
        asset(f"{group}-{phase}", limits, x, phase, group, y=164, width=68, height=80) for phase, x in PHASES_X.items()
    ]
    view = {"id": f"{name}-bay", "hotspot_limit": HOT_SPOT | {"on_delay": "1s"}, "assets": assets}
    return {
        "id": name,
        "source": f"simulated:demo/{part}",
        "rate_hz": 2.0,
        "silent_after": "3s",
        "views": [view],
    }


def pushed(name: str, assets: list[dict[str, Any]], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    """A camera whose frames are pushed; its view is called NAME-view."""
    view = {"id": f"{name}-view", "hotspot_limit": HOT_SPOT, "assets": assets}
    return {"id": name, "source": "push:", "rate_hz": 2.0, "views": [view]} | more


def folder(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    """A camera whose frames are 16-bit PNG files of 0.1 K a count from -100 degrees Celsius, each its own view."""
    view = {"id": "*", "hotspot_limit": HOT_SPOT}
    scale = {"scale_k": 0.1, "offset_c": -100}
    return {"id": name, "source": f"folder:{name}", "scale": scale, "views": [view]} | more


def asset(
    name: str,
    limits: dict[str, Any],
    x: int = CORNER_PX,
    phase: str = "",
    group: str | None = None,
    *,
    y: int = CORNER_PX,
    width: int = SIDE_PX,
    height: int = SIDE_PX,
) -> dict[str, Any]:
    """A registered rectangle, of high consequence and to be answered at once."""
    region = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    group = group or (name.rpartition("-")[0] if phase else None)
    return {
        "id": name,
        "equipment": "0201",
        "region": region,
        "phase": phase.upper(),
        "limits": limits,
        "consequence": "high",
        "respond_within": "30m",
        "response": RESPONSE,
    } | ({"group": group} if group else {})


def write_recordings(folder_path: Path) -> None:
    """Good pictures, one of them with something hot, and one of each kind of bad file."""
    even = scene(96, 128) + np.linspace(0.0, 4.0, 96, dtype=np.float32)[:, None]
    write_png(folder_path / "rec_1.png", tenths(even))
    write_png(folder_path / "rec_2.png", tenths(heated(even, 60, 40, 6, 65.0)))
    whole = write_png(folder_path / "rec_3_broken.png", tenths(even)).read_bytes()
    (folder_path / "rec_3_broken.png").write_bytes(
        whole[: len(whole) // 2] + b"\0" * 40 + whole[len(whole) // 2 + 40 :]
    )
    write_png(folder_path / "rec_4.png", tenths(even + np.float32(2.0)))
    (folder_path / "rec_5_cut.png").write_bytes(whole[:-200])
    write_png(folder_path / "rec_6_wide.png", np.zeros((1, 5000), np.uint16))
    noise = np.random.default_rng(5).integers(0, 20_000, (2400, 2400)).astype(np.uint16)
    write_png(folder_path / "rec_7_huge.png", noise)
    write_png(folder_path / "rec_8.png", tenths(even + np.float32(4.0)))
    for file in folder_path.iterdir():
        os.utime(file, (1.75e9, 1.75e9))


def tenths(celsius: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Counts of 0.1 K from -100 degrees Celsius."""
    return np.round((celsius + 100.0) * 10.0).astype(np.uint16)


def write_png(path: Path, pixels: npt.NDArray[np.uint16]) -> Path:
    """A 16-bit PNG that was finished long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    os.utime(path, (1.75e9, 1.75e9))
    return path
