"""Clients with certificates over real TLS: each pushes the cameras that its certificate names, and no other."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import numpy as np
import pytest

from canairy.messages.wire import timestamp
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub
from services.ingest.api import IngestServer, IngestService, ServerOptions
from services.ingest.outbox import Outbox
from tests.helpers.ingest import camera, handler_of, site_of

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates of this test")

SITE = site_of(
    camera("yard-1", "push:"), camera("yard-2", "push:"), camera("bay-1", "push:", identity="gateway-7.site.example")
)
START = datetime.now(UTC) - timedelta(hours=1)


@dataclass(frozen=True)
class Authority:
    """Certificates that one authority signs: each has a common name and, where told, other names."""

    folder: Path

    def make(self) -> bytes:
        self._openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=test authority", "-keyout", "ca.key",
                      "-out", "ca.crt")  # fmt: skip
        return (self.folder / "ca.crt").read_bytes()

    def sign(self, name: str, *others: str) -> tuple[bytes, bytes]:
        """Key and certificate."""
        more = ["-addext", "subjectAltName=" + ",".join(f"DNS:{other}" for other in others)] if others else []
        self._openssl("req", *KEY, "-subj", f"/CN={name}", *more, "-keyout", "one.key", "-out", "one.csr")
        self._openssl("x509", "-req", "-in", "one.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2",
                      "-copy_extensions", "copyall", "-out", "one.crt")  # fmt: skip
        return (self.folder / "one.key").read_bytes(), (self.folder / "one.crt").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Tls:
    """A server that asks clients for certificates."""

    authority: Authority
    ca: bytes
    port: int

    def push(self, cameras: list[str], name: str, *others: str) -> pb.SubmitFramesResponse:
        """One picture for each of these cameras, by a client with such a certificate."""
        credentials = grpc.ssl_channel_credentials(self.ca, *self.authority.sign(name, *others))
        with grpc.secure_channel(f"localhost:{self.port}", credentials) as channel:
            answer: pb.SubmitFramesResponse = IngestServiceStub(channel).SubmitFrames(
                (picture(camera, second) for second, camera in enumerate(cameras)), timeout=30
            )
            return answer


def picture(name: str, second: int) -> pb.SubmitFramesRequest:
    pixels = np.arange(48 * 64, dtype=np.uint32).astype(np.uint8).tobytes()
    at = timestamp(START + timedelta(seconds=second))
    return pb.SubmitFramesRequest(camera=name, captured_at=at, width=64, height=48, pixels=pixels)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Tls]:
    authority = Authority(tmp_path)
    ca = authority.make()
    key, cert = authority.sign("localhost", "localhost")
    outbox = Outbox(room_bytes=1 << 20)
    service = IngestService(SITE, handler_of(SITE), outbox, lambda: datetime.now(UTC))
    server = IngestServer(service, ServerOptions(cert=cert, key=key, client_ca=ca))
    server.start()
    writing = _Writing(outbox)
    yield Tls(authority, ca, server.port)
    server.stop()
    writing.stop()


class _Writing:
    """Takes what was pushed as if a broker had it."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._outbox.closed:
            for parcel in self._outbox.take(0.05, patient=True):
                parcel.written()

    def stop(self) -> None:
        self._outbox.close()
        self._thread.join(10)


def test_a_client_pushes_the_cameras_that_its_certificate_names(tls: Tls) -> None:
    answer = tls.push(["yard-1", "yard-2", "bay-1"], "yard-1", "yard-1", "yard-2")

    assert (answer.accepted, answer.refused) == (2, 1)
    (refusal,) = answer.refusals
    assert refusal.index == 2
    assert refusal.reason == (
        "bay-1 is pushed by 'gateway-7.site.example' alone, and this client's certificate names yard-1, yard-2"
    )


def test_a_camera_s_identity_of_the_site_file_is_what_the_certificate_must_name(tls: Tls) -> None:
    assert tls.push(["bay-1"], "gateway-7.site.example").accepted == 1
    assert tls.push(["bay-1"], "bay-1").refused == 1


def test_a_client_of_another_authority_is_not_heard_at_all(tls: Tls, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    stranger = Authority(folder)
    stranger.make()
    credentials = grpc.ssl_channel_credentials(tls.ca, *stranger.sign("yard-1"))

    with (
        grpc.secure_channel(f"localhost:{tls.port}", credentials) as channel,
        pytest.raises(grpc.RpcError) as refused,
    ):
        IngestServiceStub(channel).SubmitFrames(iter([picture("yard-1", 0)]), timeout=10)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
