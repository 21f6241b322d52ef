"""Streams of a real RTSP server (GStreamer's) as sources: what comes, when it was taken, and what may go wrong."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from canairy import metrics
from canairy.secrets import Secrets
from canairy.site.model import Camera
from services.ingest.rtsp import PATIENT, Patience, RtspSource
from services.ingest.source import RawPicture
from tests.helpers.ingest import camera
from tests.helpers.rtsp_proxy import BadLine
from tests.helpers.rtsp_server import RtspServer, free_port, h264, mjpeg, need_rtsp_server
from tests.helpers.watching import Watching

USER, PASSWORD = "viewer", "hunter2: käse"


@pytest.fixture(autouse=True)
def _there() -> None:
    need_rtsp_server()


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    (tmp_path / "yard").write_text(f"{USER}:{PASSWORD}\n")
    (tmp_path / "wrong").write_text(f"{USER}:not it\n")
    return Secrets(tmp_path)


def watching(
    source: str,
    secrets: Secrets | None = None,
    patience: Patience = PATIENT,
    **more: Any,  # noqa: ANN401 - passed on
) -> Watching:
    described = Camera.model_validate(camera("cam-05", source, **({"rate_hz": 5.0} | more)))
    return Watching(lambda wait: RtspSource(described, secrets or Secrets(None), wait, patience))


def children() -> list[psutil.Process]:
    return [it for it in psutil.Process().children(recursive=True) if it.name() == "ffmpeg"]


def counted(metric: Any) -> float:  # noqa: ANN401 - any counter
    value: float = metric.labels("cam-05")._value.get()
    return value


@pytest.mark.parametrize("pipeline", [h264, mjpeg])
def test_pictures_come_at_the_rate_of_the_site_file_and_the_rest_is_counted(pipeline: Callable[[int], str]) -> None:
    before = counted(metrics.INGEST_PASSED_OVER)
    with RtspServer(pipeline(20)) as server, watching(server.source, rate_hz=4.0) as seen:
        seen.until_frame()
        already, began = len(seen.frames), time.monotonic()
        time.sleep(4)
        rate_hz = (len(seen.frames) - already) / (time.monotonic() - began)
        passed_over = counted(metrics.INGEST_PASSED_OVER) - before

    assert 3.4 < rate_hz < 4.6
    assert {picture.pixels.shape for picture in seen.frames if isinstance(picture, RawPicture)} == {(120, 160, 3)}
    assert 2.5 < passed_over / len(seen.frames) < 5.5
    assert seen.reasons == []
    assert children() == []


def test_colours_are_blue_first_as_everywhere_else() -> None:
    with RtspServer(h264(picture="blue")) as server, watching(server.source) as seen:
        seen.until_frame()
    picture = seen.frames[0]

    assert isinstance(picture, RawPicture)
    assert np.allclose(np.median(picture.pixels, axis=(0, 1)), [255, 0, 0], atol=12)


def test_the_camera_s_own_time_counts_once_it_has_told_it() -> None:
    with RtspServer(h264()) as server, watching(server.source) as seen:
        seen.until(lambda: any(frame.taken_at for frame in seen.frames), "a time of the camera")
        seen.until_frame()
        took_s = [(datetime.now(UTC) - frame.taken_at).total_seconds() for frame in seen.frames[-1:] if frame.taken_at]
        time.sleep(2)

    assert 0 < took_s[0] < 1.5
    times = [frame.taken_at for frame in seen.frames if frame.taken_at is not None]
    steps_s = np.diff([moment.timestamp() for moment in times])
    assert np.allclose(steps_s, 0.2, atol=0.03)


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_camera_that_asks_for_credentials_gets_them_and_the_decoder_does_not(method: str, secrets: Secrets) -> None:
    with (
        RtspServer(who=(method, USER, PASSWORD)) as server,
        watching(server.source, secrets, credentials="yard") as seen,
    ):
        seen.until_frame()
        (decoder,) = children()
        shown = " ".join((*decoder.cmdline(), *decoder.environ().values()))

    assert "127.0.0.1" in shown
    assert not any(part in shown for part in (USER, "hunter2", "Basic", "Digest"))


@pytest.mark.parametrize(
    ("name", "why"),
    [("wrong", "refuses the credentials of 'viewer'"), (None, "asks for a user and password: keep them as a secret")],
)
def test_wrong_credentials_are_told_and_not_tried_again_for_half_a_minute(
    name: str | None, why: str, secrets: Secrets
) -> None:
    with (
        RtspServer(who=("digest", USER, PASSWORD)) as server,
        BadLine(server.port) as line,
        watching(line.source, secrets, credentials=name) as seen,
    ):
        reason = seen.until_failure(why)
        time.sleep(4)
        tries = line.connections

    assert tries == 1
    assert reason.endswith("The next try is in 30 s")
    assert "not it" not in reason


def test_a_camera_that_is_killed_and_comes_back_flows_again_within_five_seconds_each_time() -> None:
    took_s = []
    with RtspServer(h264()) as server, watching(server.source) as seen:
        seen.until_frame()
        for away_s in (0.0, 2.5):
            server.kill()
            time.sleep(away_s)
            server.start()
            took_s.append(seen.until_frame())

    assert max(took_s) < 5
    assert children() == []


def test_the_first_key_frame_of_a_connection_is_shown_and_not_the_next() -> None:
    """Cameras that save bandwidth send one in ten seconds: to lose the first is to see nothing for so long."""
    with RtspServer(h264(key_every=300)) as server, watching(server.source) as seen:
        seen.until_frame()
        server.kill()
        server.start()
        took_s = seen.until_frame()

    assert took_s < 5


def test_a_camera_that_freezes_is_told_by_its_silence_and_flows_again_when_it_goes_on() -> None:
    with RtspServer(h264()) as server, watching(server.source) as seen:
        seen.until_frame()
        server.freeze()
        seen.until_failure("nothing came for 4 s", within_s=10)
        server.thaw()
        took_s = seen.until_frame()

    assert took_s < 5


def test_a_stream_without_key_frames_is_told_so_and_given_up() -> None:
    with RtspServer(h264(key_every=0)) as server, watching(server.source, patience=Patience(pictureless_s=2.0)) as seen:
        reason = seen.until_failure("there was no picture in it: no key frame?")
        seen.until(lambda: len(seen.reasons) > 1, "another try")

    assert seen.frames == []
    assert "it sends" in reason


def test_a_garbled_stream_is_counted_and_ends_nothing_else() -> None:
    noise = random.Random(7)

    def garble(data: bytes) -> bytes:
        return bytes(byte ^ 0xFF if noise.random() < 0.002 else byte for byte in data)

    before = counted(metrics.INGEST_DECODING_ERRORS)
    with RtspServer(h264(picture="snow")) as server, BadLine(server.port) as line:
        with watching(server.source) as well, watching(line.source) as ill:
            ill.until_frame()
            line.change = garble
            ill.until(lambda: counted(metrics.INGEST_DECODING_ERRORS) > before or bool(ill.reasons), "a fault")
            well.until_frame()
            line.change = bytes
            took_s = ill.until_frame()

        assert well.reasons == []
    assert took_s < 15
    assert children() == []


def test_a_slow_line_gives_fewer_frames_and_no_false_alarm() -> None:
    def slow(data: bytes) -> bytes:
        time.sleep(0.02)
        return data

    with RtspServer(h264(fps=5)) as server, BadLine(server.port, slow) as line, watching(line.source) as seen:
        seen.until_frame()
        time.sleep(6)

    assert len(seen.frames) > 10
    assert seen.reasons == []


def test_who_is_no_camera_is_told_and_tried_again() -> None:
    with watching(f"rtsp://127.0.0.1:{free_port()}/cam") as nobody:
        nobody.until_failure("Connection refused")
    with RtspServer() as server, watching(server.source + "-not-here") as elsewhere:
        assert server.source in elsewhere.until_failure("404").replace("-not-here", "")


def test_one_that_answers_with_something_else_is_told_so() -> None:
    def other(data: bytes) -> bytes:
        return b"HTTP/1.1 400 Bad Request\r\n\r\n" + data[:0]

    with RtspServer() as server, BadLine(server.port, other) as line, watching(line.source) as seen:
        seen.until_failure("no RTSP: 'HTTP/1.1 400")


def test_a_decoder_that_dies_is_told_with_its_signal_and_replaced() -> None:
    with RtspServer() as server, watching(server.source) as seen:
        seen.until_frame()
        children()[0].kill()
        seen.until_failure("ffmpeg died of signal 9")
        assert seen.until_frame() < 5


def test_threads_and_files_are_as_many_after_five_connections_as_after_one() -> None:
    me = psutil.Process()
    with RtspServer() as server, watching(server.source) as seen:
        seen.until_frame()
        before = threading.active_count(), me.num_fds()
        for _ in range(5):
            children()[0].kill()
            seen.until_frame()
        after = threading.active_count(), me.num_fds()

    assert after[0] <= before[0]
    assert after[1] <= before[1] + 2
