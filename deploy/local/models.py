"""Which models a site needs, and the server that has them on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from canairy.site.model import Site
from deploy.local.jars import ROOT
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton

REPOSITORY: Final = ROOT / "model_repository"
PATCHCORE: Final = "patchcore"
DETECTOR: Final = "detector"


def models_of(site: Site) -> Sequence[str]:
    """The models that the site file asks for; none: no server is started."""
    asked = {PATCHCORE: bool(site.banks), DETECTOR: site.detector is not None}
    return tuple(name for name, wanted in asked.items() if wanted)


def server_for(site: Site, repository: Path, folder: Path) -> Triton | None:
    """The server of the models that the site needs, its log in `folder`; None where it needs none."""
    wanted = models_of(site)
    return Triton(ensure_triton(), repository, folder, wanted) if wanted else None
