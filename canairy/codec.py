"""Lossless packing of a frame's counts: rows are differenced, bytes are split into planes, zstd takes the rest.

The content of the zstd frame (canairy.sealed) is the low bytes of all pixels, then the high bytes.

Why this and not another: benchmarks/codec.md. The difference runs down the columns because noisy frames, simulated
and real, come out a little smaller than along the rows; noise-free ones come out larger, and have room to.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.sealed import MAX_PIXELS, seal, unseal

VERSION: Final = 1

# Centred here, any difference of -128 to 127 counts leaves the high byte at zero: one addition does what zigzag
# coding needs three operations for, and the low byte's entropy is the same.
_CENTRE: Final = np.uint16(128)


def pack(counts: npt.NDArray[np.uint16]) -> bytes:
    """Pack a frame losslessly, with its shape and a checksum.

    Args:
        counts: uint16 (height, width), 1x1 to MAX_PIXELS pixels, any memory layout and byte order.

    Raises:
        ValueError: not two-dimensional, not uint16, empty, or more than MAX_PIXELS pixels.
    """
    _refuse_what_is_no_frame(counts)
    height, width = counts.shape
    return seal(VERSION, height, width, _planes(_differences(counts)))


def unpack(packed: bytes, height: int, width: int) -> npt.NDArray[np.uint16]:
    """Undo `pack`: a writable, C-contiguous uint16 (height, width).

    Memory stays within a few times height x width x 2 bytes, whatever the bytes claim.

    Raises:
        InvalidMessage: truncated, damaged, of another codec version, of another size than height x width, or of
            more than MAX_PIXELS pixels.
    """
    planes = unseal(packed, VERSION, height, width, bytes_a_pixel=2)
    return _accumulated(_joined(planes.reshape(2, height, width)))


def _refuse_what_is_no_frame(counts: npt.NDArray[np.uint16]) -> None:
    # By type and not by dtype: a big-endian uint16 array is welcome.
    if counts.ndim != 2 or counts.dtype.type is not np.uint16:
        raise ValueError(f"a frame is uint16 (height, width), not {counts.dtype} {counts.shape}")
    if not 0 < counts.size <= MAX_PIXELS:
        raise ValueError(f"a frame of {counts.shape[0]}x{counts.shape[1]} pixels: possible are 1 to {MAX_PIXELS}")


def _differences(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    differences = np.empty(counts.shape, np.uint16)
    differences[0] = counts[0]
    # Wraps around modulo 65536, and wraps back in _accumulated: no count is out of reach.
    np.subtract(counts[1:], counts[:-1], out=differences[1:])
    differences += _CENTRE
    return differences


def _accumulated(differences: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    differences -= _CENTRE
    np.add.accumulate(differences, axis=0, out=differences)
    return differences


def _planes(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    # By arithmetic, not by viewing the bytes: strided bytes cost several times as much, and byte order cannot matter.
    planes = np.empty((2, *values.shape), np.uint8)
    np.copyto(planes[0], values, casting="unsafe")
    np.right_shift(values, 8, out=planes[1], casting="unsafe")
    return planes


def _joined(planes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    values: npt.NDArray[np.uint16] = planes[1].astype(np.uint16)
    values <<= 8
    values |= planes[0]
    return values
