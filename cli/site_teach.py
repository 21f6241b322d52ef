"""`canairy site teach`: equipment outlined on a reference frame, in the browser or by a detector."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from canairy.errors import ConfigurationError
from canairy.messages.thermogram import KELVIN
from canairy.site.load import load_site
from canairy.site.model import View
from canairy.site.teach import Outlined
from canairy.thermal.frame import LinearScale
from cli.output import emit, emit_json, remark
from cli.teach.kept import named
from cli.teach.lesson import Classroom, found, proposed
from cli.teach.reference import Reference, read_reference
from cli.teach.server import TeachServer

LEAST_SCORE: Final = 0.3
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def teach(
    file: Annotated[Path, typer.Argument(help="The site file.", show_default=False)],
    camera: Annotated[str, typer.Option(help="The camera.", show_default=False)],
    view: Annotated[str, typer.Option(help="The view whose equipment is outlined.", show_default=False)],
    reference: Annotated[
        Path, typer.Option(help="A frame of the view: any thermal file or picture.", show_default=False)
    ],
    propose: Annotated[
        str | None, typer.Option("--propose", help="Propose what this detector finds: name or folder.")
    ] = None,
    least_score: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out proposals less sure than this.")
    ] = LEAST_SCORE,
    accept: Annotated[bool, typer.Option("--accept", help="Write all proposals at once, without a page.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0: a free one.")] = 0,
    json_: JsonOption = False,
) -> None:
    """Outline equipment on a reference frame, and write it into the site file with its comments kept.

    Where the view can be recognised by it, the frame becomes the view's `reference` there: keep the file where it is.

    A page on this machine shows the frame; its address holds a token, and nobody without it can write. The file is
    replaced in one step, and only by one without mistakes. `canairy site check` says what is wrong with one.
    """
    if accept and propose is None:
        raise typer.BadParameter("--accept needs --propose MODEL")
    room = _classroom(file, camera, view, reference, propose, least_score)
    if accept:
        digest = room.write(room.proposals, load_site(file).digest)
        _tell({"file": str(file), "digest": digest, "written": len(room.proposals)}, json_)
        return
    _serve(room, port, json_)


def _classroom(
    file: Path, camera: str, view: str, reference: Path, propose: str | None, least_score: float
) -> Classroom:
    of_name, of_view = found(file, camera, view)
    scale = LinearScale(of_name.scale.scale_k, of_name.scale.offset_c)
    seen = read_reference(reference, scale)
    if of_name.size not in {None, seen.size}:
        raise ConfigurationError(
            f"{reference}: {seen.width}x{seen.height} pixels, and {camera}'s frames are {'{}x{}'.format(*of_name.size)}"
        )
    names = [asset.id for asset in load_site(file).assets]
    proposals = () if propose is None else _proposals(propose, seen, of_view, least_score, names)
    name, why_not = named(file, of_name, of_view, reference)
    if why_not:
        remark(f"the frame will not be the reference of view {view}: {why_not}")
    return Classroom(file, camera, view, seen, proposals, name)


def _proposals(
    model: str, reference: Reference, view: View, least_score: float, names: list[str]
) -> tuple[Outlined, ...]:
    # The runtime of models is loaded only where one is asked for.
    from cli.detect_model import detected, open_detector  # noqa: PLC0415

    detector = open_detector(model)
    with TemporaryDirectory() as folder:
        file, scale_k = reference.for_detector(Path(folder))
        (answer,) = detected(detector, [file], scale_k, -KELVIN, least_score)
    if answer.error:
        raise ConfigurationError(f"the detector cannot look at the reference: {answer.error}")
    return proposed(view.id, answer.boxes, names)


def _serve(room: Classroom, port: int, json_: bool) -> None:
    try:
        server = TeachServer(room, port)
    except OSError as error:
        raise ConfigurationError(f"port {port}: {error.strerror or error}") from error
    with server:
        if json_:
            emit_json({"url": server.url})
        else:
            emit(f"open {server.url}")
            remark("Ctrl-C ends it.")
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            remark("ended")


def _tell(answer: dict[str, object], json_: bool) -> None:
    if json_:
        emit_json(answer)
    else:
        emit(f"{answer['file']}: {answer['written']} assets written")
