"""Where the time of requests goes, by Triton's own count: waiting, copying in, computing, copying out.

Triton counts from the start of a model (its "Statistics Extension" of the protocol), so a span is the difference of two
snapshots. All figures are of a request; a request of a batch of eight is one request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tritonclient.grpc import service_pb2 as pb

from canairy.triton.client import TritonClient

PARTS: Final = ("queue", "compute_input", "compute_infer", "compute_output")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts and nanoseconds since the model was loaded. `executions`: runs of it; `crops`: rows of batches."""

    requests: int
    failed: int
    executions: int
    crops: int
    whole_ns: int
    parts_ns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Split:
    """A span between two snapshots, milliseconds of a request; `whole_ms` is all of its time inside Triton."""

    requests: int
    failed: int
    crops_an_execution: float
    whole_ms: float
    parts_ms: Mapping[str, float]

    def transport_ms(self, round_trip_ms: float) -> float:
        """What of the client's own round trip was not inside Triton: gRPC, both ends, and waiting for a core."""
        return round_trip_ms - self.whole_ms


def snapshot(client: TritonClient, model: str) -> Snapshot:
    """Read the counts of a model now; raises as `Models.infer_many` does."""
    question = pb.ModelStatisticsRequest(name=model)
    told = client.ask("ModelStatistics", question, f"statistics of model {model}").model_stats[0]
    inference = told.inference_stats
    return Snapshot(
        requests=inference.success.count,
        failed=inference.fail.count,
        executions=told.execution_count,
        crops=told.inference_count,
        whole_ns=inference.success.ns,
        parts_ns={part: getattr(inference, part).ns for part in PARTS},
    )


def between(before: Snapshot, after: Snapshot) -> Split:
    """The span between two snapshots of one model; raises ValueError when no request was answered in it."""
    requests = after.requests - before.requests
    if requests <= 0:
        raise ValueError("no request was answered between the two snapshots")

    def per_request_ms(later: int, earlier: int) -> float:
        return (later - earlier) / 1e6 / requests

    return Split(
        requests=requests,
        failed=after.failed - before.failed,
        crops_an_execution=(after.crops - before.crops) / max(1, after.executions - before.executions),
        whole_ms=per_request_ms(after.whole_ns, before.whole_ns),
        parts_ms={part: per_request_ms(after.parts_ns[part], before.parts_ns[part]) for part in PARTS},
    )


def as_text(split: Split, round_trip_ms: float | None = None) -> str:
    """A small table for people: each part in milliseconds and as a share of the whole, transport included if known."""
    whole = split.whole_ms if round_trip_ms is None else round_trip_ms
    rows: dict[str, float] = {part.replace("_", " "): value for part, value in split.parts_ms.items()}
    if round_trip_ms is not None:
        rows["transport"] = split.transport_ms(round_trip_ms)
    head = f"{split.requests} requests, {split.failed} failed, {split.crops_an_execution:.1f} crops an execution"
    lines = [f"{name:<16}{value:>9.2f} ms {100 * value / whole:>5.1f} %" for name, value in rows.items()]
    return "\n".join([head, *lines, f"{'whole':<16}{whole:>9.2f} ms"])


def as_json(split: Split, round_trip_ms: float) -> dict[str, Any]:
    """The same for a file of results, rounded to microseconds."""
    parts = {f"{part}_ms": round(value, 3) for part, value in split.parts_ms.items()}
    return {
        "requests": split.requests,
        "failed": split.failed,
        "crops_an_execution": round(split.crops_an_execution, 2),
        "round_trip_ms": round(round_trip_ms, 3),
        "transport_ms": round(split.transport_ms(round_trip_ms), 3),
        **parts,
    }
