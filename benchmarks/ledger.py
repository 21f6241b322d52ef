"""Books the CPU of a process on the parts of its program, by the clock that the kernel keeps for each thread.

A sampler inside a Python process sees threads only where they let go of the interpreter's lock, which is in the wrong
place; so the calls that lead from one part to another are timed instead. Each costs a microsecond.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any


class Ledger:
    """CPU seconds by part; what a part calls of another part is booked on that one."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._books: list[defaultdict[str, float]] = []
        self._begun_s = time.process_time()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, whose CPU is booked on `part`."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function has them
            mine = self._of_thread()
            mine.turn()
            mine.parts.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                mine.turn()
                mine.parts.pop()

        return call

    def begin(self) -> None:
        """Forget what was booked so far."""
        with self._lock:
            for book in self._books:
                book.clear()
            self._begun_s = time.process_time()

    def result(self, rest: str) -> dict[str, float]:
        """CPU seconds by part since `begin`; `rest` is all that was used outside of the parts."""
        with self._lock:
            whole: defaultdict[str, float] = defaultdict(float)
            for book in self._books:
                for part, seconds in list(book.items()):
                    whole[part] += seconds
            used = time.process_time() - self._begun_s
        return dict(whole) | {rest: max(0.0, used - sum(whole.values()))}

    def _of_thread(self) -> _Thread:
        mine: _Thread | None = getattr(self._mine, "thread", None)
        if mine is None:
            mine = self._mine.thread = _Thread()
            with self._lock:
                self._books.append(mine.book)
        return mine


class _Thread:
    """The parts that one thread is in, outermost first, and since when it was not booked."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.book: defaultdict[str, float] = defaultdict(float)
        self._since_s = 0.0

    def turn(self) -> None:
        """Book what was used since the last turn on the part that the thread was in."""
        now = time.thread_time()
        if self.parts:
            self.book[self.parts[-1]] += now - self._since_s
        self._since_s = now
