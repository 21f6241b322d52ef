"""What anomaly reads from its environment."""

from __future__ import annotations

from pydantic import Field

from canairy.settings import ModelSettings


class AnomalySettings(ModelSettings):
    """The models are needed where the site file compares an asset with a memory bank."""

    batch_limit: int = Field(64, ge=1, le=1024)
    patchcore_model: str = "patchcore"
