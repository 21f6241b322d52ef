"""Issue 7, bad input over the network: real servers with every bad habit, told by their camera's name, one well beside.

What comes of frozen, garbled and slowed streams: test_07_rtsp.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from canairy.messages.camera import CameraState
from tests.helpers.dripping import Dripping
from tests.helpers.http_camera import CameraHandler, HttpCamera, Reply, drop_by_drop, with_bytes
from tests.helpers.ingest_at_work import AtWork, at_work
from tests.helpers.rtsp_proxy import BadLine, Change
from tests.helpers.rtsp_server import RtspServer, h264, need_rtsp_server
from tests.helpers.thermal_files import FlirPicture

USER, PASSWORD = "viewer", "hunter2-of-the-yard"


@contextmanager
def beside_a_well_one(folder: Path, **ill: str) -> Iterator[AtWork]:
    """Ingest with these cameras, all with wrong credentials, and one that is well and stays so."""
    (folder / "yard").write_text(f"{USER}:not-{PASSWORD}")
    with HttpCamera(with_bytes(FlirPicture().jpeg())) as well:
        lines = (
            f'  - {{id: {name}, source: "{source}", rate_hz: 5, credentials: yard, views: [{{id: view-of-{name}}}]}}\n'
            for name, source in {"well": well.source, **ill}.items()
        )
        with at_work(folder, "site: {id: test-ss}\ncameras:\n" + "".join(lines), folder) as ingest:
            ingest.until_frames("well", 3)
            yield ingest
            ingest.until_frames("well", 3)
    assert ingest.reasons("well", CameraState.FAILED) == []
    assert all(ingest.frames(name) == [] for name in ill)
    assert PASSWORD.encode() not in ingest.everything()


def told(ingest: AtWork, name: str, why: str) -> str:
    """The reason of a camera's failure, which names the camera."""
    reason = ingest.until_failed(name, why)
    assert reason.startswith(f"{name}: ")
    return reason


def test_an_endless_stream_without_key_frames_is_told_and_given_up_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    need_rtsp_server()
    with (
        RtspServer(h264(key_every=0)) as server,
        BadLine(server.port) as line,
        beside_a_well_one(tmp_path, keyless=line.source) as ingest,
    ):
        reason = told(ingest, "keyless", "no picture in it")
        decoders = [it for it in psutil.Process().children(recursive=True) if it.name() == "ffmpeg"]

    assert "no key frame? Set a shorter interval of key frames in the camera" in reason
    # Twenty seconds and 2.5 periods each.
    assert line.connections <= 2
    assert len(decoders) <= 1


def test_slow_loris_over_http_in_its_headers_and_behind_them_and_over_rtsp_is_given_up_by_name(tmp_path: Path) -> None:
    need_rtsp_server()
    with (
        HttpCamera(drop_by_drop(0.2, head=True)) as head,
        HttpCamera(drop_by_drop(0.2, head=False)) as body,
        Dripping(b"RTSP/1.0 200 OK\r\nServer: ") as rtsp,
        beside_a_well_one(
            tmp_path, head=head.source, body=body.source, rtsp=f"rtsp://127.0.0.1:{rtsp.port}/cam"
        ) as ingest,
    ):
        told(ingest, "rtsp", "nothing came for 4 s")
        for name in ("head", "body"):
            told(ingest, name, "no whole answer within 10 s")


def test_redirects_to_elsewhere_and_in_circles_are_not_followed_and_nobody_there_is_shown_the_credentials(
    tmp_path: Path,
) -> None:
    need_rtsp_server()
    with (
        HttpCamera(with_bytes(FlirPicture().jpeg())) as elsewhere,
        HttpCamera(redirect(f"http://127.0.0.1:{elsewhere.port}/x")) as lost,
        HttpCamera(redirect("/snap?channel=2")) as circling,
        RtspServer() as there,
        BadLine(there.port) as watched,
        RtspServer() as server,
        BadLine(server.port, moved_to(watched.port)) as line,
        beside_a_well_one(tmp_path, lost=lost.source, circling=circling.source, rtsp=line.source) as ingest,
    ):
        told(ingest, "lost", f"it sends us to http://127.0.0.1:{elsewhere.port}, and that is not followed")
        told(ingest, "circling", "it sends us round in a circle")
        told(ingest, "rtsp", "it sends us to another address, and that is not followed")

    assert elsewhere.requests == []
    assert watched.connections == 0


def redirect(location: str) -> Reply:
    def reply(request: CameraHandler) -> None:
        request.answer(b"", status=302, Location=location)

    return reply


def moved_to(port: int) -> Change:
    def change(data: bytes) -> bytes:
        number = data.partition(b"CSeq: ")[2].partition(b"\r")[0]
        return b"RTSP/1.0 302 Found\r\nCSeq: %b\r\nLocation: rtsp://127.0.0.1:%d/cam\r\n\r\n" % (number, port)

    return change


def test_wrong_credentials_are_shown_once_in_half_a_minute_over_http_and_rtsp_and_basic_and_digest(
    tmp_path: Path,
) -> None:
    need_rtsp_server()
    with (
        HttpCamera(with_bytes(b""), ("basic", USER, PASSWORD)) as http_basic,
        HttpCamera(with_bytes(b""), ("digest", USER, PASSWORD)) as http_digest,
        RtspServer(who=("basic", USER, PASSWORD)) as basic,
        RtspServer(who=("digest", USER, PASSWORD)) as digest,
        BadLine(basic.port) as rtsp_basic,
        BadLine(digest.port) as rtsp_digest,
    ):
        http = {"http-basic": http_basic, "http-digest": http_digest}
        rtsp = {"rtsp-basic": rtsp_basic, "rtsp-digest": rtsp_digest}
        sources = {name: it.source for name, it in http.items()} | {name: it.source for name, it in rtsp.items()}
        began = time.monotonic()
        with beside_a_well_one(tmp_path, **sources) as ingest:
            for name in sources:
                told(ingest, name, f"it refuses the credentials of {USER!r}. The next try is in 30 s")
            ingest.until(lambda: time.monotonic() > began + 20, "twenty seconds")
            # None of them has been asked again.
            shown = {name: [bool(it) for _, it in camera.requests] for name, camera in http.items()}
            tries = {name: camera.connections for name, camera in rtsp.items()}
            early = time.monotonic() < began + 30
            for name in sources:
                told(ingest, name, "The next try is in 60 s")

    assert not early or all(it == [False, True] for it in shown.values())
    assert not early or all(it == 1 for it in tries.values())
    for name, camera in http.items():
        assert sum(bool(it) for _, it in camera.requests) == 2, name
    assert all(camera.connections == 2 for camera in rtsp.values())


def endless(request: CameraHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(bytes(65536))


def film(request: CameraHandler) -> None:
    """A stream of pictures (MJPEG) at an address that should answer one."""
    request.send_response(200)
    request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
    request.end_headers()
    while True:
        request.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n\r\n" + FlirPicture().jpeg() + b"\r\n")
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("habit", "why"), [(endless, "no picture has that many"), (film, "no whole answer within 10 s")]
)
def test_an_answer_over_http_without_an_end_is_given_up_at_the_size_or_the_time_that_no_picture_has(
    tmp_path: Path, habit: Reply, why: str
) -> None:
    with HttpCamera(habit) as ill, beside_a_well_one(tmp_path, ill=ill.source) as ingest:
        told(ingest, "ill", why)
