"""Where a camera answers over HTTP: `http+snapshot://HOST[:PORT]/PATH`, `https+snapshot://...` with TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

from canairy.errors import ConfigurationError, Unavailable
from canairy.site.model import Camera
from services.ingest.address import refuse_secret

PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """`target` is the path with its query, "/" first."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """The address of a camera, http+snapshot:http://HOST too; raises ConfigurationError, repeats no password."""
        scheme, _, rest = camera.source.partition("+snapshot:")
        url = f"{scheme}:{rest}" if rest.startswith("//") else rest
        refuse_secret(camera, url)
        try:
            return cls._parsed(url)
        except ValueError:
            raise ConfigurationError(
                f"{camera.id}: not an address: write http+snapshot://HOST/PATH or https+snapshot://HOST:PORT/PATH"
            ) from None

    @classmethod
    def _parsed(cls, url: str) -> Self:
        parts = urlsplit(url)
        port = parts.port
        if parts.scheme not in PORTS or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], target)

    @property
    def base(self) -> str:
        """Without path and query, for whoever reads an error."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")

    def redirected(self, location: str) -> HttpAddress:
        """Where the camera sends us: to itself, with TLS at least where it was before; raises Unavailable elsewhere.

        Whoever could send us anywhere would see the credentials, or have us ask machines that only we can reach.
        """
        try:
            there = self._parsed(urljoin(self.base + self.target, location))
        except ValueError:
            raise Unavailable(f"{self.base}: it sends us to what is no address") from None
        same = there.host.lower() == self.host.lower()
        ours = there.port == self.port or (self.port, there.port) == (PORTS["http"], PORTS["https"])
        if not same or not ours or (self.scheme, there.scheme) == ("https", "http"):
            raise Unavailable(f"{self.base}: it sends us to {there.base}, and that is not followed")
        return there
