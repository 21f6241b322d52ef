"""Train a detector and write it as a model that Triton serves: `python -m training.detector --out MODEL`.

It needs torch (README.md beside this file). A run that was stopped goes on when it is started again in the same way:
MODEL.run beside the model holds it, and may be removed once the model is there.
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import torch
import typer

from canairy.errors import CanairyError
from training.detector.export import write_model
from training.detector.picture import Size
from training.detector.plan import Plan
from training.detector.train import Training

EVERY_S = 15.0  # between two lines of progress


class Progress:
    """Lines on standard error, not too many; the last one of each stage always."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def step(self, done: int, of: int, loss: float) -> None:
        """`done` of `of` steps of an epoch."""
        self("steps", done, of, f", loss {loss:.3f}")

    def __call__(self, stage: str, done: int, of: int, note: str = "") -> None:
        """`done` of `of` in this stage; a `note` beside epochs is always told."""
        now = time.monotonic()
        if done == of or now >= self._next_s or stage == "epochs":
            self._next_s = now + EVERY_S
            print(f"{stage}: {done} of {of}{note}", file=sys.stderr, flush=True)  # noqa: T201


def main(
    out: Annotated[Path, typer.Option("--out", help="The model's folder.", show_default=False)],
    frames: Annotated[int, typer.Option("--frames", help="Simulated frames to train on.", min=1)] = 6000,
    epochs: Annotated[int, typer.Option("--epochs", help="Times that each is seen.", min=1)] = 20,
    early_epochs: Annotated[int, typer.Option("--early-epochs", help="The first of them, at half the size.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="Of frames, first weights and order.", min=0)] = 0,
    size: Annotated[str, typer.Option("--size", help="Of the network's picture; multiples of 32.")] = "320x256",
    batch: Annotated[int, typer.Option("--batch", help="Pictures a step.", min=1)] = 8,
    held_out: Annotated[int, typer.Option("--held-out", help="Simulated frames to measure on.", min=1)] = 400,
    threads: Annotated[int, typer.Option("--threads", help="Cores to use; the numbers depend on it.", min=1)] = 1,
) -> None:
    """Train on simulated frames; the same seed gives the same weights on the same machine."""
    try:
        shape = Size.parse(size)
        plan = Plan(frames=frames, epochs=epochs, seed=seed, batch=batch, size=shape, early_epochs=early_epochs)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)  # noqa: FBT003
        command = shlex.join(["python", "-m", "training.detector", *sys.argv[1:]])
        progress = Progress()
        weights = _trained(plan, out.with_name(f"{out.name}.run"), progress).weights()
        card = write_model(out, weights, plan, command, held_out, torch.__version__, progress)
    except CanairyError as error:
        print(f"training.detector: {error}", file=sys.stderr)  # noqa: T201
        raise typer.Exit(1) from error
    quality = card.quality
    print(f"{out}: mean average precision {quality.mean_average_precision:.3f} on {quality.count} simulated frames")  # noqa: T201


def _trained(plan: Plan, run: Path, progress: Progress) -> Training:
    training = Training(plan, progress)
    if run.exists():
        training.load(run)
        progress("epochs", training.epoch, plan.epochs, f", as {run} has it")
    run.parent.mkdir(parents=True, exist_ok=True)
    while training.epoch < plan.epochs:
        began = time.monotonic()
        loss = training.run_epoch(progress.step)
        training.save(run)
        rate = plan.frames / (time.monotonic() - began)
        progress("epochs", training.epoch, plan.epochs, f", loss {loss:.3f}, {rate:.1f} frames/s")
    return training


if __name__ == "__main__":
    typer.run(main)
