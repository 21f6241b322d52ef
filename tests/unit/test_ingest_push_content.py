"""What is pushed beside counts: pictures without temperatures, whole thermal files; and who may push which camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from canairy.errors import InvalidMessage
from canairy.messages.wire import timestamp
from canairy.site.model import Camera
from canairy.thermal.formats import read_picture
from protos.canairy.v1 import ingest_service_pb2 as pb
from services.ingest.identity import check_identity, names_of
from services.ingest.push import pushed_frame
from services.ingest.source import Raw, RawFrame, RawPicture, nothing
from tests.helpers import thermal_files
from tests.helpers.ingest import NOON, after, camera, site_of

SITE = site_of(
    camera("push-1", "push:", scale={"scale_k": 0.1, "offset_c": -100}),
    camera("named-1", "push:", identity="gateway-7"),
    camera("grey-1", "push:", temperatures="none"),
    camera(
        "estimated-1", "push:", estimate={"min_c": 0, "max_c": 9, "bar": (1, 1, 5, 40), "locked": True, "linear": True}
    ),
)
LEVELS = np.random.default_rng(3).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def pushed(name: str = "push-1", names: frozenset[str] | None = None, **content: Any) -> Raw:  # noqa: ANN401
    known: dict[str, Any] = {"camera": name, "captured_at": timestamp(NOON), "width": 64, "height": 48}
    return pushed_frame(pb.SubmitFramesRequest(**(known | content)), SITE, nothing, names)


# --- pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixels", [LEVELS, LEVELS[..., 0]])
def test_bytes_row_by_row_become_a_picture_without_temperatures(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    raw = pushed(pixels=pixels.tobytes())

    assert isinstance(raw, RawPicture)
    assert np.array_equal(raw.pixels, pixels)
    assert (raw.camera, raw.view, raw.taken_at) == ("push-1", "bay-1", NOON)


@pytest.mark.parametrize("count", [1, 48 * 64 - 1, 2 * 48 * 64, 4 * 48 * 64])
def test_bytes_of_no_picture_of_its_size_are_refused(count: int) -> None:
    with pytest.raises(InvalidMessage, match=f"{count} bytes of pixels: 64x48 take 3072, or 3 times that in colour"):
        pushed(pixels=bytes(count))


def test_a_picture_without_a_size_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="0x48 pixels: sides must be 1 to 4096"):
        pushed(pixels=b"x", width=0)


def test_a_picture_and_counts_together_are_refused() -> None:
    with pytest.raises(InvalidMessage, match="must hold the picture, not counts and pixels"):
        pushed(pixels=LEVELS.tobytes(), counts=b"x")


# --- whole files ----------------------------------------------------------------------------------------------------


def test_a_radiometric_jpeg_is_read_with_its_own_parameters() -> None:
    raw = pushed(file=thermal_files.FlirPicture().jpeg(), width=0, height=0)

    assert isinstance(raw, RawFrame)
    assert (raw.scale_k, raw.offset_k) == (0.01, 0.0)
    assert raw.radiometry is not None
    assert raw.radiometry.emissivity == pytest.approx(thermal_files.FlirPicture().parameters.emissivity, abs=1e-6)


def test_a_16_bit_png_is_read_by_the_camera_s_scale() -> None:
    counts = np.arange(1200, 1200 + 48 * 64, dtype=np.uint16).reshape(48, 64) // 4 + 900

    raw = pushed(file=thermal_files.png(counts))

    assert isinstance(raw, RawFrame)
    assert np.array_equal(raw.counts, counts)
    assert (raw.scale_k, raw.offset_k) == pytest.approx((0.1, 173.15))


def test_a_file_of_temperatures_in_degrees_is_read_too() -> None:
    celsius = thermal_files.warm_celsius()

    raw = pushed(file=thermal_files.csv_514(celsius))

    assert isinstance(raw, RawFrame)
    assert raw.counts[0, 0] * raw.scale_k + raw.offset_k - 273.15 == pytest.approx(celsius[0, 0], abs=raw.scale_k / 2)


def test_the_time_of_the_request_counts_before_that_of_the_file() -> None:
    assert pushed(file=thermal_files.FlirPicture().jpeg()).taken_at == NOON


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"GIF89a", "not a thermal file: it begins with"),
        (b"\x89PNG\r\n\x1a\n", "push-1: the file cannot be used"),
        (thermal_files.jpeg([]), "push-1: the file cannot be used"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_camera_and_the_reason(file: bytes, why: str) -> None:
    with pytest.raises(InvalidMessage, match=why):
        pushed(file=file)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("name", ["grey-1", "estimated-1"])
def test_a_file_of_a_camera_without_temperatures_is_the_picture_that_a_folder_would_read(
    name: str, suffix: str, tmp_path: Path
) -> None:
    file = tmp_path / f"picture{suffix}"
    assert cv2.imwrite(str(file), LEVELS)

    raw = pushed(name, file=file.read_bytes(), width=0, height=0)

    assert isinstance(raw, RawPicture)
    assert np.array_equal(raw.pixels, read_picture(file))
    assert (raw.camera, raw.view, raw.taken_at) == (name, "bay-1", NOON)


def test_without_a_time_in_the_request_that_in_the_picture_s_file_counts() -> None:
    told = pushed("grey-1", file=thermal_files.dated(thermal_files.png(LEVELS), after(-60)), captured_at=None)
    silent = pushed("grey-1", file=thermal_files.png(LEVELS), captured_at=None)

    assert told.taken_at == after(-60)
    assert silent.taken_at is None


def test_16_bits_of_a_camera_without_temperatures_are_refused_and_a_half_file_too() -> None:
    with pytest.raises(InvalidMessage, match="grey-1: the file cannot be used: 16-bit: a picture without temperatures"):
        pushed("grey-1", file=thermal_files.png(thermal_files.warm_counts()))
    with pytest.raises(InvalidMessage, match="grey-1: the file cannot be used: truncated"):
        pushed("grey-1", file=thermal_files.png(LEVELS)[:-20])


# --- who pushes -----------------------------------------------------------------------------------------------------


def test_a_client_s_certificate_must_name_the_camera() -> None:
    content = {"pixels": LEVELS.tobytes()}

    assert pushed("push-1", frozenset({"push-1", "push-2"}), **content).camera == "push-1"
    with pytest.raises(InvalidMessage, match=r"push-1 is pushed by 'push-1' alone.*certificate names push-2, yard"):
        pushed("push-1", frozenset({"yard", "push-2"}), **content)


def test_a_site_file_may_give_another_name() -> None:
    content = {"pixels": LEVELS.tobytes()}

    assert pushed("named-1", frozenset({"gateway-7"}), **content).camera == "named-1"
    with pytest.raises(InvalidMessage, match=r"named-1 is pushed by 'gateway-7' alone.*names named-1"):
        pushed("named-1", frozenset({"named-1"}), **content)


def test_where_nobody_shows_a_certificate_a_camera_with_an_identity_is_pushed_by_nobody() -> None:
    content = {"pixels": LEVELS.tobytes()}

    assert pushed("push-1", None, **content).camera == "push-1"
    with pytest.raises(InvalidMessage, match="set CANAIRY_GRPC_CLIENT_CA_FILE"):
        pushed("named-1", None, **content)


def test_a_certificate_without_a_name_names_nobody() -> None:
    names = names_of({"x509_pem_cert": [b"..."], "x509_common_name": [b""]})

    assert names == frozenset()
    with pytest.raises(InvalidMessage, match="certificate names nobody"):
        check_identity(Camera.model_validate(camera("push-1", "push:")), names)


def test_a_connection_without_a_certificate_has_no_names_not_even_wrong_ones() -> None:
    assert names_of({"transport_security_type": [b"ssl"], "x509_common_name": [b"push-1"]}) is None


def test_only_a_camera_that_is_pushed_has_an_identity() -> None:
    with pytest.raises(ValueError, match="is of a camera that is pushed"):
        Camera.model_validate(camera("cam-1", "folder:x", identity="gateway-7"))
