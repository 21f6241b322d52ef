"""PatchCore on recorded crops, for results.json: how well it tells them, and whether Triton serves what was trained.

The figures of `benchmarks.patchcore_pv` at the size of its peer and at the one that did best, and of
`benchmarks.patchcore_served` with the first of these models.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks import patchcore_pv, patchcore_served
from benchmarks.patchcore_data import archive, unpack

SIZES: Final = (patchcore_served.SIZE_PX, 96)


def measure() -> dict[str, Any]:
    """The figures, see benchmarks/README.md; none, with a word why, where the recorded crops are not."""
    found = archive()
    if found is None:
        print("skipped: CANAIRY_TEST_DATA names no folder with pv-modules.zip in it")
        return {}
    with tempfile.TemporaryDirectory() as place:
        folders, models = unpack(found, Path(place)), Path(place) / "models"
        results = [patchcore_pv.measure(folders, models / f"pv{size}", size) for size in SIZES]
        served = patchcore_served.of_folders(models / f"pv{SIZES[0]}", folders)
    return {
        "patchcore_pv": {f"{result.size_px} px": patchcore_pv.figures(result) for result in results},
        "served_vs_reference": served["served_vs_reference"],
        "served": served,
    }
