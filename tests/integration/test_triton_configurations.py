"""Configurations of models: only what the embedded Triton 2.51 knows, and what the newest tritonclient still knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from benchmarks import triton_network
from deploy.local.models import REPOSITORY
from deploy.local.triton import models_of
from deploy.local.triton_home import ensure_triton
from tests.helpers.triton_descriptor import model_config_of
from training.configuration import DEFAULT, GPU, OPENVINO, Configuration
from training.configure import configuration_for
from training.detector.configuration import configuration_of as of_a_detector
from training.patchcore.configuration import configuration_of as of_patchcore

COMMANDS: Final[Mapping[str, Configuration]] = {
    "train patchcore": of_patchcore("line-3", 320, "ab12"),
    "training.detector": of_a_detector("detector", ["motor normal", "motor danger"], "ab12"),
}
KEPT: Final = models_of(REPOSITORY)


def _written() -> Iterator[tuple[str, str]]:
    """Those that are kept, and those that our commands write."""
    for path in sorted([*REPOSITORY.glob("*/*.pbtxt"), *REPOSITORY.glob("*/configs/*.pbtxt")]):
        yield str(path.relative_to(REPOSITORY.parent)), path.read_text(encoding="utf-8")
    for command, made in COMMANDS.items():
        for place, text in made.texts().items():
            yield f"{command}: {place}", text
    yield "benchmarks.triton", triton_network.CONFIG.format(name="reference", max_batch=8, side=224)


WRITTEN: Final = dict(_written())


@pytest.fixture(scope="module")
def of_2_51() -> type[Any]:
    return model_config_of(ensure_triton())


@pytest.mark.parametrize("where", WRITTEN)
def test_every_configuration_is_known_to_the_old_server_and_to_the_new_client(where: str, of_2_51: type[Any]) -> None:
    old = text_format.Parse(WRITTEN[where], of_2_51())
    new = text_format.Parse(WRITTEN[where], ModelConfig())

    assert old.SerializeToString(deterministic=True) == new.SerializeToString(deterministic=True)


@pytest.mark.parametrize("where", WRITTEN)
def test_every_configuration_says_version_batches_and_how_long_a_queue_may_be(where: str, of_2_51: type[Any]) -> None:
    config = text_format.Parse(WRITTEN[where], of_2_51())
    queue = config.dynamic_batching.default_queue_policy

    assert config.backend == "onnxruntime"
    assert list(config.version_policy.specific.versions) == [1]
    assert config.max_batch_size >= 8
    assert queue.max_queue_size > 0
    assert queue.default_timeout_microseconds > 0
    assert queue.timeout_action == queue.REJECT
    # With one, 2.51 lets some requests wait half a second (docs/decisions/0008-triton-embedded.md).
    assert sum(group.count for group in config.instance_group) >= 2


@pytest.mark.parametrize("later", ["model_metrics { }", "ensemble_scheduling { max_inflight_requests: 1 }"])
def test_what_came_after_2_51_is_found(later: str, of_2_51: type[Any]) -> None:
    text_format.Parse(later, ModelConfig())

    with pytest.raises(text_format.ParseError, match="no field named"):
        text_format.Parse(later, of_2_51())


# --- other processors: never loaded by a server, so unverified ------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_of_a_model_is_what_its_card_makes(name: str) -> None:
    model = REPOSITORY / name

    kept = {str(path.relative_to(model)): path.read_text(encoding="utf-8") for path in model.rglob("*.pbtxt")}

    assert kept == configuration_for(model).texts()


@pytest.mark.parametrize("made", COMMANDS.values(), ids=COMMANDS)
def test_the_unverified_gpu_configuration_asks_tensorrt_then_cuda_for_float32(
    made: Configuration, of_2_51: type[Any]
) -> None:
    config = text_format.Parse(made.texts()[GPU], of_2_51())

    assert {group.kind for group in config.instance_group} == {ModelInstanceGroup.KIND_GPU}
    tensorrt, cuda = config.optimization.execution_accelerators.gpu_execution_accelerator
    assert (tensorrt.name, dict(tensorrt.parameters)) == ("tensorrt", {"precision_mode": "FP32"})
    assert (cuda.name, dict(cuda.parameters)) == ("cuda", {"use_tf32": "0"})
    assert [warm.batch_size for warm in config.model_warmup] == [1, config.max_batch_size]
    assert {name for warm in config.model_warmup for name in warm.inputs} == {each.name for each in config.input}


@pytest.mark.parametrize("made", COMMANDS.values(), ids=COMMANDS)
def test_the_unverified_openvino_configuration_asks_openvino_on_the_cpu(
    made: Configuration, of_2_51: type[Any]
) -> None:
    config = text_format.Parse(made.texts()[OPENVINO], of_2_51())

    assert {group.kind for group in config.instance_group} == {ModelInstanceGroup.KIND_CPU}
    accelerators = config.optimization.execution_accelerators
    assert [each.name for each in accelerators.cpu_execution_accelerator] == ["openvino"]
    assert not accelerators.gpu_execution_accelerator


@pytest.mark.parametrize("made", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("place", [GPU, OPENVINO])
def test_an_unverified_configuration_says_so_first_and_is_otherwise_the_same(
    made: Configuration, place: str, of_2_51: type[Any]
) -> None:
    texts = made.texts()
    default, other = (text_format.Parse(texts[it], of_2_51()) for it in (DEFAULT, place))

    for config in (default, other):
        for field in ("instance_group", "optimization", "model_warmup"):
            config.ClearField(field)

    assert texts[place].startswith("# *Unverified*")
    assert "Unverified" not in texts[DEFAULT]
    assert other == default
