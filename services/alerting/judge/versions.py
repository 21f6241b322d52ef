"""Which site file's thresholds hold for a reading: those in force when it was *captured*, not when it was judged.

So the moment of a change does not depend on how messages were cut into batches, nor on which topic was read first: the
command that changes them holds for what is captured 5 s after it was issued (the bound on lateness) or later, and no
reading of then is judged before the command is there. Where that fails (a judge that is more than 5 s behind with
commands and not with readings), the readings in between are judged by the thresholds before.

All versions have the same cameras, views, assets and groups: `canairy.site.changes` sees to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from canairy.errors import ConfigurationError
from canairy.messages.command import SITE_POINT, Command
from canairy.messages.state import Decision, SiteFile
from canairy.messages.wire import EPOCH
from canairy.site.changes import needs_restart, refusal
from canairy.site.load import site_of
from canairy.site.model import Site
from services.alerting.judge.arrival import LATENESS
from services.alerting.judge.memory import Memory
from services.alerting.judge.rules import SiteRules

# Late readings are judged by older ones.
KEPT: Final = 4
ALREADY: Final = "in force already"


@dataclass(frozen=True, slots=True)
class Version:
    """A site file that holds for what was captured from `since` on."""

    since: datetime
    site: Site
    rules: SiteRules
    content: bytes = b""

    @classmethod
    def of(cls, since: datetime, site: Site, content: bytes = b"") -> Version:
        """Index a site."""
        return cls(since, site, SiteRules.of(site), content)


@dataclass(slots=True)
class Versions:
    """The site file that this process was started with, and those that followed."""

    started_with: Version
    memory: Memory
    # A file that was put in force later than this is newer than the one this process read.
    started_at: datetime | None = None
    _all: list[Version] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._all = [self.started_with]

    @property
    def newest(self) -> Version:
        """What holds from some time on."""
        return self._all[-1]

    @property
    def changed(self) -> bool:
        """Whether there was ever more than one."""
        return len(self._all) > 1

    def at(self, captured_at: datetime) -> SiteRules:
        """The rules for what was captured then."""
        return next((it.rules for it in reversed(self._all) if it.since <= captured_at), self._all[0].rules)

    def conditions(self, asset: str) -> frozenset[str]:
        """What is judged of an asset in any of them."""
        return frozenset().union(*(it.rules.assets[asset].conditions for it in self._all))

    def begin(self) -> None:
        """Go on from what was written down, unless this process was started with a newer file."""
        told = self.memory.of(SITE_POINT).site_files if self.memory.get(SITE_POINT) is not None else []
        if told and (told[-1].digest == self.started_with.site.digest or self._later(told[-1])):
            self._all = self._read(told) or self._all
        elif told:
            self._write()

    def decide(self, command: Command) -> Decision:
        """Put a site file in force, or say why not."""
        try:
            site = site_of(command.site_file)
        except ConfigurationError as error:
            return _decision(command, f"site file changed, not applied: {error}")
        if site.digest == self.newest.site.digest:
            return _decision(command, ALREADY, accepted=True)
        blocked = needs_restart(self.newest.site, site)
        if blocked:
            return _decision(command, refusal(command.site_file, blocked))
        since = max(command.issued_at + LATENESS, self.newest.since)
        self._all = [*self._all, Version.of(since, site, command.site_file)][-KEPT:]
        self._write()
        return _decision(command, f"in force for what is captured from {since.isoformat()} on", accepted=True)

    def set_back(self, now: datetime) -> None:
        """The clock was set back: what was to hold from later on holds from now."""
        if self.newest.since > now:
            self._all = [replace(it, since=min(it.since, now)) for it in self._all]
            self._write()

    def _later(self, told: SiteFile) -> bool:
        return self.started_at is not None and told.since is not None and told.since - LATENESS > self.started_at

    def _write(self) -> None:
        point = self.memory.of(SITE_POINT)
        point.site_files = [
            SiteFile(None if it.since == EPOCH else it.since, it.site.digest, it.content) for it in self._all
        ]
        self.memory.touch(point)

    def _read(self, told: list[SiteFile]) -> list[Version]:
        """What was written down; what cannot be read any more (of another release) is left out."""
        found = []
        for it in told:
            since = it.since or EPOCH
            if it.digest == self.started_with.site.digest:
                found.append(replace(self.started_with, since=since))
                continue
            try:
                found.append(Version.of(since, site_of(it.content), it.content))
            except ConfigurationError:
                continue
        return found


def _decision(command: Command, reason: str, *, accepted: bool = False) -> Decision:
    return Decision(command.id, command.alarm, "", accepted=accepted, reason=reason, version=0)
