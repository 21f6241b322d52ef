"""What could not be scored goes on as if no model had been asked: nothing says that a look is missing."""

from __future__ import annotations

from services.anomaly import handler
from services.anomaly.crops import Crops
from tests.chaos.variants.mid_batch import run


def unflagged(crops: Crops) -> Crops:
    """The frame as it came."""
    return crops


if __name__ == "__main__":
    # Where the step looks for it.
    vars(handler)["_unscored"] = unflagged
    run()
