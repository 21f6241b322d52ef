"""The order as it is shipped, killed between its two steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canairy.stream.broker import Outgoing
from canairy.stream.kafka.writers import PlainWriter
from tests.chaos.variants.aim import aimed_at, die, run_with


class ProducesFirst(PlainWriter):
    """Dies when all is written, before the commit."""

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        commit = self._commit
        if aimed_at(outgoing):
            self._commit = lambda _offsets: die()
        try:
            super().publish(outgoing, offsets, membership)
        finally:
            self._commit = commit


if __name__ == "__main__":
    run_with(ProducesFirst)
