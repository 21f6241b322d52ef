"""Secrets by name: one file each in CANAIRY_SECRETS_DIR, as Kubernetes and systemd mount them.

The site file says `credentials: NAME`, the file NAME holds `user:password`. A secret is read when it is needed, so one
that is replaced counts from the next connection on. It never stands in a log, an error, an argument or the environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError

MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who one is to a camera; shown without the password."""

    user: str
    password: str = field(repr=False)


class Secrets:
    """The secrets in a folder; None: there is none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def credentials(self, name: str) -> Credentials:
        """The secret `name` of `user:password`; raises ConfigurationError, which names the file and never its content.

        The first colon ends the user (RFC 7617); a line's end behind the password is not part of it.
        """
        user, colon, password = self._text(name).rstrip("\r\n").partition(":")
        if not colon or not user:
            raise ConfigurationError(f"the secret {name!r} must hold user:password, and does not")
        if any(not it.isprintable() for it in (user, password)):
            raise ConfigurationError(f"the secret {name!r} must be one line of user:password")
        return Credentials(user, password)

    def file(self, name: str) -> Path:
        """The file of the secret `name`, e.g. a certificate; raises ConfigurationError when there is none."""
        if self._folder is None:
            raise ConfigurationError(f"the site file names the secret {name!r}: set CANAIRY_SECRETS_DIR")
        path = self._folder / name
        if not path.is_file():
            raise ConfigurationError(f"there is no secret {name!r}: {path} is no file")
        return path

    def _text(self, name: str) -> str:
        path = self.file(name)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(f"the secret {name!r} cannot be read: {error.strerror or error}") from error
        if len(content) > MAX_BYTES:
            raise ConfigurationError(f"the secret {name!r} is larger than {MAX_BYTES} bytes")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise ConfigurationError(f"the secret {name!r} is not UTF-8") from None
