"""`canairy up` on the demo's site, as `make demo` runs it; one whole run for all stories that look at it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.jars import ROOT
from tests.acceptance.helpers.command import CANAIRY, environment

SITE = ROOT / "deploy/local/demo-site.yaml"
SMALL = {"CANAIRY_TOPIC_SHARE": "0.02"}


@dataclass(frozen=True)
class Run:
    """What a run of the demo left."""

    code: int
    lines: list[str]
    said: str
    data: Path


@pytest.fixture(scope="package")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that the runs of a package share, one after the other."""
    place = tmp_path_factory.mktemp("demo")
    yield place / "data"
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="package")
def demo_run(demo_data: Path) -> Run:
    """`DEMO_EXIT=1 make demo`, without its set-up."""
    done = up(demo_data, "--exit-when-done")
    return Run(done.returncode, done.stdout.splitlines(), done.stderr, demo_data)


def command(data: Path, *options: str) -> list[str]:
    return [str(CANAIRY), "up", "--site", str(SITE), "--data", str(data), *options]


def up(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(data, *options),
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(**SMALL),
        timeout=280,
    )
