"""A camera with HTTP, played by a real server on loopback: pictures, credentials, redirects, and every bad habit."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import subprocess
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Who = tuple[str, str, str]
Reply = Callable[["CameraHandler"], None]
REALM = 'thermal, "north" yard'


class CameraHandler(BaseHTTPRequestHandler):
    """One request; what it does with it is the camera's `reply`."""

    server: _Server

    def do_GET(self) -> None:
        self.server.camera.requests.append((self.path, self.headers.get("Authorization", "")))
        with suppress(ConnectionError, ssl.SSLError):
            if self.server.camera.admits(self):
                self.server.camera.reply(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, content: bytes, content_type: str = "image/jpeg", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    camera: HttpCamera

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what some of the tests are about."""


class HttpCamera:
    """`with` opens it. `who`: ("basic" or "digest", user, password). `tls`: certificate and key."""

    def __init__(
        self, reply: Reply, who: tuple[str, str, str] | None = None, tls: tuple[Path, Path] | None = None
    ) -> None:
        self.reply = reply
        self.who = who
        self.nonce = "first"
        self.requests: list[tuple[str, str]] = []
        self._server = _Server(("127.0.0.1", 0), CameraHandler)
        self._server.camera = self
        self._scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    @property
    def source(self) -> str:
        """As a site file has it."""
        return f"{self._scheme}+snapshot://127.0.0.1:{self.port}/snap?channel=2"

    def admits(self, request: CameraHandler) -> bool:
        """Whether it may; if not, the challenge is answered already."""
        if self.who is None or self._shown(request):
            return True
        kind = self.who[0]
        realm = REALM.replace('"', '\\"')
        wanted = f'Basic realm="{realm}"'
        if kind == "digest":
            stale = str("nonce" in request.headers.get("Authorization", "") and self.nonce != "first").lower()
            wanted = f'Digest realm="{realm}", nonce="{self.nonce}", qop="auth", opaque="o", stale={stale}'
        request.answer(b"no", "text/plain", 401, WWW_Authenticate=wanted)
        return False

    def _shown(self, request: CameraHandler) -> bool:
        assert self.who is not None
        kind, user, password = self.who
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind == "basic":
            return scheme == "Basic" and b64decode(value).decode() == f"{user}:{password}"
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', value))
        one = _md5(f"{user}:{REALM}:{password}")
        two = _md5(f"GET:{request.path}")
        right = _md5(f"{one}:{self.nonce}:{told.get('nc')}:{told.get('cnonce')}:auth:{two}")
        return scheme == "Digest" and told.get("nonce") == self.nonce and told.get("response") == right


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def with_bytes(content: bytes, content_type: str = "image/jpeg") -> Reply:
    """It answers this, every time."""
    return lambda request: request.answer(content, content_type)


def drop_by_drop(every_s: float, head: bool) -> Reply:
    """Slow loris: a byte now and then, in its headers or behind them, and never an end."""

    def reply(request: CameraHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X: " if head else b"Content-Length: 100000\r\n\r\n"))
        for _ in range(1000):
            request.wfile.write(b"x")
            time.sleep(every_s)

    return reply


def hikvision(celsius: npt.NDArray[np.float32], lengths: bool = True, **told: Any) -> tuple[bytes, str]:  # noqa: ANN401
    """The answer to jpegPicWithAppendData, and its Content-Type, in the layout that cameras and public clients have."""
    height, width = celsius.shape
    jpeg, data = b"\xff\xd8\xff\xe0 a picture \xff\xd9", celsius.astype("<f4").tobytes()
    described = {
        "channel": 2,
        "jpegPicLen": len(jpeg),
        "jpegPicWidth": width,
        "jpegPicHeight": height,
        "p2pDataLen": len(data),
        "isFreezedata": False,
        "temperatureDataLength": 4,
    } | told
    parts = [
        ('application/json; charset="UTF-8"', json.dumps({"JpegPictureWithAppendData": described}).encode()),
        ("image/pjpeg", jpeg),
        ("application/octet-stream", data),
        ("image/pjpeg", jpeg),
    ]
    body = b""
    for kind, content in parts:
        length = f"Content-Length: {len(content)}\r\n" if lengths else ""
        body += f"--boundary\r\nContent-Type: {kind}\r\n{length}\r\n".encode() + content + b"\r\n"
    return body + b"--boundary--\r\n", "multipart/form-data; boundary=boundary"


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate for itself, and its key."""
    cert, key = folder / "camera.pem", folder / "camera.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=camera", "-addext", f"subjectAltName=IP:{name}"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key
