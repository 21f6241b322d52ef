"""Assignment and loss, by cases small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: it is in the training extra")

from training.detector.assign import assign, overlap_matrix  # noqa: E402
from training.detector.grid import cells  # noqa: E402
from training.detector.loss import Target, decode, loss, overlap_of_pairs  # noqa: E402

GRID = torch.from_numpy(cells(64, 64))  # 64 + 16 + 4 cells
BOX = torch.tensor([[20.0, 20.0, 16.0, 16.0]])
NONE = torch.zeros(0, dtype=torch.int64)


def _raw(*found: tuple[int, list[float], int]) -> Any:  # noqa: ANN401  # a tensor, of a package that need not be there
    """Predictions sure of nothing but these: cell, box (centre and sides, pixels), label of two."""
    raw = torch.full((1, len(GRID), 7), -12.0)
    raw[0, :, :4] = 0
    for cell, box, label in found:
        column, row, stride = GRID[cell]
        place = [box[0] / stride - column, box[1] / stride - row]
        sides = [torch.log(torch.tensor(side) / stride) for side in box[2:]]
        raw[0, cell, :4] = torch.tensor([*place, *sides])
        raw[0, cell, 4] = raw[0, cell, 5 + label] = 12.0
    return raw


def test_decoding_gives_back_the_box() -> None:
    raw = _raw((18, [20.0, 20.0, 16.0, 16.0], 1))

    assert torch.allclose(decode(raw, GRID)[0, 18], BOX[0])


def test_a_box_goes_to_the_cell_that_finds_it() -> None:
    found = decode(torch.zeros(1, len(GRID), 7), GRID)[0]
    found[18] = BOX[0]  # row 2, column 2 of stride 8: its middle is (20, 20)
    scores = torch.full((len(GRID), 2), 0.01)

    assigned = assign(scores, found, GRID, BOX, torch.tensor([1]))

    assert 18 in assigned.cell.tolist()
    assert assigned.overlap[assigned.cell == 18].item() == pytest.approx(1)
    # Its neighbours overlap by a quarter or so: the ten best together are about three cells' worth.
    assert 1 < len(assigned.cell) <= 10
    assert set(assigned.box.tolist()) == {0}


def test_a_cell_that_two_boxes_want_learns_the_cheaper_one() -> None:
    boxes = torch.tensor([[20.0, 20.0, 16.0, 16.0], [22.0, 22.0, 16.0, 16.0]])
    found = decode(torch.zeros(1, len(GRID), 7), GRID)[0]
    found[18] = boxes[1]
    scores = torch.full((len(GRID), 2), 0.01)

    assigned = assign(scores, found, GRID, boxes, torch.tensor([0, 0]))

    assert len(set(assigned.cell.tolist())) == len(assigned.cell)
    assert assigned.box[assigned.cell == 18].item() == 1
    assert set(assigned.box.tolist()) == {0, 1}


def test_of_two_cells_as_good_the_one_with_the_right_label_is_taken() -> None:
    found = torch.zeros(len(GRID), 4)
    found[:, 2:] = 0.1
    box = torch.tensor([[24.0, 20.0, 24.0, 16.0]])  # holds the middles of both cells
    found[18] = found[19] = torch.tensor([24.0, 20.0, 6.0, 6.0])
    scores = torch.full((len(GRID), 2), 0.01)
    scores[19, 1] = 0.9

    assigned = assign(scores, found, GRID, box, torch.tensor([1]))

    assert assigned.cell.tolist() == [19]


def test_a_frame_without_equipment_teaches_nothing_but_that() -> None:
    quiet, sure = _raw(), _raw((18, [20.0, 20.0, 16.0, 16.0], 1))
    nothing = [Target(torch.zeros(0, 4), NONE)]

    assert loss(quiet, GRID, nothing).item() == pytest.approx(0, abs=0.01)
    assert loss(sure, GRID, nothing).item() == pytest.approx(12, abs=0.1)


def test_a_box_too_small_to_hold_a_cell_is_learnt_by_a_near_one() -> None:
    tiny = torch.tensor([[33.0, 33.0, 2.0, 2.0]])
    found = decode(torch.zeros(1, len(GRID), 7), GRID)[0]

    assigned = assign(torch.full((len(GRID), 2), 0.01), found, GRID, tiny, torch.tensor([0]))

    assert len(assigned.cell) >= 1


def test_better_boxes_and_labels_cost_less() -> None:
    target = [Target(BOX, torch.tensor([1]))]
    cell = 18

    right = loss(_raw((cell, [20.0, 20.0, 16.0, 16.0], 1)), GRID, target).item()
    shifted = loss(_raw((cell, [24.0, 20.0, 16.0, 16.0], 1)), GRID, target).item()
    mistaken = loss(_raw((cell, [20.0, 20.0, 16.0, 16.0], 0)), GRID, target).item()

    assert right < shifted
    assert right < mistaken


def test_the_exact_term_is_the_l1_of_what_the_network_says() -> None:
    target = [Target(BOX, torch.tensor([1]))]
    raw = _raw((18, [20.0, 20.0, 16.0, 16.0], 1))

    without, with_it = loss(raw, GRID, target).item(), loss(raw, GRID, target, exact=True).item()

    assert with_it >= without


def test_overlaps() -> None:
    one = torch.tensor([[5.0, 5.0, 10.0, 10.0], [10.0, 5.0, 10.0, 10.0]])

    assert overlap_matrix(one, one).flatten().tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1])
    assert overlap_of_pairs(one, one.flip(0)).tolist() == pytest.approx([1 / 3, 1 / 3])
