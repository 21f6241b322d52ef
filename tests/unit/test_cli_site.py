"""`canairy site check`, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.unit.test_site_load import GOOD, write

runner = CliRunner()


def test_a_good_file_is_summed_up_in_one_line(tmp_path: Path) -> None:
    result = runner.invoke(app, ["site", "check", str(write(tmp_path, GOOD))])

    assert (result.exit_code, result.stdout) == (0, "dongdaegu-ss: 2 cameras, 2 views, 2 assets, no mistakes\n")


def test_each_mistake_is_a_line_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("rate_hz: 2", "rate_hz: fast").replace("phase: B", "phase: A"))

    result = runner.invoke(app, ["site", "check", str(path)])

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{path}:5: cameras[0].rate_hz: must be a number, not 'fast'",
        f"{path}:20: cameras[0].views[0].assets[1].phase: phase 'A' is in group 'ds-301' already, in line 13",
    ]


def test_json_is_one_object_a_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("rate_hz: 2", "rate_hz: 0"))

    result = runner.invoke(app, ["site", "check", str(path), "--json"])

    assert result.exit_code == 1
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"line": 5, "path": "cameras[0].rate_hz", "message": "must be above 0, not 0"}
    ]


def test_json_of_a_good_file_counts_what_it_describes(tmp_path: Path) -> None:
    result = runner.invoke(app, ["site", "check", str(write(tmp_path, GOOD)), "--json"])

    summary = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (summary["cameras"], summary["views"], summary["assets"]) == (2, 2, 2)


@pytest.mark.parametrize("arguments", [["site"], ["site", "check"], ["site", "check", "a.yaml", "b.yaml"]])
def test_a_wrong_command_line_is_an_error(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    result = runner.invoke(app, ["site", "check", str(tmp_path / "none.yaml")])

    assert result.exit_code == 1
    assert "none.yaml: cannot be read: No such file" in result.stdout
