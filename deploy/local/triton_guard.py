"""Runs Triton and ends with it: `python triton_guard.py SHARED_MEMORY_PREFIX COMMAND…` (Linux).

Three things that tritonserver 2.51 does not do itself:

- A model's process that dies (out of memory, say) is not started again, and the server goes on saying that the model is
  ready while every request fails with "Stub process ... is not healthy" (triton-inference-server/server, issues 7230
  and 8604). Here the whole server ends then, and whoever watches it starts it anew.
- A server that is killed leaves its shared memory in /dev/shm. It is removed here, at the end and before the start.
- A server that is killed under a request can leave a model's process that waits for ever for a lock in that memory,
  which the server held (seen). It is killed here, at the same times; its arguments name the memory.

Only the standard library, as in `tether`, which it uses: the server dies with this program, however that ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

LOOK_EVERY_S: Final = 1.0
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where Triton's Python backend keeps it
STUB: Final = b"triton_python_backend_stub"
TETHER: Final = Path(__file__).with_name("tether.py")


def main(arguments: list[str]) -> int:
    """Run the command until it ends or one of its children is dead; the exit code is its own, or 1."""
    prefix, *command = arguments
    _free(prefix)
    tethered = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command]
    with subprocess.Popen(tethered) as server:
        signal.signal(signal.SIGTERM, lambda _number, _frame: server.terminate())
        signal.signal(signal.SIGINT, _ignored)  # the parent ends its children in order
        code = _watch(server)
    _free(prefix)
    return code


def _watch(server: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            code = server.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if dead := _dead_child(server.pid):
                _say(f"the process of a model died ({dead}): ending the server, whose requests would all fail")
                server.kill()
        else:
            # A signal as a shell tells it: 128 and its number.
            return code if code >= 0 else 128 - code


def _dead_child(pid: int) -> int | None:
    """A child of this process that has ended and was not waited for; seen twice, since servers wait for theirs."""
    first = _zombies(pid)
    if not first:
        return None
    time.sleep(LOOK_EVERY_S)
    return next(iter(first & _zombies(pid)), None)


def _zombies(parent: int) -> set[int]:
    return {pid for pid in _children(parent) if _state(pid) == "Z"}


def _children(parent: int) -> set[int]:
    """Children of all of its threads (proc(5): /proc/PID/task/TID/children)."""
    found: set[int] = set()
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            found.update(int(pid) for pid in listed.read_text().split())
        except OSError:  # the thread has ended
            continue
    return found


def _state(pid: int) -> str:
    """The letter of proc(5)'s stat, after the name in brackets; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _free(prefix: str) -> None:
    for pid in _left_behind(prefix):
        _say(f"ending the process of a model that a killed server left behind ({pid})")
        with suppress(OSError):  # it has ended by itself
            os.kill(pid, signal.SIGKILL)
    for region in SHARED_MEMORY.glob(f"{prefix}*"):
        region.unlink(missing_ok=True)


def _left_behind(prefix: str) -> list[int]:
    """Processes of models whose shared memory has this prefix."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if (arguments := _arguments(process))[0].endswith(STUB)
        and any(argument.startswith(prefix.encode()) for argument in arguments[1:])
    ]


def _arguments(process: Path) -> list[bytes]:
    """Program and arguments (proc(5): /proc/PID/cmdline), an empty program when the process is gone."""
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]


def _ignored(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C is for the parent."""


def _say(line: str) -> None:
    print(f"triton_guard: {line}", file=sys.stderr, flush=True)  # noqa: T201 - a program's output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
