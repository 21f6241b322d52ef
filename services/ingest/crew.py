"""The threads of a service: all end on one word, and a defect in one ends the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from canairy.errors import ConfigurationError
from canairy.log import get_logger

log = get_logger()


class Crew:
    """Starts threads; `stop` is the word that they end on, `failure` what one of them died of."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.failure: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def start(self, name: str, work: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401 - passed on
        """Run `work` in a thread until it returns."""
        # In a copy of this thread's context, so that its log lines name the service too.
        inherited = copy_context()
        thread = threading.Thread(target=inherited.run, name=name, args=(self._guarded, work, arguments), daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self, seconds: float) -> bool:
        """Pause; True when the threads should end."""
        return self.stop.wait(seconds)

    def join(self, timeout_s: float) -> None:
        """Wait until all have ended, or `timeout_s` have passed."""
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _guarded(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        try:
            work(*arguments)
        except ConfigurationError as error:
            # Said in words by whoever waits for the crew: a human must mend it, and needs no traceback.
            self._end(error)
        except BaseException as error:
            log.exception("thread died", thread=threading.current_thread().name)
            self._end(error)

    def _end(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self.stop.set()
