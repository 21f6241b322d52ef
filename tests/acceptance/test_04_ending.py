"""Each service ends on SIGTERM with all it had in hand written and committed; what hangs is seen and told."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from canairy import topics
from canairy.messages.detections import Detections
from canairy.messages.frame import Frame
from canairy.messages.reading import Reading
from deploy.local.services import SERVICES
from protos.canairy.v1 import ingest_service_pb2 as ingest_pb
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed, simulated
from tests.acceptance.helpers.stack import RunningStack, running

SECOND = timedelta(seconds=1)
# The states of cameras come every 5 s each: with less, a camera may be alarmed before the link is missed.
DELAY = timedelta(seconds=15)
CAMERA = "sim-02"
ASSETS = ("ct-302-a", "ct-302-b", "ct-302-c")


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose services are stopped by signals: a simulated camera with three assets, and one that is pushed."""
    place = tmp_path_factory.mktemp("ending")
    cameras = [simulated(CAMERA, "cam-02", "ct-302", {"high_c": 90}), pushed("held", [asset("held-a", LIMITS)])]
    site = {"site": {"id": SITE}, "cameras": cameras, "alerting": {"coverage_alarm_after": "15s"}}
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with running(place / "site.yaml", place / "data") as up:
        up.until(lambda: up.log.records(topics.READINGS, ASSETS[0]), "the first reading")
        yield up
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_told_to_end_drains_and_ends_with_zero(rough: RunningStack, service: str) -> None:
    before = len(rough.said)
    pid = rough.file.pids[service]

    os.kill(pid, signal.SIGTERM)
    # The supervisor says how it ended, and starts it again.
    rough.until(lambda: f"{service} started again" in rough.said[before:], "its end and its next start")

    (said,) = [line for line in rough.said[before:] if line.startswith(f"{service} died")]
    assert said.startswith(f"{service} died (exit 0)")


def test_no_frame_is_lost_or_told_twice_by_services_that_ended_well(rough: RunningStack) -> None:
    last = rough.until(lambda: frames(rough)[-1:], "frames")[0]
    wanted = [CAMERA, *ASSETS]
    rough.until(lambda: all(last in told(rough)[name] for name in wanted), "the last frame read by all")

    sent = frames(rough)
    sent = sent[: sent.index(last) + 1]
    assert len(sent) == len(set(sent))
    for name in wanted:
        counted = Counter(told(rough)[name])
        assert [frame for frame in sent if counted[frame] != 1] == [], name


def frames(rough: RunningStack) -> list[str]:
    return [Frame.decode(it.value or b"").header.frame for it in rough.log.records(topics.FRAMES, CAMERA)]


def told(rough: RunningStack) -> dict[str, list[str]]:
    """The frames that were detected, and those in which each asset was measured."""
    detected = [Detections.decode(it.value or b"") for it in rough.log.records(topics.DETECTIONS, CAMERA)]
    measured = {
        name: [Reading.decode(it.value or b"").header.frame for it in rough.log.records(topics.READINGS, name)]
        for name in ASSETS
    }
    return {CAMERA: [it.header.frame for it in detected], **measured}


def test_a_client_that_streams_is_held_back_while_ingest_cannot_take_frames_and_loses_none(
    rough: RunningStack,
) -> None:
    start, taken = just_now(), [0]

    def stream() -> Iterator[ingest_pb.SubmitFramesRequest]:
        for number in range(400):
            taken[0] += 1
            yield request("held", picture, start + number * timedelta(milliseconds=1))

    picture = joint(30.0)
    os.kill(rough.file.pids["ingest"], signal.SIGSTOP)
    try:
        call = rough.ingest().SubmitFrames.future(stream(), timeout=120)
        rough.until(Settled(taken), "the client held back")
        held = taken[0]
    finally:
        os.kill(rough.file.pids["ingest"], signal.SIGCONT)
    answer = call.result()

    # 400 frames are 16 MB; what fits between client and server is far less.
    assert held < 400
    assert (answer.accepted, answer.refused) == (400, 0)
    rough.until(lambda: len(rough.log.records(topics.DETECTIONS, "held")) == 400, "all of them")


class Settled:
    """No frame was taken from the client in ten looks."""

    def __init__(self, taken: list[int]) -> None:
        self._taken = taken
        self._before = 0
        self._same = 0

    def __call__(self) -> bool:
        self._same = self._same + 1 if self._taken[0] == self._before else 0
        self._before = self._taken[0]
        return self._before > 0 and self._same >= 10


def test_when_no_word_comes_of_any_camera_that_is_one_alarm_of_the_site(rough: RunningStack) -> None:
    # Another picture than before: a camera that repeats itself to the bit is frozen.
    push_all(rough.ingest(), [request("held", joint(31.0), just_now(0.1))])
    rough.until(lambda: not standing(rough), "all cameras well")

    os.kill(rough.file.pids["ingest"], signal.SIGSTOP)
    try:
        rough.until(lambda: rough.log.events(SITE, "coverage"), "the alarm of the link")
    finally:
        os.kill(rough.file.pids["ingest"], signal.SIGCONT)
    rough.until(lambda: len(rough.log.events(SITE, "coverage")) >= 2, "its return")

    raised, returned = rough.log.events(SITE, "coverage")[:2]
    assert kinds([raised, returned]) == ["coverage raised", "coverage returned"]
    assert raised["data"]["reason"] == "no word of any camera"
    since = datetime.fromisoformat(raised["data"]["since"])
    assert datetime.fromisoformat(raised["time"]) == since + DELAY
    below = [event for name in (f"{CAMERA}-bay", *ASSETS) for event in rough.log.events(name, "coverage")]
    assert below == []
    during = [event for event in rough.log.events(CAMERA) if raised["time"] <= event["time"] <= returned["time"]]
    assert during == []


def standing(rough: RunningStack) -> list[str]:
    """Cameras whose coverage alarm stands."""
    found = {name: kinds(rough.log.events(name, "coverage"))[-1:] for name in (CAMERA, "held")}
    return [name for name, last in found.items() if last == ["coverage raised"]]
