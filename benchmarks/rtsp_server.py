"""A camera with RTSP, played by a real server in a process of its own: started, killed, frozen, on loopback."""

from __future__ import annotations

import signal
import socket
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Self

PYTHON: Final = "/usr/bin/python3"
SCRIPT: Final = Path(__file__).with_name("rtsp_server_script.py")
_NEEDED: Final = "import gi; gi.require_version('GstRtspServer', '1.0')"


@cache
def available() -> bool:
    """Whether this machine has it: deploy/local/prerequisites.sh installs it."""
    return (
        Path(PYTHON).exists()
        and not subprocess.run([PYTHON, "-c", _NEEDED], capture_output=True, check=False).returncode
    )


def h264(fps: int = 10, key_every: int = 10, picture: str = "ball", shape: tuple[int, int] = (120, 160)) -> str:
    """H.264 as cameras send it: `picture` is a pattern of videotestsrc, `key_every` frames a key frame (0: none)."""
    height, width = shape
    # Elements of this name let no key frame through (rtsp_server_script.py); the description still has its parameters.
    through = "" if key_every else "video/x-h264,stream-format=avc ! identity name=keyless ! "
    return (
        f"videotestsrc is-live=true pattern={picture} ! "
        f"video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 ! "
        f"x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={key_every or 1000} ! "
        f"{through}rtph264pay name=pay0 pt=96 config-interval=-1"
    )


def mjpeg(fps: int = 10, picture: str = "ball") -> str:
    """JPEG over RTP."""
    return (
        f"videotestsrc is-live=true pattern={picture} ! "
        f"video/x-raw,format=I420,width=160,height=120,framerate={fps}/1 ! "
        "jpegenc ! rtpjpegpay name=pay0 pt=26"
    )


def shown_again_and_again(files: Path, fps: int, count: int) -> str:
    """H.264 of PNG files (grey, e.g. `%03d.png` from 0), `fps` a second, with a key frame a second."""
    return (
        f"multifilesrc location={files} start-index=0 stop-index={count - 1} loop=true "
        f"caps=image/png,framerate={fps}/1 ! pngdec ! videoconvert ! video/x-raw,format=I420 ! "
        f"x264enc tune=zerolatency speed-preset=ultrafast threads=1 bitrate=4000 key-int-max={fps} ! "
        "rtph264pay name=pay0 pt=96 config-interval=-1"
    )


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RtspServer:
    """`with` starts and ends it; the port stays the same when it is started again."""

    pipeline: str = field(default_factory=h264)
    who: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    _child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def source(self) -> str:
        """As a site file has it."""
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [PYTHON, str(SCRIPT), str(self.port), self.pipeline, *self.who]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if (self._child.stdout.readline() if self._child.stdout else "") != f"ready {self.port}\n":
            raise RuntimeError(f"the RTSP server does not come up on port {self.port}")

    def kill(self) -> None:
        """As if its plug were pulled, but for the kernel's word that the connections are gone."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def freeze(self) -> None:
        """It answers nothing, and its connections stay."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None:
            self._child.send_signal(number)
