"""Where the commands find what they talk to: an option, else the environment, else the stack that runs here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from canairy.errors import ConfigurationError
from canairy.settings import KafkaSettings, load_settings
from canairy.site.load import load_site
from cli.output import remark
from deploy.local.stack_file import read_stack

DEFAULT_DATA: Final = Path("canairy-data")
UTC_ZONE: Final = ZoneInfo("UTC")

DataOption = Annotated[
    Path | None, typer.Option("--data", help="The data folder of a running stack.", show_default="canairy-data")
]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", help="Time zone of the times shown, e.g. Asia/Seoul; else the site's.")
]


def kafka_settings(data: Path | None) -> KafkaSettings:
    """How to reach Kafka: of the stack on `data`, else CANAIRY_KAFKA_*, else of the stack on ./canairy-data."""
    settings = load_settings(KafkaSettings)
    if data is None and "kafka_bootstrap" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"kafka_bootstrap": read_stack(data or DEFAULT_DATA).kafka_bootstrap})


def alarms_address(data: Path | None) -> str:
    """host:port of the AlarmService: of the stack on `data`, else CANAIRY_ALARMS_ADDRESS, else as above."""
    told = os.environ.get("CANAIRY_ALARMS_ADDRESS")
    if data is None and told:
        return told
    return read_stack(data or DEFAULT_DATA).alarms_address


def site_file_of(data: Path | None) -> Path | None:
    """The site file of the stack in `data`, or of the environment; None where neither is known."""
    told = os.environ.get("CANAIRY_SITE_FILE")
    if data is None and told:
        return Path(told)
    try:
        return Path(read_stack(data or DEFAULT_DATA).site_file)
    except ConfigurationError:
        return None


def display_zone(name: str | None, data: Path | None) -> ZoneInfo:
    """The zone called `name`, else the site's, else UTC. Raises ConfigurationError for an unknown name."""
    if name is not None:
        return _named(name)
    path = site_file_of(data)
    if path is None:
        return UTC_ZONE
    try:
        return load_site(path).site.zone
    except ConfigurationError:
        remark(f"canairy: times are UTC, since {path} cannot be loaded (see `canairy site check`)")
        return UTC_ZONE


def _named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f"--zone {name!r} is no time zone: use a name such as Asia/Seoul") from error
