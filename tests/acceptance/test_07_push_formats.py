"""A client pushes each format that is read, whole as its camera wrote it, to a running stack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest

from canairy import topics
from canairy.messages import wire
from canairy.messages.frame import Frame
from canairy.thermal.formats import ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale
from protos.canairy.v1 import ingest_service_pb2 as pb
from tests.acceptance.helpers.push import just_now, submit
from tests.acceptance.helpers.site import pushed
from tests.acceptance.helpers.stack import RunningStack, running
from tests.helpers.thermal_files import csv_514, tiff, warm_celsius

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
SCALE: Final = {"scale_k": 0.1, "offset_c": -100}
FORMATS: Final = ("flir", "png", "tiff-16", "tiff-float", "csv")


@pytest.fixture(scope="module")
def files(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each format, by the name of the camera that pushes it: two recorded ones, the others simulated."""
    folder = tmp_path_factory.mktemp("files")
    recorded = test_data / "substation-radiometric" / "radiometric" / "sub_437.png"
    counts = np.asarray(cv2.imread(str(recorded), cv2.IMREAD_UNCHANGED), np.uint16)
    made = {
        "tiff-16.tif": tiff(counts),
        "tiff-float.tif": tiff(warm_celsius().astype(np.float32)),
        "csv.csv": csv_514(),
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return {"flir": test_data / "flir-rjpeg" / "detect_T640.jpg", "png": recorded} | {
        name.partition(".")[0]: folder / name for name in made
    }


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("formats")
    cameras = [pushed(name, [], scale=SCALE) for name in (*FORMATS, "none")]
    (folder / "site.yaml").write_text(json.dumps({"site": {"id": "formats-ss"}, "cameras": cameras}), encoding="utf-8")
    with running(folder / "site.yaml", folder / "data") as up:
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def push(up: RunningStack, camera: str, content: bytes, at: datetime) -> pb.SubmitFramesResponse:
    return submit(up.ingest(), [pb.SubmitFramesRequest(camera=camera, captured_at=wire.timestamp(at), file=content)])


@pytest.mark.parametrize("name", FORMATS)
def test_a_pushed_file_is_the_frame_that_the_file_is(formats: RunningStack, files: dict[str, Path], name: str) -> None:
    wanted = read_thermal(files[name], ReadOptions(LinearScale(0.1, -100)))

    answer = push(formats, name, files[name].read_bytes(), just_now(5))

    assert (answer.accepted, answer.refused) == (1, 0)
    (record,) = formats.until(lambda: formats.log.records(topics.FRAMES, name), "the frame")
    frame = Frame.decode(record.value or b"")
    assert np.abs(frame.thermogram.celsius() - wanted.celsius).max() <= 0.51 * frame.thermogram.scale_k
    assert frame.radiometry.assumed == (wanted.parameters is None)
    if wanted.parameters is not None:
        assert frame.radiometry.emissivity == pytest.approx(wanted.parameters.emissivity)
        assert frame.radiometry.distance_m == pytest.approx(wanted.parameters.distance_m)


def test_a_file_that_is_not_radiometric_is_refused_by_camera_and_reason(formats: RunningStack, test_data: Path) -> None:
    content = (test_data / "flir-rjpeg" / "detect_H20T.jpg").read_bytes()

    answer = push(formats, "none", content, just_now(5))

    assert (answer.accepted, answer.refused) == (0, 1)
    assert answer.refusals[0].reason.startswith("none: the file cannot be used: not radiometric: a JPEG of DJI ZH20T")
