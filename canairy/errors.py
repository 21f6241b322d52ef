"""What can go wrong, by what is done about it.

    CanairyError
    ├── InvalidMessage     this message is bad: dead letter, go on with the next
    │   └── OtherSite      it is good, and of another site: put aside, and nobody's camera is blamed
    ├── Unavailable        a dependency is away: back off, keep the batch, try again
    │   └── BrokerUnavailable
    ├── Fenced             another member has taken over: drop what is in hand, write nothing
    ├── TooManyInvalid     most of the traffic is bad: stop, a human must look
    ├── ConfigurationError settings, site file or topics are wrong: nothing starts
    └── UnreadableFile     a file is not what it says it is

Whatever is not in this tree is a defect: the process dies uncommitted and its supervisor starts it again.
"""

from __future__ import annotations

import math


class CanairyError(Exception):
    """Root of every error that canAIry raises on purpose."""


class InvalidMessage(CanairyError):
    """A message that can never be handled, however often it is tried."""


class OtherSite(InvalidMessage):
    """A message of another site: two sites use one broker. The text names both."""


class Unavailable(CanairyError):
    """A dependency (Triton, a disk) does not answer now and may answer later."""

    # Seconds after which whoever raised it does without the dependency: longer pauses would be in vain.
    patience_s: float = math.inf


class BrokerUnavailable(Unavailable):
    """Kafka does not answer now."""


class Fenced(CanairyError):
    """This member lost its partitions to another one; what it holds must not be written."""


class TooManyInvalid(CanairyError):
    """More than half of the recent messages were invalid: the fault is not in single messages."""


class ConfigurationError(CanairyError):
    """Settings, site file or topics are wrong. The text lists every mistake, one a line."""


class UnreadableFile(CanairyError):
    """A file that cannot be read as what it should be; the text names the file and the reason."""
