"""Watches the alerts for what a simulated site's script must show: the judge of `make demo`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from canairy.errors import BrokerUnavailable, ConfigurationError
from canairy.simulator.scenarios import SCENARIOS
from canairy.simulator.script import ExpectedAlarm
from canairy.site.model import Site
from canairy.stream.broker import Reader, Received


def scripted_alarms(site: Site) -> tuple[ExpectedAlarm, ...]:
    """What a site's simulated cameras must make it show; raises ConfigurationError when no script says anything."""
    simulated = [camera.source.partition(":")[2] for camera in site.cameras if camera.kind == "simulated"]
    names = dict.fromkeys(source.partition("/")[0] for source in simulated)
    expected = tuple(alarm for name in names if name in SCENARIOS for alarm in SCENARIOS[name].expected)
    if not expected:
        raise ConfigurationError(f"{site.site.id}: no camera plays a scenario that says which alarms it must show")
    return expected


class ExpectedAlarms:
    """Ticks off expected alarms as they come; events written before `since` belong to an earlier run."""

    def __init__(
        self,
        expected: Sequence[ExpectedAlarm],
        reader: Reader,
        since: datetime,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._missing = list(expected)
        self._reader = reader
        self._since = since
        self._clock = clock
        self._until = clock() + patience_s

    @property
    def missing(self) -> Sequence[ExpectedAlarm]:
        """What has not been seen yet."""
        return tuple(self._missing)

    def turn(self) -> bool:
        """Read what has come; True when there is nothing more to wait for: all was seen, or the time is over."""
        for event in self._events():
            if event.written_at >= self._since:
                self._tick_off(event)
        return not self._missing or self._clock() >= self._until

    def _events(self) -> Sequence[Received]:
        try:
            return self._reader.poll(0.0, 500)
        except BrokerUnavailable:  # the supervisor starts it again
            return ()

    def _tick_off(self, event: Received) -> None:
        body = json.loads(event.value or b"{}")
        data = body.get("data") or {}
        # io.canairy.alarm.raised.v1: scripts say `raised`.
        kind = str(body.get("type", "")).removesuffix(".v1").rpartition(".")[2]
        asset, condition = str(data.get("asset", "")), str(data.get("condition", ""))
        self._missing = [alarm for alarm in self._missing if not alarm.seen_in(asset, condition, kind)]
