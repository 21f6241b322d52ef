"""The embedded Triton: what it needs, made once into build/triton, again when the pins or the interpreter change.

`python -m deploy.local.triton_home` (a part of `make setup`).

This file is the one place that knows the wheel `nvidia-pytriton`, an alpha of 2025-08 that carries NVIDIA's
tritonserver 2.51 for machines without a GPU, with its Python backend only. The ways out, when it is no longer kept or
no longer fits:

- the stock Triton container, with the same model repository: its own C++ `onnxruntime` backend takes the place of ours
  (docs/decisions/0008-triton-embedded.md); where containers run, nothing here is needed;
- `build.py` of the triton-inference-server/server repository (`--enable-logging --enable-stats --endpoint=grpc
  --endpoint=http --backend=python`, release r24.10 or later), whose result has the same folders as `server_folder`.

What stands below the folder: `env`, a virtualenv for the backend (NumPy, OpenVINO); `server/tritonserver` with bin and
backends; `nvidia_pytriton.libs`, the libraries that tritonserver finds by its position relative to them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from canairy.errors import CanairyError, ConfigurationError
from deploy.local.jars import ROOT

REQUIREMENTS: Final = ROOT / "deploy/triton/requirements.txt"
BACKENDS: Final = ROOT / "deploy/triton/backends"
HOME: Final = ROOT / "build/triton"
STUB: Final = "triton_python_backend_stub"
# Raise it when this file lays things differently, so that what an earlier one made is made anew.
LAYOUT: Final = 1


def ensure_triton(requirements: Path = REQUIREMENTS, home: Path = HOME) -> Path:
    """The folder with server and environment, made when missing or of other pins.

    Raises ConfigurationError when this interpreter cannot have it or when the packages cannot be installed.
    """
    home = home.resolve()
    library_folder()
    wanted = _fingerprint(requirements)
    with _one_at_a_time(home):
        stamp = home / ".made-from"
        if not (stamp.exists() and stamp.read_text() == wanted):
            _make(requirements, home, wanted)
        _link(home)
    return home


def server_folder(home: Path) -> Path:
    """Where `bin/tritonserver` and `backends` stand, as in every installation of Triton."""
    return home / "server/tritonserver"


def environment(home: Path) -> dict[str, str]:
    """What a process must be told to be this server: this environment, and nothing of Python's that is set outside.

    Triton starts one process of Python's for each instance of a model; it finds its packages by the first `python3` on
    PATH, and the interpreter's library by LD_LIBRARY_PATH.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return inherited | {
        "PATH": f"{home / 'env/bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": str(library_folder()),
        "PYTHONSAFEPATH": "1",  # a module in the current folder is not ours
        "PYTHONUNBUFFERED": "1",
    }


def library_folder() -> Path:
    """Where this interpreter's libpython is; raises ConfigurationError when it was built without one."""
    name = str(sysconfig.get_config_var("INSTSONAME") or "")
    folder = Path(str(sysconfig.get_config_var("LIBDIR") or ""))
    if ".so" not in name or not (folder / name).exists():
        raise ConfigurationError(
            f"{sys.executable} has no shared libpython ({folder / name}), which Triton's Python backend loads: "
            f"use a Python built with --enable-shared, or install it (Debian: apt-get install -y libpython{_version()})"
        )
    return folder


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _fingerprint(requirements: Path) -> str:
    made_of = [str(LAYOUT), sys.version, sysconfig.get_config_var("prefix") or "", requirements.read_text()]
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Two that want it at once: the second waits, and finds it made."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(requirements: Path, home: Path, fingerprint: str) -> None:
    """Beside its place first, so that a half-made one is never taken for a whole one."""
    fresh = home.with_name(f"{home.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    venv.create(fresh / "env", with_pip=False, symlinks=True)
    _install(requirements, fresh / "env")
    _take_server(_packages(fresh), fresh)
    (fresh / ".made-from").write_text(fingerprint)
    shutil.rmtree(home, ignore_errors=True)
    fresh.rename(home)


def _install(requirements: Path, env: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(env / "bin/python")]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    command = [*pip, "install", *options, "--requirement", str(requirements)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        end = "\n".join((result.stdout + result.stderr).strip().splitlines()[-15:])
        raise ConfigurationError(f"the packages of the embedded Triton could not be installed ({requirements}):\n{end}")


def _packages(home: Path) -> Path:
    return home / "env/lib" / f"python{_version()}" / "site-packages"


def _take_server(packages: Path, home: Path) -> None:
    """Move the server out of the package, put this interpreter's stub in its place, and drop what is not needed."""
    server = server_folder(home)
    server.parent.mkdir(parents=True)
    shutil.move(packages / "pytriton/tritonserver", server)
    shutil.move(packages / "nvidia_pytriton.libs", home)
    stub = _stub(server)
    shutil.copy2(stub, server / "backends/python" / STUB)
    _drop_other_pythons(home, stub)
    for program in (server / "bin/tritonserver", server / "backends/python" / STUB):
        program.chmod(0o755)
    for rest in [packages / "pytriton", *packages.glob("nvidia_pytriton-*.dist-info"), server / "python_backend_stubs"]:
        shutil.rmtree(rest)


def _stub(server: Path) -> Path:
    stub = server / "python_backend_stubs" / _version() / STUB
    if not stub.exists():
        known = ", ".join(sorted(path.name for path in stub.parents[1].iterdir()))
        raise ConfigurationError(
            f"the embedded Triton has no {STUB} for Python {_version()}; it has them for {known}: "
            "run canAIry with one of these, or use a Triton that runs elsewhere"
        )
    return stub


def _drop_other_pythons(home: Path, stub: Path) -> None:
    """The wheel brings a libpython of its own, 32 MB, which only one of its stubs loads."""
    needed = stub.read_bytes()
    for library in (home / "nvidia_pytriton.libs").glob("libpython*"):
        if library.name.encode() not in needed:
            library.unlink()


def _link(home: Path) -> None:
    """Our backend, and the package that it imports from, as they stand in this checkout."""
    for link, target in {
        server_folder(home) / "backends/onnxruntime": BACKENDS / "onnxruntime",
        _packages(home) / "deploy": ROOT / "deploy",
    }.items():
        if not (link.is_symlink() and link.readlink() == target):
            link.unlink(missing_ok=True)
            link.symlink_to(target)


if __name__ == "__main__":
    try:
        ensure_triton()
    except CanairyError as error:
        sys.exit(str(error))
