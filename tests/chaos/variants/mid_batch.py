"""Anomaly as it is shipped, under which Triton is killed (SIGKILL) when all crops of a batch are on their way to it."""

from __future__ import annotations

import os
import time
from typing import Final

import psutil

from canairy.availability import PATIENCE_S
from canairy.models.card import Card
from canairy.service import main
from canairy.triton.ports import Models
from services.anomaly import __main__ as anomaly
from services.anomaly import models as asked
from services.anomaly.triton import TritonScorer
from tests.helpers.killing import Killing

# Longer than a start of Triton and the longest pause before it is asked again take (canairy.availability).
EVERY_S: Final = 25.0
# Longer than anomaly waits for it: on a quick machine Triton would be back before, and nothing would be flagged.
AWAY_S: Final = PATIENCE_S + 1.0


class Blows:
    """Kills the server now and then, and for a while with each further batch."""

    def __init__(self) -> None:
        self._begun: float | None = None

    def __call__(self) -> None:
        """All of a batch is on its way."""
        now = time.monotonic()
        if self._begun is None or now - self._begun >= EVERY_S:
            self._begun = now
        if now - self._begun < AWAY_S:
            _kill_server()


class KilledScorer(TritonScorer):
    """The scorer as it is shipped, and its server as `Blows` leave it."""

    def __init__(self, models: Models, card: Card) -> None:
        super().__init__(Killing(models, Blows()), card)


def _kill_server() -> None:
    """SIGKILL for the server that this service asks."""
    port = os.environ["CANAIRY_TRITON_ADDRESS"].rpartition(":")[2]
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "tritonserver" and f"--grpc-port={port}" in process.info["cmdline"]:
            process.kill()


def run() -> None:
    """Run the service."""
    # Where the composition root looks for its scorer.
    vars(asked)["TritonScorer"] = KilledScorer
    main(anomaly.run)


if __name__ == "__main__":
    run()
