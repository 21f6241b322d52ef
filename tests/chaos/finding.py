"""What a verdict is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RAISED: Final = "raised"
RETURNED: Final = "returned"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its name, and where."""

    name: str
    text: str
