"""The RTSP server of the benchmarks, for tests that need it and skip without it."""

from __future__ import annotations

import pytest

from benchmarks.rtsp_server import RtspServer, available, free_port, h264, mjpeg
from tests.helpers.recordings import need_ffmpeg

__all__ = ["RtspServer", "free_port", "h264", "mjpeg", "need_rtsp_server"]


def need_rtsp_server() -> None:
    """Skip where it or ffmpeg is missing."""
    need_ffmpeg()
    if not available():
        pytest.skip("no gst-rtsp-server here: deploy/local/prerequisites.sh installs it")
