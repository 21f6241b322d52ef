"""Who one is, told to a camera over HTTP or RTSP: basic (RFC 7617) and digest (RFC 7616, and RFC 2069 before it).

Digest is preferred where a camera offers both: the password does not travel. MD5 is what cameras speak; it protects
nothing here but the password in passing, and where that matters, TLS does.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from canairy.secrets import Credentials

# A name begins where no other one is under way: else a header of 64 kB of letters takes seconds.
_PARAMETER: Final = re.compile(r'(?<![\w-])([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256"}
_STRENGTHS: Final = {"MD5": 2, "SHA-256": 3}
_SESSION: Final = "-SESS"
_SCHEME: Final = re.compile(r"(?:^|,)\s*(basic|digest)(?=\s|$|,)", re.IGNORECASE)


@dataclass(slots=True)
class Challenge:
    """What a camera asked for; `answer` may be given many times, until the camera says that it is `stale`."""

    scheme: str
    told: dict[str, str]
    count: int = field(default=0)

    @property
    def stale(self) -> bool:
        """The answer was right and too old: answer this one."""
        return self.told.get("stale", "").lower() == "true"

    def answer(self, credentials: Credentials, method: str, target: str) -> str:
        """The value of the header Authorization for one request."""
        if self.scheme == "basic":
            return "Basic " + b64encode(f"{credentials.user}:{credentials.password}".encode()).decode()
        return self._digest(credentials, method, target)

    def _digest(self, credentials: Credentials, method: str, target: str) -> str:
        realm, nonce = self.told.get("realm", ""), self.told.get("nonce", "")
        once = token_hex(8)
        user = self._hash(f"{credentials.user}:{realm}:{credentials.password}")
        if self._algorithm.endswith(_SESSION):
            user = self._hash(f"{user}:{nonce}:{once}")
        what = self._hash(f"{method}:{target}")
        parts = {"username": credentials.user, "realm": realm, "nonce": nonce, "uri": target}
        told = [f'{key}="{_quoted(value)}"' for key, value in parts.items()]
        if self._protects:
            self.count += 1
            counted = f"{self.count:08x}"
            response = self._hash(f"{user}:{nonce}:{counted}:{once}:auth:{what}")
            told += ["qop=auth", f"nc={counted}", f'cnonce="{once}"']
        else:
            response = self._hash(f"{user}:{nonce}:{what}")
        told.append(f'response="{response}"')
        told += [f'opaque="{_quoted(self.told["opaque"])}"'] if "opaque" in self.told else []
        told += [f"algorithm={self.told['algorithm']}"] if "algorithm" in self.told else []
        return "Digest " + ", ".join(told)

    @property
    def strength(self) -> int:
        """The higher the better; 0 when it cannot be answered."""
        if self.scheme == "basic":
            return 1
        return _STRENGTHS.get(self._algorithm.removesuffix(_SESSION), 0)

    @property
    def _algorithm(self) -> str:
        return self.told.get("algorithm", "MD5").upper()

    @property
    def _protects(self) -> bool:
        return "auth" in [part.strip().lower() for part in self.told.get("qop", "").split(",")]

    def _hash(self, text: str) -> str:
        name = _HASHES[self._algorithm.removesuffix(_SESSION)]
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def challenge_of(headers: Iterable[str]) -> Challenge | None:
    """The best of what the headers WWW-Authenticate ask for; None when nothing of it can be answered."""
    offered = [challenge for header in headers for challenge in _challenges(header) if challenge.strength]
    return max(offered, key=lambda it: it.strength, default=None)


def _challenges(header: str) -> Iterator[Challenge]:
    """One header may hold several."""
    starts = list(_SCHEME.finditer(header))
    for index, start in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(header)
        yield Challenge(start[1].lower(), _parameters(header[start.end() : end]))


def _parameters(text: str) -> dict[str, str]:
    found = _PARAMETER.finditer(text)
    return {it[1].lower(): re.sub(r"\\(.)", r"\1", it[2]) if it[2] is not None else it[3] for it in found}


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
