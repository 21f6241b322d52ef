"""Understands what comes in, and refuses what cannot be of this site: each record is judged alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraStatus
from canairy.messages.command import Command
from canairy.messages.detections import RegionKind
from canairy.messages.header import CANARY
from canairy.messages.measurement import Measurement
from canairy.messages.reading import Reading
from canairy.present import AHEAD
from canairy.stream import schema
from canairy.stream.broker import Received
from canairy.stream.troubles import other_site
from canairy.topics import CAMERAS, COMMANDS, MEASUREMENTS, READINGS
from services.alerting.judge.rules import SiteRules

Input = Reading | CameraStatus | Measurement | Command


class Intake:
    """Decodes the records of the four topics that the judge reads."""

    def __init__(self, rules: SiteRules) -> None:
        self._rules = rules
        self._decoders: Mapping[str, Callable[[Received, datetime], Input]] = {
            READINGS: self._reading,
            CAMERAS: self._status,
            MEASUREMENTS: self._measurement,
            COMMANDS: self._command,
        }

    def decode(self, record: Received, now: datetime) -> Input:
        """Raises InvalidMessage for what is damaged, of another site, unknown to the site file, or from the future."""
        decoder = self._decoders.get(record.topic)
        if decoder is None:
            raise InvalidMessage(f"the judge does not read {record.topic}")
        return decoder(record, now)

    def _reading(self, record: Received, now: datetime) -> Reading:
        reading = Reading.decode(schema.payload(record, "Reading"))
        header = reading.header
        self._ours(header.site)
        _not_ahead(header.captured_at, now, "captured_at")
        if CANARY in {header.camera, reading.asset}:
            _canary(reading)
        elif reading.kind is RegionKind.REGISTERED:
            self._registered(reading)
        else:
            self._find(reading)
        return reading

    def _registered(self, reading: Reading) -> None:
        header, asset = reading.header, self._rules.assets.get(reading.asset)
        self._camera(header.camera)
        if asset is None:
            raise InvalidMessage(f"asset {reading.asset!r} is not in the site file of {self._rules.site}")
        if (asset.camera, asset.view) != (header.camera, header.view):
            seen, stands = f"{header.camera}/{header.view}", f"{asset.camera}/{asset.view}"
            raise InvalidMessage(f"asset {asset.name} read in {seen}, and it stands in {stands}")

    def _find(self, reading: Reading) -> None:
        header = reading.header
        self._camera(header.camera)
        if not self._rules.has_view(header.camera, header.view):
            raise InvalidMessage(f"camera {header.camera} has no view {header.view!r} in the site file")
        if not reading.asset.startswith(f"{header.view}/"):
            raise InvalidMessage(f"hot spot {reading.asset!r} is not named after its view {header.view!r}")

    def _status(self, record: Received, now: datetime) -> CameraStatus:
        status = CameraStatus.decode(schema.payload(record, "CameraStatus"))
        self._ours(status.site)
        _not_ahead(status.at, now, "at")
        if status.camera != CANARY:
            self._camera(status.camera)
        return status

    def _measurement(self, record: Received, now: datetime) -> Measurement:
        measurement = Measurement.decode(schema.payload(record, "Measurement"))
        self._ours(measurement.site)
        _not_ahead(measurement.measured_at, now, "measured_at")
        if measurement.name not in self._rules.measurements:
            raise InvalidMessage(f"measurement {measurement.name!r} is not declared in the site file")
        return measurement

    def _command(self, record: Received, _now: datetime) -> Command:
        return Command.decode(schema.payload(record, "Command"))

    def _ours(self, site: str) -> None:
        if site != self._rules.site:
            raise other_site("a message", site, self._rules.site)

    def _camera(self, camera: str) -> None:
        if camera not in self._rules.cameras:
            raise InvalidMessage(f"camera {camera!r} is not in the site file of {self._rules.site}")


def _not_ahead(moment: datetime, now: datetime, name: str) -> None:
    if moment - now > AHEAD:
        ahead_s = (moment - now).total_seconds()
        raise InvalidMessage(f"from the future: {name} {moment.isoformat()} is {ahead_s:.1f} s ahead; check its clock")


def _canary(reading: Reading) -> None:
    if reading.asset == CANARY and reading.header.camera != CANARY:
        raise InvalidMessage(f"camera {reading.header.camera!r} uses the name {CANARY}, which is reserved")
