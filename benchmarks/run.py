"""Measure everything and write benchmarks/results.json: `make bench` (about a quarter of an hour on two cores).

What each figure means and what it is compared with: benchmarks/README.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from benchmarks import codec, hotspots, path
from benchmarks.machine import describe

RESULTS: Final = Path(__file__).parent / "results.json"


def main() -> None:
    """Run every benchmark and write the results."""
    packed = codec.measure()
    hotspots.main()
    results = {
        "machine": describe(),
        "frame_bytes_ratio": packed["ratio"],
        "codec": packed,
        **path.measure(),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in results.items() if key != "runs"}, indent=2))


if __name__ == "__main__":
    main()
