"""Run by the peers' own interpreter (benchmarks/rjpeg_peer.py): TASK OUT FILE... answers with one line of JSON.

Nothing of this project is imported here, and nothing here is imported by it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROUNDS = 7


def best_ms(call: Callable[[], object]) -> float:
    """CPU milliseconds of one call, the best of the rounds."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        call()
        found.append(1000 * (time.process_time() - begun))
    return min(found)


def celsius(path: Path) -> Any:  # noqa: ANN401 - an array of the peer's
    """Temperatures as flyr makes them."""
    return importlib.import_module("flyr").unpack(str(path)).celsius


def frames(path: Path, out: Path) -> str:
    """Write the temperatures; why not, if not."""
    try:
        found = celsius(path)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its way to refuse
        return f"{type(error).__name__}: {error}"
    importlib.import_module("numpy").save(out / f"{path.name}.npy", found)
    return ""


def csv(path: Path) -> object:
    """A CSV's numbers as pandas reads them."""
    read = importlib.import_module("pandas").read_csv
    return read(path, sep=";", header=None, skiprows=5, usecols=range(640), dtype="float32").to_numpy()


def main(task: str, out: str, *names: str) -> dict[str, object]:
    """Do one task for each file."""
    paths = [Path(name) for name in names]
    if task == "frames":
        return {path.name: frames(path, Path(out)) for path in paths}
    read = celsius if task == "time" else csv
    return {path.name: best_ms(partial(read, path)) for path in paths}


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        answer = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(answer) + "\n")
