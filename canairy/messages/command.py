"""alarms.commands: what users, and a changed site file, tell the judge to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages import wire
from protos.canairy.v1 import alarms_pb2 as pb

# In place of an alarm, in a command about the site file; the judge's memory of it is the point of the same name.
SITE_POINT: Final = "_site"


class Action(Enum):
    """What a command asks for."""

    ACKNOWLEDGE = pb.ACTION_ACKNOWLEDGE
    RELOAD_SITE = pb.ACTION_RELOAD_SITE


@dataclass(frozen=True, slots=True)
class Command:
    """`id` is the idempotency key; `expected_version` the version of the alarm its user saw, 0 for any.

    `site_file`: the bytes of the file that is to hold from now on; its command is about no alarm (SITE_POINT).
    """

    id: str
    action: Action
    alarm: str
    user: str
    issued_at: datetime
    expected_version: int = 0
    comment: str = ""
    site_file: bytes = b""

    def encode(self) -> bytes:
        """Serialized canairy.v1.Command."""
        return pb.Command(
            id=self.id,
            action=self.action.value,
            alarm=self.alarm,
            user=self.user,
            expected_version=self.expected_version,
            issued_at=wire.timestamp(self.issued_at),
            comment=self.comment,
            site_file=self.site_file,
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Command:
        """Raises InvalidMessage when a command has no key, alarm or user, or asks for an unknown action."""
        message = wire.parse(pb.Command, value)
        if message.action not in Action._value2member_map_:
            raise InvalidMessage(f"command {message.id or '?'}: unknown action {message.action}")
        return cls(
            id=wire.required(message.id, "id"),
            action=Action(message.action),
            alarm=wire.required(message.alarm, "alarm"),
            user=wire.required(message.user, "user"),
            issued_at=wire.moment(message.issued_at, "issued_at"),
            expected_version=message.expected_version,
            comment=message.comment,
            site_file=message.site_file,
        )
