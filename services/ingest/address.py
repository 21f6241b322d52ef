"""What the addresses of all cameras have in common: no secret stands in one."""

from __future__ import annotations

from canairy.errors import ConfigurationError
from canairy.site.model import Camera


def refuse_secret(camera: Camera, url: str) -> None:
    """Raises ConfigurationError, which repeats no password, for an address that names a user before its host.

    A site file with one is a mistake before it comes here; an address is where one would do harm.
    """
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise ConfigurationError(
            f"{camera.id}: its address holds a user or password: keep them as a secret, named by `credentials`"
        )
