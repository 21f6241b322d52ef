"""What an RTSP source is put together from, without a camera: messages, credentials, clocks, pauses."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import ConfigurationError, InvalidMessage, Unavailable
from canairy.secrets import Credentials, Secrets
from canairy.site.model import Camera
from services.ingest import digest
from services.ingest.digest import challenge_of
from services.ingest.retry import Pause, Refused, persistently
from services.ingest.rtp_clock import NTP_EPOCH, RtpClock
from services.ingest.rtsp import RtspSource
from services.ingest.rtsp_address import RtspAddress
from services.ingest.rtsp_message import Message, Packet, Splitter
from services.ingest.source import Event, Failed, Finished
from tests.helpers.ingest import NOON, camera

MUFASA = Credentials("Mufasa", "Circle of Life")
NONCE_7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


# --- credentials ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_are_answered_as_it_does(
    algorithm: str, response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "token_hex", lambda _: CNONCE_7616)
    header = f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="{NONCE_7616}"'

    challenge = challenge_of([header])

    assert challenge is not None
    assert f'response="{response}"' in challenge.answer(MUFASA, "GET", "/dir/index.html")


def test_the_example_of_rfc_2617_with_the_answer_of_rfc_2069_where_no_quality_is_asked_for() -> None:
    # RFC 2069 2.4, as corrected by its erratum 749.
    challenge = challenge_of(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])

    assert challenge is not None
    answer = challenge.answer(Credentials("Mufasa", "CircleOfLife"), "GET", "/dir/index.html")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in answer
    assert "qop" not in answer


def test_digest_is_taken_where_basic_is_offered_too_and_each_answer_is_counted() -> None:
    headers = ['Basic realm="cam"', 'Digest realm="cam", nonce="n", qop="auth", stale=TRUE, algorithm=MD5']

    challenge = challenge_of(headers)

    assert challenge is not None
    assert challenge.stale
    assert "nc=00000001" in challenge.answer(MUFASA, "GET", "/")
    assert "nc=00000002" in challenge.answer(MUFASA, "GET", "/")


def test_both_in_one_header_are_two_and_what_is_not_known_is_none() -> None:
    both = challenge_of(['Basic realm="a, b", Digest realm="c", nonce="d"'])
    assert both is not None
    assert both.told == {"realm": "c", "nonce": "d"}
    assert challenge_of(["Negotiate", 'Digest realm="x", nonce="y", algorithm=SHA-512-256']) is None
    basic = challenge_of(['basic Realm="cam"'])
    assert basic is not None
    assert basic.answer(Credentials("Aladdin", "open sesame"), "GET", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@given(st.text(max_size=200))
def test_any_header_is_a_challenge_or_none(text: str) -> None:
    for start in ("", "Digest ", 'Digest realm="', "Basic, Digest "):
        challenge = challenge_of([start + text])
        if challenge is not None:
            assert challenge.answer(MUFASA, "GET", "/")


# --- messages ---------------------------------------------------------------------------------------------------

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nv=0\r\n"


@given(st.lists(st.integers(1, 30), max_size=20))
def test_messages_and_packets_come_out_whole_however_they_are_cut(cuts: list[int]) -> None:
    data = ANSWER + b"$\x00\x00\x03abc" + b"$\x01\x00\x00" + b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n" + ANSWER
    splitter = Splitter()
    items: list[Message | Packet] = []
    for cut in (*cuts, len(data)):
        items += splitter.feed(data[:cut])
        data = data[cut:]

    first, packet, empty, request, last = items
    assert isinstance(first, Message)
    assert (first.status, first.all("cseq"), first.body) == (200, ["2"], b"v=0\r\n")
    assert packet == Packet(0, b"$\x00\x00\x03abc")
    assert isinstance(packet, Packet)
    assert packet.content == b"abc"
    assert empty == Packet(1, b"$\x01\x00\x00")
    assert isinstance(request, Message)
    assert (request.status, request.words) == (None, ["OPTIONS", "rtsp://x/", "RTSP/1.0"])
    assert last == first


def test_a_message_is_written_with_the_length_of_its_body() -> None:
    (message,) = Splitter().feed(ANSWER)

    assert isinstance(message, Message)
    assert message.encode() == ANSWER
    assert message.with_header("CSeq", None).with_header("X", "1").encode().startswith(b"RTSP/1.0 200 OK\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00 a TLS hello",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"x" * 20_000,
    ],
)
def test_what_is_no_rtsp_or_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidMessage, match="no RTSP"):
        list(Splitter().feed(data))


@given(st.binary(max_size=400))
def test_any_bytes_are_items_more_to_come_or_refused(data: bytes) -> None:
    for start in (b"", b"$\x00\x00\x10", b"RTSP/1.0 200 OK\r\n"):
        try:
            items = list(Splitter().feed(start + data))
        except InvalidMessage:
            continue
        assert all(isinstance(item, Message | Packet) for item in items)


# --- the camera's clock -----------------------------------------------------------------------------------------


def report(at: datetime, rtp: int) -> bytes:
    since = at - NTP_EPOCH
    seconds = int(since.total_seconds())
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, 1, seconds, int(since.microseconds * 2**32 / 1e6), rtp, 0, 0)


def packet(rtp: int) -> bytes:
    return struct.pack(">BBHII", 0x80, 96, 1, rtp, 7) + b"picture"


def test_a_report_ties_the_times_of_frames_to_the_camera_s_clock() -> None:
    clock = RtpClock()
    clock.rtp(packet(1_000_000))
    clock.rtp(packet(1_009_000))
    assert clock.time_of(0.1) is None

    clock.rtcp(report(NOON, 1_090_000))

    told = clock.time_of(3.0)
    assert told is not None
    assert abs(told - (NOON + timedelta(seconds=2))) < timedelta(microseconds=2)
    assert clock.time_of(None) is None


def test_times_go_round_and_nobody_sees_it() -> None:
    clock = RtpClock()
    clock.rtp(packet(2**32 - 90_000))

    clock.rtcp(report(NOON, 90_000))

    told = clock.time_of(3.0)
    assert told is not None
    assert abs(told - (NOON + timedelta(seconds=1))) < timedelta(microseconds=2)


def test_a_report_before_the_first_packet_is_where_the_decoder_counts_from() -> None:
    clock = RtpClock()
    clock.rtcp(report(NOON, 500))
    clock.rtp(packet(9_500))

    told = clock.time_of(0.1)
    assert told is not None
    assert abs(told - (NOON + timedelta(seconds=0.1))) < timedelta(microseconds=2)


def test_a_camera_without_a_clock_tells_no_time() -> None:
    clock = RtpClock()
    clock.rtp(packet(0))
    clock.rtcp(report(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), 0))

    assert clock.time_of(0.0) is None


@given(st.binary(max_size=60))
def test_any_packets_leave_a_clock_that_answers(data: bytes) -> None:
    clock = RtpClock()
    clock.rtp(data)
    clock.rtcp(data)
    clock.rtcp(b"\x80\xc8" + data)
    clock.time_of(1.0)


# --- addresses and secrets --------------------------------------------------------------------------------------


def described(source: str, **more: str) -> Camera:
    return Camera.model_validate(camera("cam-05", source, **more))


def test_an_address_with_its_port_and_all_that_follows() -> None:
    plain = RtspAddress.of(described("rtsp://10.0.0.5/ch1"))
    assert (plain.host, plain.port, plain.base, plain.rest) == ("10.0.0.5", 554, "rtsp://10.0.0.5", "/ch1")
    full = RtspAddress.of(described("rtsp://[fe80::1]:8554/Streaming/Channels/101?x=1&y=@2"))
    assert (full.host, full.port) == ("fe80::1", 8554)
    assert full.base + full.rest == "rtsp://[fe80::1]:8554/Streaming/Channels/101?x=1&y=@2"
    assert RtspAddress.of(described("rtsp://cam")).rest == "/"


@pytest.mark.parametrize("source", ["rtsp:x", "rtsp://", "rtsp://cam:99999/x", "rtsp://cam/a b", "rtsp://:554/x"])
def test_what_is_no_address_is_told_with_the_camera(source: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cam-05: not an address: write rtsp://HOST/PATH"):
        RtspAddress.of(described(source))


@pytest.mark.parametrize(
    "source", ["rtsp://viewer:hunter2@cam/x", "rtsp://hunter2@cam:8554/x", "rtsp://a:hunter2@:99999"]
)
def test_a_password_in_an_address_is_a_mistake_and_is_not_repeated(source: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cam-05: its address holds a user or password") as told:
        RtspAddress.of(described(source))
    assert "hunter2" not in str(told.value)


def test_a_secret_that_is_not_there_is_told_before_anything_starts() -> None:
    with pytest.raises(ConfigurationError, match="names the secret 'yard'"):
        RtspSource(described("rtsp://cam/x", credentials="yard"), Secrets(None), lambda _: True)


# --- trying again -----------------------------------------------------------------------------------------------


def test_it_is_tried_for_ever_at_growing_pauses_that_a_frame_makes_short_again() -> None:
    waited: list[float] = []
    tries = iter(range(100))

    def attempt() -> Iterator[Event]:
        if next(tries) == 4:
            yield Finished("cam-05")
        raise Unavailable("away")

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return len(waited) == 7

    events = list(persistently("cam-05", attempt, wait, Pause(0.5, 1.5)))

    assert waited == [0.5, 1.0, 1.5, 1.5, 0.5, 1.0, 1.5]
    assert events.count(Failed("cam-05", "away")) == 7


def test_who_is_refused_waits_half_a_minute_and_then_longer_and_says_so() -> None:
    waited: list[float] = []

    def attempt() -> Iterator[Event]:
        raise Refused("it refuses the credentials of 'viewer'")

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return len(waited) == 6

    events = list(persistently("cam-05", attempt, wait, Pause(0.5, 1.5)))

    assert waited == [30, 60, 120, 240, 300, 300]
    assert events[1] == Failed("cam-05", "it refuses the credentials of 'viewer'. The next try is in 60 s")


def test_whatever_an_attempt_raises_harms_no_other_camera_and_a_good_end_is_one() -> None:
    ends = iter([ZeroDivisionError(), None])

    def attempt() -> Iterator[Event]:
        if (error := next(ends)) is not None:
            raise error
        yield Finished("cam-05")

    events = list(persistently("cam-05", attempt, lambda _: False, Pause(0.5, 1.5)))

    assert events == [Failed("cam-05", "ZeroDivisionError"), Finished("cam-05")]
