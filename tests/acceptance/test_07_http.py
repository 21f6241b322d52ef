"""Issue 7, HTTP snapshot: real cameras' files and Hikvision's answer from a real server, and its bad habits."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.messages.camera import CameraState
from canairy.thermal.formats import read_thermal
from tests.helpers.http_camera import HttpCamera, certificate, drop_by_drop, hikvision, with_bytes
from tests.helpers.ingest_at_work import at_work
from tests.helpers.thermal_files import FlirPicture

USER, PASSWORD = "viewer", "hunter2-of-the-yard"


def site(**cameras: str) -> str:
    lines = (
        f'  - {{id: {name}, source: "{source}", rate_hz: 10, views: [{{id: view-of-{name}}}]'
        f"{', credentials: yard' if name.startswith('secret') else ''}}}\n"
        for name, source in cameras.items()
    )
    return "site: {id: test-ss}\ncameras:\n" + "".join(lines)


def test_every_real_flir_file_that_decodes_arrives_over_http_as_it_is_in_the_file_and_the_others_are_told(
    tmp_path: Path, test_data: Path
) -> None:
    served, told = 0, 0
    files = sorted((test_data / "flir-rjpeg").glob("*.jpg"))
    with HttpCamera(with_bytes(b"")) as flir, at_work(tmp_path, site(flir=flir.source)) as ingest:
        for file in files:
            flir.reply = with_bytes(file.read_bytes())
            try:
                celsius = read_thermal(file).celsius
            except UnreadableFile as error:
                ingest.until_failed("flir", str(error).partition(": ")[2][:60])
                told += 1
                continue
            asked = len(flir.requests)
            ingest.until(lambda it=asked: len(flir.requests) > it + 1, f"asked for {file.name}", 90)  # type: ignore[misc]
            ingest.until_frames("flir")
            thermogram = ingest.frames("flir")[-1].thermogram
            arrived = thermogram.celsius()
            assert np.abs(arrived - celsius).max() <= thermogram.scale_k * 0.51, file.name
            served += 1

    assert (served, told) == (27, 4)


def test_hikvisions_answer_arrives_with_basic_and_digest_credentials(tmp_path: Path) -> None:
    celsius = (np.linspace(-20, 180, 288 * 384).reshape(288, 384)).astype(np.float32)
    (tmp_path / "yard").write_text(f"{USER}:{PASSWORD}")
    with (
        HttpCamera(with_bytes(*hikvision(celsius)), ("basic", USER, PASSWORD)) as basic,
        HttpCamera(with_bytes(*hikvision(celsius)), ("digest", USER, PASSWORD)) as digest,
        at_work(tmp_path, site(secret_1=basic.source, secret_2=digest.source), tmp_path) as ingest,
    ):
        for name in ("secret_1", "secret_2"):
            ingest.until_frames(name, 3)

    for name in ("secret_1", "secret_2"):
        thermogram = ingest.frames(name)[0].thermogram
        arrived = thermogram.celsius()
        assert np.abs(arrived - celsius).max() <= 0.0051
    assert PASSWORD.encode() not in ingest.everything()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate of this test")
def test_over_tls_a_camera_is_read_whose_certificate_is_trusted_and_no_other(tmp_path: Path) -> None:
    cert, _ = tls = certificate(tmp_path)
    picture = FlirPicture()
    with (
        HttpCamera(with_bytes(picture.jpeg()), tls=tls) as camera,
        at_work(
            tmp_path,
            site(trusted=camera.source, strange=camera.source).replace(
                "id: trusted,", f"id: trusted, ca: {cert.name},"
            ),
            tmp_path,
        ) as ingest,
    ):
        ingest.until_frames("trusted")
        ingest.until_failed("strange", "its certificate is not trusted")

    assert ingest.frames("strange") == []


def test_slow_loris_redirects_and_wrong_credentials_are_told_by_name_without_hammering_and_the_neighbour_goes_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "yard").write_text(f"{USER}:wrong-{PASSWORD}")
    with (
        HttpCamera(with_bytes(FlirPicture().jpeg())) as well,
        HttpCamera(drop_by_drop(0.2, head=False)) as loris,
        HttpCamera(lambda it: it.answer(b"", status=302, Location="http://10.9.9.9/x")) as lost,
        HttpCamera(with_bytes(b""), ("digest", USER, PASSWORD)) as closed,
    ):
        cameras = {"well": well.source, "loris": loris.source, "lost": lost.source, "secret": closed.source}
        with at_work(tmp_path, site(**cameras), tmp_path) as ingest:
            ingest.until_frames("well")
            before, began = len(ingest.frames("well")), time.monotonic()
            assert "no whole answer within 10 s" in ingest.until_failed("loris", "loris: http://127.0.0.1")
            assert "http://10.9.9.9, and that is not followed" in ingest.until_failed("lost", "lost: ")
            assert "refuses the credentials of 'viewer'" in ingest.until_failed("secret", "secret: ")
            rate_hz = (len(ingest.frames("well")) - before) / (time.monotonic() - began)

    assert rate_hz >= 9
    assert [bool(shown) for _, shown in closed.requests] == [False, True]
    assert ingest.reasons("well", CameraState.FAILED) == []
    assert PASSWORD.encode() not in ingest.everything()
