"""How urgent an alarm is, from its consequence and the time an operator has to answer.

ISA-18.2 and IEC 62682 ask a site to rationalise each alarm by consequence and time to respond. They give no table;
this one is canAIry's own:

    consequence   respond within 30 min   later
    high          high                    medium
    medium        medium                  low
    low           low                     low

A `high_high` alarm stands one level above the asset's others. Coverage is always low: a camera that is away is no
danger by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from canairy.messages.alarm import Priority

PROMPT: Final = timedelta(minutes=30)
# consequence: (respond within 30 min, later)
TABLE: Final = {
    "high": (Priority.HIGH, Priority.MEDIUM),
    "medium": (Priority.MEDIUM, Priority.LOW),
    "low": (Priority.LOW, Priority.LOW),
}
ABOVE: Final = {
    Priority.LOW: Priority.MEDIUM,
    Priority.MEDIUM: Priority.HIGH,
    Priority.HIGH: Priority.HIGH,
}


def priority(consequence: str, respond_within: timedelta) -> Priority:
    """The priority of an asset's alarms; `consequence` is low, medium or high."""
    prompt, later = TABLE[consequence]
    return prompt if respond_within <= PROMPT else later


def one_above(level: Priority) -> Priority:
    """The priority of the alarm at the second, more dangerous limit."""
    return ABOVE[level]
