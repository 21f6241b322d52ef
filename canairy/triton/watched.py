"""A model that a service asks and can do without for a while: held to its card at the start, and watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canairy.availability import Availability
from canairy.errors import CanairyError, Unavailable
from canairy.log import get_logger
from canairy.triton.client import TritonClient
from canairy.triton.spec import ModelSpec

log = get_logger()

# At the start a mistake is worth waiting for.
START_DEADLINE_S = 10.0
# A probe must not hold up the batches that go on without the model.
PROBE_DEADLINE_S = 0.5


@contextmanager
def watched(address: str, spec: ModelSpec) -> Iterator[tuple[TritonClient, Availability]]:
    """A client of the server at host:port, and whether it has this very model ready.

    Raises ConfigurationError when the server has no such model or another one. A server that does not answer yet is no
    mistake: one goes on without it until it does.
    """
    with TritonClient(address, START_DEADLINE_S) as patient:
        _check(patient, spec)
    with TritonClient(address) as models, TritonClient(address, PROBE_DEADLINE_S) as probe:
        models.expect(spec)
        yield models, Availability(lambda: _why_not(probe, spec))


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
