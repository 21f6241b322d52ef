"""Pictures without temperatures, as models that learned from temperatures are shown them.

What is black in an 8-bit picture is the low end of a model's window, what is white its high end. That gives a picture
and no degrees: an 8-bit picture was stretched over whatever was in front of the camera.
"""

from __future__ import annotations

from typing import Final

WHITE: Final = 255


def over_window(window_k: tuple[float, float]) -> tuple[float, float]:
    """`scale_k` and `offset_k` that spread grey levels, 0 to 255, over a model's window (low, high) in kelvin."""
    low, high = window_k
    return (high - low) / WHITE, low
