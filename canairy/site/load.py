"""Load a site file: valid as a whole or not at all, every mistake with its line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from canairy.errors import ConfigurationError
from canairy.site.credentials import redacted, secret_key
from canairy.site.document import Document, Location, Mistake, dotted, read_document
from canairy.site.model import Site
from canairy.site.whole import whole_mistakes
from canairy.site.words import explain

__all__ = [
    "MAX_BYTES",
    "Mistake",
    "check_content",
    "check_site",
    "load_site",
    "load_site_file",
    "mistake_line",
    "site_of",
]

MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The site, or why there is none."""

    site: Site | None
    mistakes: list[Mistake]
    content: bytes = b""


def load_site(path: Path) -> Site:
    """The site that `path` describes, with the digest of its bytes.

    Raises ConfigurationError that lists every mistake, one a line, as FILE:LINE: path.to.key: message.
    """
    return load_site_file(path)[0]


def load_site_file(path: Path) -> tuple[Site, bytes]:
    """The same, and the bytes that it was read from."""
    outcome = _read(path)
    if outcome.site is None:
        raise ConfigurationError("\n".join(mistake_line(path, mistake) for mistake in outcome.mistakes))
    return outcome.site, outcome.content


def check_site(path: Path) -> list[Mistake]:
    """Every mistake in a site file, in the order of its lines; empty when it can be loaded."""
    return _read(path).mistakes


def check_content(content: bytes) -> list[Mistake]:
    """As `check_site`, of a file's bytes."""
    return _read_bytes(content).mistakes


def site_of(content: bytes) -> Site:
    """As `load_site`, of a file's bytes: raises ConfigurationError that lists every mistake, one a line."""
    outcome = _read_bytes(content)
    if outcome.site is None:
        raise ConfigurationError("\n".join(mistake_line(Path("site file"), it) for it in outcome.mistakes))
    return outcome.site


def mistake_line(path: Path, mistake: Mistake) -> str:
    """FILE:LINE: path.to.key: message, without what is not known."""
    place = f"{path}:{mistake.line}" if mistake.line else str(path)
    return ": ".join(part for part in (place, mistake.path, mistake.message) if part)


def _read(path: Path) -> _Outcome:
    try:
        content = _bytes(path)
    except OSError as error:
        return _Outcome(None, [Mistake(0, "", f"cannot be read: {error.strerror or error}")])
    return replace(_read_bytes(content), content=content)


def _read_bytes(content: bytes) -> _Outcome:
    if len(content) > MAX_BYTES:
        return _Outcome(None, [Mistake(0, "", f"is larger than {MAX_BYTES} bytes: no site file is")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _Outcome(None, [Mistake(line, "", f"the byte 0x{content[error.start]:02x} is not UTF-8")])
    return _validated(read_document(text), hashlib.sha256(content).hexdigest()[:16])


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _validated(document: Document, digest: str) -> _Outcome:
    if document.data is None:
        return _Outcome(None, document.mistakes or [Mistake(1, "", "holds nothing: begin with `site:`")])
    found = set(document.mistakes) | set(whole_mistakes(document))
    site: Site | None = None
    try:
        # As JSON, where `strict` means what a writer of YAML means: lists and times may be written, but "5" is no
        # number and `true` is no temperature.
        site = Site.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        found |= set(_model_mistakes(document, error.errors(include_url=False)))
    if found or site is None:
        return _Outcome(None, sorted(replace(mistake, message=redacted(mistake.message)) for mistake in found))
    return _Outcome(site.model_copy(update={"digest": digest}), [])


def _model_mistakes(document: Document, errors: list[ErrorDetails]) -> Iterator[Mistake]:
    said: set[Location] = set()
    for error in errors:
        location = _location(document, error)
        entry = document.entry(location)
        message = _explained(error, entry.written, location)
        # An alternative of a union that failed too says the same thing in other words.
        if message is None or (location in said and error["loc"] != location):
            continue
        said.add(location)
        yield Mistake(entry.line, dotted(location), message)


def _explained(error: ErrorDetails, written: str, location: Location) -> str | None:
    """What is wrong, without the value where that may be a secret."""
    if secret_key(location) and error["type"] not in {"missing", "extra_forbidden"}:
        return "is not the name of a secret (its value is not shown)"
    return explain(error, written)


def _location(document: Document, error: ErrorDetails) -> Location:
    *around, last = error["loc"] or ("",)
    if error["type"] == "missing" and isinstance(last, str):
        return (*_within(document, tuple(around)), last)
    return _within(document, error["loc"])


def _within(document: Document, location: Location) -> Location:
    """`location` without pydantic's own marks in it: the names of alternatives and of keys."""
    kept: list[int | str] = []
    value = document.data
    for part in location:
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            kept.append(part)
            value = value[part]
    return tuple(kept)
