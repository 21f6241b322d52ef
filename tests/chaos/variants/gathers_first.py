"""As `produces_first`, behind by several frames: what is repeated holds alarms and their ends."""

from __future__ import annotations

from tests.chaos.variants.aim import run_with
from tests.chaos.variants.produces_first import ProducesFirst

GATHER_S = 2.5

if __name__ == "__main__":
    run_with(ProducesFirst, GATHER_S)
