"""What must hold over the whole site file, beyond the shape of each part.

These rules read plain data that may be wrong in other places, so that every mistake is reported at once: whatever
does not have the expected shape is passed over here, since the model says so already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from canairy.site.document import Document, Location, Mistake, dotted
from canairy.site.model import EACH_FILE
from canairy.site.words import did_you_mean

SOURCE_KINDS: Final = ("folder", "video", "rtsp", "http+snapshot", "gige", "push", "simulated")

Mapping = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """One camera, view or asset of the file, and where it stands."""

    location: Location
    data: Mapping


def whole_mistakes(document: Document) -> Iterator[Mistake]:
    """The mistakes of all rules, in no order."""
    assets = list(_assets(document.data))
    rules = (_names(document), _sources(document.data), _groups(document, assets), _loads(document, assets))
    for rule in (*rules, _patches(document.data)):
        for location, message in rule:
            yield Mistake(document.entry(location).line, dotted(location), message)
    for asset in assets:
        if _area_px(asset.data.get("region")) == 0:
            location = (*asset.location, "region")
            yield Mistake(
                document.entry(location).line, dotted(location), "encloses no area: its corners lie on a line"
            )


Found = Iterator[tuple[Location, str]]


def _names(document: Document) -> Found:
    """Alarms, states and readings are keyed by point, so one name may stand for one point only."""
    first: dict[str, tuple[str, int]] = {}
    for kind, part in _points(document.data):
        name, location = part.data.get("id"), (*part.location, "id")
        if not isinstance(name, str) or name == EACH_FILE:
            continue
        if name in first:
            other, line = first[name]
            yield (
                location,
                (
                    f"{name!r} is the id of the {other} in line {line} already: "
                    "site, cameras, views and assets must all have different ids"
                ),
            )
        else:
            first[name] = kind, document.entry(location).line


def _sources(data: Any) -> Found:  # noqa: ANN401 - whatever the file holds
    for camera in _cameras(data):
        source = camera.data.get("source")
        if not isinstance(source, str) or ":" not in source:
            continue
        kind, _, rest = source.partition(":")
        location = (*camera.location, "source")
        if kind not in SOURCE_KINDS:
            yield location, f"unknown kind of source {kind!r}{did_you_mean(kind, SOURCE_KINDS)}"
        elif kind != "push" and not rest.strip():
            yield location, f"says {kind} and not where: nothing stands behind the colon"


def _groups(document: Document, assets: list[_Part]) -> Found:
    """Similar components: a difference needs someone to differ from, and phases that can be told apart."""
    members: dict[str, int] = {}
    phases: dict[tuple[str, str], Location] = {}
    for asset in assets:
        group, phase = asset.data.get("group"), asset.data.get("phase")
        if not isinstance(group, str):
            continue
        members[group] = members.get(group, 0) + 1
        if isinstance(phase, str) and phase:
            location = (*asset.location, "phase")
            first = phases.setdefault((group, phase), location)
            if first != location:
                line = document.entry(first).line
                yield location, f"phase {phase!r} is in group {group!r} already, in line {line}"
    yield from _differences(assets, members)


def _differences(assets: list[_Part], members: dict[str, int]) -> Found:
    for asset in assets:
        limits = asset.data.get("limits")
        if not isinstance(limits, dict) or limits.get("delta_k") is None:
            continue
        group = asset.data.get("group")
        location = (*asset.location, "limits", "delta_k")
        if group is None:
            yield location, "needs a group of similar components to compare with: give the asset a `group`"
        elif isinstance(group, str) and members[group] < 2:
            yield location, f"compares with the others of group {group!r}, and there are none"


def _loads(document: Document, assets: list[_Part]) -> Found:
    declared = document.data.get("measurements") if isinstance(document.data, dict) else None
    known = declared if isinstance(declared, dict) else {}
    for asset in assets:
        load = asset.data.get("load")
        if isinstance(load, str) and load not in known:
            yield (*asset.location, "load"), f"{load!r} is not among the measurements{did_you_mean(load, known)}"


def _patches(data: Any) -> Found:  # noqa: ANN401 - whatever the file holds
    """A sensor that tells a patch's temperature is a measurement of the site."""
    known = data.get("measurements") if isinstance(data, dict) else None
    declared = known if isinstance(known, dict) else {}
    for kind, view in _points(data):
        patch = view.data.get("reference_patch") if kind == "view" else None
        name = patch.get("measurement") if isinstance(patch, dict) else None
        if isinstance(name, str) and name not in declared:
            location = (*view.location, "reference_patch", "measurement")
            yield location, f"{name!r} is not among the measurements{did_you_mean(name, declared)}"


def _points(data: Any) -> Iterator[tuple[str, _Part]]:  # noqa: ANN401 - whatever the file holds
    site = data.get("site") if isinstance(data, dict) else None
    if isinstance(site, dict):
        yield "site", _Part(("site",), site)
    for camera in _cameras(data):
        yield "camera", camera
        for view in _parts(camera, "views"):
            yield "view", view
            for asset in _parts(view, "assets"):
                yield "asset", asset


def _assets(data: Any) -> Iterator[_Part]:  # noqa: ANN401 - whatever the file holds
    return (part for kind, part in _points(data) if kind == "asset")


def _cameras(data: Any) -> Iterator[_Part]:  # noqa: ANN401 - whatever the file holds
    return _parts(_Part((), data), "cameras") if isinstance(data, dict) else iter(())


def _parts(owner: _Part, key: str) -> Iterator[_Part]:
    items = owner.data.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield _Part((*owner.location, key, index), item)


def _area_px(region: Any) -> float | None:  # noqa: ANN401 - whatever the file holds
    """Area of a polygon by the shoelace formula; None when it is no polygon at all."""
    if not isinstance(region, list) or len(region) < 3 or not all(map(_is_point, region)):
        return None
    following = [*region[1:], region[0]]
    twice: int = sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in zip(region, following, strict=True))
    return abs(twice) / 2


def _is_point(point: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    return isinstance(point, list) and len(point) == 2 and all(type(side) is int for side in point)
