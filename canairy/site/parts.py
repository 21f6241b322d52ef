"""The cameras, views and assets of a site file as plain data, which may be wrong in other places.

Rules over the whole file read these, so that every mistake is reported at once: whatever does not have the expected
shape is passed over, since the model says so already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from canairy.site.document import Location

# Where something is wrong, and what.
Found = Iterator[tuple[Location, str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One camera, view or asset of the file, and where it stands."""

    location: Location
    data: dict[str, Any]


def points(data: Any) -> Iterator[tuple[str, Part]]:  # noqa: ANN401 - whatever the file holds
    """Whatever has an id: (site, camera, view or asset; the part)."""
    site = data.get("site") if isinstance(data, dict) else None
    if isinstance(site, dict):
        yield "site", Part(("site",), site)
    for camera in cameras(data):
        yield "camera", camera
        for view in parts(camera, "views"):
            yield "view", view
            for asset in parts(view, "assets"):
                yield "asset", asset


def assets(data: Any) -> Iterator[Part]:  # noqa: ANN401 - whatever the file holds
    """Every asset of every camera."""
    return (part for kind, part in points(data) if kind == "asset")


def cameras(data: Any) -> Iterator[Part]:  # noqa: ANN401 - whatever the file holds
    """Every camera."""
    return parts(Part((), data), "cameras") if isinstance(data, dict) else iter(())


def regions(camera: Part) -> Iterator[tuple[Location, Any]]:
    """Where temperatures of a camera are taken, its assets and reference patches, and what stands there."""
    for view in parts(camera, "views"):
        patch = view.data.get("reference_patch")
        if isinstance(patch, dict):
            yield (*view.location, "reference_patch", "region"), patch.get("region")
        for asset in parts(view, "assets"):
            yield (*asset.location, "region"), asset.data.get("region")


def masks(camera: Part) -> Iterator[tuple[Location, Any]]:
    """Where each privacy mask of a camera is outlined, and what stands there."""
    privacy = camera.data.get("privacy")
    outlines = privacy.get("masks") if isinstance(privacy, dict) else None
    for index, outline in enumerate(outlines if isinstance(outlines, list) else ()):
        yield (*camera.location, "privacy", "masks", index), outline


def parts(owner: Part, key: str) -> Iterator[Part]:
    """The mappings in the list that stands at `key` of `owner`."""
    items = owner.data.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield Part((*owner.location, key, index), item)
