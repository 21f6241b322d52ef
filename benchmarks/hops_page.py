"""benchmarks/hops.md: what each hop costs, and which part of which process is the next thing to improve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# What no change of ours makes smaller: the simulated scene is no part of a site, the codec was chosen by measurement
# (codec.md), and Java compiles in its first minutes only.
GIVEN: Final = frozenset({"rendering (simulated)", "codec", "compiling"})
WRITTEN: Final = (
    "Written: what the topic grew by on disk, with Kafka's own overhead; a compacted topic may shrink in between. "
    "No service reads Kafka's own topics."
)
PROCESSES: Final = ("ingest", "detection", "anomaly", "alerting", "kafka")


def hops_page(figures: Mapping[str, Any], machine: Mapping[str, object]) -> str:
    """The page, from the figures of `benchmarks.hops`."""
    cpu: Mapping[str, Mapping[str, float]] = figures["cpu_ms_a_frame"]
    written: Mapping[str, float] = figures["bytes_a_frame_written"]
    read: Mapping[str, float] = figures["bytes_a_frame_read"]
    rows = [f"| `{topic}` | {size:,.0f} | {read[topic]:,.0f} |" for topic, size in written.items()]
    head = ["| topic | bytes a frame written | read |", "|---|---|---|"]
    parts = ["# What each hop costs", "", _made(figures, machine), "", *_cpu_table(cpu), "", *next_things(cpu), ""]
    return "\n".join([*parts, *head, *rows, "", WRITTEN, ""])


def _made(figures: Mapping[str, Any], machine: Mapping[str, object]) -> str:
    return (
        "Made by `python -m benchmarks.hops`; simulated frames of 640x512, three assets each, "
        f"{figures['at_frames_per_s']:g} frames/s, {figures['frames']} frames; {machine['cpu']}, "
        f"{machine['cores']} cores. Each service books the CPU of its threads on the part they are in (what the "
        "booking itself takes, a microsecond a call, is in it); of the broker it is known what its threads are for."
    )


def next_things(cpu: Mapping[str, Mapping[str, float]], count: int = 3) -> list[str]:
    """The largest parts that can be made smaller, the first of them named as the next thing to improve."""
    parts = [(ms, name, part) for name, of in cpu.items() for part, ms in of.items() if part not in GIVEN]
    largest = sorted(parts, reverse=True)[:count]
    whole = sum(ms for of in cpu.values() for ms in of.values())
    if not largest or not whole:
        return []
    words = [f"{part} in {name} ({ms:.2f} ms a frame, {100 * ms / whole:.0f} %)" for ms, name, part in largest]
    return [f"**Next to improve: {words[0]}.** After it: {'; '.join(words[1:])}."]


def _cpu_table(cpu: Mapping[str, Mapping[str, float]]) -> list[str]:
    names = [name for name in PROCESSES if name in cpu]
    totals = {part: sum(cpu[name].get(part, 0.0) for name in names) for name in names for part in cpu[name]}
    rows = [
        f"| {part} | {' | '.join(_cell(cpu[name].get(part)) for name in names)} | {total:.2f} |"
        for part, total in sorted(totals.items(), key=lambda it: -it[1])
    ]
    sums = [sum(cpu[name].values()) for name in names]
    whole = " | ".join(f"**{ms:.2f}**" for ms in sums)
    head = [f"| CPU-ms a frame | {' | '.join(names)} | all |", f"|---|{'---|' * (len(names) + 1)}"]
    return [*head, *rows, f"| **all** | {whole} | **{sum(sums):.2f}** |"]


def _cell(ms: float | None) -> str:
    return "" if ms is None or ms < 0.005 else f"{ms:.2f}"
