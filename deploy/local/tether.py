"""Run a command that dies with its parent: `python tether.py PARENT_PID COMMAND…` (Linux).

The kernel kills this process when the thread that started it ends, even when that one was killed with SIGKILL; the
setting survives `exec`. It is a program of its own because code between fork and exec in a process with threads
is not safe. Only the standard library: it runs before anything of canAIry is imported.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Tie this process to its parent and become the command."""
    parent, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != int(parent):  # it died before the setting held
        sys.exit("the parent is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 - a list of arguments, no shell
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
