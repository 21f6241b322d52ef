"""What the four services have in common around their work: logs, traces, health, signals, exit codes."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from canairy.errors import ConfigurationError, TooManyInvalid
from canairy.health import Health, HealthServer
from canairy.log import configure_logging, get_logger
from canairy.settings import ServiceSettings
from canairy.trace import configure_tracing

log = get_logger()

# Exit codes: a supervisor that starts the process again will see the same mistake again.
MISCONFIGURED: Final = 2
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: its health, and the event that SIGTERM or Ctrl-C sets."""

    health: Health = field(default_factory=Health)
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running(name: str, settings: ServiceSettings) -> Iterator[Service]:
    """Set up logs, traces, the health server and signals; take them down at the end."""
    configure_logging(name, settings.log_level)
    configure_tracing(name, settings.otlp_endpoint)
    service = Service()
    _stop_on_signal(service.stop)
    server = HealthServer(service.health, settings.http_host, settings.http_port)
    log.info("started", http_port=server.port)
    try:
        yield service
    finally:
        server.close()
        log.info("stopped")


def _stop_on_signal(stop: threading.Event) -> None:
    """Set `stop` on SIGTERM or Ctrl-C, from a thread of its own.

    A handler would run in the main thread, maybe while that holds the lock of the very event it is to set.
    """
    heard, told = socket.socketpair()
    told.settimeout(0)
    signal.set_wakeup_fd(told.fileno())
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)

    def wait(_kept_open: socket.socket) -> None:
        while heard.recv(1):
            stop.set()

    threading.Thread(target=wait, args=(told,), name="signals", daemon=True).start()


def main(run: Callable[[], None]) -> None:
    """Run a service's composition root; what a human must mend is said in words, without a traceback."""
    try:
        run()
    except (ConfigurationError, TooManyInvalid) as error:
        log.critical("cannot go on", reason=str(error))
        sys.exit(MISCONFIGURED)
