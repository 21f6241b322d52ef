"""What a newcomer finds in the repository: two commands first, targets, licence, decisions, the rules of the house."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("help", "setup", "demo", "test", "lint", "types", "proto", "bench", "chaos")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_begins_with_what_is_needed_and_the_two_commands() -> None:
    first = "\n".join(text("README.md").splitlines()[:15])

    for word in ("Python 3.11+", "Java 17+", "Maven", "make demo", "make test"):
        assert word in first


def test_the_readme_shows_the_data_path_and_the_alarms_that_a_user_will_see() -> None:
    readme = text("README.md")

    assert "HIGH  RAISED  ds-301-a" in readme
    for topic in ("thermal.frames", "thermal.detections", "thermal.readings", "thermal.alerts", "thermal.cameras"):
        assert topic in readme


@pytest.mark.parametrize("target", TARGETS)
def test_make_help_tells_each_target(target: str) -> None:
    told = subprocess.run(["make", "help"], check=True, capture_output=True, text=True, cwd=ROOT).stdout

    assert [line for line in told.splitlines() if line.split()[:1] == [target] and len(line.split()) > 2]


def test_the_licence_is_apache_2_and_changes_and_decisions_are_written_down() -> None:
    assert "Apache License" in text("LICENSE")
    assert "Version 2.0" in text("LICENSE")
    assert "## " in text("CHANGELOG.md")
    assert list((ROOT / "docs/decisions").glob("0001-*.md"))


def test_warnings_are_errors_types_are_strict_and_each_ignored_rule_has_its_reason() -> None:
    project = tomllib.loads(text("pyproject.toml"))["tool"]

    assert project["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert project["mypy"]["strict"] is True
    assert project["ruff"]["lint"]["select"] == ["ALL"]
    lines = text("pyproject.toml").splitlines()
    for rule in project["ruff"]["lint"]["ignore"]:
        (line,) = [line for line in lines if line.strip().startswith(f'"{rule}",') and line.startswith("    ")][:1]
        assert "#" in line, rule


def test_continuous_integration_runs_style_types_every_test_and_the_demo() -> None:
    steps = text(".ci/run")

    for step in ("make lint types", "make test", "DEMO_EXIT=1 make demo", "CANAIRY_TEST_DATA"):
        assert step in steps


def test_the_codec_was_chosen_by_measurement_and_the_table_is_kept() -> None:
    table = text("benchmarks/codec.md")

    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) > 5
    for candidate in ("imagecodecs", "blosc2", "zstd", "PNG"):
        assert candidate.lower() in table.lower()
