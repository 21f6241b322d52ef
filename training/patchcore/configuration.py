"""config.pbtxt of a PatchCore model, in fields that Triton 2.51 knows.

Source: Triton's model_config.proto (triton-inference-server/common, r24.10) and "Model Configuration" of its user
guide. Batches are made of what waits, never waited for: a crop is late sooner than a batch is full. A queue that is
full, or a request that waited too long, is refused, and the client tells its service that Triton is away.
"""

from __future__ import annotations

from typing import Final

from training.patchcore.linear import map_side

MAX_BATCH: Final = 16
QUEUE_REQUESTS: Final = 256
QUEUE_US: Final = 2_000_000  # the services wait two seconds for a model before they go on without it


def configuration(name: str, size_px: int, sha256: str) -> str:
    """The text of config.pbtxt; `sha256` of the graph, so that a client knows which one is served."""
    return f"""# Written by `canairy train patchcore`: card.json beside this file tells what the model is.
name: "{name}"
backend: "onnxruntime"
max_batch_size: {MAX_BATCH}
input [
  {{ name: "counts" data_type: TYPE_UINT16 dims: [ {size_px}, {size_px} ] }},
  {{ name: "scale_k" data_type: TYPE_FP32 dims: [ 1 ] }},
  {{ name: "offset_k" data_type: TYPE_FP32 dims: [ 1 ] }},
  {{ name: "bank" data_type: TYPE_INT32 dims: [ 1 ] }}
]
output [
  {{ name: "score" data_type: TYPE_FP32 dims: [ 1 ] }},
  {{ name: "map" data_type: TYPE_FP32 dims: [ {map_side(size_px)}, {map_side(size_px)} ] }},
  {{ name: "share_outside" data_type: TYPE_FP32 dims: [ 1 ] }}
]
version_policy {{ specific {{ versions: [ 1 ] }} }}
# Two: with one, 2.51 lets some requests wait half a second (docs/decisions/0008-triton-embedded.md).
instance_group [ {{ count: 2 kind: KIND_CPU }} ]
dynamic_batching {{
  default_queue_policy {{
    max_queue_size: {QUEUE_REQUESTS}
    default_timeout_microseconds: {QUEUE_US}
    timeout_action: REJECT
  }}
}}
# The distances need float32: a product in bfloat16 was seen to move a training patch's distance from 0.01 to 0.67.
parameters {{ key: "inference_precision" value {{ string_value: "f32" }} }}
parameters {{ key: "sha256" value {{ string_value: "{sha256}" }} }}
"""
