"""The alarms as AlarmService shows them."""

from __future__ import annotations

import grpc

from canairy.messages.alarm import Alarm
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.stack import RunningStack


def shown(stack: RunningStack, alarm: str, version: int) -> Alarm | None:
    """The alarm at this version or a later one, None while the service does not show it."""
    try:
        found = Alarm.from_wire(stack.alarms().Get(pb.GetRequest(id=alarm), timeout=30).alarm)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
    return found if found.version >= version else None
