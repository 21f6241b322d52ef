"""The site file as the judge needs it: indexed once, plain fields, so that a reading finds its rules by one look-up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from canairy.messages.alarm import Priority
from canairy.site.model import EACH_FILE, Asset, Camera, HotSpotLimit, Site, View
from services.alerting.judge.priority import one_above, priority

HIGH: Final = "high"
HIGH_HIGH: Final = "high_high"
DELTA: Final = "delta"
ANOMALY: Final = "anomaly"
HOT_SPOT: Final = "hot_spot"
COVERAGE: Final = "coverage"
CLOCK: Final = "clock"
DISK: Final = "disk"
MODELS: Final = "models"

# A view whose asset was not measured for five periods of its camera is stale; fast cameras get 5 s all the same.
STALE_PERIODS: Final = 5
STALE_AT_LEAST: Final = timedelta(seconds=5)
# Readings remembered for each asset: at least this many, or 12 s at the camera's rate.
CAPTURES: Final = 64
CAPTURES_S: Final = 12


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit on an asset's hottest point."""

    condition: str
    limit_c: float
    priority: Priority


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a condition must hold before it alarms, and how far under its limit it must fall to return."""

    on_delay: timedelta
    dead_band_k: float


@dataclass(frozen=True, slots=True)
class AnomalyRules:
    """How many of the newest scored readings must be abnormal."""

    readings: int
    of: int


@dataclass(frozen=True, slots=True)
class AssetRules:
    """A registered asset. `label` names it among the others of its group, e.g. by its phase."""

    name: str
    camera: str
    view: str
    timing: Timing
    limits: tuple[Limit, ...]
    delta_k: float | None
    priority: Priority
    response: str
    group: str | None
    label: str
    captures: int
    anomaly: AnomalyRules | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """The names of the conditions that are judged for it."""
        delta = {DELTA} if self.delta_k is not None else set()
        anomaly = {ANOMALY} if self.anomaly is not None else set()
        return frozenset({limit.condition for limit in self.limits} | delta | anomaly)


@dataclass(frozen=True, slots=True)
class HotSpotRules:
    """What makes a find of one view an alarm: its temperature, or its excess over what surrounds it."""

    camera: str
    high_c: float | None
    over_surroundings_k: float | None
    timing: Timing
    priority: Priority
    response: str
    captures: int


@dataclass(frozen=True, slots=True)
class GroupRules:
    """Similar components under similar load, in the order of the site file."""

    name: str
    members: tuple[AssetRules, ...]

    @property
    def one_frame(self) -> bool:
        """All members stand in one view, so that one frame shows them all."""
        return len({(member.camera, member.view) for member in self.members}) == 1

    @property
    def cameras(self) -> frozenset[str]:
        """The cameras that see its members."""
        return frozenset(member.camera for member in self.members)


@dataclass(frozen=True, slots=True)
class CameraRules:
    """A camera: the assets of each of its views that has any, by the view's name; `stale_after` for each of them.

    `in_order`: its frames come in order of their times (a folder of single pictures may hold any times).
    """

    name: str
    live: bool
    in_order: bool
    stale_after: timedelta
    views: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SiteRules:
    """The whole site. `views`: those with assets, of `all_views`.

    `models` answers for views by name, the `*` view of a folder too.
    """

    site: str
    coverage_after: timedelta
    cameras: dict[str, CameraRules]
    views: frozenset[str]
    assets: dict[str, AssetRules]
    groups: dict[str, GroupRules]
    measurements: frozenset[str]
    models: dict[str, Camera]
    all_views: frozenset[str] = frozenset()
    _hot_spots: dict[tuple[str, str], HotSpotRules | None] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Site) -> SiteRules:
        """Index `site`."""
        assets = {asset.name: asset for camera in site.cameras for asset in _assets(camera)}
        groups = {asset.group for asset in assets.values() if asset.group is not None}
        members = {name: [it for it in assets.values() if it.group == name] for name in sorted(groups)}
        return cls(
            site=site.site.id,
            coverage_after=site.alerting.coverage_alarm_after,
            cameras={camera.id: _camera(camera) for camera in site.cameras},
            views=frozenset(asset.view for asset in assets.values()),
            assets=assets,
            groups={name: GroupRules(name, _labelled(them)) for name, them in members.items() if len(them) > 1},
            measurements=frozenset(site.measurements),
            models={camera.id: camera for camera in site.cameras},
            all_views=frozenset(view.id for camera in site.cameras for view in camera.views),
        )

    def has_view(self, camera: str, view: str) -> bool:
        """Whether the site file knows this view of this camera."""
        model = self.models.get(camera)
        return model is not None and model.view(view) is not None

    def hot_spot(self, camera: str, view: str) -> HotSpotRules | None:
        """The rules for finds of a view; None when finds there are no alarms."""
        key = (camera, view)
        if key not in self._hot_spots:
            model = self.models[camera]
            found = model.view(view)
            limit = found.hotspot_limit if found is not None else None
            self._hot_spots[key] = None if limit is None else _hot_spot(model, limit)
        return self._hot_spots[key]


def _assets(camera: Camera) -> Iterable[AssetRules]:
    return (_asset(camera, view, asset) for view in camera.views for asset in view.assets)


def _asset(camera: Camera, view: View, asset: Asset) -> AssetRules:
    level = priority(asset.consequence, asset.respond_within)
    limits = asset.limits
    given = ((HIGH, limits.high_c, level), (HIGH_HIGH, limits.high_high_c, one_above(level)))
    return AssetRules(
        name=asset.id,
        camera=camera.id,
        view=view.id,
        timing=Timing(limits.on_delay, limits.dead_band_k),
        limits=tuple(Limit(name, limit_c, urgency) for name, limit_c, urgency in given if limit_c is not None),
        delta_k=limits.delta_k if asset.group is not None else None,
        priority=level,
        response=asset.response,
        group=asset.group,
        label=asset.phase,
        captures=_captures(camera),
        anomaly=None if asset.anomaly is None else AnomalyRules(asset.anomaly.readings, asset.anomaly.of),
    )


def _labelled(members: list[AssetRules]) -> tuple[AssetRules, ...]:
    """Phases name the members when every member has one of its own; else their identifiers do."""
    phases = {member.label for member in members}
    by_phase = "" not in phases and len(phases) == len(members)
    return tuple(members) if by_phase else tuple(replace(member, label=member.name) for member in members)


def _camera(camera: Camera) -> CameraRules:
    # On a tour of several views each one is seen only every so often.
    periods_s = STALE_PERIODS * len(camera.views) / camera.rate_hz
    return CameraRules(
        name=camera.id,
        live=camera.live,
        in_order=all(view.id != EACH_FILE for view in camera.views),
        stale_after=max(STALE_AT_LEAST, timedelta(seconds=periods_s)),
        views={view.id: tuple(asset.id for asset in view.assets) for view in camera.views if view.assets},
    )


def _hot_spot(camera: Camera, limit: HotSpotLimit) -> HotSpotRules:
    return HotSpotRules(
        camera=camera.id,
        high_c=limit.high_c,
        over_surroundings_k=limit.over_surroundings_k,
        timing=Timing(limit.on_delay, limit.dead_band_k),
        priority=priority(limit.consequence, limit.respond_within),
        response=limit.response,
        captures=_captures(camera),
    )


def _captures(camera: Camera) -> int:
    return max(CAPTURES, round(CAPTURES_S * camera.rate_hz))
