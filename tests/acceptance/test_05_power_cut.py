"""A power cut: what was acknowledged stands on the disk before anybody is told so.

Kafka writes to the page cache and relies on replicas; a substation has one node. So alarms, their state, commands,
the audit, and Kafka's own offsets and transactions have `flush.messages=1`. The system calls of the running broker
show that this setting does what it says: the bytes are written, the file is synced, and only then the answer leaves.

What is not proven here: that the drive keeps what it was told to sync (a drive whose cache lies about it loses the
last writes; use one with power-loss protection), and that a power cut at every single moment is survived. To throw
away all writes that were not synced needs a block device that forgets them (device mapper), which this test does not
ask of a machine; a broker that is killed keeps its page cache, so a kill proves nothing about the disk.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from canairy import topics
from deploy.local.topics import open_admin
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.syscalls import READS, SYNCS, WRITES, Call, parse, traced, why_not_traceable

OFFSETS: Final = "__consumer_offsets"
TRANSACTIONS: Final = "__transaction_state"
SYNCED: Final = (topics.ALERTS, topics.STATE, topics.COMMANDS, topics.AUDIT, OFFSETS, TRANSACTIONS)
UNSYNCED: Final = (topics.FRAMES, topics.DETECTIONS, topics.READINGS)


@pytest.fixture(scope="module")
def precious(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack of its own, whose broker is slowed down by being traced."""
    place = tmp_path_factory.mktemp("precious")
    site = {"site": {"id": SITE}, "cameras": [pushed("lit", [asset("lit-a", LIMITS)])]}
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with running(place / "site.yaml", place / "data") as up:
        yield up
    shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True)
class Story:
    """An alarm that was raised and acknowledged while the broker's calls were told."""

    calls: Sequence[Call]
    alarm: str
    command: str

    def appends(self, topic: str, text: str = "") -> list[Call]:
        """The writes to the log of a topic (of those that hold `text`)."""
        return [
            call for call in self.calls if call.name in WRITES and topic_of(call.target) == topic and text in call.text
        ]

    def next_of_thread(self, call: Call) -> Call:
        """What the same thread does next with any file or connection."""
        return next(it for it in self.calls if it.thread == call.thread and it.begun > call.ended)

    def request(self, text: str, before: Call) -> Call:
        """The last request with `text` that came in before a call: it is the one that is being answered."""
        came = [it for it in self.calls if it.name in READS and from_client(it) and text in it.text]
        return next(it for it in reversed(came) if it.ended < before.begun)

    def answer(self, request: Call) -> Call:
        """The first bytes that leave on the connection of a request after it came in."""
        return next(
            it
            for it in self.calls
            if it.name in WRITES | {"sendfile"} and it.target == request.target and it.begun > request.ended
        )


def topic_of(path: str) -> str | None:
    """The topic whose log this file is part of: .../thermal.alerts-0/00000000000000000000.log."""
    found = re.search(r"/([^/]+)-\d+/\d+\.log$", path)
    return found[1] if found else None


def from_client(call: Call) -> bool:
    return call.target.startswith("TCP")


@pytest.fixture(scope="module")
def story(precious: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Raise an alarm and acknowledge it, with the broker traced."""
    if reason := why_not_traceable():
        pytest.skip(reason)
    with traced(precious.file.pids["kafka"], tmp_path_factory.mktemp("trace")) as told:
        push_all(precious.ingest(), [request("lit", joint(90.0), just_now())])
        precious.until(lambda: precious.log.events("lit-a"), "the alarm")
        alarm = precious.log.events("lit-a")[0]["data"]["alarm"]
        call = pb.AcknowledgeRequest(id=alarm, user="night shift", idempotency_key="power-cut-1")
        answer = precious.alarms().Acknowledge(call, timeout=60)
        assert answer.outcome == pb.OUTCOME_ACCEPTED
        precious.until(lambda: len(precious.log.events("lit-a")) == 2, "the acknowledgement")
    assert kinds(precious.log.events("lit-a")) == ["high raised", "high acknowledged"]
    return Story(parse(Path(told).read_text(errors="replace").splitlines()), alarm, "power-cut-1")


def test_the_running_broker_syncs_what_the_design_names_and_its_own_offsets_and_transactions(
    precious: RunningStack,
) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in (*SYNCED, *UNSYNCED)]
    with open_admin(precious.kafka) as admin:
        answer = admin.describe_configs(resources, config_filter="all")["topic"]
    flushed = {name: answer[name]["flush.messages"]["value"] for name in answer}

    assert {name: flushed[name] for name in SYNCED} == dict.fromkeys(SYNCED, "1")
    # What a camera sends again a second later is not worth a sync.
    assert all(int(flushed[name]) > 1 for name in UNSYNCED)


@pytest.mark.parametrize("topic", SYNCED)
def test_every_append_is_synced_by_its_thread_before_that_does_anything_else(story: Story, topic: str) -> None:
    appends = story.appends(topic)

    assert appends
    for append in appends:
        sync = story.next_of_thread(append)
        assert (sync.name in SYNCS, sync.target, sync.result) == (True, append.target, 0), (append, sync)


def test_the_trace_shows_a_missing_sync(story: Story) -> None:
    frames = story.appends(topics.FRAMES)

    assert frames
    assert all(story.next_of_thread(append).name not in SYNCS for append in frames)


@pytest.mark.parametrize("topic", [topics.ALERTS, topics.STATE])
def test_the_judge_is_answered_after_its_alarm_is_on_the_disk(story: Story, topic: str) -> None:
    append = story.appends(topic, story.alarm)[0]
    sync = story.next_of_thread(append)

    asked = story.request(story.alarm, append)
    answer = story.answer(asked)

    # One after the other: the request, the write, the end of the sync, the first byte of the answer.
    assert asked.ended < append.begun <= append.ended < sync.begun <= sync.ended < answer.begun


def test_the_operator_is_answered_after_the_command_is_on_the_disk(story: Story) -> None:
    append = story.appends(topics.COMMANDS, story.command)[0]
    sync = story.next_of_thread(append)

    answer = story.answer(story.request(story.command, append))

    assert sync.name in SYNCS
    assert append.ended < sync.begun <= sync.ended < answer.begun


def test_a_transaction_is_answered_after_its_decision_is_on_the_disk(story: Story) -> None:
    """The alarm is written, then the decision: a reader is shown the alarm when the mark of the decision stands too."""
    identity = f"{SITE}.alerting"
    alarm = story.appends(topics.ALERTS, story.alarm)[0]
    decisions = [it for it in story.appends(TRANSACTIONS, identity) if it.begun > alarm.ended]
    marks = [it for it in story.appends(topics.ALERTS) if it.begun > alarm.ended]

    decision, mark = decisions[0], marks[0]
    assert story.next_of_thread(alarm).ended < decision.begun
    assert story.next_of_thread(decision).ended < mark.begun
    answer = story.answer(story.request(identity, decision))
    assert story.next_of_thread(decision).ended < answer.begun
