"""What the page shows, and what it sends back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.detect_model import Equipment

from canairy.errors import ConfigurationError
from canairy.site.load import load_site
from canairy.site.model import EACH_FILE, EQUIPMENT, Camera, View
from canairy.site.teach import Lesson, Outlined, outlined_of, teach
from cli.teach.reference import Reference


@dataclass(slots=True)
class Classroom:
    """One view of one site file, and a reference frame of it; `named`: as the site file will name it, if it will."""

    file: Path
    camera: str
    view: str
    reference: Reference
    proposals: tuple[Outlined, ...] = ()
    named: str | None = None
    _writing: Lock = field(default_factory=Lock)

    def to_json(self) -> dict[str, Any]:
        """All that the page needs to begin; read anew each time, so that it shows what the file says now."""
        site = load_site(self.file)
        camera, view = found(self.file, self.camera, self.view)
        return {
            "site": site.site.id,
            "digest": site.digest,
            "camera": camera.id,
            "view": view.id,
            "width": self.reference.width,
            "height": self.reference.height,
            "temperatures": self.reference.celsius is not None,
            "equipment": EQUIPMENT,
            "masks": camera.privacy.masks,
            "assets": [
                {
                    "id": it.id,
                    "equipment": it.equipment,
                    "region": it.region,
                    "phase": it.phase,
                    "group": it.group or "",
                }
                for it in view.assets
            ],
            "proposals": [it.to_plain() for it in self.proposals],
        }

    def save(self, sent: Mapping[str, Any]) -> str:
        """Write what the page sent; answers the file's new digest. Raises as `teach` does."""
        assets, digest = sent.get("assets"), sent.get("digest")
        if not isinstance(assets, list) or not isinstance(digest, str):
            raise ConfigurationError("needs `assets`, a list, and `digest`, a text")
        return self.write(outlined_of(assets), digest)

    def write(self, outlined: tuple[Outlined, ...], digest: str) -> str:
        """Write outlines into the site file; one at a time."""
        with self._writing:
            lesson = Lesson(self.camera, self.view, self.reference.size, outlined, self.named)
            return teach(self.file, lesson, digest)


def found(file: Path, camera: str, view: str) -> tuple[Camera, View]:
    """A camera and its view by name; raises ConfigurationError that says which there are."""
    cameras = load_site(file).cameras
    of_name = next((it for it in cameras if it.id == camera), None)
    if of_name is None:
        raise ConfigurationError(f"{file}: no camera {camera!r}: it has {', '.join(it.id for it in cameras)}")
    exact = next((it for it in of_name.views if it.id == view and view != EACH_FILE), None)
    if exact is None:
        raise ConfigurationError(
            f"{file}: {camera} has no view {view!r} to outline equipment in: "
            f"it has {', '.join(it.id for it in of_name.views)}"
        )
    return of_name, exact


def proposed(view: str, boxes: Iterable[Equipment], taken: Sequence[str]) -> tuple[Outlined, ...]:
    """Boxes of a detector as outlines with names of their own: VIEW-CODE-1, VIEW-CODE-2, surest first."""
    names = set(taken)
    made = []
    for box in boxes:
        code = box.label.partition(" ")[0]
        number = next(it for it in range(1, len(names) + 2) if f"{view}-{code}-{it}" not in names)
        names.add(f"{view}-{code}-{number}")
        left, top, right, bottom = (
            round(box.x),
            round(box.y),
            round(box.x + box.width) - 1,
            round(box.y + box.height) - 1,
        )
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        made.append(Outlined(f"{view}-{code}-{number}", code, tuple((max(0, x), max(0, y)) for x, y in corners)))
    return tuple(made)
