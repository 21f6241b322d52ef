"""Measure everything and write benchmarks/results.json: `make bench` (over an hour on two cores).

What each figure means and what it is compared with: benchmarks/README.md.
"""

from __future__ import annotations

import json

from benchmarks import cameras16, codec, delivery, hotspots, models, path, thermal
from benchmarks.machine import describe
from benchmarks.results import read_results, write_results


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
    # What was measured before stays until it is measured anew, so that a step that fails takes nothing with it.
    write_results(read_results() | results)
    print(json.dumps({key: value for key, value in results.items() if key != "runs"}, indent=2))
    delivery.measure()
    cameras16.record()
    models.measure()
    thermal.measure()


if __name__ == "__main__":
    main()
