"""`canairy up`: the whole stack on one machine, in the foreground."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from canairy import topics
from canairy.errors import CanairyError
from canairy.settings import KafkaSettings, load_settings
from canairy.site.load import load_site
from canairy.stream.kafka.reader import KafkaReader
from deploy.local.expected import ExpectedAlarms, scripted_alarms
from deploy.local.interrupts import interrupts
from deploy.local.jars import ensure_jars
from deploy.local.lock import locked
from deploy.local.prerequisites import java_version, python_version
from deploy.local.process import Process
from deploy.local.stack import Interrupted, Plan, Stack, forget
from deploy.local.topics import TopicSettings

TURN_S: Final = 0.25


class AlarmsMissing(CanairyError):
    """The time is over and not every scripted alarm was seen."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("up")(up)


def up(
    site: Annotated[Path, typer.Option("--site", help="The site file.", show_default=False)],
    data: Annotated[Path, typer.Option("--data", help="Where Kafka, logs and spools live.")] = Path("canairy-data"),
    fresh: Annotated[bool, typer.Option("--fresh", help="First delete what an earlier run left in --data.")] = False,
    tail: Annotated[bool, typer.Option(help="Follow the alerts here.")] = True,
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="End when every alarm that a simulated site scripts was seen.")
    ] = False,
    patience_s: Annotated[float, typer.Option(help="With --exit-when-done: how long to wait for them.")] = 240.0,
) -> None:
    """Run the whole stack on this machine until Ctrl-C: Kafka, the four services, and the alerts as they come."""
    loaded = load_site(site)
    expected = scripted_alarms(loaded) if exit_when_done else None
    share = load_settings(TopicSettings).topic_share
    _say(f"Python {python_version()}, Java {java_version()}, site {loaded.site.id}, {len(loaded.cameras)} cameras")
    with locked(data), interrupts() as asked:
        if fresh:
            forget(data)
        stack = Stack(Plan(site, data, ensure_jars(), share, site=loaded), _say, asked.is_set)
        if expected is None:
            _run(stack, asked, lambda: False, tail=tail)
            return
        reader = KafkaReader(KafkaSettings(kafka_bootstrap=stack.bootstrap), [topics.ALERTS])
        script = ExpectedAlarms(expected, reader, datetime.now(UTC), patience_s)
        _run(stack, asked, script.turn, tail=tail)
        _report(script)


def _run(stack: Stack, asked: threading.Event, done: Callable[[], bool], *, tail: bool) -> None:
    """Start, watch until someone asks or `done` says so, and end everything, whatever happened before."""
    if tail:
        stack.add(_command(stack, "tail"))
    if stack.models:
        pictures = str(stack.data / "evidence")
        stack.add(_command(stack, "evidence", "--out", pictures, "--follow", "--abnormal", "--keep", "200"))
    try:
        stack.start()
        _say("stack is up; Ctrl-C ends it")
        while not asked.wait(TURN_S) and not done():
            stack.turn()
    except Interrupted:
        pass  # asked to end while starting
    finally:
        _say("stopping")
        stack.stop()
        _say("stopped")


def _command(stack: Stack, name: str, *arguments: str) -> Process:
    """Another command of `canairy`, as a process of its own: `tail` on this terminal, what else there is in a log."""
    log = None if name == "tail" else stack.data / "logs" / f"{name}.log"
    return Process(name, [sys.executable, "-P", "-m", "cli.main", name, *arguments], stack.environment, log)


def _report(script: ExpectedAlarms) -> None:
    if script.missing:
        lines = [f"  {alarm.asset}: {alarm.condition} {alarm.type}" for alarm in script.missing]
        raise AlarmsMissing("\n".join(["not seen, though the site's script makes them happen:", *lines]))
    _say("every scripted alarm was seen")


def _say(line: str) -> None:
    # The alerts go to standard output; a terminal that is gone must not keep the stack from ending in order.
    with suppress(OSError):
        print(f"canairy: {line}", file=sys.stderr, flush=True)
