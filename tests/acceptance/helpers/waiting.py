"""Waits that end: a bounded poll that says what never came."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

# Only bounds a test that would hang; no figure is proven by it.
PATIENCE_S: Final = 120.0
LOOK_EVERY_S: Final = 0.1


def nothing() -> None:
    """Nothing has to be done while waiting."""


def until(
    look: Callable[[], T | None],
    what: str,
    *,
    meanwhile: Callable[[], object] = nothing,
    patience_s: float = PATIENCE_S,
) -> T:
    """The first true answer of `look`; the test fails with `what` never came. `meanwhile` is called between looks."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never came within {patience_s:.0f} s: {what}")
        meanwhile()
        time.sleep(LOOK_EVERY_S)
    return found
