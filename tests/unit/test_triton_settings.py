"""What the backend inside Triton reads from a model's configuration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploy.triton.backends.onnxruntime.settings import WrongModel, read_settings


def config(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - parsed JSON
    return {
        "name": "m",
        "max_batch_size": 8,
        "input": [{"name": "x", "data_type": "TYPE_UINT16", "dims": [224, -1]}],
        "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [1]}],
    } | changes


def parameter(name: str, value: str) -> dict[str, Any]:
    return {"parameters": {name: {"string_value": value}}}


def test_what_is_not_said_is_float32_on_all_cores_from_model_onnx() -> None:
    settings = read_settings(config(), cores=2)

    assert (settings.file, settings.precision, settings.threads) == ("model.onnx", "f32", 2)
    assert settings.runtime == "openvino"
    assert settings.inputs["x"].dtype == np.uint16
    assert settings.inputs["x"].dims == (224, -1)


def test_parameters_say_threads_precision_and_runtime() -> None:
    assert read_settings(config(**parameter("runtime", "onnxruntime")), cores=2).runtime == "onnxruntime"
    assert read_settings(config(**parameter("intra_op_thread_count", "1")), cores=2).threads == 1
    assert read_settings(config(**parameter("inference_precision", "bf16")), cores=2).precision == "bf16"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (parameter("intra_op_thread_count", "many"), "intra_op_thread_count is 'many'"),
        (parameter("inference_precision", "fp32"), "inference_precision is 'fp32', expected one of f32"),
        (parameter("runtime", "torch"), "runtime is 'torch', expected one of openvino, onnxruntime"),
        ({"input": [{"name": "x", "data_type": "TYPE_STRING", "dims": [1]}]}, "x is TYPE_STRING"),
        ({"output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [1], "reshape": {"shape": []}}]}, "y has a resh"),
    ],
    ids=["threads", "precision", "runtime", "type", "reshape"],
)
def test_what_cannot_be_served_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(WrongModel, match=told):
        read_settings(config(**changes), cores=2)
