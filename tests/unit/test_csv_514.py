"""CSV of data set 514: read as it is laid out, and refused with the line where it is not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.thermal.csv_514 import read_csv_514
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.radiometry import ObjectParameters
from tests.helpers.thermal_files import csv_514, warm_celsius

GOOD = csv_514()
LINES = GOOD.splitlines(keepends=True)


def with_line(number: int, line: bytes) -> bytes:
    """The file with another line, counted from 1."""
    return b"".join([*LINES[: number - 1], line, *LINES[number:]])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_temperatures_and_parameters_are_the_file_s(end: str) -> None:
    frame = read_csv_514(csv_514(end=end))

    assert frame.kind == "csv-514"
    assert frame.celsius.shape == (512, 640)
    assert (frame.celsius == warm_celsius().astype(np.float32)).all()
    assert frame.parameters == ObjectParameters(0.95, 5.0, 20.0, 20.0, 0.5)


def test_a_byte_order_mark_and_a_missing_last_line_end_change_nothing() -> None:
    assert (read_csv_514(b"\xef\xbb\xbf" + GOOD.rstrip(b"\n")).celsius == read_csv_514(GOOD).celsius).all()


@pytest.mark.parametrize(("told", "share"), [(0.5, 0.5), (1, 1.0), (62.5, 0.625)])
def test_humidity_is_a_share_or_percent(told: float, share: float) -> None:
    frame = read_csv_514(csv_514(RelativeHumidity=told))

    assert frame.parameters is not None
    assert frame.parameters.humidity == share


def test_another_emissivity_is_reckoned_from_the_file_s_own() -> None:
    frame = read_csv_514(GOOD)
    assert frame.parameters is not None

    corrected = frame.corrected(dataclasses.replace(frame.parameters, emissivity=0.7))

    assert corrected[100, 200] > frame.celsius[100, 200] + 30
    np.testing.assert_allclose(frame.corrected(frame.parameters), frame.celsius, atol=1e-3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (with_line(1, b"Emission;0.95\n"), "line 1 begins with 'Emission', 'Emissivity' should stand there"),
        (with_line(2, LINES[2]), "line 2 begins with 'Distance', 'ReflectedTemperature' should"),
        (with_line(3, b"Distance;far\n"), "line 3: 'far' is no number"),
        (with_line(3, b"Distance;\n"), "line 3: '' is no number"),
        (with_line(3, b"Distance;inf\n"), "line 3: 'inf' is no number"),
        (with_line(3, b"Distance;-4\n"), "distance_m is -4.0"),
        (with_line(1, b"Emissivity;0\n"), "emissivity is 0.0"),
        (with_line(5, b"RelativeHumidity;180\n"), "humidity is 1.8"),
        (with_line(9, LINES[8].replace(b";", b";;", 1)), "line 9 has 641 semicolons, 640 values"),
        (with_line(9, LINES[8].partition(b";")[2]), "line 9 has 639 semicolons"),
        (with_line(9, LINES[8].replace(b";\n", b"\n")), "line 9 has 639 semicolons"),
        (with_line(9, b";" + LINES[8].replace(b";\n", b"\n")), "line 9 has 640 semicolons"),
        (GOOD + LINES[-1], "513 lines of temperatures, 512 are needed"),
        (GOOD.replace(b".", b","), "line 1: '0,95' is no number"),
        (b"\x00\xff" * 100, "line 1 begins with"),
    ],
)
def test_a_file_of_another_layout_is_told_with_the_line(content: bytes, told: str) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read_csv_514(content)


@pytest.mark.parametrize(("value", "told"), [(b"warm", "'warm'"), (b"", "''"), (b"0x10", "0x10"), (b"1_0", "1_0")])
def test_what_is_no_number_is_told(value: bytes, told: str) -> None:
    row = LINES[50].split(b";")
    row[7] = value

    with pytest.raises(UnreadableFile, match=f"temperatures below line 5: .*{told}.*row 45, column 8"):
        read_csv_514(with_line(51, b";".join(row)))


@pytest.mark.parametrize("value", [b"nan", b"inf", b"-1e999", b"2500", b"-120.5"])
def test_what_is_no_temperature_is_told_with_its_place(value: bytes) -> None:
    row = LINES[50].split(b";")
    row[7] = value

    with pytest.raises(UnreadableFile, match=r"1 of 327680 pixels .* in row 45, column 7"):
        read_csv_514(with_line(51, b";".join(row)))


@pytest.mark.parametrize("lines", [1, 4, 5, 300, 516])
def test_a_file_that_ends_between_lines_may_still_be_written(lines: int) -> None:
    with pytest.raises(IncompleteFile, match="truncated"):
        read_csv_514(b"".join(LINES[:lines]))


def test_a_file_that_ends_within_a_line_is_told() -> None:
    for length in range(0, len(GOOD), 99_991):
        with pytest.raises(UnreadableFile):
            read_csv_514(GOOD[:length])
