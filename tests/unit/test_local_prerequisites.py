"""What is said when a machine lacks something, and when jars are fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from canairy.errors import ConfigurationError
from deploy.local.jars import ensure_jars
from deploy.local.prerequisites import java_version, parse_java_version

# Stands for Maven: leaves one jar where it is told to, and counts its runs beside the pom.
MAVEN = """#!/bin/sh
echo run >> "$(dirname "$4")/runs"
for argument; do case $argument in -DoutputDirectory=*) touch "${argument#*=}/kafka.jar";; esac; done
"""
BROKEN_MAVEN = "#!/bin/sh\necho 'Could not resolve org.apache.kafka' >&2\nexit 1\n"


def put_on_path(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


@pytest.fixture
def pom(tmp_path: Path) -> Path:
    path = tmp_path / "pom.xml"
    path.write_text("<project>1</project>")
    return path


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("sh: java: command not found", None),
    ],
)
def test_java_tells_its_version_in_two_ways(text: str, version: int | None) -> None:
    assert parse_java_version(text) == version


def test_an_old_java_is_refused_with_the_line_that_installs_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path, "java", "#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", monkeypatch)

    with pytest.raises(ConfigurationError, match="version 11; Kafka needs 17 or newer: apt-get install"):
        java_version()


def test_a_missing_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match="Java 17 or newer is missing: apt-get install"):
        java_version()


def test_jars_are_fetched_once_and_again_when_the_pom_changes(
    tmp_path: Path, pom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path, "mvn", MAVEN, monkeypatch)
    libs = tmp_path / "libs"

    ensure_jars(pom, libs)
    ensure_jars(pom, libs)
    assert (tmp_path / "runs").read_text().count("run") == 1
    assert (libs / "kafka.jar").exists()

    pom.write_text("<project>2</project>")
    (libs / "of-the-old-pom.jar").touch()
    ensure_jars(pom, libs)
    assert (tmp_path / "runs").read_text().count("run") == 2
    assert not (libs / "of-the-old-pom.jar").exists()


def test_a_fetch_that_fails_says_what_maven_said_and_is_tried_again(
    tmp_path: Path, pom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path, "mvn", BROKEN_MAVEN, monkeypatch)
    libs = tmp_path / "libs"

    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"(?s)could not fetch.*Could not resolve org.apache.kafka"):
            ensure_jars(pom, libs)


def test_a_missing_maven_is_named(tmp_path: Path, pom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match="apt-get install -y maven"):
        ensure_jars(pom, tmp_path / "libs")
