"""From the outbox to the broker, and through the spool while it is away."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Outgoing, Producer
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care
from services.ingest.spool import Spool
from services.ingest.writer import Writer, WriterOptions
from tests.helpers.ingest import Broker, Clock, parcel, said

KIB = 1024
QUICK = WriterOptions(take_s=0.0, patience_s=0.2, finish_s=0.2)


class World:
    """A writer with everything around it."""

    def __init__(self, folder: Path, producer: Producer | None = None, limit_bytes: int = 1 << 20) -> None:
        self.broker = Broker()
        self.outbox = Outbox()
        self.spool = Spool(folder, limit_bytes)
        self.clock = Clock()
        self.writer = Writer(self.outbox, producer or self.broker, self.spool, QUICK, self.clock)
        self.confirmed: list[str] = []

    def put(self, text: str, care: Care = Care.FRAME, size: int = 0) -> None:
        assert self.outbox.put(parcel(text, care, size=size, written=lambda: self.confirmed.append(text)), 0)

    def turn(self, seconds: float = 0.0) -> None:
        self.clock.seconds += seconds
        self.writer.turn()

    @property
    def written(self) -> list[str]:
        return said(self.broker.written)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.writer.finish()
    world.spool.close()


def test_what_is_handed_over_is_written_in_order_and_confirmed(world: World) -> None:
    for text in "abc":
        world.put(text)

    world.turn()

    assert world.written == world.confirmed == ["a", "b", "c"]
    assert not world.writer.spool_in_use


def test_while_the_broker_is_away_frames_wait_on_disk_and_are_confirmed_as_safe(world: World) -> None:
    world.broker.away = True
    for text in "ab":
        world.put(text)
        world.turn()

    assert world.written == []
    assert world.confirmed == ["a", "b"]
    assert world.writer.spool_in_use
    assert len(world.spool) == 2


def test_when_it_is_back_the_spool_goes_first(world: World) -> None:
    world.broker.away = True
    for text in "abc":
        world.put(text)
        world.turn()
    world.broker.away = False

    world.put("d")
    world.turn(seconds=2)
    world.put("e")
    world.turn()

    assert world.written == ["a", "b", "c", "d", "e"]
    assert not world.writer.spool_in_use


def test_a_broker_that_is_away_is_asked_once_a_second_and_not_for_every_frame(world: World) -> None:
    world.broker.away = True
    for number in range(30):
        world.put(str(number))
        world.turn(seconds=0.1)

    assert 3 <= world.broker.attempts <= 4


def test_recordings_wait_where_they_are_and_lose_nothing(world: World) -> None:
    world.broker.away = True
    for text in "abc":
        world.put(text, Care.PATIENT)
        world.turn()

    assert world.confirmed == []
    assert len(world.spool) == 0
    world.broker.away = False
    world.turn(seconds=2)
    assert world.written == world.confirmed == ["a", "b", "c"]


def test_heartbeats_are_not_kept_while_it_is_away_and_changes_are(world: World) -> None:
    world.broker.away = True
    world.put("frame")
    world.turn()
    world.put("heartbeat", Care.PERISHABLE)
    world.put("changed", Care.KEEP)
    world.turn()
    world.broker.away = False
    world.turn(seconds=2)

    assert world.written == ["frame", "changed"]


def test_a_full_spool_drops_the_oldest_frames_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path, limit_bytes=4 * KIB)
    world.broker.away = True
    for number in range(6):
        world.put(f"{number}", size=KIB)
        world.turn()

    losing = [world.writer.losing]
    assert "messages lost" in capsys.readouterr().out
    world.broker.away = False
    world.turn(seconds=2)
    losing.append(world.writer.losing)

    assert world.written == ["3", "4", "5"]
    assert losing == [True, False]
    world.spool.close()


def test_what_a_former_run_left_is_sent_first(tmp_path: Path) -> None:
    before = Spool(tmp_path, 1 << 20)
    before.append([parcel("left")])
    before.close()
    world = World(tmp_path)

    assert world.writer.spool_in_use
    world.put("new")
    world.turn()

    assert world.written == ["left", "new"]
    world.spool.close()


def test_a_spool_that_cannot_be_written_loses_frames_aloud_and_confirms_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.broker.away = True
    world.spool._database.execute("PRAGMA query_only = 1")

    world.put("a")
    world.turn()

    assert world.confirmed == []
    assert world.writer.losing
    assert "spool cannot be written" in capsys.readouterr().out


class Hanging:
    """A broker that answers when a test lets it."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.fails = False
        self.written: list[Outgoing] = []

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        del timeout_s
        taken = list(messages)
        assert self.answer.wait(30)
        if self.fails:
            raise BrokerUnavailable("hung up")
        self.written += taken

    def close(self) -> None:
        """As `Producer.close`."""


@pytest.mark.parametrize(("fails", "sent"), [(False, ["a", "b"]), (True, ["a", "b"])])
def test_while_an_attempt_hangs_frames_go_to_disk_behind_what_it_carries(
    tmp_path: Path, fails: bool, sent: list[str]
) -> None:
    broker = Hanging()
    world = World(tmp_path, broker)
    world.put("a")
    world.turn()
    world.put("b")
    world.turn()
    assert [said([spooled.message]) for spooled in world.spool.oldest(9, KIB)] == [["a"], ["b"]]

    broker.fails = fails
    broker.answer.set()
    world.turn(seconds=2)
    broker.fails = False
    world.turn(seconds=2)
    world.turn(seconds=2)

    assert said(broker.written) == sent
    assert world.confirmed == ["a", "b"]
    assert not world.writer.spool_in_use
    world.writer.finish()
    world.spool.close()


def test_at_the_end_all_is_written(world: World) -> None:
    for text in "ab":
        world.put(text)
    world.put("recording", Care.PATIENT)
    world.outbox.close()

    world.writer.finish()

    assert world.written == world.confirmed == ["a", "b", "recording"]


def test_at_the_end_with_the_broker_away_frames_are_on_disk_and_recordings_are_read_again(world: World) -> None:
    world.broker.away = True
    world.put("a")
    world.put("recording", Care.PATIENT)
    world.outbox.close()

    world.writer.finish()

    assert world.confirmed == ["a"]
    assert said(spooled.message for spooled in world.spool.oldest(9, KIB)) == ["a"]


def test_a_defect_in_sending_is_no_broker_that_is_away(tmp_path: Path) -> None:
    class Broken(Broker):
        def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
            super().send(messages, timeout_s)
            raise TypeError("a defect")

    world = World(tmp_path, Broken())
    world.put("a")

    with pytest.raises(TypeError, match="a defect"):
        world.turn()
    world.spool.close()


# --- the outbox -----------------------------------------------------------------------------------------------------


def test_live_frames_and_recordings_find_room_apart_and_statuses_always() -> None:
    outbox = Outbox(room_bytes=2 * KIB)

    for care in (Care.FRAME, Care.PATIENT):
        assert outbox.put(parcel("1", care, size=2 * KIB), 0)
        assert not outbox.put(parcel("2", care), 0.01)
    assert outbox.put(parcel("state", Care.KEEP), 0)
    assert not outbox.wait_for_room(0.01)


def test_who_waits_for_room_gets_it_when_the_writer_takes() -> None:
    outbox = Outbox(room_bytes=KIB)
    outbox.put(parcel("1", size=KIB), 0)
    put = []
    waiting = threading.Thread(target=lambda: put.append(outbox.put(parcel("2"), 30)))
    waiting.start()

    outbox.take(0, patient=True)
    waiting.join(30)

    assert put == [True]


def test_closing_sends_away_who_waits() -> None:
    outbox = Outbox(room_bytes=KIB)
    outbox.put(parcel("1", size=KIB), 0)
    put = []
    waiting = threading.Thread(target=lambda: put.append(outbox.put(parcel("2"), 30)))
    waiting.start()

    outbox.close()
    waiting.join(30)

    assert put == [False]
    assert not outbox.wait_for_room(0)


def test_recordings_that_were_put_back_stand_first_again() -> None:
    outbox = Outbox()
    for text in "abc":
        outbox.put(parcel(text, Care.PATIENT), 0)
    taken = outbox.take(0, patient=True)
    outbox.put(parcel("d", Care.PATIENT), 0)

    outbox.put_back(taken)

    assert said(p.messages[0] for p in outbox.take(0, patient=True)) == ["a", "b", "c", "d"]
    assert outbox.take(0, patient=False) == []
