"""`canairy site`: is this site file right, and what may stand in one?"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from canairy.site.load import check_site, load_site, mistake_line
from canairy.site.model import Site
from canairy.site.references import reference_mistakes
from canairy.site.schema import site_schema
from cli.output import emit, emit_json
from cli.site_teach import teach

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    group = typer.Typer(no_args_is_help=True, help="Site files.")
    group.callback()(_group)
    group.command("check")(check)
    group.command("schema")(schema)
    group.command("teach")(teach)
    app.add_typer(group, name="site")


def _group() -> None:
    """Site files."""


def check(
    file: Annotated[Path, typer.Argument(help="The site file.", show_default=False)], json_: JsonOption = False
) -> None:
    """Say every mistake in a site file with its line; exit status 1 when there is one.

    When there is none, the pictures that views name as their `reference` are looked at: each must be such as the
    camera's frames are, and hold the regions of its view.
    """
    mistakes = check_site(file) or reference_mistakes(file)
    for mistake in mistakes:
        if json_:
            emit_json(dataclasses.asdict(mistake))
        else:
            emit(mistake_line(file, mistake))
    if mistakes:
        raise typer.Exit(1)
    _summarize(load_site(file), json_)


def schema() -> None:
    """Print the JSON Schema of site files, for editors that complete and explain keys.

    Those that use the YAML language server find it by a first line in the site file:

    # yaml-language-server: $schema=PATH/TO/site.schema.json
    """
    emit(json.dumps(site_schema(), indent=2, ensure_ascii=False))


def _summarize(site: Site, json_: bool) -> None:
    views = [view for camera in site.cameras for view in camera.views]
    counts = {"cameras": len(site.cameras), "views": len(views), "assets": sum(len(view.assets) for view in views)}
    if json_:
        emit_json({"site": site.site.id, "digest": site.digest, **counts})
    else:
        parts = ", ".join(f"{count} {name if count != 1 else name[:-1]}" for name, count in counts.items())
        emit(f"{site.site.id}: {parts}, no mistakes")
