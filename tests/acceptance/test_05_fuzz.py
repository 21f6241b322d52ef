"""Fuzz: every decoder and the site file, each for CANAIRY_FUZZ_S seconds (30), a few at a time side by side.

`make fuzz` does ten minutes each. What was found so far has its own test in tests/unit/test_fuzz_findings.py.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from canairy.errors import InvalidMessage
from tests.fuzz.fuzzing import GROWN_BYTES, SLOW_S, Outcome, fuzz
from tests.fuzz.mutation import bytes_mutated
from tests.fuzz.side_by_side import fuzz_all
from tests.fuzz.targets import BY_NAME, Check, Target

SECONDS = float(os.environ.get("CANAIRY_FUZZ_S", "30"))
SEED = int(os.environ.get("CANAIRY_FUZZ_SEED", "1"))
JOBS = (os.cpu_count() or 1) + 1
ROUNDS = -(-len(BY_NAME) // JOBS)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("fuzz")
    return {outcome.name: outcome for outcome in fuzz_all(list(BY_NAME), SECONDS, SEED, folder, JOBS)}


@pytest.mark.timeout(int(ROUNDS * (2 * SECONDS + 90)))
@pytest.mark.parametrize("name", BY_NAME)
def test_a_decoder_understands_a_message_or_refuses_it_and_nothing_else(
    outcomes: dict[str, Outcome], name: str
) -> None:
    outcome = outcomes[name]
    print(outcome.line)

    assert not outcome.findings, "\n".join(
        f"{reason}: {content[:200]!r}" for reason, content in outcome.findings.items()
    )
    # Whether it looked at all: some were understood, and others refused for many reasons, where that may be.
    assert outcome.understood > 0
    assert outcome.reasons > 10 or not BY_NAME[name].refusals


def breaks(content: bytes) -> None:
    if content.startswith(b"ab"):
        raise InvalidMessage("begins as it must not")
    if len(content) < 4:
        raise KeyError(len(content))


def hoards(content: bytes) -> None:
    bytearray(2 * GROWN_BYTES if len(content) != 6 else 1)


def lingers(content: bytes) -> None:
    begun = time.process_time()
    while len(content) != 6 and time.process_time() - begun < SLOW_S + 0.1:
        pass


@pytest.mark.parametrize(
    ("check", "finding"), [(breaks, "KeyError"), (hoards, "MemoryError"), (lingers, "took 2.")], ids=str
)
def test_a_decoder_that_breaks_hoards_or_lingers_is_found(check: Check, finding: str, tmp_path: Path) -> None:
    target = Target("broken", lambda: [b"abcdef"], bytes_mutated, lambda: check)

    outcome = fuzz(target, 1.0, SEED, tmp_path / "last")

    assert any(finding in reason for reason in outcome.findings), outcome
