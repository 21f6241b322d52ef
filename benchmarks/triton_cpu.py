"""The processes of a Triton, told apart: its guard, the server, and one for each instance of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from benchmarks.machine import cpu_seconds
from deploy.local.triton import Triton

NAME: Final = "triton"
GUARD: Final = "triton's guard"
# Takes requests, keeps the queues, makes the batches.
SERVER: Final = "triton's server"
STUB: Final = "triton_python_backend_stub"
# The processes in which models are run: MODEL and the number of the instance follow.
MODEL: Final = "model "


def cpu_s(at: Triton, *, with_client: bool = True) -> float:
    """Seconds so far: the server, its processes for models, and this process unless `with_client` is False."""
    processes = psutil.Process(at.process.pid).children(recursive=True)
    if with_client:
        processes.append(psutil.Process())
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def told_apart(pids: Mapping[str, int]) -> dict[str, int]:
    """The processes of a stack, those of its Triton instead of the one that it was started by."""
    if NAME not in pids:
        return dict(pids)
    return {name: pid for name, pid in pids.items() if name != NAME} | _of_triton(pids[NAME])


def models_cpu_s(used: Mapping[str, float]) -> dict[str, float]:
    """CPU seconds of each model, from those of processes that were told apart."""
    found: dict[str, float] = {}
    for name, seconds in used.items():
        if name.startswith(MODEL):
            model = name.removeprefix(MODEL).rpartition(" ")[0]
            found[model] = round(found.get(model, 0.0) + seconds, 2)
    return found


def used_by(at: Triton) -> dict[str, float]:
    """CPU seconds so far of each process of a Triton."""
    return cpu_seconds(told_apart({NAME: at.process.pid or 0}))


def _of_triton(guard: int) -> dict[str, int]:
    found = {GUARD: guard}
    for process in psutil.Process(guard).children(recursive=True):
        arguments = process.cmdline()
        name = instance_of(arguments) if arguments[0].endswith(STUB) else SERVER
        found[name] = process.pid
    return found


def instance_of(arguments: Sequence[str]) -> str:
    """What a process for a model is called, by its arguments: MODEL/VERSION/FILE comes first, MODEL_GROUP_NUMBER later.

    As tritonserver 2.51 starts them (python_backend, src/stub_launcher.cc).
    """
    model = Path(arguments[1]).parents[1].name
    instance = next(argument for argument in arguments[2:] if argument.startswith(f"{model}_"))
    return f"{MODEL}{model} {instance.rpartition('_')[2]}"
