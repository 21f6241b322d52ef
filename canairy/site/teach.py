"""Outlines into a site file: taught equipment becomes assets of a view, and all that was there stays as it was.

The file is replaced in one step, by one that `check_site` finds no mistake in, and that says nothing else anywhere
but in what was taught.
"""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from canairy.errors import ConfigurationError
from canairy.site.document import Mistake, read_document
from canairy.site.load import check_site, load_site, mistake_line
from canairy.site.splice import Change, add_items, changed, scalar, set_keys, value_of


class Refused(ConfigurationError):
    """The site file would have mistakes, so it stays as it is."""

    def __init__(self, path: Path, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(mistake_line(path, mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Outlined:
    """Equipment in a view: its outline in pixels from the top left. Empty `phase` and `group`: as they are."""

    id: str
    equipment: str
    region: tuple[tuple[int, int], ...]
    phase: str = ""
    group: str = ""

    def to_yaml(self) -> dict[str, str]:
        """Its keys as they are written."""
        points = ", ".join(f"[{x}, {y}]" for x, y in self.region)
        texts = {"equipment": f'"{self.equipment}"', "region": f"[{points}]"}
        more = {key: scalar(text) for key, text in (("phase", self.phase), ("group", self.group)) if text}
        return {"id": scalar(self.id)} | texts | more

    def to_plain(self) -> dict[str, Any]:
        """Its keys as they are read."""
        more = {key: text for key, text in (("phase", self.phase), ("group", self.group)) if text}
        return {"id": self.id, "equipment": self.equipment, "region": [list(it) for it in self.region]} | more


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is taught of one view: `size` is the reference frame's width and height, pixels.

    `reference`: how the site file is to name that frame from now on; None: as it is.
    """

    camera: str
    view: str
    size: tuple[int, int]
    outlined: tuple[Outlined, ...]
    reference: str | None = None


def teach(path: Path, lesson: Lesson, digest: str) -> str:
    """Write a lesson into the site file, which must still have this digest; answers the digest it has then.

    Raises:
        Refused: the file would have mistakes then.
        ConfigurationError: it was changed meanwhile, has no such view, or cannot be written.
    """
    path = path.resolve()
    if load_site(path).digest != digest:
        raise ConfigurationError(f"{path.name}: was changed by somebody else since: begin again")
    before = path.read_bytes().decode("utf-8-sig")
    after = changed(before, _changes(before, lesson))
    if read_document(after).data != _expected(read_document(before).data, lesson):
        raise ConfigurationError(f"{path.name}: is written in a way that only a person can change; nothing was")
    with _beside(path, after) as new:
        mistakes = check_site(new)
        if mistakes:
            raise Refused(path, mistakes)
        new.replace(path)
    return load_site(path).digest


def _changes(text: str, lesson: Lesson) -> list[Change]:
    camera = _named(value_of(YAML(typ="safe", pure=True).compose(text), "cameras"), lesson.camera, "camera")
    view = _named(value_of(camera, "views"), lesson.view, "view")
    known = {_name(node): node for node in _items(value_of(view, "assets"))}
    changes: list[Change] = []
    for outlined in lesson.outlined:
        if outlined.id in known:
            changes += set_keys(text, known[outlined.id], outlined.to_yaml())
    new = [outlined.to_yaml() for outlined in lesson.outlined if outlined.id not in known]
    changes += add_items(text, view, "assets", new) if new else []
    changes += [] if lesson.reference is None else set_keys(text, view, {"reference": scalar(lesson.reference)})
    # What is outermost comes last: all of it may stand behind the same line.
    return changes + ([] if value_of(camera, "size") is not None else set_keys(text, camera, {"size": _size(lesson)}))


def _expected(data: Any, lesson: Lesson) -> Any:  # noqa: ANN401 - a whole site file
    """The file's data with the lesson in it."""
    data = copy.deepcopy(data)
    camera = next(it for it in data["cameras"] if it["id"] == lesson.camera)
    camera.setdefault("size", list(lesson.size))
    view = next(it for it in camera["views"] if it["id"] == lesson.view)
    if lesson.reference is not None:
        view["reference"] = lesson.reference
    if not lesson.outlined:
        return data
    assets = view["assets"] = list(view.get("assets") or [])
    for outlined in lesson.outlined:
        known = next((it for it in assets if it["id"] == outlined.id), None)
        if known is None:
            assets.append(outlined.to_plain())
        else:
            known.update(outlined.to_plain())
    return data


@contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    """A file beside `path` with this text, on the disk; it is gone afterwards unless it was moved."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, new)
        yield new
    finally:
        new.unlink(missing_ok=True)


def _named(listed: Node | None, name: str, kind: str) -> MappingNode:
    found = next((node for node in _items(listed) if _name(node) == name), None)
    if found is None:
        known = ", ".join(_name(node) for node in _items(listed))
        raise ConfigurationError(f"no {kind} {name!r} in the site file: it has {known or 'none'}")
    return found


def _items(listed: Node | None) -> Sequence[MappingNode]:
    items = listed.value if isinstance(listed, SequenceNode) else []
    return [item for item in items if isinstance(item, MappingNode)]


def _name(node: Node) -> str:
    name = value_of(node, "id")
    return "" if name is None else str(name.value)


def _size(lesson: Lesson) -> str:
    return "[{}, {}]".format(*lesson.size)


def outlined_of(assets: Sequence[Mapping[str, Any]]) -> tuple[Outlined, ...]:
    """Outlines as a browser sends them; raises ConfigurationError that names what is missing or of the wrong kind."""
    return tuple(_outlined(number, asset) for number, asset in enumerate(assets, 1))


def _outlined(number: int, asset: Mapping[str, Any]) -> Outlined:
    try:
        region = tuple((int(x), int(y)) for x, y in asset["region"])
        texts = {key: str(asset.get(key) or "") for key in ("phase", "group")}
        return Outlined(str(asset["id"]), str(asset["equipment"]), region, **texts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"outline {number}: needs id, equipment and region [[x, y], ...] ({error!r})"
        ) from error
