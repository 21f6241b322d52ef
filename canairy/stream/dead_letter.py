"""Dead letters: the message as it was, with the reason, its place and its trace in headers."""

from __future__ import annotations

from typing import Final

from canairy.stream.broker import Outgoing, Received
from canairy.topics import dead_letters

REASON: Final = "dlq-reason"
KIND: Final = "dlq-kind"
PLACE: Final = "dlq-place"
SERVICE: Final = "dlq-service"

INVALID: Final = "invalid"
QUARANTINED: Final = "quarantined"
CRASHED: Final = "crashed"
OTHER_SITE: Final = "other_site"


def dead_letter(record: Received, kind: str, reason: str, service: str) -> Outgoing:
    """The message for `<topic>.dlq`: same key and bytes; `kind` is one of the words above."""
    about = {
        KIND: kind.encode(),
        REASON: reason[:500].encode(),
        PLACE: f"{record.topic}/{record.partition}/{record.offset}".encode(),
        SERVICE: service.encode(),
    }
    return Outgoing(dead_letters(record.topic), record.key, record.value or b"", {**record.headers, **about})
