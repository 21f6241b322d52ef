"""What is wrong with the whole site, as the canary carries it, is an alarm of the site: one, while it lasts.

    clock   the clock of ingest's machine is not synchronised: times of readings and events are doubtful
    disk    ingest's disk is full: the next outage of the broker loses frames
    models  the model server does not answer: equipment is judged by temperatures alone
    site_file_invalid, site_file_not_applied       somebody changed the site file, and the one before still holds
    offset_out_of_range, other_site, state_lost    what befell a service's reading (canairy.stream.troubles)

What else the canary carries stands in the heartbeat's status. Capture times of canaries decide, so a replay tells the
same alarms; a canary that comes late or once more changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from canairy.messages.alarm import Priority
from canairy.messages.header import CANARY, DISK_FULL, MODEL_UNAVAILABLE, TIME_INVALID
from canairy.messages.reading import Reading
from canairy.stream.troubles import (
    OFFSET_OUT_OF_RANGE,
    OTHER_SITE,
    SITE_FILE_INVALID,
    SITE_FILE_NOT_APPLIED,
    STATE_LOST,
)
from services.alerting.judge.desk import GOOD, Desk, Seen, Terms
from services.alerting.judge.memory import Memory
from services.alerting.judge.rules import CLOCK, DISK, MODELS


@dataclass(frozen=True, slots=True)
class SiteCondition:
    """A flag of the canary and the alarm it is."""

    flag: str
    name: str
    reason: str
    over: str
    terms: Terms


CONDITIONS: Final = (
    SiteCondition(
        TIME_INVALID,
        CLOCK,
        "clock not synchronised: times may be wrong",
        "clock synchronised again",
        Terms(Priority.LOW, "check the time service (NTP) of the machine of ingest"),
    ),
    SiteCondition(
        DISK_FULL,
        DISK,
        "disk of ingest full: frames are lost when Kafka is away",
        "disk of ingest has room again",
        Terms(Priority.MEDIUM, "free space on the volume of ingest's spool"),
    ),
    SiteCondition(
        MODEL_UNAVAILABLE,
        MODELS,
        "models do not answer: judged by temperatures alone",
        "models answer again",
        Terms(Priority.LOW, "see the log of the model server (Triton)"),
    ),
    SiteCondition(
        OFFSET_OUT_OF_RANGE,
        OFFSET_OUT_OF_RANGE,
        "messages were gone before they were read",
        "messages are read again",
        Terms(Priority.MEDIUM, "see `trouble` in the logs of the services; give the topics more room"),
    ),
    SiteCondition(
        OTHER_SITE,
        OTHER_SITE,
        "messages of another site: two sites use one broker",
        "no more messages of another site",
        Terms(Priority.MEDIUM, "find out who writes to this broker with another site's file"),
    ),
    SiteCondition(
        STATE_LOST,
        STATE_LOST,
        "memory of alarms lost: what stands is raised anew",
        "memory of alarms is kept again",
        Terms(Priority.MEDIUM, "see `trouble` in the log of alerting; older alarms of SCADA may not return"),
    ),
    SiteCondition(
        SITE_FILE_INVALID,
        SITE_FILE_INVALID,
        "site file changed, not applied: it has mistakes, and the one before holds",
        "the site file has no mistakes again",
        Terms(Priority.LOW, "run `canairy site check`, or see `trouble` in the log of alerting"),
    ),
    SiteCondition(
        SITE_FILE_NOT_APPLIED,
        SITE_FILE_NOT_APPLIED,
        "site file changed, not applied: a change in it needs a restart, and the one before holds",
        "the site file is in force",
        Terms(Priority.LOW, "see `trouble` in the log of alerting for what needs which restart"),
    ),
)
NAMES: Final = frozenset(condition.name for condition in CONDITIONS)


def judge_site(reading: Reading, site: str, memory: Memory, desk: Desk) -> None:
    """Raise and return the site's alarms by one canary that is new."""
    header = reading.header
    if header.captured_at < memory.of(CANARY).captures[-1].captured_at:
        return
    point = memory.of(site)
    for condition in CONDITIONS:
        watch = point.watch(condition.name)
        holds = condition.flag in header.flags
        if holds == watch.active:
            continue
        reason = condition.reason if holds else condition.over
        what = Seen(header.captured_at, header.captured_at, reason, GOOD, frame=header.frame, flags=header.flags)
        if holds:
            desk.raise_alarm(point, watch, header.captured_at, condition.terms, what)
        else:
            desk.return_alarm(point, watch, what)
