"""Recorded FLIR pictures against an independent reader, and against what cameras burnt into their own pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks import rjpeg_peer
from canairy.errors import UnreadableFile
from canairy.thermal.flir_camera import read_camera
from canairy.thermal.flir_raw import read_counts
from canairy.thermal.flir_records import read_records
from canairy.thermal.flir_segments import flir_file
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.planck import Planck
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, ObjectParameters, Radiometry
from canairy.thermal.rjpeg import read_rjpeg
from tests.helpers.thermal_files import halved

FILES = 31
REFUSED = {
    "detect_H20T.jpg": "not radiometric: a JPEG of DJI ZH20T",
    "detect_H20T_2.jpg": "not radiometric: a JPEG of DJI ZH20T",
    "fie_zenmuse_xtr.jpg": "not read: its FLIR data was written by ATAU_RBFO",
    "wikimedia_07.jpg": "not read: a ThermaCAM EX320",
}
# What a camera shows in the middle of its own picture, degC, where no edge lies near. Eight more show a spot or maximum
# that their stored counts do not repeat as well (docs/decisions/0012-radiometry.md).
SPOTS = {
    "detect_Flir_B60.jpg": (19.0 - 32) / 1.8,
    "detect_Flir_E40.jpg": 20.9,
    "wikimedia_02.jpg": 20.3,
    "wikimedia_04.jpg": 12.3,
    "wikimedia_13.jpg": 23.5,
    "wikimedia_19.jpg": 24.5,
}

Frames = dict[str, ThermalFrame]


@pytest.fixture(scope="module")
def pictures(test_data: Path) -> list[Path]:
    return sorted((test_data / "flir-rjpeg").glob("*.jpg"))


@pytest.fixture(scope="module")
def frames(pictures: list[Path]) -> Frames:
    return {path.name: read_rjpeg(path.read_bytes()) for path in pictures if path.name not in REFUSED}


@pytest.fixture(scope="module")
def peer(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, npt.NDArray[np.float64] | str]:
    """flyr's temperatures by the file's name, or why it gave none."""
    folder = tmp_path_factory.mktemp("flyr")
    try:
        answers = rjpeg_peer.ask("frames", pictures, folder)
    except rjpeg_peer.PeerMissing as error:
        pytest.skip(str(error))
    return {name: error or np.load(folder / f"{name}.npy") for name, error in answers.items()}


def test_twenty_seven_are_read_and_the_others_are_refused_by_name(pictures: list[Path], frames: Frames) -> None:
    assert len(pictures) == FILES
    assert len(frames) == 27
    for path in pictures:
        if path.name in REFUSED:
            with pytest.raises(UnreadableFile, match=REFUSED[path.name]):
                read_rjpeg(path.read_bytes())


def test_the_independent_reader_reads_the_same_files(
    frames: Frames, peer: dict[str, npt.NDArray[np.float64] | str]
) -> None:
    assert {name for name, answer in peer.items() if not isinstance(answer, str)} == set(frames)


def test_with_its_air_every_pixel_is_the_independent_reader_s(
    frames: Frames, peer: dict[str, npt.NDArray[np.float64] | str]
) -> None:
    apart = {}
    for name, frame in frames.items():
        theirs, (radiometry, known, counts) = peer[name], made_with(frame)
        assert not isinstance(theirs, str)
        ours = radiometry.planck.celsius(radiometry.behind(counts, halved(radiometry, known)))
        assert ours.shape == theirs.shape, name
        # A maximum over no number is none, and would be no failure.
        assert (np.isfinite(ours) == np.isfinite(theirs)).all(), name
        assert np.isfinite(ours).mean() > 0.99, name
        apart[name] = float(np.nanmax(np.abs(ours - theirs)))
    print({name: f"{it:.4f}" for name, it in apart.items()})

    assert len(apart) == 27
    assert max(apart.values()) <= 0.05, apart


def test_with_the_manual_s_air_the_difference_is_that_of_the_air(
    frames: Frames, peer: dict[str, npt.NDArray[np.float64] | str]
) -> None:
    apart = {}
    for name, frame in frames.items():
        theirs, (radiometry, known, _) = peer[name], made_with(frame)
        assert not isinstance(theirs, str)
        half = dataclasses.replace(known, distance_m=known.distance_m / 2)
        more_air = radiometry.transmission(known) - radiometry.transmission(half) ** 2
        apart[name] = (float(np.abs(frame.celsius - theirs).max()), more_air)
    print({name: f"{kelvin:.3f} K for {share:.4f} of transmission" for name, (kelvin, share) in apart.items()})

    assert all(share > 0 for _, share in apart.values())
    assert max(kelvin for kelvin, _ in apart.values()) < 0.6


@pytest.mark.parametrize(("metres", "over_k"), [(5.0, 0.3), (20.0, 0.5)])
def test_the_independent_reader_s_air_makes_an_object_of_80_degrees_warmer(metres: float, over_k: float) -> None:
    radiometry = Radiometry(Planck(r1=16951.8, b=1435.1, f=1.0, o=-7142.0, r2=0.014295))
    known = ObjectParameters(0.95, metres, 20.0, 20.0, 0.5)
    seen = np.asarray(radiometry.signal(80.0, known))

    theirs = float(radiometry.planck.celsius(radiometry.behind(seen, halved(radiometry, known))))

    assert theirs - 80.0 == pytest.approx(over_k, abs=0.06)


def test_the_fixed_camera_s_own_maximum_and_minimum(frames: Frames) -> None:
    ax8 = frames["fie_ax8.jpg"].celsius

    # It shows max 25.5 and min 24.3.
    assert round(float(ax8.max()), 1) == 25.5
    assert round(float(ax8.min()), 1) == 24.3


@pytest.mark.parametrize("name", SPOTS)
def test_the_middle_is_what_the_camera_shows_there(frames: Frames, name: str) -> None:
    celsius = frames[name].celsius
    middle = celsius[celsius.shape[0] // 2 - 1 :, celsius.shape[1] // 2 - 1 :][:3, :3]

    # The camera measured on, and rounded.
    assert float(middle.mean()) == pytest.approx(SPOTS[name], abs=0.35)


@pytest.mark.parametrize("name", SPOTS)
def test_with_the_other_sign_of_o_no_camera_would_show_what_it_shows(frames: Frames, name: str) -> None:
    radiometry, known, counts = made_with(frames[name])
    other = Radiometry(dataclasses.replace(radiometry.planck, o=-radiometry.planck.o), radiometry.atmosphere)
    height, width = counts.shape

    wrong = float(other.celsius_of(counts[height // 2, width // 2], known))

    assert wrong > SPOTS[name] + 20


def test_a_big_endian_camera_is_read_to_near_what_it_shows(pictures: list[Path]) -> None:
    """The one that is refused until somebody confirms it: docs/decisions/0012-radiometry.md."""
    path = next(it for it in pictures if it.name == "wikimedia_07.jpg")
    records = read_records(flir_file(path.read_bytes()))

    camera = read_camera(records.camera_info)
    celsius = camera.radiometry.celsius(read_counts(records.raw_data), camera.parameters)

    assert (records.raw_data.order, celsius.shape) == (">", (240, 320))
    assert float(celsius[119:122, 159:162].mean()) == pytest.approx(32.6, abs=0.75)


def test_degrees_are_corrected_nearly_as_well_as_counts(frames: Frames) -> None:
    apart = []
    for frame in frames.values():
        radiometry, known, _ = made_with(frame)
        to = dataclasses.replace(known, emissivity=0.8)
        own = radiometry.corrected(frame.celsius, known, to)
        usual = LONG_WAVE_RADIOMETRY.corrected(frame.celsius, known, to)
        # Below freezing it is the sky, whose reflection no emissivity of equipment explains.
        apart.append(float(np.abs(own - usual)[frame.celsius > 0].max(initial=0.0)))
    print(f"emissivity 0.8 by the usual curve, not the camera's own: {max(apart):.3f} K apart at most")

    assert max(apart) < 0.2


def made_with(frame: ThermalFrame) -> tuple[Radiometry, ObjectParameters, npt.NDArray[np.uint16]]:
    assert frame.radiometry is not None
    assert frame.parameters is not None
    assert frame.counts is not None
    assert isinstance(frame.radiometry.planck, Planck)
    return frame.radiometry, frame.parameters, frame.counts
