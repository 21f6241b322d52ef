"""Cameras that are asked over HTTP, played by a real server: pictures, credentials, TLS, and every bad habit."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from canairy.secrets import Secrets
from canairy.site.model import Camera
from services.ingest.http_fetch import LIMITS, Limits
from services.ingest.http_snapshot import SnapshotSource
from services.ingest.source import RawFrame, RawPicture
from tests.helpers.http_camera import HttpCamera, Reply, certificate, drop_by_drop, hikvision, with_bytes
from tests.helpers.ingest import camera, picture
from tests.helpers.thermal_files import FlirPicture
from tests.helpers.watching import Watching

USER, PASSWORD = "viewer", "hunter2: käse"
HASTY = Limits(seconds=1.0, content_bytes=1_000_000)
PNG = cv2.imencode(".png", picture())[1].tobytes()


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    (tmp_path / "yard").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
    (tmp_path / "wrong").write_text(f"{USER}:not it\n")
    return Secrets(tmp_path)


def described(source: str, **more: Any) -> Camera:  # noqa: ANN401 - passed on
    return Camera.model_validate(camera("cam-09", source, **({"rate_hz": 20.0} | more)))


def watching(source: str, secrets: Secrets | None = None, limits: Limits = LIMITS, **more: Any) -> Watching:  # noqa: ANN401 - passed on
    known = secrets or Secrets(None)
    return Watching(lambda wait: SnapshotSource(described(source, **more), known, wait, limits))


def celsius(frame: object) -> Any:  # noqa: ANN401 - an array
    assert isinstance(frame, RawFrame)
    return frame.counts * frame.scale_k + frame.offset_k - 273.15


def test_a_flir_picture_has_its_temperatures_its_parameters_and_its_time() -> None:
    with HttpCamera(with_bytes(FlirPicture().jpeg())) as flir, watching(flir.source) as seen:
        seen.until_frame()
    frame = seen.frames[0]

    assert isinstance(frame, RawFrame)
    assert frame.radiometry is not None
    assert seen.reasons == []
    assert {path for path, _ in flir.requests} == {"/snap?channel=2"}


def test_hikvisions_matrix_is_told_to_a_hundredth_of_a_kelvin() -> None:
    truth = (np.arange(48 * 64, dtype=np.float32).reshape(48, 64) / 20 - 30).astype(np.float32)
    with HttpCamera(with_bytes(*hikvision(truth))) as hik, watching(hik.source) as seen:
        seen.until_frame()

    assert np.abs(celsius(seen.frames[0]) - truth).max() <= 0.0051


def test_a_linear_png_is_read_by_the_scale_of_the_site_file() -> None:
    with (
        HttpCamera(with_bytes(PNG, "image/png")) as plain,
        watching(plain.source, scale={"scale_k": 0.02, "offset_c": -500.0}) as seen,
    ):
        seen.until_frame()
    frame = seen.frames[0]

    assert isinstance(frame, RawFrame)
    assert np.array_equal(frame.counts, picture())
    assert (frame.scale_k, round(frame.offset_k, 6)) == (0.02, -226.85)


def test_a_picture_without_temperatures_is_one_only_where_the_site_file_says_so() -> None:
    grey = np.full((48, 64), 100, np.uint8)
    content = cv2.imencode(".png", grey)[1].tobytes()
    with HttpCamera(with_bytes(content, "image/png")) as plain:
        with watching(plain.source, temperatures="none") as told:
            told.until_frame()
        with watching(plain.source) as not_told:
            not_told.until_failure("what it answers: ")

    assert isinstance(told.frames[0], RawPicture)
    assert np.array_equal(told.frames[0].pixels, grey)
    assert not_told.frames == []


def test_it_is_asked_at_the_rate_of_the_site_file() -> None:
    with HttpCamera(with_bytes(PNG)) as plain, watching(plain.source, rate_hz=10.0) as seen:
        seen.until_frame()
        asked = len(plain.requests)
        time.sleep(2)
        asked = len(plain.requests) - asked

    assert 17 <= asked <= 22


@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_credentials_are_shown_when_they_are_asked_for_and_then_at_once(kind: str, secrets: Secrets) -> None:
    with (
        HttpCamera(with_bytes(PNG), (kind, USER, PASSWORD)) as yard,
        watching(yard.source, secrets, credentials="yard") as seen,
    ):
        seen.until(lambda: len(seen.frames) > 4, "five frames")

    shown = [authorization.partition(" ")[0].lower() for _, authorization in yard.requests]
    assert shown[:5] == ["", kind, kind, kind, kind]
    assert seen.reasons == []


def test_a_new_nonce_is_answered_without_a_failure(secrets: Secrets) -> None:
    with (
        HttpCamera(with_bytes(PNG), ("digest", USER, PASSWORD)) as yard,
        watching(yard.source, secrets, credentials="yard") as seen,
    ):
        seen.until_frame()
        yard.nonce = "second"
        seen.until_frame()
        seen.until_frame()

    assert seen.reasons == []


@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_wrong_credentials_are_shown_once_in_half_a_minute(kind: str, secrets: Secrets) -> None:
    with (
        HttpCamera(with_bytes(PNG), (kind, USER, PASSWORD)) as yard,
        watching(yard.source, secrets, credentials="wrong") as seen,
    ):
        reason = seen.until_failure("it refuses the credentials of 'viewer'. The next try is in 30 s")
        time.sleep(3)

    assert [bool(authorization) for _, authorization in yard.requests] == [False, True]
    assert "not it" not in reason


def test_a_camera_that_wants_credentials_or_forbids_is_not_asked_again_soon(secrets: Secrets) -> None:
    with HttpCamera(with_bytes(PNG), ("digest", USER, PASSWORD)) as yard, watching(yard.source) as without:
        without.until_failure("it asks for a user and password: keep them as a secret, and name it by `credentials`")
    with HttpCamera(lambda it: it.answer(b"", status=403)) as strict, watching(strict.source, secrets) as forbidden:
        forbidden.until_failure("it forbids us the picture (403)")

    assert (len(yard.requests), len(strict.requests)) == (1, 1)


def test_a_replaced_secret_counts_from_the_next_try_on(tmp_path: Path, secrets: Secrets) -> None:
    with (
        HttpCamera(with_bytes(PNG), ("basic", USER, PASSWORD)) as yard,
        watching(yard.source, secrets, credentials="wrong") as seen,
    ):
        seen.until_failure("refuses")
        (tmp_path / "wrong").write_text(f"{USER}:{PASSWORD}", encoding="utf-8")
        again = SnapshotSource(described(yard.source, credentials="wrong"), secrets, lambda _: False).events()
        assert isinstance(next(iter(again)), RawFrame)


# --- TLS --------------------------------------------------------------------------------------------------------

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificates of this test"
)


@needs_openssl
def test_with_tls_the_authority_of_the_site_file_is_trusted_and_no_other(tmp_path: Path, secrets: Secrets) -> None:
    tls = certificate(tmp_path)
    with HttpCamera(with_bytes(PNG), tls=tls) as safe:
        with watching(safe.source, secrets, ca="camera.pem") as trusted:
            trusted.until_frame()
        with watching(safe.source) as strange:
            strange.until_failure("its certificate is not trusted: self-signed certificate")

    assert strange.frames == []


@needs_openssl
def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path, secrets: Secrets) -> None:
    tls = certificate(tmp_path, "127.0.0.9")
    with HttpCamera(with_bytes(PNG), tls=tls) as other, watching(other.source, secrets, ca="camera.pem") as seen:
        seen.until_failure("its certificate is not trusted: IP address mismatch")


def test_what_is_no_certificate_and_a_certificate_without_tls_are_told_before_anything_starts(secrets: Secrets) -> None:
    with pytest.raises(ConfigurationError, match=r"cam-09: the secret 'yard' is no certificate"):
        SnapshotSource(described("https+snapshot://cam/x", ca="yard"), secrets, lambda _: True)
    with pytest.raises(ConfigurationError, match=r"cam-09: `ca` is for https\+snapshot"):
        SnapshotSource(described("http+snapshot://cam/x", ca="yard"), secrets, lambda _: True)


# --- bad habits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [True, False])
def test_slow_loris_is_given_up_after_so_many_seconds_altogether(head: bool) -> None:
    with HttpCamera(drop_by_drop(0.1, head)) as loris, watching(loris.source, limits=HASTY) as seen:
        began = time.monotonic()
        seen.until_failure("no whole answer within 1 s")
        took_s = time.monotonic() - began

    assert 0.9 < took_s < 2.5


def test_one_that_says_nothing_at_all_is_given_up_too() -> None:
    with HttpCamera(lambda _: time.sleep(5)) as mute, watching(mute.source, limits=HASTY) as seen:
        seen.until_failure("no whole answer within 1 s")


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://camera.elsewhere/x", "sends us to http://camera.elsewhere, and that is not followed"),
        ("http://127.0.0.1:1/x", "sends us to http://127.0.0.1:1, and that is not followed"),
        ("file:///etc/passwd", "sends us to what is no address"),
        ("", "round in a circle"),
        ("/snap?again", "round in a circle"),
    ],
)
def test_redirects_elsewhere_and_in_circles_are_not_followed(location: str, why: str, secrets: Secrets) -> None:
    with (
        HttpCamera(lambda it: it.answer(b"", status=302, Location=location)) as lost,
        watching(lost.source, secrets, credentials="yard") as seen,
    ):
        seen.until_failure(why)

    assert len(lost.requests) <= 5


def test_a_redirect_to_the_camera_itself_is_followed() -> None:
    def reply(request: Any) -> None:  # noqa: ANN401 - a handler
        if request.path.startswith("/snap"):
            request.answer(b"", status=307, Location="/real.png")
        else:
            request.answer(PNG)

    with HttpCamera(reply) as moved, watching(moved.source) as seen:
        seen.until_frame()

    assert [path for path, _ in moved.requests][:2] == ["/snap?channel=2", "/real.png"]


def broken_off(request: Any) -> None:  # noqa: ANN401 - a handler
    request.send_response(200)
    request.send_header("Content-Length", str(len(PNG) + 1000))
    request.end_headers()
    request.wfile.write(PNG)


def endless(request: Any) -> None:  # noqa: ANN401 - a handler
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(bytes(65536))


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (broken_off, "its answer broke off, 1000 bytes are missing"),
        (endless, "an answer of more than 1000000 bytes, no picture has that many"),
        (with_bytes(bytes(1_000_001)), "an answer of more than 1000000 bytes"),
        (with_bytes(b"<html>log in</html>", "text/html"), "what it answers: not a thermal file: it begins with 3c 68"),
        (with_bytes(b""), "what it answers: empty: 0 bytes"),
        (with_bytes(PNG[:200]), "what it answers: truncated"),
        (with_bytes(b"--x", "multipart/mixed"), "what it answers: no boundary"),
        (lambda it: it.answer(b"", status=404), "it answers 404 Not Found"),
        (lambda it: it.answer(b"", status=503), "it answers 503 Service Unavailable"),
        (lambda it: it.wfile.write(b"\x00\x01\x02 no HTTP\r\n\r\n"), "no HTTP: BadStatusLine"),
        (lambda it: it.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200), "no HTTP: HTTPException"),
        (lambda it: it.wfile.write(b""), "RemoteDisconnected|no HTTP|closed connection"),
    ],
)
def test_what_is_no_picture_is_told_with_what_came_instead(reply: Reply, why: str) -> None:
    with HttpCamera(reply) as ill, watching(ill.source, limits=HASTY) as seen:
        seen.until(lambda: bool(seen.reasons), "a failure")

    assert seen.frames == []
    assert any(part in seen.reasons[0] for part in why.split("|")), seen.reasons[0]
    assert "channel" not in seen.reasons[0]


def test_a_camera_that_comes_back_is_read_again() -> None:
    with HttpCamera(lambda it: it.answer(b"", status=503)) as ill, watching(ill.source) as seen:
        seen.until_failure("503")
        ill.reply = with_bytes(PNG)
        assert seen.until_frame() < 5


@pytest.mark.parametrize(
    "source", ["http+snapshot:x", "http+snapshot://", "https+snapshot://cam:99999/", "http+snapshot:ftp://cam/x"]
)
def test_what_is_no_address_is_told_with_the_camera(source: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cam-09: not an address: write http\+snapshot://HOST/PATH"):
        SnapshotSource(described(source), Secrets(None), lambda _: True)


def test_a_password_in_an_address_is_a_mistake_and_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match=r"cam-09: its address holds a user or password") as told:
        SnapshotSource(described("http+snapshot://viewer:hunter2@cam/x"), Secrets(None), lambda _: True)
    assert "hunter2" not in str(told.value)
