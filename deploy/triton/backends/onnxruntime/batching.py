"""Several requests as one run of the network: concatenated, run, split. A bad one does not harm its neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Tensors = Mapping[str, npt.NDArray[Any]]
Run = Callable[[Tensors], Tensors]
# The outputs of a request, or what went wrong with it alone.
Outcome = Tensors | Exception


def answer(requests: Sequence[Tensors], run: Run, max_batch_size: int) -> list[Outcome]:
    """An outcome for each request, in their order.

    Each request is a batch of one or more along the first axis; `run` is given at most `max_batch_size` at once. With
    `max_batch_size` 0 there is no batch axis, and each request is a run of its own.
    """
    if max_batch_size == 0:
        return [_attempt(request, run) for request in requests]
    outcomes: dict[int, Outcome] = {}
    for group in _groups(requests, max_batch_size):
        together = _together([requests[index] for index in group], run)
        outcomes.update(zip(group, together, strict=True))
    return [outcomes[index] for index in range(len(requests))]


def _groups(requests: Sequence[Tensors], max_batch_size: int) -> list[list[int]]:
    """Indices of requests that fit into one run: same shapes but for the batch, and not too many."""
    groups: list[list[int]] = []
    current: dict[object, list[int]] = {}
    sizes: dict[object, int] = defaultdict(int)
    for index, request in enumerate(requests):
        key = tuple((name, array.shape[1:]) for name, array in sorted(request.items()))
        batch = _batch(request)
        if key not in current or sizes[key] + batch > max_batch_size:
            current[key], sizes[key] = [], 0
            groups.append(current[key])
        current[key].append(index)
        sizes[key] += batch
    return groups


def _together(requests: Sequence[Tensors], run: Run) -> list[Outcome]:
    sizes = [_batch(request) for request in requests]
    outputs = _attempt(_concatenated(requests), run, sum(sizes))
    if not isinstance(outputs, Exception):
        return _split(outputs, sizes)
    if len(requests) == 1:
        return [outputs]
    # Whose fault it is shows when each runs alone.
    return [_attempt(request, run, size) for request, size in zip(requests, sizes, strict=True)]


def _concatenated(requests: Sequence[Tensors]) -> Tensors:
    if len(requests) == 1:
        return requests[0]
    return {name: np.concatenate([request[name] for request in requests]) for name in requests[0]}


def _attempt(inputs: Tensors, run: Run, rows: int | None = None) -> Outcome:
    """The outputs, or what the runtime raised, or that an output has not `rows` rows."""
    try:
        outputs = run(inputs)
    except Exception as error:  # noqa: BLE001 - goes back to who asked
        return error
    wrong = [name for name, array in outputs.items() if rows is not None and array.shape[:1] != (rows,)]
    if wrong:
        return ValueError(f"output {wrong[0]} has shape {list(outputs[wrong[0]].shape)} for a batch of {rows}")
    return outputs


def _split(outputs: Tensors, sizes: Sequence[int]) -> list[Outcome]:
    edges = np.cumsum([0, *sizes])
    return [{name: array[start:end] for name, array in outputs.items()} for start, end in pairwise(edges)]


def _batch(request: Tensors) -> int:
    return int(next(iter(request.values())).shape[0])
