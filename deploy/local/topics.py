"""The one step that makes the topics on a real Kafka; running it again changes nothing.

`python -m deploy.local.topics` is that step as a program: it reads CANAIRY_KAFKA_* and CANAIRY_TOPIC_SHARE.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from pydantic import Field

from canairy.errors import BrokerUnavailable, CanairyError, ConfigurationError
from canairy.settings import KafkaSettings, load_settings
from canairy.stream.kafka.client import client_options, translated
from canairy.topics import ALL_TOPICS, MIB, Topic

# A segment must hold the largest message, and Kafka deletes only whole segments.
SMALLEST_SEGMENT_BYTES: Final = 16 * MIB
# Kafka keeps its own offsets and transactions here; on a single node they are as precious as the alarms.
INTERNAL: Final = {
    "__consumer_offsets": "offsets.topic.num.partitions",
    "__transaction_state": "transaction.state.log.num.partitions",
}
# A single broker follows its controller within milliseconds.
IN_EFFECT_WITHIN_S: Final = 10.0
INTERNAL_CONFIG: Final = {
    "cleanup.policy": "compact",
    "compression.type": "producer",
    "segment.bytes": str(16 * MIB),
    "flush.messages": "1",
}


class TopicSettings(KafkaSettings):
    """Where the topics are made, and how much of the designed sizes this machine can give them."""

    topic_share: float = Field(1.0, gt=0, le=1)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one run of the step did, by the names of the topics."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def scaled(topic: Topic, share: float) -> Topic:
    """The topic for a small machine: `share` in (0, 1] of its size, in segments that still hold any message."""
    if not 0 < share <= 1:
        raise ConfigurationError(f"the share of the topics' sizes must be over 0 and at most 1, not {share}")
    segment = max(SMALLEST_SEGMENT_BYTES, int(topic.segment_bytes * share))
    kept = topic.retention_bytes
    if kept is not None:
        kept = max(topic.partitions * SMALLEST_SEGMENT_BYTES, int(kept * share))
    return dataclasses.replace(topic, retention_bytes=kept, segment_bytes=min(segment, topic.segment_bytes))


def prepare_topics(admin: KafkaAdminClient, topics: Sequence[Topic] = ALL_TOPICS, share: float = 1.0) -> Prepared:
    """Create what is missing and set what differs; a second run changes nothing.

    Raises ConfigurationError when a topic has other partitions than it must have, or when the volume cannot hold
    what all of them may take; nothing is changed then. Raises BrokerUnavailable when Kafka does not answer.
    """
    wanted = [scaled(topic, share) for topic in topics]
    with translated("prepare the topics"):
        partitions = _partitions(admin)
        single_node = len(admin.describe_cluster()["brokers"]) == 1
        internal = _internal(admin) if single_node else []
        if mistakes := _other_partitions([*wanted, *internal], partitions):
            raise ConfigurationError("\n".join(mistakes))
        if single_node:
            _refuse_small_volume(admin, wanted, share)
        return _apply(admin, [*wanted, *internal], partitions)


@contextmanager
def open_admin(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """An admin client, closed afterwards; raises BrokerUnavailable when Kafka does not answer."""
    options = {key: value for key, value in client_options(settings).items() if key != "metrics_enabled"}
    with translated("connect"):
        admin = KafkaAdminClient(**options)
    try:
        yield admin
    finally:
        admin.close()


def _apply(admin: KafkaAdminClient, wanted: Sequence[Topic], partitions: Mapping[str, int]) -> Prepared:
    missing = [topic for topic in wanted if topic.name not in partitions]
    _create(admin, missing)
    changed = _update(admin, [topic for topic in wanted if topic.name in partitions])
    return Prepared(tuple(topic.name for topic in missing), changed)


def _partitions(admin: KafkaAdminClient) -> dict[str, int]:
    return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}


def _internal(admin: KafkaAdminClient) -> list[Topic]:
    """Kafka's own topics, with as many partitions as the broker is set to: it would not find its groups otherwise."""
    brokers = admin.describe_cluster()["brokers"]
    resource = ConfigResource(ConfigResourceType.BROKER, str(brokers[0]["broker_id"]))
    answer = admin.describe_configs([resource], config_filter="all")["broker"]
    settings = next(iter(answer.values()))
    return [
        Topic(name, int(settings[setting]["value"]), segment_bytes=16 * MIB, config=INTERNAL_CONFIG)
        for name, setting in INTERNAL.items()
    ]


def _other_partitions(topics: Iterable[Topic], partitions: Mapping[str, int]) -> list[str]:
    return [
        f"{topic.name}: has {partitions[topic.name]} partitions and must have {topic.partitions}; keys would move, "
        "so it cannot be changed: copy its messages to a new topic, or delete it"
        for topic in topics
        if partitions.get(topic.name, topic.partitions) != topic.partitions
    ]


def _refuse_small_volume(admin: KafkaAdminClient, topics: Sequence[Topic], share: float) -> None:
    """Compare what the topics may take with what is free and what they take already (one node, all its volumes)."""
    directories = admin.describe_log_dirs()[0]["log_dirs"]
    free = sum(directory["usable_bytes"] for directory in directories)
    taken = sum(_sizes(directories, {topic.name for topic in topics}))
    reserved = sum(topic.reserved_bytes for topic in topics)
    if reserved > free + taken:
        smaller = max(0.01, share * (free + taken) / reserved * 0.8)
        places = ", ".join(directory["log_dir"] for directory in directories)
        raise ConfigurationError(
            f"the topics may take {_gib(reserved)} and {places} has room for {_gib(free + taken)} ({_gib(free)} free, "
            f"{_gib(taken)} taken by them already); a full volume stops Kafka: give it a larger volume, or keep less "
            f"with CANAIRY_TOPIC_SHARE under {share:g}, e.g. {smaller:.2f}"
        )


def _sizes(directories: Iterable[Mapping[str, Any]], names: Collection[str]) -> Iterator[int]:
    for directory in directories:
        for topic in directory["topics"]:
            if topic["name"] in names:
                yield sum(partition["partition_size"] for partition in topic["partitions"])


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 1024**3:.1f} GiB"


def _create(admin: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    if topics:
        options: dict[str, dict[str, Any]] = {
            topic.name: {"num_partitions": topic.partitions, "replication_factor": -1, "configs": _config(topic)}
            for topic in topics
        }
        admin.create_topics(options, wait_for_metadata=True)


def _config(topic: Topic) -> dict[str, str]:
    return dict(topic.config) if topic.name in INTERNAL else topic.kafka_config()


def _update(admin: KafkaAdminClient, topics: Sequence[Topic]) -> tuple[str, ...]:
    """Set what differs, and take back what was set on a topic and is wanted no more."""
    changes = _differences(admin, topics)
    if changes:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, change) for name, change in changes.items()]
        answers = admin.alter_configs(resources)["topic"]
        if refused := [f"{name}: {answer}" for name, answer in answers.items() if answer != "OK"]:
            raise ConfigurationError("Kafka refuses settings of topics:\n" + "\n".join(refused))
        _await_effect(admin, topics)
    return tuple(changes)


def _differences(admin: KafkaAdminClient, topics: Sequence[Topic]) -> dict[str, dict[str, tuple[str, str | None]]]:
    """What is to be changed, by the topic's name."""
    if not topics:
        return {}
    now = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics])["topic"]
    changes = {topic.name: _difference(now.get(topic.name, {}), _config(topic)) for topic in topics}
    return {name: change for name, change in changes.items() if change}


def _await_effect(admin: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    """The controller has taken the change; the broker follows a moment later, and nothing may be promised before."""
    deadline = time.monotonic() + IN_EFFECT_WITHIN_S
    while late := _differences(admin, topics):
        if time.monotonic() > deadline:
            names = ", ".join(late)
            raise BrokerUnavailable(
                f"settings of {names} are not in effect {IN_EFFECT_WITHIN_S:.0f} s after they were set"
            )
        time.sleep(0.05)


def _difference(now: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    changed = {key: ("SET", value) for key, value in wanted.items() if now.get(key, {}).get("value") != value}
    return changed | {key: ("DELETE", None) for key in now if key not in wanted}


def main() -> None:
    """Read the environment, prepare the topics, say what was done."""
    settings = load_settings(TopicSettings)
    with open_admin(settings) as admin:
        done = prepare_topics(admin, share=settings.topic_share)
    print(f"topics: {len(done.created)} created, {len(done.changed)} changed")  # noqa: T201 - a program's output


if __name__ == "__main__":
    try:
        main()
    except CanairyError as error:
        sys.exit(str(error))
