"""What anomaly reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from canairy.settings import ServiceSettings


class AnomalySettings(ServiceSettings):
    """Beside what all services are told. The models are needed where the site file compares an asset with a bank."""

    batch_limit: int = Field(64, ge=1, le=1024)
    # host:port of Triton's gRPC.
    triton_address: str | None = None
    # The repository that Triton serves: the cards of its models are read here.
    model_repository: Path | None = None
    patchcore_model: str = "patchcore"
