"""What befell a service's reading and must be heard of beyond its log: flags that the canary carries to the heartbeat.

The canary walks through every service, so each adds what it knows to the canary's frame. It stands in the `status` of
the site's heartbeat on thermal.alerts, and is an alarm of the site.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from canairy.errors import OtherSite
from canairy.log import get_logger
from canairy.messages.header import CANARY, FrameHeader

log = get_logger()

# Retention, or a topic that was made anew, took messages that this service had not read.
OFFSET_OUT_OF_RANGE: Final = "offset_out_of_range"
# Messages of another site stand on our topics: two sites use one broker.
OTHER_SITE: Final = "other_site"
# What a judge remembered could not be read, or is gone.
STATE_LOST: Final = "state_lost"

# Somebody changed the site file, and it has mistakes; or what was changed in it needs a restart.
SITE_FILE_INVALID: Final = "site_file_invalid"
SITE_FILE_NOT_APPLIED: Final = "site_file_not_applied"

# Long enough for three canaries at the usual one a minute.
TOLD_S: Final = 180.0
# What happens again and again is logged as often as this.
SAID_EVERY_S: Final = 60.0


@dataclass(slots=True)
class Troubles:
    """Remembers what happened for as long as it takes to tell it."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[str, float] = field(default_factory=dict)
    _said: dict[str, float] = field(default_factory=dict)

    def happened(self, flag: str, why: str) -> None:
        """Something of this kind happened just now; the same `why` is logged once a minute."""
        now = self.clock()
        self._until[flag] = now + TOLD_S
        if now - self._said.get(why, now - SAID_EVERY_S) >= SAID_EVERY_S:
            self._said[why] = now
            log.error("trouble", trouble=flag, reason=why)

    def flags(self) -> tuple[str, ...]:
        """What is to be told now."""
        now = self.clock()
        # A copy: who watches a file tells its troubles from a thread of its own.
        return tuple(sorted(flag for flag, until in list(self._until.items()) if now < until))

    def over(self, flag: str) -> None:
        """What happened is put right: it is not told any more."""
        self._until.pop(flag, None)

    def onto(self, header: FrameHeader) -> FrameHeader:
        """The header of a canary with these flags; of any other frame, as it is."""
        if header.camera != CANARY or not self._until:
            return header
        return header.flagged(*self.flags())


def other_site(what: str, site: str, ours: str) -> OtherSite:
    """The error for a message of another site."""
    return OtherSite(f"{what} of site {site!r}, and this is {ours!r}: two sites use one broker")
