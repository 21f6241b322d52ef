"""What docs/adding-a-camera.md shows does what it says: its code is run as it stands there."""

from __future__ import annotations

import re
import struct
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.site.load import load_site
from canairy.site.model import Camera
from canairy.thermal import formats
from canairy.thermal.linear_png import IncompleteFile
from services.ingest.source import RawFrame
from tests.helpers.ingest import camera

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-camera.md"
FLOATS = np.linspace(-20, 300, 12, dtype="<f4").reshape(3, 4)
CONTENT = struct.pack("<8sHH", b"CELSIUS1", 4, 3) + FLOATS.tobytes()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def shown(path: str) -> dict[str, Any]:
    """The names that the example file of this path defines."""
    (code,) = (it for it in blocks("python") if it.startswith(f"# {path}\n"))
    names: dict[str, Any] = {}
    exec(compile(code, path, "exec"), names)  # noqa: S102 - the page's own code
    return names


@pytest.fixture
def with_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """FORMATS with the page's line in it."""
    (line,) = (it.removeprefix("+").strip() for it in blocks("diff") if "Format(" in it)
    names = shown("canairy/thermal/plain_celsius.py") | {"Format": formats.Format}
    (form,) = eval(f"[{line}]", names)  # noqa: S307 - the page's own code
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, form))


def test_the_site_file_of_the_page_is_valid(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")

    (one,) = load_site(tmp_path / "site.yaml").cameras

    assert (one.files, one.subfolders) == ("cam03_*.jpg", True)
    assert one.radiometry.window is not None


@pytest.mark.usefixtures("with_the_format")
def test_the_page_s_format_is_read_by_how_it_begins(tmp_path: Path) -> None:
    (tmp_path / "a.celsius").write_bytes(CONTENT)

    frame = formats.read_thermal(tmp_path / "a.celsius")

    assert frame.kind == "plain-celsius"
    assert np.array_equal(frame.celsius, FLOATS)


@pytest.mark.usefixtures("with_the_format")
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CONTENT[:-1], IncompleteFile),
        (CONTENT[:9], IncompleteFile),
        (struct.pack("<8sHH", b"CELSIUS1", 60_000, 60_000), UnreadableFile),
        (CONTENT[:-4] + struct.pack("<f", float("nan")), UnreadableFile),
    ],
)
def test_the_page_s_format_refuses_as_every_reader_does(content: bytes, kind: type[UnreadableFile]) -> None:
    with pytest.raises(UnreadableFile) as caught:
        formats.read_thermal_bytes(content)

    assert type(caught.value) is kind


def test_the_page_s_source_yields_frames_until_the_service_stops() -> None:
    source = shown("services/ingest/counter.py")["CounterSource"]
    told = Camera.model_validate(camera("cam-9", "counter:42", rate_hz=2))
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 3

    frames = list(islice(source(told, 42.0, wait).events(), 10))

    assert waits == [0.5] * 4
    assert len(frames) == 3
    assert all(isinstance(it, RawFrame) for it in frames)
    assert [float(it.counts[0, 0]) * it.scale_k for it in frames] == pytest.approx([315.15] * 3)
