"""What ingest says of cameras that see real scenes: `python -m benchmarks.camera_states`, some ten minutes.

Scenes are the 398 radiometric frames of `$CANAIRY_TEST_DATA/substation-radiometric`, each another scene. A camera that
looks at one of them is simulated: the frame again and again, with 50 mK of sensor noise, once a second. For 45 s
nothing happens, and whatever is said is a false alarm. Then, for every eighth scene, one thing befalls the camera for
20 s (`canairy.simulator.mishap`). Views over many days are those of `wall-bushing-views`, as in `benchmarks.moved`: the
first picture of a view is taken as what it usually shows, and the others come weeks later at once, without the half
hour in which shadows wander. Limits of lost edges were chosen with those days in view: other scenes may do worse.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks import moved
from canairy.messages.camera import CameraState
from canairy.messages.header import UNFIT
from canairy.simulator.mishap import Before, Fog, Glare, Knocked, Level, Mishap, Shutter, Stuck
from canairy.site.model import Site
from canairy.thermal.palette import to_lab
from canairy.thermal.view_shift import View
from services.ingest.feed import Feed
from services.ingest.grid import Kelvin
from services.ingest.overlay import Overlay
from services.ingest.shelf import MemoryShelf
from services.ingest.source import RawFrame
from services.ingest.view_look import Look, Looking

Counts = npt.NDArray[np.uint16]

RESULTS: Final = Path(__file__).with_suffix(".md")
FOLDER: Final = "substation-radiometric/radiometric"
QUIET_S: Final = 45
ILL_S: Final = 20
EVERY: Final = 8
NOISE_K: Final = 0.05
BEGIN: Final = datetime(2026, 3, 5, tzinfo=UTC)
HEIGHT, WIDTH = 288, 384
# What befalls it, and what must be said.
MISHAPS: Final[Mapping[str, tuple[Mishap, str]]] = {
    "nudged by (6.4, -3.7) px, 0.5 degrees": (Knocked(QUIET_S, 1e9, 6.4, -3.7, 0.5), "followed"),
    "knocked by (40, 15) px": (Knocked(QUIET_S, 1e9, 40.0, 15.0), "moved or unmatched"),
    "fog that takes 80 % of the contrast": (Fog(QUIET_S, 1e9, 0.8), "reads_low"),
    "something before a quarter of the picture": (
        Before(QUIET_S, 1e9, 0, HEIGHT // 2, WIDTH // 2, HEIGHT // 2, 24.0),
        "occluded",
    ),
    "hung, its printed clock going on": (Stuck(QUIET_S, 1e9), "frozen"),
    "shutter for two frames": (Shutter(QUIET_S, QUIET_S + 2), "shutter"),
    "all 3 K higher": (Level(QUIET_S, 1e9, 3.0), "range_switch"),
    "the upper 60 % at the end of the range": (Glare(QUIET_S, 1e9, 0.6), "saturated"),
}


@dataclass(slots=True)
class Said:
    """What was said of one camera: flags, states other than live, faults; the largest error of its shift, pixels."""

    words: Counter[str] = field(default_factory=Counter)
    watched: bool = False
    off_px: float | None = None


@dataclass(slots=True)
class Camera:
    """One simulated camera before one real scene of `counts`, 0.01 K each."""

    counts: Counts
    seed: int
    step: int = 1
    shelf: MemoryShelf = field(default_factory=MemoryShelf)

    def film(self, begin_s: int, end_s: int, feed: Feed, mishap: Mishap | None = None) -> Said:
        """Let it run, once a second."""
        said = Said()
        for second in range(begin_s, end_s):
            now = BEGIN + timedelta(seconds=second)
            raw = RawFrame("cam", "view", self._frame(second, mishap), 0.01 * self.step, 0.0, taken_at=now)
            header = feed.accept(raw, now, ()).header
            said.words.update(set(header.flags))
            said.words.update({"occluded box"} if header.hidden else ())
            if feed.watch.state is not CameraState.LIVE:
                said.words[feed.watch.state.name.lower()] += 1
            report = feed.watch.report(now)
            if report is not None:
                said.words.update({f"fault {fault.kind.name.lower()}" for fault in report.status.faults})
            if isinstance(mishap, Knocked) and header.shift is not None:
                off = np.hypot(header.shift.dx_px - mishap.dx_px, header.shift.dy_px - mishap.dy_px)
                said.off_px = max(float(off), said.off_px or 0.0)
        said.watched = bool(self.shelf.pictures)
        return said

    def feed(self) -> Feed:
        """What ingest remembers of it, nothing yet."""
        view: dict[str, Any] = {"id": "view", "moved_limit_px": 24}
        camera = {"id": "cam", "source": "rtsp://real-scene", "views": [view]}
        site = Site.model_validate({"site": {"id": "bench"}, "cameras": [camera]})
        return Feed(site, site.cameras[0], BEGIN, self.shelf)

    def _frame(self, second: int, mishap: Mishap | None) -> Counts:
        if isinstance(mishap, Stuck):
            return mishap.stamped(self._noisy(self.counts, QUIET_S), second)
        held = mishap is not None and mishap.holds(second)
        return self._noisy(mishap.befalls(self.counts, second) if mishap is not None and held else self.counts, second)

    def _noisy(self, counts: Counts, second: int) -> Counts:
        noise = np.random.default_rng((self.seed, second)).normal(0, NOISE_K * 100, counts.shape)
        noisy = np.rint((counts + noise) / self.step)
        return np.where(counts == 65535, 65535, np.clip(noisy, 0, 65534)).astype(np.uint16)


def scenes(place: Path) -> Iterator[Counts]:
    """The frames, as counts of 0.01 K: the files hold tenths of a degree from -100 degC."""
    for path in sorted(place.glob("*.png")):
        tenths = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.float64)
        # The hottest of them, 415 degC, is over what such counts hold.
        yield np.clip(np.rint((tenths / 10 - 100 + 273.15) * 100), 0, 65534).astype(np.uint16)


def quiet(place: Path, step: int, every: int) -> tuple[int, int, Counter[str]]:
    """Cameras to which nothing happens, before each so manyth scene.

    How many there are, how many of them learnt their view, and of how many each thing was said.
    """
    cameras = watched = 0
    words: Counter[str] = Counter()
    for seed, counts in enumerate(scenes(place)):
        if seed % every:
            continue
        camera = Camera(counts, seed, step)
        said = camera.film(0, QUIET_S, camera.feed())
        cameras, watched = cameras + 1, watched + said.watched
        words.update(set(said.words))
    return cameras, watched, words


def befallen(place: Path, mishap: Mishap) -> list[Said]:
    """What was said while it lasted, of every eighth camera."""
    told = []
    for seed, counts in enumerate(scenes(place)):
        if seed % EVERY == 0:
            camera = Camera(counts, seed)
            feed = camera.feed()
            camera.film(0, QUIET_S, feed)
            told.append(camera.film(QUIET_S, QUIET_S + ILL_S, feed, mishap))
    return told


def _followed(said: Said) -> bool:
    return said.off_px is not None and said.off_px <= 1 and not UNFIT & said.words.keys()


FOUND: Final[Mapping[str, Callable[[Said], bool]]] = {
    "followed": _followed,
    "moved or unmatched": lambda it: bool({"fault moved", "fault unmatched"} & it.words.keys()),
    "reads_low": lambda it: "fault reads_low" in it.words,
    "occluded": lambda it: "fault occluded" in it.words,
    "frozen": lambda it: it.words["frozen"] > 0,
    "shutter": lambda it: it.words["shutter"] == 2,
    "range_switch": lambda it: it.words["range_switch"] == 1,
    "saturated": lambda it: it.words["saturated"] > 0,
}
# These are asked of views that were learnt only.
_OF_VIEWS: Final = frozenset({"followed", "moved or unmatched", "reads_low", "occluded"})


def many_days(place: Path) -> Counter[str]:
    """The other pictures of each view, held against its first one."""
    said: Counter[str] = Counter()
    for view in moved.VIEWS:
        first, *others = (name for name, of in moved.VIEW_OF.items() if of == view)
        looking = Looking.at(_lightness(place / first), 100, Overlay(moved.OVERLAYS))
        for _ in range(6):
            look(looking, _lightness(place / first))
        for name in others:
            found = look(looking, _lightness(place / name))
            word = found.view.value if found.view is not View.FOLLOWED else "followed"
            said[f"{word}{', reads low' * found.reads_low}{', occluded' * (found.hidden is not None)}"] += 1
    return said


def look(looking: Looking, picture: Kelvin) -> Look:
    """One look."""
    return looking.look(picture, looking.edges_in(picture))


def _lightness(path: Path) -> Kelvin:
    return np.asarray(to_lab(np.asarray(cv2.imread(str(path)), np.uint8))[..., 0], np.float32)


def report(place: Path, days: Path | None) -> str:
    """The page, Markdown."""
    lines = ["# Camera states on real scenes", "", *(__doc__ or "").strip().splitlines()[2:], ""]
    lines += ["| nothing happens to cameras of counts of | cameras | learnt their view | said, of how many cameras |"]
    lines += ["|---|---|---|---|"]
    for step, every in ((1, 1), (10, EVERY)):
        cameras, watched, words = quiet(place, step, every)
        told = ", ".join(f"{word} {count}" for word, count in sorted(words.items())) or "nothing"
        lines.append(f"| {step / 100:g} K | {cameras} | {watched} | {told} |")
    lines += [
        "",
        "| befalls the camera (simulated) | must be said | said | other words, of how many cameras |",
        "|---|---|---|---|",
    ]
    lines += [_row(name, wanted, befallen(place, mishap)) for name, (mishap, wanted) in MISHAPS.items()]
    if days is not None:
        lines += ["", "| pictures of one view, weeks apart | pictures |", "|---|---|"]
        lines += [f"| {word} | {count} |" for word, count in sorted(many_days(days).items())]
    return "\n".join([*lines, ""])


def _row(name: str, wanted: str, told: list[Said]) -> str:
    asked = [it for it in told if it.watched] if wanted in _OF_VIEWS else told
    right = sum(FOUND[wanted](it) for it in asked)
    words: Counter[str] = Counter()
    for it in asked:
        words.update(set(it.words))
    others = ", ".join(f"{word} {count}" for word, count in sorted(words.items()))
    return f"| {name} | {wanted} | {right} of {len(asked)} | {others} |"


def main() -> None:
    """Measure, and write the page."""
    cv2.setNumThreads(1)
    root = Path(os.environ.get("CANAIRY_TEST_DATA", ""))
    place = root / FOLDER
    if not root.is_absolute() or not place.is_dir():
        raise SystemExit(f"CANAIRY_TEST_DATA names no folder with {FOLDER} in it")
    RESULTS.write_text(report(place, moved.folder()), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
