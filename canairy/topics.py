"""The topics: names, partitions, what they keep (the sizes are for a whole topic, in bytes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

GIB: Final = 1024**3
MIB: Final = 1024**2
DAY_MS: Final = 24 * 3600 * 1000

FRAMES: Final = "thermal.frames"
DETECTIONS: Final = "thermal.detections"
FINDS: Final = "thermal.finds"
EVIDENCE: Final = "thermal.evidence"
CAMERAS: Final = "thermal.cameras"
READINGS: Final = "thermal.readings"
MEASUREMENTS: Final = "site.measurements"
COMMANDS: Final = "alarms.commands"
STATE: Final = "alarms.state"
ALERTS: Final = "thermal.alerts"
AUDIT: Final = "audit"

# Keyed by camera, so that one camera's frames stay in order; fixed for ever, since a change would move keys.
CAMERA_PARTITIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: `retention_bytes` is for all of its partitions together; None keeps without limit of size."""

    name: str
    partitions: int = 1
    retention_bytes: int | None = None
    retention_ms: int | None = None
    segment_bytes: int = 64 * MIB
    config: dict[str, str] = field(default_factory=dict)

    @property
    def reserved_bytes(self) -> int:
        """What the topic may take on disk: its retention and the segments that are still being written."""
        kept = self.retention_bytes if self.retention_bytes is not None else COMPACTED_RESERVE
        return kept + self.partitions * self.segment_bytes

    def kafka_config(self) -> dict[str, str]:
        """The topic-level settings, as Kafka names them (retention.bytes is per partition there)."""
        settings = {"segment.bytes": str(self.segment_bytes), "max.message.bytes": str(MAX_MESSAGE_BYTES)}
        if self.retention_bytes is not None:
            settings["retention.bytes"] = str(self.retention_bytes // self.partitions)
        if self.retention_ms is not None:
            settings["retention.ms"] = str(self.retention_ms)
        return settings | self.config


MAX_MESSAGE_BYTES: Final = 8 * MIB
COMPACTED_RESERVE: Final = 256 * MIB

COMPACTED: Final = {"cleanup.policy": "compact", "max.compaction.lag.ms": "600000", "segment.ms": "600000"}
# A single node has no replica to lean on: what an operator was told must be on the disk before it is confirmed.
SYNCED: Final = {"flush.messages": "1"}

DATA_TOPICS: Final = (
    Topic(FRAMES, CAMERA_PARTITIONS, 2 * GIB),
    Topic(DETECTIONS, CAMERA_PARTITIONS, 1 * GIB),
    Topic(FINDS, CAMERA_PARTITIONS, segment_bytes=16 * MIB, config=COMPACTED),
    Topic(EVIDENCE, 1, 4 * GIB),
    Topic(CAMERAS, 1, segment_bytes=16 * MIB, config=COMPACTED),
    Topic(READINGS, 1, 20 * GIB, 30 * DAY_MS),
    Topic(MEASUREMENTS, 1, 1 * GIB, 90 * DAY_MS),
    Topic(COMMANDS, 1, 1 * GIB, 90 * DAY_MS, config=SYNCED),
    Topic(STATE, 1, segment_bytes=16 * MIB, config=COMPACTED | SYNCED),
    Topic(ALERTS, 1, 4 * GIB, 400 * DAY_MS, config=SYNCED),
    Topic(AUDIT, 1, 4 * GIB, 400 * DAY_MS, config=SYNCED),
)


def dead_letters(topic: str) -> str:
    """The topic that takes the messages of `topic` which nobody can handle."""
    return f"{topic}.dlq"


CONSUMED: Final = (FRAMES, DETECTIONS, READINGS, CAMERAS, MEASUREMENTS, COMMANDS)
# The largest message and why it is dead: one that fits nowhere would kill its reader for ever.
WITH_REASON: Final = {"max.message.bytes": str(MAX_MESSAGE_BYTES + 64 * 1024)}
ALL_TOPICS: Final = DATA_TOPICS + tuple(
    Topic(dead_letters(name), 1, GIB, 14 * DAY_MS, config=WITH_REASON) for name in CONSUMED
)
BY_NAME: Final = {topic.name: topic for topic in ALL_TOPICS}
