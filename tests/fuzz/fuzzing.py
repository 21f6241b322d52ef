"""Fuzzes one target for a time, in this process: what it answered, how long, how much memory, and what went wrong."""

from __future__ import annotations

import io
import mmap
import re
import resource
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.mutation import LONGEST, spliced
from tests.fuzz.targets import Target

# A small message that takes longer than this, or memory beyond this, is a way to stop a service.
SLOW_S: Final = 2.0
GROWN_BYTES: Final = 768 * 1024 * 1024
MOST_SEEDS: Final = 400
FINDINGS: Final = 20
LENGTH_BYTES: Final = 4


@dataclass(slots=True)
class Outcome:
    """What one target answered; `findings` by their kind, each with the bytes that show it."""

    name: str
    examples: int = 0
    understood: int = 0
    refused: int = 0
    reasons: int = 0
    slowest_s: float = 0.0
    findings: dict[str, bytes] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """One line for people."""
        return (
            f"{self.name}: {self.examples} examples, {self.understood} understood, {self.refused} refused for "
            f"{self.reasons} reasons, slowest {self.slowest_s * 1000:.0f} ms, {len(self.findings)} findings"
        )


class LastInput:
    """The bytes under test, in a file that outlives the process: a crash or hang shows what it was given."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(LENGTH_BYTES + 2 * LONGEST))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def keep(self, content: bytes) -> None:
        self._map[: LENGTH_BYTES + len(content)] = len(content).to_bytes(LENGTH_BYTES, "little") + content

    def close(self) -> None:
        self._map.close()

    @staticmethod
    def read(path: Path) -> bytes:
        content = path.read_bytes()
        return content[LENGTH_BYTES : LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")]


def fuzz(target: Target, seconds: float, seed: int, last: Path) -> Outcome:
    """Change seeds and check them for `seconds`; an input with an answer not seen before becomes a seed too."""
    random, outcome, kept = Random(f"{target.name}-{seed}"), Outcome(target.name), LastInput(last)
    seeds = list(target.seeds())
    check, reasons = target.check(), set[str]()
    until = time.monotonic() + seconds
    with _bounded_memory(), redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        for content in _inputs(target, seeds, random, until):
            kept.keep(content)
            reason = _answer(target, check, content, outcome)
            if reason not in reasons and len(seeds) < MOST_SEEDS:
                reasons.add(reason)
                seeds.append(content)
            for stream in (out, err):
                stream.seek(0)
                stream.truncate()
            if len(outcome.findings) >= FINDINGS:
                break
    kept.close()
    outcome.reasons = len(reasons)
    return outcome


def _inputs(target: Target, seeds: list[bytes], random: Random, until: float) -> Iterator[bytes]:
    """The seeds as they are, which must be understood or refused like any, then changed ones."""
    originals = list(seeds)
    yield from originals
    while time.monotonic() < until:
        content = random.choice(originals if random.random() < 0.5 else seeds)
        if random.random() < 0.1:
            content = spliced(content, random.choice(seeds), random)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            content = target.mutate(content, random)
        yield content[:LONGEST]


def _answer(target: Target, check: object, content: bytes, outcome: Outcome) -> str:
    """Check one input; the answer in short, so that new ones can be told from known ones."""
    assert callable(check)
    outcome.examples += 1
    begun = time.process_time()
    try:
        check(content)
        outcome.understood += 1
        reason = "understood"
    except target.refusals as error:
        outcome.refused += 1
        reason = f"{type(error).__name__}: {_gist(error)}"
    except Exception as error:  # noqa: BLE001 - the very thing that is looked for
        reason = _place(error)
        outcome.findings.setdefault(reason, content)
    took_s = time.process_time() - begun
    outcome.slowest_s = max(outcome.slowest_s, took_s)
    if took_s > SLOW_S:
        outcome.findings.setdefault(f"took {took_s:.1f} s", content)
    return reason


def _place(error: Exception) -> str:
    """What was raised, and the last lines of ours that led to it."""
    frames = [it for it in traceback.extract_tb(error.__traceback__) if "site-packages" not in it.filename]
    where = " < ".join(f"{Path(it.filename).name}:{it.lineno} {it.name}" for it in reversed(frames[-4:]))
    return f"{type(error).__name__}: {_gist(error)} at {where}"


def _gist(error: Exception) -> str:
    """An error's text without what differs from input to input: numbers, what it quotes, paths."""
    return re.sub(r"\d+|'[^']*'|\"[^\"]*\"|/\S+", "", str(error)[:400])[:80]


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """More memory than `GROWN_BYTES` beyond what the process has already is refused, and so becomes a finding."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + GROWN_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
