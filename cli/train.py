"""`canairy train`: models from recordings."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from canairy.messages.thermogram import KELVIN
from canairy.models.card import BankCard, Card
from cli.output import emit, emit_json, printable, remark
from training.backbone.runner import Backbone
from training.patchcore.crops import Crop, read_normals
from training.patchcore.fit import Fitted, Plan, fit
from training.patchcore.store import put_bank
from training.patchcore.window import on_steps

EVERY_S = 2.0  # between two lines of progress of one stage


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    group = typer.Typer(no_args_is_help=True, help="Make models from recordings.")
    group.callback()(_group)
    group.command("patchcore")(patchcore)
    app.add_typer(group, name="train")


def _group() -> None:
    """Make models from recordings."""


def patchcore(
    normal: Annotated[Path, typer.Option("--normal", help="A folder of normal crops.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="The model's folder; its banks are kept.", show_default=False)],
    bank: Annotated[str, typer.Option("--bank", help="The asset: a bank to add, or to make anew.")] = "default",
    size: Annotated[int, typer.Option("--size", help="Side of a crop in the model, pixels; multiple of 32.")] = 224,
    coreset: Annotated[float, typer.Option("--coreset", help="Share of the patches that are kept.")] = 0.01,
    seed: Annotated[int, typer.Option("--seed", help="Of every random choice.", min=0)] = 0,
    scale: Annotated[float, typer.Option("--scale", help="Kelvin a count of 16-bit crops.")] = 0.01,
    offset: Annotated[float, typer.Option("--offset", help="Degrees Celsius of count 0.")] = -KELVIN,
    low: Annotated[float | None, typer.Option("--low", help="Degrees Celsius (or grey) that are black.")] = None,
    high: Annotated[float | None, typer.Option("--high", help="Degrees Celsius (or grey) that are white.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="The bank's card as one JSON object.")] = False,
) -> None:
    """Learn what an asset looks like when it is normal, and write a model that Triton serves.

    The crops are 16-bit PNG whose temperatures are count * SCALE + OFFSET degrees Celsius, or 8-bit pictures. The
    window, black to white, is fixed: --low and --high, or the crops' span and half as much on either side.
    """
    started = time.monotonic()
    _check(scale, offset, low, high)
    crops = read_normals(normal, scale, offset)
    plan = _plan(crops[0], size, coreset, seed, low, high)
    fitted = fit(bank, crops, plan, Backbone(), Progress())
    described = _described(fitted, crops[0], plan, scale, offset)
    card = put_bank(out, fitted.bank, described)
    _tell(out, card, described, time.monotonic() - started, json_)


class Progress:
    """One line on standard error for the end of a stage, and every two seconds within it."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, stage: str, done: int, of: int) -> None:
        """`done` of `of` parts of a stage."""
        if done == of or time.monotonic() - self._told >= EVERY_S:
            remark(f"{stage}: {done} of {of}")
            self._told = time.monotonic()


def _check(scale_k: float, offset_c: float, low: float | None, high: float | None) -> None:
    if not 0 < scale_k <= 10:
        raise typer.BadParameter(f"--scale must be above 0 and at most 10 K a count, not {scale_k}")
    if not -500 <= offset_c <= 500:
        raise typer.BadParameter(f"--offset must be -500 to 500 degrees Celsius, not {offset_c}")
    if (low is None) != (high is None):
        raise typer.BadParameter("--low and --high go together")


def _plan(crop: Crop, size: int, share: float, seed: int, low: float | None, high: float | None) -> Plan:
    if low is None or high is None:
        return Plan(size, share, seed)
    kelvin = KELVIN if crop.scale.radiometric else 0.0
    return Plan(size, share, seed, on_steps(low + kelvin, high + kelvin))


def _described(fitted: Fitted, crop: Crop, plan: Plan, scale_k: float, offset_c: float) -> BankCard:
    radiometric, threshold = crop.scale.radiometric, fitted.threshold
    return BankCard(
        identifier=fitted.bank.identifier,
        digest=fitted.bank.digest,
        unit="kelvin" if radiometric else "grey level",
        window=(fitted.bank.window.low, fitted.bank.window.high),
        threshold=threshold.value,
        rows=len(fitted.bank.rows),
        crops=fitted.crops,
        patches=fitted.patches,
        scale=scale_k if radiometric else 1.0,
        offset_c=offset_c if radiometric else 0.0,
        seed=plan.seed,
        coreset=plan.share,
        command=shlex.join(["canairy", *sys.argv[1:]]),
        quality={
            "held_out_normals": threshold.held_out,
            "held_out_above_threshold": threshold.above,
            "coreset_radius": fitted.radius,
        },
    )


def _tell(out: Path, card: Card, bank: BankCard, seconds: float, json_: bool) -> None:
    quality = bank.quality
    if json_:
        answer = {"model": str(out), "bank": bank.identifier, "banks": len(card.banks), "seconds": round(seconds, 3)}
        numbers = {"threshold": bank.threshold, "rows": bank.rows, "crops": bank.crops, "digest": bank.digest}
        emit_json({**answer, **numbers, "window": bank.window, "unit": bank.unit, "sha256": card.sha256, **quality})
        return
    emit(
        f"{printable(str(out))}: bank {bank.identifier}, {bank.rows} rows of {bank.crops} crops, threshold "
        f"{bank.threshold:.3f} ({quality['held_out_above_threshold']} of {quality['held_out_normals']} held-out normal "
        f"crops above it), {len(card.banks)} banks in the model, {seconds:.1f} s"
    )
