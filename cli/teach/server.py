"""The page on loopback. Everything lies under a token that only whoever started it was told: no other page can write.

A page of another site that guesses the port gets no further: without the token there is nothing here, and requests that
name another host (DNS rebinding) or come from another origin are refused.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from typing import Any, ClassVar, Final

from canairy.errors import ConfigurationError
from canairy.site.teach import Refused
from cli.teach.lesson import Classroom

HOST: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
SLOW_S: Final = 10.0
STATIC: Final = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
POLICY: Final = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class TeachServer(ThreadingHTTPServer):
    """Serves one classroom until `done` was posted or it is shut down."""

    daemon_threads = True

    def __init__(self, room: Classroom, port: int = 0) -> None:
        self.room = room
        self.token = secrets.token_urlsafe(24)
        super().__init__((HOST, port), _Handler)

    @property
    def origin(self) -> str:
        """Where it is, without the token."""
        return f"http://{HOST}:{self.server_port}"

    @property
    def url(self) -> str:
        """Where whoever started it finds it."""
        return f"{self.origin}/{self.token}/"

    def finish(self) -> None:
        """End it from one of its own threads."""
        Thread(target=self.shutdown, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: TeachServer
    timeout: ClassVar[float] = SLOW_S
    protocol_version = "HTTP/1.1"
    server_version = "canairy"
    sys_version = ""

    def do_GET(self) -> None:
        name = self._name()
        if name is None:
            return
        if name in STATIC:
            file, kind = STATIC[name]
            self._answer(HTTPStatus.OK, files("cli.teach").joinpath(file).read_bytes(), kind)
        elif name == "lesson.json":
            self._told(self.server.room.to_json)
        elif name == "picture.png":
            self._answer(HTTPStatus.OK, self.server.room.reference.picture, "image/png")
        elif name == "celsius" and self.server.room.reference.celsius is not None:
            self._answer(
                HTTPStatus.OK, self.server.room.reference.celsius.astype("<f4").tobytes(), "application/octet-stream"
            )
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "nothing is here")

    def do_POST(self) -> None:
        name = self._name()
        if name is None:
            return
        body = self._body()
        if body is None:
            return
        if name == "save":
            self._told(lambda: {"digest": self.server.room.save(body)})
        elif name == "done":
            self._json(HTTPStatus.OK, {})
            self.server.finish()
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "nothing is here")

    def _name(self) -> str | None:
        """What is asked for, behind the token; None when it was refused."""
        token, _, name = self.path.removeprefix("/").partition("/")
        origin = self.headers.get("Origin", self.server.origin)
        if self.headers.get("Host") != self.server.origin.removeprefix("http://") or origin != self.server.origin:
            self._refuse(HTTPStatus.FORBIDDEN, "asked for under another name")
        elif not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "nothing is here")
        else:
            return name
        return None

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"must be at most {MAX_BODY_BYTES} bytes")
            return None
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "must be application/json")
            return None
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "must be a JSON object")
            return None
        return body

    def _told(self, answer: Callable[[], dict[str, Any]]) -> None:
        try:
            self._json(HTTPStatus.OK, answer())
        except Refused as error:
            mistakes = [{"line": it.line, "path": it.path, "message": it.message} for it in error.mistakes]
            self._json(HTTPStatus.UNPROCESSABLE_ENTITY, {"mistakes": mistakes})
        except ConfigurationError as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        # What was sent with it is not read: the connection cannot go on.
        self.close_connection = True
        self._json(status, {"error": why})

    def _json(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        self._answer(status, json.dumps(answer, ensure_ascii=False).encode(), "application/json")

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: a log would hold the token."""
