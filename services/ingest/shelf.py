"""The port to where references of views are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from canairy.site.model import Camera, View
from services.ingest.grid import Kelvin


class Shelf(Protocol):
    """What views should look like, float32 (height, width), kelvin."""

    def reference(self, camera: Camera, view: View) -> Kelvin | None:
        """The reference of a view: the site file's, or one that was learnt; None where there is none."""

    def keep(self, camera: Camera, view: View, picture: Kelvin) -> None:
        """Keep one that was learnt, over a restart too where that can be done."""


@dataclass(frozen=True, slots=True)
class MemoryShelf:
    """Kept as long as the process lives."""

    pictures: dict[str, Kelvin] = field(default_factory=dict)

    def reference(self, camera: Camera, view: View) -> Kelvin | None:
        """As `Shelf.reference`."""
        del camera
        return self.pictures.get(view.id)

    def keep(self, camera: Camera, view: View, picture: Kelvin) -> None:
        """As `Shelf.keep`."""
        del camera
        self.pictures[view.id] = picture
