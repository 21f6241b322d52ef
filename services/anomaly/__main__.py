"""Composition root of the anomaly service: settings, adapters, run."""

from __future__ import annotations

from canairy.service import main, running
from canairy.settings import load_settings
from canairy.site.load import load_site
from canairy.stream.camera_quarantine import camera_quarantine
from canairy.stream.intake import Intake
from canairy.stream.kafka import KafkaChannel
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.troubles import Troubles
from canairy.stream.uncommitted import COMMIT_EVERY_S
from canairy.topics import BY_NAME, DETECTIONS
from services.anomaly.handler import Anomaly
from services.anomaly.models import scoring
from services.anomaly.settings import AnomalySettings


def run() -> None:
    """Run until told to stop."""
    settings = load_settings(AnomalySettings)
    site = load_site(settings.site_file)
    with running("anomaly", settings) as service, scoring(settings, site) as models:
        troubles = Troubles()
        step = Anomaly(site, troubles, models)
        on_quarantine = camera_quarantine(site.site.id, "anomaly")
        intake = Intake(step, "anomaly", on_quarantine=on_quarantine, troubles=troubles)
        channel = KafkaChannel(settings, f"{site.site.id}.anomaly", [BY_NAME[DETECTIONS]], troubles=troubles)
        options = LoopOptions(limit=settings.batch_limit, commit_every_s=COMMIT_EVERY_S)
        Loop(channel, step, intake, options, service.health).run(service.stop)


if __name__ == "__main__":
    main(run)
