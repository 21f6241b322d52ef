"""Bad input of a model: what the anomaly service does with it. Nothing is lost, neighbours are unharmed, it is said.

The service is its own loop, step and client on a broker in memory; Triton is the real one where it can be made to do
such a thing, and one that is played where it cannot (slow, in error, half an answer). Crops are simulated.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from canairy.errors import ConfigurationError
from canairy.messages.header import MODEL_UNAVAILABLE, OVER_RANGE
from canairy.messages.reading import Reading
from canairy.models.card import FILE, read_card
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton
from services.anomaly.models import scoring
from services.anomaly.settings import AnomalySettings
from services.anomaly.triton import spec_of
from tests.acceptance.helpers.waiting import until
from tests.helpers.anomaly_service import AnomalyService, Heard, Through, anomaly_service
from tests.helpers.bushings import FRAME, SITE, drawn, pair, told, write_broken, write_models
from tests.helpers.killing import Killing
from tests.helpers.patchcore import bushing
from tests.helpers.triton_fake import serving
from tests.helpers.triton_ill import Ill, in_error, of_another_shape, slow, with_few_bytes, without_its_map

pytestmark = pytest.mark.timeout(280)


def score_of(reading: Reading) -> float:
    assert reading.anomaly is not None, reading
    assert MODEL_UNAVAILABLE not in reading.header.flags
    return reading.anomaly.score


def said_to_be_unscored(readings: Iterable[Reading]) -> bool:
    """Each is measured, has no score, and says so."""
    return all(
        it.temperatures is not None and it.anomaly is None and MODEL_UNAVAILABLE in it.header.flags for it in readings
    )


# --- models ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`patchcore` as the command trains it, `endless` whose distances overflow, `narrow` with a short queue."""
    return write_models(tmp_path_factory.mktemp("bad-input"))


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with Triton(ensure_triton(), repository, tmp_path_factory.mktemp("triton")) as running:
        yield running


@pytest.fixture
def service(server: Triton, repository: Path) -> Iterator[AnomalyService]:
    with anomaly_service(SITE, server.address, repository / "patchcore") as running:
        yield running


def below(server: Triton, name: str) -> list[psutil.Process]:
    """The processes of a server whose names begin so."""
    assert server.process.pid is not None
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [process for process in children if process.name().startswith(name)]


# --- crops ----------------------------------------------------------------------------------------------------------


def test_crops_of_no_area_are_readings_without_score_and_their_neighbours_keep_theirs(service: AnomalyService) -> None:
    ((alone,),) = service.read([drawn("whole")])

    ((gone, whole, sliver),) = service.read([drawn("gone"), drawn("whole"), drawn("sliver")])

    assert (gone.anomaly, gone.temperatures) == (None, None)
    # Two pixels wide: they are measured, and show nothing of what it looks like.
    assert sliver.anomaly is None
    assert sliver.temperatures is not None
    assert sliver.temperatures.pixels == 2 * 260
    assert score_of(whole) == pytest.approx(score_of(alone), rel=1e-4)
    # The model was asked, and is not away.
    assert not {flag for it in (gone, sliver) for flag in it.header.flags}


def test_a_crop_at_the_edge_of_the_frame_is_scored_by_what_is_in_the_frame(service: AnomalyService) -> None:
    ((cut, in_the_frame),) = service.read([drawn("cut"), told("whole", FRAME[380:512, 250:350])])

    assert cut.temperatures is not None
    assert cut.temperatures.hottest_y < 512
    assert score_of(cut) == pytest.approx(score_of(in_the_frame), rel=1e-4)


def test_a_crop_all_of_one_temperature_has_a_score_and_its_neighbours_keep_theirs(service: AnomalyService) -> None:
    ((alone,),) = service.read([told("whole", bushing(40))])

    ((even, neighbour),) = service.read([told("cut", np.full((60, 60), 29_315, np.uint16)), told("whole", bushing(40))])

    assert even.anomaly is not None
    assert even.anomaly.abnormal
    assert even.temperatures is not None
    assert even.temperatures.max_c == pytest.approx(20, abs=0.01)
    assert score_of(neighbour) == pytest.approx(score_of(alone), rel=1e-4)


def test_a_crop_over_range_is_scored_and_stays_flagged_as_over_range(service: AnomalyService) -> None:
    hot = bushing(40)
    hot[100:130, 30:60] = 65_535

    ((reading,),) = service.read([told("whole", hot)], flags=(OVER_RANGE,))

    assert reading.anomaly is not None
    assert reading.anomaly.abnormal
    assert reading.lower_bound
    assert reading.header.flags == (OVER_RANGE,)


# --- models that are not what they should be ------------------------------------------------------------------------


def test_a_bank_of_another_size_than_the_served_one_is_named_at_the_start(
    server: Triton, repository: Path, tmp_path: Path
) -> None:
    other = tmp_path / "models/patchcore"
    shutil.copytree(repository / "patchcore", other)
    card = json.loads((other / FILE).read_text())
    (other / FILE).write_text(json.dumps(card | {"size_px": 96}))
    settings = AnomalySettings(
        site_file=tmp_path / "site.yaml", triton_address=server.address, model_repository=other.parent
    )

    with (
        pytest.raises(
            ConfigurationError, match=r"input counts is UINT16 \[-1, 64, 64\], expected UINT16 \[-1, 96, 96\]"
        ),
        scoring(settings, SITE),
    ):
        pass


def test_a_model_that_answers_no_number_gives_no_score_but_readings_that_say_so(
    server: Triton, repository: Path
) -> None:
    with anomaly_service(SITE, server.address, repository / "endless") as service:
        frames = service.read(*(pair(day) for day in range(10)))

    assert [len(readings) for readings in frames] == [2] * 10
    assert said_to_be_unscored(it for readings in frames for it in readings)


@pytest.mark.parametrize("weights", ["backbone/", "banks"])
def test_a_weight_that_is_no_number_is_named_when_the_server_starts(
    repository: Path, tmp_path: Path, weights: str
) -> None:
    write_broken(repository, tmp_path / "models", weights)

    server = Triton(ensure_triton(), tmp_path / "models", tmp_path, ["broken"])
    try:
        with pytest.raises(ConfigurationError, match="model broken: weights that are no numbers"):
            server.start()
    finally:
        server.stop()


# --- Triton that is ill ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "illness",
    [slow, in_error, with_few_bytes, without_its_map, of_another_shape],
)
def test_with_an_ill_triton_every_frame_is_measured_and_says_so_and_is_scored_when_it_is_well(
    repository: Path, illness: Callable[[Ill, threading.Event], None]
) -> None:
    ill, over = Ill(spec_of(read_card(repository / "patchcore"))), threading.Event()
    with serving(ill) as address, anomaly_service(SITE, address, repository / "patchcore") as service:
        before = service.read(pair(1))
        illness(ill, over)
        try:
            without = service.read(*(pair(day % 10) for day in range(2, 32)))
        finally:
            over.set()
        ill.infer = ill.sound
        until(lambda: service.read(pair(1))[0][0].anomaly, "a score")

    assert score_of(before[0][0]) == 0.5
    assert [[it.asset for it in readings] for readings in without] == [["whole", "plain"]] * 30
    assert said_to_be_unscored(it for readings in without for it in readings)


def test_a_triton_that_is_killed_in_the_middle_of_a_batch_loses_no_reading_and_is_asked_again(
    repository: Path, tmp_path: Path
) -> None:
    server = Triton(ensure_triton(), repository, tmp_path, ["patchcore"])
    blows = iter([False, True])

    def kill() -> None:
        if next(blows, False):
            (process,) = below(server, "tritonserver")
            process.kill()

    with (
        server,
        anomaly_service(SITE, server.address, repository / "patchcore", partial(Killing, kill=kill)) as service,
    ):
        before = service.read(pair(1))
        without = service.read(*(pair(day) for day in range(2, 12)))
        until(lambda: not server.process.running, "the guard to end with its server")
        server.start()
        until(lambda: service.read(pair(1))[0][0].anomaly, "a score of the next server")

    assert score_of(before[0][0]) > 0
    assert [[it.asset for it in readings] for readings in without] == [["whole", "plain"]] * 10
    assert said_to_be_unscored(it for readings in without for it in readings)


# --- more than the queue holds ----------------------------------------------------------------------------------------


def test_a_backlog_of_more_cameras_than_the_queue_holds_is_scored_to_the_last(server: Triton, repository: Path) -> None:
    reasons: list[str] = []
    # The queue of the model holds 256 (training/patchcore/configuration.py).
    backlog = [pair(number % 10) for number in range(300)]

    with anomaly_service(SITE, server.address, repository / "patchcore", partial(Heard, reasons=reasons)) as service:
        frames = service.read(*backlog)

    assert len([score_of(readings[0]) for readings in frames]) == 300
    assert reasons == []


def test_what_a_full_queue_refuses_is_tried_again_and_every_reading_has_a_score_or_says_why_not(
    server: Triton, repository: Path
) -> None:
    """Six services send four requests of eight crops each at once to a queue of six."""
    reasons: list[str] = []
    frames_each = [pair(number % 10) for number in range(40)]
    with crowd(6, server.address, repository / "narrow", partial(Heard, reasons=reasons)) as (services, threads):
        read = [threads.submit(service.read, *frames_each) for service in services]
        frames = [readings for it in read for readings in it.result(240)]
        after = until(lambda: services[0].read(pair(1))[0][0].anomaly, "a score afterwards")

    assert any("maximum queue size" in reason for reason in reasons)
    assert [[it.asset for it in readings] for readings in frames] == [["whole", "plain"]] * 240
    assert all((whole.anomaly is None) == (MODEL_UNAVAILABLE in whole.header.flags) for whole, _ in frames)
    assert all(plain.temperatures is not None for _, plain in frames)
    assert after.score > 0


@contextmanager
def crowd(
    count: int, address: str, model: Path, through: Through
) -> Iterator[tuple[Sequence[AnomalyService], ThreadPoolExecutor]]:
    """So many services, and a thread for each."""
    with ExitStack() as stack:
        services = [stack.enter_context(anomaly_service(SITE, address, model, through)) for _ in range(count)]
        yield services, stack.enter_context(ThreadPoolExecutor(count))
