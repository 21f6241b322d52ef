"""Where references are kept, and how one is learnt."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from canairy.simulator.ill import ILL
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.site.model import Site
from canairy.thermal.formats import read_thermal
from services.ingest.grid import Kelvin
from services.ingest.reference_folder import FOLDER, ReferenceFolder
from services.ingest.source import RawFrame
from services.ingest.teaching import AGAIN, FRAMES, Teaching
from tests.helpers.ingest import after, camera, handler_of, site_of


def well(second: float) -> Kelvin:
    script = ILL.camera("well")
    assert script is not None
    return Scene(script, 3).render(second).astype(np.float32) * np.float32(SCALE_K) + np.float32(OFFSET_K)


PICTURE = well(0.0)


def asset(x: int) -> dict[str, object]:
    return {"id": "joint", "equipment": "0201", "region": [[x, 8], [x + 8, 8], [x + 8, 16]]}


def watching(folder: Path, **view: object) -> tuple[Site, ReferenceFolder]:
    site = site_of(camera(views=[{"id": "bay-1", **view}]))
    return site, ReferenceFolder.of(site, folder, folder / "ingest")


def test_what_was_learnt_is_there_after_a_restart_and_can_be_looked_at(tmp_path: Path) -> None:
    site, shelf = watching(tmp_path)
    one = site.cameras[0]
    assert shelf.reference(one, one.views[0]) is None

    shelf.keep(one, one.views[0], PICTURE)
    again = watching(tmp_path)[1].reference(one, one.views[0])

    assert again is not None
    assert np.abs(again - PICTURE).max() < 1e-3
    (file,) = (tmp_path / "ingest" / FOLDER).iterdir()
    assert read_thermal(file).kind == "tiff-float"


def test_a_view_that_is_drawn_anew_is_learnt_anew(tmp_path: Path) -> None:
    site, shelf = watching(tmp_path, assets=[asset(8)])
    shelf.keep(site.cameras[0], site.cameras[0].views[0], PICTURE)

    same, once = watching(tmp_path, assets=[asset(8)])
    assert once.reference(same.cameras[0], same.cameras[0].views[0]) is not None

    other, again = watching(tmp_path, assets=[asset(9)])
    assert again.reference(other.cameras[0], other.cameras[0].views[0]) is None


def test_what_was_learnt_before_a_mask_was_added_is_removed_at_the_start(tmp_path: Path) -> None:
    site, shelf = watching(tmp_path)
    shelf.keep(site.cameras[0], site.cameras[0].views[0], PICTURE)
    (tmp_path / "ingest" / FOLDER / "cam-01.bay-1.half").write_bytes(b"half of one")
    masked = site_of(camera(privacy={"masks": [[[0, 0], [99, 0], [99, 99]]]}))

    ReferenceFolder.of(masked, tmp_path, tmp_path / "ingest")

    assert list((tmp_path / "ingest" / FOLDER).iterdir()) == []


@pytest.mark.parametrize("change", [{"reference": "none"}, {"id": "bay-2"}])
def test_what_no_view_learns_any_more_is_removed(tmp_path: Path, change: dict[str, object]) -> None:
    site, shelf = watching(tmp_path)
    shelf.keep(site.cameras[0], site.cameras[0].views[0], PICTURE)

    watching(tmp_path, **change)

    assert list((tmp_path / "ingest" / FOLDER).iterdir()) == []


def test_what_cannot_be_removed_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "ingest" / FOLDER / "a-folder.tiff").mkdir(parents=True)

    with pytest.raises(ConfigurationError, match=r"a-folder\.tiff: .*may show what a mask hides"):
        watching(tmp_path)


def test_what_is_learnt_shows_nothing_of_what_a_mask_hides(tmp_path: Path) -> None:
    """From the frames of a camera to the file: under the mask it is the median of the rest."""
    script = ILL.camera("well")
    assert script is not None
    mask = [[200, 100], [299, 100], [299, 199], [200, 199]]
    site = site_of(camera("well", "simulated:ill", privacy={"masks": [mask]}))
    handler = handler_of(site, shelf=ReferenceFolder.of(site, tmp_path, tmp_path))
    scene = Scene(script, 3)

    for second in range(10):
        handler.handle(RawFrame("well", "bay-1", scene.render(second), SCALE_K, OFFSET_K, after(second)), after(second))

    (file,) = (tmp_path / FOLDER).iterdir()
    learnt = read_thermal(file).celsius
    assert float(np.ptp(learnt[100:200, 200:300])) < 0.1
    assert float(np.ptp(well(0.0)[100:200, 200:300])) > 1


def test_a_learnt_one_that_is_damaged_is_learnt_anew(tmp_path: Path) -> None:
    site, shelf = watching(tmp_path)
    one = site.cameras[0]
    shelf.keep(one, one.views[0], PICTURE)
    (file,) = (tmp_path / "ingest" / FOLDER).iterdir()
    file.write_bytes(file.read_bytes()[:100])

    assert shelf.reference(one, one.views[0]) is None


def test_where_nothing_can_be_written_the_learnt_one_is_only_not_kept(tmp_path: Path) -> None:
    (tmp_path / "ingest").write_text("a file where a folder should be")
    site, shelf = watching(tmp_path)

    shelf.keep(site.cameras[0], site.cameras[0].views[0], PICTURE)

    assert shelf.reference(site.cameras[0], site.cameras[0].views[0]) is None


def test_a_reference_of_the_site_file_is_read_with_the_cameras_scale(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "bay.png"), np.full((48, 64), 1200, np.uint16))
    one = camera(scale={"scale_k": 0.1, "offset_c": -100}, views=[{"id": "bay-1", "reference": "bay.png"}])
    site = site_of(one)

    found = ReferenceFolder.of(site, tmp_path, tmp_path / "ingest").reference(site.cameras[0], site.cameras[0].views[0])

    assert found is not None
    assert found[0, 0] == pytest.approx(20 + 273.15, abs=1e-3)


def test_every_reference_that_cannot_be_read_is_told_by_camera_view_and_file(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    views = [{"id": "bay-1", "reference": "gone.png"}, {"id": "bay-2", "reference": "text.png"}]

    with pytest.raises(ConfigurationError) as failure:
        ReferenceFolder.of(site_of(camera(views=views)), tmp_path, tmp_path)

    first, second = str(failure.value).splitlines()
    assert first.startswith("cam-01: reference of view bay-1: gone.png: ")
    assert second.startswith("cam-01: reference of view bay-2: text.png: ")


def taught(pictures: list[Kelvin], apart_s: float = 1.0) -> Kelvin | None:
    teaching, learnt = Teaching(), None
    for number, picture in enumerate(pictures):
        if teaching.due(after(number * apart_s)):
            learnt = teaching.saw(picture, after(number * apart_s)) if learnt is None else learnt
    return learnt


def test_a_view_is_learnt_from_five_frames_with_less_noise_than_one() -> None:
    pictures = [well(second) for second in range(FRAMES)]
    learnt = taught(pictures)

    assert learnt is not None
    assert (learnt - well(50)).std() < (pictures[0] - well(50)).std()
    assert taught(pictures[:-1]) is None


def test_a_bare_wall_is_not_learnt() -> None:
    rng = np.random.default_rng(4)
    wall = [(293 + rng.normal(0, 0.05, (512, 640))).astype(np.float32) for _ in range(FRAMES)]

    assert taught(wall) is None


def test_a_camera_that_is_being_set_up_is_not_learnt_and_tried_again_later() -> None:
    moving = [np.roll(well(second), 7 * second, axis=1) for second in range(FRAMES)]
    teaching = Teaching()
    learnt = [teaching.saw(picture, after(second)) for second, picture in enumerate(moving)]

    assert learnt == [None] * FRAMES
    assert not teaching.due(after(FRAMES + 60))
    assert teaching.due(after(FRAMES) + AGAIN)
