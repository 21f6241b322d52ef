"""The broker is away for five real minutes while cameras run, and the spool holds less than they see meanwhile.

The rule: ingest says what it kept and what it lost, by camera and with times; what arrives afterwards is exactly what
it said it kept, in order, and nothing is lost that it did not say (what it sent without an answer may have arrived, and
counts as lost all the same); nothing is judged twice; no acknowledged alarm is lost. Meanwhile reads go on as of the
last word, an acknowledgement is refused with its reason, every service stays ready, and neither memory nor logs grow.

Frames of an outage are judged here however old they are; by default detection looks only at the newest of what is
over 10 s old (CANAIRY_SHED_AFTER_S). An hour is told by an injected clock, with a producer that is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from structlog.testing import capture_logs

from canairy import alerts, topics
from canairy.messages import wire
from canairy.messages.frame import Frame
from deploy.local.services import SERVICES
from protos.canairy.v1 import alarm_service_pb2 as pb
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care, Parcel
from services.ingest.spool import Spool
from services.ingest.writer import Writer, WriterOptions
from tests.acceptance.helpers.command import canairy
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.push import joint, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed, simulated
from tests.acceptance.helpers.spoken import spoken
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.waiting import until
from tests.helpers.ingest import Broker, Clock, parcel, said

# Five minutes away, and the time for all else.
pytestmark = pytest.mark.timeout(900)
AWAY_S: Final = 300.0
PUSH_EVERY_S: Final = 5.0
# A fast and a slow camera of 640x512: together about 1 MB a second, so that the spool is full after 15 s.
RATES_HZ: Final = {"fast": 4.0, "slow": 1.0}
SPOOL_BYTES: Final = 16 * 1024**2
# No more frames of this size than are sent in one attempt (8 MiB).
ONE_ATTEMPT: Final = 64
DROPPED: Final = "canairy_ingest_dropped_total"
TAKEN: Final = "canairy_ingest_frames_total"


@dataclass(frozen=True)
class Seen:
    """What an operator gets while the broker is away: the list, as text too; no acknowledgement; ready services."""

    listed: tuple[list[str], datetime]
    text: str
    refused: tuple[grpc.StatusCode, str]
    ready: Mapping[str, bool]


@dataclass(frozen=True)
class Outage:
    """What was seen while the broker was away, and the stack after it."""

    stack: RunningStack
    before: tuple[list[str], datetime]
    seen: Seen
    killed_at: datetime
    pids: Mapping[str, int]
    told: Mapping[datetime, float]
    memory_mib: list[float]

    @property
    def kept(self) -> dict[str, Any]:
        """What ingest said it had kept when the broker was back."""
        kept: dict[str, Any] = spoken(self.stack.data, "ingest", "broker back")[-1]["kept"]
        return kept

    @property
    def lost(self) -> dict[str, Any]:
        """What ingest said it had lost in all, at the end."""
        lost: dict[str, Any] = spoken(self.stack.data, "ingest", "spool empty")[-1]["lost"]
        return lost


def outage_site() -> dict[str, Any]:
    cameras = [
        *(simulated(name, "cam-02", name, {"high_c": 90}) | {"rate_hz": rate} for name, rate in RATES_HZ.items()),
        *(pushed(name, [asset(f"{name}-a", LIMITS)], silent_after="30s") for name in ("told", "standing")),
    ]
    return {
        "site": {"id": SITE, "timezone": "Asia/Seoul"},
        "cameras": cameras,
        "alerting": {"coverage_alarm_after": "1m"},
    }


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    """Five minutes without the broker, and the time until all is as before."""
    place = tmp_path_factory.mktemp("away")
    (place / "site.yaml").write_text(json.dumps(outage_site()), encoding="utf-8")
    with running(place / "site.yaml", place / "data", CANAIRY_SPOOL_BYTES=str(SPOOL_BYTES)) as stack:
        yield send_away(stack)
    shutil.rmtree(place, ignore_errors=True)


def send_away(stack: RunningStack) -> Outage:
    push_all(stack.ingest(), [request("standing", joint(90.0), datetime.now(UTC))])
    for camera in RATES_HZ:
        stack.until(lambda it=camera: frames(stack, it), f"frames of {camera}")  # type: ignore[misc]
    stack.until(lambda: listed(stack)[0], "the alarm on the list")
    before, pids = listed(stack), dict(stack.file.pids)

    killed_at = datetime.now(UTC)
    os.kill(pids["kafka"], signal.SIGKILL)
    # Nobody starts the broker again meanwhile: the supervisor is not turned.
    back_at = time.monotonic() + AWAY_S
    until(lambda: stack.metric("ingest", DROPPED) > 0, "a spool that is full")
    seen = look(stack, before[0][0])
    told, memory = push_until(stack, back_at)
    stack.until(lambda: spoken(stack.data, "ingest", "spool empty"), "an empty spool")
    stack.until(lambda: len(stack.log.events("told-a")) >= len(told), "the alarms that were pushed meanwhile")
    return Outage(stack, before, seen, killed_at, pids, told, memory)


def look(stack: RunningStack, alarm: str) -> Seen:
    as_of = listed(stack)
    text = canairy("alarms", "list", "--data", str(stack.data)).stdout
    with pytest.raises(grpc.RpcError) as refused:
        stack.alarms().Acknowledge(pb.AcknowledgeRequest(id=alarm, user="night shift"), timeout=60)
    ready = {name: bool(json.loads(stack.get(name, "/ready"))["ok"]) for name in SERVICES}
    return Seen(as_of, text, (refused.value.code(), str(refused.value.details())), ready)


def push_until(stack: RunningStack, back_at: float) -> tuple[dict[datetime, float], list[float]]:
    """A camera whose joint is hot and cold in turn, until the broker is to come back; and ingest's memory."""
    told: dict[datetime, float] = {}
    memory: list[float] = []
    while time.monotonic() < back_at:
        at, celsius = datetime.now(UTC), 20.0 if len(told) % 2 else 90.0
        push_all(stack.ingest(), [request("told", joint(celsius), at)])
        told[at] = celsius
        memory.append(resident_mib(stack.file.pids["ingest"]))
        time.sleep(max(0.0, min(PUSH_EVERY_S, back_at - time.monotonic())))
    return told, memory


def resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def listed(stack: RunningStack) -> tuple[list[str], datetime]:
    answer = stack.alarms().List(pb.ListRequest(), timeout=30)
    return [alarm.id for alarm in answer.alarms], wire.moment(answer.as_of, "as_of")


def frames(stack: RunningStack, camera: str) -> list[datetime]:
    """When the camera's frames were captured, in the order in which each came first: a repeat is no second frame."""
    headers = (Frame.decode(record.value or b"").header for record in stack.log.records(topics.FRAMES, camera))
    return list({header.frame: header.captured_at for header in headers}.values())


def moments(tally: Mapping[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(tally["first"]), datetime.fromisoformat(tally["last"])


# --- while it is away ---------------------------------------------------------------------------------------------


def test_reads_are_answered_as_of_the_last_word_and_say_so(outage: Outage) -> None:
    alarms, as_of = outage.seen.listed

    assert alarms == outage.before[0]
    assert as_of < min(outage.told)
    assert "1 alarm as of " in outage.seen.text
    assert "standing-a" in outage.seen.text


def test_an_acknowledgement_is_refused_with_its_reason(outage: Outage) -> None:
    code, reason = outage.seen.refused

    assert code is grpc.StatusCode.UNAVAILABLE
    assert "Kafka is away" in reason


def test_every_service_stays_ready_and_none_dies(outage: Outage) -> None:
    now = outage.stack.file.pids

    assert outage.seen.ready == dict.fromkeys(SERVICES, True)
    assert {name for name in now if now[name] != outage.pids[name]} == {"kafka"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_outage_does_not_fill_the_logs(outage: Outage, service: str) -> None:
    until_back = outage.killed_at + timedelta(seconds=AWAY_S)
    lines = [line for line in spoken(outage.stack.data, service) if "timestamp" in line]
    meanwhile = [it for it in lines if outage.killed_at <= datetime.fromisoformat(it["timestamp"]) < until_back]

    # Said, and then said again now and then: not at every attempt.
    assert len(meanwhile) < AWAY_S / 3, meanwhile[:10]


def test_the_memory_of_ingest_does_not_grow_with_the_outage(outage: Outage) -> None:
    # The spool is full from the second sample on: what comes then replaces what is there.
    early, late = outage.memory_mib[2:8], outage.memory_mib[-6:]

    assert max(late) < max(early) + 32, outage.memory_mib


# --- afterwards ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("camera", list(RATES_HZ))
def test_what_arrives_is_exactly_what_ingest_said_it_kept_in_order(outage: Outage, camera: str) -> None:
    stack = outage.stack
    first, last = moments(outage.kept[camera])
    lost_from, lost_to = moments(outage.lost[camera])

    arrived = frames(stack, camera)
    assert arrived == sorted(arrived)
    assert sum(first <= at <= last for at in arrived) == outage.kept[camera]["count"]
    # An attempt that got no answer, when the broker died or was coming back, may have reached it after all.
    unanswered = sum(lost_from <= at <= lost_to for at in arrived)
    assert unanswered <= ONE_ATTEMPT
    # The oldest were lost: between what was sent before and what was kept nothing else is missing.
    assert lost_to < first
    assert stack.metric("ingest", DROPPED, camera=camera) == outage.lost[camera]["count"]
    # Every frame that was taken in has arrived or was said to be lost.
    stack.until(
        lambda: (
            stack.metric("ingest", TAKEN, camera=camera)
            == len(frames(stack, camera)) + stack.metric("ingest", DROPPED, camera=camera) - unanswered
        ),
        f"all frames of {camera} accounted for",
    )


def test_a_slow_camera_is_not_pushed_out_by_a_fast_one(outage: Outage) -> None:
    spans = {camera: moments(outage.kept[camera]) for camera in RATES_HZ}

    # Each has half of the room, and so a quarter of the rate lasts four times as long.
    assert spans["slow"][1] - spans["slow"][0] > 2 * (spans["fast"][1] - spans["fast"][0])
    assert outage.kept["told"]["count"] == len(outage.told)
    assert "told" not in outage.lost


def test_while_it_loses_frames_ingest_says_so_again_and_again_and_the_sum_is_right(outage: Outage) -> None:
    lines = spoken(outage.stack.data, "ingest", "messages lost: the spool is full or cannot be written")

    assert len(lines) >= AWAY_S / 15
    for camera in RATES_HZ:
        assert sum(line["lost"].get(camera, {"count": 0})["count"] for line in lines) == outage.lost[camera]["count"]


def test_what_happened_meanwhile_is_judged_once_and_in_order(outage: Outage) -> None:
    events = outage.stack.log.events("told-a")

    expected = [(at, "high returned" if celsius < 80 else "high raised") for at, celsius in outage.told.items()]
    assert list(zip([captured(event) for event in events], kinds(events), strict=True)) == expected
    everything = [json.loads(record.value or b"{}") for record in outage.stack.log.records(topics.ALERTS)]
    identities = [event["id"] for event in everything]
    assert len(set(identities)) == len(identities)


def captured(event: Event) -> datetime:
    return datetime.fromisoformat(event["data"]["captured_at"])


def test_no_camera_that_worked_is_told_to_be_silent(outage: Outage) -> None:
    silences = {name: kinds(outage.stack.log.events(name, "coverage")) for name in (SITE, "told", *RATES_HZ)}

    assert silences == {name: [] for name in silences}


def test_the_heartbeat_says_that_frames_were_lost(outage: Outage) -> None:
    def beats() -> list[Event]:
        found = [json.loads(record.value or b"{}") for record in outage.stack.log.records(topics.ALERTS)]
        return [event for event in found if event["type"] == alerts.HEARTBEAT]

    def status() -> list[set[str]]:
        return [set(event["data"].get("status", [])) for event in beats()]

    outage.stack.until(lambda: any("spool_dropped" in it for it in status()), "a heartbeat that says so")
    outage.stack.until(lambda: status()[-1] == set(), "a heartbeat that says that all is well")


def test_the_alarm_that_stood_before_stands_and_can_be_acknowledged(outage: Outage) -> None:
    stack = outage.stack
    call = pb.AcknowledgeRequest(id=outage.before[0][0], user="night shift", idempotency_key="after-the-outage")
    # Whoever is told that it is not decided yet asks again: with its key it counts once.
    stack.until(
        lambda: stack.alarms().Acknowledge(call, timeout=60).outcome == pb.OUTCOME_ACCEPTED, "the acknowledgement"
    )
    stack.until(lambda: len(stack.log.events("standing-a", "high")) == 2, "the acknowledgement")
    assert kinds(stack.log.events("standing-a", "high")) == ["high raised", "high acknowledged"]


# --- an hour, by an injected clock --------------------------------------------------------------------------------

NOON: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR_S: Final = 3600
KIB: Final = 1024


@dataclass(frozen=True)
class Hour:
    """An hour of a fast and a slow camera without a broker, told by an injected clock, and what came afterwards."""

    put: Mapping[str, list[str]]
    written: list[str]
    said: list[Any]
    attempts: int
    largest_bytes: int


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Hour:
    broker, clock, outbox = Broker(), Clock(), Outbox()
    spool = Spool(tmp_path_factory.mktemp("hour"), 256 * KIB)
    writer = Writer(outbox, broker, spool, WriterOptions(take_s=0.0, patience_s=5.0), clock)
    broker.away = True
    put: dict[str, list[str]] = {"fast": [], "slow": [], "state": []}
    largest = 0
    with capture_logs() as told:
        for second in range(HOUR_S):
            for one in second_of(second):
                assert outbox.put(one, 0)
                put["state" if one.care is Care.KEEP else one.camera] += said(one.messages)
            clock.seconds += 1
            writer.turn()
            largest = max(largest, spool.size_bytes)
        attempts, broker.away = broker.attempts, False
        while writer.spool_in_use:
            clock.seconds += 1
            writer.turn()
    spool.close()
    return Hour(put, said(broker.written), told, attempts, largest)


def second_of(second: int) -> Iterator[Parcel]:
    """What two cameras say within a second: four frames and one, and once a minute another state."""
    for camera, rate in (("fast", 4), ("slow", 1)):
        for part in range(rate):
            at = NOON + timedelta(seconds=second + part / rate)
            yield parcel(f"{camera} {at.isoformat()}", name=camera, size=KIB, captured_at=at)
    if second % 60 == 0:
        yield parcel(f"state {second}", Care.KEEP, name="slow")


def test_an_hour_of_an_injected_clock_the_broker_is_asked_once_a_second_and_the_disk_is_bounded(hour: Hour) -> None:
    assert HOUR_S - 1 <= hour.attempts <= HOUR_S + 1
    assert hour.largest_bytes <= 256 * KIB


def test_an_hour_of_an_injected_clock_what_is_said_is_what_arrives(hour: Hour) -> None:
    (back,) = [line for line in hour.said if line["event"] == "broker back"]
    (empty,) = [line for line in hour.said if line["event"] == "spool empty"]

    for camera in ("fast", "slow"):
        arrived = [text for text in hour.written if text.startswith(camera)]
        lost = hour.put[camera][: empty["lost"][camera]["count"]]
        kept = hour.put[camera][len(lost) :]
        assert arrived == kept
        assert len(kept) == back["kept"][camera]["count"]
        assert moments(back["kept"][camera]) == (of(kept[0]), of(kept[-1]))
        assert moments(empty["lost"][camera]) == (of(lost[0]), of(lost[-1]))


def of(text: str) -> datetime:
    return datetime.fromisoformat(text.partition(" ")[2])


def test_an_hour_of_an_injected_clock_every_change_of_state_arrives(hour: Hour) -> None:
    assert [text for text in hour.written if text.startswith("state")] == hour.put["state"]
    assert len(hour.put["state"]) == HOUR_S / 60


def test_an_hour_of_an_injected_clock_losses_are_said_every_ten_seconds_and_add_up(hour: Hour) -> None:
    lines = [line for line in hour.said if line["event"].startswith("messages lost")]
    (empty,) = [line for line in hour.said if line["event"] == "spool empty"]

    assert len(lines) <= HOUR_S / 10 + 1
    for camera, all_lost in empty["lost"].items():
        parts = [line["lost"][camera] for line in lines if camera in line["lost"]]
        assert sum(part["count"] for part in parts) == all_lost["count"]
        assert all(moments(one)[1] < moments(other)[0] for one, other in pairwise(parts))
