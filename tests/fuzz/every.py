"""Every fuzz target by its name: messages and the site file, thermal files, colours read as degrees, and cameras."""

from __future__ import annotations

from typing import Final

from tests.fuzz.network import NETWORK_TARGETS
from tests.fuzz.palettes import PALETTE_TARGETS
from tests.fuzz.targets import BY_NAME
from tests.fuzz.thermal_files import THERMAL_TARGETS

READERS: Final = {target.name: target for target in (*THERMAL_TARGETS, *PALETTE_TARGETS, *NETWORK_TARGETS)}
EVERY: Final = BY_NAME | READERS
