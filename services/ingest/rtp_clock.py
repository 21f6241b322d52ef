"""When was a frame captured? By the camera's own word: RTCP sender reports tie its RTP times to its clock (RFC 3550).

A sender report (6.4.1) says: RTP time T was at NTP time N. A frame of `pts_s` in the decoder's counting has the RTP
time first + pts_s * clock rate; ffmpeg's demuxer counts from the first packet or report that it sees (rtpdec.c).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Seconds from 1900, where NTP begins, to 1970.
NTP_EPOCH: Final = datetime(1900, 1, 1, tzinfo=UTC)
_SENDER_REPORT: Final = 200
_REPORT: Final = struct.Struct(">BBHIIII")
_RTP: Final = struct.Struct(">BBHI")
_VERSION: Final = 2
_TURN: Final = 1 << 32
# A camera without a clock sends seconds since its own start; nobody's frames are older than this.
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Report:
    rtp: int
    at: datetime


class RtpClock:
    """Fed with a video stream's packets by one thread, asked by another."""

    def __init__(self) -> None:
        self.rate_hz = 90_000
        self._first: int | None = None
        self._report: _Report | None = None

    def rtp(self, packet: bytes) -> None:
        """A packet of pictures came."""
        if self._first is None and len(packet) >= _RTP.size and packet[0] >> 6 == _VERSION:
            self._first = _RTP.unpack_from(packet)[3]

    def rtcp(self, packet: bytes) -> None:
        """A control packet came; its first part is the sender's report, if it is one."""
        if len(packet) < _REPORT.size:
            return
        flags, kind, _, _, seconds, fraction, rtp = _REPORT.unpack_from(packet)
        if flags >> 6 != _VERSION or kind != _SENDER_REPORT or not seconds:
            return
        self._first = rtp if self._first is None else self._first
        self._report = _Report(rtp, NTP_EPOCH + timedelta(seconds=seconds + fraction / _TURN))

    def time_of(self, pts_s: float | None) -> datetime | None:
        """The camera's time (UTC) of a frame; None while it has not told any, or where it has no clock."""
        report, first = self._report, self._first
        if pts_s is None or report is None or first is None or report.at < _EARLIEST:
            return None
        ticks = first + round(pts_s * self.rate_hz) - report.rtp
        # RTP times go round every thirteen hours; a report is never so old.
        ticks = (ticks + _TURN // 2) % _TURN - _TURN // 2
        return report.at + timedelta(seconds=ticks / self.rate_hz)
