"""How unlike normal a crop looks, and against which memory bank."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.errors import InvalidMessage
from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class AnomalyScore:
    """A PatchCore score, without unit; `digest` is the first 16 hex digits of the bank's SHA-256."""

    score: float
    threshold: float
    bank: str
    digest: str

    @property
    def abnormal(self) -> bool:
        """The score has reached the bank's calibrated threshold."""
        return self.score >= self.threshold

    def to_wire(self) -> pb.AnomalyScore:
        """The protobuf message."""
        return pb.AnomalyScore(score=self.score, threshold=self.threshold, bank=self.bank, digest=self.digest)

    @classmethod
    def from_wire(cls, message: pb.AnomalyScore) -> AnomalyScore:
        """Raises InvalidMessage for a score below zero, a threshold that nothing can be under, or a nameless bank."""
        score, threshold = wire.finite(message.score, "score"), wire.finite(message.threshold, "threshold")
        if score < 0 or threshold <= 0:
            raise InvalidMessage(f"score {score} against threshold {threshold}: a distance, and a limit above 0")
        return cls(score, threshold, wire.required(message.bank, "anomaly.bank"), message.digest)
