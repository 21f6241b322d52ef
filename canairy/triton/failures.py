"""What a gRPC error of Triton means to a service: wait and try again, or nothing will help until a human looks."""

from __future__ import annotations

from typing import Final

import grpc

from canairy.errors import CanairyError, ConfigurationError, Unavailable

# The request or the model is wrong, now and at the next try. Anything else may be over in a second: away or restarting
# (UNAVAILABLE), too slow (DEADLINE_EXCEEDED), a full queue (UNAVAILABLE, "Exceeds maximum queue size"), a model that
# failed while it ran (INTERNAL).
LASTING: Final = frozenset(
    {
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


def translated(error: grpc.RpcError, address: str, doing: str, deadline_s: float) -> CanairyError:
    """The error of ours that stands for gRPC's; `doing` names the model or the question."""
    code, details = error.code(), error.details() or "no reason given"
    place = f"Triton at {address}: {doing}"
    if code in LASTING:
        return ConfigurationError(f"{place}: {details}")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unavailable(f"{place}: no answer within {deadline_s:g} s")
    return Unavailable(f"{place}: {code.name}: {details}")


def knows_no_slot(error: grpc.RpcError) -> bool:
    """Whether Triton refused a request because it does not know the shared memory that it names.

    Triton's own words (src/shared_memory_manager.cc): "Unable to find shared memory region: 'NAME'".
    """
    return "shared memory region" in (error.details() or "")
