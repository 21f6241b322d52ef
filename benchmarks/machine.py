"""What a figure was measured on: processor, cores, versions; and the processes' CPU and memory."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("kafka-python", "numpy", "protobuf", "grpcio", "backports.zstd", "opencv-python-headless")


def describe() -> dict[str, object]:
    """Processor, cores and versions."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """User and system time of each process so far."""
    return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}


def resident_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """Resident memory of each process, MB."""
    return {name: round(psutil.Process(pid).memory_info().rss / 1e6, 1) for name, pid in pids.items()}


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was used in between."""
    return {name: round(after[name] - before[name], 2) for name in after}


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
