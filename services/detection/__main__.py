"""Composition root of the detection service: settings, adapters, run."""

from __future__ import annotations

from datetime import timedelta

from canairy.service import main, running
from canairy.settings import load_settings
from canairy.site.load import load_site
from canairy.stream.camera_quarantine import camera_quarantine
from canairy.stream.intake import Intake
from canairy.stream.kafka import KafkaChannel
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.troubles import Troubles
from canairy.stream.uncommitted import COMMIT_EVERY_S
from canairy.topics import BY_NAME, FRAMES
from services.detection.handler import Detection
from services.detection.models import looking
from services.detection.settings import DetectionSettings


def run() -> None:
    """Run until told to stop."""
    settings = load_settings(DetectionSettings)
    site = load_site(settings.site_file)
    with running("detection", settings) as service, looking(settings, site) as detector:
        troubles = Troubles()
        step = Detection(site, timedelta(seconds=settings.shed_after_s), troubles, detector)
        on_quarantine = camera_quarantine(site.site.id, "detection")
        intake = Intake(step, "detection", on_quarantine=on_quarantine, troubles=troubles)
        channel = KafkaChannel(settings, f"{site.site.id}.detection", [BY_NAME[FRAMES]], troubles=troubles)
        options = LoopOptions(limit=settings.batch_limit, commit_every_s=COMMIT_EVERY_S)
        Loop(channel, step, intake, options, service.health).run(service.stop)


if __name__ == "__main__":
    main(run)
