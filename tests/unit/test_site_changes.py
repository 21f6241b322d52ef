"""What may change in a site file while the services run, and what needs a restart of whom."""

from __future__ import annotations

import pytest

from canairy.site.changes import differences, needs_restart, refusal
from canairy.site.load import site_of
from tests.unit.test_site_load import GOOD

TERMS = "\n            response: Reduce load\n            consequence: high\n            respond_within: 5m"
OLD = site_of(GOOD.encode())


def changed(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("high_c: 80", "high_c: 85"),
        ("high_high_c: 100, ", ""),
        ("delta_k: 15", "delta_k: 12"),
        ("on_delay: 10s", "on_delay: 1m"),
        ("{high_c: 70}", "{high_c: 65, over_surroundings_k: 30, response: look}"),
        (
            "phase: A",
            "phase: A" + TERMS,
        ),
        ("site: {id", "# a comment\nsite: {id"),
    ],
)
def test_thresholds_delays_and_texts_hold_without_a_restart(old: str, new: str) -> None:
    assert needs_restart(OLD, site_of(changed(old, new))) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("simulated:yard", "rtsp://10.0.0.5/ch1", "line 4: cameras[0].source needs a restart of ingest"),
        ("rate_hz: 2", "rate_hz: 1", "line 5: cameras[0].rate_hz needs a restart of ingest and alerting"),
        ("[210, 120]", "[211, 120]", "line 12: cameras[0].views[0].assets[0].region needs a restart of detection"),
        ("id: ds-301-b", "id: ds-301-c", "line 9: cameras[0].views[0].assets needs a restart of every service"),
        ("id: files", "id: others", "line 2: cameras needs a restart of every service"),
        ('views: [{id: "*"}]', 'views: [{id: "*", hotspot_limit: {high_c: 9}}]', "hotspot_limit needs a restart of"),
        ("phase: A", "phase: A\n            anomaly: {}", "assets[0].anomaly needs a restart of every service"),
        ("measurements:", "detector: {}\nmeasurements:", "detector needs a restart of detection"),
        (
            "measurements:",
            "alerting: {coverage_alarm_after: 1m}\nmeasurements:",
            "coverage_alarm_after needs a restart",
        ),
        (
            "rate_hz: 2",
            "rate_hz: 2\n    privacy: {masks: [[[0,0],[9,0],[9,9]]]}",
            "privacy.masks needs a restart of ingest",
        ),
    ],
)
def test_what_needs_a_restart_is_told_with_its_line_and_by_whom(old: str, new: str, told: str) -> None:
    content = changed(old, new)

    blocked = needs_restart(OLD, site_of(content))

    assert len(blocked) == 1
    assert refusal(content, blocked).startswith("site file changed, not applied: line ")
    assert told in refusal(content, blocked)


def test_one_change_that_needs_a_restart_is_told_whatever_else_changed() -> None:
    content = GOOD.replace("high_c: 80", "high_c: 85").replace("rate_hz: 2", "rate_hz: 1").encode()

    assert len(differences(OLD, site_of(content))) == 3  # two assets share the limits by an alias
    assert needs_restart(OLD, site_of(content)) == [("cameras", 0, "rate_hz")]
