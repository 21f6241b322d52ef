"""What happens to each message, in order: this file only leads to the parts that decide.

Everything is decided by capture times and by what is remembered, never by how messages were cut into batches, so
the same messages give the same alarms after any restart, repeat, or shift between cameras of up to 5 s. Only silence
needs the clock: `look` is told the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from canairy.messages.camera import CameraStatus
from canairy.messages.command import Command
from canairy.messages.header import CANARY
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.state import Capture, Decision, PointState, Scored
from services.alerting.judge import anomaly, future, limits
from services.alerting.judge.arrival import LATENESS, Arrival, arrival, remember
from services.alerting.judge.camera_faults import CameraFaults
from services.alerting.judge.canary import beat
from services.alerting.judge.commands import Commands
from services.alerting.judge.comparison import Comparison
from services.alerting.judge.coverage import Coverage
from services.alerting.judge.desk import GOOD, Desk, Seen, Terms
from services.alerting.judge.events import Event, Heartbeat
from services.alerting.judge.excursion import Turn, turn
from services.alerting.judge.frames import Frames
from services.alerting.judge.freshness import Freshness
from services.alerting.judge.joins import Joins
from services.alerting.judge.memory import COMMANDS_POINT, Memory, Point
from services.alerting.judge.owner import refuse_another_site
from services.alerting.judge.retire import Retirement
from services.alerting.judge.rules import ANOMALY, HOT_SPOT, AssetRules, HotSpotRules
from services.alerting.judge.signs import Signs
from services.alerting.judge.site_conditions import judge_site
from services.alerting.judge.unjudged import unjudged, with_unjudged
from services.alerting.judge.verdicts import INVALID, Verdicts
from services.alerting.judge.versions import Version, Versions

# How a reading was taken, for the metrics; beside the values of Arrival.
UNWATCHED = "unwatched"
CANARY_READ = "canary"


class Judge:
    """One site's judge. `know_captures` False leaves out the check for repeats: a variant that tests must catch."""

    def __init__(
        self, started_with: Version, *, know_captures: bool = True, started_at: datetime | None = None
    ) -> None:
        rules = started_with.rules
        self.readings: Counter[str] = Counter()
        # Conditions that needed temperatures where there were none.
        self.not_judged: Counter[str] = Counter()
        self._rules = rules
        self._know_captures = know_captures
        self._memory = Memory()
        self._versions = Versions(started_with, self._memory, started_at)
        self._desk = Desk(rules.site, self._memory)
        self._verdicts = Verdicts(self._memory, self._desk)
        comparison = Comparison(self._memory, self._verdicts, self._versions)
        one_frame = {name: group for name, group in rules.groups.items() if group.one_frame}
        across = {name: group for name, group in rules.groups.items() if not group.one_frame}
        self._frames = Frames(one_frame, comparison)
        self._joins = Joins(across, self._memory, comparison)
        self._signs = Signs(rules, self._memory, self._desk)
        self._faults = CameraFaults(rules, self._memory, self._desk)
        self._freshness = Freshness(rules, self._memory, self._desk)
        self._retirement = Retirement(rules, self._memory, self._desk, self._versions)
        self._commands = Commands(self._memory, self._desk, self._freshness, self._versions)
        self._coverage: Coverage | None = None

    # --- memory -----------------------------------------------------------------------------------------------

    def restore(self, name: str, state: PointState | None) -> None:
        """Take in what was written down of one point, None where it was forgotten; the latest word counts."""
        self._memory.restore(name, state)

    def begin(self, now: datetime) -> None:
        """All that was written down is restored: go on from there. Once, before the first message.

        Raises ConfigurationError when it is the state of another site.
        """
        refuse_another_site(self._memory.points.values(), self._rules.site)
        self._versions.begin()
        for point in list(self._memory.points.values()):
            self._desk.learn(point)
            self._signs.learn(point)
            self._retirement.learn(point)
            self._learn_waiting(point)
        self._commands.learn(self._memory.of(COMMANDS_POINT).decisions)
        self._coverage = Coverage(self._rules, self._memory, self._desk, begun=now)
        self._retirement.compare_with_site(now)
        self._retirement.sweep()

    def written(self) -> Iterator[tuple[str, PointState | None]]:
        """What to write down: each point that changed since the last call, once; None for a tombstone."""
        return self._memory.written()

    def told(self) -> list[Event | Heartbeat]:
        """The events since the last call, in order."""
        events = self._desk.events[:]
        self._desk.events.clear()
        return events

    def _learn_waiting(self, point: Point) -> None:
        rules = self._rules.assets.get(point.name)
        groups = self._frames.groups.keys() | self._joins.groups.keys()
        if rules is None or rules.group not in groups:
            point.waiting.clear()
            return
        group = self._frames if rules.group in self._frames.groups else self._joins
        for reading in point.waiting:
            group.learn(rules, reading)

    # --- messages ---------------------------------------------------------------------------------------------

    def status(self, status: CameraStatus) -> None:
        """The state of a camera came in."""
        if status.camera != CANARY:
            self._signs.status(status)
            self._faults.status(status)

    def command(self, command: Command) -> Decision:
        """Decide what a user wants."""
        decision = self._commands.decide(command)
        self._retirement.sweep()
        return decision

    def reading(self, reading: Reading) -> None:
        """One reading came in."""
        header = reading.header
        if header.camera == CANARY:
            self._canary(reading)
            return
        camera = self._memory.of(header.camera)
        held = self._versions.at(header.captured_at)
        asset = held.assets.get(reading.asset)
        rules = asset or held.hot_spot(header.camera, header.view)
        if rules is None:
            self.readings[UNWATCHED] += 1
            self._advance(camera, header.captured_at)
        elif not self._read(reading, camera, asset, rules):
            return
        if reading.index == reading.count - 1:
            self._end_frame(camera, reading)

    def look(self, now: datetime) -> None:
        """Time has passed, and all messages up to now are in: what has gone silent?"""
        if self._coverage is not None:
            self._coverage.look(now)
            self._freshness.look(now)

    def set_back(self, now: datetime) -> bool:
        """Whether the clock was set back since the last message; if so, all goes on from `now`."""
        if not future.remembered(self._memory, (*self._rules.cameras, CANARY), now):
            return False
        future.forget(self._memory, now)
        self._frames.forget()
        self._joins.forget()
        self._signs.set_back(now)
        self._versions.set_back(now)
        if self._coverage is not None:
            self._coverage.begun = min(self._coverage.begun, now)
        return True

    # --- readings ---------------------------------------------------------------------------------------------

    def _canary(self, reading: Reading) -> None:
        self.readings[CANARY_READ] += 1
        # What else was found in the canary's frame is part of the canary.
        if reading.asset == CANARY:
            came = beat(reading, self._memory, self._desk, know_captures=self._know_captures)
            if came is Arrival.NEW:
                judge_site(reading, self._rules.site, self._memory, self._desk)

    def _read(
        self, reading: Reading, camera: Point, asset: AssetRules | None, rules: AssetRules | HotSpotRules
    ) -> bool:
        """Judge a reading of what is watched; False when it was a repeat or late."""
        point = self._memory.of(reading.asset)
        came = self._arrival(point, camera, reading, rules.captures)
        self.readings[came.value] += 1
        if came is not Arrival.NEW:
            return False
        at = reading.header.captured_at
        self._advance(camera, at)
        late = point.last is not None and at < point.last.header.captured_at
        quality = self._remember(point, reading, rules.captures)
        if asset is not None:
            self._judge_asset(asset, point, reading, late, quality)
        elif isinstance(rules, HotSpotRules):
            self._judge_find(rules, point, reading, late)
        self._signs.camera_read(self._rules.cameras[camera.name], camera)
        return True

    def _arrival(self, point: Point, camera: Point, reading: Reading, most: int) -> Arrival:
        captured_at, captures = reading.header.captured_at, point.captures
        if not captures:
            in_order = self._rules.cameras[camera.name].in_order
            newest = camera.newest_at if in_order else None
            late = newest is not None and captured_at < newest - LATENESS
            return Arrival.LATE if late else Arrival.NEW
        came = arrival(captures, captured_at, reading.header.frame, most)
        if point.closed:
            return Arrival.REPEATED if came is Arrival.REPEATED else Arrival.LATE
        return Arrival.NEW if came is Arrival.REPEATED and not self._know_captures else came

    def _remember(self, point: Point, reading: Reading, most: int) -> str:
        header, measured = reading.header, reading.temperatures
        max_c = None if measured is None else measured.max_c
        sure = reading.uncertainty if self._compared_across(reading.asset) else None
        remember(point.captures, Capture(header.captured_at, header.frame, max_c, reading.lower_bound, sure), most)
        if point.last is None or reading.closed or header.captured_at >= point.last.header.captured_at:
            point.last = reading
        quality = self._verdicts.quality(reading)
        if quality == GOOD and (point.last_valid_at is None or header.captured_at > point.last_valid_at):
            point.last_valid_at = header.captured_at
        self._memory.touch(point)
        return quality

    def _compared_across(self, name: str) -> bool:
        asset = self._rules.assets.get(name)
        return asset is not None and asset.group in self._joins.groups

    def _judge_asset(self, asset: AssetRules, point: Point, reading: Reading, late: bool, quality: str) -> None:
        if quality != INVALID:
            self._freshness.measured(point, quality, degrees=reading.temperatures is not None)
        self.not_judged.update(unjudged(asset, reading))
        if quality == GOOD:
            self._signs.asset_read(self._rules.cameras[asset.camera], asset, point, reading)
        if self._versions.changed and not late:
            self._retirement.drop_conditions(asset, point, reading)
        if reading.temperatures is not None:
            self._judge_limits(asset, point, reading, reading.temperatures, late)
        self._judge_anomaly(asset, point, reading, late)
        if asset.group in self._frames.groups:
            point.waiting.append(reading)
            self._frames.add(asset, reading)
        elif asset.group in self._joins.groups and asset.delta_k is not None:
            point.waiting.append(reading)
            self._joins.add(asset, reading)
            self._joins.advanced(asset.camera)

    def _judge_limits(
        self, asset: AssetRules, point: Point, reading: Reading, measured: Temperatures, late: bool
    ) -> None:
        at, max_c, lower_bound = reading.header.captured_at, measured.max_c, reading.lower_bound
        band_k = asset.timing.dead_band_k
        for limit in asset.limits:
            watch = point.watch(limit.condition)
            level = limits.limit_level(max_c, limit, band_k, lower_bound)
            what = turn(watch, at, level, asset.timing, late)
            if what is not Turn.NONE:
                grade = limits.limit_grade(level, max_c, limit, band_k, lower_bound)
                self._verdicts.apply(what, point, watch, reading, Terms(limit.priority, asset.response), grade)

    def _judge_anomaly(self, asset: AssetRules, point: Point, reading: Reading, late: bool) -> None:
        measured = reading.anomaly
        if asset.anomaly is None or measured is None:
            return
        watch, at = point.watch(ANOMALY), reading.header.captured_at
        level = anomaly.score(watch, Scored(at, measured.abnormal), asset.anomaly)
        what = turn(watch, at, level, anomaly.TIMING, late)
        if what is not Turn.NONE:
            grade = anomaly.anomaly_grade(level, watch, measured)
            told = with_unjudged(grade, asset, reading)
            self._verdicts.apply(what, point, watch, reading, Terms(asset.priority, asset.response), told)

    def _judge_find(self, rules: HotSpotRules, point: Point, reading: Reading, late: bool) -> None:
        watch, header, measured = point.watch(HOT_SPOT), reading.header, reading.temperatures
        if reading.closed:
            at = header.captured_at
            gone = Seen(at, at, "hot spot gone", camera=header.camera, view=header.view, frame=header.frame)
            self._desk.return_alarm(point, watch, gone)
            self._retirement.close(point, header.camera)
            self._retirement.sweep()
        elif measured is not None:
            self._freshness.measured(point, self._verdicts.quality(reading))
            grade = limits.hot_spot_grade(reading, measured, rules)
            what = turn(watch, header.captured_at, grade.level, rules.timing, late)
            self._verdicts.apply(what, point, watch, reading, Terms(rules.priority, rules.response), grade)
        elif reading.seen:
            self._freshness.measured(point, self._verdicts.quality(reading), degrees=False)
            self.not_judged[HOT_SPOT] += 1

    # --- progress of cameras ----------------------------------------------------------------------------------

    def _advance(self, camera: Point, at: datetime) -> None:
        """A camera has come to the frame taken `at`: older frames are complete."""
        self._frames.newer(camera.name, at)
        if camera.newest_at is None or at > camera.newest_at:
            camera.newest_at, camera.newest_complete = at, False
            self._memory.touch(camera)
            self._joins.advanced(camera.name)
            self._retirement.sweep()

    def _end_frame(self, camera: Point, reading: Reading) -> None:
        self._frames.ended(reading)
        if reading.header.captured_at == camera.newest_at and not camera.newest_complete:
            camera.newest_complete = True
            self._memory.touch(camera)
            self._joins.advanced(camera.name)
