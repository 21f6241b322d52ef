"""The four services as children of the local stack: what each is told, and whether it is ready."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from deploy.local.process import Process

# In the order in which they are ended: who writes before who reads.
SERVICES: Final = ("ingest", "detection", "anomaly", "alerting")
WITH_GRPC: Final = ("ingest", "alerting")


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports by service."""

    http: Mapping[str, int] = field(default_factory=lambda: {name: free_port() for name in SERVICES})
    grpc: Mapping[str, int] = field(default_factory=lambda: {name: free_port() for name in WITH_GRPC})


def local_environment(bootstrap: str, site_file: Path) -> dict[str, str]:
    """What every process of the stack is told: this broker and this site, whatever else the shell has of Kafka."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CANAIRY_KAFKA_")}
    return inherited | {
        "CANAIRY_KAFKA_BOOTSTRAP": bootstrap,
        "CANAIRY_SITE_FILE": str(site_file.resolve()),
        "PYTHONUNBUFFERED": "1",
    }


def service_process(
    name: str, environment: Mapping[str, str], ports: Ports, data: Path, *, module: str = "", called: str = ""
) -> Process:
    """`python -m services.NAME` with its ports, folder and log; -P: a `services` in the current folder is not ours.

    `module` runs instead of `services.NAME`; `called` names one that runs beside another of the same service.
    """
    called = called or name
    folder = data / called
    folder.mkdir(parents=True, exist_ok=True)
    told = dict(environment) | {"CANAIRY_HTTP_PORT": str(ports.http[name]), "CANAIRY_DATA_DIR": str(folder.resolve())}
    if name in ports.grpc:
        told["CANAIRY_GRPC_PORT"] = str(ports.grpc[name])
    log = (data / "logs" / f"{called}.jsonl").resolve()
    return Process(called, [sys.executable, "-P", "-m", module or f"services.{name}"], told, log)


def why_not_ready(port: int) -> str | None:
    """None when the service at this port says that it is ready, else what it waits for."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return "does not answer yet"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else _reason(body)


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["reason"])
    except (ValueError, KeyError, TypeError):
        return "not ready"
