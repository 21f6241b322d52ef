"""A TCP proxy on loopback that is a bad network: it delays, throttles and resets the connections that go through it."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

CHUNK_BYTES: Final = 64 * 1024
# So much may be under way in one direction; then whoever sends is held back.
CHUNKS: Final = 64
LOOK_EVERY_S: Final = 0.05
AT_ONCE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, whatever waits to be sent


@dataclass(frozen=True, slots=True)
class Faults:
    """What is done to every connection: each way `delay_s` later and at most `bytes_per_s`; `reset_after_s` on average.

    The defaults do nothing.
    """

    delay_s: float = 0.0
    bytes_per_s: float = math.inf
    reset_after_s: float = math.inf


class TcpProxy:
    """Listens on `port` and leads to `target_port`. Set `faults` at any time; the same seed gives the same dice."""

    def __init__(self, port: int, target_port: int, seed: int = 1) -> None:
        self.faults = Faults()
        self.resets = 0
        self._port = port
        self._target_port = target_port
        self._dice = random.Random(seed)
        self._connections: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tcp-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), f"the proxy does not listen on {self._port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._connect(near_in, near_out)
        finally:
            near_out.transport.abort()
            self._connections.discard(task)

    async def _connect(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", self._target_port)
        both = [
            asyncio.create_task(self._pump(near_in, far_out)),
            asyncio.create_task(self._pump(far_in, near_out)),
            asyncio.create_task(self._fate(near_out, far_out)),
        ]
        try:
            # One side that has ended ends the other: Kafka's clients never close only half of a connection.
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            far_out.transport.abort()

    async def _fate(self, *sides: asyncio.StreamWriter) -> None:
        """Returns when the dice say so, having marked both sides to be reset."""
        while self._dice.random() >= LOOK_EVERY_S / self.faults.reset_after_s:  # noqa: ASYNC110 - dice are no event
            await asyncio.sleep(LOOK_EVERY_S)
        for side in sides:
            side.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.resets += 1

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS)
        giving = asyncio.create_task(self._give(line, sink))
        try:
            while chunk := await source.read(CHUNK_BYTES):
                await line.put((self._loop.time() + self.faults.delay_s, chunk))
            await line.put((self._loop.time(), b""))
            await giving
        finally:
            giving.cancel()

    async def _give(self, line: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        while True:
            due, chunk = await line.get()
            if not chunk:
                return
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await asyncio.sleep(len(chunk) / self.faults.bytes_per_s)
            sink.write(chunk)
            await sink.drain()
