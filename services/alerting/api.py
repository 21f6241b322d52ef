"""Serves canairy.v1.AlarmService over gRPC, with health and reflection."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from canairy.errors import ConfigurationError
from canairy.stream.broker import Producer
from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1 import alarm_service_pb2_grpc as pb_grpc
from services.alerting.acknowledge import Acknowledger
from services.alerting.alarm_service import MAX_STREAMS, AlarmServicer
from services.alerting.alarm_view import AlarmView
from services.alerting.alert_stream import OpenAlerts

NAME: Final = pb.DESCRIPTOR.services_by_name["AlarmService"].full_name
CALL_THREADS: Final = 16
HEALTH_EVERY_S: Final = 1.0
LOOPBACK: Final = "127.0.0.1:0"


class Api:
    """A running AlarmService; `port` is the one it got."""

    def __init__(
        self,
        server: grpc.Server,
        threads: ThreadPoolExecutor,
        port: int,
        watch: _HealthWatch,
        stopping: threading.Event,
    ) -> None:
        self.port = port
        self._server = server
        self._threads = threads
        self._watch = watch
        self._stopping = stopping

    @property
    def serving(self) -> bool:
        """Whether gRPC health says SERVING: the alarms have been read."""
        return self._watch.serving

    def stop(self, grace_s: float = 5.0) -> None:
        """Say NOT_SERVING, end the streams, and give calls under way `grace_s` seconds."""
        self._stopping.set()
        self._watch.close()
        self._server.stop(grace_s).wait()
        self._threads.shutdown(wait=False)


def start_api(
    view: AlarmView,
    producer: Producer,
    open_alerts: OpenAlerts,
    address: str = LOOPBACK,
    *,
    grpc_tls_cert: Path | None = None,
    grpc_tls_key: Path | None = None,
    grpc_client_ca: Path | None = None,
) -> Api:
    """Serve at `address` (host:port, port 0: any). With a certificate and key it is TLS, with a client CA mutual TLS.

    `open_alerts(from_start)` makes a reader of `thermal.alerts`. Raises ConfigurationError when it cannot serve there.
    """
    stopping = threading.Event()
    threads = ThreadPoolExecutor(MAX_STREAMS + CALL_THREADS, thread_name_prefix="alarms-api")
    server = grpc.server(
        threads,
        # Two servers on one port would share its calls in silence.
        options=[("grpc.so_reuseport", 0)],
    )
    pb_grpc.add_AlarmServiceServicer_to_server(
        AlarmServicer(view, Acknowledger(view, producer), open_alerts, stopping), server
    )
    checker = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checker, server)
    reflection.enable_server_reflection((NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    port = _bind(server, address, _credentials(grpc_tls_cert, grpc_tls_key, grpc_client_ca))
    watch = _HealthWatch(checker, view)
    server.start()
    return Api(server, threads, port, watch, stopping)


def _bind(server: grpc.Server, address: str, credentials: grpc.ServerCredentials | None) -> int:
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise ConfigurationError(f"the alarm service cannot listen at {address}: {error}") from error
    if port == 0:
        raise ConfigurationError(f"the alarm service cannot listen at {address}: taken, or no address of this host")
    return port


def _credentials(cert: Path | None, key: Path | None, client_ca: Path | None) -> grpc.ServerCredentials | None:
    if cert is None and key is None and client_ca is None:
        return None
    if cert is None or key is None:
        raise ConfigurationError("grpc_tls_cert and grpc_tls_key belong together, and a client CA needs both")
    try:
        pair = (key.read_bytes(), cert.read_bytes())
        trusted = None if client_ca is None else client_ca.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"TLS of the alarm service: {error.filename}: {error.strerror}") from error
    return grpc.ssl_server_credentials([pair], trusted, require_client_auth=trusted is not None)


class _HealthWatch:
    """Keeps the gRPC health of the service: SERVING once the view has been read, until its thread dies or we stop."""

    def __init__(self, checker: health.HealthServicer, view: AlarmView) -> None:
        self._checker = checker
        self._view = view
        self._closing = threading.Event()
        self.serving = False
        self._tell()
        self._thread = threading.Thread(target=self._run, name="alarms-health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Say NOT_SERVING for good."""
        self._closing.set()
        self._thread.join()
        self.serving = False
        self._checker.enter_graceful_shutdown()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._view.wait_for(lambda view: view.ready or self._closing.is_set(), HEALTH_EVERY_S)
            self._tell()
            self._closing.wait(HEALTH_EVERY_S if self._view.ready else 0)

    def _tell(self) -> None:
        good = self._view.ready and self._view.failure is None
        status = health_pb2.HealthCheckResponse.SERVING if good else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", NAME):
            self._checker.set(name, status)
        self.serving = good
