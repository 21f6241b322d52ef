"""The order turned round: what was read is committed before the answers to it are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canairy.stream.broker import Outgoing
from canairy.stream.kafka.client import REQUEST_TIMEOUT_S, translated
from canairy.stream.kafka.writers import PlainWriter
from tests.chaos.variants.aim import aimed_at, die, run_with


class CommitsFirst(PlainWriter):
    """Dies after the commit, before anything is written."""

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        del membership
        with translated("commit"):
            self._commit(offsets)
        if aimed_at(outgoing):
            die()
        self._producer.send(outgoing, REQUEST_TIMEOUT_S)


if __name__ == "__main__":
    run_with(CommitsFirst)
