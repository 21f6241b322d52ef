"""`canairy alarms`, as a user types it, against a real AlarmService on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.local.stack_file import StackFile
from tests.helpers.alarm_desk import Desk, open_desk

runner = CliRunner()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        yield desk


@pytest.fixture(autouse=True)
def environment(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The service's address in the environment, and no stack in the working folder."""
    monkeypatch.setenv("CANAIRY_ALARMS_ADDRESS", f"127.0.0.1:{desk.api.port}")
    monkeypatch.delenv("CANAIRY_SITE_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def test_list_shows_a_table_with_its_time(desk: Desk) -> None:
    del desk

    result = runner.invoke(app, ["alarms", "list", "--zone", "Asia/Seoul"])

    head, row, foot = result.stdout.splitlines()
    assert result.exit_code == 0
    assert head.split() == ["PRIORITY", "STATE", "ID", "ASSET", "CONDITION", "SINCE", "REASON"]
    assert row.split()[:5] == ["medium", "unacknowledged", "a-1", "ds-301-a", "high"]
    assert "2024-05-01 21:00:00 KST" in row
    assert row.endswith("94.2 degC, limit 80")
    assert foot.startswith("1 alarm as of ")


def test_list_json_is_one_object_an_alarm() -> None:
    standing = runner.invoke(app, ["alarms", "list", "--json"])
    everything = runner.invoke(app, ["alarms", "list", "--json", "--all"])

    (alarm,) = [json.loads(line) for line in standing.stdout.splitlines()]
    assert {name: alarm[name] for name in ("id", "state", "priority", "raised_at", "version")} == {
        "id": "a-1", "state": "unacknowledged", "priority": "medium", "raised_at": "2024-05-01T12:00:00Z", "version": 1,
    }  # fmt: skip
    assert alarm["as_of"]
    assert len(everything.stdout.splitlines()) == 2


def test_show_tells_all_of_one_alarm() -> None:
    text = runner.invoke(app, ["alarms", "show", "a-1"])
    as_json = runner.invoke(app, ["alarms", "show", "a-1", "--json"])

    assert "reason:              94.2 degC, limit 80" in text.stdout.splitlines()
    assert json.loads(as_json.stdout)["asset"] == "ds-301-a"


def test_an_unknown_alarm_is_named_and_fails() -> None:
    result = runner.invoke(app, ["alarms", "show", "a-9"])

    assert result.exit_code == 1
    assert result.stderr.startswith("canairy: no alarm 'a-9' as of ")


def test_ack_acknowledges(desk: Desk) -> None:
    result = runner.invoke(app, ["alarms", "ack", "a-1", "--user", "kim", "--comment", "seen", "--version", "1"])
    listed = runner.invoke(app, ["alarms", "list", "--json"])

    assert (result.exit_code, result.stdout) == (0, "a-1: acknowledged by kim\n")
    assert json.loads(listed.stdout)["state"] == "acknowledged"
    assert desk.broker.records("alarms.commands")


def test_ack_json_tells_the_outcome_and_the_alarm() -> None:
    result = runner.invoke(app, ["alarms", "ack", "a-1", "--user", "kim", "--json"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["id"], answer["outcome"], answer["alarm"]["version"]) == ("a-1", "accepted", 2)


def test_a_refused_ack_fails_with_the_judge_s_reason() -> None:
    result = runner.invoke(app, ["alarms", "ack", "a-1", "--user", "kim", "--version", "7"])

    assert result.exit_code == 1
    assert result.stderr == "canairy: a-1: rejected: the alarm is at version 1, not 7\n"


def test_without_kafka_list_answers_and_ack_fails(desk: Desk) -> None:
    desk.broker.available = False

    listed = runner.invoke(app, ["alarms", "list", "--json"])
    acknowledged = runner.invoke(app, ["alarms", "ack", "a-1", "--user", "kim"])

    assert (listed.exit_code, json.loads(listed.stdout)["id"]) == (0, "a-1")
    assert acknowledged.exit_code == 1
    assert "Kafka is away" in acknowledged.stderr


def test_the_address_of_a_running_stack_is_found_in_its_folder(desk: Desk, tmp_path: Path) -> None:
    StackFile(os.getpid(), "site.yaml", "127.0.0.1:1", f"127.0.0.1:{desk.api.port}", "127.0.0.1:1").write(tmp_path)

    result = runner.invoke(app, ["alarms", "list", "--data", str(tmp_path)], env={"CANAIRY_ALARMS_ADDRESS": None})

    assert result.exit_code == 0
    assert "times are UTC" in result.stderr
    assert "2024-05-01 12:00:00 UTC" in result.stdout


def test_without_a_stack_the_error_says_what_to_do() -> None:
    result = runner.invoke(app, ["alarms", "list"], env={"CANAIRY_ALARMS_ADDRESS": None})

    assert result.exit_code == 1
    assert "CANAIRY_ALARMS_ADDRESS" in result.stderr


def test_nobody_at_the_address_is_an_error_that_names_it(desk: Desk) -> None:
    address = f"127.0.0.1:{desk.api.port}"
    desk.close()

    result = runner.invoke(app, ["alarms", "list"])

    assert result.exit_code == 1
    assert result.stderr.startswith(f"canairy: the alarm service at {address} does not answer: ")


def test_an_unknown_zone_is_an_error() -> None:
    result = runner.invoke(app, ["alarms", "list", "--zone", "Asia/Seul"])

    assert result.exit_code == 1
    assert "--zone 'Asia/Seul' is no time zone" in result.stderr
