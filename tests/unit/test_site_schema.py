"""The JSON Schema of site files says what the models say, in the units of whoever writes one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.site.descriptions import DESCRIPTIONS
from canairy.site.duration import parse_duration, written
from canairy.site.schema import site_schema

SCHEMA = site_schema()
PARTS: dict[str, Any] = {"Site": SCHEMA, **SCHEMA["$defs"]}
KEYS = {f"{part}.{key}": value for part, it in PARTS.items() for key, value in it.get("properties", {}).items()}


def test_every_key_is_explained_and_no_explanation_is_of_a_key_that_is_gone() -> None:
    assert sorted(DESCRIPTIONS) == sorted(KEYS)
    assert all(value["description"] for value in KEYS.values())


@pytest.mark.parametrize(
    ("ending", "unit"), [("_c", "degrees celsius"), ("_k", "kelvin"), ("_m", "metres"), ("_mm", "millimetres")]
)
def test_a_key_with_a_unit_in_its_name_says_it_in_words(ending: str, unit: str) -> None:
    ours = [text for key, text in DESCRIPTIONS.items() if key.rpartition(".")[2].endswith(ending)]

    assert ours
    assert all(unit in text.lower() for text in ours), ours


def test_durations_are_texts_as_they_are_written_with_defaults_alike() -> None:
    delay = KEYS["Limits.on_delay"]

    assert (delay["type"], delay["default"]) == ("string", "0s")
    assert KEYS["Alerting.coverage_alarm_after"]["default"] == "5m"
    assert KEYS["Asset.respond_within"]["default"] == "1h"


def test_a_point_is_a_list_of_two_that_old_editors_understand() -> None:
    point = KEYS["Asset.region"]["items"]

    assert (point["minItems"], point["maxItems"], point["items"]["maximum"]) == (2, 2, 4095)
    assert "prefixItems" not in point


def test_what_the_loader_sets_is_no_key() -> None:
    assert "Site.digest" not in KEYS
    assert SCHEMA["additionalProperties"] is False


@given(st.integers(0, 10**10))
def test_a_duration_that_is_written_reads_as_itself(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)

    assert parse_duration(written(duration)) == duration
