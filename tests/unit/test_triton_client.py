"""The client of the models, against a server that answers as a real one does only when it is ill."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from canairy.errors import CanairyError, ConfigurationError, Unavailable
from canairy.triton.client import TritonClient
from canairy.triton.ports import Tensors
from canairy.triton.shared_memory import TRY_AGAIN_AFTER_S, WORTH_BYTES, Slots
from canairy.triton.spec import ModelSpec, TensorSpec
from canairy.triton.tensors import DTYPES
from deploy.local.ports import free_port
from tests.helpers.triton_fake import FakeTriton, answer_of, serving

SPEC = ModelSpec("double", {"x": TensorSpec("UINT16", (-1, -1))}, {"y": TensorSpec("UINT16", (-1, -1))})
X = {"x": np.array([[1, 2, 3]], np.uint16)}
LARGE = {"x": np.arange(2 * WORTH_BYTES, dtype=np.uint32).astype(np.uint16).reshape(2, -1)}


@pytest.fixture
def triton() -> FakeTriton:
    return FakeTriton()


@pytest.fixture
def client(triton: FakeTriton) -> Iterator[TritonClient]:
    with serving(triton) as address, TritonClient(address, deadline_s=20) as models:
        yield models


def shared_memory_of_ours() -> list[str]:
    return [path.name for path in Path("/dev/shm").glob("canairy-client-*")]  # noqa: S108 - where it would be


def echo(request: pb.ModelInferRequest, _context: grpc.ServicerContext) -> pb.ModelInferResponse:
    (x,) = request.inputs
    return answer_of(list(x.shape), request.raw_input_contents[0], datatype=x.datatype)


# --- what comes back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=list(DTYPES))
def test_every_kind_of_number_comes_back_as_it_went(
    triton: FakeTriton, client: TritonClient, dtype: np.dtype[np.generic]
) -> None:
    triton.infer = echo
    sent = np.array([[0, 1, 1]]).astype(dtype)

    got = client.infer("double", {"x": sent})["y"]

    assert got.dtype == dtype
    np.testing.assert_array_equal(got, sent)


def test_a_kind_of_number_that_cannot_be_sent_is_named_at_once(triton: FakeTriton, client: TritonClient) -> None:
    with pytest.raises(ConfigurationError, match="input x is an array of complex128"):
        client.submit("double", {"x": np.zeros((1, 3), np.complex128)})
    assert not triton.asked


def test_an_array_that_is_a_view_is_sent_as_it_looks(client: TritonClient) -> None:
    every_other = np.arange(12, dtype=np.uint16).reshape(2, 6)[:, ::2]

    np.testing.assert_array_equal(client.infer("double", {"x": every_other})["y"], every_other * 2)


def test_many_requests_are_answered_in_order_and_no_more_are_on_their_way_than_was_said(client: TritonClient) -> None:
    taken = 0

    def requests() -> Iterator[Tensors]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield {"x": np.array([[number]], np.uint16)}

    answers, ahead = [], []
    for answer in client.infer_many("double", requests(), in_flight=4):
        answers.append(int(answer["y"][0, 0]))
        ahead.append(taken - len(answers))

    assert answers == [2 * number for number in range(50)]
    # One more has been taken and waits for the answer to the first.
    assert max(ahead) == 4


# --- what is wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.INTERNAL, Unavailable),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Unavailable),
        (grpc.StatusCode.UNKNOWN, Unavailable),
        (grpc.StatusCode.NOT_FOUND, ConfigurationError),
        (grpc.StatusCode.INVALID_ARGUMENT, ConfigurationError),
        (grpc.StatusCode.UNIMPLEMENTED, ConfigurationError),
    ],
)
def test_an_error_says_whether_it_is_worth_waiting(
    triton: FakeTriton, client: TritonClient, code: grpc.StatusCode, kind: type[CanairyError]
) -> None:
    triton.infer = lambda _request, context: context.abort(code, "the reason")

    with pytest.raises(kind, match=r"Triton at 127\.0\.0\.1:\d+: model double: .*the reason"):
        client.infer("double", X)


@pytest.mark.parametrize(
    ("half", "told"),
    [
        (answer_of([1, 3], b""), r"output y is UINT16 \[1, 3\] and 0 bytes came"),
        (answer_of([1, 3], bytes(4)), "and 4 bytes came"),
        (answer_of([2, 3], bytes(12)), r"output y is uint16 \[2, 3\], not UINT16 \[1, -1\]"),
        (answer_of([1, 3], bytes(12), datatype="FP32"), "output y is float32"),
        (answer_of([1, 3], bytes(6), name="z"), "output y is missing"),
        (pb.ModelInferResponse(model_name="double"), "output y is missing"),
        (pb.ModelInferResponse(raw_output_contents=[b"12"]), "0 outputs are named and 1 came"),
    ],
    ids=["no bytes", "few bytes", "other rows", "other type", "other output", "nothing", "no name"],
)
def test_half_an_answer_is_no_answer(
    triton: FakeTriton, client: TritonClient, half: pb.ModelInferResponse, told: str
) -> None:
    client.require(replace(SPEC, max_batch_size=1))
    triton.infer = lambda _request, _context: half

    with pytest.raises(Unavailable, match=f"half an answer: .*{told}"):
        client.infer("double", X)


def test_nobody_there_is_unavailable() -> None:
    with TritonClient(f"127.0.0.1:{free_port()}", deadline_s=20) as client:
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            client.infer("double", X)
        assert "UNAVAILABLE" in (client.why_not_ready("double") or "")


def test_who_answers_too_late_is_unavailable(triton: FakeTriton) -> None:
    over = threading.Event()

    def late(request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        over.wait(60)
        return triton.doubled(request, context)

    triton.infer = late
    with serving(triton) as address, TritonClient(address, deadline_s=0.2) as client:
        try:
            with pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
                client.infer("double", X)
        finally:
            over.set()


def test_what_is_on_its_way_when_the_client_closes_is_unavailable(triton: FakeTriton) -> None:
    over = threading.Event()
    triton.infer = lambda request, context: over.wait(60) and triton.doubled(request, context)
    with serving(triton) as address:
        client = TritonClient(address, deadline_s=60)
        pending = client.submit("double", X)
        client.close()
        try:
            with pytest.raises(Unavailable, match="CANCELLED"):
                pending.result()
        finally:
            over.set()


# --- shared memory --------------------------------------------------------------------------------------------------


def test_large_inputs_go_by_shared_memory_of_which_nothing_is_left(triton: FakeTriton, client: TritonClient) -> None:
    answers = list(client.infer_many("double", [LARGE] * 12, in_flight=4))

    for answer in answers:
        np.testing.assert_array_equal(answer["y"], LARGE["x"] * 2)
    assert not any(request.raw_input_contents for request in triton.asked)
    assert not shared_memory_of_ours()
    client.close()
    assert not triton.regions


def test_small_inputs_go_by_grpc(triton: FakeTriton, client: TritonClient) -> None:
    client.infer("double", X)

    assert triton.asked[0].raw_input_contents
    assert not triton.registered


def test_a_server_that_was_started_anew_gets_the_same_request_by_grpc(triton: FakeTriton, client: TritonClient) -> None:
    client.infer("double", LARGE)
    triton.regions.clear()

    again = client.infer("double", LARGE)

    np.testing.assert_array_equal(again["y"], LARGE["x"] * 2)
    assert [bool(request.raw_input_contents) for request in triton.asked] == [False, False, True]


def test_a_server_that_takes_no_shared_memory_gets_all_by_grpc_and_is_asked_again_later() -> None:
    now_s, questions = 100.0, []

    def refused(method: str, _question: object) -> pb.SystemSharedMemoryStatusResponse:
        questions.append(method)
        raise Unavailable("no")

    slots = Slots("127.0.0.1:8001", refused, clock=lambda: now_s)

    assert [slots.take(LARGE), slots.take(LARGE)] == [None, None]
    assert len(questions) == 1
    now_s += TRY_AGAIN_AFTER_S
    assert slots.take(LARGE) is None
    assert len(questions) == 2
    assert not shared_memory_of_ours()


def test_a_server_on_another_machine_is_not_asked_for_shared_memory() -> None:
    def ask(method: str, _question: object) -> None:
        raise AssertionError(method)

    assert Slots("triton.plant.example:8001", ask).take(LARGE) is None


def test_what_a_client_that_is_dead_left_behind_is_given_back(triton: FakeTriton, client: TritonClient) -> None:
    dead = f"canairy-client-{2**22 + 1}-0"  # above the largest process number of Linux (proc(5), pid_max)
    triton.regions[dead] = mmap.mmap(-1, mmap.PAGESIZE)

    client.infer("double", LARGE)

    assert dead not in triton.regions
