"""Privacy masks on a running stack: what lies under one never leaves ingest, and is nobody's temperature."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from canairy import topics
from canairy.messages.detections import Detections
from canairy.messages.frame import Frame
from canairy.messages.reading import Reading
from tests.acceptance.helpers.command import canairy, json_lines
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import Celsius, joint, just_now, push_all, request
from tests.acceptance.helpers.site import asset, pushed
from tests.acceptance.helpers.stack import RunningStack, running
from tests.helpers.frames import heated

# Columns 100 to 140 of rows 20 to 110, of 160x128 pixels.
MASK: Final = [[100, 20], [140, 20], [140, 110], [100, 110]]
HIDDEN: Final = (slice(20, 111), slice(100, 141))
FRAMES: Final = 6


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack with two cameras that see the same: one has a mask."""
    folder = tmp_path_factory.mktemp("private")
    cameras = [
        pushed(name, [asset(f"{name}-a", {"high_c": 80})], size=[160, 128], privacy={"masks": masks})
        for name, masks in (("masked", [MASK]), ("open", []))
    ]
    site = {"site": {"id": "private-ss"}, "cameras": cameras}
    (folder / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with running(folder / "site.yaml", folder / "data") as up:
        start = just_now()
        for camera in ("masked", "open"):
            push_all(up.ingest(), [request(camera, seen(n), start + timedelta(seconds=n)) for n in range(FRAMES)])
        up.until(lambda: all_read(up), "the readings of all frames")
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def seen(number: int) -> Celsius:
    """A joint of 40 degrees; behind the mask somebody walks by, warm as a radiator."""
    return heated(joint(40.0), 104 + 3 * number, 40, 16, 70.0)


def all_read(up: RunningStack) -> bool:
    times = [{it.header.captured_at for it in readings(up, camera)} for camera in ("masked", "open")]
    return all(len(it) == FRAMES for it in times)


def readings(up: RunningStack, camera: str) -> list[Reading]:
    told = [Reading.decode(record.value or b"") for record in up.log.records(topics.READINGS)]
    return [it for it in told if it.header.camera == camera]


def test_no_frame_has_a_temperature_under_the_mask_and_every_one_has_its_others(private: RunningStack) -> None:
    frames = [Frame.decode(record.value or b"") for record in private.log.records(topics.FRAMES, "masked")]

    assert len(frames) == FRAMES
    for number, frame in enumerate(frames):
        celsius = frame.thermogram.celsius()
        assert np.isnan(celsius[HIDDEN]).all()
        assert np.isnan(celsius).sum() == celsius[HIDDEN].size
        expected = seen(number)
        expected[HIDDEN] = np.nan
        np.testing.assert_allclose(celsius, expected, atol=0.006)


def test_what_is_masked_is_found_by_nobody_and_found_where_there_is_no_mask(private: RunningStack) -> None:
    found = {
        camera: {
            region.asset
            for record in private.log.records(topics.DETECTIONS, camera)
            for region in Detections.decode(record.value or b"").regions
        }
        for camera in ("masked", "open")
    }

    assert found["masked"] == {"masked-a"}
    assert found["open"] > {"open-a"}


def test_it_alarms_nobody_and_would_without_the_mask(private: RunningStack) -> None:
    private.until(lambda: private.log.events("open-view/find-1"), "the alarm of the camera without a mask")

    assert kinds(private.log.events("open-view/find-1"))[0] == "hot_spot raised"
    alarms = [json.loads(record.value or b"{}") for record in private.log.records(topics.ALERTS)]
    assert [it for it in alarms if it["data"].get("camera") == "masked"] == []


def test_registered_equipment_beside_the_mask_is_measured_as_without_it(private: RunningStack) -> None:
    masked, without = (
        [it.temperatures for it in readings(private, camera) if it.asset == f"{camera}-a"]
        for camera in ("masked", "open")
    )

    assert len(masked) == FRAMES
    assert masked == without
    assert all(it is not None and it.max_c == pytest.approx(40.0, abs=0.01) for it in masked)


def test_a_region_under_a_mask_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        "site: {id: private-ss}\n"
        "cameras:\n"
        "  - id: cam-01\n"
        "    source: 'push:'\n"
        "    privacy:\n"
        "      masks:\n"
        "        - [[100, 20], [140, 20], [140, 110]]\n"
        "    views:\n"
        "      - id: bay\n"
        "        assets:\n"
        "          - {id: joint, equipment: '0201', region: [[110, 25], [120, 25], [120, 30]]}\n",
        encoding="utf-8",
    )

    run = canairy("site", "check", str(path), "--json")

    assert run.returncode == 1
    assert json_lines(run.stdout) == [
        {
            "line": 11,
            "path": "cameras[0].views[0].assets[0].region",
            "message": "overlaps the privacy mask in line 7: masked pixels have no temperature",
        }
    ]
