"""Composition root of ingest: settings → adapters → run."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from canairy import trace
from canairy.log import get_logger
from canairy.secrets import Secrets
from canairy.service import Service, main, running
from canairy.settings import load_settings
from canairy.site.load import load_site
from canairy.site.model import Site
from canairy.stream.broker import Producer
from canairy.stream.kafka import KafkaProducer
from canairy.topics import BY_NAME, CAMERAS, FRAMES, MEASUREMENTS, dead_letters
from services.ingest.api import IngestServer, IngestService, ServerOptions
from services.ingest.canary import CanaryClock
from services.ingest.clock import ClockCheck
from services.ingest.conditions import Conditions
from services.ingest.crew import Crew
from services.ingest.disk import DiskCheck, free_bytes
from services.ingest.exclusive import take_folder
from services.ingest.folder_memory import FolderMemory
from services.ingest.handler import IngestHandler, Surroundings
from services.ingest.outbox import Outbox
from services.ingest.reference_folder import ReferenceFolder
from services.ingest.run import Ingest
from services.ingest.settings import IngestSettings
from services.ingest.sources import Workshop, make_sources
from services.ingest.spool import Spool
from services.ingest.writer import Writer, WriterOptions

log = get_logger()

OUTPUTS = tuple(BY_NAME[name] for name in (FRAMES, CAMERAS, MEASUREMENTS, dead_letters(FRAMES)))


def run() -> None:
    """Run until told to stop."""
    settings = load_settings(IngestSettings)
    with running("ingest", settings) as service, ExitStack() as adapters:
        site = load_site(settings.site_file)
        producer = KafkaProducer(settings, OUTPUTS, group=f"{site.site.id}.detection")
        build(settings, site, producer, service, adapters).run()


def build(settings: IngestSettings, site: Site, producer: Producer, service: Service, adapters: ExitStack) -> Ingest:
    """All parts, put together; `adapters` closes what must be closed, last opened first."""
    adapters.callback(producer.close)
    adapters.callback(os.close, take_folder(settings.spool_folder))
    spool = Spool(settings.spool_folder, settings.spool_bytes)
    adapters.callback(spool.close)
    memory = FolderMemory(settings.spool_folder)
    adapters.callback(memory.close)
    crew, outbox = Crew(service.stop), Outbox()
    # Two canaries have passed by then: one of them has told the heartbeat what was lost.
    writer = Writer(outbox, producer, spool, WriterOptions(lost_told_s=2 * settings.canary_period_s))
    around = Surroundings(_conditions(settings, site, writer).flags, trace.inject_headers)
    shelf = ReferenceFolder.of(site, settings.site_file.parent, settings.spool_folder)
    handler = IngestHandler(site, _now(), around, shelf)
    secrets = Secrets(settings.secrets_dir)
    sources = make_sources(site, Workshop(settings.site_file.parent, memory, crew.wait, _now, secrets))
    server = IngestServer(IngestService(site, handler, outbox, _now), _server_options(settings))
    canary = CanaryClock(timedelta(seconds=settings.canary_period_s))
    log.info("site", site=site.site.id, cameras=len(site.cameras), grpc_port=server.port)
    return Ingest(handler, canary, outbox, writer, server, sources, crew, service.health, _now)


def _conditions(settings: IngestSettings, site: Site, writer: Writer) -> Conditions:
    disk = DiskCheck(lambda: free_bytes(settings.spool_folder))
    conditions = Conditions(lambda: writer.spool_in_use, lambda: writer.losing, disk_full=disk.full)
    # Simulated cameras need no true time, and a demonstration no alarm about the clock of whoever gives it.
    needed = settings.clock_check and any(camera.kind != "simulated" for camera in site.cameras)
    return replace(conditions, clock_invalid=ClockCheck().invalid) if needed else conditions


def _server_options(settings: IngestSettings) -> ServerOptions:
    return ServerOptions(
        settings.grpc_host,
        settings.grpc_port,
        _content(settings.grpc_cert_file),
        _content(settings.grpc_key_file),
        _content(settings.grpc_client_ca_file),
    )


def _content(file: Path | None) -> bytes | None:
    return None if file is None else file.read_bytes()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(run)
