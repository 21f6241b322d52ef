"""The detector that a site file asks for: found, held to its card, and watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canairy.models.detector_card import read_card
from canairy.site.model import Site
from canairy.triton.watched import watched
from services.detection.detector import Looking
from services.detection.settings import DetectionSettings
from services.detection.triton import TritonDetector, spec_of


@contextmanager
def looking(settings: DetectionSettings, site: Site) -> Iterator[Looking | None]:
    """How equipment is looked for; None where the site file asks for no detector.

    Raises ConfigurationError when the model is not there or is not what its card says. A server that does not answer
    yet is no mistake: registered regions and hot spots are found without it until it does.
    """
    if site.detector is None:
        yield None
        return
    address, repository = settings.models("asks for a detector")
    card = read_card(repository / settings.detector_model)
    with watched(address, spec_of(card)) as (models, availability):
        yield Looking(TritonDetector(models, card, site.detector.least_score), availability)
