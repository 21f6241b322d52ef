"""A server that speaks Triton's protocol and answers as a test wants: what the real one does only when it is ill."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc as rpc

from canairy.triton.spec import ModelSpec, TensorSpec
from canairy.triton.tensors import DATATYPES

Infer = Callable[[pb.ModelInferRequest, grpc.ServicerContext], pb.ModelInferResponse]
DOUBLE = ModelSpec(
    "double", {"x": TensorSpec("UINT16", (-1, -1))}, {"y": TensorSpec("UINT16", (-1, -1))}, max_batch_size=8
)


class FakeTriton(rpc.GRPCInferenceServiceServicer):  # type: ignore[misc] # tritonclient ships no types
    """One model, ready, that calls itself what `spec` says. `infer` is what it does: twice `x` when nothing is told."""

    def __init__(self, spec: ModelSpec = DOUBLE) -> None:
        self.spec = spec
        self.asked: list[pb.ModelInferRequest] = []
        self.regions: dict[str, mmap.mmap] = {}
        self.registered = 0
        self.infer: Infer = self.doubled

    # The names of these methods are the protocol's.

    def ModelInfer(self, request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:  # noqa: N802
        self.asked.append(request)
        return self.infer(request, context)

    def ModelReady(self, request: Any, context: Any) -> pb.ModelReadyResponse:  # noqa: N802, ANN401, ARG002
        return pb.ModelReadyResponse(ready=True)

    def ModelMetadata(self, request: Any, context: Any) -> pb.ModelMetadataResponse:  # noqa: N802, ANN401, ARG002
        inputs, outputs = (_described(it) for it in (self.spec.inputs, self.spec.outputs))
        return pb.ModelMetadataResponse(name=self.spec.name, inputs=inputs, outputs=outputs)

    def ModelConfig(self, request: Any, context: Any) -> pb.ModelConfigResponse:  # noqa: N802, ANN401, ARG002
        answer = pb.ModelConfigResponse()
        answer.config.max_batch_size = self.spec.max_batch_size
        for name, text in self.spec.parameters.items():
            answer.config.parameters[name].string_value = text
        return answer

    def SystemSharedMemoryStatus(self, request: Any, context: Any) -> pb.SystemSharedMemoryStatusResponse:  # noqa: N802, ANN401, ARG002
        answer = pb.SystemSharedMemoryStatusResponse()
        for name in self.regions:
            answer.regions[name].name = name
        return answer

    def SystemSharedMemoryRegister(  # noqa: N802
        self, request: pb.SystemSharedMemoryRegisterRequest, context: grpc.ServicerContext
    ) -> pb.SystemSharedMemoryRegisterResponse:
        del context
        self.registered += 1
        with Path(f"/dev/shm{request.key}").open("rb") as region:  # noqa: S108 - where shm_open(3) keeps its names
            self.regions[request.name] = mmap.mmap(region.fileno(), request.byte_size, prot=mmap.PROT_READ)
        return pb.SystemSharedMemoryRegisterResponse()

    def SystemSharedMemoryUnregister(  # noqa: N802
        self, request: pb.SystemSharedMemoryUnregisterRequest, context: grpc.ServicerContext
    ) -> pb.SystemSharedMemoryUnregisterResponse:
        del context
        self.regions.pop(request.name).close()
        return pb.SystemSharedMemoryUnregisterResponse()

    def doubled(self, request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        (x,) = request.inputs
        content = request.raw_input_contents[0] if request.raw_input_contents else self._shared(x, context)
        y = np.frombuffer(content, np.uint16) * 2
        return answer_of(list(x.shape), y.astype(np.uint16).tobytes())

    def _shared(self, x: pb.ModelInferRequest.InferInputTensor, context: grpc.ServicerContext) -> bytes:
        name = x.parameters["shared_memory_region"].string_param
        if name not in self.regions:
            # Triton's own words: src/shared_memory_manager.cc.
            context.abort(grpc.StatusCode.NOT_FOUND, f"Unable to find shared memory region: '{name}'")
        begin = x.parameters["shared_memory_offset"].int64_param
        return self.regions[name][begin : begin + x.parameters["shared_memory_byte_size"].int64_param]


def _described(tensors: Mapping[str, TensorSpec]) -> list[pb.ModelMetadataResponse.TensorMetadata]:
    tensor = pb.ModelMetadataResponse.TensorMetadata
    return [tensor(name=name, datatype=it.datatype, shape=it.shape) for name, it in tensors.items()]


def answer_with(**outputs: npt.NDArray[Any]) -> pb.ModelInferResponse:
    """An answer of these arrays, by their names."""
    answer = pb.ModelInferResponse(model_name="fake")
    for name, array in outputs.items():
        answer.outputs.add(name=name, datatype=DATATYPES[array.dtype], shape=array.shape)
        answer.raw_output_contents.append(array.tobytes())
    return answer


def answer_of(shape: list[int], content: bytes, name: str = "y", datatype: str = "UINT16") -> pb.ModelInferResponse:
    tensor = pb.ModelInferResponse.InferOutputTensor(name=name, datatype=datatype, shape=shape)
    return pb.ModelInferResponse(model_name="double", outputs=[tensor], raw_output_contents=[content])


@contextmanager
def serving(fake: FakeTriton) -> Iterator[str]:
    """Its address, while it serves."""
    server = grpc.server(ThreadPoolExecutor(4))
    rpc.add_GRPCInferenceServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
