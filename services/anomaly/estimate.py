"""Readings of estimated temperatures: what is known of them that a measured temperature does not need."""

from __future__ import annotations

from dataclasses import replace

from canairy.messages.header import OVER_RANGE
from canairy.messages.reading import Reading


def at_its_end(reading: Reading) -> Reading:
    """The same reading, flagged `over_range` where its hottest pixel has the colour of the palette's hot end.

    It is that hot or hotter. Asked of each reading and not of the frame: what a camera prints over its picture is often
    of that colour, and must not make a lower bound of every temperature beside it.
    """
    most_c, measured = reading.header.estimate_most_c, reading.temperatures
    if most_c is None or measured is None or measured.max_c < most_c:
        return reading
    return replace(reading, header=reading.header.flagged(OVER_RANGE))
