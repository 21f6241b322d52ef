"""The topics' sizes, and how they shrink for a small machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from canairy.topics import ALERTS, ALL_TOPICS, FRAMES, GIB, MAX_MESSAGE_BYTES, MIB, STATE, Topic
from deploy.local.topics import scaled


def named(name: str) -> Topic:
    return next(topic for topic in ALL_TOPICS if topic.name == name)


def test_retention_of_a_whole_topic_is_shared_out_among_its_partitions() -> None:
    frames = named(FRAMES)
    config = frames.kafka_config()
    assert int(config["retention.bytes"]) * frames.partitions == 2 * GIB


def test_what_an_operator_was_told_is_synced_to_the_disk() -> None:
    assert named(ALERTS).kafka_config()["flush.messages"] == "1"
    assert named(STATE).kafka_config()["flush.messages"] == "1"


def test_no_two_topics_share_a_name() -> None:
    names = [topic.name for topic in ALL_TOPICS]
    assert len(set(names)) == len(names)


def test_a_full_share_changes_nothing() -> None:
    assert [scaled(topic, 1.0) for topic in ALL_TOPICS] == list(ALL_TOPICS)


def test_a_tenth_of_the_frames_is_a_tenth_of_their_retention() -> None:
    assert scaled(named(FRAMES), 0.1).retention_bytes == int(2 * GIB * 0.1)


@given(st.floats(0.001, 1.0), st.sampled_from(ALL_TOPICS))
def test_a_share_never_takes_more_than_the_whole_and_always_holds_the_largest_message(
    share: float, topic: Topic
) -> None:
    small = scaled(topic, share)
    assert small.reserved_bytes <= topic.reserved_bytes
    assert small.segment_bytes >= MAX_MESSAGE_BYTES + MIB
    assert (small.name, small.partitions, small.config) == (topic.name, topic.partitions, topic.config)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match="over 0 and at most 1"):
        scaled(named(FRAMES), share)
