"""Liveness, readiness and metrics of a service over HTTP: /live, /ready, /metrics."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import make_wsgi_app

# A loop that has not completed a turn for this long is stuck, whatever it waits for.
STUCK_AFTER_S: Final = 30.0


class Health:
    """What a service says of itself. Liveness: its loop turns. Readiness: it can do its job, degraded included."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turned_at = clock()
        self._waiting_for: str | None = "start"
        self._needs: list[tuple[Callable[[], bool], str]] = []

    def turned(self) -> None:
        """The loop completed a turn (a back-off turn counts: it waits on purpose)."""
        self._turned_at = self._clock()

    def ready(self) -> None:
        """The service can do its job."""
        self._waiting_for = None

    def need(self, met: Callable[[], bool], reason: str) -> None:
        """Ready only while `met`, which is asked at each look; else it waits for `reason`."""
        self._needs.append((met, reason))

    def not_ready(self, reason: str) -> None:
        """The service cannot do its job, because of `reason`."""
        self._waiting_for = reason

    def live_report(self) -> tuple[bool, str]:
        """Whether the loop turned within 30 s, and since when it has not."""
        idle = self._clock() - self._turned_at
        return idle < STUCK_AFTER_S, f"last turn {idle:.1f} s ago"

    def ready_report(self) -> tuple[bool, str]:
        """Whether the service can do its job, and what it waits for."""
        waiting = self._waiting_for or next((reason for met, reason in self._needs if not met()), None)
        return waiting is None, waiting or "ready"


class HealthServer:
    """The HTTP server of one service, in a thread of its own; `port` is the one it got."""

    def __init__(self, health: Health, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = make_server(host, port, _application(health), WSGIServer, _QuietHandler)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _application(health: Health) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    metrics = make_wsgi_app()
    reports = {"/live": health.live_report, "/ready": health.ready_report}

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            exposition: Iterable[bytes] = metrics(environ, start_response)
            return exposition
        if path not in reports:
            return _json(start_response, HTTPStatus.NOT_FOUND, {"error": f"{path}: try {', '.join(reports)}, /metrics"})
        good, reason = reports[path]()
        status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
        return _json(start_response, status, {"ok": good, "reason": reason})

    return answer


def _json(start_response: StartResponse, status: HTTPStatus, body: dict[str, Any]) -> Iterable[bytes]:
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
    return [json.dumps(body).encode() + b"\n"]


class _QuietHandler(WSGIRequestHandler):
    """Probes come every few seconds; they are not worth a log line."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's signature
        pass
