"""The embedded Triton, real: an unchanged model repository, batches, bad requests, full queues, sudden ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from canairy.errors import ConfigurationError, Unavailable
from canairy.models.card import read_card
from canairy.triton.client import TritonClient
from canairy.triton.ports import Tensors
from canairy.triton.spec import ModelSpec, TensorSpec
from canairy.triton.statistics import between, snapshot
from deploy.local.models import REPOSITORY
from deploy.local.triton import Triton, models_of
from deploy.local.triton_home import ensure_triton
from services.anomaly.triton import spec_of
from tests.acceptance.helpers.waiting import until
from tests.helpers.triton import double, heavy, write_model

pytestmark = pytest.mark.timeout(240)

DOUBLE = ModelSpec("double", {"x": TensorSpec("FP32", (-1, 4))}, {"y": TensorSpec("FP32", (-1, 4))}, max_batch_size=8)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    write_model(folder, "double", double())
    write_model(folder, "heavy", heavy(), max_batch=1, queue=2)
    return folder


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with Triton(ensure_triton(), repository, tmp_path_factory.mktemp("triton")) as running:
        yield running


@pytest.fixture
def client(server: Triton) -> Iterator[TritonClient]:
    with TritonClient(server.address, deadline_s=30) as models:
        yield models


def asked(*rows: float) -> Tensors:
    return {"x": np.array([[row] * 4 for row in rows], np.float32)}


def first(outputs: Tensors) -> list[float]:
    return [float(row[0]) for row in np.asarray(outputs["y"], np.float64)]


def the_server(server: Triton) -> psutil.Process:
    """Triton itself, below the process that guards it."""
    assert server.process.pid is not None
    below = psutil.Process(server.process.pid).children(recursive=True)
    return next(process for process in below if process.name() == "tritonserver")


# --- what is served -------------------------------------------------------------------------------------------------


def test_it_is_ready_when_its_models_are_and_describes_them_as_their_configuration_does(client: TritonClient) -> None:
    assert client.why_not_ready("double", "heavy") is None
    client.require(DOUBLE)
    assert client.describe("double").max_batch_size == 8


def test_requests_that_are_on_their_way_together_get_each_its_own_answer(client: TritonClient) -> None:
    before = snapshot(client, "double")
    requests = [asked(*range(number, number + 1 + number % 3)) for number in range(100)]

    answers = list(client.infer_many("double", requests, in_flight=32))

    assert [first(it) for it in answers] == [[2 * row for row in first({"y": it["x"]})] for it in requests]
    # Some of them were one batch.
    assert between(before, snapshot(client, "double")).crops_an_execution > 1.5


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_model_is_served_by_the_runtime_that_its_configuration_names(tmp_path: Path, runtime: str) -> None:
    write_model(tmp_path / "models", "told", double())
    _add(tmp_path / "models/told", "runtime", runtime)

    with Triton(ensure_triton(), tmp_path / "models", tmp_path) as running, TritonClient(running.address) as models:
        answer = first(models.infer("told", asked(3, 4, 5)))

    assert answer == [6, 8, 10]
    (log,) = tmp_path.glob("*.log")
    assert f"{runtime}, f32" in log.read_text(encoding="utf-8")


def test_a_precision_that_a_runtime_does_not_have_is_named_when_the_server_starts(tmp_path: Path) -> None:
    write_model(tmp_path / "models", "told", double())
    _add(tmp_path / "models/told", "runtime", "onnxruntime")
    _add(tmp_path / "models/told", "inference_precision", "bf16")

    with pytest.raises(
        ConfigurationError, match="told: parameter inference_precision is 'bf16': ONNX Runtime computes"
    ):
        Triton(ensure_triton(), tmp_path / "models", tmp_path).start()


def _add(model: Path, name: str, value: str) -> None:
    with (model / "config.pbtxt").open("a", encoding="utf-8") as config:
        config.write(f'parameters {{ key: "{name}" value {{ string_value: "{value}" }} }}\n')


def test_the_models_of_this_repository_are_served_as_their_cards_say(tmp_path: Path) -> None:
    card = read_card(REPOSITORY / "patchcore")

    # Triton 2.51 refuses a configuration with a field that it does not know.
    with Triton(ensure_triton(), REPOSITORY, tmp_path) as running, TritonClient(running.address) as models:
        models.require(spec_of(card))
        assert running.models == models_of(REPOSITORY)
        with pytest.raises(ConfigurationError, match=r"model patchcore: parameter sha256 is .*, expected 'other'"):
            models.require(replace(spec_of(card), parameters={"sha256": "other"}))


# --- what is wrong with a request, or with a model ------------------------------------------------------------------


def test_a_request_that_does_not_fit_is_refused_and_harms_no_neighbour(client: TritonClient) -> None:
    good = [client.submit("double", asked(number)) for number in range(8)]
    bad = client.submit("double", {"x": np.zeros((1, 5), np.float32)})
    more = [client.submit("double", asked(number)) for number in range(8, 16)]

    with pytest.raises(ConfigurationError, match="double"):
        bad.result()
    assert [first(it.result()) for it in (*good, *more)] == [[2.0 * number] for number in range(16)]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (replace(DOUBLE, name="nobody"), "nobody"),
        (replace(DOUBLE, inputs={"x": TensorSpec("FP32", (-1, 5))}), r"input x is FP32 \[-1, 4\], expected FP32"),
        (replace(DOUBLE, inputs={"x": TensorSpec("UINT16", (-1, 4))}), "expected UINT16"),
        (replace(DOUBLE, outputs={"z": TensorSpec("FP32", (-1, 4))}), "output z .* is missing"),
        (replace(DOUBLE, max_batch_size=16), "batches of 8 at most"),
    ],
    ids=["missing", "shape", "dtype", "output", "batch"],
)
def test_a_model_that_is_missing_or_differs_is_named(client: TritonClient, expected: ModelSpec, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        client.require(expected)


def test_a_model_that_cannot_be_loaded_is_named_when_the_server_starts(tmp_path: Path) -> None:
    write_model(tmp_path / "models", "sound", double())
    write_model(tmp_path / "models", "broken", double()).write_bytes(b"not a network")

    with pytest.raises(ConfigurationError, match="broken"):
        Triton(ensure_triton(), tmp_path / "models", tmp_path).start()


def test_a_configuration_that_triton_does_not_know_is_named(tmp_path: Path) -> None:
    write_model(tmp_path / "models", "later", double())
    with (tmp_path / "models/later/config.pbtxt").open("a", encoding="utf-8") as config:
        config.write('field_of_another_release: "x"\n')

    with pytest.raises(ConfigurationError, match="field_of_another_release"):
        Triton(ensure_triton(), tmp_path / "models", tmp_path).start()


def test_a_model_that_is_not_in_the_repository_is_named_with_those_that_are(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has no nobody .* it has double, heavy"):
        Triton(ensure_triton(), repository, tmp_path, ["double", "nobody"]).start()


# --- too much, too slow, gone ---------------------------------------------------------------------------------------


def test_what_a_full_queue_refuses_is_told_as_unavailable_and_the_rest_is_answered(client: TritonClient) -> None:
    pending = [client.submit("heavy", asked(number)) for number in range(12)]

    answered, refused = [], []
    for number, answer in enumerate(pending):
        try:
            answered.append((number, first(answer.result())))
        except Unavailable as error:
            refused.append(str(error))

    assert all(got == pytest.approx([float(number)], abs=1e-4) for number, got in answered)
    assert answered
    assert refused
    assert all("maximum queue size" in error for error in refused)


def test_who_does_not_answer_within_the_deadline_is_unavailable(server: Triton) -> None:
    with TritonClient(server.address, deadline_s=2) as hasty:
        hasty.infer("double", asked(0))
        the_server(server).suspend()
        try:
            with pytest.raises(Unavailable, match="no answer within 2 s"):
                hasty.infer("double", asked(1))
            assert hasty.why_not_ready("double") is not None
        finally:
            the_server(server).resume()
        until(lambda: hasty.why_not_ready("double") is None, "the server to be ready again")


def test_a_server_that_is_killed_under_a_request_is_unavailable_and_the_same_client_finds_the_next_one(
    repository: Path, tmp_path: Path
) -> None:
    server = Triton(ensure_triton(), repository, tmp_path)
    server.start()
    with TritonClient(server.address, deadline_s=30) as models:
        pending = models.submit("heavy", asked(1))
        the_server(server).kill()
        with pytest.raises(Unavailable):
            pending.result()
        until(lambda: not server.process.running, "the guard to end with its server")
        again = Triton(ensure_triton(), repository, tmp_path, grpc_port=server.grpc_port)
        again.start()
        try:
            until(lambda: models.why_not_ready("double") is None, "the client to find it")
            assert first(models.infer("double", asked(21))) == [42.0]
        finally:
            again.stop()


def test_a_server_that_was_stopped_leaves_no_process_and_no_shared_memory(repository: Path, tmp_path: Path) -> None:
    before = {path.name for path in Path("/dev/shm").iterdir()}  # noqa: S108 - where Triton's Python backend keeps it
    server = Triton(ensure_triton(), repository, tmp_path)
    server.start()
    assert server.process.pid is not None
    children = psutil.Process(server.process.pid).children(recursive=True)

    server.stop()

    assert children
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    left = {path.name for path in Path("/dev/shm").iterdir()} - before  # noqa: S108
    assert not [name for name in left if name.startswith("canairy_")]
