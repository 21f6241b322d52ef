"""The schema and its checked-in stubs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from protos import generate

ROOT = Path(generate.__file__).parent
RELEASED = ROOT / "released/v1.binpb"
BUF = Path(sys.executable).parent / "buf"


def stubs(folder: Path) -> dict[str, str]:
    found = [*folder.glob("canairy/**/*_pb2*.py"), *folder.glob("canairy/**/*_pb2*.pyi")]
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def breaking(schema: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BUF), "breaking", str(schema), "--against", str(RELEASED)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_checked_in_stubs_are_those_of_the_schema(tmp_path: Path) -> None:
    generate.generate(tmp_path)
    fresh = stubs(tmp_path)
    assert len(fresh) >= 16  # four schema files, four stubs each
    assert fresh == stubs(ROOT), "run `make proto`"


def test_the_schema_keeps_what_was_released() -> None:
    result = breaking(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_field_that_was_released_cannot_be_taken_away(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "protos", ignore=shutil.ignore_patterns("__pycache__", "released"))
    schema = tmp_path / "protos/canairy/v1/thermal.proto"
    shorter, taken = re.subn(r"\n  string camera = \d+;", "", schema.read_text(), count=1)
    assert taken == 1
    schema.write_text(shorter)

    result = breaking(tmp_path / "protos")

    assert result.returncode != 0
    assert '"camera"' in result.stdout
