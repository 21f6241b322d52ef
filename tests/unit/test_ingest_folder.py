"""A folder of thermal files as a source: every file accounted for, once, in order."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError, Unavailable
from canairy.site.model import Camera
from services.ingest.folder import FolderSource
from services.ingest.folder_memory import FileMark, FolderMemory
from services.ingest.folder_names import Choice
from services.ingest.folder_scan import FolderScan
from services.ingest.source import Event, Finished, RawFrame, Unreadable
from tests.helpers.ingest import camera, picture

START = "2024-03-05T00:00:00Z"
LONG_AGO = 1.7e9


def content(seed: int = 0) -> bytes:
    return cv2.imencode(".png", picture(seed))[1].tobytes()


class World:
    """A folder, a source on it, and a clock that a test moves."""

    def __init__(self, base: Path, **more: Any) -> None:  # noqa: ANN401 - passed on
        self.folder = base / "recordings"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.memory = FolderMemory(base / "data")
        views = {"views": [{"id": "*"}], "starts_at": START} | more
        self.camera = Camera.model_validate(camera("cam-07", "folder:recordings", **views))
        self.now = LONG_AGO + 3600
        self.source = self.restarted()

    def restarted(self) -> FolderSource:
        scan = FolderScan(self.folder, lambda: self.now, lambda: self.now, Choice.of(self.camera))
        return FolderSource(self.camera, self.folder, self.memory, lambda _: True, scan)

    def save(self, name: str | bytes, data: bytes | None = None, changed_at: float = LONG_AGO) -> None:
        path = self.folder / os.fsdecode(name)
        path.write_bytes(content() if data is None else data)
        os.utime(path, (changed_at, changed_at))

    def look(self, passed_s: float = 0.0) -> list[Event]:
        """What the source says at one look, everything written at once."""
        self.now += passed_s
        seen = []
        for event in self.source.events():
            seen.append(event)
            if isinstance(event, RawFrame | Unreadable):
                event.written()
        return seen


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.memory.close()


def names(events: list[Event]) -> list[str]:
    return [event.file for event in events if isinstance(event, RawFrame)]


def refused(events: list[Event]) -> dict[str, str]:
    return {event.file: event.reason for event in events if isinstance(event, Unreadable)}


def test_files_come_in_the_order_of_their_names_each_its_own_view_at_counted_times(world: World) -> None:
    for number in (3, 1, 2):
        world.save(f"sub_{number}.png")

    events = world.look()

    frames = [event for event in events if isinstance(event, RawFrame)]
    start = datetime.fromisoformat(START)
    assert [(f.file, f.view, f.taken_at, f.assigned) for f in frames] == [
        (f"sub_{number}.png", f"sub_{number}", start + timedelta(seconds=number - 1), True) for number in (1, 2, 3)
    ]
    assert np.array_equal(frames[0].counts, picture())
    assert events[-1] == Finished("cam-07")


def test_files_come_in_the_order_of_their_times_where_they_have_them(tmp_path: Path) -> None:
    world = World(tmp_path, time_pattern="%d-%m-%Y", views=[{"id": "bay-3"}])
    for name in ("01-03-2024.png", "02-01-2024.png", "28-02-2024.png"):
        world.save(name)
    text = b"Creation Time\0" + b"2024-01-15T00:00:00Z"
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text + struct.pack(">I", zlib.crc32(b"tEXt" + text))
    world.save("in the file.png", content()[:33] + chunk + content()[33:])

    events = world.look()

    assert names(events) == ["02-01-2024.png", "in the file.png", "28-02-2024.png", "01-03-2024.png"]
    frames = [event for event in events if isinstance(event, RawFrame)]
    assert frames[1].taken_at == datetime(2024, 1, 15, tzinfo=UTC)
    assert not any(frame.assigned for frame in frames)
    assert {frame.view for frame in frames} == {"bay-3"}
    world.memory.close()


def test_a_bad_file_is_named_with_its_reason_and_its_neighbours_are_unharmed(world: World) -> None:
    world.save("1.png", content(1))
    world.save("2.png", content(2)[:-40])
    world.save("3.png", b"")
    world.save("4.png", cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes())
    world.save("_canary.png")
    world.save("bell \a.png")
    world.save(b"\xff.png")
    world.save("변압기 3상.png")

    events = world.look()

    assert names(events) == ["1.png", "변압기 3상.png"]
    assert list(refused(events)) == ["2.png", "3.png", "4.png", "_canary.png", "bell \a.png", "\udcff.png"]
    assert "2.png: truncated" in refused(events)["2.png"]
    assert refused(events)["3.png"] == "3.png: empty: 0 bytes"
    assert "8-bit grey" in refused(events)["4.png"]
    assert "'_canary' cannot be a view's name" in refused(events)["_canary.png"]
    assert len(names(events)) + len(refused(events)) == 8


def test_the_place_of_a_bad_file_in_the_count_of_times_is_kept(world: World) -> None:
    world.save("1.png", b"")
    world.save("2.png")

    frame = world.look()[1]

    assert isinstance(frame, RawFrame)
    assert frame.taken_at == datetime.fromisoformat(START) + timedelta(seconds=1)


def test_each_file_is_read_once_and_new_ones_after_the_end(world: World) -> None:
    world.save("1.png")
    assert names(world.look()) == ["1.png"]
    assert world.look() == []

    world.save("2.png")

    assert names(world.look()) == ["2.png"]
    assert world.look() == []


def test_a_restart_does_not_repeat_what_was_written_and_counts_on(world: World) -> None:
    world.save("1.png")
    world.look()
    world.source = world.restarted()
    assert world.look() == [Finished("cam-07")]

    world.save("2.png")

    frame = world.look()[0]
    assert isinstance(frame, RawFrame)
    assert frame.taken_at == datetime.fromisoformat(START) + timedelta(seconds=1)


def test_what_was_read_and_not_written_is_read_again_after_a_restart_at_the_same_time(world: World) -> None:
    for name in ("1.png", "2.png"):
        world.save(name)
    lost = [event for event in world.source.events() if isinstance(event, RawFrame)]

    world.source = world.restarted()
    again = [event for event in world.look() if isinstance(event, RawFrame)]

    assert [(f.file, f.taken_at) for f in again] == [(f.file, f.taken_at) for f in lost]


def test_it_is_finished_only_when_all_of_it_has_been_written(world: World) -> None:
    world.save("1.png")
    (frame,) = world.source.events()
    assert list(world.source.events()) == []

    assert isinstance(frame, RawFrame)
    frame.written()

    assert list(world.source.events()) == [Finished("cam-07")]


def test_a_replaced_file_is_a_new_one(world: World) -> None:
    world.save("latest.png", content(1))
    world.look()

    world.save("latest.png", content(2), changed_at=LONG_AGO + 60)

    assert names(world.look()) == ["latest.png"]


def test_a_file_that_is_being_written_is_waited_for(world: World) -> None:
    world.save("1.png", content(1), changed_at=LONG_AGO)
    world.save("2.png", content(2)[:100], changed_at=world.now)
    assert names(world.look()) == ["1.png"]
    assert world.look(passed_s=2) == []

    world.save("2.png", content(2), changed_at=world.now)
    assert world.look() == []

    assert names(world.look(passed_s=2)) == ["2.png"]


def test_a_file_that_was_never_completed_is_given_up_after_ten_seconds(world: World) -> None:
    world.save("1.png", content(1)[:100], changed_at=world.now)
    assert world.look(passed_s=2) == []
    assert world.look(passed_s=7) == []

    events = world.look(passed_s=2)

    assert list(refused(events)) == ["1.png"]
    assert events[-1] == Finished("cam-07")


def test_a_file_from_a_clock_that_is_ahead_is_read_when_it_has_been_still_for_a_second(world: World) -> None:
    world.save("1.png", changed_at=world.now + 86400)
    assert world.look() == []

    assert names(world.look(passed_s=1.1)) == ["1.png"]


def test_other_files_hidden_ones_and_folders_are_left_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.save("index.json")
    world.save(".1.png.part.png")
    (world.folder / "older.png").mkdir()
    world.save("1.PNG")

    assert names(world.look()) == ["1.PNG"]
    assert "files ignored: no frames of this camera" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_unavailable_and_may_come(world: World) -> None:
    world.folder.rmdir()
    with pytest.raises(Unavailable, match=r"folder:.*recordings: No such file or directory"):
        world.look()

    world.folder.mkdir()
    world.save("1.png")

    assert names(world.look()) == ["1.png"]


def test_several_views_cannot_be_told_apart_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cam-07: a folder shows one view, or '\*' for each file its own"):
        World(tmp_path, views=[{"id": "bay-1"}, {"id": "bay-2"}])


def test_the_memory_of_files_is_bounded_by_forgetting_those_that_are_gone(tmp_path: Path) -> None:
    memory = FolderMemory(tmp_path)
    for number in range(6):
        memory.remember("cam-07", FileMark(b"%d.png" % number, 1, 1), number)

    forgotten = memory.forget_gone("cam-07", {b"0.png", b"3.png"}, limit=4)

    assert forgotten == {b"1.png", b"2.png"}
    left = sorted(mark.name for mark in memory.known("cam-07"))
    assert left == [b"0.png", b"3.png", b"4.png", b"5.png"]
    assert memory.next_position("cam-07") == 6
    assert memory.next_position("cam-08") == 0
    memory.close()


def test_a_drop_that_never_ends_is_remembered_by_its_newest_files_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.folder.FORGET_EVERY", 10)
    monkeypatch.setattr(FolderMemory.forget_gone, "__defaults__", (20,))
    for number in range(100):
        world.save(f"{number:03d}.png")
        # The next file is always on its way, so it is never said that all has been read.
        world.save("next.png", changed_at=world.now + 1)
        assert names(world.look(1)) == [f"{number:03d}.png"]
        (world.folder / f"{number:03d}.png").unlink()

    assert len(world.memory.known("cam-07")) <= 31
    assert len(world.source._known) <= 31
    assert world.memory.next_position("cam-07") == 100


def test_a_memory_that_cannot_be_written_only_means_that_files_are_read_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.memory._database.execute("PRAGMA query_only = 1")
    world.save("1.png")

    assert names(world.look()) == ["1.png"]
    assert "file not remembered" in capsys.readouterr().out


def test_every_file_of_the_real_recording_is_read(tmp_path: Path, test_data: Path) -> None:
    memory = FolderMemory(tmp_path)
    scale = {"scale_k": 0.1, "offset_c": -100}
    recording = Camera.model_validate(camera("real", "folder:x", views=[{"id": "*"}], scale=scale))
    folder = test_data / "substation-radiometric" / "radiometric"
    source = FolderSource(recording, folder, memory, lambda _: True)
    hottest_c, count = {}, 0
    for event in source.events():
        if isinstance(event, RawFrame):
            count += 1
            hottest_c[event.view] = event.counts.max() * event.scale_k + event.offset_k - 273.15

    assert count == 398
    assert hottest_c["sub_437"] == pytest.approx(415.0, abs=1e-6)
    memory.close()
