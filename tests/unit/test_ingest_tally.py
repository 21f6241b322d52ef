"""What ingest says of its spool: what waits, what was lost, from when to when; and with a spool of an older release."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from structlog.testing import capture_logs

from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Outgoing
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care
from services.ingest.spool import FILE_NAME, Spool
from services.ingest.tally import Tally, added, told
from services.ingest.writer import REASONS_SAID, Writer, WriterOptions
from tests.helpers.ingest import Broker, Clock, after, parcel, said

KIB = 1024
OLDER_SCHEMA = """
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, camera TEXT NOT NULL, bytes INTEGER NOT NULL, topic TEXT NOT NULL,
    key TEXT NOT NULL, headers TEXT NOT NULL, value BLOB
);
INSERT INTO message (camera, bytes, topic, key, headers, value)
VALUES ('cam-01', 205, 't', 'cam-01', '{}', CAST('older' AS BLOB));
"""


def test_two_tallies_of_a_camera_are_one_from_the_first_to_the_last() -> None:
    both = added({"a": Tally(2, after(0), after(1))}, {"a": Tally(1, after(3), after(3)), "b": Tally(1)})

    assert both == {"a": Tally(3, after(0), after(3)), "b": Tally(1)}
    assert told(both)["a"] == {"count": 3, "first": after(0).isoformat(), "last": after(3).isoformat()}


def test_what_waits_and_what_was_dropped_is_known_by_camera_and_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 4 * KIB)
    spool.append([parcel("state", Care.KEEP)])

    dropped = spool.append(parcel(str(second), size=KIB, captured_at=after(second)) for second in range(5))
    kept = spool.kept()
    spool.close()

    assert dropped == {"cam-01": Tally(2, after(0), after(1))}
    assert kept == {"cam-01": Tally(3, after(2), after(4)), "(states and measurements)": Tally(1)}


def test_a_spool_of_the_release_before_is_gone_on_with(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as older:
        older.executescript(OLDER_SCHEMA)
    older.close()

    spool = Spool(tmp_path, 4 * KIB)
    spool.append([parcel("newer", captured_at=after(7))])

    assert said(spooled.message for spooled in spool.oldest(9, KIB)) == ["older", "newer"]
    assert spool.kept() == {"cam-01": Tally(2, after(7), after(7))}
    spool.close()


def test_what_was_lost_is_told_for_a_while_after_the_spool_is_empty(tmp_path: Path) -> None:
    broker, clock, outbox = Broker(), Clock(), Outbox()
    spool = Spool(tmp_path, 4 * KIB)
    writer = Writer(outbox, broker, spool, WriterOptions(take_s=0.0, patience_s=5.0, lost_told_s=120.0), clock)
    broker.away = True
    for number in range(6):
        outbox.put(parcel(str(number), size=KIB), 0)
        writer.turn()

    broker.away = False
    clock.seconds += 2
    writer.turn()
    told_for = [(writer.spool_in_use, writer.losing)]
    clock.seconds += 120
    told_for.append((writer.spool_in_use, writer.losing))

    assert told_for == [(False, True), (False, False)]
    spool.close()


def test_a_spool_that_could_not_be_written_is_no_loss_for_ever(tmp_path: Path) -> None:
    broker, clock, outbox = Broker(), Clock(), Outbox()
    spool = Spool(tmp_path, 4 * KIB)
    writer = Writer(outbox, broker, spool, WriterOptions(take_s=0.0, patience_s=5.0), clock)
    broker.away = True
    spool._database.execute("PRAGMA query_only = 1")
    outbox.put(parcel("lost"), 0)
    writer.turn()
    losing = [writer.losing]

    broker.away = False
    clock.seconds += 2
    outbox.put(parcel("next"), 0)
    writer.turn()

    assert [*losing, writer.losing] == [True, False]
    spool._database.execute("PRAGMA query_only = 0")
    spool.close()


def test_at_the_end_what_was_lost_is_said_even_if_something_was_said_just_now(tmp_path: Path) -> None:
    broker, clock, outbox = Broker(), Clock(), Outbox()
    spool = Spool(tmp_path, 4 * KIB)
    writer = Writer(outbox, broker, spool, WriterOptions(take_s=0.0, patience_s=5.0, finish_s=1.0), clock)
    broker.away = True
    with capture_logs() as lines:
        for number in range(8):
            outbox.put(parcel(str(number), size=KIB), 0)
            writer.turn()
        outbox.close()
        writer.finish()
    spool.close()

    lost = [line["lost"]["cam-01"]["count"] for line in lines if line["event"].startswith("messages lost")]
    assert lost == [1, 4]


class Varying(Broker):
    """Away for another reason each time."""

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        super().send((), timeout_s)
        del messages
        raise BrokerUnavailable(f"socket {self.attempts} disconnected")


def test_each_reason_is_said_once_and_only_so_many(tmp_path: Path) -> None:
    clock, outbox = Clock(), Outbox()
    spool = Spool(tmp_path, 64 * KIB)
    writer = Writer(outbox, Varying(), spool, WriterOptions(take_s=0.0, patience_s=5.0), clock)
    with capture_logs() as lines:
        for number in range(20):
            outbox.put(parcel(str(number)), 0)
            clock.seconds += 1
            writer.turn()
    spool.close()

    assert [line["reason"] for line in lines] == [f"socket {n} disconnected" for n in range(1, REASONS_SAID + 1)]


def test_what_is_dropped_while_it_is_under_way_is_lost_only_if_it_does_not_arrive(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 4 * KIB)
    spool.append(parcel(str(second), size=KIB, captured_at=after(second)) for second in range(3))
    spool.being_sent(spool.oldest(2, 1 << 20)[-1].seq)

    dropped = spool.append(parcel(str(second), size=KIB, captured_at=after(second)) for second in range(3, 6))
    under_way = spool.settled()
    later = spool.append([parcel("6", size=KIB, captured_at=after(6))])

    assert (dropped, under_way) == ({"cam-01": Tally(1, after(2), after(2))}, {"cam-01": Tally(2, after(0), after(1))})
    assert (later, spool.settled()) == ({"cam-01": Tally(1, after(3), after(3))}, {})
    spool.close()
