"""One record on `audit` for each command: who wanted what, and what was decided. Made of messages alone: no clock."""

from __future__ import annotations

import json

from canairy.messages.command import Command
from canairy.messages.state import Decision
from canairy.stream.broker import Outgoing
from canairy.topics import AUDIT
from services.alerting.outcomes import ACCEPTED, REJECTED


def audit_record(site: str, command: Command, decision: Decision) -> Outgoing:
    """JSON, keyed by the alarm's asset, or by the alarm where no such alarm is known."""
    entry = {
        "command": command.id,
        "action": command.action.name.lower(),
        "site": site,
        "alarm": command.alarm,
        "asset": decision.asset,
        "user": command.user,
        "comment": command.comment,
        "expected_version": command.expected_version,
        "issued_at": command.issued_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "outcome": ACCEPTED if decision.accepted else REJECTED,
        "reason": decision.reason,
        "version": decision.version,
    }
    value = json.dumps(entry, ensure_ascii=False).encode()
    return Outgoing(AUDIT, decision.asset or command.alarm, value, {"content-type": b"application/json"})
