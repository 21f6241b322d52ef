"""One picture over HTTP: credentials, redirects, TLS, and limits to how much and how long."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Final

from canairy.errors import Unavailable
from canairy.secrets import Credentials
from canairy.thermal.formats import MAX_FILE_BYTES
from services.ingest.digest import Challenge, challenge_of
from services.ingest.http_address import HttpAddress
from services.ingest.http_bounded import BoundedConnection, Deadline
from services.ingest.retry import Refused

_OK: Final = 200
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# A redirect or two and an answer to a challenge; more is a circle.
_REQUESTS: Final = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """For all of one picture, redirects and challenges included."""

    seconds: float = 10.0
    content_bytes: int = MAX_FILE_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """What a camera answered: the header Content-Type, and the bytes."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: http.client.HTTPMessage
    content: bytes


LIMITS: Final = Limits()


class Fetcher:
    """Asks one camera again and again; remembers what it asked for, so that credentials go with the first request."""

    def __init__(
        self, address: HttpAddress, credentials: Credentials | None, tls: ssl.SSLContext | None, limits: Limits = LIMITS
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._tls = tls
        self._limits = limits
        self._challenge: Challenge | None = None

    def get(self) -> Answer:
        """The picture now.

        Raises:
            Refused: it refuses the credentials, or wants some and there are none.
            Unavailable: no answer, or none of a picture, in time; the text says what came instead.
        """
        deadline = Deadline(self._limits.seconds)
        try:
            return self._get(deadline)
        except TimeoutError:
            raise Unavailable(f"{self._base}: no whole answer within {self._limits.seconds:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(f"{self._base}: its certificate is not trusted: {error.verify_message}") from error
        except OSError as error:
            raise Unavailable(f"{self._base}: {error.strerror or error}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"{self._base}: no HTTP: {type(error).__name__} {error}"[:200]) from error

    @property
    def _base(self) -> str:
        return self._address.base

    def _get(self, deadline: Deadline) -> Answer:
        address, told = self._address, False
        for _ in range(_REQUESTS):
            reply = self._ask(address, deadline)
            if reply.status in _REDIRECTS:
                address = address.redirected(reply.headers.get("Location", ""))
            elif reply.status == _UNAUTHORIZED:
                self._challenge = self._challenged(reply, told=told)
                told = True
            else:
                return self._checked(reply)
        raise Unavailable(f"{self._base}: it sends us round in a circle")

    def _ask(self, address: HttpAddress, deadline: Deadline) -> _Reply:
        connection = BoundedConnection(address, deadline, self._tls)
        try:
            connection.request("GET", address.target, headers={"Connection": "close", **self._who(address)})
            response = connection.getresponse()
            return _Reply(response.status, response.headers, self._content(response))
        finally:
            connection.shut()

    def _who(self, address: HttpAddress) -> dict[str, str]:
        if self._challenge is None or self._credentials is None:
            return {}
        return {"Authorization": self._challenge.answer(self._credentials, "GET", address.target)}

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        most = self._limits.content_bytes
        content = b"" if (response.length or 0) > most else response.read(most + 1)
        if len(content) > most or (response.length or 0) > most:
            raise Unavailable(f"{self._base}: an answer of more than {most} bytes, no picture has that many")
        if response.length:
            raise Unavailable(f"{self._base}: its answer broke off, {response.length} bytes are missing")
        return content

    def _challenged(self, reply: _Reply, *, told: bool) -> Challenge:
        challenge = challenge_of(reply.headers.get_all("WWW-Authenticate", []))
        if self._credentials is None:
            raise Refused("it asks for a user and password: keep them as a secret, and name it by `credentials`")
        if challenge is None:
            raise Refused("it asks for credentials in a way that is not known here: basic and digest are")
        # An answer to an old challenge is forgiven once; then who we are has been told and refused.
        if told and not challenge.stale:
            raise Refused(f"it refuses the credentials of {self._credentials.user!r}")
        return challenge

    def _checked(self, reply: _Reply) -> Answer:
        if reply.status == _FORBIDDEN:
            raise Refused("it forbids us the picture (403): may this user see it?")
        if reply.status != _OK:
            known = http.client.responses.get(reply.status, "")
            raise Unavailable(f"{self._base}: it answers {reply.status} {known}".rstrip())
        return Answer(reply.headers.get("Content-Type", ""), reply.content)
