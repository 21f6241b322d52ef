"""What bad input gets: each has a rule, and a message that a person understands; its neighbours are unharmed.

Frames that ingest would refuse are written straight onto thermal.frames, as a producer that is not ours could.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from kafka.errors import MessageSizeTooLargeError

from canairy import topics
from canairy.messages.detections import Detections
from canairy.messages.frame import Frame
from canairy.messages.thermogram import Thermogram
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Received
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import backdrop, joint, just_now, push_all, request, submit
from tests.acceptance.helpers.stack import RunningStack
from tests.acceptance.helpers.written import frame, record, written

SECOND = timedelta(seconds=1)


def wire_frame(made: Frame, **thermogram: object) -> bytes:
    """A frame whose thermogram says something else."""
    return replace(made, image=replace(made.thermogram, **thermogram)).encode()  # type: ignore[arg-type]


def bad_frames(at: datetime) -> dict[str, Outgoing]:
    """By what is wrong: the record that has it. Two cameras take them, so that none is quarantined."""
    good = frame("bad", at)
    impossible = Thermogram.of(np.full((8, 8), 60_000, np.uint16), 0.1, 0.0)
    return {
        "truncated": record("bad", good.encode()[:-500]),
        "damaged": record("bad", wire_frame(good, packed=good.thermogram.packed[:-9] + b"\0" * 9)),
        "wrong shape": record("bad", wire_frame(good, width=161)),
        "oversized": record("bad", wire_frame(good, width=5000)),
        "unknown major": record("bad", good.encode(), {"schema": b"canairy.v2.Frame"}),
        "another message": record("bad", good.encode(), schema.header("Reading")),
        "NaN": record("worse", wire_frame(frame("worse", at), scale_k=float("nan"))),
        "impossible": record("worse", replace(frame("worse", at), image=impossible).encode()),
        "future": written("worse", datetime.now(UTC) + timedelta(hours=1)),
        "another site": record("worse", frame("worse", at, site="elsewhere").encode()),
        "unknown view": record("worse", frame("worse", at, view="attic").encode()),
        "unknown camera": written("nobody", at),
        "empty": record("nobody-2", b""),
        "tombstone": record("nobody-3", None),
    }


REASONS = {
    "truncated": "not a canairy.v1.Frame",
    "damaged": "packed frame: truncated or damaged, crc32",
    "wrong shape": "packed frame: 128x160 pixels, expected 128x161",
    "oversized": "5000x128 pixels: sides must be 1 to 4096",
    "unknown major": "unknown major version 2 of Frame: this release reads 1",
    "another message": "where canairy.v1.Frame belongs",
    "NaN": "scale_k is nan",
    "impossible": "degC: outside -100 to 2000",
    "future": "which is in the future",
    "another site": "a frame of site 'elsewhere', and this is 'accept-ss'",
    "unknown view": "camera 'worse' with view 'attic' is not in the site file",
    "unknown camera": "camera 'nobody' with view 'nobody-view' is not in the site file",
    "empty": "header.site is missing",
    "tombstone": "a tombstone where a Frame belongs",
}


@pytest.fixture(scope="module")
def letters(stack: RunningStack) -> dict[str, Received]:
    """The dead letter of each bad frame; they were written between good frames of three cameras."""
    start = just_now()
    bad = bad_frames(start + SECOND)
    before = len(dead(stack))
    around = [[written(camera, start + n * SECOND) for camera in ("bad", "worse", "unharmed")] for n in (0, 2)]
    stack.write(*around[0], *bad.values(), *around[1])
    found = stack.until(lambda: stack_of(stack, before, len(bad)), "a dead letter for each")
    by_bytes = {(letter.key, letter.value, letter.headers.get("schema")): letter for letter in found}
    return {name: by_bytes[sent.key, sent.value or b"", sent.headers.get("schema")] for name, sent in bad.items()}


def dead(stack: RunningStack) -> list[Received]:
    letters = stack.log.records(topics.dead_letters(topics.FRAMES))
    return [letter for letter in letters if letter.headers["dlq-service"] == b"detection"]


def stack_of(stack: RunningStack, before: int, count: int) -> list[Received]:
    found = dead(stack)[before:]
    return found if len(found) >= count else []


@pytest.mark.parametrize("name", list(REASONS))
def test_a_bad_frame_is_a_dead_letter_that_says_why_and_where(letters: dict[str, Received], name: str) -> None:
    headers = letters[name].headers

    assert REASONS[name] in headers["dlq-reason"].decode()
    assert headers["dlq-kind"] == (b"other_site" if name == "another site" else b"invalid")
    assert headers["dlq-place"].startswith(b"thermal.frames/")


def test_the_neighbours_of_bad_frames_are_unharmed(stack: RunningStack, letters: dict[str, Received]) -> None:
    assert letters
    for camera in ("bad", "worse", "unharmed"):
        stack.until(lambda it=camera: len(stack.log.records(topics.DETECTIONS, it)) >= 2, f"frames of {camera}")  # type: ignore[misc]
        records = stack.log.records(topics.DETECTIONS, camera)
        times = [Detections.decode(found.value or b"").header.captured_at for found in records]
        assert times[1] - times[0] == 2 * SECOND


def test_a_message_that_is_larger_than_kafka_takes_is_refused_to_whoever_writes_it(stack: RunningStack) -> None:
    huge = record("bad", b"\0" * (topics.MAX_MESSAGE_BYTES + 1024))

    with pytest.raises(MessageSizeTooLargeError):
        stack.write(huge)


def test_frames_out_of_order_are_refused_when_pushed(stack: RunningStack) -> None:
    start = just_now()

    answer = submit(
        stack.ingest(), [request("ordered", backdrop(), it) for it in (start, start - SECOND, start + SECOND)]
    )

    assert (answer.accepted, answer.refused, answer.refusals[0].index) == (2, 1, 1)
    assert "older than the newest frame" in answer.refusals[0].reason
    assert "send a camera's in order" in answer.refusals[0].reason


def test_frames_out_of_order_on_the_topic_move_no_on_delay_and_clear_nothing(stack: RunningStack) -> None:
    start = just_now()
    push_all(stack.ingest(), [request("shuffled", joint(90.0), start)])
    stack.until(lambda: stack.log.events("shuffled-a"), "the alarm")

    stack.write(written("shuffled", start - 2 * SECOND, joint(20.0)))
    push_all(stack.ingest(), [request("shuffled", joint(95.0), start + SECOND)])
    push_all(stack.ingest(), [request("shuffled", joint(20.0), start + 2 * SECOND)])
    stack.until(lambda: len(stack.log.events("shuffled-a")) >= 2, "the return")

    events = stack.log.events("shuffled-a")
    assert kinds(events) == ["high raised", "high returned"]
    assert datetime.fromisoformat(events[1]["time"]) == start + 2 * SECOND


PUSHED: dict[str, tuple[dict[str, Any], str]] = {
    "future": ({"captured_at": timedelta(hours=1)}, "in the future: here it is"),
    "no time": ({"captured_at": None}, "no time: it must say when it was captured"),
    "unknown camera": ({"camera": "nobody"}, "unknown camera 'nobody': it is not in the site file"),
    "not a pushed camera": ({"camera": "sim-01"}, "only a camera with source push: is pushed"),
    "unknown view": ({"view": "attic"}, "refused has no view 'attic': its views are refused-view"),
    "NaN": ({"scale_k": float("nan")}, "scale_k is nan"),
    "negative scale": ({"scale_k": -0.01}, "a count must mean more heat, not less"),
    "impossible temperatures": ({"scale_k": 1.0}, "possible are -100 to 2000: damaged, or the scale is wrong"),
    "wrong shape": ({"width": 161}, "40960 bytes of counts: 161x128 pixels take 41216"),
    "oversized": ({"width": 5000}, "5000x128 pixels: sides must be 1 to 4096"),
    "truncated": ({"counts": b"", "packed": b"\x01\x80"}, "packed frame: 2 bytes, its header alone takes"),
    "nothing": ({"counts": b""}, "one of counts, packed, pixels, file must hold the picture"),
}


@pytest.mark.parametrize("name", list(PUSHED))
def test_a_bad_pushed_frame_is_refused_with_a_reason(stack: RunningStack, name: str) -> None:
    changes, reason = PUSHED[name]
    moment: datetime | None = just_now(1)
    if "captured_at" in changes:
        ahead = changes["captured_at"]
        moment = datetime.now(UTC) + ahead if isinstance(ahead, timedelta) else None
    fields = {key: value for key, value in changes.items() if key != "captured_at"}

    answer = submit(stack.ingest(), [request("refused", backdrop(), moment, **fields)])

    assert (answer.accepted, answer.refused) == (0, 1)
    assert reason in answer.refusals[0].reason
    assert not stack.log.records(topics.FRAMES, "refused")


def test_another_picture_of_the_same_time_is_refused_and_the_same_one_is_a_repeat(stack: RunningStack) -> None:
    at = just_now(1)

    first = submit(stack.ingest(), [request("twice", backdrop(), at)])
    same = submit(stack.ingest(), [request("twice", backdrop(), at)])
    other = submit(stack.ingest(), [request("twice", joint(50.0), at)])

    assert (first.accepted, same.accepted, other.accepted) == (1, 1, 0)
    assert "one picture has one time" in other.refusals[0].reason


def test_bad_messages_on_the_other_topics_are_dead_letters_too(stack: RunningStack) -> None:
    inputs = (topics.DETECTIONS, topics.READINGS, topics.CAMERAS, topics.MEASUREMENTS, topics.COMMANDS)

    stack.write(*(Outgoing(topic, "stranger", b"\xff\xff no message") for topic in inputs))

    for topic in inputs:
        letter = stack.until(lambda it=topic: stack.log.records(topics.dead_letters(it), "stranger"), topic)[0]  # type: ignore[misc]
        assert b"not a canairy.v1." in letter.headers["dlq-reason"]
        assert letter.value == b"\xff\xff no message"
