"""A frame comes back as it was, or not at all."""

from __future__ import annotations

import struct
import sys
import tracemalloc
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from canairy import codec
from canairy.errors import InvalidMessage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Counts = npt.NDArray[np.uint16]

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)
ANY_COUNT = st.integers(0, 65535)
SMOOTH = ANY_COUNT.flatmap(lambda level: st.integers(level, min(level + 300, 65535)))
EXTREMES = st.sampled_from([0, 1, 127, 128, 255, 256, 32767, 32768, 65534, 65535])
CONTENTS = st.sampled_from([ANY_COUNT, SMOOTH, EXTREMES])


@st.composite
def frames(draw: st.DrawFn) -> Counts:
    """Frames of any shape: noise, near-constant levels, extremes side by side."""
    frame: Counts = draw(hnp.arrays(np.uint16, SHAPES, elements=draw(CONTENTS)))
    return frame


def packed_frame() -> tuple[bytes, int, int]:
    counts = np.random.default_rng(7).integers(28000, 32000, (9, 7), dtype=np.uint16)
    return codec.pack(counts), 9, 7


def forged(body: bytes, height: int, width: int) -> bytes:
    """A message whose checksum is right and whose content is not: what only an attacker or a bug writes."""
    shape = struct.pack("<BII", codec.VERSION, height, width)
    return shape + struct.pack("<I", zlib.crc32(body, zlib.crc32(shape))) + body


class TestRoundTrip:
    @given(counts=frames())
    def test_every_frame_comes_back_as_it_was(self, counts: Counts) -> None:
        packed = codec.pack(counts)

        unpacked = codec.unpack(packed, *counts.shape)

        assert unpacked.dtype == np.uint16
        np.testing.assert_array_equal(unpacked, counts)

    @given(shape=SHAPES, count=ANY_COUNT)
    def test_a_constant_frame_comes_back(self, shape: tuple[int, int], count: int) -> None:
        counts = np.full(shape, count, np.uint16)

        unpacked = codec.unpack(codec.pack(counts), *shape)

        np.testing.assert_array_equal(unpacked, counts)

    @given(counts=frames(), row_step=st.sampled_from([-2, -1, 1, 3]), column_step=st.sampled_from([-3, -1, 1, 2]))
    def test_a_view_packs_like_its_copy(self, counts: Counts, row_step: int, column_step: int) -> None:
        view = counts.T[::row_step, ::column_step]

        packed = codec.pack(view)

        assert packed == codec.pack(np.ascontiguousarray(view))

    @given(counts=frames())
    def test_byte_order_does_not_reach_the_wire(self, counts: Counts) -> None:
        swapped = counts.astype(counts.dtype.newbyteorder("S"))

        packed = codec.pack(swapped)

        assert packed == codec.pack(counts)

    @given(counts=frames())
    def test_packing_leaves_the_frame_alone(self, counts: Counts) -> None:
        before = counts.copy()

        codec.pack(counts)

        np.testing.assert_array_equal(counts, before)

    def test_an_unpacked_frame_may_be_written_to(self) -> None:
        packed, height, width = packed_frame()

        unpacked = codec.unpack(packed, height, width)
        unpacked[0, 0] = 1

        assert unpacked[0, 0] == 1

    def test_noise_that_cannot_shrink_grows_by_less_than_a_thousandth(self) -> None:
        noise = np.random.default_rng(0).integers(0, 65536, (512, 640), dtype=np.uint16)

        packed = codec.pack(noise)

        assert len(packed) < noise.nbytes * 1.001

    def test_a_noisy_smooth_scene_shrinks_below_the_aim(self) -> None:
        slope = np.linspace(29000, 30500, 512)[:, np.newaxis]
        scene = np.rint(slope + np.random.default_rng(0).normal(0, 5, (512, 640))).astype(np.uint16)

        packed = codec.pack(scene)

        assert len(packed) < 0.45 * scene.nbytes

    def test_what_the_first_release_wrote_is_still_read(self) -> None:
        recorded = bytes.fromhex("010200000003000000c397bf1e28b52ffd200c61000080037f7f8581007300000000")

        unpacked = codec.unpack(recorded, 2, 3)

        assert unpacked.tolist() == [[0, 29315, 65535], [65535, 29320, 0]]


class TestDamage:
    def test_a_frame_cut_at_any_place_is_invalid(self) -> None:
        packed, height, width = packed_frame()

        for kept in range(len(packed)):
            with pytest.raises(InvalidMessage):
                codec.unpack(packed[:kept], height, width)

    def test_any_bit_flipped_in_any_byte_is_invalid(self) -> None:
        packed, height, width = packed_frame()

        for place in range(len(packed)):
            for bit in range(8):
                flipped = bytearray(packed)
                flipped[place] ^= 1 << bit
                with pytest.raises(InvalidMessage):
                    codec.unpack(bytes(flipped), height, width)

    @given(counts=frames(), data=st.data())
    def test_any_byte_changed_to_any_other_is_invalid(self, counts: Counts, data: st.DataObject) -> None:
        changed = bytearray(codec.pack(counts))
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))

        with pytest.raises(InvalidMessage):
            codec.unpack(bytes(changed), *counts.shape)

    @given(garbage=st.binary(max_size=200))
    def test_bytes_of_another_kind_are_invalid(self, garbage: bytes) -> None:
        with pytest.raises(InvalidMessage):
            codec.unpack(garbage, 4, 4)

    @given(body=st.binary(max_size=200))
    def test_a_right_checksum_over_garbage_is_invalid(self, body: bytes) -> None:
        message = forged(body, 4, 4)

        with pytest.raises(InvalidMessage):
            codec.unpack(message, 4, 4)

    def test_bytes_after_the_end_are_invalid(self) -> None:
        packed, height, width = packed_frame()

        with pytest.raises(InvalidMessage, match="truncated or damaged"):
            codec.unpack(packed + b"\0", height, width)

    def test_the_error_of_a_stub_tells_its_length(self) -> None:
        packed, height, width = packed_frame()

        with pytest.raises(InvalidMessage, match="5 bytes, its header alone takes 13"):
            codec.unpack(packed[:5], height, width)

    def test_the_error_of_another_codec_version_tells_both_versions(self) -> None:
        packed, height, width = packed_frame()

        with pytest.raises(InvalidMessage, match="codec version 9, this build reads 1"):
            codec.unpack(b"\x09" + packed[1:], height, width)


class TestSize:
    def test_the_error_of_another_shape_tells_both_shapes(self) -> None:
        packed, height, width = packed_frame()

        with pytest.raises(InvalidMessage, match="9x7 pixels, expected 7x9"):
            codec.unpack(packed, width, height)

    @pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (-2, -2), (4097, 4096), (2**31, 2**31)])
    def test_impossible_sizes_are_not_unpacked(self, height: int, width: int) -> None:
        packed, _, _ = packed_frame()

        with pytest.raises(InvalidMessage, match="possible are 1 to 16777216"):
            codec.unpack(packed, height, width)

    def test_a_bomb_is_refused_before_it_takes_memory(self) -> None:
        bomb = forged(zstd.compress(bytes(64 * 2**20)), 4, 4)
        tracemalloc.start()

        with pytest.raises(InvalidMessage, match="unpacks to 67108864 bytes, expected 32"):
            codec.unpack(bomb, 4, 4)

        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**20

    def test_a_bomb_that_hides_its_size_is_refused(self) -> None:
        stream = zstd.ZstdCompressor()
        bomb = forged(stream.compress(bytes(2**20)) + stream.flush(), 4, 4)

        with pytest.raises(InvalidMessage, match="unpacks to None bytes, expected 32"):
            codec.unpack(bomb, 4, 4)

    def test_content_shorter_than_the_frame_is_invalid(self) -> None:
        short = forged(zstd.compress(bytes(30)), 4, 4)

        with pytest.raises(InvalidMessage, match="unpacks to 30 bytes, expected 32"):
            codec.unpack(short, 4, 4)


class TestWhatIsNoFrame:
    @pytest.mark.parametrize("shape", [(), (4,), (1, 2, 3)])
    def test_only_two_dimensions_are_packed(self, shape: tuple[int, ...]) -> None:
        not_a_frame = np.zeros(shape, np.uint16)

        with pytest.raises(ValueError, match="a frame is uint16"):
            codec.pack(not_a_frame)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32])
    def test_only_uint16_is_packed(self, dtype: type[np.generic]) -> None:
        not_counts = np.zeros((2, 3), dtype)

        with pytest.raises(ValueError, match="a frame is uint16"):
            codec.pack(not_counts)

    @pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4097, 4096)])
    def test_only_possible_sizes_are_packed(self, shape: tuple[int, int]) -> None:
        counts = np.broadcast_to(np.uint16(0), shape)

        with pytest.raises(ValueError, match="possible are 1 to 16777216"):
            codec.pack(counts)
