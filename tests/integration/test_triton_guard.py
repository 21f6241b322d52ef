"""What Triton 2.51 does not do itself: end when a model's process is dead; and shared memory over a restart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
from tritonclient.grpc import service_pb2 as pb

from benchmarks.triton_shared_memory import write_light_repository
from canairy.triton.client import TritonClient
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton
from tests.acceptance.helpers.waiting import until

PICTURES = np.arange(8 * 224 * 224, dtype=np.uint32).astype(np.uint16).reshape(8, 224, 224)
# What `light` adds up: the first row of each picture.
SUMS = PICTURES[:, :1].astype(np.float32).sum(axis=(1, 2))


def regions(client: TritonClient) -> list[str]:
    """The shared memory that Triton knows."""
    return list(client.ask("SystemSharedMemoryStatus", pb.SystemSharedMemoryStatusRequest()).regions)


def test_a_server_whose_model_died_ends_instead_of_saying_that_it_is_ready(tmp_path: Path) -> None:
    with Triton(ensure_triton(), write_light_repository(tmp_path / "models"), tmp_path) as server:
        below = psutil.Process(server.process.pid).children(recursive=True)
        model = next(process for process in below if process.name().startswith("triton_python_b"))

        model.kill()

        until(lambda: not server.process.running, "the end of the server")
        assert "the process of a model died" in server.process.last_lines()


def test_a_model_that_a_killed_server_left_waiting_is_ended(tmp_path: Path) -> None:
    server = Triton(ensure_triton(), write_light_repository(tmp_path / "models"), tmp_path)
    server.start()
    below = psutil.Process(server.process.pid).children(recursive=True)
    model = next(process for process in below if process.name().startswith("triton_python_b"))
    # Stopped, it cannot see that its server is gone, as one that waits for a lock of the server's cannot.
    model.suspend()

    next(process for process in below if process.name() == "tritonserver").kill()

    until(lambda: not server.process.running, "the end of the guard")
    until(lambda: not model.is_running() or model.status() == psutil.STATUS_ZOMBIE, "the end of the model's process")


def test_what_is_left_of_a_guard_that_was_killed_too_is_ended_at_the_next_start(tmp_path: Path) -> None:
    server = Triton(ensure_triton(), write_light_repository(tmp_path / "models"), tmp_path)
    server.start()
    below = psutil.Process(server.process.pid).children(recursive=True)
    model = next(process for process in below if process.name().startswith("triton_python_b"))
    model.suspend()
    psutil.Process(server.process.pid).kill()
    until(lambda: not server.process.running, "the end of the guard")

    with server:
        until(lambda: not model.is_running() or model.status() == psutil.STATUS_ZOMBIE, "the end of what was left")
        assert server.not_ready() == []


def test_large_inputs_go_by_shared_memory_and_give_the_same_also_after_a_restart(tmp_path: Path) -> None:
    server = Triton(ensure_triton(), write_light_repository(tmp_path / "models"), tmp_path)
    with server, TritonClient(server.address, 30) as client:
        answers = [client.infer("light", {"counts": PICTURES})["sum"]]
        known = regions(client)
        server.stop()
        server.start()
        answers += [client.infer("light", {"counts": PICTURES})["sum"] for _ in range(2)]

        assert len(known) == 1
        assert len(regions(client)) == 1
    for answer in answers:
        np.testing.assert_allclose(answer[:, 0], SUMS, rtol=1e-6)
