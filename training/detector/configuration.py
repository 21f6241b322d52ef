"""How Triton serves a detector, in fields that Triton 2.51 knows.

Batches are made of what waits, never waited for. A frame that waited two seconds is refused: by then the services go
on with registered regions and hot spots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from canairy.models.detector_card import Card
from training.configuration import DEFAULT, Configuration, Tensor
from training.detector.boxes import MOST_BOXES
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH

MAX_BATCH: Final = 8
QUEUE_FRAMES: Final = 64
QUEUE_US: Final = 2_000_000


def configuration_of(name: str, labels: Sequence[str], digest: str) -> Configuration:
    """`labels` and the graph's `digest` stand in its parameters for whoever asks Triton."""
    return Configuration(
        name=name,
        command="python -m training.detector",
        inputs=[
            Tensor("counts", "UINT16", (FRAME_HEIGHT, FRAME_WIDTH)),
            Tensor("scale_k", "FP32", (1,)),
            Tensor("offset_k", "FP32", (1,)),
        ],
        outputs=[
            Tensor("boxes", "FP32", (MOST_BOXES, 4)),
            Tensor("score", "FP32", (MOST_BOXES,)),
            Tensor("label", "INT32", (MOST_BOXES,)),
        ],
        max_batch=MAX_BATCH,
        queue=QUEUE_FRAMES,
        queue_us=QUEUE_US,
        # Told to the embedded backend alone: it runs this network in two thirds of OpenVINO's time.
        parameters={"labels": ",".join(labels), "runtime": "onnxruntime", "sha256": digest},
    )


def configuration_by(card: Card) -> Configuration:
    """Of a model that is there, by its card."""
    return configuration_of(card.name, card.labels, card.sha256)


def configuration(name: str, labels: Sequence[str], digest: str) -> str:
    """The text of config.pbtxt."""
    return configuration_of(name, labels, digest).texts()[DEFAULT]
