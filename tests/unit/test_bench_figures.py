"""The arithmetic behind the figures: a wrong one would be believed."""

from __future__ import annotations

import json
import math
import os
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from kafka.record import MemoryRecords

from benchmarks.alert_stages import STAGES, durations, summary
from benchmarks.booked import CALLS, STEPS
from benchmarks.bulk_writer import encode_batch, error_code
from benchmarks.cameras32 import CAMERAS, RATE_HZ, Sample, Watched
from benchmarks.failover import taken_over_after
from benchmarks.flood_states import FILLING, KEPT, flood_site, flood_states
from benchmarks.hops_page import hops_page, next_things
from benchmarks.latencies import quantile
from benchmarks.ledger import Ledger
from benchmarks.live_stack import told
from benchmarks.soak import figures, slopes_mb_an_hour
from benchmarks.stage_chart import stage_chart
from canairy.messages.alarm import AlarmState
from canairy.messages.state import PointState
from canairy.stream.broker import Outgoing
from canairy.topics import STATE

CAPTURED_AT = datetime(2026, 3, 1, tzinfo=UTC)


class TestQuantile:
    def test_is_the_value_that_the_share_lies_under(self) -> None:
        values = [float(number) for number in range(100, 0, -1)]

        assert quantile(values, 0.5) == 51
        assert quantile(values, 0.95) == 96
        assert quantile(values, 1.0) == 100

    def test_of_nothing_is_nothing(self) -> None:
        assert quantile([], 0.95) == 0


class TestStages:
    def test_each_lasts_from_one_mark_to_the_next_and_together_they_are_the_latency(self) -> None:
        start = CAPTURED_AT.timestamp()
        marks = {mark: start + 0.010 * (number + 1) for number, mark in enumerate(STAGES.values())}

        stages = durations(CAPTURED_AT, marks)

        assert stages == pytest.approx(dict.fromkeys(STAGES, 10.0), abs=0.01)

    def test_the_slowest_are_told_apart(self) -> None:
        quick, slow = dict.fromkeys(STAGES, 1.0), dict.fromkeys(STAGES, 1.0) | {"judge": 91.0}

        told_of = summary([quick] * 19 + [slow])

        assert told_of["judge"]["mean_of_slowest_ms"] == 91.0
        assert told_of["judge"]["p50_ms"] == 1.0
        assert sum(one["share"] for one in told_of.values()) == pytest.approx(1, abs=0.01)

    def test_the_chart_is_an_svg_with_a_bar_for_each_stage(self) -> None:
        stages = summary([dict.fromkeys(STAGES, 20.0)])

        drawn = ET.fromstring(stage_chart(stages, "a < b", 250.0))  # noqa: S314 - made here

        titles = [title.text or "" for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
        assert [title.partition(":")[0] for title in titles] == [*STAGES, *STAGES]


class TestHops:
    CPU: Final = {
        "ingest": {"codec": 9.0, "rendering (simulated)": 8.0, "own work": 1.0},
        "kafka": {"own work": 3.0, "compiling": 0.5},
    }

    def test_the_next_thing_to_improve_is_the_largest_that_is_not_given(self) -> None:
        (line,) = next_things(self.CPU)

        assert line.startswith("**Next to improve: own work in kafka (3.00 ms a frame, 14 %).**")

    def test_the_page_adds_up(self) -> None:
        sizes = {"thermal.frames": 200_000.0}
        measured = {
            "cpu_ms_a_frame": self.CPU,
            "bytes_a_frame_written": sizes,
            "bytes_a_frame_read": sizes,
            "at_frames_per_s": 24.0,
            "frames": 1440,
        }

        page = hops_page(measured, {"cpu": "a processor", "cores": 2})

        assert "| **all** | **18.00** | **3.50** | **21.50** |" in page
        assert "| `thermal.frames` | 200,000 | 200,000 |" in page


class TestLedger:
    def test_books_cpu_on_the_innermost_part_and_the_rest_apart(self) -> None:
        ledger = Ledger()
        inner = ledger.timed("codec", lambda: burn(0.06))

        def both() -> None:
            burn(0.03)
            inner()

        outer = ledger.timed("own work", both)

        began_s = time.process_time()
        ledger.begin()
        outer()
        booked = ledger.result("rest")
        used_s = time.process_time() - began_s

        assert booked["codec"] >= 0.06
        assert 0.03 <= booked["own work"] < booked["codec"]
        # Other threads of this process are the rest: nothing is booked twice, and nothing is missing.
        assert sum(booked.values()) == pytest.approx(used_s, abs=0.02)

    def test_a_failure_passes_through_and_is_booked(self) -> None:
        ledger = Ledger()

        with pytest.raises(ZeroDivisionError):
            ledger.timed("own work", lambda: 1 // 0)()

        assert ledger.result("rest")["own work"] > 0

    def test_what_was_booked_before_the_beginning_is_forgotten(self) -> None:
        ledger = Ledger()
        ledger.timed("codec", lambda: burn(0.05))()

        ledger.begin()

        assert "codec" not in ledger.result("rest")

    def test_every_call_that_is_booked_exists(self) -> None:
        for module, owner, names, _part in (*CALLS, *(call for step in STEPS.values() for call in step)):
            place = import_module(module)
            assert vars(getattr(place, owner) if owner else place).keys() >= set(names)


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class TestSoak:
    @staticmethod
    def samples(mb_an_hour: float, lag_s: float = 0.2) -> list[Sample]:
        frames = CAMERAS * RATE_HZ * 60
        return [
            Sample(60.0 * minute, frames, 0.1, lag_s, {"ingest": 100 + mb_an_hour * minute / 60})
            for minute in range(1, 61)
        ]

    def test_tells_how_fast_memory_grows(self) -> None:
        assert slopes_mb_an_hour(self.samples(12.0)) == {"ingest": 12.0}

    def test_a_run_of_two_samples_has_no_slope(self) -> None:
        assert slopes_mb_an_hour(self.samples(12.0)[:2]) == {}

    def test_is_kept_when_every_frame_came_in_time(self) -> None:
        watched = Watched(3600.0, self.samples(0.0))

        assert watched.kept
        assert figures(watched, finished=True)["kept"] is True

    @pytest.mark.parametrize(
        "spoilt",
        [
            Watched(3600.0, samples(0.0)[:50]),
            Watched(3600.0, samples(0.0, lag_s=1.2)),
            Watched(3600.0, samples(0.0), shed=1),
            Watched(3600.0, samples(0.0), judge_behind=97),
        ],
    )
    def test_is_not_kept_when_a_frame_is_missing_late_or_shed_or_the_judge_is_behind(self, spoilt: Watched) -> None:
        assert not spoilt.kept


class TestFlood:
    def test_every_asset_has_both_alarms_and_every_update_is_one_of_a_real_judge(self) -> None:
        states = flood_states(flood_site(80), CAPTURED_AT)

        points = {it.key: PointState.decode(it.value or b"") for it in states}
        alarms = [condition.alarm for point in points.values() for condition in point.conditions if condition.alarm]
        assert len(alarms) == 80
        assert {alarm.state for alarm in alarms} == {AlarmState.UNACKNOWLEDGED}
        assert len(points["cam-000-00"].captures) == min(FILLING + KEPT, 11)

    def test_a_batch_holds_its_records_as_the_client_reads_them(self) -> None:
        messages = [Outgoing(STATE, f"p{number}", b"state", {"schema": b"x"}) for number in range(3)]

        batch = MemoryRecords(encode_batch(messages)).next_batch()

        assert batch.validate_crc()
        assert [(it.key, it.value, it.headers) for it in batch] == [
            (f"p{number}".encode(), b"state", [("schema", b"x")]) for number in range(3)
        ]

    @pytest.mark.parametrize("code", [0, 10])
    def test_the_brokers_refusal_is_seen(self, code: int) -> None:
        topic = b"alarms.state"
        answer = b"\0\0\0\0" + b"\0\0\0\1" + len(topic).to_bytes(2, "big") + topic + b"\0\0\0\1" + b"\0\0\0\0"

        assert error_code(answer + code.to_bytes(2, "big") + b"\0" * 28) == code


class TestFailover:
    def test_taking_over_is_dated_by_the_first_time_after_the_kill_with_partitions(self, tmp_path: Path) -> None:
        log = tmp_path / "alerting.jsonl"
        lines = [
            {"event": "partitions taken over", "partitions": 4, "timestamp": "2026-02-28T23:59:59Z"},
            {"event": "partitions taken over", "partitions": 0, "timestamp": "2026-03-01T00:00:05Z"},
            {"event": "partitions taken over", "partitions": 4, "timestamp": "2026-03-01T00:00:11Z"},
        ]
        log.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

        assert taken_over_after(log, CAPTURED_AT) == 11

    def test_who_never_took_over_is_never_the_first(self, tmp_path: Path) -> None:
        (tmp_path / "log").touch()

        assert taken_over_after(tmp_path / "log", CAPTURED_AT) == math.inf


def test_the_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANAIRY_A", "old")
    monkeypatch.delenv("CANAIRY_B", raising=False)

    with told({"CANAIRY_A": "new", "CANAIRY_B": "new"}):
        pass

    assert os.environ["CANAIRY_A"] == "old"
    assert "CANAIRY_B" not in os.environ
