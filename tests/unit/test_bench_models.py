"""The arithmetic behind the figures of the models: a wrong one would be believed."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import model_overhead, nonmodel, pipeline, results, steps
from benchmarks.alert_stages import STAGES
from benchmarks.latencies import Seen
from benchmarks.model_sites import ASSETS, BANK, alerting_model_site, model_site
from benchmarks.models_alone import Alone
from benchmarks.nonmodel import ASKING, Timed
from benchmarks.path import Run
from benchmarks.sites import PUSHED
from benchmarks.span_sink import Span
from benchmarks.triton_cpu import SERVER, instance_of, models_cpu_s
from benchmarks.triton_figures import Measured, figures
from canairy.alerts import RAISED, Alert
from canairy.site.load import load_site
from canairy.stream.broker import Received

AT = datetime(2026, 3, 1, tzinfo=UTC)
CPU_S = {"kafka": 2.0, "anomaly": 1.0, SERVER: 1.0, "model detector 0": 2.0, "model patchcore 0": 3.0}


def alone(**rates: Any) -> Alone:  # noqa: ANN401 - any of its fields
    usual: dict[str, Any] = {
        "compared": 4,
        "mixed_frames_per_s": {1: 18.0, 8: 20.0},
        "detector_frames_per_s": {1: 100.0, 8: 80.0},
        "patchcore_crops_per_s": {1: 90.0, 8: 100.0},
        "cpu_ms_a_frame": {"detector": 9.0},
    }
    return Alone(**usual | rates)


def run(frames_per_s: float, *, kept: bool) -> Run:
    """Ten seconds with four assets a frame, too late when it was not kept up with."""
    found = Run(frames_per_s, 10.0, 4, frames=round(10 * frames_per_s), lag_max_s=0.3 if kept else 1.5)
    found.cpu_s = dict(CPU_S)
    return found


class TestModelsAlone:
    def test_one_after_the_other_each_at_its_best_takes_the_sum_of_both_times(self) -> None:
        assert alone().in_turn_frames_per_s == pytest.approx(1 / (1 / 100 + 4 / 100))

    def test_the_better_of_the_two_ways_counts(self) -> None:
        assert alone().frames_per_s == pytest.approx(20)
        assert alone(mixed_frames_per_s={1: 25.0}).frames_per_s == 25
        assert alone(patchcore_crops_per_s={2: 200.0}).frames_per_s == pytest.approx(1 / 0.03)


class TestPipeline:
    SHARES = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)

    @pytest.mark.parametrize("limit", [0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9])
    def test_three_runs_find_the_highest_of_seven_shares(self, limit: float) -> None:
        runs = pipeline.highest(self.SHARES, lambda share: run(100 * share, kept=share <= limit))

        assert len(runs) == 3
        assert max(it.frames_per_s for it in runs if it.sustained) == pytest.approx(100 * limit)

    def test_the_ratio_is_of_the_highest_rate_that_was_kept_up_with(self) -> None:
        told = pipeline.figures_of(alone(), [run(14.0, kept=True), run(18.0, kept=False), run(16.0, kept=True)])

        assert told["frames_per_s"] == 16
        assert told["over_models"] == pytest.approx(16 / 20)
        assert told["models_cpu_ms_a_frame"] == {"detector": 12.5, "patchcore": 18.75}

    def test_the_time_of_the_cores_is_shared_out(self) -> None:
        told = pipeline.figures_of(alone(), [run(16.0, kept=True)])["share_of_cores"]

        assert told["models"] == pytest.approx(5 / (10 * pipeline.CORES), abs=0.001)
        assert told["others"] == pytest.approx(4 / (10 * pipeline.CORES), abs=0.001)
        assert sum(told.values()) == pytest.approx(1, abs=0.002)

    def test_a_stack_that_keeps_up_with_nothing_does_nothing_and_the_slowest_run_is_taken_apart(self) -> None:
        told = pipeline.figures_of(alone(), [run(14.0, kept=False), run(10.0, kept=False)])

        assert (told["frames_per_s"], told["over_models"]) == (0, 0)
        assert told["cpu_ms_a_frame"]["kafka"] == 20


class TestRun:
    def test_a_shorter_run_with_more_assets_is_held_to_its_own_numbers(self) -> None:
        assert run(20.0, kept=True).sustained
        assert not Run(20.0, 10.0, 4, frames=190, lag_max_s=0.3).sustained
        assert Run(20.0, 10.0, 4, frames=200, judge_behind=80, lag_max_s=0.3).sustained
        assert not Run(20.0, 10.0, 4, frames=200, judge_behind=81, lag_max_s=0.3).sustained

    def test_what_was_quick_because_no_model_was_asked_was_not_sustained(self) -> None:
        assert not Run(20.0, 10.0, 4, frames=200, lag_max_s=0.3, unasked=1).sustained


class TestOverhead:
    def test_is_all_but_the_models_processes_and_the_rendering(self) -> None:
        stack = pipeline.a_frame(run(10.0, kept=True))

        told = model_overhead.figures_of(10.0, stack, {"produce": 5.0, "kafka": 5.0}, rendering_ms=5.0)

        # 90 ms a frame, 50 of them in models and 5 for rendering, against 10.
        assert told["ratio"] == pytest.approx(3.5)
        assert told["overhead_cpu_ms_a_frame"] == pytest.approx(35)

    def test_no_frame_is_no_figure(self) -> None:
        with pytest.raises(RuntimeError, match="no frame came through"):
            pipeline.a_frame(Run(10.0, 10.0, 4))


class TestTritonsProcesses:
    def test_a_models_process_is_known_by_its_arguments(self) -> None:
        arguments = ["stub", "/models/my_model/1/model.onnx", "prefix", "7737", "my_model_0_1", "/backends/onnxruntime"]

        assert instance_of(arguments) == "model my_model 1"

    def test_the_instances_of_a_model_are_added_up_and_nothing_else_is_a_model(self) -> None:
        assert models_cpu_s(CPU_S | {"model detector 1": 0.5}) == {"detector": 2.5, "patchcore": 3.0}


class TestNonmodel:
    @staticmethod
    def timed(detector_ms: float = 20.0, patchcore_ms: float = 40.0) -> Timed:
        """An alert after 100 ms in each stage; the detector is asked in the fourth, PatchCore in the fifth."""
        begun = AT.timestamp()
        marks = {mark: begun + 0.1 * (number + 1) for number, mark in enumerate(STAGES.values())}
        asked = {
            "ask detector": Span(begun + 0.31, begun + 0.31 + detector_ms / 1000),
            "ask patchcore": Span(begun + 0.41, begun + 0.41 + patchcore_ms / 1000),
        }
        return nonmodel.timed(_seen(0.1 * len(STAGES)), marks, asked, {name: [span] for name, span in asked.items()})

    def test_the_time_at_the_models_is_taken_off_the_stage_that_it_was_in(self) -> None:
        stages = nonmodel.stages(self.timed())

        assert stages["detection"] == pytest.approx(80, abs=0.01)
        assert stages["detections topic"] == pytest.approx(60, abs=0.01)
        assert stages["ask detector"] == pytest.approx(20, abs=0.01)
        assert sum(stages.values()) == pytest.approx(100 * len(STAGES), abs=0.01)

    def test_the_95th_percentile_is_of_what_is_left(self) -> None:
        told = nonmodel.figures_of([self.timed()] * 19 + [self.timed(patchcore_ms=10.0)], {})

        assert told["nonmodel_p95_ms"] == pytest.approx(870, abs=0.1)
        assert told["nonmodel"]["nonmodel_p50_ms"] == pytest.approx(840, abs=0.1)
        assert told["nonmodel"]["models_p50_ms"] == pytest.approx(60, abs=0.1)
        assert told["nonmodel"]["stages"].keys() == {*STAGES, *ASKING}

    def test_waiting_while_an_earlier_batch_is_at_a_model_is_told_and_not_taken_off(self) -> None:
        one = self.timed()
        came = one.marks[ASKING["ask patchcore"]]
        # Two frames of one batch, at the model since before the frame came, and one more batch.
        earlier = [Span(came - 0.05, came + 0.002), Span(came - 0.05, came + 0.002), Span(came + 0.003, came + 0.006)]
        asks = {name: [*(earlier if name == "ask patchcore" else []), span] for name, span in one.asked.items()}

        waiting = nonmodel.timed(one.seen, one.marks, one.asked, asks)

        assert waiting.waited_ms == {"ask detector": 0.0, "ask patchcore": pytest.approx(5, abs=0.01)}
        told = nonmodel.figures_of([waiting] * 10, {})
        assert told["nonmodel_p95_ms"] == pytest.approx(840, abs=0.1)
        assert told["nonmodel"]["without_waiting_p95_ms"] == pytest.approx(835, abs=0.1)

    def test_alerts_of_a_stack_whose_models_are_away_are_no_figure(self) -> None:
        one = self.timed()

        with pytest.raises(RuntimeError, match="models away"):
            nonmodel.figures_of([Timed(one.seen, one.marks, {}, {})] * 10, {})


class TestTritonFigures:
    def test_served_is_held_to_the_faster_runtime_at_the_same_batch(self) -> None:
        told = figures(self.measured())

        assert told["served_over_bare"] == {"batch_1": pytest.approx(12 / 8), "batch_8": pytest.approx(9 / 6)}
        assert told["throughput_8_over_1"] == pytest.approx(12 / 10)

    def test_the_models_own_time_is_told_in_units_of_the_reference_network(self) -> None:
        assert figures(self.measured())["over_reference"] == {"batch_1": pytest.approx(2), "batch_8": pytest.approx(2)}

    def test_what_was_measured_to_warm_up_is_forgotten(self) -> None:
        measured = Measured()
        measured.add("served", 1, 1000.0, 1000.0)

        measured.forget()

        assert measured.walls_ms == {}

    @staticmethod
    def measured() -> Measured:
        walls = {"served": (12.0, 10.0), "openvino": (8.0, 7.0), "onnxruntime": (9.0, 6.0), "reference": (4.0, 3.5)}
        measured = Measured()
        for what, (one, eight) in walls.items():
            measured.add(what, 1, one, one)
            measured.add(what, 8, eight, eight)
        measured.add("asked", 8, 9.0, 9.0)
        return measured


class TestSites:
    @pytest.mark.parametrize("compared", [1, 4])
    def test_every_camera_has_a_bay_of_which_so_many_assets_are_compared(self, tmp_path: Path, compared: int) -> None:
        site = load_site(written(tmp_path, model_site(24.0, compared)))

        assert site.detector is not None
        assert len(site.banks) == 8 * compared
        assert set(site.banks.values()) == {BANK}
        assert {len(view.assets) for camera in site.cameras for view in camera.views} == {ASSETS}

    def test_the_assets_of_pushed_cameras_are_compared_as_well(self, tmp_path: Path) -> None:
        site = load_site(written(tmp_path, alerting_model_site(12.0, 4.0)))

        assert site.banks.keys() >= {f"{name}-a" for name in PUSHED}
        assert sum(camera.rate_hz for camera in site.cameras) == pytest.approx(12)

    def test_cameras_are_not_in_step(self, tmp_path: Path) -> None:
        rates = [camera.rate_hz for camera in load_site(written(tmp_path, model_site(24.0))).cameras]

        assert sum(rates) == pytest.approx(24)
        assert rates[0] == pytest.approx(0.9 * 3)
        assert len(set(rates)) == 8


class TestSteps:
    def test_each_puts_its_figures_beside_what_is_there(self, kept: Path) -> None:
        steps.run_steps({"one": lambda: {"a": 1}, "two": lambda: {"b": 2}}, [], models_machine="here")

        assert json.loads(kept.read_text()) == {"before": 0, "models_machine": "here", "a": 1, "b": 2}

    def test_only_those_that_are_named_are_run(self, kept: Path) -> None:
        steps.run_steps({"one": lambda: {"a": 1}, "two": lambda: {"b": 2}}, ["two"])

        assert json.loads(kept.read_text()) == {"before": 0, "b": 2}

    def test_one_that_fails_leaves_what_was_measured_before_it(self, kept: Path) -> None:
        with pytest.raises(ZeroDivisionError):
            steps.run_steps({"one": lambda: {"a": 1}, "two": lambda: {"b": 1 // 0}}, [])

        assert json.loads(kept.read_text()) == {"before": 0, "a": 1}

    def test_a_step_that_is_none_is_named_with_those_there_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        parser = argparse.ArgumentParser()
        steps.add_steps(parser, ["one", "two"])

        with pytest.raises(SystemExit):
            parser.parse_args(["three"])

        assert "no such step: three; there are one, two" in capsys.readouterr().err

    @pytest.fixture
    def kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file of results that is not the project's."""
        path = tmp_path / "results.json"
        path.write_text('{"before": 0}', encoding="utf-8")
        monkeypatch.setattr(results, "RESULTS", path)
        return path


def written(folder: Path, document: dict[str, object]) -> Path:
    path = folder / "site.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _seen(after_s: float) -> Seen:
    alert = Alert("id", RAISED, "raised", "bench", "flip-1-a", AT, AT)
    return Seen(alert, Received("thermal.alerts", 0, 0, "", b"", {}, AT), AT + timedelta(seconds=after_s))
