"""Alerting as it is shipped, but for a judge that does not look whether it knows a reading."""

from __future__ import annotations

from functools import partial

from canairy.service import main
from services.alerting import __main__ as alerting
from services.alerting.handler import Alerting

if __name__ == "__main__":
    # Where the composition root looks for its step.
    vars(alerting)["Alerting"] = partial(Alerting, know_captures=False)
    main(alerting.run)
