"""Issue 7, RTSP and video files: a real RTSP server, stopped, frozen, garbled and slowed on purpose."""

from __future__ import annotations

import json
import random
import time
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmarks.rtsp_restarts import RESULTS as RESTARTS
from benchmarks.rtsp_restarts import WITHIN_S, Restarts, measure
from canairy import metrics
from canairy.messages.camera import CameraState
from canairy.messages.header import CLOCK_CORRECTED, NO_TEMPERATURES, TIME_ASSIGNED
from tests.helpers.ingest_at_work import at_work
from tests.helpers.recordings import need_ffmpeg, ramps, record
from tests.helpers.rtsp_proxy import BadLine
from tests.helpers.rtsp_server import RtspServer, h264, mjpeg, need_rtsp_server

USER, PASSWORD = "viewer", "hunter2-of-the-yard"


def site(*cameras: str) -> str:
    return "site: {id: test-ss}\ncameras:\n" + "".join(f"  - {{{camera}}}\n" for camera in cameras)


def camera(name: str, source: str, more: str = "rate_hz: 5") -> str:
    return f'id: {name}, source: "{source}", {more}, views: [{{id: view-of-{name}}}]'


def went_by(name: str) -> float:
    value: float = metrics.INGEST_PASSED_OVER.labels(name)._value.get()
    return value


def test_frames_of_h264_and_jpeg_streams_travel_at_their_rate_as_pictures_without_temperatures_in_the_camera_s_time(
    tmp_path: Path,
) -> None:
    need_rtsp_server()
    with RtspServer(h264(20)) as one, RtspServer(mjpeg(20)) as two:
        cameras = camera("h264", one.source, "rate_hz: 4"), camera("mjpeg", two.source, "rate_hz: 4")
        with at_work(tmp_path, site(*cameras)) as ingest:
            for name in ("h264", "mjpeg"):
                ingest.until(
                    lambda it=name: any(TIME_ASSIGNED not in f.header.flags for f in ingest.frames(it)),  # type: ignore[misc]
                    f"the own time of {name}",
                )
            before = len(ingest.frames("h264"))
            time.sleep(5)
            rate_hz = (len(ingest.frames("h264")) - before) / 5

    assert rate_hz >= 0.95 * 4 - 0.2
    assert rate_hz <= 4.4
    for name in ("h264", "mjpeg"):
        frames = ingest.frames(name)
        assert all(frame.picture is not None and NO_TEMPERATURES in frame.header.flags for frame in frames)
        own = [frame.header for frame in frames if TIME_ASSIGNED not in frame.header.flags]
        assert not any(CLOCK_CORRECTED in header.flags for header in own[1:])
        assert all(timedelta(0) <= header.received_at - header.captured_at < timedelta(seconds=2) for header in own)
        times = [frame.header.captured_at for frame in frames]
        assert times == sorted(set(times))


def test_credentials_stand_in_no_log_no_error_no_message_no_process_list_and_no_site_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    need_rtsp_server()
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "yard").write_text(f"{USER}:{PASSWORD}")
    (secrets / "other").write_text(f"{USER}:{PASSWORD}-wrong")
    with RtspServer(who=("digest", USER, PASSWORD)) as server, BadLine(server.port) as line:
        well = camera("well", server.source, "rate_hz: 5, credentials: yard")
        wrong = camera("wrong", line.source, "rate_hz: 5, credentials: other")
        with at_work(tmp_path, site(well, wrong), secrets) as ingest:
            ingest.until_frames("well", 5)
            reason = ingest.until_failed("wrong", "it refuses the credentials of 'viewer'. The next try is in 30 s")
            decoders = [it for it in psutil.Process().children(recursive=True) if it.name() == "ffmpeg"]
            shown = [*(it.cmdline() for it in decoders), *(list(it.environ().values()) for it in decoders)]
            time.sleep(3)
            tries = line.connections
    said = capfd.readouterr()

    assert len(decoders) >= 1
    assert reason.startswith("wrong: ")
    assert tries == 1, "a camera locks out who hammers at it"
    for text in (
        *(word for words in shown for word in words),
        said.out,
        said.err,
        (tmp_path / "site.yaml").read_text(),
    ):
        assert PASSWORD not in text
    assert PASSWORD.encode() not in ingest.everything()


def test_a_camera_killed_and_restarted_flows_again_within_five_seconds_each_of_five_times_and_memory_is_flat() -> None:
    need_rtsp_server()

    found = measure(5)

    print(f"frames again after {found.flows_again_s} s, memory {found.memory_mb} MB, decoder {found.decoder_mb} MB")
    assert len(found.flows_again_s) == 5
    assert max(found.flows_again_s) <= WITHIN_S
    # What it comes to in fifty of them: the next test.
    assert max(found.memory_mb[1:]) - found.memory_mb[0] < 20
    assert max(found.decoder_mb) < 1.5 * min(found.decoder_mb)


def test_fifty_restarts_flowed_again_within_five_seconds_each_time_and_memory_was_flat() -> None:
    if not RESTARTS.exists():
        pytest.skip("fifty restarts have not been measured yet: make soak")
    measured = json.loads(RESTARTS.read_text(encoding="utf-8"))
    lists = {field.name: measured[field.name] for field in fields(Restarts)}

    again = Restarts(**lists)

    assert measured["finished"] is True
    assert measured["cycles"] == len(again.flows_again_s) == len(again.memory_mb) >= 50
    assert set(again.away_s) == {0, 1, 2, 3, 4}
    assert measured["kept"] is again.kept is True
    assert measured["flat"] is again.flat is True


def test_frozen_garbled_slowed_and_keyless_streams_are_told_by_name_and_their_neighbour_keeps_its_rate(
    tmp_path: Path,
) -> None:
    need_rtsp_server()
    noise = random.Random(3)

    def garble(data: bytes) -> bytes:
        return bytes(byte ^ 0x55 if noise.random() < 0.01 else byte for byte in data)

    def slow(data: bytes) -> bytes:
        time.sleep(0.02)
        return data

    with (
        RtspServer(h264()) as well,
        RtspServer(h264()) as frozen,
        RtspServer(h264(key_every=0)) as keyless,
        BadLine(well.port) as garbled,
        BadLine(well.port, slow) as slowed,
    ):
        sources = {
            "well": well.source,
            "frozen": frozen.source,
            "keyless": keyless.source,
            "garbled": garbled.source,
            "slowed": slowed.source,
        }
        with at_work(tmp_path, site(*(camera(name, source) for name, source in sources.items()))) as ingest:

            def share_of_five_seconds() -> float:
                taken, passed_over = len(ingest.frames("well")), went_by("well")
                time.sleep(5)
                taken, passed_over = len(ingest.frames("well")) - taken, went_by("well") - passed_over
                return taken / (taken + passed_over)

            for name in ("well", "frozen", "garbled", "slowed"):
                ingest.until_frames(name)
            control = share_of_five_seconds()
            frozen.freeze()
            garbled.change = garble
            shares = [share_of_five_seconds()]
            assert ingest.until_failed("frozen", "nothing came for").startswith("frozen: rtsp://127.0.0.1")
            assert "key frames" in ingest.until_failed("keyless", "no picture in it: no key frame?")
            ingest.until(lambda: bool(ingest.reasons("garbled", CameraState.FAILED)), "the garbled camera failed")
            shares.append(share_of_five_seconds())
            frozen.thaw()
            garbled.change = bytes
            for name in ("frozen", "garbled", "slowed", "well"):
                ingest.until_frames(name)

    # Of ten frames a second five are wanted; a busy machine takes fewer, so what all was well with is what counts.
    print(f"the neighbour took {control:.2f} of its frames while all were well, and then {shares}")
    assert max(shares) >= 0.9 * control
    assert min(shares) > 0.25
    assert ingest.frames("keyless") == []
    assert ingest.reasons("well", CameraState.FAILED) == ingest.reasons("slowed", CameraState.FAILED) == []
    assert [it for it in psutil.Process().children(recursive=True) if it.name() == "ffmpeg"] == []


def test_video_files_of_sixteen_and_eight_bits_are_read_once_to_the_bit_and_then_finished(tmp_path: Path) -> None:
    need_ffmpeg()
    counts, grey = ramps(25), [frame.astype(np.uint8) for frame in ramps(5, base=0)]
    record(tmp_path / "counts.mkv", counts)
    record(tmp_path / "grey.mkv", grey, "gray")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    cameras = (
        camera("counts", "video:counts.mkv", "starts_at: 2024-03-05T00:00:00Z"),
        camera("grey", "video:grey.mkv"),
        camera("broken", "video:broken.mp4"),
    )
    for _run in range(2):
        with at_work(tmp_path, site(*cameras)) as ingest:
            for name in ("counts", "grey", "broken"):
                ingest.until(
                    lambda it=name: bool(ingest.reasons(it, CameraState.FINISHED)),  # type: ignore[misc]
                    f"the end of {name}",
                )
        if not _run:
            first = ingest

    frames = first.frames("counts")
    assert np.array_equal([frame.thermogram.counts() for frame in frames], counts)
    times = [frame.header.captured_at.isoformat() for frame in frames]
    assert times[0] == "2024-03-05T00:00:00+00:00"
    assert times[-1] == "2024-03-05T00:00:04.800000+00:00"
    pictures = [frame.picture for frame in first.frames("grey") if frame.picture is not None]
    assert np.array_equal([picture.pixels() for picture in pictures], grey)
    (letter,) = first.broker.records("thermal.frames.dlq")
    assert letter.headers["dlq-file"] == b"broken.mp4"
    assert ingest.frames("counts") == ingest.frames("grey") == []
