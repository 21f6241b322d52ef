"""An independent reader of FLIR's files (flyr, EUPL-1.2) and of CSV (pandas), in an environment and process of theirs.

flyr's licence is not this project's: it is installed beside it to compare numbers with, and nothing here imports it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / "build" / "peers" / "rjpeg"
PACKAGES: Final = ("flyr==5.1.0", "pandas==3.1.1")
SCRIPT: Final = Path(__file__).with_name("rjpeg_peer_script.py")
INSTALL_S: Final = 300


class PeerMissing(Exception):
    """It could not be installed here; the text says why."""


def peer_python() -> Path:
    """The interpreter of the peers' environment, made when it is not there; raises PeerMissing."""
    python = HOME / "bin" / "python"
    filled = HOME / f".{'_'.join(PACKAGES)}"
    if filled.exists():
        return python
    try:
        venv.create(HOME, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=INSTALL_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise PeerMissing(f"no environment for flyr: {error}") from error
    if done.returncode:
        raise PeerMissing(f"flyr cannot be installed: {done.stderr.strip()[-300:]}")
    filled.touch()
    return python


def ask(task: str, paths: Sequence[Path], out: Path | None = None) -> dict[str, Any]:
    """What the peer says of each file, by its name: `frames` (and the temperatures in `out`), `time` or `csv`."""
    command = [str(peer_python()), str(SCRIPT), task, str(out or ""), *map(str, paths)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=INSTALL_S, cwd=HOME)
    if done.returncode:
        raise PeerMissing(f"flyr's process ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.stdout.write(f"{peer_python()}\n")
