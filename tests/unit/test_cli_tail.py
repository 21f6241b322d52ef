"""`canairy tail`: the line an operator reads, the heartbeat that must not be missed, and the events as they stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from canairy.alerts import Alert
from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Outgoing
from canairy.stream.memory import MemoryBroker
from canairy.topics import ALERTS, DATA_TOPICS
from cli.tail import JsonLines, TextLines, follow
from cli.tail_line import HeartbeatWatch, render, span

SEOUL = ZoneInfo("Asia/Seoul")
RAISED_AT = datetime(2024, 4, 30, 18, 12, 7, tzinfo=UTC)  # 03:12:07 on 1 May in Seoul

DATA: dict[str, Any] = {
    "alarm": "a-1",
    "asset": "ds-301-a",
    "condition": "delta",
    "temperature_c": 94.2,
    "compared_with": "B/C",
    "delta_k": 41.3,
    "limit": 15,
    "priority": "high",
    "state": "unacknowledged",
    "quality": "good",
    "captured_at": "2024-04-30T18:12:07Z",
    "since": "2024-04-30T17:58:40Z",
    "data_age_s": 1.2,
    "reason": "94.2 °C, +41 K over B/C (limit 15)",
    "response": "reduce load on bay 3",
}


def event(kind: str = "raised", **changes: object) -> bytes:
    """One event as the judge writes it; None takes a field away."""
    data = {name: value for name, value in (DATA | changes).items() if value is not None}
    return json.dumps({
        "specversion": "1.0",
        "id": "e-1",
        "type": f"io.canairy.alarm.{kind}.v1",
        "source": "/sites/yard",
        "subject": data["asset"],
        "time": data["captured_at"],
        "data": data,
    }).encode()  # fmt: skip


def line(kind: str = "raised", *, now: datetime = RAISED_AT, colour: bool = False, **changes: object) -> str:
    return render(Alert.parse(event(kind, **changes)), SEOUL, now, colour=colour)


def test_the_line_at_3_in_the_morning() -> None:
    assert line() == (
        "03:12:07 KST  HIGH  RAISED  ds-301-a  94.2 °C, +41 K over B/C (limit 15), since 02:58, data good 1 s"
        "  | DO: reduce load on bay 3"
    )


def test_a_recording_is_called_one_and_not_years_old() -> None:
    assert line(data_age_s=692 * 86_400.0, response=None).endswith(", since 02:58, data good, recorded")


def test_what_is_not_known_leaves_no_gap() -> None:
    text = line(
        asset="cam-02", condition="coverage", priority="low", temperature_c=None, since=None,
        reason="no frame for 5 min", quality="stale", data_age_s=None, response=None,
    )  # fmt: skip

    assert text == "03:12:07 KST  LOW  RAISED  cam-02  no frame for 5 min, data stale"


@pytest.mark.parametrize("kind", ["acknowledged", "returned"])
def test_only_what_is_raised_asks_for_something(kind: str) -> None:
    text = line(kind)

    assert f"HIGH  {kind.upper()}  ds-301-a" in text
    assert "DO:" not in text


def test_an_acknowledgement_says_by_whom() -> None:
    assert ", by kim, since 02:58" in line("acknowledged", acknowledged_by="kim")


def test_the_date_is_shown_when_it_is_not_today() -> None:
    assert line(now=RAISED_AT + timedelta(days=1)).startswith("2024-05-01 03:12:07 KST  HIGH")
    assert ", since 2024-04-28 03:00," in line(since="2024-04-27T18:00:00Z")


def test_colour_is_by_priority_and_only_when_asked() -> None:
    coloured = {level: line(priority=level, colour=True) for level in ("high", "medium", "low")}
    escapes = {text[text.index("\x1b") : text.index("m") + 1] for text in coloured.values()}

    assert len(escapes) == 3
    assert coloured["high"].replace("\x1b[1;31m", "").replace("\x1b[0m", "") == line()
    assert "\x1b" not in line()


def test_what_somebody_typed_cannot_move_the_cursor() -> None:
    text = line("acknowledged", acknowledged_by="\x1b[2Jkim\nHIGH  RAISED", colour=True)

    assert "\x1b[2J" not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (1.2, "1 s"), (90, "90 s"), (300, "5 min"), (3 * 3600, "3 h"), (5 * 86_400, "5 d")],
)
def test_a_span_has_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_missing_heartbeat_is_told_once_and_its_return_too() -> None:
    watch = HeartbeatWatch(SEOUL, RAISED_AT)
    at = [RAISED_AT + timedelta(minutes=minutes) for minutes in range(10)]

    beats = watch.beat(at[1])
    lines = [watch.tick(moment) for moment in (at[2], at[3], at[4], at[5])]
    back = watch.beat(at[6])

    assert beats is None
    assert [it is not None for it in lines] == [False, False, True, False]
    assert (lines[2] or "").startswith("03:16:07 KST  NO HEARTBEAT for 3 min: ")
    assert back == "03:18:07 KST  HEARTBEAT IS BACK after 5 min"
    assert watch.beat(at[7]) is None


class Turns:
    """Ends a `follow` after a script of turns; each entry happens before the poll of its turn."""

    def __init__(self, *script: Callable[[], None]) -> None:
        self._script = list(script)

    def __call__(self) -> bool:
        if not self._script:
            return True
        self._script.pop(0)()
        return False


def alerts_broker() -> MemoryBroker:
    return MemoryBroker(topic for topic in DATA_TOPICS if topic.name == ALERTS)


def write(broker: MemoryBroker, *values: bytes) -> None:
    broker.append([Outgoing(ALERTS, "ds-301-a", value) for value in values])


def nothing() -> None:
    pass


def test_the_operator_sees_alarms_and_no_heartbeats(capsys: pytest.CaptureFixture[str]) -> None:
    broker = alerts_broker()
    write(broker, event(), event("heartbeat", asset="_canary"), event("returned"), b"noise")

    follow(broker.reader([ALERTS]), TextLines(SEOUL, colour=False, clock=lambda: RAISED_AT), Turns(nothing))

    shown = capsys.readouterr()
    assert [text.split("  ")[2] for text in shown.out.splitlines()] == ["RAISED", "RETURNED"]
    assert "thermal.alerts/0 offset 3: alert: not JSON" in shown.err


def test_json_shows_every_event_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    broker = alerts_broker()
    pretty = json.dumps({"id": "foreign"}, indent=2).encode()
    write(broker, event(), event("heartbeat", asset="_canary"), pretty, b"noise")

    follow(broker.reader([ALERTS]), JsonLines(), Turns(nothing))

    shown = capsys.readouterr()
    first, second, third = shown.out.splitlines()
    assert (first.encode(), second.encode()) == (event(), event("heartbeat", asset="_canary"))
    assert json.loads(third) == {"id": "foreign"}
    assert "offset 3 is not JSON" in shown.err


def test_silence_is_told_while_nothing_comes(capsys: pytest.CaptureFixture[str]) -> None:
    broker = alerts_broker()
    now = RAISED_AT
    show = TextLines(SEOUL, colour=False, clock=lambda: now)

    def wait() -> None:
        nonlocal now
        now += timedelta(minutes=4)

    follow(broker.reader([ALERTS]), show, Turns(wait, lambda: write(broker, event("heartbeat", asset="_canary"))))

    missing, back = capsys.readouterr().out.splitlines()
    assert "NO HEARTBEAT for 4 min" in missing
    assert "HEARTBEAT IS BACK" in back


def test_a_kafka_that_goes_away_is_told_once_and_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    broker = alerts_broker()

    def switch(available: bool) -> Callable[[], None]:
        return lambda: setattr(broker, "available", available)

    def back() -> None:
        broker.available = True
        write(broker, event())

    show = TextLines(SEOUL, colour=False, clock=lambda: RAISED_AT)
    follow(broker.reader([ALERTS]), show, Turns(nothing, switch(False), nothing, back))

    shown = capsys.readouterr()
    assert "RAISED" in shown.out
    assert shown.err.count("trying again") == 1
    assert shown.err.endswith("canairy: Kafka answers again\n")


def test_a_kafka_that_is_away_at_the_start_is_an_error() -> None:
    broker = alerts_broker()
    reader = broker.reader([ALERTS])
    broker.available = False

    with pytest.raises(BrokerUnavailable):
        follow(reader, JsonLines(), Turns(nothing))


def test_an_event_of_a_later_release_is_shown_by_its_word() -> None:
    alert = replace(Alert.parse(event()), kind="shelved")

    assert "HIGH  SHELVED  ds-301-a" in render(alert, SEOUL, RAISED_AT)
