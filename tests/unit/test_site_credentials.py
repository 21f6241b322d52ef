"""A secret in a site file is a mistake with its line, and no message repeats it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from canairy.site.credentials import redacted
from canairy.site.load import load_site
from tests.unit.test_site_load import GOOD, mistakes_of, write

SOURCE = "source: simulated:yard"


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://admin:hunter2@10.0.0.5/ch1",
        "rtsp://hunter2@10.0.0.5/ch1",
        "rtsp://admin:hunt@hunter2@10.0.0.5/ch1",
        "rtsp://admin:hunter2/x@10.0.0.5/ch1",
        "http+snapshot:http://admin:hunter2@10.0.0.5/now.jpg",
        "rtsp://[fe80::1]:554/a?user=admin&password=hunter2",
        "http+snapshot:http://10.0.0.5/now.jpg?PWD=hunter2",
        "http+snapshot:http://10.0.0.5/now.jpg?token=hunter2&x=1",
    ],
)
def test_a_secret_in_a_source_is_a_mistake_and_stays_unsaid(tmp_path: Path, source: str) -> None:
    found = mistakes_of(tmp_path, (SOURCE, f"source: '{source}'"))

    assert [(it.line, it.path) for it in found] == [(4, "cameras[0].source")]
    assert "name it here by `credentials`" in found[0].message
    assert "hunter2" not in found[0].message


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://10.0.0.5/ch1",
        "rtsp://10.0.0.5:8554/ch1@2x",
        "rtsp://[fe80::1]:554/ch1",
        "http+snapshot:https://camera.example:8443/now.jpg?user=1&channel=2",
        "folder:/data/a@b/c:d",
    ],
)
def test_an_address_without_a_secret_is_none(tmp_path: Path, source: str) -> None:
    assert mistakes_of(tmp_path, (SOURCE, f"source: '{source}'")) == []


def test_a_secret_anywhere_else_is_found_too(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, ("phase: A", "response: see http://admin:hunter2@10.0.0.5/"))

    assert [(it.line, it.path) for it in found] == [(13, "cameras[0].views[0].assets[0].response")]


@pytest.mark.parametrize(
    "line",
    [
        "source: 'rtsp ://admin:hunter2@10.0.0.5/ch1'",  # no source at all: its value would be quoted
        "source: simulated:yard\n    password: hunter2",  # an unknown key
        "source: simulated:yard\n    credentials: {user: admin, password: hunter2}",
        "source: simulated:yard\n    starts_at: http://x/?password=hunter2",
    ],
)
def test_no_message_of_any_mistake_repeats_a_secret(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, GOOD.replace(SOURCE, line))

    with pytest.raises(ConfigurationError) as caught:
        load_site(path)

    assert "hunter2" not in str(caught.value)


@given(st.text("abc:/@?#[] 0&=", max_size=40))
def test_what_is_redacted_once_is_redacted(text: str) -> None:
    once = redacted(f"{text}//u:secret@host")

    assert "secret" not in once
    assert redacted(once) == once
