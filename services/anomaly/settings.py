"""What anomaly reads from its environment."""

from __future__ import annotations

from pydantic import Field

from canairy.settings import ServiceSettings


class AnomalySettings(ServiceSettings):
    """Beside what all services are told."""

    batch_limit: int = Field(64, ge=1, le=1024)
