"""Are the topics there, with the partitions they must have? Making them is `deploy.local.topics`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from canairy.errors import ConfigurationError
from canairy.topics import Topic


def check_topics(consumer: Any, topics: Iterable[Topic]) -> None:  # noqa: ANN401 - the client ships no types
    """Raises ConfigurationError naming each topic that is missing or has another number of partitions."""
    mistakes = [mistake for topic in topics if (mistake := _mistake(topic, consumer.partitions_for_topic(topic.name)))]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))


def _mistake(topic: Topic, found: set[int] | None) -> str | None:
    if not found:
        return f"topic {topic.name} is missing: make the topics (python -m deploy.local.topics)"
    if len(found) != topic.partitions:
        return (
            f"topic {topic.name} has {len(found)} partitions where {topic.partitions} belong: "
            "keys would move; make the topic anew"
        )
    return None
