"""Folders as cameras, in a running stack: recorded FLIR pictures, data set 514, an FTP drop, a folder shared by two."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.frame import Frame
from canairy.messages.header import TIME_ASSIGNED, UNDER_RANGE
from canairy.messages.radiometry import Radiometry
from canairy.messages.reading import Reading
from canairy.thermal.csv_514 import read_csv_514
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.rjpeg import read_rjpeg
from tests.acceptance.helpers.site import tenths, write_png
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.waiting import until
from tests.helpers.frames import heated, scene
from tests.helpers.thermal_files import csv_514

LONG_AGO = 1.75e9
# Of the 31 recorded pictures; a dead letter each, with what it says.
REFUSED = {
    "detect_H20T.jpg": "not radiometric: a JPEG of DJI ZH20T",
    "detect_H20T_2.jpg": "not radiometric: a JPEG of DJI ZH20T",
    "fie_zenmuse_xtr.jpg": "not read: its FLIR data was written by ATAU_RBFO",
    "wikimedia_07.jpg": "not read: a ThermaCAM EX320",
}
BETTER = {"emissivity": 0.8, "reflected_c": 12.0, "window": {"transmission": 0.95, "temperature_c": 15.0}}
OVERRIDES = {"emissivity": 0.8, "reflected_c": 12.0, "window_transmission": 0.95, "window_c": 15.0}
KOREAN, BROKEN = ("변압기_1.png".encode("cp949"), "변압기_2.png".encode("cp949"))
HOT = {"high_c": 60.0}


def camera(name: str, source: str, view: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    views = [{"id": view, "hotspot_limit": HOT}]
    return {"id": name, "source": f"folder:{source}", "views": views} | more


def site(flir: Path, bushings: Path) -> dict[str, Any]:
    tenth = {"scale": {"scale_k": 0.1, "offset_c": -100}, "starts_at": "2026-03-01T00:00:00Z"}
    return {
        "site": {"id": "folders-ss", "timezone": "Asia/Seoul"},
        "cameras": [
            camera("flir", str(flir), "handheld"),
            camera("better", str(flir), "better-known", radiometry=BETTER),
            camera("cctv", "cctv", "bay-1"),
            camera("one", "shared", "bay-2", files="one_*.png", **tenth),
            camera("korean", "shared", "bay-3", files="변압기_*.png", **tenth),
            camera("ftp", "drop", "bay-4", subfolders=True, time_pattern="%Y-%m-%d/%H%M%S", scale=tenth["scale"]),
            camera("slow", "slow", "bay-5"),
            camera("twice", "twice", "bay-6"),
            camera("scales", "scales", "bay-7", scale="0.1K"),
            camera("bushings", str(bushings), "bay-8", temperatures="none", files="local_00_0__*.jpg"),
        ],
    }


def picture(celsius: float = 20.0) -> np.ndarray[Any, np.dtype[np.float32]]:
    return scene(96, 128, celsius) + np.linspace(0.0, 4.0, 96, dtype=np.float32)[:, None]


def save(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))


@dataclass(frozen=True)
class Place:
    """A running stack, and the folders that it watches."""

    up: RunningStack
    folder: Path
    flir: Path
    bushings: Path

    def frames(self, name: str) -> list[Frame]:
        return [Frame.decode(it.value or b"") for it in self.up.log.records(topics.FRAMES, name)]

    def letters(self, name: str) -> dict[bytes, str]:
        found = self.up.log.records(topics.dead_letters(topics.FRAMES), name)
        return {it.headers["dlq-file"]: it.headers["dlq-reason"].decode() for it in found}

    def finished(self, name: str, files: int) -> None:
        """Wait until the camera has told that it is read to its end, and so many files are accounted for."""
        self.up.until(
            lambda: any(
                CameraStatus.decode(it.value or b"").state is CameraState.FINISHED
                for it in self.up.log.records(topics.CAMERAS, name)
            ),
            f"the end of {name}",
        )
        self.up.until(lambda: len(self.frames(name)) + len(self.letters(name)) >= files, f"all {files} of {name}")


@pytest.fixture(scope="module")
def place(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("folders")
    flir = (test_data / "flir-rjpeg").resolve()
    bushings = (test_data / "wall-bushing-views").resolve()
    write(folder, flir)
    (folder / "site.yaml").write_text(json.dumps(site(flir, bushings)), encoding="utf-8")
    with running(folder / "site.yaml", folder / "data") as up:
        yield Place(up, folder, flir, bushings)
    with running(folder / "site.yaml", folder / "data") as up:
        check_nothing_is_read_again(up)
    shutil.rmtree(folder, ignore_errors=True)


def write(folder: Path, flir: Path) -> None:
    """What lies there before the start."""
    jpg = cv2.imencode(".jpg", np.full((512, 640, 3), 90, np.uint8))[1].tobytes()
    for name, content in (("0201_1", csv_514()), ("0201_2", csv_514().replace(b"Distance", b"Depth"))):
        save(folder / "cctv" / f"{name}.csv", content)
        save(folder / "cctv" / f"{name}.jpg", jpg)
        save(folder / "cctv" / f"{name}.json", b"{}")
    save(folder / "cctv" / "0201_3.csv", csv_514().replace(b";21.00;", b";nan;", 1).rsplit(b"\n", 9)[0])
    save(folder / "cctv" / "lonely.jpg", jpg)
    write_png(folder / "shared" / "one_1.png", tenths(picture()))
    write_png(folder / "shared" / "two_1.png", tenths(picture()))
    # OpenCV takes no name that is not UTF-8.
    hot = write_png(folder / "shared" / "hot.png", tenths(heated(picture(), 60, 40, 8, 70.0)))
    hot.rename(hot.with_name(os.fsdecode(KOREAN)))
    save(folder / "shared" / os.fsdecode(BROKEN), b"no picture")
    write_png(folder / "drop" / "2026-03-06" / "001500.png", tenths(picture(22.0)))
    write_png(folder / "drop" / "2026-03-05" / "233000.png", tenths(picture()))
    for name in ("slow", "twice"):
        (folder / name).mkdir()
    save(folder / "twice" / "a.jpg", (flir / "detect_T640.jpg").read_bytes())
    save(folder / "twice" / "b.jpg", (flir / "detect_T640.jpg").read_bytes())
    slope = np.repeat(np.arange(3000, 3096, dtype=np.uint16)[:, None], 128, axis=1)
    write_png(folder / "scales" / "a.png", slope)


def check_nothing_is_read_again(up: RunningStack) -> None:
    """After the stories: all of it is finished again, and each file is there once."""
    names = [it["id"] for it in site(Path(), Path())["cameras"]]
    for name in names:
        up.until(lambda name=name: _ended(up, name) >= 2, f"{name} to be read to its end again")  # type: ignore[misc]
    counted = {name: len(up.log.records(topics.FRAMES, name)) for name in names}
    assert counted == {
        "flir": 27, "better": 27, "cctv": 1, "one": 1, "korean": 1, "ftp": 3, "slow": 1, "twice": 2, "scales": 1,
        "bushings": 3,
    }  # fmt: skip


def _ended(up: RunningStack, name: str) -> int:
    told = [CameraStatus.decode(it.value or b"") for it in up.log.records(topics.CAMERAS, name)]
    return len({it.since for it in told if it.state is CameraState.FINISHED})


def recorded(flir: Path) -> list[ThermalFrame]:
    return [read_rjpeg(path.read_bytes()) for path in sorted(flir.glob("*.jpg")) if path.name not in REFUSED]


def matching(frames: list[Frame], wanted: npt.NDArray[np.float32]) -> Frame:
    """The frame that shows the same temperatures, within half a count."""
    for frame in frames:
        celsius = frame.thermogram.celsius()
        if celsius.shape == wanted.shape and np.abs(celsius - wanted).max() <= 0.0055:
            return frame
    raise AssertionError("no frame shows these temperatures")


def test_twenty_seven_recorded_flir_pictures_come_with_their_temperatures_and_the_others_are_named(
    place: Place,
) -> None:
    place.finished("flir", 31)

    frames, letters = place.frames("flir"), place.letters("flir")
    assert {name.decode() for name in letters} == REFUSED.keys()
    assert all(REFUSED[name.decode()] in reason for name, reason in letters.items())
    for frame in recorded(place.flir):
        assert frame.parameters is not None
        assert matching(frames, frame.celsius).radiometry == Radiometry.of(frame.parameters, frame.radiometry)


def test_they_come_in_the_order_of_their_capture_and_those_of_unset_clocks_are_counted(place: Place) -> None:
    place.finished("flir", 31)

    headers = [frame.header for frame in place.frames("flir")]
    told = [it.captured_at for it in headers if TIME_ASSIGNED not in it.flags]
    assert told == sorted(told)
    # Three of the cameras say 1999.
    assert len(headers) - len(told) == 3


def test_what_the_site_file_knows_better_replaces_what_a_file_says_and_a_window_is_reckoned_with(place: Place) -> None:
    place.finished("better", 31)

    frames, skies = place.frames("better"), 0
    for frame in recorded(place.flir):
        assert frame.parameters is not None
        to = replace(frame.parameters, **OVERRIDES)
        celsius = frame.corrected(to)
        # A cold sky sends less than equipment of emissivity 0.8 would reflect.
        sky = bool((~(celsius >= -100)).any())
        came = matching(frames, np.where(celsius >= -100, celsius, np.float32(-100)))
        assert came.radiometry.parameters == to
        assert (UNDER_RANGE in came.header.flags) is sky
        skies += sky
    assert 0 < skies < 10


def test_of_data_set_514_the_csv_is_the_frame_and_its_picture_and_label_are_company(place: Place) -> None:
    place.finished("cctv", 4)

    (frame,) = place.frames("cctv")
    np.testing.assert_allclose(frame.thermogram.celsius(), read_csv_514(csv_514()).celsius, atol=0.0211)
    # 415 degC are beyond what 0.01 K a count reach.
    assert frame.thermogram.scale_k == 0.04
    assert float(frame.thermogram.celsius().max()) == pytest.approx(415.0, abs=0.021)


def test_malformed_files_of_data_set_514_are_dead_letters_with_the_line(place: Place) -> None:
    place.finished("cctv", 4)

    letters = place.letters("cctv")
    assert letters.keys() == {b"0201_2.csv", b"0201_3.csv", b"lonely.jpg"}
    assert "line 3 begins with 'Depth', 'Distance' should stand there" in letters[b"0201_2.csv"]
    assert "truncated: 504 lines of temperatures, 512 are needed" in letters[b"0201_3.csv"]
    assert "not radiometric" in letters[b"lonely.jpg"]


def test_two_cameras_share_a_folder_and_a_korean_name_keeps_its_bytes(place: Place) -> None:
    place.finished("one", 1)
    place.finished("korean", 2)

    assert len(place.frames("one")) == len(place.frames("korean")) == 1
    place.up.until(lambda: place.up.log.events("bay-3/find-1"), "the alarm of the hot one")
    assert not place.up.log.events("bay-2/find-1")
    letters = place.letters("korean")
    assert list(letters) == [BROKEN]
    assert "not a PNG file" in letters[BROKEN]


def test_a_folder_a_day_is_read_in_the_order_of_its_times_and_a_file_that_arrives_later_too(place: Place) -> None:
    place.finished("ftp", 2)
    part = place.folder / "drop" / "2026-03-07" / ".120000.png.part"
    write_png(place.folder / "120000.png", tenths(picture(24.0)))
    part.parent.mkdir()
    # As an FTP server does it: under another name first.
    (place.folder / "120000.png").rename(part)
    part.rename(part.with_name("120000.png"))

    place.up.until(lambda: len(place.frames("ftp")) == 3, "the third")
    assert [it.header.captured_at for it in place.frames("ftp")] == [
        datetime(2026, 3, 5, 23, 30, tzinfo=UTC),
        datetime(2026, 3, 6, 0, 15, tzinfo=UTC),
        datetime(2026, 3, 7, 12, 0, tzinfo=UTC),
    ]


def test_a_file_that_is_written_in_pieces_is_a_frame_when_it_is_whole(place: Place) -> None:
    whole = (place.flir / "fie_ax8.jpg").read_bytes()
    third = len(whole) // 3
    with (place.folder / "slow" / "a.jpg").open("wb") as file:
        for part in (whole[:third], whole[third : 2 * third], whole[2 * third :]):
            file.write(part)
            file.flush()
            seen = len(place.up.log.records(topics.CAMERAS, "slow"))
            # Long enough for the folder to have been looked into.
            until(lambda seen=seen: len(place.up.log.records(topics.CAMERAS, "slow")) > seen, "a heartbeat")  # type: ignore[misc]

    frames = place.up.until(lambda: place.frames("slow"), "the frame")

    assert not place.letters("slow")
    assert round(float(frames[0].thermogram.celsius().max()), 1) == 25.5


def test_the_same_content_under_two_names_is_accounted_for_twice_and_judged_once(place: Place) -> None:
    place.finished("twice", 2)

    one, other = place.frames("twice")
    assert one.header.frame == other.header.frame
    # 97.7 degC are a hot spot beyond the view's limit, and one alarm.
    events = place.up.until(lambda: place.up.log.events("bay-6/find-1"), "the alarm")
    place.up.until(lambda: len(readings(place.up, "bay-6/find-1")) >= 2, "both readings")
    assert len(events) == 1


def readings(up: RunningStack, asset: str) -> list[Reading]:
    return [Reading.decode(it.value or b"") for it in up.log.records(topics.READINGS, asset)]


def test_a_scale_by_its_name_is_so_many_kelvin_a_count_from_nought(place: Place) -> None:
    place.finished("scales", 1)

    (frame,) = place.frames("scales")
    assert (frame.thermogram.scale_k, frame.thermogram.offset_k) == (0.1, 0.0)
    assert float(frame.thermogram.celsius().min()) == pytest.approx(300 - 273.15, abs=1e-3)


def test_pictures_of_a_camera_without_temperatures_come_as_they_are(place: Place) -> None:
    place.finished("bushings", 3)

    files = sorted(place.bushings.glob("local_00_0__*.jpg"))
    assert len(files) == 3
    wanted = {np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)).tobytes() for path in files}
    frames = place.frames("bushings")
    assert all(not frame.radiometric for frame in frames)
    assert {frame.picture.pixels().tobytes() for frame in frames if frame.picture is not None} == wanted
