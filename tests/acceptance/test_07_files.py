"""Thermal files in one place: each kind by how it begins, and each reader fuzzed for CANAIRY_FUZZ_S seconds (30)."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.thermal.formats import ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale
from canairy.thermal.linear_png import IncompleteFile
from tests.fuzz.every import READERS
from tests.fuzz.fuzzing import Outcome
from tests.fuzz.side_by_side import fuzz_all
from tests.helpers.thermal_files import FlirPicture, csv_514, png, tiff

SECONDS = float(os.environ.get("CANAIRY_FUZZ_S", "30"))
SEED = int(os.environ.get("CANAIRY_FUZZ_SEED", "1"))
JOBS = (os.cpu_count() or 1) + 1
ROUNDS = -(-len(READERS) // JOBS)
# Lines of others, of which most are none of ours: they are refused for one reason.
ONE_REASON = frozenset({"challenge", "ffmpeg-log"})
COUNTS = np.full((6, 8), 29_315, np.uint16)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.jpg", FlirPicture().jpeg(), "flir-rjpeg"),
        ("b.png", png(COUNTS), "png-16"),
        ("c.tiff", tiff(COUNTS), "tiff-16"),
        ("d.tif", tiff(np.full((6, 8), 20.0, np.float32), ">"), "tiff-float"),
        ("e.csv", csv_514(), "csv-514"),
        ("without-suffix", tiff(COUNTS), "tiff-16"),
        ("wrong.csv", FlirPicture().jpeg(), "flir-rjpeg"),
        (os.fsdecode("변전소.png".encode("cp949")), png(COUNTS), "png-16"),
    ],
)
def test_a_file_is_read_by_how_it_begins_whatever_its_name(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(content)

    assert read_thermal(tmp_path / name).kind == kind


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"hello, world", "a.txt: not a thermal file: it begins with 68 65 6c 6c 6f 2c 20 77"),
        ("a.csv", b"Temperature;1\n", "a.csv: line 1 begins with 'Temperature', 'Emissivity' should stand there"),
        ("a.jpg", b"GIF89a", "a.jpg: not a JPEG file"),
        ("none.png", None, "none.png: No such file"),
    ],
)
def test_an_error_names_the_file_and_what_is_wrong_with_it(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(UnreadableFile, match=told):
        read_thermal(tmp_path / name)


def test_an_empty_file_may_still_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()

    with pytest.raises(IncompleteFile, match=r"a\.png: empty"):
        read_thermal(tmp_path / "a.png")


def test_a_file_beyond_any_frame_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "a.tif").open("wb") as file:
        file.truncate(1 << 30)

    with pytest.raises(UnreadableFile, match="more than 100663296 bytes"):
        read_thermal(tmp_path / "a.tif")


def test_recorded_thermograms_are_their_pixels_by_the_scale(test_data: Path) -> None:
    paths = sorted((test_data / "substation-radiometric" / "radiometric").glob("*.png"))
    options = ReadOptions(LinearScale(0.1, -100.0))

    for path in paths[::20]:
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        np.testing.assert_allclose(read_thermal(path, options).celsius, pixels / 10 - 100, atol=1e-3)
    hottest = read_thermal(next(it for it in paths if it.stem == "sub_437"), options).celsius.max()
    assert float(hottest) == pytest.approx(415.0, abs=1e-3)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Each reader in a process of its own: one that dies or hangs is a finding too."""
    folder = tmp_path_factory.mktemp("fuzz")
    return {outcome.name: outcome for outcome in fuzz_all(list(READERS), SECONDS, SEED, folder, JOBS)}


@pytest.mark.timeout(int(ROUNDS * (2 * SECONDS + 90)))
@pytest.mark.parametrize("name", READERS)
def test_a_reader_understands_a_file_or_refuses_it_and_nothing_else(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    print(outcome.line)

    assert not outcome.findings, "\n".join(f"{reason}: {it[:200]!r}" for reason, it in outcome.findings.items())
    assert outcome.understood > 0
    assert outcome.reasons > (1 if name in ONE_REASON else 5)
