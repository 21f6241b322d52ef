"""patchcore.md: one page of two sections, each written by the command that measures it."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.machine import describe

PAGE: Final = Path(__file__).with_name("patchcore.md")
TITLE: Final = "# PatchCore on recorded crops\n"
_START: Final = "\n## "


def put_section(heading: str, text: str, page: Path = PAGE) -> None:
    """Write a section, in the place of the one with its heading or at the end."""
    sections = page.read_text(encoding="utf-8").split(_START)[1:] if page.is_file() else []
    places = [number for number, section in enumerate(sections) if section.startswith(f"{heading}\n")]
    place = places[0] if places else len(sections)
    sections[place : place + 1] = [f"{heading}\n\n{text.strip()}\n"]
    page.write_text(TITLE + "".join(_START + section.rstrip("\n") + "\n" for section in sections), encoding="utf-8")


def machine(*packages: str) -> str:
    """What it is measured on, in a sentence."""
    found = describe()
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{found['cores']} cores, {found['cpu']}; {versions}."


def load() -> float:
    """Mean number of runnable processes of the last minute: what else the machine did, before; with ours, after."""
    return os.getloadavg()[0]
