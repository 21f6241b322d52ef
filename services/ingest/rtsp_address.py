"""Where an RTSP camera is: `rtsp://HOST[:PORT]/PATH`, as the site file says it and as requests name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from canairy.errors import ConfigurationError
from canairy.site.model import Camera
from services.ingest.address import refuse_secret

PORT: Final = 554


@dataclass(frozen=True, slots=True)
class RtspAddress:
    """`base` is rtsp://HOST[:PORT] as written, `rest` what follows, "/" first."""

    host: str
    port: int
    base: str
    rest: str

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """The address of a camera; raises ConfigurationError, which repeats no password."""
        refuse_secret(camera, camera.source)
        try:
            parts = urlsplit(camera.source)
            host, port = parts.hostname, parts.port or PORT
        except ValueError:
            host, port = None, PORT
        if not host or any(character.isspace() for character in camera.source):
            raise ConfigurationError(f"{camera.id}: not an address: write rtsp://HOST/PATH or rtsp://HOST:PORT/PATH")
        rest = camera.source.removeprefix(f"rtsp://{parts.netloc}")
        return cls(host, port, f"rtsp://{parts.netloc}", rest if rest.startswith("/") else f"/{rest}")
