"""benchmarks/results.json: where the figures of a whole `make bench` stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results.json"
# Of two cores, where nothing has been measured yet.
USUAL_FRAMES_PER_S: Final = 48.0
USUAL_WITH_MODELS: Final = 12.0


def read_results() -> dict[str, Any]:
    """The last results; empty when there are none."""
    if not RESULTS.exists():
        return {}
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


def write_results(results: dict[str, Any]) -> None:
    """Replace them."""
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def half_load() -> float:
    """Half of the frames a second that the last measurement sustained."""
    return float(read_results().get("frames_per_s_sustained", USUAL_FRAMES_PER_S)) / 2


def half_load_with_models() -> float:
    """Half of the frames a second that were sustained with the models asked."""
    return float(read_results().get("frames_per_s_with_models", USUAL_WITH_MODELS)) / 2
