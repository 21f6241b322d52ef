"""The operator: acknowledges what waits for it through AlarmService, and asks again until it is accepted."""

from __future__ import annotations

import grpc

from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1.alarm_service_pb2_grpc import AlarmServiceStub
from tests.chaos.watch import Watch
from tests.chaos.workers import Worker

USER = "night shift"


class NightShift(Worker):
    """Asks the replicas in turn. The idempotency key follows from the alarm, so that asking again changes nothing."""

    every_s = 0.2

    def __init__(self, watch: Watch, addresses: list[str]) -> None:
        super().__init__("night-shift")
        self._watch = watch
        self._addresses = addresses
        self._asked = 0
        self._accepted: set[str] = set()

    def waiting(self) -> list[str]:
        """What has not been accepted yet."""
        return [alarm for alarm in self._watch.to_acknowledge() if alarm not in self._accepted]

    def turn(self) -> None:
        """Ask one replica for all that waits."""
        waiting = self.waiting()
        if not waiting:
            return
        self._asked += 1
        address = self._addresses[self._asked % len(self._addresses)]
        with grpc.insecure_channel(address) as channel:
            for alarm in waiting:
                call = pb.AcknowledgeRequest(id=alarm, user=USER, idempotency_key=f"ack-{alarm}")
                answer = AlarmServiceStub(channel).Acknowledge(call, timeout=4)
                if answer.outcome == pb.OUTCOME_ACCEPTED:
                    self._accepted.add(alarm)

    def close(self) -> None:
        """As `Worker.close`: each turn has a connection of its own."""
