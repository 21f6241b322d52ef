"""What ingest knows of its own machine: the room on its disk, and a clock that was set."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from canairy.messages.camera import CameraState
from services.ingest.clock import ClockSteps
from services.ingest.conditions import Conditions
from services.ingest.disk import LEAST_FREE_BYTES, DiskCheck, free_bytes
from services.ingest.folder_memory import FileMark, FolderMemory
from services.ingest.picture import examine
from services.ingest.watch import CameraWatch
from tests.helpers.ingest import Clock, after, camera, picture, site_of

HOUR = timedelta(hours=1)


def test_a_disk_with_less_room_than_a_few_dozen_frames_is_full() -> None:
    free, clock = LEAST_FREE_BYTES, Clock()
    check = DiskCheck(lambda: free, clock)
    conditions = Conditions(disk_full=check.full)

    before = conditions.flags()
    free -= 1
    at_once = conditions.flags()
    clock.seconds += 2
    later = conditions.flags()

    assert (before, at_once, later) == ((), (), ("disk_full",))


def test_a_disk_that_cannot_be_asked_has_no_room(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
    assert free_bytes(tmp_path / "gone") == 0


def test_what_the_disk_did_not_take_is_remembered_with_the_next_file(tmp_path: Path) -> None:
    memory = FolderMemory(tmp_path)
    one, two = (FileMark(name, 1, 1) for name in (b"one.png", b"two.png"))
    pages = memory._database.execute("PRAGMA page_count").fetchone()[0]
    memory._database.execute(f"PRAGMA max_page_count={pages}")
    for number in range(200):
        memory.remember("cam-01", FileMark(b"filler-%d" % number, 1, 1), number)
    memory.remember("cam-01", one, 200)
    refused = one not in memory.known("cam-01")

    memory._database.execute("PRAGMA max_page_count=1000000")
    memory.remember("cam-01", two, 201)

    assert refused
    assert {one, two} <= memory.known("cam-01")
    assert memory.next_position("cam-01") == 202
    memory.close()


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_clock_that_was_set_is_told_once_by_how_much(by: timedelta) -> None:
    clock = Clock()
    steps = ClockSteps(clock)
    steps.since_last(after(0))

    clock.seconds += 1
    told = steps.since_last(after(1) + by)
    clock.seconds += 1
    again = steps.since_last(after(2) + by)

    assert (told, again) == (by, timedelta(0))


def test_slewing_and_a_busy_machine_are_no_steps() -> None:
    clock = Clock()
    steps = ClockSteps(clock)
    steps.since_last(after(0))

    clock.seconds += 40

    assert steps.since_last(after(41)) == timedelta(0)


def watch() -> CameraWatch:
    site = site_of(camera())
    return CameraWatch("test-ss", site.cameras[0], after(0))


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_camera_is_as_silent_as_before_when_the_clock_is_set(by: timedelta) -> None:
    seen = watch()
    seen.saw(examine(picture(), 0.01, 0.0), after(10))
    seen.clock_set(by, after(11) + by)

    still = seen.report(after(14) + by)
    silent = seen.report(after(16) + by)

    assert still is not None
    assert still.status.state is CameraState.LIVE
    assert still.status.last_frame_at == after(10) + by
    assert silent is not None
    assert silent.status.state is CameraState.SILENT


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_frame_that_was_seen_since_keeps_its_time(by: timedelta) -> None:
    seen = watch()
    seen.saw(examine(picture(), 0.01, 0.0), after(10) + by)
    seen.clock_set(by, after(11) + by)

    report = seen.report(after(11) + by)
    assert report is not None
    assert report.status.last_frame_at == after(10) + by
