"""One broker serves one site: topics are called the same at every site, so two on one broker would mix."""

from __future__ import annotations

from kafka import KafkaAdminClient

from canairy.errors import ConfigurationError
from canairy.settings import KafkaSettings
from canairy.stream.kafka.client import client_options, connect, translated


def refuse_another_site(settings: KafkaSettings, group: str) -> None:
    """Raises ConfigurationError when a group of the same service of another site is known to the broker.

    Groups are called SITE.SERVICE; one without a site has nothing to compare. A group is known while it has members
    and for as long as the broker keeps its offsets.
    """
    site, _, service = group.rpartition(".")
    if not site:
        return
    others = sorted(name for name in _groups(settings) if _of_another(name, site, service))
    if others:
        other = others[0].rpartition(".")[0]
        raise ConfigurationError(
            f"Kafka at {settings.kafka_bootstrap} serves site {other!r} (consumer group {others[0]}), and this is "
            f"{site!r}: one broker serves one site. Set CANAIRY_KAFKA_BOOTSTRAP to the broker of {site}; if {other} is "
            f"no more, delete its groups and make the topics anew"
        )


def _of_another(name: str, site: str, service: str) -> bool:
    its_site, _, its_service = name.rpartition(".")
    return its_service == service and bool(its_site) and its_site != site


def _groups(settings: KafkaSettings) -> list[str]:
    with translated("list the consumer groups"):
        admin = connect(KafkaAdminClient, client_options(settings))
        try:
            return [group["group_id"] for group in admin.list_groups()]
        finally:
            admin.close()
