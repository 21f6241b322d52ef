"""The `canairy` command. Each command's module is imported when the command runs, so that `--help` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

import typer

from canairy.errors import CanairyError

# Name: (module with `register(app)`, what it does).
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "up": ("cli.up", "Run the whole stack on this machine: Kafka, the four services, the alerts."),
    "tail": ("cli.tail", "Follow the alerts as an operator reads them."),
    "alarms": ("cli.alarms", "Work the alarms: list, show, acknowledge."),
    "evidence": ("cli.evidence", "Write the crops behind readings as pictures."),
    "site": ("cli.site", "Validate a site file."),
    "train": ("cli.train", "Make models from recordings."),
    "score": ("cli.score", "Say which crops look abnormal to a model, without the stack."),
    "detect": ("cli.detect", "Find hot spots or equipment in thermal files, without the stack."),
    "view": ("cli.view", "Look at thermal files: temperatures, hottest pixels, pictures."),
}

app = typer.Typer(
    name="canairy",
    help="Watches industrial equipment with thermal cameras: from a frame to an alarm.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _group() -> None:
    """Typer makes an application with a callback a group, however few commands it has."""


def _forwarder(name: str, module: str) -> Callable[[typer.Context], None]:
    def forward(context: typer.Context) -> None:
        real = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
        real.callback()(_group)
        importlib.import_module(module).register(real)
        try:
            real(args=[name, *context.args], prog_name="canairy")
        except CanairyError as error:
            typer.echo(f"canairy: {error}", err=True)
            raise typer.Exit(1) from None

    return forward


def _add(name: str, module: str, summary: str) -> None:
    untouched = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(name, help=summary, context_settings=untouched, add_help_option=False)(_forwarder(name, module))


for _name, (_module, _summary) in COMMANDS.items():
    _add(_name, _module, _summary)


if __name__ == "__main__":
    app()
