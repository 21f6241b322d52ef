"""The smaller parts of ingest: clock, settings, sources, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from canairy.errors import ConfigurationError, Unavailable
from canairy.messages.camera import CameraState
from canairy.settings import load_settings
from canairy.simulator.demo import DEMO, SILENCE
from canairy.simulator.scene import SCALE_K, Scene
from canairy.site.model import Camera
from services.ingest.cameras import CameraRunner, hand_over
from services.ingest.canary import CanaryClock
from services.ingest.clock import ClockCheck, kernel_synchronised
from services.ingest.conditions import Conditions
from services.ingest.crew import Crew
from services.ingest.folder_memory import FolderMemory
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care
from services.ingest.settings import IngestSettings
from services.ingest.simulated import SimulatedSource
from services.ingest.source import Event, RawFrame
from services.ingest.sources import KINDS, Workshop, make_sources
from tests.helpers.ingest import NOON, Clock, after, camera, frames, handler_of, parcel, raw, site_of, statuses

# --- the clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "invalid"), [(True, False), (False, True), (None, False)])
def test_only_a_clock_that_is_known_to_be_wrong_is_flagged(answer: bool | None, invalid: bool) -> None:
    assert ClockCheck(lambda: answer).invalid() is invalid


def test_the_kernel_is_asked_every_ten_seconds() -> None:
    answers, clock = iter([True, False]), Clock()
    check = ClockCheck(lambda: next(answers), clock)
    found = []
    for _ in range(12):
        found.append(check.invalid())
        clock.seconds += 1

    assert found == [False] * 10 + [True] * 2


def test_the_kernel_answers_yes_no_or_cannot_be_asked() -> None:
    assert kernel_synchronised() in {True, False, None}


def test_the_sites_flags_are_those_that_hold_now() -> None:
    assert Conditions().flags() == ()
    conditions = Conditions(lambda: True, lambda: True, lambda: True)
    assert conditions.flags() == ("spool_in_use", "spool_dropped", "time_invalid")


def test_a_clock_that_was_set_back_does_not_stop_the_canary() -> None:
    clock = CanaryClock(timedelta(minutes=1))

    assert [clock.due(after(s)) for s in (0, 59, 60, 61, -3600, -3599)] == [True, False, True, False, True, False]


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., IngestSettings]:
    def read(**values: str) -> IngestSettings:
        for name, value in {"site_file": "site.yaml", **values}.items():
            monkeypatch.setenv(f"CANAIRY_{name.upper()}", value)
        return load_settings(IngestSettings)

    return read


def test_the_spool_lies_in_the_data_folder_unless_told_otherwise(environment: Callable[..., IngestSettings]) -> None:
    assert environment(data_dir="/data").spool_folder == Path("/data/ingest")
    assert environment(spool_dir="/spool").spool_folder == Path("/spool")


def test_all_mistakes_in_the_environment_are_told_at_once(environment: Callable[..., IngestSettings]) -> None:
    with pytest.raises(ConfigurationError) as told:
        environment(spool_bytes="1000", canary_period_s="0", grpc_port="70000")

    assert [line.partition(":")[0] for line in str(told.value).splitlines()] == [
        "CANAIRY_SPOOL_BYTES",
        "CANAIRY_CANARY_PERIOD_S",
        "CANAIRY_GRPC_PORT",
    ]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"grpc_cert_file": "cert.pem"}, "CERT_FILE and CANAIRY_GRPC_KEY_FILE belong together"),
        ({"grpc_client_ca_file": "ca.pem"}, "CLIENT_CA_FILE needs"),
        ({"grpc_cert_file": "/no/c.pem", "grpc_key_file": "/no/k.pem"}, "no such file: /no/c.pem, /no/k.pem"),
    ],
)
def test_half_a_tls_set_up_is_refused(
    environment: Callable[..., IngestSettings], values: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        environment(**values)


# --- sources --------------------------------------------------------------------------------------------------------


def test_every_camera_that_cannot_be_read_is_named_at_once(tmp_path: Path) -> None:
    site = site_of(
        camera("a", "gige:10.0.0.7"),
        camera("b", "folder:x", views=[{"id": "1"}, {"id": "2"}]),
        camera("c", "simulated:sunset"),
        camera("d", "push:"),
    )
    memory = FolderMemory(tmp_path)

    with pytest.raises(ConfigurationError) as told:
        make_sources(site, Workshop(tmp_path, memory, lambda _: True, lambda: NOON))

    lines = str(told.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["a", "b", "c"]
    assert lines[0] == f"a: this release cannot read gige: sources, only {', '.join(KINDS)}"
    memory.close()


def test_pushed_cameras_have_no_source_and_the_others_one_each(tmp_path: Path) -> None:
    site = site_of(camera("cam-01", "simulated:demo"), camera("b", "folder:x"), camera("d", "push:"))
    memory = FolderMemory(tmp_path)

    made = make_sources(site, Workshop(tmp_path, memory, lambda _: True, lambda: NOON))

    assert [found.id for found, _ in made] == ["cam-01", "b"]
    memory.close()


class Pace:
    """Time that passes only where a source waits, and ends after `until` seconds."""

    def __init__(self, until: float, slow_s: float = 0.0) -> None:
        self.seconds = 0.0
        self._until = until
        self._slow_s = slow_s

    def wait(self, seconds: float) -> bool:
        self.seconds += seconds + self._slow_s
        return self.seconds >= self._until


def simulated(name: str, pace: Pace, **more: object) -> list[RawFrame]:
    played = Camera.model_validate(camera(name, "simulated:demo", **more))
    source = SimulatedSource(played, pace.wait, lambda: after(pace.seconds), lambda: pace.seconds)
    return [event for event in source.events() if isinstance(event, RawFrame)]


def test_a_simulated_camera_gives_its_rate_with_its_own_time_and_its_scripts_pictures() -> None:
    shown = simulated("cam-01", Pace(until=3), rate_hz=2.0)

    assert [frame.taken_at for frame in shown] == [after(number / 2) for number in range(6)]
    assert shown[0].scale_k == SCALE_K
    alike = Scene(DEMO.cameras[0]).render(1.0)
    assert np.abs(shown[2].counts.astype(int) - alike).max() < 80


def test_a_simulated_camera_is_silent_when_its_script_says_so() -> None:
    seconds = [frame.taken_at for frame in simulated("cam-04", Pace(until=60), rate_hz=1.0)]

    silent = [after(second) for second in range(60) if SILENCE[0] <= second < SILENCE[1]]
    assert set(silent).isdisjoint(seconds)
    assert len(seconds) == 60 - len(silent)


def test_a_simulated_camera_that_cannot_keep_up_leaves_frames_out() -> None:
    times = [frame.taken_at for frame in simulated("cam-01", Pace(until=10, slow_s=0.9), rate_hz=2.0)]

    assert 9 <= len(times) <= 11


# --- threads --------------------------------------------------------------------------------------------------------


class Driver:
    """A source that plays a story: what it yields, and raises when it is an error, one list an attempt."""

    def __init__(self, *attempts: Sequence[Event | Exception]) -> None:
        self._attempts = list(attempts)

    def events(self) -> Iterator[Event]:
        for step in self._attempts.pop(0) if self._attempts else []:
            if isinstance(step, Exception):
                raise step
            yield step


def run(source: Driver, turns: int) -> tuple[Outbox, list[float]]:
    site = site_of(camera())
    outbox, waits = Outbox(), list[float]()

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) >= turns

    CameraRunner(handler_of(site), outbox, lambda: after(sum(waits)), wait).run(site.cameras[0], source)
    return outbox, waits


def test_a_source_that_fails_is_told_and_tried_again_after_ever_longer_pauses() -> None:
    refused = [ConnectionError("connection refused")]
    outbox, waits = run(Driver(refused, refused, refused, refused, refused, refused, [raw()]), turns=8)

    parcels = outbox.take(0, patient=True)
    assert waits[:6] == [1, 2, 4, 8, 16, 30]
    first, last = statuses(parcels)[0], statuses(parcels)[-1]
    assert (first.state, first.reason) == (CameraState.FAILED, "cam-01: connection refused")
    assert last.state is CameraState.LIVE
    assert len(frames(parcels)) == 1


def test_a_frame_between_two_failures_ends_the_long_pauses() -> None:
    lost = Unavailable("no route to host")
    _, waits = run(Driver([lost], [lost], [lost], [raw(), lost], [lost]), turns=5)

    assert waits == [1, 2, 4, 1, 2]


def test_an_error_without_words_is_told_by_its_name() -> None:
    outbox, _ = run(Driver([TimeoutError()]), turns=1)

    assert statuses(outbox.take(0, patient=True))[0].reason == "cam-01: TimeoutError"


def test_a_live_frame_that_finds_no_room_is_lost_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("services.ingest.cameras.ROOM_WITHIN_S", 0.01)
    outbox = Outbox(room_bytes=10)
    outbox.put(parcel("1"), 0)

    assert not hand_over(outbox, parcel("2"))
    assert "frame lost: the writer does not keep up" in capsys.readouterr().out


def test_a_recording_that_finds_no_room_waits_until_the_service_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.cameras.ROOM_WITHIN_S", 0.01)
    outbox = Outbox(room_bytes=10)
    outbox.put(parcel("1", Care.PATIENT), 0)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(hand_over(outbox, parcel("2", Care.PATIENT))))
    waiting.start()

    outbox.close()
    waiting.join(30)

    assert answers == [False]


def test_a_defect_in_one_thread_ends_them_all() -> None:
    crew = Crew(threading.Event())
    crew.start("patient", crew.stop.wait)
    crew.start("broken", lambda: 1 // 0)

    crew.join(30)

    assert isinstance(crew.failure, ZeroDivisionError)
    assert crew.wait(0)


def test_what_a_human_must_mend_is_left_to_be_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    crew = Crew(threading.Event())

    def misconfigured() -> None:
        raise ConfigurationError("topic thermal.frames is missing")

    crew.start("writer", misconfigured)
    crew.join(30)

    assert str(crew.failure) == "topic thermal.frames is missing"
    assert "Traceback" not in capsys.readouterr().out
