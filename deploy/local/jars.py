"""The broker's jars: fetched once by Maven into build/kafka/libs, again when pom.xml changes.

`python -m deploy.local.jars` (a part of `make setup`).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from canairy.errors import CanairyError, ConfigurationError

ROOT: Final = Path(__file__).parents[2]
POM: Final = ROOT / "deploy/kafka/pom.xml"
LIBS: Final = ROOT / "build/kafka/libs"


def ensure_jars(pom: Path = POM, libs: Path = LIBS) -> Path:
    """The folder with the jars, fetched when missing or of another pom; raises ConfigurationError when it cannot be."""
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()
    stamp = libs / ".pom-sha256"
    if not (stamp.exists() and stamp.read_text() == wanted):
        _fetch(pom, libs)
        stamp.write_text(wanted)
    return libs


def _fetch(pom: Path, libs: Path) -> None:
    if shutil.which("mvn") is None:
        raise ConfigurationError("Maven (mvn) is missing, so Kafka cannot be fetched: apt-get install -y maven")
    shutil.rmtree(libs, ignore_errors=True)
    libs.mkdir(parents=True)
    command = ["mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={libs}"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        end = "\n".join((result.stdout + result.stderr).strip().splitlines()[-15:])
        raise ConfigurationError(f"Maven could not fetch Kafka's jars ({' '.join(command)}):\n{end}")


if __name__ == "__main__":
    try:
        ensure_jars()
    except CanairyError as error:
        sys.exit(str(error))
