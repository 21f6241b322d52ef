"""Where `canairy train` takes its normal crops from: a folder, or what is kept on thermal.evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from canairy.errors import ConfigurationError
from canairy.messages.thermogram import KELVIN
from canairy.site.load import load_site
from canairy.stream.kafka import KafkaReader
from canairy.topics import EVIDENCE
from cli.connection import kafka_settings, site_file_of
from cli.output import printable, remark
from cli.train_evidence import Wanted, normal_crops
from services.anomaly.evidence import EvidenceRule
from training.patchcore.crops import Crop, read_normals


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Normal crops; how counts of files of this kind are read by default; where the crops come from, for the card."""

    crops: Sequence[Crop]
    scale_k: float
    offset_c: float
    source: str


def from_folder(folder: Path, scale_k: float, offset_c: float) -> Given:
    """Every crop of a folder; raises as `read_normals` does."""
    return Given(read_normals(folder, scale_k, offset_c), scale_k, offset_c, "")


def from_topic(wanted: Wanted, data: Path | None, seed: int) -> Given:
    """What is kept of an asset on thermal.evidence and is normal; raises as `normal_crops` does."""
    reader = KafkaReader(kafka_settings(data), [EVIDENCE], from_start=True)
    try:
        chosen = normal_crops(reader, wanted, seed)
    finally:
        reader.close()
    remark(f"crops: {printable(str(chosen))}")
    scale = chosen.crops[0].scale
    # Without what the subtraction leaves behind: a millionth of a degree is finer than any camera.
    return Given(chosen.crops, scale.scale, round(scale.offset - KELVIN, 6), str(chosen))


def wanted_of(asset: str, since: str | None, until: str | None, site: Path | None, data: Path | None) -> Wanted:
    """What the options ask for; raises ConfigurationError for a time without a zone, or an asset that is not there."""
    return Wanted(asset, _limit_c(asset, site, data), _moment("--since", since), _moment("--until", until))


def _limit_c(asset: str, site: Path | None, data: Path | None) -> float | None:
    """The lowest limit of the asset in the site file; None where it has none, or no site file is known."""
    path = site or site_file_of(data)
    if path is None:
        remark("canairy: no site file is known, so crops near a limit are not left out; --site FILE tells one")
        return None
    limits_c = EvidenceRule.of(load_site(path)).limits_c
    if asset not in limits_c:
        remark(f"canairy: {path} registers no {printable(asset)}: it has no limits")
    return limits_c.get(asset)


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{option} {text!r} is no time: give one as 2026-07-01T12:00+09:00") from error
    if moment.tzinfo is None:
        raise ConfigurationError(f"{option} {text!r} has no zone: give one as 2026-07-01T12:00+09:00")
    return moment
