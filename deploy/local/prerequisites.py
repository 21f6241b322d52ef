"""What a machine must have before a stack can run on it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import Final

from canairy.errors import ConfigurationError

OLDEST_JAVA: Final = 17
INSTALL_JAVA: Final = "apt-get install -y openjdk-17-jre-headless"


def java_version() -> int:
    """The major version of the Java on PATH; raises ConfigurationError when there is none or it is too old."""
    java = shutil.which("java")
    if java is None:
        raise ConfigurationError(f"Java {OLDEST_JAVA} or newer is missing: {INSTALL_JAVA}")
    answer = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    version = parse_java_version(answer.stderr + answer.stdout)
    if version is None or version < OLDEST_JAVA:
        found = f"version {version}" if version else "of an unknown version"
        raise ConfigurationError(f"{java} is {found}; Kafka needs {OLDEST_JAVA} or newer: {INSTALL_JAVA}")
    return version


def parse_java_version(text: str) -> int | None:
    """The major version in what `java -version` prints (`1.8.0_392` is 8), or None."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None


def python_version() -> str:
    """The version of this Python, as people write it."""
    return ".".join(str(part) for part in sys.version_info[:3])
