"""Free loopback ports for servers of the local stack."""

from __future__ import annotations

import random
import socket
from typing import Final

from canairy.errors import ConfigurationError

# Below the range from which Linux takes the ports of outgoing connections (32768 and up), so that no client can
# grab a port between our look at it and the server's own bind.
FIRST: Final = 20_000
LAST: Final = 32_000
TRIES: Final = 200

# Handed out by this process; the servers that were promised them may not have bound them yet.
_promised: set[int] = set()


def free_port() -> int:
    """A loopback TCP port that nobody listens on; raises ConfigurationError when none is found."""
    for _ in range(TRIES):
        port = random.randint(FIRST, LAST)  # noqa: S311 - not a secret
        if port not in _promised and is_free(port):
            _promised.add(port)
            return port
    raise ConfigurationError(f"no free TCP port found between {FIRST} and {LAST} on 127.0.0.1")


def is_free(port: int) -> bool:
    """Whether a server could bind this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
