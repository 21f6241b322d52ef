"""ffmpeg as a child process that decodes: its licences and its crashes stay outside ours.

It gets an address and no secret, writes pictures to a pipe (services.ingest.pam) and what it thinks of them to
another (services.ingest.ffmpeg_log). It cannot outlive this process: the pipes close, and so does what it reads from.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, Final, Self, cast

import numpy.typing as npt

from canairy import metrics
from canairy.errors import ConfigurationError, UnreadableFile
from canairy.messages.thermogram import MAX_SIDE
from services.ingest.ffmpeg_log import Created, Fault, Shown, read_line
from services.ingest.pam import read_pam

PROGRAM: Final = "ffmpeg"
END_S: Final = 1.0
# ffmpeg tells of a frame before it writes it; the two come on different pipes.
_TOLD_WITHIN_S: Final = 5.0
_LINE_BYTES: Final = 4096
_FAULTS_KEPT: Final = 5
_BEFORE: Final = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "repeat+level+info", "-max_alloc", "268435456")
# One thread: several hold frames back, and sixteen cameras share the machine.
_DECODER: Final = ("-threads", "1", "-max_pixels", str(MAX_SIDE * MAX_SIDE))
_AFTER: Final = ("-map", "0:v:0", "-fps_mode", "passthrough", "-autoscale", "0", "-c:v", "pam", "-f", "image2pipe")


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A frame: pixels as `read_pam` gives them; `pixel_format` is the stream's own, `pts_s` its time in the stream."""

    pixels: npt.NDArray[Any]
    pixel_format: str
    pts_s: float | None


class Decoder:
    """One run of ffmpeg over one input; `with` ends it."""

    def __init__(self, camera: str, source: Sequence[str], filters: Sequence[str] = ("showinfo=checksum=0",)) -> None:
        """Start it. `source` are the options of the input, `-i` the last but one; the last filter is a showinfo.

        Raises ConfigurationError when there is no ffmpeg.
        """
        self.seen = 0
        self.created_at: datetime | None = None
        self._camera = camera
        self._last = len(filters) - 1
        self._faults: deque[str] = deque(maxlen=_FAULTS_KEPT)
        self._told: SimpleQueue[Shown] = SimpleQueue()
        command = [PROGRAM, *_BEFORE, *_DECODER, *source, *_AFTER, "-vf", ",".join(filters), "pipe:1"]
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                # Ctrl-C in a terminal ends ingest, which ends this in order.
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigurationError(f"{camera}: {PROGRAM} cannot be run: {error.strerror}. Install it") from error
        self._listener = threading.Thread(target=self._listen, name=f"{camera}-ffmpeg", daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def reason(self) -> str:
        """What ffmpeg complained of last, and how it ended; empty when all is well."""
        code = self._child.poll() or 0
        ended = f"ffmpeg ended with {code}" if code > 0 else f"ffmpeg died of signal {-code}" if code else ""
        return "; ".join(part for part in (*dict.fromkeys(self._faults), ended) if part)

    @property
    def failed(self) -> bool:
        """It has ended, and not because there was nothing more to read."""
        return self._child.poll() not in {None, 0}

    def frames(self) -> Iterator[Decoded]:
        """Frames until the input ends or `stop`; raises UnreadableFile for what is no picture."""
        stream = cast("BinaryIO", self._child.stdout)
        while (pixels := read_pam(stream)) is not None:
            try:
                told = self._told.get(timeout=_TOLD_WITHIN_S)
            except Empty:
                raise UnreadableFile("ffmpeg wrote a picture that it had not told of") from None
            yield Decoded(pixels, told.pixel_format, told.pts_s)
        self._settle()

    def stop(self) -> None:
        """End it: politely, then not. Afterwards there is no child, and nobody reads its pipes."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(END_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._child.wait()
        self._listener.join()
        cast("BinaryIO", self._child.stdout).close()
        cast("BinaryIO", self._child.stderr).close()

    def _settle(self) -> None:
        """It has closed its output: it ends now, and what it said last is read."""
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            return
        self._listener.join()

    def _listen(self) -> None:
        stream = cast("BinaryIO", self._child.stderr)
        while line := stream.readline(_LINE_BYTES):
            self._heard(line.decode("utf-8", "replace").rstrip())

    def _heard(self, line: str) -> None:
        match read_line(line):
            case Shown() as shown:
                self.seen += not shown.filter_index
                if shown.filter_index == self._last:
                    self._told.put(shown)
            case Fault(text):
                metrics.INGEST_DECODING_ERRORS.labels(self._camera).inc()
                self._faults.append(text)
            case Created(at):
                self.created_at = at
            case None:
                pass
