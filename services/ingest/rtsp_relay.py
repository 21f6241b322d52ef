"""Stands between a camera and the decoder, on loopback: the decoder never sees the credentials, we see the packets.

The decoder is told rtsp://127.0.0.1:PORT/PATH. What it asks goes on to the camera with the camera's own address and,
when that asks for them, the credentials; what comes back is passed on with the address put back. Pictures come on the
same connection (RTP over TCP, RFC 2326 10.12), so that RTCP's clock and a camera that has fallen silent are seen here.
A command line and an environment can be read in /proc by others; memory of this process cannot.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Final, Self

from canairy.errors import CanairyError, Unavailable
from canairy.secrets import Credentials
from services.ingest.digest import Challenge, challenge_of
from services.ingest.retry import Refused
from services.ingest.rtp_clock import RtpClock
from services.ingest.rtsp_address import RtspAddress
from services.ingest.rtsp_message import Message, Packet, Splitter

CONNECT_S: Final = 3.0
# The decoder is on this machine; a camera that does not take a request in this time is not there.
_PASSED_ON_WITHIN_S: Final = 5.0
_CHUNK_BYTES: Final = 64 * 1024
_UNAUTHORIZED: Final = 401
_TRIES: Final = 3
_ADDRESS: Final = re.compile(rb"rtsp://[^/\s;,\"]+")
_INTERLEAVED: Final = re.compile(r"interleaved=(\d+)-(\d+)")
_RATE: Final = re.compile(rb"^m=video .*?^a=rtpmap:\d+ [^/\s]+/(\d+)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Asked:
    request: Message
    sequence: str
    tries: int = 1


class Relay:
    """One connection; `with` starts and ends it. `heard_s` is when the camera last sent anything (monotonic)."""

    def __init__(self, camera: str, address: RtspAddress, credentials: Credentials | None) -> None:
        self.clock = RtpClock()
        self.heard_s = time.monotonic()
        self.error: CanairyError | None = None
        self._address = address
        self._credentials = credentials
        self._challenge: Challenge | None = None
        self._asked: deque[_Asked] = deque()
        self._sequence = 0
        self._channels: tuple[int, int] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._listener.settimeout(_PASSED_ON_WITHIN_S)
        self._base = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        self._closed = False
        self._name = f"{camera}-relay"

    def __enter__(self) -> Self:
        """Raises Unavailable where nobody takes the connection: no decoder need be started for that."""
        try:
            camera = socket.create_connection((self._address.host, self._address.port), CONNECT_S)
        except OSError as error:
            self._listener.close()
            raise self._unavailable(error) from error
        self.heard_s = time.monotonic()
        self._ends.append(camera)
        self._thread = threading.Thread(target=self._run, args=(camera,), name=self._name, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        for end in (self._listener, *self._ends):
            _shut(end)
        self._thread.join()

    @property
    def url(self) -> str:
        """What the decoder is told."""
        return self._base + self._address.rest

    def plain(self, text: str) -> str:
        """What the decoder says, with the camera's address instead of the one that it was told."""
        return text.replace(self._base, self._address.base)

    def _run(self, camera: socket.socket) -> None:
        try:
            self._relay(camera)
        except CanairyError as error:
            self.error = error
        except OSError as error:
            if not self._closed:
                self.error = self._unavailable(error)
        finally:
            for end in (self._listener, *self._ends):
                end.close()

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(f"{self._address.base}: {error.strerror or error}")

    def _relay(self, camera: socket.socket) -> None:
        decoder = self._joined(self._listener.accept()[0])
        # One decoder is let in, and nobody after it.
        self._listener.close()
        for end in (decoder, camera):
            end.settimeout(_PASSED_ON_WITHIN_S)
        with selectors.DefaultSelector() as selector:
            selector.register(decoder, selectors.EVENT_READ, (decoder, camera, Splitter(), self._to_camera))
            selector.register(camera, selectors.EVENT_READ, (camera, decoder, Splitter(), self._to_decoder))
            while True:
                for key, _ in selector.select():
                    one, other, splitter, pass_on = key.data
                    if not (data := one.recv(_CHUNK_BYTES)):
                        return
                    out = b"".join(pass_on(item, camera) for item in splitter.feed(data))
                    other.sendall(out)

    def _joined(self, end: socket.socket) -> socket.socket:
        self._ends.append(end)
        if self._closed:
            raise OSError("closed")
        return end

    # --- to the camera ----------------------------------------------------------------------------------------

    def _to_camera(self, item: Message | Packet, _: socket.socket) -> bytes:
        if isinstance(item, Packet):
            return item.raw
        method, target, version = item.words
        first = f"{method} {target.replace(self._base, self._address.base, 1)} {version}"
        sequence = (item.all("CSeq") or ["0"])[-1]
        return self._ask(_Asked(replace(item, first=first), sequence))

    def _ask(self, asked: _Asked) -> bytes:
        self._asked.append(asked)
        self._sequence += 1
        request = asked.request.with_header("CSeq", str(self._sequence))
        if self._challenge is not None and self._credentials is not None:
            method, target, _ = request.words
            answer = self._challenge.answer(self._credentials, method, target)
            request = request.with_header("Authorization", answer)
        return request.encode()

    # --- to the decoder ---------------------------------------------------------------------------------------

    def _to_decoder(self, item: Message | Packet, camera: socket.socket) -> bytes:
        self.heard_s = time.monotonic()
        if isinstance(item, Packet):
            self._look_at(item)
            return item.raw
        if item.status is None or not self._asked:
            return b""
        asked = self._asked.popleft()
        if item.status == _UNAUTHORIZED:
            self._challenge = self._challenged(item, asked)
            camera.sendall(self._ask(replace(asked, tries=asked.tries + 1)))
            return b""
        return self._answered(item, asked).encode()

    def _look_at(self, packet: Packet) -> None:
        if self._channels is None:
            return
        pictures, control = self._channels
        if packet.channel == pictures:
            self.clock.rtp(packet.content)
        elif packet.channel == control:
            self.clock.rtcp(packet.content)

    def _challenged(self, answer: Message, asked: _Asked) -> Challenge:
        challenge = challenge_of(answer.all("WWW-Authenticate"))
        if self._credentials is None:
            raise Refused("it asks for a user and password: keep them as a secret, and name it by `credentials`")
        if challenge is None:
            raise Refused("it asks for credentials in a way that is not known here: basic and digest are")
        # The first try told nothing, or answered an old challenge; every other one told who we are.
        if (asked.tries > 1 and not challenge.stale) or asked.tries >= _TRIES:
            raise Refused(f"it refuses the credentials of {self._credentials.user!r}")
        return challenge

    def _answered(self, answer: Message, asked: _Asked) -> Message:
        if answer.status is not None and 300 <= answer.status < 400:
            raise Unavailable("it sends us to another address, and that is not followed: write that one into the site")
        self._learn(answer, asked)
        # RTP-Info would tell the decoder another beginning of times than that of the packets, which the clock counts.
        told = answer.with_header("CSeq", asked.sequence).with_header("RTP-Info", None)
        headers = tuple((name, self._put_back(value.encode()).decode()) for name, value in told.headers)
        return replace(told, headers=headers, body=self._put_back(told.body))

    def _learn(self, answer: Message, asked: _Asked) -> None:
        method = asked.request.words[0]
        if method == "DESCRIBE" and (rate := _RATE.search(answer.body)) and int(rate[1]):
            self.clock.rate_hz = int(rate[1])
        if method == "SETUP" and self._channels is None:
            found = _INTERLEAVED.search(" ".join(answer.all("Transport")))
            self._channels = None if found is None else (int(found[1]), int(found[2]))

    def _put_back(self, text: bytes) -> bytes:
        # Cameras behind a router name themselves by an address that only they know.
        return _ADDRESS.sub(self._base.encode(), text)


def _shut(end: socket.socket) -> None:
    """Whoever waits for it waits no longer."""
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already, or was never connected
        return
