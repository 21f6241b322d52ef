from __future__ import annotations

from collections.abc import Iterator

import pytest

from canairy.settings import KafkaSettings
from tests.contract.bench import Bench, KafkaBench, MemoryBench


@pytest.fixture
def kafka_bench(kafka_settings: KafkaSettings) -> Iterator[KafkaBench]:
    bench = KafkaBench(kafka_settings.kafka_bootstrap)
    yield bench
    bench.close()


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "memory":
        return MemoryBench()
    real: KafkaBench = request.getfixturevalue("kafka_bench")
    return real
