"""`canairy tail`: follow the alerts as an operator reads them, or as they stand on the topic."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from canairy.alerts import Alert
from canairy.errors import BrokerUnavailable, InvalidMessage
from canairy.stream.broker import Reader, Received
from canairy.stream.kafka import KafkaReader
from canairy.topics import ALERTS
from cli.connection import DataOption, ZoneOption, display_zone, kafka_settings
from cli.output import emit, on_terminal, remark
from cli.tail_line import HeartbeatWatch, render
from deploy.local.interrupts import interrupts

POLL_S: Final = 0.5
# The client reconnects in silence; whether Kafka still answers is asked when nothing has come for this long.
ASK_AFTER: Final = timedelta(seconds=10)

Clock = Callable[[], datetime]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("tail")(tail)


def tail(
    json_: Annotated[bool, typer.Option("--json", help="The CloudEvents as they stand on the topic.")] = False,
    data: DataOption = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="From the oldest alert that is kept.")] = False,
    zone: ZoneOption = None,
) -> None:
    """Follow the alerts until Ctrl-C, one event a line.

    Heartbeats are hidden, and their absence is told; --json shows them.
    """
    settings = kafka_settings(data)
    show = JsonLines() if json_ else TextLines(display_zone(zone, data), colour=on_terminal(), steady=steady_clock())
    reader = KafkaReader(settings, [ALERTS], from_start=from_start)
    try:
        with interrupts() as asked:
            follow(reader, show, asked.is_set, steady_clock())
    finally:
        reader.close()


def steady_clock(monotonic: Callable[[], float] = time.monotonic) -> Clock:
    """The time as it was now, and from here on counted by a clock that nobody sets."""
    began, at = datetime.now(UTC), monotonic()
    return lambda: began + timedelta(seconds=monotonic() - at)


class JsonLines:
    """Every event as it stands."""

    def show(self, record: Received) -> None:
        """Print one event; what is no JSON is only remarked."""
        text = (record.value or b"").decode("utf-8", "replace")
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            remark(f"canairy: {_place(record)} is not JSON")
            return
        emit(text if "\n" not in text else json.dumps(event, ensure_ascii=False))

    def tick(self) -> None:
        """Nothing: the reader of the JSON sees which heartbeats are missing."""


class TextLines:
    """Alerts for a person; heartbeats are hidden, and their absence told.

    `clock` is what is shown; `steady` measures how long heartbeats are missing, the same when it is not given.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        *,
        colour: bool,
        clock: Clock = lambda: datetime.now(UTC),
        steady: Clock | None = None,
    ) -> None:
        self._zone = zone
        self._colour = colour
        self._clock = clock
        self._steady = steady or clock
        self._heartbeats = HeartbeatWatch(zone, self._steady())

    def show(self, record: Received) -> None:
        """Print one event; what is none of ours is only remarked."""
        now = self._clock()
        try:
            alert = Alert.parse(record.value)
        except InvalidMessage as error:
            remark(f"canairy: {_place(record)}: {error}")
            return
        if alert.heartbeat:
            self._say(self._heartbeats.beat(self._steady(), now))
        else:
            emit(render(alert, self._zone, now, colour=self._colour))

    def tick(self) -> None:
        """Time passed."""
        self._say(self._heartbeats.tick(self._steady(), self._clock()))

    @staticmethod
    def _say(line: str | None) -> None:
        if line is not None:
            emit(line)


def follow(
    reader: Reader,
    show: JsonLines | TextLines,
    done: Callable[[], bool],
    clock: Clock = lambda: datetime.now(UTC),
) -> None:
    """Show what comes until `done`.

    Raises BrokerUnavailable when Kafka does not answer at the start; later it is waited for.
    """
    reader.at_end()
    answered = clock()
    away = False
    while not done():
        try:
            records = reader.poll(POLL_S, 500)
            if records or (clock() - answered >= ASK_AFTER and _answers(reader)):
                answered = clock()
                away = _back(away)
        except BrokerUnavailable as error:
            records, away = (), _gone(away, error)
        for record in records:
            show.show(record)
        show.tick()


def _answers(reader: Reader) -> bool:
    reader.at_end()
    return True


def _back(away: bool) -> bool:
    if away:
        remark("canairy: Kafka answers again")
    return False


def _gone(away: bool, error: BrokerUnavailable) -> bool:
    if not away:
        remark(f"canairy: {error}; trying again")
    return True


def _place(record: Received) -> str:
    return f"{record.topic}/{record.partition} offset {record.offset}"
