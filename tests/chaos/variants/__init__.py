"""Services with a fault built in, and kills aimed at it: the proof that the verdict can fail.

A kill from outside seldom hits the few milliseconds between two steps. So here anomaly kills itself (SIGKILL) there,
with every batch that holds a canary and a reading that changes an alarm; and the sound order, killed at the very same
place, must pass.

    aimed                   produces, is killed, has not committed; all is repeated, and nothing is judged twice
    commit-before-produce   commits, is killed, has not produced; readings are lost
    known-captures-off      as `aimed`, with a judge that does not look whether it knows a reading

The same for Triton: here anomaly kills the server each time when its crops are on their way, now and then.

    triton-mid-batch        the sound service: readings are flagged for some seconds, and nothing else is different
    flag-dropped            as that, but what could not be scored goes on without the flag
    unscored-skipped        as that, but what could not be scored is no reading at all
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_HERE: Final = "tests.chaos.variants"
VARIANTS: Final[Mapping[str, Mapping[str, str]]] = {
    "aimed": {"anomaly": f"{_HERE}.produces_first"},
    "commit-before-produce": {"anomaly": f"{_HERE}.commits_first"},
    "known-captures-off": {"anomaly": f"{_HERE}.produces_first", "alerting": f"{_HERE}.unknowing"},
    "triton-mid-batch": {"anomaly": f"{_HERE}.mid_batch"},
    "flag-dropped": {"anomaly": f"{_HERE}.flag_dropped"},
    "unscored-skipped": {"anomaly": f"{_HERE}.unscored_skipped"},
}
# Their recording comes frame by frame: all at once, none of it would be scored while Triton starts again.
NEED_MODELS: Final = frozenset({"triton-mid-batch", "flag-dropped", "unscored-skipped"})
