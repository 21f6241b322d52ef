"""One file of a folder as temperatures, whatever its format."""

from __future__ import annotations

from pathlib import Path

from canairy.errors import UnreadableFile
from canairy.site.model import Camera
from canairy.thermal.flir_segments import JPEG, check_ended
from canairy.thermal.formats import ReadOptions, read_content, read_thermal_bytes
from canairy.thermal.frame import LinearScale
from services.ingest.temperatures import Temperatures, temperatures


def read_temperatures(path: Path, camera: Camera, *, patient: bool = False) -> Temperatures:
    """The temperatures of a file, with what the site file knows better.

    A FLIR camera writes its temperatures first and its picture behind them: `patient` waits for that too, so that the
    file is not read once more when it is whole.

    Raises:
        IncompleteFile: it ends too early, and may still be being written.
        UnreadableFile: it cannot be read, or has no temperatures; the text names the file and says why.
    """
    content = read_content(path)
    scale = LinearScale(camera.scale.scale_k, camera.scale.offset_c)
    try:
        frame = read_thermal_bytes(content, ReadOptions(scale), path.suffix)
        if patient and content.startswith(JPEG):
            check_ended(content)
        return temperatures(frame, camera)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error
