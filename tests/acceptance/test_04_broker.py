"""The broker of the stack: topics by one step that can be run again, with the sizes and promises of the design."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from canairy.errors import ConfigurationError
from canairy.topics import ALL_TOPICS, DATA_TOPICS, GIB, Topic
from deploy.local.topics import Prepared, open_admin, prepare_topics, scaled
from tests.acceptance.helpers.stack import SHARE, RunningStack

DAY_MS = 24 * 3600 * 1000
# As the design has them: partitions, GiB of the whole topic, days. None: compacted, or without that limit.
DESIGN: dict[str, tuple[int, int | None, int | None]] = {
    "thermal.frames": (4, 2, None),
    "thermal.detections": (4, 1, None),
    "thermal.evidence": (1, 4, None),
    "thermal.cameras": (1, None, None),
    "thermal.readings": (1, 20, 30),
    "site.measurements": (1, 1, 90),
    "alarms.state": (1, None, None),
    "thermal.alerts": (1, 4, 400),
    "audit": (1, 4, 400),
    "thermal.frames.dlq": (1, 1, 14),
    "thermal.detections.dlq": (1, 1, 14),
    "thermal.readings.dlq": (1, 1, 14),
    "thermal.cameras.dlq": (1, 1, 14),
    "site.measurements.dlq": (1, 1, 14),
    "alarms.commands.dlq": (1, 1, 14),
}
SYNCED = ("thermal.alerts", "alarms.commands", "alarms.state", "audit", "__consumer_offsets", "__transaction_state")


@pytest.fixture(scope="module")
def admin(stack: RunningStack) -> Iterator[KafkaAdminClient]:
    with open_admin(stack.kafka) as client:
        yield client


def settings_of(admin: KafkaAdminClient, topic: str) -> dict[str, Any]:
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")["topic"]
    return {name: setting["value"] for name, setting in answer[topic].items()}


def test_the_designed_sizes_are_those_of_the_design() -> None:
    made = {topic.name: topic for topic in ALL_TOPICS}

    for name, (partitions, gib, days) in DESIGN.items():
        topic = made[name]
        assert topic.partitions == partitions
        assert topic.retention_bytes == (None if gib is None else gib * GIB)
        assert topic.retention_ms == (None if days is None else days * DAY_MS)
    assert {name for name in made if name.endswith(".dlq")} <= DESIGN.keys()


@pytest.mark.parametrize("name", list(DESIGN))
def test_a_topic_on_the_broker_has_its_partitions_and_keeps_what_it_should(admin: KafkaAdminClient, name: str) -> None:
    partitions, gib, days = DESIGN[name]
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics([name])}
    settings = settings_of(admin, name)

    assert found == {name: partitions}
    if gib is None:
        assert settings["cleanup.policy"] == "compact"
        assert settings["max.compaction.lag.ms"] == "600000"
    else:
        # This machine's share of it; Kafka counts by partition.
        (topic,) = [scaled(it, SHARE) for it in ALL_TOPICS if it.name == name]
        assert int(settings["retention.bytes"]) * partitions == topic.retention_bytes
        assert settings["cleanup.policy"] == "delete"
    if days is not None:
        assert settings["retention.ms"] == str(days * DAY_MS)
    # No part of a topic larger than its share may wait in one segment for its deletion.
    assert int(settings["segment.bytes"]) <= 64 * 1024**2


@pytest.mark.parametrize("name", SYNCED)
def test_what_must_survive_a_power_cut_is_synced_before_it_is_confirmed(admin: KafkaAdminClient, name: str) -> None:
    assert settings_of(admin, name)["flush.messages"] == "1"


def test_running_the_step_again_changes_nothing(admin: KafkaAdminClient) -> None:
    assert prepare_topics(admin, ALL_TOPICS, SHARE) == Prepared()


def test_topics_for_which_there_is_no_room_are_refused_with_the_figures(admin: KafkaAdminClient) -> None:
    huge = Topic("huge", retention_bytes=1024**2 * GIB)

    with pytest.raises(ConfigurationError, match=r"the topics may take .* has room for .*CANAIRY_TOPIC_SHARE"):
        prepare_topics(admin, [*DATA_TOPICS, huge])

    assert "huge" not in admin.list_topics()
