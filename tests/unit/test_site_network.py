"""What the site file says of a camera on the network: its secrets by name, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from canairy.site.load import check_site

SITE = """\
site: {{id: test-ss}}
cameras:
  - id: cam-01
    source: {source}
    {key}: yard
    views: [{{id: bay-1}}]
"""


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("rtsp://10.0.0.5/ch1", "credentials"),
        ("http+snapshot://cam/x", "credentials"),
        ("https+snapshot://cam/x", "credentials"),
        ("https+snapshot://cam/x", "ca"),
    ],
)
def test_a_camera_on_the_network_has_secrets_by_name(tmp_path: Path, source: str, key: str) -> None:
    (tmp_path / "site.yaml").write_text(SITE.format(source=source, key=key))

    assert check_site(tmp_path / "site.yaml") == []


@pytest.mark.parametrize(
    ("source", "key", "why"),
    [
        ("folder:x", "credentials", "is for rtsp: and http+snapshot: and https+snapshot:, this one is folder:"),
        ("video:x.mkv", "credentials", "is for rtsp: and http+snapshot: and https+snapshot:, this one is video:"),
        ("rtsp://cam/x", "ca", "is for https+snapshot:, this one is rtsp:"),
        ("http+snapshot://cam/x", "ca", "is for https+snapshot:, this one is http+snapshot:"),
    ],
)
def test_others_have_none(tmp_path: Path, source: str, key: str, why: str) -> None:
    (tmp_path / "site.yaml").write_text(SITE.format(source=source, key=key))

    (mistake,) = check_site(tmp_path / "site.yaml")

    assert (mistake.line, mistake.path, mistake.message) == (5, f"cameras[0].{key}", why)


def test_a_password_in_the_address_is_a_mistake_with_its_line_and_is_not_repeated(tmp_path: Path) -> None:
    for scheme in ("rtsp", "http+snapshot", "https+snapshot"):
        text = SITE.format(source=f"{scheme}://viewer:hunter2@10.0.0.5/ch1", key="credentials")
        (tmp_path / "site.yaml").write_text(text)

        (mistake,) = check_site(tmp_path / "site.yaml")

        assert (mistake.line, mistake.path) == (4, "cameras[0].source")
        assert "hunter2" not in mistake.message
