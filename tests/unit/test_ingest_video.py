"""A recording as a source: every frame once, in its own time, and what is wrong with one by name."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import pytest

from canairy.errors import ConfigurationError, Unavailable
from canairy.site.model import Camera
from services.ingest.folder_memory import FolderMemory
from services.ingest.source import Event, Finished, RawFrame, RawPicture, Unreadable
from services.ingest.video import VideoSource
from tests.helpers.ingest import camera
from tests.helpers.recordings import need_ffmpeg, ramps, record

START = datetime(2024, 3, 5, tzinfo=UTC)


class World:
    """A recording, a source on it, and so many looks at the file."""

    def __init__(self, base: Path, name: str = "rec.mkv", **more: Any) -> None:  # noqa: ANN401 - passed on
        need_ffmpeg()
        self.path = base / name
        self.memory = FolderMemory(base / "data")
        self.camera = Camera.model_validate(
            camera("cam-07", f"video:{name}", **({"starts_at": START.isoformat()} | more))
        )
        self.source = self.restarted()

    def restarted(self) -> VideoSource:
        self.looks = 3
        return VideoSource(self.camera, self.path, self.memory, self._wait)

    def look(self, *, written: bool = True) -> list[Event]:
        seen = []
        self.looks = 3
        for event in self.source.events():
            seen.append(event)
            if written and isinstance(event, RawFrame | RawPicture | Unreadable):
                event.written()
        return seen

    def _wait(self, seconds: float) -> bool:
        self.looks -= seconds > 0
        return self.looks <= 0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.memory.close()


def frames(events: list[Event]) -> list[RawFrame]:
    return [event for event in events if isinstance(event, RawFrame)]


def test_every_frame_of_sixteen_bits_comes_once_with_its_counts_and_its_own_time(world: World) -> None:
    recorded = ramps(7)
    record(world.path, recorded)

    events = world.look()

    assert len(frames(events)) == 7
    assert np.array_equal([frame.counts for frame in frames(events)], recorded)
    assert frames(events)[0].counts.dtype == np.uint16
    took = [frame.taken_at - START for frame in frames(events) if frame.taken_at is not None]
    assert took == [timedelta(seconds=index / 5) for index in range(7)]
    assert {(frame.scale_k, frame.offset_k, frame.assigned) for frame in frames(events)} == {(0.01, 0.0, True)}
    assert events[-1] == Finished("cam-07")


def test_eight_bits_are_pictures_without_temperatures_grey_or_in_colour(tmp_path: Path) -> None:
    grey = [frame.astype(np.uint8) for frame in ramps(2, base=0)]
    colour = [np.stack([frame, frame // 2, 255 - frame], axis=2) for frame in grey]
    for name, pixels, pixel_format in (("grey.mkv", grey, "gray"), ("colour.mkv", colour, "bgr24")):
        world = World(tmp_path, name)
        record(world.path, pixels, pixel_format, ("-c:v", "ffv1", *(("-pix_fmt", "bgr0") if name[0] == "c" else ())))

        events = world.look()

        pictures = [event for event in events if isinstance(event, RawPicture)]
        assert [np.array_equal(shown.pixels, was) for shown, was in zip(pictures, pixels, strict=True)] == [True, True]
        assert pictures[0].pixels.dtype == np.uint8
        world.memory.close()


def test_twelve_bits_are_refused_by_name_because_they_would_be_stretched(world: World) -> None:
    record(world.path, [frame % 4096 for frame in ramps(2)], "gray12le")

    (refused, end) = world.look()

    assert isinstance(refused, Unreadable)
    assert refused.reason == "rec.mkv: its pixels are gray12le: temperatures are read from 16 bits only"
    assert end == Finished("cam-07")


def test_the_time_in_the_container_counts_before_that_in_the_name_and_neither_is_counted(tmp_path: Path) -> None:
    inside = World(tmp_path, "2024-07-01.mkv", time_pattern="%Y-%m-%d")
    record(inside.path, ramps(1), more=("-metadata", "creation_time=2025-02-03T04:05:06Z"))
    named = World(tmp_path, "2024-07-02.mkv", time_pattern="%Y-%m-%d")
    record(named.path, ramps(1))

    (first,), (second,) = frames(inside.look()), frames(named.look())

    assert (first.taken_at, first.assigned) == (datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC), False)
    assert (second.taken_at, second.assigned) == (datetime(2024, 7, 2, tzinfo=UTC), False)
    inside.memory.close()
    named.memory.close()


def test_a_recording_is_read_once_across_restarts_and_a_replaced_one_again(world: World) -> None:
    record(world.path, ramps(2))
    assert len(frames(world.look())) == 2

    world.source = world.restarted()
    assert world.look() == [Finished("cam-07")]

    record(world.path, ramps(3))
    assert len(frames(world.look())) == 3


def test_what_was_not_written_when_the_service_ended_is_read_again_at_the_same_times(world: World) -> None:
    record(world.path, ramps(3))
    lost = frames(world.look(written=False))

    world.source = world.restarted()
    again = frames(world.look())

    assert [frame.taken_at for frame in again] == [frame.taken_at for frame in lost]
    assert len(again) == 3


def test_it_is_finished_only_when_the_broker_has_all_of_it(world: World) -> None:
    record(world.path, ramps(2))

    events = world.look(written=False)

    assert len(events) == 2
    assert world.memory.known("cam-07") == set()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Invalid data found"),
        (b"not a video at all" * 100, "Invalid data found"),
        (b"\x1aE\xdf\xa3" + bytes(2000), "ffmpeg ended with 1"),
    ],
)
def test_what_is_no_recording_is_refused_by_name(world: World, content: bytes, why: str) -> None:
    world.path.write_bytes(content)

    (refused, end) = world.look()

    assert isinstance(refused, Unreadable)
    assert refused.reason.startswith("rec.mkv: ")
    assert why in refused.reason
    assert end == Finished("cam-07")


def test_a_recording_that_breaks_off_gives_what_it_has(world: World) -> None:
    record(world.path, ramps(50))
    whole = world.path.read_bytes()
    world.path.write_bytes(whole[: len(whole) // 2])

    events = world.look()

    assert 5 < len(frames(events)) < 50
    assert events[-1] == Finished("cam-07")


def test_a_picture_of_a_hundred_megapixels_is_refused_before_it_is_made(world: World) -> None:
    record(world.path, [np.zeros((4160, 4160), np.uint8)], "gray")

    (refused, _) = world.look()

    assert isinstance(refused, Unreadable)


def test_a_name_that_looks_like_an_option_or_an_address_is_a_name(tmp_path: Path) -> None:
    world = World(tmp_path, "-i http:x %d 변압기.mkv")
    record(tmp_path / "plain.mkv", ramps(1))
    (tmp_path / "plain.mkv").replace(world.path)

    assert len(frames(world.look())) == 1
    world.memory.close()


def test_a_file_that_is_not_there_is_unavailable_and_may_come(world: World) -> None:
    with pytest.raises(Unavailable, match=r"video:.*rec\.mkv: No such file or directory"):
        world.look()

    record(world.path, ramps(1))

    assert len(frames(world.look())) == 1


def test_no_child_is_left_when_the_service_stops_in_the_middle(world: World) -> None:
    record(world.path, ramps(200))
    with closing(cast("Generator[Event]", world.source.events())) as events:
        next(events)

    assert "ffmpeg" not in {child.name() for child in psutil.Process().children(recursive=True)}


def test_a_video_shows_one_view(tmp_path: Path) -> None:
    for views in ([{"id": "*"}], [{"id": "bay-1"}, {"id": "bay-2"}]):
        with pytest.raises(ConfigurationError, match="cam-07: a video shows one view, by its name"):
            World(tmp_path, views=views)
