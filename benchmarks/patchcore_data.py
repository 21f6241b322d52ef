"""Crops of `$CANAIRY_TEST_DATA/pv-modules.zip`, always the same ones: 400 to fit, 300 normal and 440 faulty to test.

Normals in order of sha1(key): the first 400 fit, the next 300 test; the first 40 of each of the 11 fault classes, in
the same order, test. Recorded, 24x40 pixels, 8-bit, not radiometric.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ARCHIVE: Final = "pv-modules.zip"
NORMAL: Final = "No-Anomaly"
FIT, TEST, FAULTS_A_CLASS = 400, 300, 40
PARTS: Final = ("fit", "normal", "faulty")


def archive() -> Path | None:
    """Where the data is; None where it is not."""
    path = Path(os.environ.get("CANAIRY_TEST_DATA", "")) / ARCHIVE
    return path if path.is_file() else None


def unpack(path: Path, folder: Path) -> Mapping[str, Path]:
    """Write the pictures of the protocol into `folder`/fit, /normal and /faulty; returns these three."""
    with zipfile.ZipFile(path) as opened:
        described = json.loads(opened.read("module_metadata.json"))
        for part, keys in zip(PARTS, _protocol(described), strict=True):
            (folder / part).mkdir(parents=True)
            for number, key in enumerate(keys):
                name = described[key]["image_filepath"]
                (folder / part / f"{number:03}{Path(name).suffix}").write_bytes(opened.read(name))
    return {part: folder / part for part in PARTS}


def _protocol(described: Mapping[str, Mapping[str, str]]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    classes: dict[str, list[str]] = {}
    for key in sorted(described, key=lambda key: hashlib.sha1(key.encode()).hexdigest()):  # noqa: S324 - an order
        classes.setdefault(described[key]["anomaly_class"], []).append(key)
    normal = classes.pop(NORMAL)
    faulty = [key for name in sorted(classes) for key in classes[name][:FAULTS_A_CLASS]]
    return normal[:FIT], normal[FIT : FIT + TEST], faulty
