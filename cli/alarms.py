"""`canairy alarms`: list, show and acknowledge, through the AlarmService of any replica."""

from __future__ import annotations

import dataclasses
import getpass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from canairy.errors import ConfigurationError
from canairy.messages import wire
from canairy.messages.alarm import Alarm, AlarmState
from canairy.messages.header import NO_TEMPERATURES
from cli.alarms_client import TIMEOUT_S, Refused, alarm_service
from cli.connection import DataOption, ZoneOption, alarms_address, display_zone
from cli.output import emit, emit_json, printable, remark
from cli.tail_line import clock, span
from protos.canairy.v1 import alarm_service_pb2 as pb

# The view is read again every second; what is much older comes from a replica that is cut off.
FRESH: Final = timedelta(seconds=30)
# Conditions that are judged without temperatures.
WITHOUT_TEMPERATURES: Final = frozenset({"anomaly", "coverage"})
STATES: Final = {
    AlarmState.NORMAL: "normal",
    AlarmState.UNACKNOWLEDGED: "unacknowledged",
    AlarmState.ACKNOWLEDGED: "acknowledged",
    AlarmState.RETURNED_UNACKNOWLEDGED: "returned",
}

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object an alarm.")]
IdArgument = Annotated[str, typer.Argument(help="The alarm, as `list` names it.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    group = typer.Typer(no_args_is_help=True, help="Work the alarms.")
    group.command("list")(list_)
    group.command("show")(show)
    group.command("ack")(ack)
    app.add_typer(group, name="alarms")


def list_(
    all_: Annotated[bool, typer.Option("--all", help="Also alarms that are over and acknowledged.")] = False,
    json_: JsonOption = False,
    data: DataOption = None,
    zone: ZoneOption = None,
) -> None:
    """The alarms that stand or wait for someone: high priority first, then newest."""
    with alarm_service(alarms_address(data)) as service:
        answer = service.List(pb.ListRequest(include_normal=all_), timeout=TIMEOUT_S)
    alarms = [Alarm.from_wire(alarm) for alarm in answer.alarms]
    as_of = wire.moment(answer.as_of, "as_of")
    if json_:
        for alarm in alarms:
            emit_json(_object(alarm) | {"as_of": _plain(as_of)})
    else:
        _print_table(alarms, as_of, display_zone(zone, data))
    _warn_when_old(as_of)


def show(id_: IdArgument, json_: JsonOption = False, data: DataOption = None, zone: ZoneOption = None) -> None:
    """Everything about one alarm."""
    with alarm_service(alarms_address(data)) as service:
        answer = service.Get(pb.GetRequest(id=id_), timeout=TIMEOUT_S)
    alarm, as_of = Alarm.from_wire(answer.alarm), wire.moment(answer.as_of, "as_of")
    if json_:
        emit_json(_object(alarm) | {"as_of": _plain(as_of)})
    else:
        _print_alarm(alarm, as_of, display_zone(zone, data))
    _warn_when_old(as_of)


def ack(
    id_: IdArgument,
    user: Annotated[str | None, typer.Option("--user", help="Who acknowledges; else the login name.")] = None,
    comment: Annotated[str, typer.Option("--comment", help="Kept with the acknowledgement.")] = "",
    version: Annotated[int, typer.Option("--version", min=0, help="Only at this version; 0: whatever it is.")] = 0,
    key: Annotated[str, typer.Option("--key", help="Idempotency key: the same one twice counts once.")] = "",
    json_: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Acknowledge one alarm: somebody has seen it and sees to it."""
    request = pb.AcknowledgeRequest(
        id=id_, user=user or _login(), comment=comment, expected_version=version, idempotency_key=key
    )
    with alarm_service(alarms_address(data)) as service:
        answer = service.Acknowledge(request, timeout=TIMEOUT_S)
    outcome = pb.Outcome.Name(answer.outcome).removeprefix("OUTCOME_").lower()
    if json_:
        alarm = _object(Alarm.from_wire(answer.alarm)) if answer.HasField("alarm") else None
        emit_json({"id": id_, "outcome": outcome, "reason": answer.reason, "alarm": alarm})
    if answer.outcome != pb.OUTCOME_ACCEPTED:
        raise Refused(f"{id_}: {outcome}: {answer.reason}")
    if not json_:
        emit(f"{printable(id_)}: acknowledged by {printable(request.user)}")


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise ConfigurationError("who acknowledges? This account has no name: give --user NAME") from error


def _object(alarm: Alarm) -> dict[str, Any]:
    """The alarm as `--json` prints it: words in lower case, times in ISO 8601 UTC."""
    fields = {field.name: _plain(getattr(alarm, field.name)) for field in dataclasses.fields(alarm)}
    return fields | {"state": STATES[alarm.state]}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.name.lower() if isinstance(value, Enum) else value


def _print_table(alarms: list[Alarm], as_of: datetime, zone: ZoneInfo) -> None:
    now = datetime.now(UTC)
    rows = [("PRIORITY", "STATE", "ID", "ASSET", "CONDITION", "SINCE", "REASON")] if alarms else []
    for alarm in alarms:
        since = clock(alarm.since, zone, now)
        priority, state = alarm.priority.name.lower(), STATES[alarm.state]
        rows.append((priority, state, alarm.id, alarm.asset, alarm.condition, since, alarm.reason))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (printable(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        emit("  ".join(cells).rstrip())
    emit(f"{len(alarms) or 'no'} alarm{'' if len(alarms) == 1 else 's'} as of {clock(as_of, zone, now)}")


def _print_alarm(alarm: Alarm, as_of: datetime, zone: ZoneInfo) -> None:
    now = datetime.now(UTC)
    for field in dataclasses.fields(alarm):
        value = getattr(alarm, field.name)
        if value is None or value == "":
            continue
        shown = clock(value, zone, now) if isinstance(value, datetime) else _plain(value)
        if field.name == "state":
            shown = STATES[alarm.state]
        emit(f"{field.name + ':':<21}{printable(str(shown))}")
    if NO_TEMPERATURES in alarm.flags and alarm.condition not in WITHOUT_TEMPERATURES:
        emit(f"{'now:':<21}not judged: no temperatures")
    emit(f"{'as of:':<21}{clock(as_of, zone, now)}")


def _warn_when_old(as_of: datetime) -> None:
    age = datetime.now(UTC) - as_of
    if age > FRESH:
        remark(f"canairy: this is what was known {span(age.total_seconds())} ago: Kafka does not answer that replica")
