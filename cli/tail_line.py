"""The line an operator reads: wide enough for 3 a.m. and no wider. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from canairy.alerts import Alert
from cli.output import printable

COLOURS: Final = {"high": "\x1b[1;31m", "medium": "\x1b[33m", "low": "\x1b[36m"}
PLAIN: Final = "\x1b[0m"
# The canary walks the whole way once a minute; three in a row do not get lost by chance.
SILENCE: Final = timedelta(minutes=3)
RECORDED_S: Final = 86_400.0


def render(alert: Alert, zone: ZoneInfo, now: datetime, *, colour: bool = False) -> str:
    """One event on one line, times in `zone`; the date is shown when it is not the day of `now`."""
    head = printable(f"{alert.priority.upper()}  {alert.kind.upper()}")
    if colour and alert.priority in COLOURS:
        head = f"{COLOURS[alert.priority]}{head}{PLAIN}"
    facts = ", ".join(_facts(alert, zone))
    line = f"{clock(alert.time, zone, now)}  {head}  {alert.asset}  {facts}"
    # Of the head only the colour is ours; all may hold what somebody typed.
    line = line if not alert.response or alert.kind != "raised" else f"{line}  | DO: {alert.response}"
    before, _, after = line.partition(head)
    return printable(before) + head + printable(after)


def clock(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """03:12:07 KST, with the date before it when it is not today."""
    local = moment.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M:%S %Z}"


def span(seconds: float) -> str:
    """1 s, 5 min, 3 h, 2 d: in the unit that leaves one or two digits."""
    for unit, name, most in ((1, "s", 120), (60, "min", 7200), (3600, "h", 172_800)):
        if seconds < most:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} d"


def _facts(alert: Alert, zone: ZoneInfo) -> Iterator[str]:
    yield alert.reason
    if alert.acknowledged_by:
        yield f"by {alert.acknowledged_by}"
    if alert.since is not None:
        yield f"since {_since(alert.since.astimezone(zone), alert.time.astimezone(zone))}"
    if alert.quality:
        yield f"data {alert.quality}{_age(alert.data_age_s)}"


def _since(since: datetime, at: datetime) -> str:
    """02:58, with its date when that is not the day of `at`, and its zone when the clocks were changed in between."""
    day = "" if since.date() == at.date() else f"{since:%Y-%m-%d} "
    changed = "" if since.utcoffset() == at.utcoffset() else f" {since:%Z}"
    return f"{day}{since:%H:%M}{changed}"


def _age(seconds: float | None) -> str:
    """How old the data were; what is days old comes from a recording, and its age tells an operator nothing."""
    if seconds is None:
        return ""
    return ", recorded" if seconds >= RECORDED_S else f" {span(seconds)}"


class HeartbeatWatch:
    """Notices that the site's heartbeat is missing, and that it is back. `began` is when watching began.

    Gaps are measured by a clock that nobody sets, so each time comes twice: `now` by that one, `shown` by the wall's.
    """

    def __init__(self, zone: ZoneInfo, began: datetime) -> None:
        self._zone = zone
        self._last = began
        self._missing = False

    def beat(self, now: datetime, shown: datetime | None = None) -> str | None:
        """A heartbeat came; the line to show when it had been missing."""
        gap, self._last, missing, self._missing = now - self._last, now, self._missing, False
        if not missing:
            return None
        return f"{self._clock(shown or now)}  HEARTBEAT IS BACK after {span(gap.total_seconds())}"

    def tick(self, now: datetime, shown: datetime | None = None) -> str | None:
        """Time passed; the line to show when the heartbeat has been missing for 3 minutes, once."""
        gap = now - self._last
        if self._missing or gap < SILENCE:
            return None
        self._missing = True
        return (
            f"{self._clock(shown or now)}  NO HEARTBEAT for {span(gap.total_seconds())}: "
            "alarms may not reach this screen  | DO: check Kafka and the four services"
        )

    def _clock(self, moment: datetime) -> str:
        return clock(moment, self._zone, moment)
