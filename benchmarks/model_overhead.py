"""What the stack costs beside the models, against bare transport of the same bytes: `overhead_with_models_ratio`.

As `overhead_ratio` of `benchmarks.path`, with the models asked: the CPU of all processes but those in which models run.
The server of Triton, which takes requests, keeps queues and makes batches, counts as overhead, and so do the clients.

Much of what a stack costs is by the second, not by the frame, and models leave few frames a second to share it. So the
ratio stands beside it at the rate that was sustained, from the run that sustained it (`benchmarks.pipeline`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.model_sites import ASSETS, model_site
from benchmarks.path import Run, rendering_cpu_s, run_bare, run_site, say
from benchmarks.pipeline import WARM_UP_S, a_frame

SECONDS: Final = 25.0
RENDERED: Final = 200


def measure(frames_per_s: float, repository: Path, sustained: Mapping[str, Any] | None) -> dict[str, Any]:
    """The figures; see benchmarks/README.md. `sustained` is what `pipeline.figures_of` told of the usual site."""
    rendering_ms = 1000 * rendering_cpu_s(RENDERED) / RENDERED
    run = Run(frames_per_s, SECONDS, assets=ASSETS)
    run_site(model_site(frames_per_s), run, WARM_UP_S, repository)
    say(run)
    half = figures_of(frames_per_s, a_frame(run), _bare_ms(frames_per_s), rendering_ms)
    told = {"compared_a_frame": ASSETS, "frames": run.frames, **half}
    if sustained:
        rate = sustained["frames_per_s"]
        told["at_sustained"] = figures_of(rate, sustained, _bare_ms(rate), rendering_ms)
    return {"overhead_with_models_ratio": half["ratio"], "overhead_with_models": told}


def figures_of(
    frames_per_s: float, stack: Mapping[str, Any], bare_ms: Mapping[str, float], rendering_ms: float
) -> dict[str, Any]:
    """From the CPU ms a frame of the stack's processes and of its models, of bare transport, and of rendering."""
    whole, models = (sum(stack[name].values()) for name in ("cpu_ms_a_frame", "models_cpu_ms_a_frame"))
    overhead_ms = whole - models - rendering_ms
    return {
        "ratio": round(overhead_ms / sum(bare_ms.values()), 3),
        "at_frames_per_s": frames_per_s,
        "cpu_ms_a_frame": stack["cpu_ms_a_frame"],
        "models_cpu_ms_a_frame": stack["models_cpu_ms_a_frame"],
        "rendering_cpu_ms_a_frame": round(rendering_ms, 2),
        "overhead_cpu_ms_a_frame": round(overhead_ms, 2),
        "bare_cpu_ms_a_frame": {name: round(ms, 2) for name, ms in bare_ms.items()},
    }


def _bare_ms(frames_per_s: float) -> dict[str, float]:
    used = run_bare(frames_per_s, SECONDS, WARM_UP_S)
    return {name: 1000 * seconds / (frames_per_s * SECONDS) for name, seconds in used.items()}
