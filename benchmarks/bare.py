"""Bare transport: encode, produce, broker, consume, decode, of the same simulated frames with the same codec.

Two processes, as the least that a message-driven system needs: `python -m benchmarks.bare produce|consume`.
"""

from __future__ import annotations

import argparse
import sys
import time

from canairy.messages.thermogram import Thermogram
from canairy.settings import KafkaSettings
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.stream.broker import Outgoing
from canairy.stream.kafka import KafkaProducer, KafkaReader

TOPIC = "bench.bare"
PARTITIONS = 4
HEIGHT, WIDTH = 512, 640
# Rendered before the clock starts, so that the transport is all that is paid for.
RENDERED = 64


def produce(settings: KafkaSettings, frames_per_s: float, seconds: float) -> None:
    """Pack and send frames at a rate; one key a camera, as the real path has."""
    scene = Scene(camera_script("demo/cam-02", "bare"))
    rendered = [scene.render(number / 2) for number in range(RENDERED)]
    producer = KafkaProducer(settings)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun = time.monotonic()
    for number in range(int(frames_per_s * seconds)):
        time.sleep(max(0.0, begun + number / frames_per_s - time.monotonic()))
        packed = Thermogram.of(rendered[number % RENDERED], SCALE_K, OFFSET_K).packed
        producer.send([Outgoing(TOPIC, f"bench-{number % 8:02d}", packed)], timeout_s=10)
    _report(int(frames_per_s * seconds))


def consume(settings: KafkaSettings, frames: int) -> None:
    """Receive and unpack `frames` frames."""
    reader = KafkaReader(settings, [TOPIC], from_start=True)
    reader.poll(1.0, 1)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    seen = 0
    while seen < frames:
        for record in reader.poll(1.0, 64):
            Thermogram(WIDTH, HEIGHT, SCALE_K, OFFSET_K, record.value or b"").counts()
            seen += 1
    _report(seen)


def _report(frames: int) -> None:
    """Say that the work is done, and stay until the CPU has been read."""
    sys.stdout.write(f"done {frames}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def main() -> None:
    """Run one side."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=["produce", "consume"])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    settings = KafkaSettings(kafka_bootstrap=arguments.bootstrap)
    if arguments.side == "produce":
        produce(settings, arguments.rate, arguments.seconds)
    else:
        consume(settings, int(arguments.rate * arguments.seconds))


if __name__ == "__main__":
    main()
