"""What a handler needs of a server of models, so that it can be given a fake. Imports no gRPC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy.typing as npt

from canairy.triton.spec import ModelSpec

Array = npt.NDArray[Any]
# By the names of the model's inputs or outputs; the first axis is the batch where the model has one.
Tensors = Mapping[str, Array]


class Models(Protocol):
    """A server of models; several requests may be on their way at once."""

    def infer_many(self, model: str, requests: Iterable[Tensors], in_flight: int = ...) -> Iterator[Tensors]:
        """The outputs of many requests, in their order, of which so many are on their way at once: a queue is bounded.

        Raises, when the answer is asked for: Unavailable when none came in time, an error came, or half an answer, and
        ConfigurationError when the server does not have the model or the model does not take such inputs. Outputs are
        read-only.
        """

    def require(self, *expected: ModelSpec) -> None:
        """Raise ConfigurationError that names every model which is missing or differs, Unavailable when it is away."""
