"""ΔT to similar components: the reference, groups within a frame, groups across cameras."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from canairy.messages.uncertainty import Uncertainty
from tests.helpers.judging import Bench, asset, at, camera, frame, reading, site, view


def phases(on_delay: str = "0s") -> list[dict[str, object]]:
    return [asset(f"ds-{phase.lower()}", phase, "ds", delta_k=15, dead_band_k=3, on_delay=on_delay) for phase in "ABC"]


def one_view(on_delay: str = "0s") -> Bench:
    return Bench(site(camera("cam-1", view("v1", *phases(on_delay)))))


def two_cameras() -> Bench:
    a, b, c = phases()
    return Bench(site(camera("cam-1", view("v1", a)), camera("cam-2", view("v2", b, c))))


def seen_by_2(seconds: float, b_c: float, c_c: float) -> list[Reading]:
    return frame(seconds, {"ds-b": b_c, "ds-c": c_c}, camera="cam-2", view="v2")


class TestReference:
    def test_one_hot_phase_stands_out_against_the_other_two(self) -> None:
        told = one_view().tell(*frame(0, {"ds-a": 94.2, "ds-b": 53.2, "ds-c": 53.9}))

        assert told.lines == ["raised ds-a delta"]
        data = told.alerts[0]["data"]
        assert data["reason"] == "94.2 °C, +41 K over B/C (limit 15)"
        assert (data["delta_k"], data["limit"], data["compared_with"]) == (41.0, 15, "ds-b/ds-c")

    def test_two_hot_phases_both_stand_out_against_the_sound_one(self) -> None:
        told = one_view().tell(*frame(0, {"ds-a": 80, "ds-b": 70, "ds-c": 53}))

        assert told.lines == ["raised ds-a delta", "raised ds-b delta"]
        assert told.alerts[0]["data"]["reason"] == "80.0 °C, +27 K over C (limit 15)"

    def test_in_a_larger_group_one_falsely_cold_reading_condemns_nobody(self) -> None:
        cells = [asset(f"cell-{n}", "", "rack", delta_k=10) for n in range(5)]
        judge = Bench(site(camera("cam-1", view("v1", *cells))))

        told = judge.tell(*frame(0, {"cell-0": 30, "cell-1": 30.5, "cell-2": 30.2, "cell-3": 5, "cell-4": 30.1}))

        assert told.lines == []

    def test_without_phases_the_others_are_called_by_their_names(self) -> None:
        cells = [asset(f"cell-{n}", "", "rack", delta_k=10) for n in range(2)]
        judge = Bench(site(camera("cam-1", view("v1", *cells))))

        told = judge.tell(*frame(0, {"cell-0": 45, "cell-1": 30}))

        assert told.alerts[0]["data"]["reason"] == "45.0 °C, +15.0 K over cell-1 (limit 10)"

    @pytest.mark.parametrize(("c_c", "side_px"), [(None, 8), (20.0, 2)])
    def test_an_unmeasured_or_under_resolved_member_is_no_reference(self, c_c: float | None, side_px: int) -> None:
        judge = one_view()
        a, b, _ = frame(0, {"ds-a": 60, "ds-b": 50, "ds-c": c_c})
        c = reading("ds-c", 0, c_c, frame="cam-1-0", index=2, count=3, side_px=side_px)

        assert judge.tell(a, b, c).lines == []

    def test_without_any_reference_nothing_is_raised_and_nothing_cleared(self) -> None:
        judge = one_view()
        judge.tell(*frame(0, {"ds-a": 90, "ds-b": 50, "ds-c": 50}))

        assert judge.tell(*frame(1, {"ds-a": 51, "ds-b": None, "ds-c": None})).lines == []
        assert judge.tell(*frame(2, {"ds-a": 51, "ds-b": 50, "ds-c": None})).lines == ["returned ds-a delta"]

    def test_a_lower_bound_of_its_own_may_raise_and_never_clears(self) -> None:
        judge = one_view()
        for seconds, max_c in enumerate((90, 50)):
            _, b, c = frame(seconds, {"ds-a": max_c, "ds-b": 50, "ds-c": 50})
            judge.tell(reading("ds-a", seconds, max_c, frame=f"cam-1-{seconds}", count=3, side_px=2), b, c)

        assert judge.lines == ["raised ds-a delta"]

    def test_the_dead_band_is_on_the_difference(self) -> None:
        judge = one_view()
        for seconds, hot in enumerate((66, 62.1, 61.9)):
            judge.tell(*frame(seconds, {"ds-a": hot, "ds-b": 50, "ds-c": 50}))

        assert judge.lines == ["raised ds-a delta", "returned ds-a delta"]
        assert judge.alerts[-1]["data"]["reason"] == "61.9 °C, +11.9 K over B/C, under 12 (limit 15, dead-band 3)"


class TestWithinAFrame:
    def test_members_are_compared_when_the_last_one_is_in(self) -> None:
        judge = one_view()
        a, b, c, _find = frame(0, {"ds-a": 94, "ds-b": 53, "ds-c": 53, "v1/find-1": 20})

        assert judge.tell(a).lines == []
        assert judge.tell(c).lines == []
        assert judge.tell(b).lines == ["raised ds-a delta"]

    def test_a_restart_in_the_middle_of_a_frame_goes_on(self) -> None:
        judge = one_view()
        a, b, c = frame(0, {"ds-a": 94, "ds-b": 53, "ds-c": 53})
        judge.tell(a, b)

        judge.restart()

        assert judge.tell(c).lines == ["raised ds-a delta"]
        assert PointState.decode(judge.kept["ds-a"]).waiting == ()

    def test_the_end_of_the_frame_proves_that_a_member_is_missing(self) -> None:
        judge = one_view()
        a = reading("ds-a", 0, 94, index=0, count=3)
        c = reading("ds-c", 0, 53, index=2, count=3)

        assert judge.tell(a, c).lines == ["raised ds-a delta"]

    def test_a_newer_frame_proves_that_a_member_is_missing(self) -> None:
        judge = one_view()
        a = reading("ds-a", 0, 94, index=0, count=3)
        b = reading("ds-b", 0, 53, index=1, count=3)
        assert judge.tell(a, b).lines == []

        told = judge.tell(reading("ds-a", 1, 94, index=0, count=3))

        assert told.lines == ["raised ds-a delta"]
        assert told.alerts[0]["data"]["captured_at"] == "2026-03-01T18:00:00.000000Z"

    def test_frames_are_not_mixed(self) -> None:
        judge = one_view(on_delay="1s")

        judge.tell(reading("ds-a", 0, 94, index=0, count=3))
        judge.tell(*frame(1, {"ds-a": 53, "ds-b": 53, "ds-c": 53}))

        assert judge.lines == []

    def test_an_older_frame_may_raise_and_never_clears(self) -> None:
        judge = one_view()
        judge.tell(*frame(2, {"ds-a": 94, "ds-b": 53, "ds-c": 53}))

        assert judge.tell(*frame(1, {"ds-a": 53, "ds-b": 53, "ds-c": 53})).lines == []
        assert judge.tell(*frame(3, {"ds-a": 53, "ds-b": 53, "ds-c": 53})).lines == ["returned ds-a delta"]


class TestAcrossCameras:
    def test_a_reading_waits_until_the_other_camera_has_told_as_much(self) -> None:
        judge = two_cameras()

        assert judge.tell(reading("ds-a", 1, 94)).lines == []
        assert judge.tell(*seen_by_2(0.5, 53, 53)).lines == []
        assert judge.tell(*seen_by_2(1.5, 80, 80)).lines == ["raised ds-a delta"]
        # Compared with what the others showed last before it, and not with what came after.
        assert judge.alerts[0]["data"]["delta_k"] == 41

    def test_half_of_a_frame_is_not_all_that_a_camera_has_to_tell(self) -> None:
        judge = two_cameras()
        judge.tell(*seen_by_2(0, 53, 53))
        b, c = seen_by_2(1, 93, 54)

        judge.tell(reading("ds-a", 1, 94))
        assert judge.tell(b).lines == []
        told = judge.tell(c)

        assert told.lines == ["raised ds-a delta", "raised ds-b delta"]
        assert [it["data"]["delta_k"] for it in told.alerts] == [40, 39]

    @pytest.mark.parametrize("places", list(itertools.combinations(range(6), 3)))
    def test_which_camera_comes_first_does_not_matter(self, places: Sequence[int]) -> None:
        """Frames of each camera in order, shifted against each other in every way."""
        first = iter([[reading("ds-a", seconds, hot)] for seconds, hot in ((1, 94), (2, 60), (4, 95))])
        second = iter([seen_by_2(seconds, cool, cool + 1) for seconds, cool in ((0.5, 53), (1.5, 54), (4.5, 55))])
        judge = two_cameras()

        for place in range(6):
            judge.tell(*next(first if place in places else second))

        assert sorted(it["data"]["reason"] for it in judge.alerts) == [
            "60.0 °C, +6.0 K over B/C, under 12 (limit 15, dead-band 3)",
            "94.0 °C, +41 K over B/C (limit 15)",
            "95.0 °C, +41 K over B/C (limit 15)",
        ]

    def test_a_camera_that_says_nothing_is_waited_for_five_seconds(self) -> None:
        judge = two_cameras()
        judge.tell(*seen_by_2(0, 53, 53))

        assert judge.tell(reading("ds-a", 1, 94)).lines == []
        assert judge.tell(reading("ds-a", 6, 94)).lines == []
        assert judge.tell(reading("ds-a", 6.1, 94)).lines == ["raised ds-a delta"]

    def test_a_reference_older_than_five_seconds_is_none(self) -> None:
        judge = two_cameras()
        judge.tell(*seen_by_2(0, 53, 53))

        judge.tell(reading("ds-a", 5.1, 94))
        judge.tell(*seen_by_2(30, 90, 90))

        assert judge.lines == []

    def test_what_waits_is_in_the_state(self) -> None:
        judge = two_cameras()
        judge.tell(*seen_by_2(0.5, 53, 53), reading("ds-a", 1, 94))
        assert len(PointState.decode(judge.kept["ds-a"]).waiting) == 1

        judge.restart()

        assert judge.tell(*seen_by_2(2, 53, 53), now=at(2)).lines == ["raised ds-a delta"]
        assert PointState.decode(judge.kept["ds-a"]).waiting == ()


class TestUncertainty:
    SURE = Uncertainty(common_k=1.2, own_k=0.5)
    UNSURE = Uncertainty(common_k=1.5, own_k=2.0)

    def sure(self, readings: Sequence[Reading], **uncertain: Uncertainty | None) -> list[Reading]:
        return [replace(it, uncertainty=uncertain.get(it.asset[-1], self.SURE)) for it in readings]

    def test_within_a_frame_the_camera_s_offset_cancels(self) -> None:
        readings = self.sure(frame(0, {"ds-a": 94.2, "ds-b": 53.2, "ds-c": 53.9}))

        data = one_view().tell(*readings).alerts[0]["data"]

        assert data["uncertainty_k"] == 2.6
        assert data["delta_uncertainty_k"] == pytest.approx(2 * math.sqrt(2) * 0.5, abs=0.01)

    def test_it_is_that_of_whom_the_difference_is_taken_to(self) -> None:
        readings = self.sure(frame(0, {"ds-a": 94.2, "ds-b": 53.2, "ds-c": 80.0}), b=self.UNSURE)

        data = one_view().tell(*readings).alerts[0]["data"]

        assert data["compared_with"] == "ds-b"
        assert data["delta_uncertainty_k"] == pytest.approx(2 * math.sqrt(0.5**2 + 2.0**2 + 0.3**2), abs=0.01)

    def test_between_cameras_nothing_cancels_after_a_restart_too(self) -> None:
        judge = two_cameras()
        judge.tell(*self.sure(seen_by_2(0, 50.0, 50.0)))
        judge.restart()

        told = judge.tell(*self.sure([reading("ds-a", 0.5, 90.0)]), *self.sure(seen_by_2(1, 50.0, 50.0)))

        assert told.lines == ["raised ds-a delta"]
        data = told.alerts[0]["data"]
        assert data["delta_uncertainty_k"] == pytest.approx(2 * math.sqrt(2) * 1.3, abs=0.01)

    def test_where_one_of_them_is_not_known_nothing_is_said(self) -> None:
        readings = self.sure(frame(0, {"ds-a": 94.2, "ds-b": 53.2, "ds-c": 80.0}), b=None)

        data = one_view().tell(*readings).alerts[0]["data"]

        assert data["uncertainty_k"] == 2.6
        assert "delta_uncertainty_k" not in data
