"""Did the disturbed run say the same as the undisturbed one? Pure: two raw sets in, what is wrong out.

From the recording     the multiset of (alarm, type, asset, captured_at, priority) is the same: lost, doubled, changed
                       and unexpected events are told apart
From operators         every accepted command of one run is accepted in the other
From the clock         coverage: each alarm is raised, returned, raised... and no event comes twice; at the end exactly
                       the camera stands whose frames are bad (what was due after the end, when ingest had been told
                       to stop, is no part of it). Heartbeats: each canary that stands on thermal.frames has
                       exactly one, and the last one is young
For each run alone     no message was given up as `crashed`; only the bad camera has dead letters, and each of its
                       unreadable messages has one; every group has come to the end of its topics
From the models        what they could not see may come at another time, and nothing else: see `verdict_models`. Runs of
                       a recording without models have nothing of it
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.chaos.finding import RAISED, RETURNED, Finding
from tests.chaos.raw import Event, Raw, Timed
from tests.chaos.recording import BAD
from tests.chaos.verdict_models import of_models

YOUNG: Final = timedelta(seconds=30)
ACCEPTED: Final = "accepted"
CRASHED: Final = "crashed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Holds when nothing was found."""

    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing doubled."""
        return not self.findings

    @property
    def names(self) -> Counter[str]:
        """How many findings of each name."""
        return Counter(finding.name for finding in self.findings)


def judge(undisturbed: Raw, disturbed: Raw, struck: Collection[str] = ()) -> Verdict:
    """Compare a disturbed run with the undisturbed one of the same recording; `struck`: the processes that were."""
    found = [
        *_nothing_to_compare(undisturbed),
        *(Finding(f"undisturbed: {it.name}", it.text) for it in _alone(undisturbed)),
        *_events(undisturbed.events, disturbed.events),
        *_commands(_accepted(undisturbed), _accepted(disturbed)),
        *_alone(disturbed),
        *(of_models(undisturbed, disturbed, struck) if undisturbed.scored or disturbed.scored else ()),
    ]
    return Verdict(tuple(found))


def _nothing_to_compare(run: Raw) -> Iterator[Finding]:
    for name in ("events", "timed", "beats", "decisions", "unreadable"):
        if not getattr(run, name):
            yield Finding("nothing to compare", f"the undisturbed run has no {name}")


# --- from the recording and from operators --------------------------------------------------------------------


def _events(wanted: Iterable[Event], had: Iterable[Event]) -> Iterator[Finding]:
    wanted_times, had_times = Counter(wanted), Counter(had)
    missing, surplus = sorted(wanted_times - had_times), sorted(had_times - wanted_times)
    for event in missing:
        changed = next((other for other in surplus if _same_but_changed(event, other)), None)
        if changed is not None and event not in had_times:
            surplus.remove(changed)
            yield Finding("changed event", f"{_text(event)} became {_text(changed)}")
        else:
            yield Finding("lost event", f"{_text(event)}: {had_times[event]} instead of {wanted_times[event]} times")
    for event in surplus:
        name = "doubled event" if event in wanted_times else "unexpected event"
        yield Finding(name, f"{_text(event)}: {had_times[event]} instead of {wanted_times[event]} times")


def _same_but_changed(event: Event, other: Event) -> bool:
    same = event.type == other.type and event.asset == other.asset
    return same and (event.alarm == other.alarm or event.captured_at == other.captured_at)


def _text(event: Event) -> str:
    return f"{event.asset} {event.type} {event.captured_at} {event.priority} ({event.alarm})"


def _accepted(run: Raw) -> set[tuple[str, str]]:
    return {(it.command, it.alarm) for it in run.decisions if it.outcome == ACCEPTED}


def _commands(wanted: set[tuple[str, str]], had: set[tuple[str, str]]) -> Iterator[Finding]:
    for name, found in (("missing command", wanted - had), ("unexpected command", had - wanted)):
        yield from (Finding(name, f"{command} for alarm {alarm}") for command, alarm in sorted(found))


# --- each run alone -------------------------------------------------------------------------------------------


def _alone(run: Raw) -> Iterator[Finding]:
    yield from _dead_letters(run)
    ended_at = datetime.fromisoformat(run.ended_at)
    yield from _coverage([it for it in run.timed if datetime.fromisoformat(it.time) <= ended_at])
    yield from _heartbeats(run)
    for left in run.left_behind:
        where = f"{left.group} at {left.committed} of {left.end} in {left.partition}"
        yield Finding("consumer left behind", where)


def _dead_letters(run: Raw) -> Iterator[Finding]:
    for letter in run.dead_letters:
        if letter.kind == CRASHED:
            yield Finding("crashed dead letter", f"{letter.key} at {letter.place}")
        elif letter.key != BAD:
            yield Finding("good message refused", f"{letter.kind}: {letter.key} at {letter.place}")
    buried = {letter.place for letter in run.dead_letters}
    for place in run.unreadable:
        if place not in buried:
            yield Finding("bad message without a dead letter", place)


def _coverage(timed: Sequence[Timed]) -> Iterator[Finding]:
    for identity, times in Counter(event.id for event in timed).items():
        if times > 1:
            yield Finding("doubled coverage event", f"{identity}: {times} times")
    alarms: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for event in timed:
        alarms[event.asset, event.alarm].append(event.type)
    for (asset, alarm), kinds in alarms.items():
        if any(kind != (RETURNED if place % 2 else RAISED) for place, kind in enumerate(kinds)):
            yield Finding("coverage out of order", f"{asset} ({alarm}): {', '.join(kinds)}")
    standing = {asset for (asset, _), kinds in alarms.items() if kinds[-1] == RAISED}
    if standing != {BAD}:
        them = ", ".join(sorted(standing)) or "nothing"
        yield Finding("wrong coverage at the end", f"{them} stands, not {BAD} alone")


def _heartbeats(run: Raw) -> Iterator[Finding]:
    beats = Counter(beat.frame for beat in run.beats)
    for frame in dict.fromkeys(run.canaries):
        if beats[frame] != 1:
            name = "doubled heartbeat" if beats[frame] else "lost heartbeat"
            yield Finding(name, f"{frame}: {beats[frame]} times")
    for frame in beats.keys() - set(run.canaries):
        yield Finding("heartbeat without a canary", frame)
    newest = max((datetime.fromisoformat(beat.time) for beat in run.beats), default=None)
    if newest is None or datetime.fromisoformat(run.ended_at) - newest > YOUNG:
        yield Finding("no heartbeat at the end", f"the last one is of {newest}, the run ended at {run.ended_at}")
