"""What comes in: understood messages go on, bad ones become dead letters, and a key with too many is held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from canairy import metrics
from canairy.errors import InvalidMessage, OtherSite
from canairy.log import get_logger
from canairy.stream.broker import Outgoing, Received
from canairy.stream.dead_letter import INVALID, OTHER_SITE, QUARANTINED, dead_letter
from canairy.stream.quarantine import Quarantine
from canairy.stream.step import Decoded, Step
from canairy.stream.troubles import OTHER_SITE as TWO_SITES
from canairy.stream.troubles import Troubles

M = TypeVar("M")
log = get_logger()

# Told when a key is held, with the record and the reason: answers with messages that say so (a camera's status).
OnQuarantine = Callable[[Received, str, datetime], Iterable[Outgoing]]


@dataclass(slots=True)
class Intake(Generic[M]):
    """Sorts records by what `Step.decode` says of them."""

    step: Step[M]
    service: str
    quarantine: Quarantine = field(default_factory=Quarantine)
    on_quarantine: OnQuarantine = lambda _record, _reason, _now: ()
    troubles: Troubles = field(default_factory=Troubles)

    def sort(self, records: Sequence[Received], now: datetime) -> tuple[list[Decoded[M]], list[Outgoing]]:
        """The understood messages, and the dead letters (with what else must be told) for the others."""
        decoded: list[Decoded[M]] = []
        dead: list[Outgoing] = []
        for record in records:
            if self.quarantine.holds(record.key, now):
                dead.append(self._put_aside(record, QUARANTINED, "its key is in quarantine"))
                continue
            try:
                decoded.append(Decoded(record, self.step.decode(record, now)))
                self.quarantine.good(record.key)
            except OtherSite as error:
                # Its key may be the name of a camera of ours, which has done nothing.
                self.troubles.happened(TWO_SITES, str(error))
                dead.append(self._put_aside(record, OTHER_SITE, str(error)))
            except InvalidMessage as error:
                dead += self._refuse(record, str(error), now)
        metrics.QUARANTINED.set(self.quarantine.held(now))
        return decoded, dead

    def _refuse(self, record: Received, reason: str, now: datetime) -> list[Outgoing]:
        log.warning("invalid message", topic=record.topic, key=record.key, offset=record.offset, reason=reason)
        dead = [self._put_aside(record, INVALID, reason)]
        if self.quarantine.bad(record.key, now):
            log.error("quarantined", topic=record.topic, key=record.key, reason=reason)
            dead.extend(self.on_quarantine(record, reason, now))
        return dead

    def _put_aside(self, record: Received, kind: str, reason: str) -> Outgoing:
        metrics.MESSAGES_INVALID.labels(record.topic, kind).inc()
        return dead_letter(record, kind, reason, self.service)
