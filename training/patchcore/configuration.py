"""How Triton serves a PatchCore model, in fields that Triton 2.51 knows.

Batches are made of what waits, never waited for: a crop is late sooner than a batch is full. A queue that is full, or a
request that waited too long, is refused, and the client tells its service that Triton is away.
"""

from __future__ import annotations

from typing import Final

from canairy.models.card import Card
from training.configuration import DEFAULT, Configuration, Tensor
from training.patchcore.linear import map_side

MAX_BATCH: Final = 16
QUEUE_REQUESTS: Final = 256
QUEUE_US: Final = 2_000_000  # the services wait two seconds for a model before they go on without it
PRECISION: Final = """# The distances need float32: a product in bfloat16 was seen to move a training patch's distance
# from 0.01 to 0.67."""


def configuration_of(name: str, size_px: int, sha256: str) -> Configuration:
    """`sha256` is of the graph, so that a client knows which one is served."""
    side = map_side(size_px)
    return Configuration(
        name=name,
        command="canairy train patchcore",
        inputs=[
            Tensor("counts", "UINT16", (size_px, size_px)),
            Tensor("scale_k", "FP32", (1,)),
            Tensor("offset_k", "FP32", (1,)),
            Tensor("bank", "INT32", (1,)),
        ],
        outputs=[
            Tensor("score", "FP32", (1,)),
            Tensor("map", "FP32", (side, side)),
            Tensor("share_outside", "FP32", (1,)),
        ],
        max_batch=MAX_BATCH,
        queue=QUEUE_REQUESTS,
        queue_us=QUEUE_US,
        parameters={"inference_precision": "f32", "sha256": sha256},
        why=PRECISION,
    )


def configuration_by(card: Card) -> Configuration:
    """Of a model that is there, by its card."""
    return configuration_of(card.name, card.size_px, card.sha256)


def configuration(name: str, size_px: int, sha256: str) -> str:
    """The text of config.pbtxt."""
    return configuration_of(name, size_px, sha256).texts()[DEFAULT]
