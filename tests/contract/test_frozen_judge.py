"""The frozen judge: stopped past its session while another takes over, then woken. Nothing may stand there twice.

On the real broker, with real processes and SIGSTOP: the fence is made of what the broker knows of members, terms and
producers, and of what a process does not know that slept through its own replacement.
"""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.jars import ROOT
from tests.contract.bench import KafkaBench
from tests.contract.frozen_judge import Hold, MetadataAtCommit, MetadataAtPoll, SoundChannel
from tests.contract.stories import answers, send

pytestmark = pytest.mark.kafka
PATIENCE_S = 60.0
SENT = [b"1", b"2", b"3"]
LATER = b"4"
ENDED = "(the process ended)\n"


class Judge:
    """A judge in a process of its own, and what it said."""

    def __init__(self, bench: KafkaBench, kind: type[SoundChannel], where: Hold) -> None:
        arguments = (bench.settings.kafka_bootstrap, bench.name, kind.__name__, where)
        command = [sys.executable, "-m", "tests.contract.frozen_judge", *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def expect(self, *words: str) -> str:
        """Wait until it says one of `words`, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"none of {words} in {PATIENCE_S:.0f} s, only:\n{''.join(self._said)}") from None
            self._said.append(line)
            word = line.strip().removeprefix("judge: ")
            if line.startswith("judge: ") and word in words:
                return word
            assert line != ENDED, f"it ended, and had only said:\n{''.join(self._said)}"

    def freeze(self) -> None:
        """Stop it in the middle of what it does, and wait until the kernel says that it is stopped."""
        self._process.send_signal(signal.SIGSTOP)
        status = Path(f"/proc/{self._process.pid}/stat")
        deadline = time.monotonic() + PATIENCE_S
        while status.read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < deadline, "SIGSTOP did not stop it"
            time.sleep(0.01)

    def wake(self) -> None:
        """Let it go on from where it holds."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """SIGTERM, and after a while SIGKILL; frozen processes too."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(ENDED)


@contextmanager
def judging(bench: KafkaBench, kind: type[SoundChannel], where: Hold) -> Iterator[Judge]:
    judge = Judge(bench, kind, where)
    try:
        yield judge
    finally:
        judge.end()


@dataclass(frozen=True)
class Outcome:
    """What the woken judge said, and what stood on the sink before it woke and when both had ended."""

    woken: str
    before: list[bytes | None]
    after: list[bytes | None]


def freeze_replace_and_wake(bench: KafkaBench, kind: type[SoundChannel], where: Hold) -> Outcome:
    """The first judge is frozen with a batch in hand; the second takes over and answers it; the first is woken."""
    send(bench, *SENT)
    with judging(bench, kind, where) as first:
        first.expect("holding")
        first.freeze()
        with judging(bench, kind, Hold.NEVER) as second:
            for _ in SENT:
                second.expect("published")
            before = answers(bench)
            first.wake()
            woken = first.expect("published", "fenced")
            if kind is SoundChannel:
                # A draft is good for the one batch only: it would wait in vain for the next sharing-out.
                go_on(bench)
    # Both processes are gone: what stands there now stands there for ever.
    return Outcome(woken, before, answers(bench))


def go_on(bench: KafkaBench) -> None:
    """Let the two share out the work anew, until one of them has answered what came later."""
    send(bench, LATER)
    deadline = time.monotonic() + PATIENCE_S
    while LATER not in answers(bench):
        assert time.monotonic() < deadline, f"{LATER!r} was not answered in {PATIENCE_S:.0f} s"
        time.sleep(0.2)


@pytest.mark.parametrize("where", [Hold.HANDLED, Hold.LEARNED, Hold.OPEN])
def test_a_judge_that_was_frozen_and_replaced_writes_nothing_when_it_wakes(
    kafka_bench: KafkaBench, where: Hold
) -> None:
    outcome = freeze_replace_and_wake(kafka_bench, SoundChannel, where)

    assert outcome.before == SENT, "the answers of the second judge were not visible at once"
    assert outcome.woken == "fenced"
    assert outcome.after == [*SENT, LATER]


def test_the_same_judge_with_group_metadata_read_at_commit_writes_everything_twice(kafka_bench: KafkaBench) -> None:
    """Shows that the test above can fail, and why the membership is taken when the batch is polled."""
    outcome = freeze_replace_and_wake(kafka_bench, MetadataAtCommit, Hold.HANDLED)

    assert outcome.before == SENT
    assert outcome.woken == "published"
    assert [outcome.after.count(answer) for answer in SENT] == [2, 2, 2]


def test_it_is_the_moment_of_reading_the_metadata_that_makes_the_difference(kafka_bench: KafkaBench) -> None:
    """The draft that fails differs from this one in nothing else."""
    outcome = freeze_replace_and_wake(kafka_bench, MetadataAtPoll, Hold.HANDLED)

    assert outcome.woken == "fenced"
    assert outcome.after == SENT
