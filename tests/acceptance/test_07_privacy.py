"""Privacy on a running stack: what a mask hides never leaves ingest; visible pictures and places only if asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest

from canairy import topics
from canairy.messages.detections import Detections
from canairy.messages.frame import Frame
from canairy.messages.location import Location
from canairy.messages.reading import Reading
from canairy.thermal.flir_beside import read_visible
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


# --- visible pictures and places ------------------------------------------------------------------------------------

RECORDED: Final = "fie_flir_example.jpg"
# As ExifTool tells it of this file.
PLACE: Final = Location(49.01070159372646, 8.418382636822752)


@pytest.fixture(scope="module")
def kept(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Three cameras that read the same recorded file: one keeps nothing, one the picture, one the place too."""
    folder = tmp_path_factory.mktemp("kept")
    wishes = {
        "neither": {},
        "picture": {"keep_visible_image": True},
        "both": {"keep_visible_image": True, "keep_location": True},
    }
    whole = [[10, 10], [200, 10], [200, 200], [10, 200]]
    cameras = [
        {
            "id": name,
            "source": f"folder:{(test_data / 'flir-rjpeg').resolve()}",
            "files": RECORDED,
            "privacy": privacy,
            "views": [{"id": f"{name}-view", "assets": [{"id": f"{name}-a", "equipment": "0201", "region": whole}]}],
        }
        for name, privacy in wishes.items()
    ]
    path = folder / "site.yaml"
    path.write_text(json.dumps({"site": {"id": "kept-ss"}, "cameras": cameras}), encoding="utf-8")
    with running(path, folder / "data") as up:
        for name in wishes:
            up.until(lambda it=name: up.log.records(topics.EVIDENCE, f"{it}-a"), f"evidence of {name}")  # type: ignore[misc]
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def test_visible_picture_and_place_are_dropped_unless_the_site_file_says_otherwise(
    kept: RunningStack, test_data: Path
) -> None:
    neither, picture, both = (
        Frame.decode(kept.log.records(topics.FRAMES, name)[0].value or b"") for name in ("neither", "picture", "both")
    )
    original = read_visible((test_data / "flir-rjpeg" / RECORDED).read_bytes())
    seen = cv2.imdecode(np.frombuffer(both.visible, np.uint8), cv2.IMREAD_COLOR)

    assert (neither.visible, neither.header.location) == (b"", None)
    assert (picture.visible, picture.header.location) == (both.visible, None)
    assert both.header.location == PLACE
    assert neither.image == picture.image == both.image
    assert original is not None
    assert seen is not None
    assert float(np.abs(seen.astype(np.float32) - original).mean()) < 8


def test_a_place_that_is_not_kept_is_in_no_message_and_one_that_is_kept_is_in_the_reading(kept: RunningStack) -> None:
    latitude = np.array(PLACE.latitude_deg, "<f8").tobytes()
    messages = {
        name: [
            record.value or b""
            for topic in (topics.FRAMES, topics.DETECTIONS, topics.READINGS, topics.EVIDENCE)
            for record in kept.log.records(topic)
            if record.key.partition("-")[0] == name
        ]
        for name in ("neither", "picture", "both")
    }

    assert all(len(found) >= 4 for found in messages.values())
    assert not any(latitude in it for name in ("neither", "picture") for it in messages[name])
    assert all(latitude in it for it in messages["both"])


def test_canairy_evidence_writes_the_visible_picture_beside_the_crop(kept: RunningStack, tmp_path: Path) -> None:
    run = canairy("evidence", "--out", str(tmp_path), "--data", str(kept.data), "--visible")

    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(it.name.partition("Z-")[2] for it in tmp_path.iterdir()) == [
        "both-a.png",
        "both-a.visible.jpg",
        "neither-a.png",
        "picture-a.png",
        "picture-a.visible.jpg",
    ]
    assert "both-a.png  at 49.010702, 8.418383\n" in run.stdout
    assert run.stdout.count("  at ") == 1


def test_a_visible_picture_beside_masks_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        "site: {id: private-ss}\n"
        "cameras:\n"
        "  - id: cam-01\n"
        "    source: folder:frames\n"
        "    privacy:\n"
        "      masks: [[[0, 0], [9, 0], [9, 9]]]\n"
        "      keep_visible_image: true\n"
        "    views: [{id: bay}]\n",
        encoding="utf-8",
    )

    run = canairy("site", "check", str(path), "--json")

    assert run.returncode == 1
    (told,) = json_lines(run.stdout)
    assert (told["line"], told["path"]) == (7, "cameras[0].privacy.keep_visible_image")
    assert told["message"].startswith("must be false beside masks")
