"""CPU that a Triton and its client have used."""

from __future__ import annotations

import psutil

from deploy.local.triton import Triton


def cpu_s(at: Triton, *, with_client: bool = True) -> float:
    """Seconds so far: the server, its processes for models, and this process unless `with_client` is False."""
    processes = psutil.Process(at.process.pid).children(recursive=True)
    if with_client:
        processes.append(psutil.Process())
    return sum(sum(process.cpu_times()[:2]) for process in processes)
