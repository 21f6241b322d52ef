"""`python -m training.detector` from nothing to a model, stopped and started again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: it is in the training extra")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: it is in the workshop extra")

ROOT = Path(__file__).parents[2]
SMALL = ["--frames", "4", "--size", "128x64", "--early-epochs", "1", "--held-out", "4", "--seed", "3"]


def _train(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training.detector", "--out", str(out), *SMALL, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_model_is_made_and_the_same_again_from_the_run_that_is_kept(tmp_path: Path) -> None:
    first = _train(tmp_path / "detector", "--epochs", "2")
    card = json.loads((tmp_path / "detector/card.json").read_text(encoding="utf-8"))
    again = _train(tmp_path / "detector", "--epochs", "2")

    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert "mean average precision" in first.stdout
    assert "simulated frames" in first.stdout
    assert card["command"].startswith("python -m training.detector --out")
    assert (card["frames"], card["epochs"], card["seed"], card["size"]) == (4, 2, 3, "128x64")
    assert "epochs: 2 of 2, as" in again.stderr
    assert json.loads((tmp_path / "detector/card.json").read_text(encoding="utf-8"))["sha256"] == card["sha256"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--size", "100x64"), "must be multiples of 32"),
        (("--size", "96x64"), "early epochs need multiples of 64"),
        (("--size", "large"), "give WIDTHxHEIGHT"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_line(tmp_path: Path, options: tuple[str, str], reason: str) -> None:
    failed = _train(tmp_path / "detector", *options)

    assert failed.returncode == 1
    assert reason in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "detector").exists()
