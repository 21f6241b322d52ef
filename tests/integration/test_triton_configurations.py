"""config.pbtxt: only what the embedded Triton 2.51 knows, and what the newest tritonclient still knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from benchmarks import triton_network
from deploy.local.models import REPOSITORY
from deploy.local.triton import models_of
from deploy.local.triton_home import ensure_triton
from tests.helpers.triton_descriptor import model_config_of
from training.detector.configuration import configuration as of_a_detector
from training.patchcore.configuration import configuration as of_patchcore

# Those that are kept, and those that our commands write.
WRITTEN: Final[Mapping[str, str]] = {
    **{f"model_repository/{name}": (REPOSITORY / name / "config.pbtxt").read_text() for name in models_of(REPOSITORY)},
    "train patchcore": of_patchcore("line-3", 320, "ab12"),
    "training.detector": of_a_detector("detector", ["motor normal", "motor danger"], "ab12"),
    "benchmarks.triton": triton_network.CONFIG.format(name="reference", max_batch=8, side=224),
}


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
