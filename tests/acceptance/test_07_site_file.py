"""`canairy site check` and `canairy site schema`, as an operator and an editor use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML

from tests.acceptance.helpers.command import canairy, json_lines
from tests.acceptance.helpers.site import site
from tests.unit.test_site_load import GOOD

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "local" / "demo-site.yaml"
SCHEMA = ROOT / "docs" / "site.schema.json"


def checked(folder: Path, text: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status of `canairy site check --json`, and what it printed."""
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    run = canairy("site", "check", str(path), "--json")
    assert run.stderr == ""
    return run.returncode, json_lines(run.stdout)


def test_every_mistake_is_one_object_with_line_path_and_message_and_the_exit_status_is_1(tmp_path: Path) -> None:
    text = GOOD.replace("rate_hz: 2", "rate_hz: fast").replace("group: ds-301", "grup: ds-301", 1)

    status, mistakes = checked(tmp_path, text)

    assert status == 1
    assert [set(mistake) for mistake in mistakes] == [{"line", "path", "message"}] * len(mistakes)
    assert [(it["line"], it["path"]) for it in mistakes] == [
        (5, "cameras[0].rate_hz"),
        (14, "cameras[0].views[0].assets[0].grup"),
        (16, "cameras[0].views[0].assets[0].limits.delta_k"),
        (16, "cameras[0].views[0].assets[1].limits.delta_k"),
    ]
    assert mistakes[1]["message"] == "unknown key 'grup', did you mean 'group'?"


def test_a_good_file_has_no_mistake_and_the_exit_status_is_0(tmp_path: Path) -> None:
    status, said = checked(tmp_path, GOOD)

    assert status == 0
    assert [it for it in said if "message" in it] == []


@pytest.mark.parametrize("key", ["cam: 1", "Cameras: []", "alarms: {}", "digest: abc"])
def test_an_unknown_key_is_a_mistake_with_its_line(tmp_path: Path, key: str) -> None:
    status, mistakes = checked(tmp_path, f"{GOOD}{key}\n")

    assert status == 1
    assert [(it["line"], it["path"]) for it in mistakes] == [(28, key.partition(":")[0])]


def test_a_region_outside_the_frame_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    status, mistakes = checked(tmp_path, GOOD.replace("rate_hz: 2", "size: [320, 261]"))

    assert status == 1
    assert [(it["line"], it["path"]) for it in mistakes] == [(19, "cameras[0].views[0].assets[1].region")]
    assert "leaves the frame at [400, 120]" in mistakes[0]["message"]


def referenced(folder: Path, more: str = "") -> str:
    """The good file, whose view has a reference of 320x240 pixels, 16 bits."""
    assert cv2.imwrite(str(folder / "bay.png"), np.full((240, 320), 29_315, np.uint16))
    return GOOD.replace("    rate_hz: 2\n", more).replace("- id: bay-3", "- id: bay-3\n        reference: bay.png", 1)


def test_a_region_outside_the_views_reference_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    status, mistakes = checked(tmp_path, referenced(tmp_path))

    assert status == 1
    assert [(it["line"], it["path"].rpartition(".")[2]) for it in mistakes] == [(12, "region"), (19, "region")]
    assert mistakes[0]["message"] == "leaves the view's reference, 320x240 pixels, at [300, 260]"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("bay.png", b"", "cannot be used: bay.png: empty: 0 bytes"),
        ("bay.jpg", b"", "cannot be used: bay.png: No such file or directory"),
        ("bay.png", cv2.imencode(".png", np.zeros((512, 640), np.uint8))[1].tobytes(), "bay.png: 8-bit grey"),
    ],
)
def test_a_reference_that_ingest_could_not_use_is_a_mistake_with_its_line(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    text = referenced(tmp_path)
    (tmp_path / "bay.png").unlink()
    (tmp_path / name).write_bytes(content)

    status, mistakes = checked(tmp_path, text)

    assert status == 1
    assert [(it["line"], it["path"]) for it in mistakes] == [(7, "cameras[0].views[0].reference")]
    assert told in mistakes[0]["message"]


def test_a_reference_of_another_size_than_the_cameras_frames_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    status, mistakes = checked(tmp_path, referenced(tmp_path, "    size: [640, 512]\n"))

    assert status == 1
    assert [(it["line"], it["path"].rpartition(".")[2]) for it in mistakes] == [(8, "reference")]
    assert mistakes[0]["message"] == "has 320x240 pixels, and the camera's frames are 640x512"


def test_a_group_of_one_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    status, mistakes = checked(tmp_path, GOOD.replace("group: ds-301", "group: ds-302", 1))

    assert status == 1
    assert {it["line"] for it in mistakes} == {16}


def test_a_password_in_a_source_is_a_mistake_that_does_not_repeat_it(tmp_path: Path) -> None:
    text = GOOD.replace("simulated:yard", "rtsp://operator:s3cr3t@10.0.0.5/ch1")

    status, mistakes = checked(tmp_path, text)

    assert status == 1
    assert [(it["line"], it["path"]) for it in mistakes] == [(4, "cameras[0].source")]
    assert "s3cr3t" not in str(mistakes)
    assert "operator" not in str(mistakes)


def test_the_schema_that_is_checked_in_is_the_one_that_is_printed() -> None:
    printed = canairy("site", "schema")

    assert printed.returncode == 0
    assert printed.stdout == SCHEMA.read_text(encoding="utf-8"), (
        "make it anew: canairy site schema > docs/site.schema.json"
    )


def test_the_schema_is_one_that_editors_can_read() -> None:
    jsonschema.Draft202012Validator.check_schema(_schema())


@pytest.mark.parametrize(
    "text", [DEMO.read_text(encoding="utf-8"), GOOD, json.dumps(site())], ids=["demo", "good", "test"]
)
def test_what_the_check_accepts_the_schema_accepts(tmp_path: Path, text: str) -> None:
    assert checked(tmp_path, text)[0] == 0
    jsonschema.validate(_plain(text), _schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("region", "regoin"),
        ("on_delay: 10s", "on_delay: 10"),
        ("on_delay: 10s", "on_delay: PT10S"),
        ("high_c: 80", "high_c: hot"),
        ('equipment: "0201"', 'equipment: "0299"'),
        ('equipment: "0201"', "equipment: 0201"),
        ("[210, 120]", "[210]"),
        ("rate_hz: 2", "rate_hz: 0"),
        ("rate_hz: 2", "privacy: {masks: [[[0, 0], [9, 9]]]}"),
        ("id: cam-01", 'id: "_canary"'),
        ("source: simulated:yard", "source: yard"),
        ("site: {id", "sight: {id"),
    ],
)
def test_what_the_schema_refuses_the_check_refuses(tmp_path: Path, old: str, new: str) -> None:
    text = GOOD.replace(old, new, 1)

    assert checked(tmp_path, text)[0] == 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_plain(text), _schema())


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def _plain(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))
