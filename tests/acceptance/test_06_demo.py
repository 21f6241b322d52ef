"""What the demo shows of the models: a run of `make demo` from its start to its end, and the pictures it leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from canairy.models.card import sha256_of
from canairy.simulator.demo import BLOCKED, DEMO, FINS, radiator
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.site.load import load_site
from canairy.site.model import Site
from deploy.local.jars import ROOT
from tests.acceptance.helpers.demo import SITE, Run

REPOSITORY = ROOT / "model_repository"


def _pictures(run: Run, asset: str) -> Sequence[Path]:
    return sorted((run.data / "evidence").glob(f"*Z-{asset}.png"))


def _site() -> Site:
    return load_site(SITE)


def test_triton_starts_with_everything_else_and_has_both_models(demo_run: Run) -> None:
    assert demo_run.code == 0, demo_run.said
    assert any(
        line.startswith("canairy: starting Triton on 127.0.0.1:") and line.endswith(" with patchcore, detector")
        for line in demo_run.said.splitlines()
    )


def test_the_asset_that_looks_abnormal_is_not_the_hottest_and_under_every_limit() -> None:
    site = _site()
    scenes = [Scene(script) for script in DEMO.cameras]
    asset = next(it for it in site.assets if it.id == "tr-301-radiator")
    hottest_c = max(float(scene.render(60.0).max()) * SCALE_K + OFFSET_K - 273.15 for scene in scenes)
    (left, top), (right, bottom) = asset.region[0], asset.region[2]

    crop = scenes[0].render(60.0)[top:bottom, left:right]
    warmest_c = float(crop.max()) * SCALE_K + OFFSET_K - 273.15

    assert asset.limits.high_c is not None
    assert warmest_c < asset.limits.high_c - 30
    assert warmest_c < hottest_c - 30
    assert 0 < len(BLOCKED) < FINS == len(radiator())


def test_patchcore_finds_it_and_no_temperature_limit_does(demo_run: Run) -> None:
    raised = [line for line in demo_run.lines if "  RAISED  tr-301-radiator  " in line]

    assert len(raised) == 1, demo_run.lines
    assert "looks abnormal: score" in raised[0]
    assert "threshold" in raised[0]


def test_score_map_and_crop_are_a_picture_in_the_data_folder(demo_run: Run) -> None:
    pictures = _pictures(demo_run, "tr-301-radiator")

    assert pictures
    picture = cv2.imread(str(pictures[0]))
    assert picture is not None
    height, width = picture.shape[:2]
    assert min(height, width) > 300
    # The crop left and the map right, not twice the same, and neither is empty.
    left, right = picture[20:320, 20 : width // 3], picture[20:320, width // 2 : width // 2 + width // 3 - 20]
    assert np.ptp(left) > 100
    assert np.ptp(right) > 100


def test_the_detector_finds_the_circuit_breakers_that_nobody_registered(demo_run: Run) -> None:
    found = {path.name.partition("Z-")[2] for path in (demo_run.data / "evidence").glob("*.png")}

    assert {name for name in found if name.startswith("bay-2_find-")} == {f"bay-2_find-{n}.png" for n in (1, 2, 3)}
    assert not any(line for line in demo_run.lines if "bay-2/find" in line)


def test_every_model_of_the_demo_has_a_card_that_is_true(demo_run: Run) -> None:
    del demo_run
    for name in ("patchcore", "detector"):
        card = json.loads((REPOSITORY / name / "card.json").read_text(encoding="utf-8"))
        assert card["sha256"] == sha256_of(REPOSITORY / name / "1/model.onnx")
        assert "Apache-2.0" in card["licence"]
