"""YOLOX, nano class, written once: whoever brings layers (torch, ONNX, or a counter) gets the same network.

Source: Ge, Liu, Wang, Li, Sun: YOLOX: Exceeding YOLO Series in 2021, arXiv 2107.08430: CSPDarknet with Focus and SPP,
PAFPN, decoupled anchor-free head; the nano model has width 0.25, depth 0.33 and depthwise convolutions, 0.91 M
parameters with 80 classes and three colours. Sizes the paper leaves out are those of the authors' own release.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

Value = TypeVar("Value")

WIDTHS: Final = (16, 32, 64, 128, 256)  # a quarter of Darknet53's 64 .. 1024
HEAD_WIDTH: Final = 64  # a quarter of 256
REPEATS: Final = 3  # a third of nine residual units, in the two middle stages; one elsewhere
# Equipment differs from what is behind it by a few kelvin, in a window of 140: of its own channel these are the tones.
CONTRAST: Final = 14.0  # 10 K are 1
CELL: Final = 8
AROUND: Final = 5
POOLS: Final = (5, 9, 13)  # of the spatial pyramid
STRIDES: Final = (8, 16, 32)
LARGEST_STRIDE: Final = STRIDES[-1]


class Layers(Protocol[Value]):
    """What the network is made of; a value is whatever the layers pass on, channels first."""

    def fold(self, value: Value) -> Value:
        """Every 2x2 pixels of one channel to four: (1, H, W) to (4, H/2, W/2)."""

    def contrast(self, picture: Value) -> Value:
        """What stands out of its surroundings: times CONTRAST the difference from their mean, held in -1 to 1.

        The surroundings are means of CELL x CELL pixels, again averaged over AROUND x AROUND of them (fewer at the
        rim), and linearly enlarged.
        """

    def convolution(
        self, name: str, value: Value, outputs: int, kernel: int = 1, stride: int = 1, each: bool = False
    ) -> Value:
        """Convolution, batch normalisation, SiLU; with `each`, every channel by itself, as many out as in."""

    def prediction(self, name: str, value: Value, outputs: int) -> Value:
        """A 1x1 convolution with bias and nothing after it."""

    def pool(self, value: Value, kernel: int) -> Value:
        """The largest of kernel x kernel, stride 1, same size."""

    def enlarge(self, value: Value) -> Value:
        """Twice as wide and high, each pixel repeated."""

    def add(self, one: Value, other: Value) -> Value:
        """Element by element."""

    def join(self, values: Sequence[Value]) -> Value:
        """Channels of all, one after another."""


class Network(Generic[Value]):
    """The network, laid with somebody's layers."""

    def __init__(self, layers: Layers[Value], labels: int) -> None:
        """`labels` is how many the head tells apart."""
        self._layers = layers
        self._labels = labels

    def lay(self, picture: Value) -> list[Value]:
        """Raw predictions of each stride, finest first: 4 + 1 + labels channels (box, objectness, labels)."""
        return [self._head(f"head{stride}", level) for stride, level in zip(STRIDES, self._neck(picture), strict=True)]

    def _backbone(self, picture: Value) -> tuple[Value, Value, Value]:
        stem, second, third, fourth, fifth = WIDTHS
        layers = self._layers
        both = layers.join([layers.fold(picture), layers.fold(layers.contrast(picture))])
        value = layers.convolution("stem", both, stem, kernel=3)
        value = self._cross("dark2", self._separable("dark2_down", value, second, 2), second)
        fine = self._cross("dark3", self._separable("dark3_down", value, third, 2), third, REPEATS)
        middle = self._cross("dark4", self._separable("dark4_down", fine, fourth, 2), fourth, REPEATS)
        coarse = self._pyramid("pyramid", self._separable("dark5_down", middle, fifth, 2), fifth)
        return fine, middle, self._cross("dark5", coarse, fifth, residual=False)

    def _neck(self, picture: Value) -> tuple[Value, Value, Value]:
        """Coarse features down to fine ones, and back up: a path aggregation network."""
        _, _, fine_width, middle_width, coarse_width = WIDTHS
        layers = self._layers
        fine, middle, coarse = self._backbone(picture)
        top = layers.convolution("lateral32", coarse, middle_width)
        value = layers.join([layers.enlarge(top), middle])
        value = self._cross("down16", value, middle_width, residual=False)
        inner = layers.convolution("lateral16", value, fine_width)
        value = layers.join([layers.enlarge(inner), fine])
        first = self._cross("down8", value, fine_width, residual=False)
        value = layers.join([self._separable("up8", first, fine_width, 2), inner])
        second = self._cross("out16", value, middle_width, residual=False)
        value = layers.join([self._separable("up16", second, middle_width, 2), top])
        return first, second, self._cross("out32", value, coarse_width, residual=False)

    def _head(self, name: str, value: Value) -> Value:
        layers = self._layers
        stem = layers.convolution(f"{name}_stem", value, HEAD_WIDTH)
        what = where = stem
        for step in ("1", "2"):
            what = self._separable(f"{name}_what{step}", what, HEAD_WIDTH)
            where = self._separable(f"{name}_where{step}", where, HEAD_WIDTH)
        return layers.join(
            [
                layers.prediction(f"{name}_box", where, 4),
                layers.prediction(f"{name}_objectness", where, 1),
                layers.prediction(f"{name}_labels", what, self._labels),
            ]
        )

    def _separable(self, name: str, value: Value, outputs: int, stride: int = 1) -> Value:
        """3x3 on each channel, then 1x1 across them: the nano model's every larger convolution but the first."""
        value = self._layers.convolution(f"{name}_each", value, 0, kernel=3, stride=stride, each=True)
        return self._layers.convolution(f"{name}_across", value, outputs)

    def _cross(self, name: str, value: Value, outputs: int, repeats: int = 1, residual: bool = True) -> Value:
        """Cross-stage partial: half of the channels through residual units, half past them."""
        layers = self._layers
        through = layers.convolution(f"{name}_through", value, outputs // 2)
        past = layers.convolution(f"{name}_past", value, outputs // 2)
        for step in range(repeats):
            inner = layers.convolution(f"{name}_unit{step}", through, outputs // 2)
            inner = self._separable(f"{name}_unit{step}", inner, outputs // 2)
            through = layers.add(inner, through) if residual else inner
        return layers.convolution(f"{name}_joined", layers.join([through, past]), outputs)

    def _pyramid(self, name: str, value: Value, outputs: int) -> Value:
        layers = self._layers
        value = layers.convolution(f"{name}_in", value, outputs // 2)
        pooled = [layers.pool(value, kernel) for kernel in POOLS]
        return layers.convolution(f"{name}_out", layers.join([value, *pooled]), outputs)
