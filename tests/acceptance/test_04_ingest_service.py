"""canairy.v1.IngestService on a running stack: frames in a stream, measurements in a list, bad ones by their index."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from canairy import codec, topics
from canairy.messages import wire
from canairy.messages.frame import Frame
from canairy.messages.measurement import Measurement
from protos.canairy.v1 import ingest_service_pb2 as pb
from tests.acceptance.helpers.push import joint, just_now, request, submit
from tests.acceptance.helpers.stack import RunningStack
from tests.helpers.frames import counts

SECOND = timedelta(seconds=1)


def test_a_bad_frame_in_the_middle_of_a_stream_is_refused_by_its_index_and_breaks_nothing(stack: RunningStack) -> None:
    start = just_now()
    frames = [request("measured", joint(30.0 + number / 10), start + number * SECOND) for number in range(40)]
    frames[20].counts = frames[20].counts[:-2]

    answer = submit(stack.ingest(), frames)

    assert (answer.accepted, answer.refused) == (39, 1)
    assert [refusal.index for refusal in answer.refusals] == [20]
    assert answer.refusals[0].reason == "40958 bytes of counts: 160x128 pixels take 40960"
    sent = stack.until(lambda: whole(stack, start), "all frames on the topic")
    kept = [start + number * SECOND for number in range(40) if number != 20]
    assert [frame.header.captured_at for frame in sent] == kept
    assert [frame.thermogram.counts().tobytes() for frame in sent] == [
        it.counts for number, it in enumerate(frames) if number != 20
    ]


def whole(stack: RunningStack, start: datetime) -> list[Frame]:
    frames = [Frame.decode(record.value or b"") for record in stack.log.records(topics.FRAMES, "measured")]
    ours = [frame for frame in frames if start <= frame.header.captured_at < start + 40 * SECOND]
    return ours if len(ours) == 39 else []


def test_a_frame_may_be_pushed_packed(stack: RunningStack) -> None:
    pixels = counts(joint(33.0))
    frame = request("packed", joint(33.0), just_now(5), counts=b"", packed=codec.pack(pixels))

    answer = submit(stack.ingest(), [frame])

    assert (answer.accepted, answer.refused) == (1, 0)
    (record,) = stack.until(lambda: stack.log.records(topics.FRAMES, "packed"), "the frame")
    assert (Frame.decode(record.value or b"").thermogram.counts() == pixels).all()


def test_measurements_are_kept_and_the_unknown_and_the_impossible_refused_by_index(stack: RunningStack) -> None:
    now = datetime.now(UTC)

    def value(name: str, number: float, at: datetime | None = now) -> pb.MeasurementValue:
        stamp = None if at is None else wire.timestamp(at)
        return pb.MeasurementValue(name=name, value=number, measured_at=stamp)

    call = pb.PushMeasurementsRequest(
        measurements=[
            value("ambient", 12.5),
            value("wind", 3.0),
            value("ambient", math.nan),
            value("bay-1-current", 870.0),
            value("bay-1-current", 880.0, now + timedelta(hours=1)),
            value("bay-1-current", 880.0, None),
        ]
    )
    answer = stack.ingest().PushMeasurements(call, timeout=60)

    assert answer.accepted == 2
    reasons = {it.index: it.reason for it in answer.refusals}
    assert reasons.keys() == {1, 2, 4, 5}
    assert reasons[1] == "unknown measurement 'wind': the site file declares bay-1-current, ambient"
    assert reasons[2] == "ambient is nan"
    assert "in the future" in reasons[4]
    assert reasons[5].startswith("no time")
    for name, number in (("ambient", 12.5), ("bay-1-current", 870.0)):
        records = stack.until(lambda it=name: stack.log.records(topics.MEASUREMENTS, it), name)  # type: ignore[misc]
        assert [Measurement.decode(record.value or b"").value for record in records] == [number]
    taken = "canairy_measurements_taken_total"
    stack.until(lambda: stack.metric("alerting", taken, name="ambient") >= 1, "the measurement at the judge")
