"""config.pbtxt of a detector, in fields that Triton 2.51 knows.

Source: Triton's model_config.proto (triton-inference-server/common, r24.10) and "Model Configuration" of its user
guide. Batches are made of what waits, never waited for. A frame that waited two seconds is refused: by then the
services go on with registered regions and hot spots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from training.detector.boxes import MOST_BOXES
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH

MAX_BATCH: Final = 8
QUEUE_FRAMES: Final = 64
QUEUE_US: Final = 2_000_000


def configuration(name: str, labels: Sequence[str], digest: str) -> str:
    """The text of config.pbtxt; `labels` and the graph's `digest` stand in its parameters for whoever asks Triton."""
    return f"""# Written by `python -m training.detector`: card.json beside this file tells what the model is.
name: "{name}"
backend: "onnxruntime"
max_batch_size: {MAX_BATCH}
input [
  {{ name: "counts" data_type: TYPE_UINT16 dims: [ {FRAME_HEIGHT}, {FRAME_WIDTH} ] }},
  {{ name: "scale_k" data_type: TYPE_FP32 dims: [ 1 ] }},
  {{ name: "offset_k" data_type: TYPE_FP32 dims: [ 1 ] }}
]
output [
  {{ name: "boxes" data_type: TYPE_FP32 dims: [ {MOST_BOXES}, 4 ] }},
  {{ name: "score" data_type: TYPE_FP32 dims: [ {MOST_BOXES} ] }},
  {{ name: "label" data_type: TYPE_INT32 dims: [ {MOST_BOXES} ] }}
]
version_policy {{ specific {{ versions: [ 1 ] }} }}
# Two: with one, 2.51 lets some requests wait half a second (docs/decisions/0008-triton-embedded.md).
instance_group [ {{ count: 2 kind: KIND_CPU }} ]
dynamic_batching {{
  default_queue_policy {{
    max_queue_size: {QUEUE_FRAMES}
    default_timeout_microseconds: {QUEUE_US}
    timeout_action: REJECT
  }}
}}
parameters {{ key: "labels" value {{ string_value: "{",".join(labels)}" }} }}
parameters {{ key: "sha256" value {{ string_value: "{digest}" }} }}
"""
