"""The source `http+snapshot://HOST/PATH` (`https+...` with TLS): a camera that is asked `rate_hz` times a second.

What it answers is a thermal file of any format that is read (FLIR radiometric JPEG, 16-bit PNG, ...), or the several
parts that Hikvision's thermal cameras send; with `temperatures: none` or an `estimate` a PNG or JPEG without any. An
answer that is none of these is a failure of the camera, told with what is wrong with it.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Final

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.secrets import Credentials, Secrets
from canairy.site.model import Camera
from canairy.thermal.eight_bit import read_eight_bit
from canairy.thermal.formats import ReadOptions, read_thermal_bytes
from canairy.thermal.frame import LinearScale, ThermalFrame
from canairy.thermal.hikvision import read_hikvision
from services.ingest.http_address import HttpAddress
from services.ingest.http_fetch import LIMITS, Answer, Fetcher, Limits
from services.ingest.retry import Pause, persistently
from services.ingest.source import Event, RawFrame, RawPicture
from services.ingest.temperatures import temperatures

FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 30.0


class SnapshotSource:
    """One camera. `wait` pauses for seconds and answers whether the service stops."""

    def __init__(
        self,
        camera: Camera,
        secrets: Secrets,
        wait: Callable[[float], bool],
        limits: Limits = LIMITS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ConfigurationError for an address that is none, and for a secret that is not there."""
        self._camera = camera
        self._address = HttpAddress.of(camera)
        self._secrets = secrets
        self._wait = wait
        self._limits = limits
        self._monotonic = monotonic
        if camera.ca is not None and self._address.scheme != "https":
            raise ConfigurationError(f"{camera.id}: `ca` is for https+snapshot: only TLS has certificates")
        self._credentials()
        self._tls()

    def events(self) -> Iterator[Event]:
        """Frames, and the reason whenever there are none, until the service stops."""
        return persistently(self._camera.id, self._polls, self._wait, Pause(FIRST_RETRY_S, LONGEST_RETRY_S))

    def _polls(self) -> Iterator[Event]:
        """Until something fails."""
        fetcher = Fetcher(self._address, self._credentials(), self._tls(), self._limits)
        due_s, period_s = self._monotonic(), 1 / self._camera.rate_hz
        while not self._wait(max(0.0, due_s - self._monotonic())):
            yield self._event(fetcher.get())
            # On the beat: a late answer makes the next one no later, and beats that went by are left out.
            due_s += period_s * max(1, math.floor((self._monotonic() - due_s) / period_s))

    def _event(self, answer: Answer) -> RawFrame | RawPicture:
        camera = self._camera
        try:
            if camera.pictures:
                return RawPicture(camera.id, camera.views[0].id, read_eight_bit(answer.content))
            found = temperatures(self._read(answer), camera, answer.content)
        except UnreadableFile as error:
            raise type(error)(f"{self._address.base}: what it answers: {error}") from error
        return found.frame(camera.id, camera.views[0].id)

    def _read(self, answer: Answer) -> ThermalFrame:
        if answer.content_type.lower().startswith("multipart/"):
            return read_hikvision(answer.content, answer.content_type)
        scale = LinearScale(self._camera.scale.scale_k, self._camera.scale.offset_c)
        return read_thermal_bytes(answer.content, ReadOptions(scale))

    def _credentials(self) -> Credentials | None:
        name = self._camera.credentials
        return None if name is None else self._secrets.credentials(name)

    def _tls(self) -> ssl.SSLContext | None:
        """The machine's authorities, or the one that the site file names and no other."""
        if self._address.scheme != "https":
            return None
        name = self._camera.ca
        try:
            return ssl.create_default_context(cafile=None if name is None else self._secrets.file(name))
        except (ssl.SSLError, OSError) as error:
            raise ConfigurationError(f"{self._camera.id}: the secret {name!r} is no certificate (PEM)") from error
