"""The model that a site file asks for: found, held to its card, and watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canairy.availability import Availability
from canairy.errors import CanairyError, ConfigurationError, Unavailable
from canairy.log import get_logger
from canairy.models.card import read_card
from canairy.site.model import Site
from canairy.triton.client import TritonClient
from canairy.triton.spec import ModelSpec
from services.anomaly.scoring import Scoring
from services.anomaly.settings import AnomalySettings
from services.anomaly.triton import TritonScorer, check_banks, spec_of

log = get_logger()

# At the start a mistake is worth waiting for.
START_DEADLINE_S = 10.0
# A probe must not hold up the batches that go on without the model.
PROBE_DEADLINE_S = 0.5


@contextmanager
def scoring(settings: AnomalySettings, site: Site) -> Iterator[Scoring | None]:
    """How crops are scored; None where the site file asks for no model.

    Raises ConfigurationError when the model that it asks for is not there or is not what its card says. A server that
    does not answer yet is no mistake: equipment is measured without it until it does.
    """
    if not site.banks:
        yield None
        return
    if settings.triton_address is None or settings.model_repository is None:
        raise ConfigurationError(
            f"the site file compares {', '.join(site.banks)} with memory banks: set CANAIRY_TRITON_ADDRESS and "
            "CANAIRY_MODEL_REPOSITORY"
        )
    card = read_card(settings.model_repository / settings.patchcore_model)
    check_banks(card, site.banks)
    spec = spec_of(card)
    address = settings.triton_address
    with TritonClient(address, START_DEADLINE_S) as patient:
        _check(patient, spec)
    with TritonClient(address) as models, TritonClient(address, PROBE_DEADLINE_S) as probe:
        yield Scoring(site.banks, TritonScorer(models, card), Availability(lambda: _why_not(probe, spec)))


def _check(models: TritonClient, spec: ModelSpec) -> None:
    try:
        models.require(spec)
    except Unavailable as error:
        log.warning("model server does not answer yet", reason=str(error))


def _why_not(probe: TritonClient, spec: ModelSpec) -> str | None:
    """None when the server has this very model ready: another one may have come back."""
    try:
        probe.require(spec)
    except CanairyError as error:
        return str(error)
    return probe.why_not_ready(spec.name)
