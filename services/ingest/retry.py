"""A camera on the network is tried again for ever: soon after a failure, rarely where it refuses the credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from canairy.errors import Unavailable
from services.ingest.source import Event, Failed


class Refused(Unavailable):
    """The camera refuses who we are. Cameras lock users out who try too often: the next try is long after."""


@dataclass(slots=True)
class Pause:
    """Twice as long each time, from `first_s` to `longest_s`."""

    first_s: float
    longest_s: float
    _next_s: float | None = None

    def reset(self) -> None:
        """It goes well again."""
        self._next_s = None

    def next(self) -> float:
        """How long to wait now, seconds."""
        now_s = self._next_s or self.first_s
        self._next_s = min(2 * now_s, self.longest_s)
        return now_s


# Cameras lock a user out after five to seven failures within minutes.
REFUSED_FIRST_S: Final = 30.0
REFUSED_LONGEST_S: Final = 300.0


def persistently(
    camera: str, attempt: Callable[[], Iterator[Event]], wait: Callable[[float], bool], pause: Pause
) -> Iterator[Event]:
    """What attempt after attempt says, until `wait` answers that the service stops; an attempt that returns is over."""
    refused = Pause(REFUSED_FIRST_S, REFUSED_LONGEST_S)
    while True:
        try:
            for event in attempt():
                pause.reset()
                refused.reset()
                yield event
        except Refused as error:
            failure, pause_s = error, refused.next()
            reason = f"{failure}. The next try is in {pause_s:.0f} s"
        except Exception as error:  # noqa: BLE001 - whatever a camera makes of its connection harms no other camera
            reason, pause_s = str(error) or type(error).__name__, pause.next()
        else:
            return
        yield Failed(camera, reason)
        if wait(pause_s):
            return
