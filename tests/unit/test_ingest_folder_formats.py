"""A folder of any thermal files: each format, whose file it is, and what stands beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import to_celsius
from services.ingest.folder_names import Choice, readable
from services.ingest.source import Event, Finished, RawFrame, RawPicture
from tests.helpers.thermal_files import CAMERA, NEAR, FlirPicture, csv_514, packed_tiff, png, tiff, warm_celsius
from tests.unit.test_ingest_folder import LONG_AGO, START, World, names, refused

COUNTS = np.full((6, 8), 29_315, np.uint16)
JPG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
AN_HOUR = 3600


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.memory.close()


@pytest.fixture
def world(tmp_path: Path, worlds: list[World]) -> World:
    return made(tmp_path, worlds)


def made(base: Path, worlds: list[World], **more: Any) -> World:  # noqa: ANN401 - passed on
    world = World(base, **{"views": [{"id": "bay-3"}], **more})
    worlds.append(world)
    return world


def frames(events: list[Event]) -> dict[str, RawFrame]:
    return {event.file: event for event in events if isinstance(event, RawFrame)}


def celsius(frame: RawFrame) -> np.ndarray[Any, Any]:
    return to_celsius(frame.counts, frame.scale_k, frame.offset_k)


def test_every_format_becomes_counts_of_what_it_holds(world: World) -> None:
    flir = FlirPicture()
    world.save("a.jpg", flir.jpeg())
    world.save("b.png", png(COUNTS))
    world.save("c.tiff", tiff(COUNTS, ">"))
    world.save("d.TIF", packed_tiff(np.full((6, 8), 415.03, np.float32), 5))
    world.save("e.csv", csv_514())

    found = frames(world.look())

    assert found.keys() == {"a.jpg", "b.png", "c.tiff", "d.TIF", "e.csv"}
    np.testing.assert_allclose(celsius(found["a.jpg"]), CAMERA.celsius(flir.counts, NEAR), atol=0.0051)
    assert float(celsius(found["b.png"]).max()) == pytest.approx(20.0, abs=1e-3)
    assert float(celsius(found["c.tiff"]).max()) == pytest.approx(20.0, abs=1e-3)
    # Beyond 382 degC a step of 0.01 K ends.
    assert found["d.TIF"].scale_k == 0.04
    assert float(celsius(found["d.TIF"]).max()) == pytest.approx(415.03, abs=0.021)
    np.testing.assert_allclose(celsius(found["e.csv"]), warm_celsius(), atol=0.0211)


def test_what_a_file_was_made_with_goes_with_it_and_what_it_does_not_say_is_not_invented(world: World) -> None:
    world.save("a.jpg", FlirPicture().jpeg())
    world.save("b.png", png(COUNTS))
    world.save("e.csv", csv_514(Emissivity=0.9, RelativeHumidity=60))

    found = frames(world.look())

    told = found["a.jpg"].radiometry
    assert told is not None
    assert told.parameters.emissivity == pytest.approx(NEAR.emissivity)
    assert told.curve is not None
    assert told.curve.planck.b == pytest.approx(CAMERA.planck.b)
    assert found["b.png"].radiometry is None
    assert found["e.csv"].radiometry == Radiometry(0.9, 5.0, 20.0, 20.0, 0.6)


def test_only_what_the_site_file_states_replaces_what_a_file_says(tmp_path: Path, worlds: list[World]) -> None:
    stated = {"emissivity": 0.6, "window": {"transmission": 0.9, "temperature_c": 30}}
    world = made(tmp_path, worlds, radiometry=stated)
    flir = FlirPicture()
    world.save("a.jpg", flir.jpeg())

    frame = frames(world.look())["a.jpg"]

    to = replace(NEAR, emissivity=0.6, window_transmission=0.9, window_c=30.0)
    np.testing.assert_allclose(celsius(frame), CAMERA.celsius(flir.counts, to), atol=0.0051)
    assert frame.radiometry is not None
    assert frame.radiometry.parameters.distance_m == pytest.approx(NEAR.distance_m)
    assert frame.radiometry.window_transmission == 0.9


def test_radiometry_that_leaves_no_temperature_is_a_dead_letter_with_the_reason(
    tmp_path: Path, worlds: list[World]
) -> None:
    world = made(tmp_path, worlds, radiometry={"emissivity": 0.02, "reflected_c": 300.0})
    world.save("a.jpg", FlirPicture().jpeg())

    assert "no possible temperature" in refused(world.look())["a.jpg"]


def test_files_of_several_formats_come_in_the_order_of_their_capture(world: World) -> None:
    for name, hour in (("1.jpg", 2), ("2.jpg", 0), ("3.jpg", 1)):
        world.save(name, FlirPicture(taken=1_700_000_000 + hour * AN_HOUR).jpeg())

    events = world.look()

    assert names(events) == ["2.jpg", "3.jpg", "1.jpg"]
    assert frames(events)["2.jpg"].taken_at == datetime.fromtimestamp(1_700_000_000.25, UTC)


def test_a_clock_that_was_never_set_says_no_time(world: World) -> None:
    world.save("a.jpg", FlirPicture(taken=946_682_569).jpeg())

    (frame,) = frames(world.look()).values()

    assert frame.assigned
    assert frame.taken_at == datetime.fromisoformat(START)


def test_the_picture_and_the_label_beside_a_csv_are_its_company(world: World) -> None:
    for name, content in (("0201_a.csv", csv_514()), ("0201_a.jpg", JPG), ("0201_a.json", b"{}")):
        world.save(name, content)

    events = world.look()

    assert names(events) == ["0201_a.csv"]
    assert not refused(events)
    assert events[-1] == Finished("cam-07")


def test_a_picture_whose_csv_is_still_under_way_is_waited_for(world: World) -> None:
    world.save("a.jpg", JPG, changed_at=world.now)
    assert world.look(passed_s=2) == []

    world.save("a.csv", csv_514(), changed_at=world.now)

    events = world.look(passed_s=2)
    assert names(events) == ["a.csv"]
    assert not refused(events)


def test_a_picture_without_temperatures_is_a_dead_letter_where_the_site_file_promises_some(world: World) -> None:
    world.save("a.jpg", JPG)
    world.save("c.png", cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes())

    events = world.look()

    assert refused(events).keys() == {"a.jpg", "c.png"}
    assert "a.jpg: not radiometric: a JPEG without FLIR's radiometric data" in refused(events)["a.jpg"]
    assert "8-bit grey" in refused(events)["c.png"]


def test_where_the_site_file_says_none_pictures_come_as_pictures(tmp_path: Path, worlds: list[World]) -> None:
    world = made(tmp_path, worlds, temperatures="none")
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    world.save("a.jpg", JPG)
    world.save("b.png", cv2.imencode(".png", grey)[1].tobytes())
    world.save("c.png", png(COUNTS))
    world.save("d.jpg", JPG[:-30])
    world.save("e.csv", csv_514())

    events = world.look()

    pictures = {event.file: event for event in events if isinstance(event, RawPicture)}
    assert {name: it.pixels.shape for name, it in pictures.items()} == {"a.jpg": (48, 64, 3), "b.png": (8, 8)}
    assert np.array_equal(pictures["b.png"].pixels, grey)
    assert refused(events).keys() == {"c.png", "d.jpg"}
    assert "16-bit" in refused(events)["c.png"]
    assert "truncated" in refused(events)["d.jpg"]


def test_two_cameras_share_a_folder_by_the_names_of_their_files(tmp_path: Path, worlds: list[World]) -> None:
    one, other = (made(tmp_path / it, worlds, files=f"{it}_*") for it in ("cam03", "cam04"))
    for world in (one, other):
        for name in ("cam03_1.png", "CAM03_2.PNG", "cam04_1.png"):
            world.save(name)

    assert names(one.look()) == ["CAM03_2.PNG", "cam03_1.png"]
    assert names(other.look()) == ["cam04_1.png"]


def test_names_that_are_not_utf_8_stay_as_they_are_and_are_read_as_korean(tmp_path: Path, worlds: list[World]) -> None:
    world = made(tmp_path, worlds, views=[{"id": "*"}], files="변압기_*.png")
    name = "변압기_3상.png".encode("cp949")
    world.save(name)
    world.save("차단기_1.png".encode("cp949"))

    (frame,) = frames(world.look()).values()

    assert os.fsencode(frame.file) == name
    assert frame.view == "변압기_3상"
    world.source = world.restarted()
    assert names(world.look()) == []


def test_a_folder_a_day_is_looked_into_where_the_site_file_says_so(tmp_path: Path, worlds: list[World]) -> None:
    world = made(tmp_path, worlds, subfolders=True, time_pattern="%Y-%m-%d/%H%M%S")
    for day in ("2026-03-05", "2026-03-06", ".tmp"):
        (world.folder / day).mkdir()
    (world.folder / "around").symlink_to(world.folder)
    world.save("2026-03-06/001500.png")
    world.save("2026-03-05/233000.png")
    world.save(".tmp/000000.png")

    events = world.look()

    assert names(events) == ["2026-03-05/233000.png", "2026-03-06/001500.png"]
    assert frames(events)["2026-03-06/001500.png"].taken_at == datetime(2026, 3, 6, 0, 15, tzinfo=UTC)
    world.source = world.restarted()
    assert names(world.look()) == []


def test_folders_inside_are_left_alone_otherwise(world: World) -> None:
    (world.folder / "2026-03-05").mkdir()
    world.save("2026-03-05/233000.png")

    assert world.look() == [Finished("cam-07")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", FlirPicture().jpeg()[:400]),
        ("a.csv", csv_514()[:100_000]),
        ("a.tif", tiff(COUNTS)[:40]),
        ("a.png", png(COUNTS)[:40]),
    ],
)
def test_half_a_file_of_any_format_is_waited_for_and_given_up(world: World, name: str, content: bytes) -> None:
    world.save(name, content, changed_at=world.now)
    assert world.look(passed_s=2) == []

    events = world.look(passed_s=9)

    assert list(refused(events)) == [name]


def test_temperatures_whose_picture_is_still_being_written_are_waited_for_and_never_lost(world: World) -> None:
    whole = FlirPicture().jpeg()
    for name in ("a.jpg", "b.jpg"):
        world.save(name, whole[:-2], changed_at=world.now)
    assert world.look(passed_s=2) == []

    world.save("a.jpg", whole, changed_at=world.now)

    assert names(world.look(passed_s=2)) == ["a.jpg"]
    # The picture of the other will not be finished any more; its temperatures are all there.
    assert names(world.look(passed_s=9)) == ["b.jpg"]


def test_the_same_content_under_another_name_is_a_frame_of_the_same_moment(world: World) -> None:
    world.save("a.jpg", FlirPicture().jpeg())
    world.save("copy of a.jpg", FlirPicture().jpeg(), changed_at=LONG_AGO + 60)

    one, other = frames(world.look()).values()

    assert (one.taken_at, one.counts.tobytes()) == (other.taken_at, other.counts.tobytes())


def test_a_name_that_is_in_no_known_encoding_keeps_its_bytes() -> None:
    assert os.fsencode(readable(b"\xff\xfe.png")) == b"\xff\xfe.png"
    assert Choice(pattern="*.png").takes(b"\xff\xfe.png")
