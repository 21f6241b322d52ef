"""Everything that was written on a running stack's topics, as a reader of committed messages sees it."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any

from canairy.errors import BrokerUnavailable
from canairy.settings import KafkaSettings
from canairy.stream.broker import Received
from canairy.stream.kafka import KafkaReader
from canairy.topics import ALERTS, DETECTIONS, FRAMES

Event = dict[str, Any]
BULKY = frozenset({FRAMES, DETECTIONS})


class TopicLog:
    """Follows topics from their start in a thread of its own.

    The pixels of cameras in `without_pixels` are not kept: their frames and detections have `value` None here.
    """

    def __init__(self, bootstrap: str, topics: Sequence[str], without_pixels: Collection[str] = ()) -> None:
        self._reader = KafkaReader(KafkaSettings(kafka_bootstrap=bootstrap), topics)
        self._without_pixels = without_pixels
        self._lock = threading.Lock()
        self._records: defaultdict[str, list[Received]] = defaultdict(list)
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, name="topic-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._stopping.set()
        self._thread.join(30)

    def records(self, topic: str, key: str | None = None) -> list[Received]:
        """What has been read of `topic`, in order within a partition; of one key only when it is given."""
        if self._failure is not None:
            raise AssertionError("the log of the topics cannot be read on") from self._failure
        with self._lock:
            return [record for record in self._records[topic] if key is None or record.key == key]

    def events(self, asset: str, condition: str | None = None) -> list[Event]:
        """The CloudEvents about an asset (a find, camera, view or site), in order."""
        found: list[Event] = [json.loads(record.value or b"{}") for record in self.records(ALERTS, asset)]
        return [event for event in found if condition is None or event["data"].get("condition") == condition]

    def _guarded(self) -> None:
        try:
            while not self._stopping.is_set():
                self._read()
        except BaseException as error:  # noqa: BLE001 - told by `records`
            self._failure = error
        finally:
            self._reader.close()

    def _read(self) -> None:
        try:
            found = self._reader.poll(0.2, 500)
        except BrokerUnavailable:  # a test sent it away
            self._stopping.wait(0.2)
            return
        with self._lock:
            for record in found:
                self._records[record.topic].append(self._kept(record))

    def _kept(self, record: Received) -> Received:
        bulky = record.topic in BULKY and record.key in self._without_pixels
        return dataclasses.replace(record, value=None) if bulky else record


def kinds(events: Sequence[Event]) -> list[str]:
    """What happened, in order: `high raised`, `high returned`..."""
    return [f"{event['data']['condition']} {event['type'].split('.')[-2]}" for event in events]


def having(records: Sequence[Received], wanted: Callable[[Received], bool]) -> list[Received]:
    """Those that are wanted."""
    return [record for record in records if wanted(record)]
