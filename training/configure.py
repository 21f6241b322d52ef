"""`python -m training.configure MODEL...`: write the configurations of models anew, by their cards.

Nothing is trained and the graph stays as it is: for models that were made before a configuration changed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from canairy.errors import CanairyError, ConfigurationError
from canairy.models import card as patchcore_card
from canairy.models import detector_card
from training.configuration import Configuration
from training.detector import configuration as of_detectors
from training.patchcore import configuration as of_patchcore


def configuration_for(model: Path) -> Configuration:
    """What Triton is to be told of a model, by its card.

    Raises:
        ConfigurationError: no card, one that is of neither kind, or a graph that is not the card's.
    """
    if "banks" in _told(model):
        return of_patchcore.configuration_by(patchcore_card.read_card(model))
    return of_detectors.configuration_by(detector_card.read_card(model))


def _told(model: Path) -> Sequence[str]:
    path = model / patchcore_card.FILE
    try:
        return list(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def main(models: Sequence[str]) -> int:
    """The exit status: 0, or 1 where a model could not be configured, or none was named."""
    try:
        if not models:
            raise ConfigurationError("name the folders of models, as in model_repository/patchcore")
        for model in map(Path, models):
            configuration_for(model).write(model)
    except CanairyError as error:
        sys.stderr.write(f"training.configure: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
