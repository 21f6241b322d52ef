"""Secrets by name: what is wrong with one is told, and never what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from canairy.errors import ConfigurationError
from canairy.secrets import Credentials, Secrets


def test_a_secret_is_user_and_password_and_the_first_colon_parts_them(tmp_path: Path) -> None:
    (tmp_path / "yard").write_text("viewer:pa:ss 변압기\n")

    known = Secrets(tmp_path).credentials("yard")

    assert known == Credentials("viewer", "pa:ss 변압기")


def test_the_password_is_not_in_what_is_shown() -> None:
    assert "hunter2" not in repr(Credentials("viewer", "hunter2"))


def test_a_replaced_secret_counts_from_the_next_time_on(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    (tmp_path / "yard").write_text("viewer:old")
    assert secrets.credentials("yard") == Credentials("viewer", "old")

    (tmp_path / "yard").write_text("viewer:new")

    assert secrets.credentials("yard") == Credentials("viewer", "new")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "must hold user:password"),
        (b"hunter2", "must hold user:password"),
        (b":hunter2", "must hold user:password"),
        (b"viewer:hunter2\nmore: hunter2", "must be one line"),
        (b"viewer:\xff\xfehunter2", "is not UTF-8"),
        (b"viewer:" + b"hunter2" * 1000, "is larger than 4096 bytes"),
    ],
)
def test_what_is_no_secret_is_told_by_its_name_without_its_content(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "yard").write_bytes(content)

    with pytest.raises(ConfigurationError, match=why) as told:
        Secrets(tmp_path).credentials("yard")

    assert "'yard'" in str(told.value)
    assert "hunter2" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_secret_that_is_not_there_and_a_folder_that_nobody_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no secret 'yard': .*yard is no file"):
        Secrets(tmp_path).credentials("yard")
    with pytest.raises(ConfigurationError, match=r"names the secret 'yard': set CANAIRY_SECRETS_DIR"):
        Secrets(None).credentials("yard")
