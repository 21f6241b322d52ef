"""What changed from one site file to another: thresholds, which hold from now on, and what needs a restart of whom.

A file is in force as a whole or not at all: where one change needs a restart, none is applied before it. So a digest
always stands for all of a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from canairy.site.document import Location, dotted, read_document
from canairy.site.model import Site

EVERY_SERVICE: Final = "every service"
# Keys of an asset, and of an alarm's terms, that only the judge reads, and that it reads anew for each reading.
_ASSET: Final = frozenset({"limits", "consequence", "respond_within", "response"})
# Who reads a key that only one service or two do. All others: everybody.
_READERS: Final = {
    **dict.fromkeys(("source", "scale", "radiometry", "time_pattern", "starts_at", "privacy", "size"), "ingest"),
    **dict.fromkeys(("reference", "moved_limit_px", "overlay", "reference_patch"), "ingest"),
    "silent_after": "ingest",
    "rate_hz": "ingest and alerting",
    "region": "detection",
    "detector": "detection",
    "bank": "anomaly",
    "measurements": "ingest and alerting",
    "alerting": "alerting",
    **dict.fromkeys(("group", "phase"), "alerting"),
}


def differences(old: Site, new: Site) -> list[Location]:
    """Where the two say different things; a list that has other members, or in another order, is one difference."""
    return list(_differences(old.model_dump(), new.model_dump(), ()))


def needs_restart(old: Site, new: Site) -> list[Location]:
    """The differences that cannot be applied to running services."""
    return [location for location in differences(old, new) if not _threshold(location)]


def refusal(content: bytes, locations: list[Location]) -> str:
    """Why a file is not applied, by its own lines: line 4: cameras[0].source needs a restart of ingest."""
    document = read_document(content.decode("utf-8-sig"))
    told = (f"line {document.entry(it).line}: {dotted(it)} needs a restart of {_readers(it)}" for it in locations)
    return "site file changed, not applied: " + "; ".join(told)


def _readers(location: Location) -> str:
    return next((_READERS[part] for part in reversed(location) if part in _READERS), EVERY_SERVICE)


def _threshold(location: Location) -> bool:
    """cameras[n].views[n].hotspot_limit.KEY, or cameras[n].views[n].assets[n].KEY of those that the judge reads."""
    match location:
        case ("cameras", int(), "views", int(), "hotspot_limit", _):
            return True
        case ("cameras", int(), "views", int(), "assets", int(), key, *_) if key in _ASSET:
            return True
        case ("cameras", int(), "views", int(), "assets", int(), "anomaly", "readings" | "of"):
            return True
    return False


def _differences(old: Any, new: Any, location: Location) -> Iterator[Location]:  # noqa: ANN401 - any part of a site
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old | new:
            yield from _differences(old.get(key), new.get(key), (*location, key))
    elif _members(old) is not None and _members(old) == _members(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, (*location, index))
    elif old != new:
        yield location


def _members(value: Any) -> list[str] | None:  # noqa: ANN401 - any part of a site
    """The names in a list of cameras, views or assets; None for anything else."""
    if isinstance(value, tuple) and value and all(isinstance(it, dict) and "id" in it for it in value):
        return [it["id"] for it in value]
    return None
