"""The program behind `make chaos`, run to its end."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local.jars import ROOT
from tests.chaos import files

# Only bounds a run that would hang.
LONGEST_S: Final = 900


@dataclass(frozen=True)
class Run:
    """What a run left, how its program ended, and what it said."""

    folder: Path
    code: int
    text: str

    @property
    def found(self) -> set[str]:
        """The names of what the verdict found."""
        return set(files.judge_again(self.folder).names)

    @property
    def about(self) -> dict[str, Any]:
        """What the run tells of itself."""
        return files.read_about(self.folder)


def chaos(folder: Path, *arguments: str) -> Run:
    """Run the program with these arguments; its results go into `folder`."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--out", str(folder), *arguments],
        check=False,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_S,
    )
    return Run(folder, ended.returncode, ended.stdout)
