"""What is fuzzed: each decoder by itself, and where a service acts on what it decoded, its step with it.

The rule: a message is understood (then it is written again as it was read) or refused with the error that its reader
expects. Nothing else is raised, and a message that was understood does not break the step that handles it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from google.protobuf.message import DecodeError, Message

from canairy import codec, trace
from canairy.alerts import Alert
from canairy.errors import ConfigurationError, InvalidMessage, UnreadableFile
from canairy.messages.camera import CameraStatus
from canairy.messages.command import Command
from canairy.messages.detections import Detections
from canairy.messages.evidence import Evidence
from canairy.messages.frame import Frame
from canairy.messages.measurement import Measurement
from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from canairy.picture_codec import COLOUR, GREY, pack_picture, unpack_picture
from canairy.site.load import load_site
from canairy.stream import dead_letter as dlq
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Received
from canairy.stream.step import Decoded, Step
from canairy.thermal.capture_time import capture_time
from canairy.thermal.linear_png import read_linear_png
from canairy.topics import ALERTS, AUDIT, CAMERAS, COMMANDS, DETECTIONS, FINDS, FRAMES, MEASUREMENTS, READINGS, STATE
from cli.evidence_picture import draw
from cli.tail import JsonLines
from cli.tail_line import render
from protos.canairy.v1 import alarms_pb2, ingest_service_pb2, thermal_pb2
from services.alerting.alarm_view import _alarms
from services.alerting.handler import Alerting
from services.alerting.judge.rules import SiteRules
from services.alerting.outcomes import Outcomes
from services.anomaly.handler import Anomaly
from services.detection.finds_state import Remembered
from services.detection.handler import Detection
from services.ingest.handler import IngestHandler, Surroundings
from services.ingest.push import pushed_frame, pushed_measurement
from services.ingest.source import nothing
from tests.fuzz import corpus, sealed
from tests.fuzz.mutation import Mutate, bytes_mutated, fields_mutated, json_mutated, lines_mutated, some

Check = Callable[[bytes], object]
SEOUL: Final = ZoneInfo("Asia/Seoul")
# Where checks of files write.
FOLDERS: Final[list[tempfile.TemporaryDirectory[str]]] = []
# A step is made anew so often, so that what it remembers stays small.
LIFE: Final = 300


@dataclass(frozen=True, slots=True)
class Target:
    """`check` is made in the process that runs it; it raises one of `refusals`, or nothing."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutate
    check: Callable[[], Check]
    refusals: tuple[type[Exception], ...] = (InvalidMessage,)


class Coded(Protocol):
    """A message class of canairy.messages."""

    def encode(self) -> bytes: ...


def written_again(message: Coded, decode: Callable[[bytes], Coded]) -> None:
    """What was understood is understood the same when it is written once more."""
    again = decode(message.encode())
    assert again == message, f"{message} became {again}"


def record(topic: str, value: bytes, message: str = "", key: str = "key") -> Received:
    return Received(topic, 0, 7, key, value, schema.header(message) if message else {}, corpus.NOON)


def stepped(
    topic: str, message: str, decode: Callable[[bytes], Coded], make: Callable[[], Step[Any]]
) -> Callable[[], Check]:
    """The decoder, and the step of the service that handles what it gives."""

    def check() -> Check:
        steps = _steps(make)

        def one(value: bytes) -> None:
            written_again(decode(value), decode)
            step, received = next(steps), record(topic, value, message)
            understood = step.decode(received, corpus.NOON)
            for outgoing in step.handle([Decoded(received, understood)], corpus.NOON):
                assert isinstance(outgoing, Outgoing)

        return one

    return check


def _steps(make: Callable[[], Step[Any]]) -> Iterator[Step[Any]]:
    while True:
        step = make()
        for _ in range(LIFE):
            yield step


def alerting() -> Alerting:
    return Alerting(corpus.SITE)


def states() -> Check:
    """A point's state, restored by a judge that then goes on, and shown by the view."""

    def check(value: bytes) -> None:
        state = PointState.decode(value)
        written_again(state, PointState.decode)
        judge = alerting()
        judge.restore(record(STATE, value, "PointState", state.point))
        list(judge.handle([], corpus.NOON))
        messages = [Reading.decode(it) for it in corpus.readings()]
        list(judge.handle([Decoded(record(READINGS, it.encode()), it) for it in messages], corpus.NOON))
        _alarms(record(STATE, value, "PointState", state.point))

    return check


def finds() -> Check:
    """What detection remembers of a view, restored by a process that then sees a frame; anomaly measures its finds."""

    def check(value: bytes) -> None:
        remembered = Remembered.decode(value)
        written_again(remembered, Remembered.decode)
        detection, anomaly = Detection(corpus.SITE), Anomaly(corpus.SITE)
        detection.restore(record(FINDS, value, key=remembered.finds.view))
        frame = record(FRAMES, corpus.frames()[0], "Frame")
        for told in detection.handle([Decoded(frame, detection.decode(frame, corpus.NOON))], corpus.NOON):
            if told.topic == DETECTIONS:
                detections = record(DETECTIONS, told.value or b"", "Detections")
                list(anomaly.handle([Decoded(detections, anomaly.decode(detections, corpus.NOON))], corpus.NOON))

    return check


def evidence() -> Check:
    """Drawn as `canairy evidence` does."""

    def check(value: bytes) -> None:
        understood = Evidence.decode(value)
        assert Evidence.decode(understood.encode()).encode() == understood.encode()
        picture = draw(understood, SEOUL)
        assert picture.dtype == "uint8"

    return check


def alerts() -> Check:
    show = JsonLines()

    def check(value: bytes) -> None:
        show.show(record(ALERTS, value))
        alert = Alert.parse(value)
        render(alert, SEOUL, corpus.NOON, colour=True).encode()

    return check


def outcomes() -> Check:
    kept = Outcomes()
    return lambda value: kept.take([record(AUDIT, value)])


def headers() -> Check:
    """Whoever writes on a topic chooses headers and key: schema, trace, and the dead letter that comes of it."""

    def check(value: bytes) -> None:
        told, _, traced = value.partition(b"\n")
        heads = {"schema": told, trace.TRACE_HEADER: traced, told.decode("latin-1")[:50]: traced}
        received = Received(FRAMES, 0, 7, told.decode("utf-8", "replace"), value, heads, corpus.NOON)
        with trace.span("fuzz", heads):
            pass
        try:
            schema.payload(received, "Frame")
        except InvalidMessage as error:
            dead = dlq.dead_letter(received, dlq.INVALID, str(error), "fuzz")
            assert dead.value == value
            raise

    return check


def unpacked() -> Check:
    """Asked for the size it claims, as a message would, within what a message may claim."""

    def check(value: bytes) -> None:
        height, width = (int.from_bytes(value[at : at + 4], "little") for at in (1, 5))
        counts = codec.unpack(value, height, width)
        assert (codec.unpack(codec.pack(counts), height, width) == counts).all()

    return check


def unpacked_picture() -> Check:
    """The same for 8 bits, as grey and as colour: one of them is not what it was packed as."""

    def check(value: bytes) -> None:
        height, width = (int.from_bytes(value[at : at + 4], "little") for at in (1, 5))
        refusals = []
        for channels in (GREY, COLOUR):
            try:
                pixels = unpack_picture(value, height, width, channels)
            except InvalidMessage as error:
                refusals.append(error)
            else:
                assert (unpack_picture(pack_picture(pixels), height, width, channels) == pixels).all()
        if len(refusals) == len((GREY, COLOUR)):
            raise refusals[0]

    return check


def parsed(kind: type[Message], value: bytes) -> Any:  # noqa: ANN401 - the message of that kind
    """As gRPC does before a service sees it."""
    try:
        return kind.FromString(value)
    except DecodeError as error:
        raise InvalidMessage(str(error)) from error


def submissions() -> Check:
    def check(value: bytes) -> None:
        raw = pushed_frame(parsed(ingest_service_pb2.SubmitFramesRequest, value), corpus.SITE, nothing)
        # A new one each time: else every frame would come out of order.
        handler = IngestHandler(corpus.SITE, corpus.NOON, Surroundings())
        for parcel in handler.pushed(raw, corpus.NOON):
            for message in parcel.messages:
                if message.topic == FRAMES:
                    frame = Frame.decode(message.value or b"")
                    _ = frame.thermogram.celsius() if frame.picture is None else frame.picture.pixels()

    return check


def pushed_values() -> Check:
    def check(value: bytes) -> None:
        told = parsed(ingest_service_pb2.MeasurementValue, value)
        written_again(pushed_measurement(told, corpus.SITE, corpus.NOON, "fuzz"), Measurement.decode)

    return check


def pngs() -> Check:
    path = _file("picture.png")

    def check(value: bytes) -> None:
        path.write_bytes(value)
        told = capture_time(path)
        frame = read_linear_png(path, 0.01, -273.15)
        assert frame.counts.dtype == "uint16"
        assert frame.created_at == told

    return check


def sites() -> Check:
    path = _file("site.yaml")
    place = re.compile(re.escape(str(path)) + r":\d+: .")

    def check(value: bytes) -> None:
        path.write_bytes(value)
        try:
            SiteRules.of(load_site(path))
        except ConfigurationError as error:
            for line in str(error).split("\n"):
                assert place.match(line), f"no FILE:LINE: in {line!r:.300}"
            raise

    return check


def _file(name: str) -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - written thousands of times a second: not to a disk
    folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory if memory.is_dir() else None)
    FOLDERS.append(folder)
    return Path(folder.name) / name


def clean_up() -> None:
    """Delete what checks wrote."""
    while FOLDERS:
        FOLDERS.pop().cleanup()


def fields(kind: type[Message]) -> Mutate:
    return some(bytes_mutated, fields_mutated(kind, sealed.blob), fields_mutated(kind, sealed.blob))


TARGETS: Final = (
    Target("frame", corpus.frames, fields(thermal_pb2.Frame),
           stepped(FRAMES, "Frame", Frame.decode, lambda: Detection(corpus.SITE))),
    Target("detections", corpus.detections, fields(thermal_pb2.Detections),
           stepped(DETECTIONS, "Detections", Detections.decode, lambda: Anomaly(corpus.SITE))),
    Target("reading", corpus.readings, fields(thermal_pb2.Reading),
           stepped(READINGS, "Reading", Reading.decode, alerting)),
    Target("evidence", corpus.evidence, fields(thermal_pb2.Evidence), evidence),
    Target("camera-status", corpus.statuses, fields(thermal_pb2.CameraStatus),
           stepped(CAMERAS, "CameraStatus", CameraStatus.decode, alerting)),
    Target("measurement", corpus.measurements, fields(thermal_pb2.Measurement),
           stepped(MEASUREMENTS, "Measurement", Measurement.decode, alerting)),
    Target("command", corpus.commands, fields(alarms_pb2.Command),
           stepped(COMMANDS, "Command", Command.decode, alerting)),
    # A state of another site stops a judge, in words: its broker is not ours.
    Target("point-state", corpus.states, fields(alarms_pb2.PointState), states, (InvalidMessage, ConfigurationError)),
    Target("finds", corpus.finds, fields(thermal_pb2.ViewFinds), finds),
    Target("alert", corpus.alerts, some(bytes_mutated, json_mutated), alerts),
    Target("audit", corpus.audit, some(bytes_mutated, json_mutated), outcomes, ()),
    Target("headers", corpus.headers, some(bytes_mutated, lines_mutated(("canairy.v", "9" * 5000, ".Frame"))), headers),
    Target("packed-frame", sealed.packed_frames, some(bytes_mutated, sealed.packed_mutated), unpacked),
    Target("packed-picture", sealed.packed_pictures, some(bytes_mutated, sealed.packed_mutated), unpacked_picture),
    Target("pushed-frame", corpus.submissions, fields(ingest_service_pb2.SubmitFramesRequest), submissions),
    Target("pushed-value", corpus.values, fields(ingest_service_pb2.MeasurementValue), pushed_values),
    Target("linear-png", sealed.pngs, some(bytes_mutated, sealed.png_mutated), pngs, (UnreadableFile,)),
    Target("site-file", corpus.sites, some(bytes_mutated, lines_mutated(corpus.SITE_TOKENS)), sites,
           (ConfigurationError,)),
)  # fmt: skip
BY_NAME: Final = {target.name: target for target in TARGETS}
