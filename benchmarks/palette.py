"""How well temperatures are estimated from colours: `python -m benchmarks.palette`.

Truth: `$CANAIRY_TEST_DATA/substation-radiometric`, pseudo-colour and radiometric pictures of the same scenes. Those
pictures have no colour bar and do not tell their scale, so both are supplied here and the page says so:

- The palette is learnt from the scenes of one half (by a hash of the name) and painted as a bar beside each picture of
  the other half, which is then saved as JPEG again: the bar is found, and the palette read off it, as on any picture.
- The scale is the line through place on the palette and true temperature, one line a picture.

Where there are real bars, `wall-bushing-views`, there is no truth: what is told is whether the bar is found where it
is, and whether the picture is painted by its colours.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.thermal.colour_bar import ColourBar, NoColourBar, find_colour_bar
from canairy.thermal.estimate import LEAST_PAINTED, Scale, estimate_temperatures
from canairy.thermal.palette import Palette, Picture

RESULTS: Final = Path(__file__).with_suffix(".md")
TRUTH, BARS = "substation-radiometric", "wall-bushing-views"
LEVELS: Final = 256
BAR: Final = (12, 24, 14, 240)  # of the bar painted beside a picture: x from its right side, y, width, height
BAR_SIDE_PX: Final = 40
REAL_BAR: Final = (600, 56, 20, 408)  # by eye, the same on all pictures
PASSES: Final = 6
FIRST: Final = "line_026"  # a picture that has nearly all colours: learning starts from it

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """A pseudo-colour picture, uint8 (height, width, 3), and what it shows, degC (height, width)."""

    name: str
    picture: Picture
    celsius: Numbers

    @property
    def half(self) -> int:
        """0 or 1, by the hash of the name."""
        return hashlib.sha256(self.name.encode()).digest()[0] % 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one picture: median error and span of its scale in degC, rank correlation, shares 0 to 1, step in degC."""

    error_c: float
    span_c: float
    ranks: float
    told: float
    clipped: float
    step_c: float


def scenes(folder: Path) -> list[Scene]:
    """All scenes; T(degC) = px / 10 - 100."""
    names = [str(row["name"]) for row in json.loads((folder / "index.json").read_text(encoding="utf-8"))]
    return [
        Scene(
            name,
            np.asarray(cv2.imread(str(folder / "pseudocolor" / f"{name}.jpg")), np.uint8),
            np.asarray(cv2.imread(str(folder / "radiometric" / f"{name}.png"), cv2.IMREAD_UNCHANGED)) / 10 - 100,
        )
        for name in names
    ]


def learnt(training: list[Scene], first: Scene) -> Palette:
    """The palette of scenes whose temperatures are known: the median colour at each place of each picture's scale."""
    palette = _of_one(first)
    samples = [_sample(scene) for scene in training]
    for _ in range(PASSES):
        placed = [_on_scale(palette, colours, celsius) for colours, celsius in samples]
        place, colours = (np.concatenate(parts) for parts in zip(*(p for p in placed if p is not None), strict=True))
        palette = _median_colours(place, colours)
    return palette


def _of_one(scene: Scene) -> Palette:
    span = scene.celsius.min(), scene.celsius.max()
    place = (scene.celsius - span[0]) / (span[1] - span[0])
    return _median_colours(place.ravel(), scene.picture.reshape(-1, 3))


def _sample(scene: Scene) -> tuple[Picture, Numbers]:
    """Pixels away from edges, where JPEG mixes colours."""
    grey = cv2.GaussianBlur(cv2.cvtColor(scene.picture, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 1)
    calm = np.flatnonzero(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).ravel() < 3)
    picked = np.random.default_rng(0).choice(calm, min(3000, len(calm)), replace=False)
    return scene.picture.reshape(-1, 3)[picked], scene.celsius.ravel()[picked]


def _on_scale(palette: Palette, colours: Picture, celsius: Numbers) -> tuple[Numbers, Picture] | None:
    """Where pixels lie by their temperature on the picture's own scale; None for a picture of too few colours."""
    placed = palette.place(colours[None])
    scale = fitted(placed.position[0].astype(np.float64), celsius, placed.on_palette[0])
    if scale is None:
        return None
    place = (celsius - scale.low_c) / (scale.high_c - scale.low_c)
    inside = (place > 0) & (place < 1)
    return place[inside], colours[inside]


def fitted(place: Numbers, celsius: Numbers, usable: npt.NDArray[np.bool_]) -> Scale | None:
    """The scale by a line through place and temperature, far-off pixels left out; None where there is none to see."""
    use = usable & (place > 0.02) & (place < 0.98)
    for _ in range(5):
        if use.sum() < 200 or np.ptp(place[use]) < 0.15:
            return None
        slope, low = np.polyfit(place[use], celsius[use], 1)
        off = np.abs(celsius - low - slope * place)
        use = usable & (place > 0.02) & (place < 0.98) & (off <= 4 * np.median(off[use]) + 1e-3)
    return Scale(float(low), float(low + slope)) if slope > 0.5 else None


def _median_colours(place: Numbers, colours: Picture) -> Palette:
    level = np.clip((place * (LEVELS - 1)).round(), 0, LEVELS - 1).astype(int)
    found = {at: np.median(colours[level == at], axis=0) for at in range(LEVELS) if (level == at).sum() >= 15}
    # The ends are clipped in every picture: black and white, as they show there.
    found = {0: np.zeros(3), **{at: colour for at, colour in found.items() if at > 0}}
    found.setdefault(LEVELS - 1, np.full(3, 255.0))
    known = sorted(found)
    table = np.array([found[at] for at in known])
    full = [np.interp(np.arange(LEVELS), known, table[:, channel]) for channel in range(3)]
    smooth = cv2.GaussianBlur(np.stack(full, axis=1).astype(np.float32)[:, None], (1, 5), 0.8)[:, 0]
    return Palette(smooth.round().clip(0, 255).astype(np.uint8))


def with_bar(picture: Picture, palette: Palette) -> Picture:
    """The picture with a grey side on which the palette is painted, saved as JPEG (quality 90) and read again."""
    height, width = picture.shape[:2]
    canvas = np.full((height, width + BAR_SIDE_PX, 3), 90, np.uint8)
    canvas[:, :width] = picture
    x, y, bar_width, bar_height = BAR
    levels = np.linspace(LEVELS - 1, 0, bar_height).round().astype(int)
    canvas[y : y + bar_height, width + x : width + x + bar_width] = palette.colours[levels][:, None]
    _, written = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)


def outcome(scene: Scene, painted: Palette) -> Outcome | None:
    """The whole way for one picture; None where its colours are too few for a scale, or no bar is found."""
    picture = with_bar(scene.picture, painted)
    try:
        bar = find_colour_bar(picture)
    except NoColourBar:
        return None
    own = np.ascontiguousarray(picture[:, : scene.picture.shape[1]])
    placed = bar.palette.place(own)
    scale = fitted(placed.position.ravel().astype(np.float64), scene.celsius.ravel(), placed.on_palette.ravel())
    if scale is None:
        return None
    found = estimate_temperatures(own, bar.palette, scale)
    inside = found.on_palette & ~found.below & ~found.above
    error = np.abs(found.celsius - scene.celsius)[inside]
    told, clipped = float(found.on_palette.mean()), float((found.below | found.above).mean())
    ranks = rank_correlation(found.celsius[inside].astype(np.float64), scene.celsius[inside])
    return Outcome(float(np.median(error)), scale.high_c - scale.low_c, ranks, told, clipped, found.step_c)


def rank_correlation(first: Numbers, second: Numbers) -> float:
    """Spearman's: the correlation of ranks, ties at their mean rank."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Numbers) -> Numbers:
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[which], np.float64)


def found_bars(folder: Path) -> list[ColourBar | None]:
    """The bar of each real picture that has one; None where it is not found."""
    bars: list[ColourBar | None] = []
    for path in sorted(folder.glob("*.jpg")):
        try:
            bars.append(find_colour_bar(np.asarray(cv2.imread(str(path)), np.uint8)))
        except NoColourBar:
            bars.append(None)
    return bars


def in_place(bar: ColourBar) -> bool:
    """Whether a found bar is the real one, its ends right within 2 % of its length."""
    x, y, _, height = REAL_BAR
    within = 0.02 * height
    ends = abs(bar.y - y) <= within and abs(bar.y + bar.height - y - height) <= within
    return ends and abs(bar.x - x) <= 2


def false_bars(data: list[Scene]) -> int:
    """In how many pictures without a bar one is found."""
    count = 0
    for scene in data:
        try:
            find_colour_bar(scene.picture)
        except NoColourBar:
            continue
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Measured:
    """Of all pictures: those that were estimated, how many there were, bars that are none, and the real bars."""

    good: list[Outcome]
    pictures: int
    false_bars: int
    bars: list[ColourBar | None]

    @property
    def shares(self) -> list[float]:
        """Of each picture, the median error as a share of its span."""
        return [result.error_c / result.span_c for result in self.good]

    def figures(self) -> dict[str, Any]:
        """For benchmarks/results.json; `shares` is of each picture the median error ÷ its span."""
        there = [bar for bar in self.bars if bar is not None]
        return {
            "palette_error_share": round(float(np.median(self.shares)), 5),
            "palette": {
                "pictures": self.pictures,
                "estimated": len(self.good),
                "error_c": round(float(np.median([it.error_c for it in self.good])), 3),
                "rank_correlation": round(float(np.median([it.ranks for it in self.good])), 4),
                "bars_seen_where_none_is": self.false_bars,
                "real_bars": len(self.bars),
                "real_bars_in_place": sum(in_place(bar) for bar in there),
                "painted_by_another_palette": sum(bar.painted < LEAST_PAINTED for bar in there),
                "shares": [round(share, 5) for share in self.shares],
            },
        }


def estimated(data: list[Scene], bars: list[ColourBar | None]) -> Measured:
    """Each picture by the palette of the other half."""
    first = next(scene for scene in data if scene.name == FIRST)
    results: list[Outcome | None] = []
    for side in (0, 1):
        palette = learnt([scene for scene in data if scene.half != side], first)
        results += [outcome(scene, palette) for scene in data if scene.half == side]
    return Measured([result for result in results if result is not None], len(data), false_bars(data), bars)


def report(found: Measured) -> str:
    """The whole page, Markdown."""
    good, bars, pictures = found.good, found.bars, found.pictures
    shares = [100 * share for share in found.shares]
    there = [bar for bar in bars if bar is not None]
    rows = [
        ("pictures estimated, of", f"{len(good)} of {pictures}"),
        ("median error, degC: median, 95th percentile and largest", _three([r.error_c for r in good])),
        ("median error, % of the span: median, 95th percentile and largest", _three(shares)),
        ("pictures with a median error of at most 2 % of the span", f"{sum(s <= 2 for s in shares)} of {len(good)}"),
        ("rank correlation: median and smallest", _low([r.ranks for r in good])),
        ("share of a picture on the palette: median and smallest", _low([r.told for r in good])),
        ("share at an end of the scale, a bound and no reading: median", f"{np.median([r.clipped for r in good]):.3f}"),
        ("step, degC: median", f"{np.median([r.step_c for r in good]):.3f}"),
        ("pictures without a bar in which one is found", f"{found.false_bars} of {pictures}"),
        ("real bars found, ends right within 2 %", f"{sum(in_place(bar) for bar in there)} of {len(bars)}"),
        ("real bars found, ends farther off", f"{sum(not in_place(bar) for bar in there)} of {len(bars)}"),
        ("pictures not painted by their own bar", f"{sum(b.painted < LEAST_PAINTED for b in there)} of {len(there)}"),
    ]
    return "\n".join([*_heading(), *(f"| {name} | {value} |" for name, value in rows), ""])


def _heading() -> list[str]:
    return [
        "# Temperatures from colours",
        "",
        f"`python -m benchmarks.palette`. Truth: `{TRUTH}`. Its pictures have no bar and tell no scale: a bar of the",
        "palette learnt from the other half of the scenes is painted beside each (simulated), the scale is fitted to",
        "the truth, two numbers a picture. So errors are of colours and JPEG, not of a wrong scale; pixels at an end",
        f"of the scale are left out. Bars: `{BARS}`. Limits of the search were chosen with all pictures in view.",
        "",
        "| figure | value |",
        "|---|---|",
    ]


def _three(values: list[float]) -> str:
    return f"{np.median(values):.2f}, {np.percentile(values, 95):.2f}, {max(values):.2f}"


def _low(values: list[float]) -> str:
    return f"{np.median(values):.4f}, {min(values):.4f}"


def measure() -> dict[str, Any]:
    """The figures, and the page written; none, with a word why, where the recorded pictures are not there."""
    root = Path(os.environ.get("CANAIRY_TEST_DATA", ""))
    if not root.is_absolute() or not (root / TRUTH / "index.json").exists():
        print(f"benchmarks.palette: skipped: CANAIRY_TEST_DATA names no folder with {TRUTH} in it")
        return {}
    cv2.setNumThreads(1)
    found = estimated(scenes(root / TRUTH), found_bars(root / BARS))
    RESULTS.write_text(report(found), encoding="utf-8")
    return found.figures()


if __name__ == "__main__":
    if measure():
        print(RESULTS.read_text(encoding="utf-8"))
