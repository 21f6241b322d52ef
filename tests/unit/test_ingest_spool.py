"""Messages that wait on disk for a broker that is away."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from canairy.stream.broker import Outgoing
from services.ingest.exclusive import take_folder
from services.ingest.parcel import Care, Parcel
from services.ingest.spool import FILE_NAME, Spool, SpoolUnwritable
from services.ingest.tally import Tally
from tests.helpers.ingest import parcel, said

KIB = 1024


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path, 10 * KIB)
    yield spool
    spool.close()


def waiting(spool: Spool) -> list[str]:
    return said(spooled.message for spooled in spool.oldest(1000, 1 << 30))


def test_what_went_in_first_comes_out_first_and_unchanged(spool: Spool) -> None:
    message = Outgoing("thermal.frames", "cam-01", bytes(range(256)), {"schema": b"x", "dlq-file": b"\xff\x00"})
    tombstone = Outgoing("thermal.cameras", "변압기", None)

    spool.append([Parcel("cam-01", (message, tombstone), Care.FRAME)])

    assert [spooled.message for spooled in spool.oldest(10, KIB)] == [message, tombstone]


def test_what_was_sent_is_forgotten_and_the_rest_stays(spool: Spool) -> None:
    spool.append(parcel(str(number)) for number in range(5))
    first = spool.oldest(2, 1 << 20)

    spool.remove(first[-1].seq)

    assert waiting(spool) == ["2", "3", "4"]
    assert len(spool) == 3


def test_a_batch_is_bounded_in_messages_and_bytes_but_never_empty(spool: Spool) -> None:
    spool.append(parcel(str(number), size=KIB) for number in range(5))

    assert len(spool.oldest(3, 1 << 20)) == 3
    assert len(spool.oldest(100, 2500)) == 2
    assert len(spool.oldest(100, 1)) == 1


def test_when_it_is_full_the_oldest_frame_of_the_camera_that_holds_most_goes_first(spool: Spool) -> None:
    slow = [parcel(f"slow {number}", name="slow", size=KIB) for number in range(2)]
    fast = [parcel(f"fast {number}", name="fast", size=KIB) for number in range(12)]

    dropped = spool.append([slow[0], *fast, slow[1]])

    assert dropped == {"fast": Tally(6)}
    assert waiting(spool) == ["slow 0", *(f"fast {number}" for number in range(6, 12)), "slow 1"]
    assert spool.size_bytes <= 10 * KIB


def test_states_and_measurements_outlive_all_frames(spool: Spool) -> None:
    kept = [parcel(f"state {number}", Care.KEEP, size=KIB) for number in range(7)]
    spool.append(kept)

    dropped = spool.append(parcel(f"frame {number}", size=KIB) for number in range(9))

    assert dropped == {"cam-01": Tally(8)}
    assert waiting(spool) == [*(f"state {number}" for number in range(7)), "frame 8"]


def test_even_states_are_bounded_the_oldest_go(spool: Spool) -> None:
    dropped = spool.append(parcel(f"state {number}", Care.KEEP, size=KIB) for number in range(10))

    assert dropped == {"(states and measurements)": Tally(2)}
    assert waiting(spool)[0] == "state 2"


def test_it_goes_on_where_a_former_run_stopped(tmp_path: Path) -> None:
    first = Spool(tmp_path, 10 * KIB)
    first.append(parcel(str(number), size=KIB) for number in range(4))
    first.remove(first.oldest(1, KIB)[-1].seq)
    first.close()

    second = Spool(tmp_path, 10 * KIB)

    assert waiting(second) == ["1", "2", "3"]
    assert second.size_bytes == 3 * (KIB + 200)
    second.close()


def test_it_survives_a_process_that_is_killed_while_it_writes(tmp_path: Path) -> None:
    story = f"""
import os, pathlib
from services.ingest.spool import Spool
from services.ingest.tally import Tally
from tests.helpers.ingest import parcel
spool = Spool(pathlib.Path({str(tmp_path)!r}), 1 << 20)
spool.append([parcel("before")])
spool._database.execute("BEGIN")
spool._insert(parcel("torn"))
os.kill(os.getpid(), 9)
"""
    child = subprocess.run([sys.executable, "-c", story], check=False, cwd=Path(__file__).parents[2])
    assert child.returncode == -9

    spool = Spool(tmp_path, 1 << 20)

    assert waiting(spool) == ["before"]
    spool.close()


def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, and long enough to be looked at" * 100)

    spool = Spool(tmp_path, 10 * KIB)

    assert len(spool) == 0
    assert (tmp_path / "spool.damaged").exists()
    assert "damaged, started anew" in capsys.readouterr().out
    spool.close()


def test_a_folder_that_cannot_be_used_stops_the_start_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="Set CANAIRY_SPOOL_DIR to a folder"):
        Spool(tmp_path / "file" / "spool", KIB)
    with pytest.raises(ConfigurationError, match="Set CANAIRY_SPOOL_DIR to a folder"):
        take_folder(tmp_path / "file" / "spool")


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    lock = take_folder(tmp_path)

    with pytest.raises(ConfigurationError, match="another ingest uses it"):
        take_folder(tmp_path)

    os.close(lock)
    os.close(take_folder(tmp_path))


def test_a_disk_that_is_full_keeps_nothing_of_the_parcels_and_says_so(spool: Spool) -> None:
    spool.append([parcel("before")])
    pages = spool._database.execute("PRAGMA page_count").fetchone()[0]
    spool._database.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    with pytest.raises(SpoolUnwritable, match="spool cannot be written: database or disk is full"):
        spool.append([parcel("small"), parcel("big", size=9 * KIB)])

    assert waiting(spool) == ["before"]
    assert spool.size_bytes == len("before") + 200


def test_what_cannot_be_deleted_is_not_sent_again(spool: Spool) -> None:
    spool.append([parcel("sent"), parcel("next")])
    spool._database.execute("PRAGMA query_only = 1")

    spool.remove(spool.oldest(1, KIB)[0].seq)

    assert waiting(spool) == ["next"]
    assert len(spool) == 1
    with pytest.raises(sqlite3.OperationalError):
        spool._database.execute("DELETE FROM message")
    spool._database.rollback()


Step = st.one_of(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 3000)),
    st.integers(1, 4),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(Step, max_size=25))
def test_order_holds_size_is_true_and_the_bound_is_kept(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int] | int]
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool"), 10 * KIB)
    appended, removed, dropped = 0, 0, 0
    for step in steps:
        if isinstance(step, int):
            oldest = spool.oldest(step, 1 << 30)
            if oldest:
                spool.remove(oldest[-1].seq)
                removed += len(oldest)
        else:
            dropped += sum(
                it.count for it in spool.append([parcel(f"{appended}", name=step[0], size=step[1])]).values()
            )
            appended += 1
        order = [int(text) for text in waiting(spool)]
        assert order == sorted(order)
        assert len(order) == len(spool) == appended - removed - dropped
        assert spool.size_bytes <= 10 * KIB
    spool.close()
