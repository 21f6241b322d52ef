"""A view that moved past its limit gives no readings until it is taught again: on a running stack, frame by frame."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import cv2
import grpc
import numpy as np
import numpy.typing as npt
import pytest

from canairy import topics
from canairy.messages.reading import Reading
from canairy.messages.thermogram import KELVIN
from canairy.simulator.ill import BEGINS_S, ILL
from canairy.simulator.scene import SCALE_K, Scene
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import just_now, push_all, request
from tests.acceptance.helpers.stack import RunningStack, running

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]
SECOND: Final = timedelta(seconds=1)
FRAMES: Final = 12
HEAD: Final = [[134, 46], [228, 46], [228, 252], [134, 252]]


def seen(begin_s: float, number: int) -> npt.NDArray[np.uint16]:
    """A frame of the camera that is knocked by 62 px at BEGINS_S."""
    script = ILL.camera("knocked")
    assert script is not None
    return Scene(script, 5).render(begin_s + number)


def site() -> dict[str, Any]:
    head = {"id": "head", "equipment": "0205", "region": HEAD, "limits": {"high_c": 150}}
    view = {"id": "bay", "reference": "bay.png", "assets": [head]}
    return {"site": {"id": "taught-ss"}, "cameras": [{"id": "cam-01", "source": "push:", "views": [view]}]}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningStack, Path]]:
    folder = tmp_path_factory.mktemp("taught")
    assert cv2.imwrite(str(folder / "bay.png"), seen(0, 0))
    (folder / "site.yaml").write_text(json.dumps(site()), encoding="utf-8")
    with running(folder / "site.yaml", folder / "data", ["cam-01"]) as up:
        yield up, folder
    shutil.rmtree(folder, ignore_errors=True)


def show(up: RunningStack, begin_s: float, start: datetime) -> None:
    """Twelve frames, a second apart."""
    pictures = [seen(begin_s, number) * np.float32(SCALE_K) - np.float32(KELVIN) for number in range(FRAMES)]
    push_all(up.ingest(), [request("cam-01", it, start + n * SECOND) for n, it in enumerate(pictures)])


def readings(up: RunningStack, since: datetime) -> list[Reading]:
    told = [Reading.decode(record.value or b"") for record in up.log.records(topics.READINGS, "head")]
    return [it for it in told if it.header.captured_at >= since]


def test_a_view_that_moved_past_its_limit_is_invalid_until_it_is_taught_again(
    taught: tuple[RunningStack, Path],
) -> None:
    (up, folder), start = taught, just_now(110)
    show(up, 0, start)
    up.until(lambda: len(readings(up, start)) == FRAMES, "readings of the view as it was taught")

    knocked = start + 20 * SECOND
    show(up, BEGINS_S, knocked)
    up.until(lambda: up.log.events("bay", "moved"), "the alarm of the view")
    # However long it lasts: regions do not follow so far, and nothing is measured beside the equipment.
    show(up, BEGINS_S, knocked + 20 * SECOND)
    moved = up.until(lambda: up.log.events("bay", "moved"), "the alarm of the view")

    assert moved[0]["data"]["reason"] == "moved 62 px, regions follow 24 px"
    assert readings(up, knocked) == []

    assert cv2.imwrite(str(folder / "bay.png"), seen(BEGINS_S, 0))
    ingest = up.file.pids["ingest"]
    os.kill(ingest, signal.SIGTERM)
    up.until(lambda: up.file.pids["ingest"] != ingest or None, "ingest with the new reference")
    again = knocked + 40 * SECOND
    grpc.channel_ready_future(up.channel(up.file.ingest_address)).result(60)
    show(up, BEGINS_S, again)

    up.until(lambda: len(readings(up, again)) == FRAMES, "readings of the view as it is taught now")
    assert all(it.header.shift is None and not it.header.flags for it in readings(up, again))
    up.until(lambda: len(up.log.events("bay", "moved")) > 1, "the end of its alarm")
    assert kinds(up.log.events("bay", "moved")) == ["moved raised", "moved returned"]
    assert readings(up, knocked)[0].header.captured_at == again
