"""From a site file's cameras to the sources behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError
from canairy.secrets import Secrets
from canairy.site.model import Camera, Site
from services.ingest.folder import FolderSource
from services.ingest.folder_memory import FolderMemory
from services.ingest.http_snapshot import SnapshotSource
from services.ingest.rtsp import RtspSource
from services.ingest.simulated import SimulatedSource
from services.ingest.source import Source
from services.ingest.video import VideoSource

KINDS: Final = ("folder", "video", "rtsp", "http+snapshot", "https+snapshot", "simulated", "push")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What sources are made with: relative folders start at `base`; `wait` pauses and answers whether to stop."""

    base: Path
    memory: FolderMemory
    wait: Callable[[float], bool]
    clock: Callable[[], datetime]
    secrets: Secrets = field(default_factory=lambda: Secrets(None))


def make_sources(site: Site, workshop: Workshop) -> list[tuple[Camera, Source]]:
    """A source for each camera that ingest reads itself; raises ConfigurationError with every mistake, one a line."""
    made: list[tuple[Camera, Source]] = []
    mistakes: list[str] = []
    for camera in site.cameras:
        try:
            made += ((camera, source) for source in _source(camera, workshop))
        except ConfigurationError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return made


def _source(camera: Camera, workshop: Workshop) -> Iterator[Source]:
    place = camera.source.partition(":")[2]
    match camera.kind:
        case "folder":
            yield FolderSource(camera, workshop.base / place, workshop.memory, workshop.wait)
        case "video":
            yield VideoSource(camera, workshop.base / place, workshop.memory, workshop.wait)
        case "rtsp":
            yield RtspSource(camera, workshop.secrets, workshop.wait)
        case "http+snapshot" | "https+snapshot":
            yield SnapshotSource(camera, workshop.secrets, workshop.wait)
        case "simulated":
            yield SimulatedSource(camera, workshop.wait, workshop.clock)
        case "push":
            return
        case kind:
            raise ConfigurationError(f"{camera.id}: this release cannot read {kind}: sources, only {', '.join(KINDS)}")
