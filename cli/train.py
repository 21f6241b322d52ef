"""`canairy train`: models from recordings."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from canairy.messages.thermogram import KELVIN
from canairy.models.card import BankCard, Card
from cli.connection import DataOption
from cli.output import emit, emit_json, printable, remark
from cli.train_crops import Given, from_folder, from_topic, wanted_of
from training.backbone.runner import Backbone
from training.patchcore.crops import Crop
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
    out: Annotated[Path, typer.Option("--out", help="The model's folder; its banks are kept.", show_default=False)],
    normal: Annotated[Path | None, typer.Option("--normal", help="A folder of normal crops.")] = None,
    evidence: Annotated[bool, typer.Option("--evidence", help="Crops that are kept on thermal.evidence.")] = False,
    asset: Annotated[str | None, typer.Option("--asset", help="Whose crops, with --evidence.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="The first crop's time, with its zone.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="The last crop's time, with its zone.")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="The limits; else those of the running stack.")] = None,
    data: DataOption = None,
    bank: Annotated[str | None, typer.Option("--bank", help="To add or make anew; else the asset, or default.")] = None,
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

    The crops of --normal are 16-bit PNG whose temperatures are count * SCALE + OFFSET degrees Celsius, or 8-bit
    pictures. Those of --evidence are what the anomaly service keeps on thermal.evidence, one of an asset in ten
    minutes, without what is near a limit or a threshold.

    The window, black to white, is fixed: --low and --high, or the crops' span and half as much on either side.
    """
    started = time.monotonic()
    _check(scale, offset, low, high)
    _check_source(normal, evidence, asset, (since, until, site))
    if normal is not None:
        given = from_folder(normal, scale, offset)
    else:
        given = from_topic(wanted_of(asset or "", since, until, site, data), data, seed)
    plan = _plan(given.crops[0], size, coreset, seed, low, high)
    fitted = fit(bank or asset or "default", given.crops, plan, Backbone(), Progress())
    described = _described(fitted, given, plan)
    card = put_bank(out, fitted.bank, described)
    _tell(out, card, described, given.source, time.monotonic() - started, json_)


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


def _check_source(normal: Path | None, evidence: bool, asset: str | None, of_evidence: Sequence[object]) -> None:
    if evidence == (normal is not None):
        raise typer.BadParameter("say where the crops are: either --normal DIR or --evidence")
    if evidence and not asset:
        raise typer.BadParameter("--evidence needs --asset ID: whose crops")
    if not evidence and (asset or any(option is not None for option in of_evidence)):
        raise typer.BadParameter("--asset, --since, --until and --site go with --evidence")


def _plan(crop: Crop, size: int, share: float, seed: int, low: float | None, high: float | None) -> Plan:
    if low is None or high is None:
        return Plan(size, share, seed)
    kelvin = KELVIN if crop.scale.radiometric else 0.0
    return Plan(size, share, seed, on_steps(low + kelvin, high + kelvin))


def _described(fitted: Fitted, given: Given, plan: Plan) -> BankCard:
    radiometric, threshold = given.crops[0].scale.radiometric, fitted.threshold
    # What a topic holds moves on: where these crops stood is told behind the command, as a comment of the shell.
    source = f"  # {given.source}" if given.source else ""
    return BankCard(
        identifier=fitted.bank.identifier,
        digest=fitted.bank.digest,
        unit="kelvin" if radiometric else "grey level",
        window=(fitted.bank.window.low, fitted.bank.window.high),
        threshold=threshold.value,
        rows=len(fitted.bank.rows),
        crops=fitted.crops,
        patches=fitted.patches,
        scale=given.scale_k if radiometric else 1.0,
        offset_c=given.offset_c if radiometric else 0.0,
        seed=plan.seed,
        coreset=plan.share,
        command=shlex.join(["canairy", *sys.argv[1:]]) + source,
        quality={
            "held_out_normals": threshold.held_out,
            "held_out_above_threshold": threshold.above,
            "coreset_radius": fitted.radius,
        },
    )


def _tell(out: Path, card: Card, bank: BankCard, source: str, seconds: float, json_: bool) -> None:
    quality = bank.quality
    if json_:
        answer = {"model": str(out), "bank": bank.identifier, "banks": len(card.banks), "seconds": round(seconds, 3)}
        if source:
            answer["source"] = source
        numbers = {"threshold": bank.threshold, "rows": bank.rows, "crops": bank.crops, "digest": bank.digest}
        emit_json({**answer, **numbers, "window": bank.window, "unit": bank.unit, "sha256": card.sha256, **quality})
        return
    emit(
        f"{printable(str(out))}: bank {bank.identifier}, {bank.rows} rows of {bank.crops} crops, threshold "
        f"{bank.threshold:.3f} ({quality['held_out_above_threshold']} of {quality['held_out_normals']} held-out normal "
        f"crops above it), {len(card.banks)} banks in the model, {seconds:.1f} s"
    )
