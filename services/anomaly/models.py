"""The model that a site file asks for: found, held to its card, and watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canairy.models.card import Card, read_card
from canairy.site.model import Camera, Site
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
    check_banks(card, site.banks, temperatures_of(site))
    with watched(address, spec_of(card)) as (models, availability):
        yield Scoring(site.banks, TritonScorer(models, card), availability, grey_banks(card))


def grey_banks(card: Card) -> frozenset[str]:
    """The banks that were made of pictures without temperatures."""
    return frozenset(bank.identifier for bank in card.banks if not bank.radiometric)


def temperatures_of(site: Site) -> dict[str, bool]:
    """Whether the pictures of each asset have temperatures, as far as the site file tells.

    What is not in it (a stream may be of either kind) is found out with the first picture.
    """
    told = [(camera, _has_temperatures(camera)) for camera in site.cameras]
    return {asset.id: has for camera, has in told if has is not None for view in camera.views for asset in view.assets}


def _has_temperatures(camera: Camera) -> bool | None:
    if camera.temperatures == "none":
        return False
    return True if camera.kind in {"folder", "simulated"} else None
