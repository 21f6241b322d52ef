"""The camera equation, there and back: properties that hold for every camera, object and place."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from canairy.thermal.planck import LONG_WAVE, ImpossibleParameters, Planck
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, ObjectParameters, Radiometry, celsius_table
from canairy.thermal.transmission import Atmosphere, water
from tests.helpers.thermal_files import CAMERA, NEAR, PLANCK

plancks = st.builds(
    Planck,
    r1=st.floats(10_000, 25_000),
    b=st.floats(1300, 1600),
    f=st.floats(0.5, 1.6),
    o=st.integers(-8000, 0),
    r2=st.floats(0.005, 0.06),
)
parameters = st.builds(
    ObjectParameters,
    emissivity=st.floats(0.1, 1.0),
    distance_m=st.floats(0, 200),
    reflected_c=st.floats(-60, 100),
    atmospheric_c=st.floats(-30, 50),
    humidity=st.floats(0, 1),
    window_transmission=st.floats(0.5, 1.0),
    window_c=st.floats(-30, 60),
)
temperatures = st.floats(-80, 600)


@given(plancks, temperatures)
def test_a_black_body_s_temperature_comes_back(planck: Planck, celsius: float) -> None:
    back = float(planck.celsius(np.asarray(planck.signal(celsius))))

    assert back == pytest.approx(celsius, abs=1e-5)


@given(plancks, parameters, temperatures)
def test_an_object_s_temperature_comes_back(planck: Planck, known: ObjectParameters, celsius: float) -> None:
    radiometry = Radiometry(planck)

    seen = radiometry.signal(celsius, known)

    assert float(radiometry.celsius_of(np.asarray(seen), known)) == pytest.approx(celsius, abs=1e-3)


@given(plancks, parameters)
def test_a_higher_count_is_never_colder(planck: Planck, known: ObjectParameters) -> None:
    table = celsius_table(Radiometry(planck), known)

    places = np.flatnonzero(~np.isnan(table))
    # Some of these constants are no camera's: no count of theirs is a temperature.
    assume(places.size > 0)
    assert (np.diff(table[places]) >= 0).all()
    # What no temperature makes is below the camera's zero, and for an F below 1 at the upper end: never in between.
    assert (np.diff(places) == 1).all()


@given(plancks, parameters, temperatures)
def test_the_layers_are_the_equation_of_the_manuals(planck: Planck, known: ObjectParameters, celsius: float) -> None:
    radiometry = Radiometry(planck)
    e, tau, tw = known.emissivity, radiometry.transmission(known), known.window_transmission
    w_obj, w_refl, w_atm, w_win = (
        planck.signal(it) for it in (celsius, known.reflected_c, known.atmospheric_c, known.window_c)
    )

    by_hand = tw * (e * tau * w_obj + (1 - e) * tau * w_refl + (1 - tau) * w_atm) + (1 - tw) * w_win

    assert radiometry.signal(celsius, known) == pytest.approx(by_hand, rel=1e-9, abs=1e-6)


@given(parameters, temperatures, st.integers(-5000, 5000))
def test_a_constant_on_all_signals_changes_no_temperature(known: ObjectParameters, celsius: float, shift: int) -> None:
    shifted = Radiometry(dataclasses.replace(PLANCK, o=PLANCK.o + shift))

    seen = CAMERA.signal(celsius, known) - shift

    assert float(shifted.celsius_of(np.asarray(seen), known)) == pytest.approx(celsius, abs=1e-3)


# In air of 80 degC the camera's own fit ends at 250 m.
@given(st.floats(0.05, 1), st.floats(0, 300), st.floats(0.2, 1), st.floats(-30, 60))
def test_where_everything_has_one_temperature_that_is_seen(e: float, metres: float, tw: float, celsius: float) -> None:
    known = ObjectParameters(
        e, metres, reflected_c=celsius, atmospheric_c=celsius, window_transmission=tw, window_c=celsius
    )

    seen = CAMERA.signal(celsius, known)

    assert seen == pytest.approx(PLANCK.signal(celsius), rel=1e-9)


@given(st.floats(0.1, 0.99), st.floats(30, 400))
def test_something_hot_is_hotter_than_it_looks_when_it_emits_less(emissivity: float, apparent_c: float) -> None:
    seen = np.asarray(CAMERA.signal(apparent_c, dataclasses.replace(NEAR, emissivity=1.0)))

    celsius = float(CAMERA.celsius_of(seen, dataclasses.replace(NEAR, emissivity=emissivity)))

    assert celsius > apparent_c


def test_the_other_sign_of_o_is_the_same_curve_by_its_own_name() -> None:
    ax5 = Planck.from_subtracted(r=PLANCK.r1 / PLANCK.r2, b=PLANCK.b, f=PLANCK.f, o=-PLANCK.o)

    assert ax5.signal(80.0) == pytest.approx(PLANCK.signal(80.0), rel=1e-12)


def test_a_signal_that_no_temperature_makes_is_not_a_number() -> None:
    below_zero = np.array([-PLANCK.o - 100.0, -PLANCK.o - 1e-9, -PLANCK.o + 1000.0])

    celsius = PLANCK.celsius(below_zero)

    assert np.isnan(celsius).tolist() == [True, True, False]


def test_a_curve_that_ends_says_where() -> None:
    # exp(1300 / kelvin) = 1.9 at 2025 K.
    short = Planck(15_000, 1300, 1.9, -4000, 0.02)

    with pytest.raises(ImpossibleParameters, match="end of this camera's curve"):
        short.signal(1800.0)


class TestAir:
    @given(st.floats(0.5, 500), st.floats(-20, 45), st.floats(0.05, 1))
    def test_more_air_lets_less_through(self, metres: float, celsius: float, humidity: float) -> None:
        air = Atmosphere()

        near, far = (air.transmission(it, celsius, humidity) for it in (metres, 2 * metres))

        assert 0 < far <= near <= 1

    @given(st.floats(1, 300), st.floats(0, 45), st.floats(0.2, 1))
    def test_half_the_distance_twice_lets_less_through_than_the_whole(
        self, metres: float, celsius: float, humidity: float
    ) -> None:
        air = Atmosphere()

        whole, half = (air.transmission(it, celsius, humidity) for it in (metres, metres / 2))

        assert half**2 < whole

    def test_no_air_takes_nothing(self) -> None:
        assert Atmosphere().transmission(0.0, 20.0, 0.5) == 1.0

    def test_twenty_metres_of_a_summer_s_day_by_hand(self) -> None:
        # h = 0.5 exp(1.5587 + 1.3878 - 0.111264 + 0.0054764) = 0.5 * 17.1280; the roots are 2.92643 and 4.47214.
        near, far = (-4.47214 * (0.006569 - 0.002276 * 2.92643), -4.47214 * (0.01262 - 0.00667 * 2.92643))
        by_hand = 1.9 * math.exp(near) - 0.9 * math.exp(far)

        assert water(20.0, 0.5) == pytest.approx(8.5640, abs=1e-3)
        assert Atmosphere().transmission(20.0, 20.0, 0.5) == pytest.approx(by_hand, abs=1e-5)
        assert 0.95 < by_hand < 0.98

    def test_constants_that_no_air_has_are_refused(self) -> None:
        with pytest.raises(ImpossibleParameters, match="no air has that"):
            Atmosphere(alpha1=50.0, alpha2=-60.0, x=2.0).transmission(1e4, 20.0, 0.5)
        with pytest.raises(ImpossibleParameters, match="no air has that"):
            Atmosphere(alpha1=-90.0).transmission(1e4, 20.0, 0.5)
        with pytest.raises(ImpossibleParameters, match="alpha1"):
            Atmosphere(alpha1=math.nan)

    def test_what_somebody_measured_stands_in_place_of_the_model(self) -> None:
        assert CAMERA.transmission(ObjectParameters(distance_m=500.0, transmission=0.8)) == 0.8


class TestOtherParameters:
    @given(parameters, parameters, st.lists(st.floats(-20, 200), min_size=1, max_size=20))
    def test_degrees_are_corrected_as_the_counts_would_be(
        self, made_with: ObjectParameters, to: ObjectParameters, celsius: list[float]
    ) -> None:
        seen = np.array([CAMERA.signal(it, made_with) for it in celsius])
        right = CAMERA.celsius_of(seen, to)
        assume(not np.isnan(right).any())
        assume(right.min() > -100)

        corrected = CAMERA.corrected(np.array(celsius, np.float32), made_with, to)

        np.testing.assert_allclose(corrected, right, atol=2e-3)

    def test_a_camera_whose_curve_is_not_known_is_corrected_nearly_as_well(self) -> None:
        to = dataclasses.replace(NEAR, emissivity=0.8)
        celsius = np.array([30.0, 80.0, 150.0], np.float32)

        own, usual = (it.corrected(celsius, NEAR, to) for it in (CAMERA, LONG_WAVE_RADIOMETRY))

        assert own[2] - celsius[2] > 10
        np.testing.assert_allclose(usual, own, atol=0.03)

    def test_a_region_is_measured_with_its_own_emissivity_and_distance(self) -> None:
        counts = np.full((10, 10), round(CAMERA.signal(80.0, NEAR)), np.uint16)
        bare = dataclasses.replace(NEAR, emissivity=0.6, distance_m=8.0)

        region = CAMERA.celsius(counts[2:5, 3:7], bare)

        assert region.shape == (3, 4)
        assert region.dtype == np.float32
        assert region[0, 0] > CAMERA.celsius(counts, NEAR)[0, 0] + 10

    def test_below_half_emissivity_a_temperature_is_not_dependable(self) -> None:
        assert dataclasses.replace(NEAR, emissivity=0.49).doubt == "emissivity"
        assert dataclasses.replace(NEAR, emissivity=0.5).doubt == ""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("emissivity", 0.0), ("emissivity", 1.01), ("distance_m", -1.0), ("distance_m", math.inf),
            ("reflected_c", -300.0), ("humidity", 50.0), ("window_transmission", 0.0), ("atmospheric_c", math.nan),
            ("transmission", 1.2),
        ],
    )  # fmt: skip
    def test_what_no_object_has_is_refused_by_name(self, name: str, value: float) -> None:
        with pytest.raises(ImpossibleParameters, match=f"{name} is {value}"):
            dataclasses.replace(NEAR, **{name: value})

    @pytest.mark.parametrize("name", ["r1", "b", "f", "r2", "o"])
    def test_constants_that_no_camera_has_are_refused_by_name(self, name: str) -> None:
        with pytest.raises(ImpossibleParameters, match=f"constant {name.upper()} is"):
            dataclasses.replace(LONG_WAVE, **{name: math.nan})
