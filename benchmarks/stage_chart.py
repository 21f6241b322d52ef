"""A chart of the stages of an alert as SVG, drawn by hand: two bars, all alerts and the slowest twentieth of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 860
LEFT: Final = 120
BAR: Final = 46
TOP: Final = 60
LEGEND_LINE: Final = 20
# Colour-blind safe (Okabe and Ito), with two greys for what is left.
COLOURS: Final = ("#999999", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#555555")
BARS: Final = {"mean_ms": "all alerts", "mean_of_slowest_ms": "slowest 5 %"}


def stage_chart(stages: Mapping[str, Mapping[str, float]], title: str, limit_ms: float) -> str:
    """An SVG document: `stages` as `alert_stages.summary` gives them, in order; a line where the limit is."""
    longest = max(limit_ms, *(sum(max(0.0, one[bar]) for one in stages.values()) for bar in BARS)) * 1.08
    scale = (WIDTH - LEFT - 20) / longest
    height = TOP + len(BARS) * (BAR + 24) + 20 + LEGEND_LINE * len(stages)
    parts = [_text(10, 24, title, 15)]
    for row, (bar, name) in enumerate(BARS.items()):
        parts += _bar(stages, bar, name, TOP + row * (BAR + 24), scale)
    parts += [*_limit(limit_ms, scale), *_legend(stages, TOP + len(BARS) * (BAR + 24) + 10)]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _bar(stages: Mapping[str, Mapping[str, float]], bar: str, name: str, y: float, scale: float) -> list[str]:
    parts, x = [_text(10, y + BAR / 2 + 5, name, 13)], float(LEFT)
    for (stage, one), colour in zip(stages.items(), COLOURS, strict=False):
        width = max(0.0, one[bar]) * scale
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}">'
            f"<title>{escape(stage)}: {one[bar]:.0f} ms</title></rect>"
        )
        x += width
    total = sum(max(0.0, one[bar]) for one in stages.values())
    return [*parts, _text(x + 6, y + BAR / 2 + 5, f"{total:.0f} ms", 13)]


def _limit(limit_ms: float, scale: float) -> list[str]:
    x = LEFT + limit_ms * scale
    bottom = TOP + len(BARS) * (BAR + 24) - 14
    line = f'<line x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{bottom}" stroke="black" stroke-dasharray="4 3"/>'
    return [line, _text(x - 60, TOP - 14, f"p95 limit {limit_ms:.0f} ms", 11)]


def _legend(stages: Mapping[str, Mapping[str, float]], y: float) -> list[str]:
    parts = []
    for row, ((stage, one), colour) in enumerate(zip(stages.items(), COLOURS, strict=False)):
        at = y + row * LEGEND_LINE
        words = (
            f"{stage}: mean {one['mean_ms']:.0f} ms ({100 * one['share']:.0f} %), "
            f"p50 {one['p50_ms']:.0f}, p95 {one['p95_ms']:.0f}"
        )
        parts.append(f'<rect x="{LEFT}" y="{at:.1f}" width="14" height="14" fill="{colour}"/>')
        parts.append(_text(LEFT + 22, at + 12, words, 12))
    return parts


def _text(x: float, y: float, words: str, size: int) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}">{escape(words)}</text>'
