"""The step that makes the topics, on a real broker."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from canairy.errors import BrokerUnavailable, ConfigurationError
from canairy.settings import KafkaSettings
from canairy.topics import ALERTS, ALL_TOPICS, GIB, Topic
from deploy.local.ports import free_port
from deploy.local.topics import INTERNAL, Prepared, open_admin, prepare_topics
from tests.conftest import TOPIC_SHARE

pytestmark = pytest.mark.kafka


@pytest.fixture
def admin(kafka_settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    with open_admin(kafka_settings) as client:
        yield client


@pytest.fixture
def topic() -> Topic:
    return Topic(f"story-{uuid.uuid4().hex[:8]}", 2, 1 * GIB, config={"flush.messages": "1"})


def settings_of(admin: KafkaAdminClient, topic: str) -> dict[str, Any]:
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])["topic"][topic]
    return {name: setting["value"] for name, setting in answer.items()}


def test_all_topics_are_made_and_a_second_run_changes_nothing(admin: KafkaAdminClient) -> None:
    prepare_topics(admin, ALL_TOPICS, TOPIC_SHARE)
    again = prepare_topics(admin, ALL_TOPICS, TOPIC_SHARE)

    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    assert again == Prepared()
    assert {topic.name: topic.partitions for topic in ALL_TOPICS}.items() <= found.items()
    assert settings_of(admin, ALERTS)["flush.messages"] == "1"


def test_on_a_single_node_kafkas_own_topics_are_synced_too(admin: KafkaAdminClient, topic: Topic) -> None:
    prepare_topics(admin, [topic])

    for name in INTERNAL:
        assert settings_of(admin, name)["flush.messages"] == "1"


def test_a_changed_setting_is_set_and_one_that_is_wanted_no_more_is_taken_back(
    admin: KafkaAdminClient, topic: Topic
) -> None:
    prepare_topics(admin, [topic])
    changed = dataclasses.replace(topic, retention_bytes=2 * GIB, config={})

    assert prepare_topics(admin, [changed]) == Prepared(changed=(topic.name,))

    settings = settings_of(admin, topic.name)
    assert settings["retention.bytes"] == str(1 * GIB)  # 2 GiB in two partitions
    assert "flush.messages" not in settings


def test_other_partitions_are_refused_and_nothing_is_changed(admin: KafkaAdminClient, topic: Topic) -> None:
    prepare_topics(admin, [topic])
    other = dataclasses.replace(topic, partitions=3)
    missing = Topic(f"{topic.name}-missing")

    with pytest.raises(ConfigurationError, match=f"{topic.name}: has 2 partitions and must have 3"):
        prepare_topics(admin, [missing, other])

    assert missing.name not in admin.list_topics()


def test_topics_that_the_volume_cannot_hold_are_refused_with_the_figures(admin: KafkaAdminClient, topic: Topic) -> None:
    huge = dataclasses.replace(topic, retention_bytes=1024**2 * GIB)

    with pytest.raises(ConfigurationError, match=r"may take 1048576\.1 GiB .* room for .*CANAIRY_TOPIC_SHARE"):
        prepare_topics(admin, [huge])

    assert topic.name not in admin.list_topics()


def test_the_share_that_the_error_proposes_is_small_enough(admin: KafkaAdminClient, topic: Topic) -> None:
    huge = dataclasses.replace(topic, retention_bytes=2 * 1024 * GIB)
    with pytest.raises(ConfigurationError) as refused:
        prepare_topics(admin, [huge])
    proposed = float(str(refused.value).rpartition("e.g. ")[2])

    assert prepare_topics(admin, [huge], proposed).created == (topic.name,)


def test_a_broker_that_is_away_is_said_to_be_away() -> None:
    nobody = KafkaSettings(kafka_bootstrap=f"127.0.0.1:{free_port()}")

    with pytest.raises(BrokerUnavailable, match="Kafka does not answer"), open_admin(nobody):
        pytest.fail("somebody answered")
