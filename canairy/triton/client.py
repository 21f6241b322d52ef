"""The one client of the services for Triton, over gRPC.

    with TritonClient("127.0.0.1:8001") as triton:
        triton.require(spec)                                     # at start: names what is missing or differs
        answers = [triton.submit("patchcore", crop) for crop in crops]   # several on their way at once
        scores = [answer.result()["score"] for answer in answers]

Every request has a deadline. A server that went away and came back is found again by the same client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from types import TracebackType
from typing import Any, Final, Self

import grpc
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc as rpc

from canairy.errors import ConfigurationError, Unavailable
from canairy.triton import tensors
from canairy.triton.failures import knows_no_slot, translated
from canairy.triton.ports import Tensors
from canairy.triton.shared_memory import Slot, Slots
from canairy.triton.spec import ModelSpec, TensorSpec, differences

DEADLINE_S: Final = 2.0
IN_FLIGHT: Final = 8
# A batch of eight frames of 640x512, 16 bit, is 5.2 MB; gRPC's own limit is 4 MiB.
MAX_MESSAGE_BYTES: Final = 64 * 1024**2
OPTIONS: Final = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # gRPC waits up to two minutes between its tries to connect; a service must be back within seconds.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A proxy of the environment is for the world outside.
    ("grpc.enable_http_proxy", 0),
)


class Pending:
    """A request that is on its way."""

    def __init__(self, client: TritonClient, model: str, inputs: Tensors) -> None:
        self._client = client
        self._model = model
        self._inputs = inputs
        message, self._slot = client.question(model, inputs)
        self._call: Any = client.stub.ModelInfer.future(message, timeout=client.deadline_s)
        self._call.add_done_callback(lambda _call: client.give(self._slot))

    def result(self) -> Tensors:
        """Wait for the outputs; raises as `Models.infer_many` does."""
        return self._client.answered(self._model, self._inputs, self._finished, self._slot)

    def _finished(self) -> pb.ModelInferResponse:
        try:
            return self._call.result()
        except grpc.FutureCancelledError as error:
            raise Unavailable("the request was cancelled: the client was closed") from error


class TritonClient:
    """A server of models (`Models`) at host:port. `deadline_s` is for each request, from sending to the whole answer.

    Large inputs go by shared memory where the server is on this machine, unless `shared_memory` is False. May be used
    by several threads at once.
    """

    def __init__(self, address: str, deadline_s: float = DEADLINE_S, *, shared_memory: bool = True) -> None:
        self.address = address
        self.deadline_s = deadline_s
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self.stub = rpc.GRPCInferenceServiceStub(self._channel)
        self._slots = Slots(address, self.ask) if shared_memory else None
        self._specs: dict[str, ModelSpec] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; what is on its way is cancelled."""
        if self._slots:
            self._slots.close()
        self._channel.close()

    def submit(self, model: str, inputs: Tensors) -> Pending:
        """Send a request and come back at once. Raises ConfigurationError for an array whose dtype cannot be sent."""
        return Pending(self, model, inputs)

    def infer(self, model: str, inputs: Tensors) -> Tensors:
        """Send one request and wait for its outputs; raises as `Models.infer_many` does."""
        message, slot = self.question(model, inputs)
        try:
            return self.answered(model, inputs, lambda: self.stub.ModelInfer(message, timeout=self.deadline_s), slot)
        finally:
            self.give(slot)

    def infer_many(self, model: str, requests: Iterable[Tensors], in_flight: int = IN_FLIGHT) -> Iterator[Tensors]:
        """The outputs of many requests, in their order; at most `in_flight` are on their way at once."""
        more = iter(requests)
        ahead = list(islice(more, 2))
        if len(ahead) == 1:
            # For a request whose answer is waited for at once gRPC needs no thread of its own.
            yield self.infer(model, ahead[0])
            return
        waiting: deque[Pending] = deque()
        for inputs in chain(ahead, more):
            if len(waiting) >= in_flight:
                yield waiting.popleft().result()
            waiting.append(self.submit(model, inputs))
        while waiting:
            yield waiting.popleft().result()

    def require(self, *expected: ModelSpec) -> None:
        """See `Models`; what is required is expected from then on."""
        if mistakes := [mistake for spec in expected for mistake in self._mistakes(spec)]:
            raise ConfigurationError("\n".join(mistakes))
        self.expect(*expected)

    def expect(self, *expected: ModelSpec) -> None:
        """From now on, an answer of one of these models that is not as its specification says is half an answer."""
        self._specs |= {spec.name: spec for spec in expected}

    def describe(self, model: str) -> ModelSpec:
        """What the server says of a model; raises ConfigurationError when it has none of this name, or Unavailable."""
        metadata = self.ask("ModelMetadata", pb.ModelMetadataRequest(name=model), f"model {model}")
        config = self.ask("ModelConfig", pb.ModelConfigRequest(name=model), f"model {model}").config
        return ModelSpec(
            name=model,
            inputs=_specs(metadata.inputs),
            outputs=_specs(metadata.outputs),
            parameters={name: value.string_value for name, value in config.parameters.items()},
            max_batch_size=config.max_batch_size,
        )

    def why_not_ready(self, *models: str) -> str | None:
        """None when the server answers and has all these models ready, else what is wrong. Quick; probe with it."""
        try:
            waiting = [model for model in models if not self._is_ready(model)]
        except (Unavailable, ConfigurationError) as error:
            return str(error)
        return f"Triton at {self.address}: not ready: {', '.join(waiting)}" if waiting else None

    def ask(self, method: str, question: object, doing: str = "") -> Any:  # noqa: ANN401 - one of the protocol's answers
        """Call a method of the protocol by its name and return its message; raises as `Models.infer_many` does."""
        try:
            return getattr(self.stub, method)(question, timeout=self.deadline_s)
        except grpc.RpcError as error:
            raise self.explained(error, doing or method) from error

    def question(self, model: str, inputs: Tensors) -> tuple[pb.ModelInferRequest, Slot | None]:
        """A request as the protocol has it, and the shared memory that its inputs lie in, if they do."""
        message = tensors.question(model, inputs)
        slot = self._slots.take(inputs) if self._slots else None
        if slot is None:
            tensors.put(message, inputs)
        else:
            slot.put(message, inputs)
        return message, slot

    def answered(
        self, model: str, inputs: Tensors, wait: Callable[[], pb.ModelInferResponse], slot: Slot | None
    ) -> Tensors:
        """The outputs that `wait` returns with. A Triton that does not know our shared memory is asked once more."""
        try:
            try:
                message = wait()
            except grpc.RpcError as error:
                if slot is None or not knows_no_slot(error):
                    raise
                message = self._once_more(model, inputs, slot)
        except grpc.RpcError as error:
            raise self.explained(error, f"model {model}") from error
        return self.checked(model, inputs, tensors.outputs(message))

    def explained(self, error: grpc.RpcError, doing: str) -> Exception:
        """The error of ours for gRPC's."""
        return translated(error, self.address, doing, self.deadline_s)

    def checked(self, model: str, inputs: Tensors, answer: Tensors) -> Tensors:
        """The answer, when it is whole; raises Unavailable."""
        if spec := self._specs.get(model):
            tensors.check_whole(spec, len(next(iter(inputs.values()))), answer)
        return answer

    def give(self, slot: Slot | None) -> None:
        """The request of this shared memory, if it had any, is over."""
        if self._slots and slot:
            self._slots.give(slot)

    def _once_more(self, model: str, inputs: Tensors, slot: Slot) -> pb.ModelInferResponse:
        """It was started anew: the same again, by gRPC alone."""
        if self._slots:
            self._slots.forget(slot)
        message = tensors.question(model, inputs)
        tensors.put(message, inputs)
        return self.stub.ModelInfer(message, timeout=self.deadline_s)

    def _is_ready(self, model: str) -> bool:
        return bool(self.ask("ModelReady", pb.ModelReadyRequest(name=model), f"model {model}").ready)

    def _mistakes(self, expected: ModelSpec) -> list[str]:
        try:
            found = self.describe(expected.name)
        except ConfigurationError as error:
            return [f"{error}; the server has {self._names()}"]
        return differences(expected, found)

    def _names(self) -> str:
        index = self.ask("RepositoryIndex", pb.RepositoryIndexRequest(ready=True), "list of models")
        return ", ".join(sorted(model.name for model in index.models)) or "no model"


def _specs(metadata: Iterable[Any]) -> Mapping[str, TensorSpec]:
    return {tensor.name: TensorSpec(tensor.datatype, tuple(tensor.shape)) for tensor in metadata}
