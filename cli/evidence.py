"""`canairy evidence`: the crops behind readings, as pictures in a folder."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import cv2
import typer

from canairy.errors import BrokerUnavailable, CanairyError, InvalidMessage
from canairy.messages.evidence import Evidence
from canairy.stream import schema
from canairy.stream.broker import Reader, Received
from canairy.stream.kafka import KafkaReader
from canairy.topics import EVIDENCE, FRAMES
from cli.connection import DataOption, ZoneOption, display_zone, kafka_settings
from cli.evidence_picture import draw
from cli.evidence_visible import visible_of
from cli.output import emit, printable, remark
from deploy.local.interrupts import interrupts

POLL_S: Final = 0.5
SAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME: Final = 100
VISIBLE: Final = ".visible.jpg"


class CannotWrite(CanairyError):
    """A picture cannot be written where it was asked for."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("evidence")(evidence)


def evidence(
    out: Annotated[Path, typer.Option("--out", help="The folder for the pictures.", show_default=False)],
    data: DataOption = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C; else all that is kept.")] = False,
    abnormal: Annotated[
        bool, typer.Option("--abnormal", help="Only what models find abnormal or not registered.")
    ] = False,
    keep: Annotated[int, typer.Option("--keep", help="Pictures in the folder; older ones are deleted.", min=1)] = 1000,
    visible: Annotated[
        bool, typer.Option("--visible", help="The visible pictures too, of cameras whose site file keeps them.")
    ] = False,
    zone: ZoneOption = None,
) -> None:
    """Write the crops on thermal.evidence as PNG: the crop, and where a model finds it abnormal, its score and map.

    One crop of each asset is kept every ten minutes, and every ten seconds near a limit or a threshold.
    """
    frames = KafkaReader(kafka_settings(data), [FRAMES], from_start=False) if visible else None
    album = Album(out, display_zone(zone, data), keep, abnormal_only=abnormal, frames=frames)
    reader = KafkaReader(kafka_settings(data), [EVIDENCE], from_start=True)
    try:
        with interrupts() as asked:
            while not asked.is_set():
                records = _poll(reader)
                for record in records:
                    album.add(record)
                if not (records or follow) and reader.at_end():
                    break
    finally:
        reader.close()
        if frames is not None:
            frames.close()


def _poll(reader: KafkaReader) -> list[Received]:
    try:
        return list(reader.poll(POLL_S, 100))
    except BrokerUnavailable as error:
        remark(f"canairy: {error}")
        return []


class Album:
    """Pictures in a folder, the newest `keep` of them."""

    def __init__(
        self, folder: Path, zone: ZoneInfo, keep: int, *, abnormal_only: bool = False, frames: Reader | None = None
    ) -> None:
        """`frames`: where the visible pictures are, when they are wanted."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._zone = zone
        self._keep = keep
        self._abnormal_only = abnormal_only
        self._frames = frames

    def add(self, record: Received) -> None:
        """Draw one piece of evidence; one that cannot be read is told and left out."""
        try:
            found = Evidence.decode(schema.payload(record, "Evidence"))
            if self._abnormal_only and not (_abnormal(found) or _unregistered(found)):
                return
            picture = draw(found, self._zone)
        except InvalidMessage as error:
            remark(f"canairy: evidence {record.offset} cannot be read: {error}")
            return
        path = self._folder / self._name(found)
        if not cv2.imwrite(str(path), picture):
            raise CannotWrite(f"{path} cannot be written")
        emit(printable(str(path)) + _where(found))
        if self._frames is not None:
            self._show(found, path.with_suffix(VISIBLE), self._frames)
        self._thin()

    @staticmethod
    def _show(found: Evidence, path: Path, frames: Reader) -> None:
        """Write the visible picture beside the crop; where the frame is gone that is told."""
        try:
            picture = visible_of(found, frames)
        except (InvalidMessage, BrokerUnavailable) as error:
            remark(f"canairy: no visible picture beside {printable(str(path))}: {error}")
            return
        if picture:
            path.write_bytes(picture)
            emit(printable(str(path)))

    @staticmethod
    def _name(found: Evidence) -> str:
        # By time first, so that the oldest sort first; UTC, since a local hour may come twice.
        at = found.header.captured_at.astimezone(UTC)
        return f"{at:%Y%m%dT%H%M%S.%f}Z-{SAFE.sub('_', found.asset)[:LONGEST_NAME]}.png"

    def _thin(self) -> None:
        for old in sorted(self._folder.glob("*Z-*.png"))[: -self._keep]:
            old.unlink(missing_ok=True)
            old.with_suffix(VISIBLE).unlink(missing_ok=True)


def _where(found: Evidence) -> str:
    """Where the camera stood, for who reads the list; empty where that is not kept."""
    place = found.header.location
    return "" if place is None else f"  at {place.latitude_deg:.6f}, {place.longitude_deg:.6f}"


def _abnormal(found: Evidence) -> bool:
    return found.anomaly is not None and found.anomaly.abnormal


def _unregistered(found: Evidence) -> bool:
    """Equipment that only a detector found: its name is its view's, and a number."""
    return found.equipment is not None and found.asset.startswith(f"{found.header.view}/")
