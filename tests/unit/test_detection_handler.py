"""Detection: where the equipment is and where it is hot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, RegionKind
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY
from canairy.messages.thermogram import KELVIN, Thermogram
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS, FINDS, FRAMES
from services.detection.handler import Detection
from tests.helpers.frames import NOON, SCALE_K, asset, camera, counts, frame, header, heated, record, scene, site


def detect(step: Detection, frames: Sequence[Frame], first_offset: int = 0) -> list[Outgoing]:
    """Hand frames to the step one by one, as records with rising offsets."""
    written: list[Outgoing] = []
    for number, one in enumerate(frames):
        received = record(one.encode(), "Frame", offset=first_offset + number)
        now = one.header.received_at
        written += step.handle([Decoded(received, step.decode(received, now))], now)
    return written


def detections(written: Sequence[Outgoing]) -> list[Detections]:
    return [Detections.decode(out.value or b"") for out in written if out.topic == DETECTIONS]


def test_a_registered_region_is_cut_out_at_full_resolution_and_lossless() -> None:
    step = Detection(site(camera()))
    celsius = heated(scene(), 25, 25, 8, 30)

    (found,) = detections(detect(step, [frame(celsius)]))

    region = found.regions[0]
    assert (region.asset, region.kind, region.x, region.y) == ("joint-a", RegionKind.REGISTERED, 20, 20)
    assert isinstance(region.crop, Thermogram)
    assert np.array_equal(region.crop.counts(), counts(celsius)[20:41, 20:41])


def test_a_frame_without_finds_is_a_message_too() -> None:
    empty = camera(views=[{"id": "cam-01-view"}])

    (found,) = detections(detect(Detection(site(empty)), [frame(scene())]))

    assert found.regions == ()
    assert found.header.frame == "frame-0.0"


def test_what_nobody_registered_becomes_a_find_with_a_name_that_stays() -> None:
    step = Detection(site(camera()))
    hot = heated(scene(), 100, 80, 8, 30)
    moved = heated(scene(), 102, 81, 8, 31)

    first, second = detections(detect(step, [frame(hot, 0), frame(moved, 0.5)]))

    assert [r.asset for r in first.regions] == ["joint-a", "cam-01-view/find-1"]
    assert [r.asset for r in second.regions] == ["joint-a", "cam-01-view/find-1"]
    assert second.regions[1].kind is RegionKind.HOT_SPOT
    assert second.regions[1].surroundings_c == pytest.approx(20, abs=0.5)


def test_a_hot_spot_in_a_registered_region_is_that_asset_and_no_find() -> None:
    hot_joint = heated(scene(), 26, 26, 8, 40)

    (found,) = detections(detect(Detection(site(camera())), [frame(hot_joint)]))

    assert [region.asset for region in found.regions] == ["joint-a"]


def test_a_find_that_cooled_down_is_measured_on_at_its_last_place() -> None:
    step = Detection(site(camera()))

    _first, second = detections(detect(step, [frame(heated(scene(), 100, 80, 8, 30), 0), frame(scene(), 0.5)]))

    find = second.regions[1]
    assert (find.asset, find.unseen, find.closed) == ("cam-01-view/find-1", True, False)
    assert isinstance(find.crop, Thermogram)
    assert float(find.crop.celsius().max()) < 21


def test_a_restarted_process_goes_on_with_the_same_names() -> None:
    before = Detection(site(camera()))
    hot = [frame(heated(scene(), 100, 80, 8, 30), n / 2) for n in range(3)]
    written = detect(before, hot[:2])
    after = Detection(site(camera()))

    for out in written:
        if out.topic == FINDS:
            after.restore(Received(FINDS, 0, 0, out.key, out.value, {}, NOON))
    (found,) = detections(detect(after, hot[2:], first_offset=2))

    assert [region.asset for region in found.regions] == ["joint-a", "cam-01-view/find-1"]


def test_a_frame_that_was_answered_before_the_crash_is_not_answered_again() -> None:
    before = Detection(site(camera()))
    hot = [frame(heated(scene(), 100, 80, 8, 30), n / 2) for n in range(3)]
    memory = [out for out in detect(before, hot) if out.topic == FINDS]
    after = Detection(site(camera()))

    after.restore(Received(FINDS, 0, 0, memory[-1].key, memory[-1].value, {}, NOON))
    again = detect(after, hot)

    assert again == []


def test_a_topic_made_anew_begins_at_offset_zero_and_its_frames_are_answered() -> None:
    before = Detection(site(camera()))
    hot = [frame(heated(scene(), 100, 80, 8, 30), n / 2) for n in range(3)]
    memory = [out for out in detect(before, hot, first_offset=5000) if out.topic == FINDS]
    after = Detection(site(camera()))

    after.restore(Received(FINDS, 0, 0, memory[-1].key, memory[-1].value, {}, NOON))
    later = detect(after, [frame(heated(scene(), 100, 80, 8, 30), 10)], first_offset=0)

    assert len(detections(later)) == 1


def test_the_memory_is_written_as_state_to_the_partition_of_the_frame() -> None:
    step = Detection(site(camera()))

    written = detect(step, [frame(heated(scene(), 100, 80, 8, 30))])

    memory = next(out for out in written if out.topic == FINDS)
    assert (memory.partition, memory.state, memory.key) == (0, True, "cam-01-view")
    assert step.state_of(Partition(FRAMES, 3)) == Partition(FINDS, 3)


def test_late_live_frames_give_way_to_the_newest_and_are_counted() -> None:
    step = Detection(site(camera()))
    frames = [frame(scene(), n) for n in range(4)]
    records = [record(f.encode(), "Frame", offset=n) for n, f in enumerate(frames)]
    now = NOON + timedelta(seconds=60)

    written = list(step.handle([Decoded(r, step.decode(r, now)) for r in records], now))

    (kept,) = detections(written)
    assert (kept.header.frame, kept.shed) == ("frame-3", 3)


def test_frames_of_a_recording_are_never_skipped() -> None:
    step = Detection(site(camera()))
    frames = [frame(scene(), n, live=False) for n in range(4)]
    records = [record(f.encode(), "Frame", offset=n) for n, f in enumerate(frames)]
    now = NOON + timedelta(days=60)

    written = list(step.handle([Decoded(r, step.decode(r, now)) for r in records], now))

    assert [d.header.frame for d in detections(written)] == [f.header.frame for f in frames]


def test_the_canary_passes_without_being_searched_for_hot_spots() -> None:
    hot = heated(scene(64, 64), 30, 30, 5, 80)

    (found,) = detections(detect(Detection(site(camera())), [frame(hot, camera=CANARY, view=CANARY)]))

    assert [region.asset for region in found.regions] == [CANARY]


def test_a_region_outside_a_smaller_frame_is_told_without_a_crop() -> None:
    wide = camera(views=[{"id": "cam-01-view", "assets": [asset("joint-a", 20, 20), asset("joint-b", 500, 400)]}])

    (found,) = detections(detect(Detection(site(wide)), [frame(scene())]))

    assert [(region.asset, region.crop is None) for region in found.regions] == [("joint-a", False), ("joint-b", True)]


def test_each_file_is_a_view_of_its_own_with_names_that_are_not_remembered() -> None:
    folder = camera(source="folder:/recordings", views=[{"id": "*"}])
    step = Detection(site(folder))
    hot = heated(scene(), 100, 80, 8, 30)

    written = detect(step, [frame(hot, 0, view="sub_001", live=False), frame(hot, 1, view="sub_002", live=False)])

    assert [[r.asset for r in d.regions] for d in detections(written)] == [["sub_001/find-1"], ["sub_002/find-1"]]
    assert all(out.topic == DETECTIONS for out in written)


def refused(value: bytes, at: timedelta = timedelta()) -> str:
    step = Detection(site(camera()))
    with pytest.raises(InvalidMessage) as caught:
        step.decode(record(value, "Frame"), NOON + at)
    return str(caught.value)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (frame(scene(), camera="cam-99"), "'cam-99'"),
        (frame(scene(), view="elsewhere"), "'elsewhere'"),
        (frame(scene(), site="other-ss"), "'other-ss'"),
        (frame(scene(), seconds=3600), "future"),
        (Frame(header(), Thermogram(640, 512, SCALE_K, 0.0, b"rubbish")), ""),
        (Frame(header(), Thermogram(5000, 512, SCALE_K, 0.0, b"")), "5000x512"),
        (Frame(header(), Thermogram(64, 64, float("nan"), 0.0, b"")), "scale_k is nan"),
        (Frame(header(), Thermogram(64, 64, -0.01, 0.0, b"")), "scale_k"),
        (Frame(header(), Thermogram.of(np.full((64, 64), 60000, np.uint16), 0.1, -KELVIN)), "5453.7"),
    ],
    ids=["camera", "view", "site", "future", "damaged", "size", "nan", "scale", "impossible"],
)
def test_a_bad_frame_is_refused_with_what_is_wrong(bad: Frame, said: str) -> None:
    assert said in refused(bad.encode())


def test_bytes_that_are_no_frame_are_refused() -> None:
    assert "not a canairy.v1.Frame" in refused(b"\xff\xff\xff rubbish")


def test_a_truncated_frame_is_refused_wherever_it_was_cut() -> None:
    whole = frame(scene()).encode()

    for length in range(0, len(whole), max(1, len(whole) // 40)):
        assert refused(whole[:length])
