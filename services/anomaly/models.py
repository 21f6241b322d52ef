"""The model that a site file asks for: found, held to its card, and watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canairy.models.card import read_card
from canairy.site.model import Site
from canairy.triton.watched import watched
from services.anomaly.scoring import Scoring
from services.anomaly.settings import AnomalySettings
from services.anomaly.triton import TritonScorer, check_banks, spec_of


@contextmanager
def scoring(settings: AnomalySettings, site: Site) -> Iterator[Scoring | None]:
    """How crops are scored; None where the site file asks for no model.

    Raises ConfigurationError when the model that it asks for is not there or is not what its card says. A server that
    does not answer yet is no mistake: equipment is measured without it until it does.
    """
    if not site.banks:
        yield None
        return
    address, repository = settings.models(f"compares {', '.join(site.banks)} with memory banks")
    card = read_card(repository / settings.patchcore_model)
    check_banks(card, site.banks)
    with watched(address, spec_of(card)) as (models, availability):
        yield Scoring(site.banks, TritonScorer(models, card), availability)
