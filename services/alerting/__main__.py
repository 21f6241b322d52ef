"""Composition root of the alerting service: settings, adapters, run."""

from __future__ import annotations

from typing import Final

from canairy import metrics
from canairy.service import main, running
from canairy.settings import load_settings
from canairy.site.load import load_site_file
from canairy.stream.intake import Intake
from canairy.stream.kafka import KafkaChannel, KafkaProducer, KafkaReader
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.troubles import Troubles
from canairy.topics import ALERTS, AUDIT, BY_NAME, CAMERAS, COMMANDS, MEASUREMENTS, READINGS, STATE
from services.alerting.alarm_view import AlarmView
from services.alerting.api import start_api
from services.alerting.follow import utc_now
from services.alerting.handler import Alerting
from services.alerting.settings import AlertingSettings
from services.alerting.site_watch import SiteWatch

INPUTS = (READINGS, CAMERAS, MEASUREMENTS, COMMANDS)
# What the step counts, by its own word for it.
COUNTERS: Final = {
    "reading": metrics.READINGS_JUDGED,
    "not judged": metrics.CONDITIONS_NOT_JUDGED,
    "command": metrics.COMMANDS_DECIDED,
    "measurement": metrics.MEASUREMENTS_TAKEN,
    "alert": metrics.ALERTS_TOLD,
}


def count(kind: str, label: str, number: int) -> None:
    """Add to a metric."""
    COUNTERS[kind].labels(label).inc(number)


def run() -> None:
    """Run until told to stop: judge when it is our turn, answer reads always."""
    settings = load_settings(AlertingSettings)
    started_at = utc_now()
    site, site_file = load_site_file(settings.site_file)
    group = f"{site.site.id}.alerting"
    with running("alerting", settings) as service:
        view = AlarmView(
            lambda: KafkaReader(settings, [STATE], from_start=True),
            lambda: KafkaReader(settings, [AUDIT], from_start=False),
            died=service.stop.set,
        )
        producer = KafkaProducer(settings)
        api = start_api(
            view,
            producer,
            lambda from_start: KafkaReader(settings, [ALERTS], from_start=from_start),
            f"{settings.grpc_host}:{settings.grpc_port}",
            grpc_tls_cert=settings.grpc_tls_cert,
            grpc_tls_key=settings.grpc_tls_key,
            grpc_client_ca=settings.grpc_client_ca,
        )
        service.health.need(lambda: api.serving, "the alarms have not been read yet")
        view.start()
        troubles = Troubles()
        watch = SiteWatch(settings.site_file, site_file, producer, view.outcomes.wait_for, troubles, utc_now)
        watch.start()
        try:
            step = Alerting(site, count, troubles=troubles, site_file=site_file, started_at=started_at)
            # One site has one judge: the same transactional identity for every replica, so that the last one in wins.
            inputs = [BY_NAME[name] for name in INPUTS]
            channel = KafkaChannel(settings, group, inputs, transactional_id=group, troubles=troubles)
            intake = Intake(step, "alerting", troubles=troubles)
            options = LoopOptions(limit=settings.batch_limit, hold_s=settings.hold_s, latest_state_only=True)
            Loop(channel, step, intake, options, service.health).run(service.stop)
        finally:
            watch.stop()
            api.stop()
            view.stop()
            producer.close()
        if view.failure is not None:
            raise view.failure


if __name__ == "__main__":
    main(run)
