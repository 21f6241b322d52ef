"""What a service says of itself."""

from __future__ import annotations

from canairy.health import STUCK_AFTER_S, Health


def test_a_service_is_ready_once_it_says_so_and_all_that_it_needs_is_there() -> None:
    alarms_read: list[bool] = []
    health = Health()
    health.need(lambda: bool(alarms_read), "the alarms have not been read yet")

    assert health.ready_report() == (False, "start")
    health.ready()
    assert health.ready_report() == (False, "the alarms have not been read yet")
    alarms_read.append(True)
    assert health.ready_report() == (True, "ready")
    health.not_ready("stopping")
    assert health.ready_report() == (False, "stopping")


def test_a_loop_that_has_not_turned_for_long_is_not_alive() -> None:
    time = [100.0]
    health = Health(lambda: time[0])

    time[0] += STUCK_AFTER_S - 0.1
    assert health.live_report() == (True, "last turn 29.9 s ago")
    time[0] += 0.1
    assert health.live_report() == (False, "last turn 30.0 s ago")
    health.turned()
    assert health.live_report()[0]
