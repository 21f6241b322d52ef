"""A PatchCore in a Triton that is played, and the ways in which it can be ill."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2 as pb

from canairy.triton.spec import ModelSpec
from tests.helpers.triton_fake import FakeTriton, answer_with


class Ill(FakeTriton):
    """A PatchCore that finds all crops normal, or does what `infer` is set to."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(spec)
        self.infer = self.sound

    def sound(self, request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        del context
        return answer_with(**self.outputs(request.inputs[0].shape[0]))

    def outputs(self, rows: int) -> dict[str, npt.NDArray[Any]]:
        shape = self.spec.outputs["map"].shape[1:]
        number = np.full((rows, 1), 0.5, np.float32)
        return {"score": number, "map": np.zeros((rows, *shape), np.float32), "share_outside": number}


def slow(ill: Ill, over: threading.Event) -> None:
    """It answers after whoever asks has given up."""

    def late(request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        over.wait(60)
        return ill.sound(request, context)

    ill.infer = late


def in_error(ill: Ill, _over: threading.Event) -> None:
    """In Triton's words for a model's process that has died."""
    ill.infer = lambda _request, context: context.abort(grpc.StatusCode.INTERNAL, "Stub process is not healthy.")


def without_its_map(ill: Ill, _over: threading.Event) -> None:
    """One of its outputs does not come."""
    ill.infer = lambda request, _context: answer_with(score=ill.outputs(request.inputs[0].shape[0])["score"])


def with_few_bytes(ill: Ill, _over: threading.Event) -> None:
    """An output that is shorter than it says."""

    def cut_off(request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        answer = ill.sound(request, context)
        answer.raw_output_contents[1] = answer.raw_output_contents[1][:-4]
        return answer

    ill.infer = cut_off


def of_another_shape(ill: Ill, _over: threading.Event) -> None:
    """A map of half its height: whole in itself, and not the model's."""

    def halved(request: pb.ModelInferRequest, _context: grpc.ServicerContext) -> pb.ModelInferResponse:
        outputs = ill.outputs(request.inputs[0].shape[0])
        return answer_with(**(outputs | {"map": outputs["map"][:, : outputs["map"].shape[1] // 2]}))

    ill.infer = halved
