"""Secrets stand in the site file by name only. Whoever wrote one in is told where, and nobody is told the secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from canairy.site.document import Document, Location
from canairy.site.parts import Found

# Names of keys and of parts of an address that hold a secret.
TELLING_NAMES: Final = r"pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api_?key|auth"
SECRET_KEY: Final = re.compile(TELLING_NAMES, re.IGNORECASE)
# Before the host: user@, user:password@. A password with a "/" in it ends the host too early, and leaves a port that
# is no number.
USER: Final = re.compile(r"//[^\s/?#]*@|//[^\s/?#\[\]:]*:(?!\d*(?:[/?#]|$))")
QUERY: Final = re.compile(rf"[?&;](?:{TELLING_NAMES})=", re.IGNORECASE)
# All of an address that may be part of a secret.
_BEFORE_HOST: Final = re.compile(r"//.*@")
_UNTIL_SPACE: Final = re.compile(r"//[^\s/?#\[\]:]*:(?!\d*(?:[/?#\s]|$))\S*")
_AFTER_WORD: Final = re.compile(rf"([?&;](?:{TELLING_NAMES})=)[^&;\s]*", re.IGNORECASE)


def credential_mistakes(document: Document) -> Found:
    """Every text in the file that holds a secret."""
    for location, text in _texts(document.data, ()):
        if USER.search(text):
            yield location, "holds a user or password: keep them as a secret, and name it here by `credentials`"
        elif QUERY.search(text):
            yield location, "holds a password in its query: keep it as a secret, and name it here by `credentials`"


def redacted(text: str) -> str:
    """A message without the secrets that a value quoted in it may hold."""
    text = _BEFORE_HOST.sub("//***@", text)
    return _AFTER_WORD.sub(r"\1***", _UNTIL_SPACE.sub("//***", text))


def secret_key(location: Location) -> bool:
    """Whether what stands at `location` may be a secret by the name of its key."""
    return any(isinstance(part, str) and SECRET_KEY.fullmatch(part) for part in location)


def _texts(value: Any, location: Location) -> Iterator[tuple[Location, str]]:  # noqa: ANN401 - whatever the file holds
    """Every text in plain data, and where it stands. What is behind several aliases comes several times."""
    if isinstance(value, str):
        yield location, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*location, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*location, index))
