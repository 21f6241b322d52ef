"""Whole files by gRPC push, by a real client of a running stack: each becomes the frame that a folder makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import cv2
import numpy as np
import pytest

from canairy import topics
from canairy.messages.frame import Frame
from canairy.messages.header import ESTIMATE, NO_TEMPERATURES
from protos.canairy.v1 import ingest_service_pb2 as pb
from tests.acceptance.helpers.push import push_all, submit
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.test_06_anomaly import NORMAL_S
from tests.acceptance.test_07_without_temperatures import STATED, painted, transformer
from tests.helpers.thermal_files import FlirPicture, csv_514, dated, png, tiff, warm_counts

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

TAKEN: Final = datetime(2026, 3, 5, 12, 0, 0, 250_000, tzinfo=UTC)
COUNTS: Final = warm_counts() // 2 + 25_000
CELSIUS: Final = np.linspace(15, 60, 48 * 64, dtype=np.float32).reshape(48, 64)
SHOWN: Final = transformer(NORMAL_S)
# Camera: what the site file says of it, and one file of it.
FILES: Final[dict[str, tuple[dict[str, Any], str, bytes]]] = {
    "flir": ({}, "a.jpg", FlirPicture(taken=int(TAKEN.timestamp())).jpeg()),
    "png16": ({}, "a.png", dated(png(COUNTS), TAKEN)),
    "tiff16": ({}, "a.tif", tiff(COUNTS)),
    "float": ({}, "a.tiff", tiff(CELSIUS)),
    "csv": ({}, "a.csv", csv_514()),
    "grey-png": ({"temperatures": "none"}, "a.png", dated(png(SHOWN), TAKEN)),
    "colour-jpeg": ({"temperatures": "none"}, "a.jpg", cv2.imencode(".jpg", painted(SHOWN))[1].tobytes()),
    "read-off": ({"estimate": STATED}, "a.png", png(painted(SHOWN))),
}
DATED: Final = {"flir", "png16", "grey-png"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Of every kind of file a camera that is pushed, and one whose folder holds the same file."""
    folder = tmp_path_factory.mktemp("push")
    cameras = []
    for name, (stated, file, content) in FILES.items():
        (folder / name).mkdir()
        (folder / name / file).write_bytes(content)
        for kind, source in (("pushed", "push:"), ("folder", f"folder:{name}")):
            camera = f"{name}-{kind}"
            cameras.append({"id": camera, "source": source, "views": [{"id": f"{camera}-view"}]} | stated)
    (folder / "site.yaml").write_text(json.dumps({"site": {"id": "push-ss"}, "cameras": cameras}), encoding="utf-8")
    with running(folder / "site.yaml", folder / "data") as up:
        push_all(up.ingest(), [request(name) for name in FILES])
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def request(name: str, **more: Any) -> pb.SubmitFramesRequest:  # noqa: ANN401 - passed on
    """The camera's file; its time beside it where it says none itself."""
    whole = pb.SubmitFramesRequest(camera=f"{name}-pushed", file=FILES[name][2], **more)
    if name not in DATED:
        whole.captured_at.FromDatetime(TAKEN)
    return whole


def the_frame(stack: RunningStack, camera: str) -> Frame:
    stack.until(lambda: stack.log.records(topics.FRAMES, camera), f"the frame of {camera}")
    (record,) = stack.log.records(topics.FRAMES, camera)
    return Frame.decode(record.value or b"")


@pytest.mark.parametrize("name", FILES)
def test_a_pushed_file_of_any_format_becomes_the_frame_that_a_folder_makes_of_it(
    stack: RunningStack, name: str
) -> None:
    pushed, read = (the_frame(stack, f"{name}-{kind}") for kind in ("pushed", "folder"))

    assert pushed.image == read.image
    assert pushed.radiometry == read.radiometry
    assert pushed.header.captured_at == TAKEN
    if name in DATED:
        assert (read.header.captured_at, pushed.header.flags) == (TAKEN, read.header.flags)


def test_a_picture_says_that_it_has_no_temperatures_and_an_estimate_that_it_is_one(stack: RunningStack) -> None:
    grey, colour, read_off = (the_frame(stack, f"{it}-pushed") for it in ("grey-png", "colour-jpeg", "read-off"))

    assert grey.picture is not None
    assert np.array_equal(grey.picture.pixels(), SHOWN)
    assert [it.header.flags for it in (grey, colour)] == [(NO_TEMPERATURES,)] * 2
    assert (read_off.radiometric, read_off.header.flags) == (True, (ESTIMATE,))


def test_a_file_that_its_camera_cannot_have_is_refused_with_the_reason_and_the_camera(stack: RunningStack) -> None:
    wrong = request("grey-png")
    wrong.file = png(COUNTS)
    none = request("png16")
    none.file = FILES["grey-png"][2]

    answer = submit(stack.ingest(), [wrong, none])

    assert [it.reason for it in answer.refusals] == [
        "grey-png-pushed: the file cannot be used: 16-bit: a picture without temperatures has 8 bits a value",
        "png16-pushed: the file cannot be used: 8-bit grey: temperatures need 16-bit grey",
    ]
