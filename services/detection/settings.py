"""What detection reads from its environment."""

from __future__ import annotations

from pydantic import Field

from canairy.settings import ModelSettings


class DetectionSettings(ModelSettings):
    """The models are needed where the site file asks for a detector."""

    # Live frames older than this are skipped when a newer one of the same camera waits.
    shed_after_s: float = Field(10.0, ge=1, le=3600)
    # Frames a batch: each takes about 2 MB while it is looked at.
    batch_limit: int = Field(16, ge=1, le=256)
    detector_model: str = "detector"
