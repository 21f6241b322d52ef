"""Inputs by shared memory, where client and Triton share a machine: the protocol's "System Shared Memory Extension".

Measured (docs/decisions/0008-triton-embedded.md): a frame takes about half of the CPU and time that it takes through
gRPC, a single crop nine tenths.

A place in shared memory (a slot) holds the inputs of one request until its answer is there. Its name is removed as
soon as Triton has it mapped, so nothing is left on the machine however this process ends; what Triton itself still
holds for a process that is gone is given back by the next one that comes. Whatever goes wrong here is no error: the
request goes by gRPC as any other.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from tritonclient.grpc import service_pb2 as pb

from canairy.errors import CanairyError
from canairy.triton.ports import Tensors

FOLDER: Final = Path("/dev/shm")  # noqa: S108 - where shm_open(3) keeps its names on Linux
PREFIX: Final = "canairy-client"
# Eight crops of 224x224 or a frame of 640x512, 16 bit, are under it, so that most slots fit most requests.
SMALLEST_BYTES: Final = 1024**2
SLOTS: Final = 16
# Below it, gRPC costs no more: a copy less does not pay for two messages of bookkeeping.
WORTH_BYTES: Final = 64 * 1024
TRY_AGAIN_AFTER_S: Final = 10.0
LOCAL: Final = ("127.", "localhost", "[::1]")

# Calls a method of the protocol: its name and its request.
Ask = Callable[[str, object], Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """Memory of ours that Triton knows by `name`."""

    name: str
    memory: mmap.mmap

    def put(self, request: pb.ModelInferRequest, inputs: Tensors) -> None:
        """Copy the inputs here, one after the other, and name the place of each in the request."""
        offset = 0
        for entry, array in zip(request.inputs, inputs.values(), strict=True):
            place = np.ndarray(array.shape, array.dtype, buffer=self.memory, offset=offset)
            np.copyto(place, array)
            entry.parameters["shared_memory_region"].string_param = self.name
            entry.parameters["shared_memory_offset"].int64_param = offset
            entry.parameters["shared_memory_byte_size"].int64_param = array.nbytes
            offset += _aligned(array.nbytes)


class Slots:
    """The slots of one client; `take` one, `give` it back when its request has been answered. Safe for threads."""

    def __init__(self, address: str, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._free: list[Slot] = []
        self._known: set[str] = set()
        self._making = 0
        self._not_before = 0.0 if address.startswith(LOCAL) and FOLDER.is_dir() else float("inf")
        self._cleared = False

    def take(self, inputs: Tensors) -> Slot | None:
        """A slot for these inputs, or None: they are small, no slot is free, or Triton is elsewhere."""
        needed = sum(_aligned(array.nbytes) for array in inputs.values())
        if needed < WORTH_BYTES:
            return None
        with self._lock:
            for index, slot in enumerate(self._free):
                if len(slot.memory) >= needed:
                    return self._free.pop(index)
            if len(self._known) + self._making >= SLOTS or self._clock() < self._not_before:
                return None
            self._making += 1
        try:
            return self._new(max(SMALLEST_BYTES, 1 << (needed - 1).bit_length()))
        finally:
            with self._lock:
                self._making -= 1

    def give(self, slot: Slot) -> None:
        """The request of this slot has its answer, or will never have one."""
        with self._lock:
            if slot.name in self._known:
                self._free.append(slot)

    def forget(self, slot: Slot) -> None:
        """Triton does not know this slot any more: it was started anew."""
        with self._lock:
            self._known.discard(slot.name)
            self._free = [free for free in self._free if free.name != slot.name]

    def close(self) -> None:
        """Give back what Triton holds for us, as far as it answers."""
        with self._lock:
            names, self._known, self._free = self._known, set(), []
        with suppress(CanairyError):
            for name in names:
                self._unregister(name)

    def _new(self, size: int) -> Slot | None:
        """A slot that Triton knows, or None; not under the lock, since answers that come in meanwhile need it."""
        name = f"{PREFIX}-{os.getpid()}-{uuid.uuid4().hex}"
        try:
            if not self._cleared:
                self._clear_of_the_dead()
            memory = self._registered(name, size)
        except (CanairyError, OSError):
            self._not_before = self._clock() + TRY_AGAIN_AFTER_S
            return None
        with self._lock:
            self._known.add(name)
        return Slot(name, memory)

    def _registered(self, name: str, size: int) -> mmap.mmap:
        path = FOLDER / name
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            os.ftruncate(handle, size)
            memory = mmap.mmap(handle, size)
            question = pb.SystemSharedMemoryRegisterRequest(name=name, key=f"/{name}", byte_size=size)
            self._ask("SystemSharedMemoryRegister", question)
        finally:
            os.close(handle)
            path.unlink()
        return memory

    def _clear_of_the_dead(self) -> None:
        """Unregister the slots of clients that ended without a word."""
        regions = self._ask("SystemSharedMemoryStatus", pb.SystemSharedMemoryStatusRequest()).regions
        for name in regions:
            if name.startswith(PREFIX) and not Path(f"/proc/{_pid(name)}").exists():
                self._unregister(name)
        self._cleared = True

    def _unregister(self, name: str) -> None:
        self._ask("SystemSharedMemoryUnregister", pb.SystemSharedMemoryUnregisterRequest(name=name))


def _pid(name: str) -> str:
    return name.removeprefix(f"{PREFIX}-").partition("-")[0]


def _aligned(size: int) -> int:
    """Up to the next 64 bytes, a line of the processor's cache."""
    return -(-size // 64) * 64
