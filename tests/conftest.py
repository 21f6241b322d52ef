"""What tests share: one real broker for the whole run, fresh topics on it, and the place of the test data.

    def test_story(kafka_settings, fresh_topics):
        frames, alerts = fresh_topics(Topic("frames", 4), Topic("alerts"))   # real topics with unique names

`stack_topics` makes the topics of `canairy.topics.ALL_TOPICS` by their own names, once; `new_broker` starts a broker
of its own for a test that stops or breaks it.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from canairy.settings import KafkaSettings
from canairy.topics import ALL_TOPICS, Topic
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from deploy.local.topics import open_admin, prepare_topics

# Kept small: the tests' topics stand beside each other on one volume.
TOPIC_SHARE = 0.01
FreshTopics = Callable[..., list[Topic]]

# Properties are tried with the same examples each time: what holds back a change is the change. `make fuzz` explores.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
NewBroker = Callable[[], Broker]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"kafka_broker", "new_broker"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running broker without topics of ours; every test of the run shares it."""
    folder = tmp_path_factory.mktemp("kafka")
    with Broker(folder, ensure_jars()) as broker:
        yield broker
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_settings(kafka_broker: Broker) -> KafkaSettings:
    """How to reach the shared broker."""
    return KafkaSettings(kafka_bootstrap=kafka_broker.bootstrap)


@pytest.fixture
def fresh_topics(kafka_settings: KafkaSettings) -> FreshTopics:
    """Call it with topics: it creates them under names of their own and returns them renamed, in the same order."""

    def make(*topics: Topic) -> list[Topic]:
        suffix = uuid.uuid4().hex[:8]
        renamed = [dataclasses.replace(topic, name=f"{topic.name}.{suffix}") for topic in topics]
        with open_admin(kafka_settings) as admin:
            prepare_topics(admin, renamed, TOPIC_SHARE)
        return renamed

    return make


@pytest.fixture(scope="session")
def stack_topics(kafka_settings: KafkaSettings) -> Sequence[Topic]:
    """All topics of the design, on the shared broker."""
    with open_admin(kafka_settings) as admin:
        prepare_topics(admin, ALL_TOPICS, TOPIC_SHARE)
    return ALL_TOPICS


@pytest.fixture
def new_broker(tmp_path: Path) -> Iterator[NewBroker]:
    """Call it for a running broker of this test alone; it is stopped at the end."""
    with ExitStack() as running:
        yield lambda: running.enter_context(Broker(tmp_path / uuid.uuid4().hex, ensure_jars()))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with recorded thermograms and other test data; a test that needs it is skipped without it."""
    place = os.environ.get("CANAIRY_TEST_DATA", "")
    if not place or not Path(place).is_dir():
        pytest.skip("CANAIRY_TEST_DATA does not name the folder with the test data")
    return Path(place)
