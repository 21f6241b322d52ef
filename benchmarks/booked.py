"""Which calls lead into which part of a service; started in each process of the stack by `benchmarks.hops`."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from benchmarks.ledger import Ledger

FOLDER_VARIABLE: Final = "CANAIRY_BENCH_PROFILE"
AFTER_VARIABLE: Final = "CANAIRY_BENCH_PROFILE_AFTER_S"
REST: Final = "loop and the rest"
CLIENT: Final = "Kafka client"
OWN: Final = "own work"

# Module, class (empty: a function of the module), names, part.
CALLS: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("canairy.codec", "", ("pack", "unpack"), "codec"),
    ("canairy.messages.frame", "Frame", ("encode", "decode"), "messages"),
    ("canairy.messages.detections", "Detections", ("encode", "decode"), "messages"),
    ("canairy.messages.reading", "Reading", ("encode", "decode"), "messages"),
    ("canairy.messages.state", "PointState", ("encode", "decode"), "messages"),
    ("canairy.messages.camera", "CameraStatus", ("encode", "decode"), "messages"),
    ("canairy.simulator.scene", "Scene", ("render",), "rendering (simulated)"),
    ("canairy.trace", "", ("inject_headers",), "traces"),
    ("opentelemetry.sdk.trace", "Tracer", ("start_span",), "traces"),
    ("opentelemetry.sdk.trace", "Span", ("end",), "traces"),
    ("canairy.stream.kafka.channel", "KafkaChannel", ("poll", "publish", "note"), CLIENT),
    ("canairy.stream.kafka.producer", "KafkaProducer", ("send",), CLIENT),
    ("canairy.stream.kafka.reader", "KafkaReader", ("poll", "at_end"), CLIENT),
    # The threads of the client itself.
    ("kafka.net.selector", "NetworkSelector", ("_poll_once",), CLIENT),
    ("kafka.producer.sender", "Sender", ("run_once",), CLIENT),
)
STEPS: Final[dict[str, tuple[tuple[str, str, tuple[str, ...], str], ...]]] = {
    "ingest": (("services.ingest.handler", "IngestHandler", ("handle", "pushed", "tick"), OWN),),
    "detection": (("services.detection.handler", "Detection", ("decode", "handle"), OWN),),
    "anomaly": (("services.anomaly.handler", "Anomaly", ("decode", "handle"), OWN),),
    "alerting": (
        ("services.alerting.handler", "Alerting", ("decode", "handle"), OWN),
        ("services.alerting.alarm_view", "AlarmView", ("_take",), "alarm view"),
    ),
}


def start() -> None:
    """Begin when this process is a service and is told to; its book is written when it ends."""
    folder, service = os.environ.get(FOLDER_VARIABLE), _service(sys.orig_argv)
    if folder is None or service is None:
        return
    ledger = Ledger()
    for module, owner, names, part in (*CALLS, *STEPS[service]):
        place = import_module(module)
        _book(ledger, getattr(place, owner) if owner else place, names, part)
    timer = threading.Timer(float(os.environ.get(AFTER_VARIABLE, "0")), ledger.begin)
    timer.daemon = True
    timer.start()
    atexit.register(lambda: (Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(ledger.result(REST))))


def _book(ledger: Ledger, place: Any, names: Iterable[str], part: str) -> None:  # noqa: ANN401 - class or module
    for name in names:
        found = vars(place)[name]
        if isinstance(found, classmethod):
            setattr(place, name, classmethod(ledger.timed(part, found.__func__)))
        else:
            setattr(place, name, ledger.timed(part, _whole(found) if name == "handle" else found))


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """A step may answer with a generator, which does its work only when it is read."""
    return lambda *args, **kwargs: list(function(*args, **kwargs))


def _service(command: list[str]) -> str | None:
    """The service that `python -m services.NAME` runs."""
    named = [word.removeprefix("services.") for word in command if word.startswith("services.")]
    return named[0] if named and named[0] in STEPS else None
