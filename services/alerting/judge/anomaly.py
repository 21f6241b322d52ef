"""Does it look unlike normal? So many of the newest scored readings of an asset at their threshold or above.

One abnormal crop may be a bird or a shower; so `readings` of the newest `of` raise the alarm, and as many normal ones
in a row return it. In between it stands as it stood. A reading without a score (the model did not answer, the crop had
no pixels) counts neither way.
"""

from __future__ import annotations

from bisect import insort
from datetime import timedelta
from operator import itemgetter
from typing import Final

from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.state import Scored
from services.alerting.judge.excursion import Level
from services.alerting.judge.grade import Grade
from services.alerting.judge.memory import Watch
from services.alerting.judge.rules import AnomalyRules, Timing

# So many readings are the delay; a score has no dead-band in kelvin.
TIMING: Final = Timing(timedelta(0), 0.0)


def score(watch: Watch, reading: Scored, rules: AnomalyRules) -> Level:
    """Take in one scored reading and say where the asset stands."""
    insort(watch.scored, reading, key=itemgetter(0))
    del watch.scored[: -rules.of]
    if _abnormal(watch) >= rules.readings:
        if watch.over_since is None:
            watch.over_since = next(it.captured_at for it in watch.scored if it.abnormal)
        return Level.OVER
    newest = watch.scored[-rules.readings :]
    normal = len(newest) == rules.readings and not any(it.abnormal for it in newest)
    return Level.CLEAR if normal or not watch.active else Level.NEAR


def anomaly_grade(level: Level, watch: Watch, measured: AnomalyScore) -> Grade:
    """The same, with its reasons; the limit is the bank's threshold."""
    value = f"score {measured.score:.3g} (threshold {measured.threshold:.3g})"
    share = f"in {_abnormal(watch)} of {len(watch.scored)} readings"
    over, clear = f"looks abnormal: {value} {share}", f"looks normal again: {value}"
    return Grade(level, measured.threshold, over, clear, f"bank {measured.bank}")


def _abnormal(watch: Watch) -> int:
    return sum(it.abnormal for it in watch.scored)
