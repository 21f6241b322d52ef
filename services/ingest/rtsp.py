"""The source `rtsp://HOST[:PORT]/PATH`: a live stream, its newest frame `rate_hz` times a second.

Whatever happens to camera, network or decoder, it is tried again for ever, within 1 s where that costs nobody
anything. The camera's own time counts where it tells one (RTCP), else the time of arrival. A camera that has stopped in
the middle of a connection is noticed by its silence; one that sends and shows nothing (no key frame, garbled) by that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from canairy import metrics
from canairy.errors import Unavailable
from canairy.secrets import Secrets
from canairy.site.model import Camera
from services.ingest.decoded import When, as_event
from services.ingest.ffmpeg import Decoder
from services.ingest.newest import Newest
from services.ingest.retry import Pause, persistently
from services.ingest.rtsp_address import RtspAddress
from services.ingest.rtsp_relay import Relay
from services.ingest.source import Event

# Frames are to flow again within 5 s of a camera's return: a stream takes one to three of them to begin.
FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 1.0
_LOOK_S: Final = 0.25
_INPUT: Final = (
    *("-protocol_whitelist", "rtsp,rtp,tcp", "-rtsp_transport", "tcp", "-allowed_media_types", "video"),
    # Begin at once: the first packet and the camera's own description are enough, and nobody needs the rate. That
    # packet is kept (no `nobuffer`): it is the first key frame, and the next may be ten seconds away.
    *("-probesize", "32", "-fpsprobesize", "0", "-analyzeduration", "1000000", "-copyts"),
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection may be of no use before it is given up; 2.5 periods of a slow camera at least.

    `silent_s`: without a single byte. `pictureless_s`: with bytes and without a picture; cameras that save bandwidth
    send a key frame every ten seconds.
    """

    silent_s: float = 4.0
    pictureless_s: float = 20.0


PATIENT: Final = Patience()


class RtspSource:
    """One camera. `wait` pauses for seconds and answers whether the service stops."""

    def __init__(
        self,
        camera: Camera,
        secrets: Secrets,
        wait: Callable[[float], bool],
        patience: Patience = PATIENT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ConfigurationError for an address that is none, and for a secret that is not there."""
        self._camera = camera
        self._address = RtspAddress.of(camera)
        self._secrets = secrets
        self._wait = wait
        self._patience = patience
        self._monotonic = monotonic
        if camera.credentials is not None:
            secrets.credentials(camera.credentials)

    def events(self) -> Iterator[Event]:
        """Frames, and the reason whenever there are none, until the service stops."""
        pause = Pause(FIRST_RETRY_S, LONGEST_RETRY_S)
        return persistently(self._camera.id, self._connection, self._wait, pause)

    def _connection(self) -> Iterator[Event]:
        name = self._camera.credentials
        credentials = None if name is None else self._secrets.credentials(name)
        camera = self._camera.id
        metrics.INGEST_CONNECTIONS.labels(camera).inc()
        with (
            Relay(camera, self._address, credentials) as relay,
            Decoder(camera, (*_INPUT, "-i", relay.url), self._filters) as decoder,
            Newest(camera, decoder) as newest,
        ):
            yield from self._frames(relay, decoder, newest)

    def _frames(self, relay: Relay, decoder: Decoder, newest: Newest) -> Iterator[Event]:
        pictured_s = self._monotonic()
        while not self._wait(0):
            frame = newest.take(_LOOK_S)
            if frame is not None:
                pictured_s = self._monotonic()
                yield as_event(self._camera, frame, When(relay.clock.time_of(frame.pts_s)))
            elif newest.ended:
                raise _why(relay, decoder, newest)
            else:
                self._check_alive(relay, decoder, pictured_s)

    def _check_alive(self, relay: Relay, decoder: Decoder, pictured_s: float) -> None:
        now, some_periods_s = self._monotonic(), 2.5 / self._camera.rate_hz
        if now - relay.heard_s > max(self._patience.silent_s, some_periods_s):
            raise Unavailable(f"{self._address.base}: nothing came for {now - relay.heard_s:.0f} s, connecting again")
        if now - pictured_s > self._patience.pictureless_s + some_periods_s:
            faults = relay.plain(decoder.reason)
            raise Unavailable(
                f"{self._address.base}: it sends, and for {now - pictured_s:.0f} s there was no picture in it: no key "
                f"frame? Set a shorter interval of key frames in the camera. {faults}"
            )

    @property
    def _filters(self) -> tuple[str, ...]:
        """Every frame is told of, and the first of each period goes on: the average rate is `rate_hz` to the frame."""
        rate = f"{self._camera.rate_hz:.6f}"
        timeless = "isnan(t)+isnan(prev_selected_t)+lt(t,prev_selected_t)"
        first = f"{timeless}+gt(floor(t*{rate}),floor(prev_selected_t*{rate}))"
        return "showinfo=checksum=0", f"select='{first}'", "showinfo=checksum=0"


def _why(relay: Relay, decoder: Decoder, newest: Newest) -> Exception:
    """The reason that lies deepest: the connection's, else what could not be read, else the decoder's own words."""
    if relay.error is not None:
        return relay.error
    if newest.error is not None:
        return newest.error
    return Unavailable(relay.plain(decoder.reason) or "the camera has ended the stream")
