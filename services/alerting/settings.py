"""What alerting reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from canairy.settings import ServiceSettings


class AlertingSettings(ServiceSettings):
    """Beside what all services are told."""

    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(0, ge=0, le=65535)
    grpc_tls_cert: Path | None = None
    grpc_tls_key: Path | None = None
    grpc_client_ca: Path | None = None
    # A reading is small: many in one transaction cost hardly more than one.
    batch_limit: int = Field(500, ge=1, le=10_000)
    # A transaction is some ten writes that the disk must confirm, whatever is in it: where nobody was told anything,
    # memory and offsets wait this long for what follows. Alarms and decisions never wait.
    hold_s: float = Field(0.25, ge=0, le=1)
