"""The system calls of a running process, as strace tells them: which file, which connection, in which order."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.acceptance.helpers.waiting import until

SYNCS: Final = frozenset({"fsync", "fdatasync"})
WRITES: Final = frozenset({"write", "writev", "pwrite64", "sendto", "sendmsg"})
READS: Final = frozenset({"read", "readv", "recvfrom"})
TRACED: Final = ",".join(sorted(SYNCS | WRITES | READS | {"sendfile"}))
# Long enough for the text of any alarm; pixels are cut off.
SHOWN_BYTES: Final = 16_384

_LINE: Final = re.compile(r"(\d+) +(.*)")
_CALL: Final = re.compile(r"(\w+)\(\d+<(TCP(?:v6)?:\[.*?\]|[^>]*)>")
_RESUMED: Final = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_RESULT: Final = re.compile(r"\) += (-?\d+)(?: .*)?$")
UNFINISHED: Final = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """One call on a file or connection: `begun` and `ended` are its places in the order of all calls.

    `target` is the file's path, or the connection as `TCP:[ours->theirs]`; `text` holds what was read or written.
    """

    thread: int
    name: str
    target: str
    text: str
    result: int
    begun: int
    ended: int


def parse(trace: Sequence[str]) -> list[Call]:
    """The calls of `strace -f -yy` in the order in which they began; what never ended is left out."""
    calls: list[Call] = []
    open_calls: dict[int, tuple[int, str]] = {}
    for place, line in enumerate(trace):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        thread, text = int(found[1]), found[2]
        resumed = _RESUMED.fullmatch(text)
        if text.endswith(UNFINISHED):
            open_calls[thread] = place, text.removesuffix(UNFINISHED)
        elif resumed is None:
            calls += _call(thread, text, place, place)
        elif thread in open_calls:
            begun, first = open_calls.pop(thread)
            calls += _call(thread, first + resumed[1], begun, place)
    return sorted(calls, key=lambda call: call.begun)


def _call(thread: int, text: str, begun: int, ended: int) -> Iterator[Call]:
    call, result = _CALL.match(text), _RESULT.search(text)
    if call and result:
        yield Call(thread, call[1], call[2], text[call.end() : result.start()], int(result[1]), begun, ended)


@contextmanager
def traced(pid: int, folder: Path) -> Iterator[Path]:
    """The file into which the calls of the process and all its threads are told meanwhile; whole afterwards."""
    told, said = folder / "syscalls.txt", folder / "strace.txt"
    options = ["-f", "-yy", "-s", str(SHOWN_BYTES), "-e", f"trace={TRACED}", "-e", "signal=none"]
    with said.open("w") as output:
        command = ["strace", *options, "-o", str(told), "-p", str(pid)]
        strace = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            until(lambda: told.exists() and told.stat().st_size > 0, f"calls in the trace ({said})")
            yield told
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(60)


def why_not_traceable() -> str | None:
    """None where a process of ours can be traced, else the reason."""
    child = subprocess.Popen(["sleep", "60"])
    try:
        with subprocess.Popen(["strace", "-p", str(child.pid)], stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            first = strace.stderr.readline().strip()
            strace.send_signal(signal.SIGINT)
    except FileNotFoundError:
        return "strace is not installed: apt-get install -y strace"
    finally:
        child.kill()
        child.wait()
    return None if "attached" in first else f"this machine does not let a process be traced: {first}"
