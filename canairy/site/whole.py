"""What must hold over the whole site file, beyond the shape of each part.

These rules read plain data that may be wrong in other places, so that every mistake is reported at once: whatever
does not have the expected shape is passed over here, since the model says so already.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from canairy.site.credentials import credential_mistakes
from canairy.site.document import Document, Location, Mistake, dotted
from canairy.site.model import EACH_FILE
from canairy.site.outlines import outline_mistakes
from canairy.site.parts import Found, Part, assets, cameras, points
from canairy.site.words import did_you_mean

SOURCE_KINDS: Final = ("folder", "video", "rtsp", "http+snapshot", "https+snapshot", "gige", "push", "simulated")
# Those that give whole files.
FILE_KINDS: Final = ("folder", "push", "http+snapshot", "https+snapshot")
# Which sources have which secrets.
SECRET_KINDS: Final = {"credentials": ("rtsp", "http+snapshot", "https+snapshot"), "ca": ("https+snapshot",)}


def whole_mistakes(document: Document) -> Iterator[Mistake]:
    """The mistakes of all rules, in no order."""
    registered = list(assets(document.data))
    rules = (
        _names(document),
        _sources(document.data),
        _secrets(document.data),
        _kept(document.data),
        _groups(document, registered),
        _loads(document, registered),
        _digest(document.data),
        _patches(document.data),
        outline_mistakes(document),
        credential_mistakes(document),
    )
    for rule in rules:
        for location, message in rule:
            yield Mistake(document.entry(location).line, dotted(location), message)


def _names(document: Document) -> Found:
    """Alarms, states and readings are keyed by point, so one name may stand for one point only."""
    first: dict[str, tuple[str, int]] = {}
    for kind, part in points(document.data):
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
    for camera in cameras(data):
        source = camera.data.get("source")
        if not isinstance(source, str) or ":" not in source:
            continue
        kind, _, rest = source.partition(":")
        location = (*camera.location, "source")
        if kind not in SOURCE_KINDS:
            yield location, f"unknown kind of source {kind!r}{did_you_mean(kind, SOURCE_KINDS)}"
        elif kind != "push" and not rest.strip():
            yield location, f"says {kind} and not where: nothing stands behind the colon"


def _secrets(data: Any) -> Found:  # noqa: ANN401 - whatever the file holds
    """Only a camera on the network asks who we are and shows a certificate."""
    for camera in cameras(data):
        kind = str(camera.data.get("source", "")).partition(":")[0]
        for key, kinds in SECRET_KINDS.items():
            if key in camera.data and kind in SOURCE_KINDS and kind not in kinds:
                yield (*camera.location, key), f"is for {' and '.join(f'{it}:' for it in kinds)}, this one is {kind}:"


def _kept(data: Any) -> Found:  # noqa: ANN401 - whatever the file holds
    """Only files hold more than temperatures: to ask for it elsewhere is no wish to be quietly ignored."""
    for camera in cameras(data):
        kind, privacy = str(camera.data.get("source", "")).partition(":")[0], camera.data.get("privacy")
        pictures = camera.data.get("temperatures") == "none" or camera.data.get("estimate") is not None
        for key in ("keep_visible_image", "keep_location"):
            asked = isinstance(privacy, dict) and privacy.get(key) is True
            if asked and (pictures or (kind in SOURCE_KINDS and kind not in FILE_KINDS)):
                yield (*camera.location, "privacy", key), "is of FLIR radiometric JPEG, which this camera does not give"


def _groups(document: Document, registered: list[Part]) -> Found:
    """Similar components: a difference needs someone to differ from, and phases that can be told apart."""
    members: dict[str, int] = {}
    phases: dict[tuple[str, str], Location] = {}
    for asset in registered:
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
    yield from _differences(registered, members)


def _differences(registered: list[Part], members: dict[str, int]) -> Found:
    for asset in registered:
        limits, group = asset.data.get("limits"), asset.data.get("group")
        compares = isinstance(limits, dict) and limits.get("delta_k") is not None
        alone = isinstance(group, str) and members[group] < 2
        location = (*asset.location, "limits", "delta_k")
        if compares and group is None:
            yield location, "needs a group of similar components to compare with: give the asset a `group`"
        elif compares and alone:
            yield location, f"compares with the others of group {group!r}, and there are none"
        elif alone:
            yield (*asset.location, "group"), f"a group needs two assets or more, and {group!r} has this one only"


def _loads(document: Document, registered: list[Part]) -> Found:
    declared = document.data.get("measurements") if isinstance(document.data, dict) else None
    known = declared if isinstance(declared, dict) else {}
    for asset in registered:
        load = asset.data.get("load")
        if isinstance(load, str) and load not in known:
            yield (*asset.location, "load"), f"{load!r} is not among the measurements{did_you_mean(load, known)}"


def _digest(data: Any) -> Found:  # noqa: ANN401 - whatever the file holds
    """The digest is of the file's bytes, so it cannot stand in the file; the model has a field for it."""
    if isinstance(data, dict) and "digest" in data:
        yield ("digest",), "unknown key 'digest': it is made of this file's bytes"


def _patches(data: Any) -> Found:  # noqa: ANN401 - whatever the file holds
    """A sensor that tells a patch's temperature is a measurement of the site; its camera measures temperatures."""
    known = data.get("measurements") if isinstance(data, dict) else None
    declared = known if isinstance(known, dict) else {}
    measures = True
    for kind, part in points(data):
        if kind == "camera":
            measures = part.data.get("temperatures") != "none" and part.data.get("estimate") is None
        patch = part.data.get("reference_patch") if kind == "view" else None
        if patch is not None and not measures:
            yield (*part.location, "reference_patch"), "is of a camera that measures no temperatures: nothing drifts"
        name = patch.get("measurement") if isinstance(patch, dict) else None
        if isinstance(name, str) and name not in declared:
            location = (*part.location, "reference_patch", "measurement")
            yield location, f"{name!r} is not among the measurements{did_you_mean(name, declared)}"
