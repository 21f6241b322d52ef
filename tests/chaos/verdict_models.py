"""Did the run under fire say the same of the models? Pure, as `verdict`, which asks this where there were models.

What follows from temperatures does not know whether a model was asked, so it is compared event by event as ever. A
score can be missing while Triton is away, and only then. What PatchCore could not see may come at another time; nothing
else may differ:

Nothing is skipped     each registered asset of the recording has readings of as many capture times in both runs, and
                       each asset that is compared with a bank has them of the very same ones
Nothing is silent      of such an asset a reading has a score, or the flag `model_unavailable`, and never both; without
                       a strike on Triton all have scores
Nothing is made up     a score and its threshold are those of the undisturbed run, to a thousandth of the threshold
                       (which crops share a batch is never the same twice)
The alarm follows      from this run's own scores: raised by the capture that makes `READINGS` of the newest `OF` scores
from the scores        abnormal, returned by the `READINGS`th normal one in a row. That is computed here anew, from the
                       first reading of each capture, and what stands on thermal.alerts must be exactly that. As often
                       as in the undisturbed run, not before it, and within `OF` scores of it
The site's alarm       `models` is raised by the first canary that carries the flag and returned by the next that does
follows from canaries  not, exactly; never in the undisturbed run, never without a strike on Triton, and it has returned
                       at the end

Why the alarm may be later and not earlier: the radiator is abnormal in one stretch. Leaving scores out of a row that is
normal, then abnormal, then normal can only take the third abnormal one later. A run in which Triton was away for all of
that stretch would be no alarm, and fails; so the driver keeps its last frames, and those of all, until Triton is up
(`radiator.must_be_seen`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from tests.chaos.finding import RAISED, RETURNED, Finding
from tests.chaos.radiator import OF, READINGS
from tests.chaos.raw import Carried, Event, Look, Raw
from tests.chaos.schedule import TRITON

TOLERANCE: Final = 1e-3
# An event by what must be exact of it.
Told = tuple[str, str]


def of_models(undisturbed: Raw, disturbed: Raw, struck: Collection[str]) -> Iterator[Finding]:
    """All that is wrong with what both runs say of the models; `struck` are the processes that were struck."""
    yield from _nothing_to_compare(undisturbed)
    yield from (Finding(f"undisturbed: {it.name}", it.text) for it in _alone(undisturbed, undisturbed, struck=False))
    yield from _readings(undisturbed, disturbed)
    yield from _alone(undisturbed, disturbed, struck=any(name.startswith(TRITON) for name in struck))


def _nothing_to_compare(run: Raw) -> Iterator[Finding]:
    for asset in run.scored:
        told = [event.type for event in run.anomalies if event.asset == asset]
        if told != [RAISED, RETURNED]:
            yield Finding("nothing to compare", f"the undisturbed run tells of {asset}: {', '.join(told) or 'nothing'}")
    if not run.carried:
        yield Finding("nothing to compare", "the undisturbed run has no canary that was measured")


def _readings(undisturbed: Raw, disturbed: Raw) -> Iterator[Finding]:
    wanted, had = dict(undisturbed.captures), dict(disturbed.captures)
    for asset in sorted(wanted.keys() | had.keys()):
        if wanted.get(asset, 0) != had.get(asset, 0):
            text = f"{asset}: {had.get(asset, 0)} capture times instead of {wanted.get(asset, 0)}"
            yield Finding("skipped or unexpected reading", text)


def _alone(undisturbed: Raw, run: Raw, *, struck: bool) -> Iterator[Finding]:
    for asset in undisturbed.scored:
        wanted, looks = ([it for it in raw.looks if it.asset == asset] for raw in (undisturbed, run))
        events = [event for event in run.anomalies if event.asset == asset]
        yield from _looks({it.captured_at: it for it in wanted}, looks, struck=struck)
        yield from _exact(f"alarm of {asset}", due_by_scores(looks), events)
        yield from _when([it for it in undisturbed.anomalies if it.asset == asset], events, looks)
    yield from _models_alarm(run, struck=struck)


def _looks(wanted: dict[str, Look], looks: Sequence[Look], *, struck: bool) -> Iterator[Finding]:
    had = {look.captured_at for look in looks}
    yield from (Finding("skipped reading", f"{it.asset} {at}") for at, it in wanted.items() if at not in had)
    for look in looks:
        where = f"{look.asset} {look.captured_at}"
        if look.captured_at not in wanted:
            yield Finding("unexpected reading", where)
        elif look.score is None:
            yield from _unscored(look, where, struck=struck)
        else:
            yield from _scored(look, wanted[look.captured_at], where)


def _unscored(look: Look, where: str, *, struck: bool) -> Iterator[Finding]:
    if not look.flagged:
        yield Finding("silent reading", f"{where}: neither a score nor the flag model_unavailable")
    if not struck:
        yield Finding("score missing without a strike on Triton", where)


def _scored(look: Look, wanted: Look, where: str) -> Iterator[Finding]:
    if look.flagged:
        yield Finding("flag beside a score", where)
    if wanted.score is None or wanted.threshold is None or look.score is None:
        return  # the undisturbed run has been told off for that
    if look.threshold != wanted.threshold or abs(look.score - wanted.score) > TOLERANCE * wanted.threshold:
        text = f"{where}: {look.score} of {look.threshold} instead of {wanted.score} of {wanted.threshold}"
        yield Finding("changed score", text)


# --- alarms -----------------------------------------------------------------------------------------------------------


def due_by_scores(looks: Iterable[Look]) -> list[Told]:
    """The events of one asset as they follow from its readings in their order: type and capture time."""
    newest: deque[bool] = deque(maxlen=OF)
    told: list[Told] = []
    known: set[str] = set()
    for look in looks:
        repeated = look.captured_at in known
        known.add(look.captured_at)
        if repeated or look.score is None or look.threshold is None:
            continue
        newest.append(look.score >= look.threshold)
        standing = bool(told) and told[-1][0] == RAISED
        last = list(newest)[-READINGS:]
        if not standing and sum(newest) >= READINGS:
            told.append((RAISED, look.captured_at))
        elif standing and len(last) == READINGS and not any(last):
            told.append((RETURNED, look.captured_at))
    return told


def due_by_canaries(carried: Iterable[Carried]) -> list[Told]:
    """The events of the site's alarm `models` as they follow from the canaries in their order."""
    told: list[Told] = []
    known: set[str] = set()
    newest = ""
    for canary in carried:
        if canary.frame in known or canary.captured_at < newest:
            continue
        known.add(canary.frame)
        newest = canary.captured_at
        if canary.flagged != (bool(told) and told[-1][0] == RAISED):
            told.append((RAISED if canary.flagged else RETURNED, canary.captured_at))
    return told


def _exact(what: str, due: Sequence[Told], events: Sequence[Event]) -> Iterator[Finding]:
    told = [(event.type, event.captured_at) for event in events]
    if told != list(due):
        yield Finding("alarm does not follow from its readings", f"{what}: {told} instead of {list(due)}")
    pairs = zip(events[::2], events[1::2], strict=False)
    if any(raised.alarm != returned.alarm for raised, returned in pairs):
        yield Finding("another alarm returned", what)


def _when(wanted: Sequence[Event], events: Sequence[Event], looks: Sequence[Look]) -> Iterator[Finding]:
    kinds, due = [(it.type, it.priority) for it in events], [(it.type, it.priority) for it in wanted]
    if kinds != due:
        yield Finding("anomaly lost, doubled or changed", f"{kinds} instead of {due}")
        return
    for first, event in zip(wanted, events, strict=True):
        scored = {it.captured_at for it in looks if it.score is not None}
        between = sum(first.captured_at < at <= event.captured_at for at in scored)
        if event.captured_at < first.captured_at:
            yield Finding("anomaly too early", f"{event.type} {event.captured_at}, undisturbed {first.captured_at}")
        elif between > OF:
            yield Finding("anomaly too late", f"{event.type} {between} scores after {first.captured_at}")


def _models_alarm(run: Raw, *, struck: bool) -> Iterator[Finding]:
    yield from _exact("site's alarm models", due_by_canaries(run.carried), run.away)
    if run.away and not struck:
        yield Finding("models away without a strike on Triton", f"{len(run.away)} events")
    if run.away and run.away[-1].type != RETURNED:
        yield Finding("models away at the end", f"raised at {run.away[-1].captured_at}")
