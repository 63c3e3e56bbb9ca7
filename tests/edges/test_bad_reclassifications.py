"""Decisions and late probes as they should not be: what cannot be is refused, and it is said where, and what to do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

import sla_engine as sla
from sla_engine.frames import probe_log

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = sla.Rolling(NOON + 12 * HOUR, 24 * HOUR)
MICROS = int((NOON - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def decided(**changes: Any) -> sla.Reclassification:
    return sla.Reclassification(
        **{"id": "R-1", "start": NOON, "end": NOON + HOUR, "decision": "up", "decided_at": NOON + 3 * HOUR, **changes}
    )


def test_a_decision_on_a_time_that_ends_before_it_starts() -> None:
    with pytest.raises(sla.InvalidLog) as caught:
        decided(end=NOON - MINUTE)
    error = caught.value
    assert str(error) == (
        "R-1: 'R-1' ends at 2026-03-02T11:59:00+00:00, before it starts at 2026-03-02T12:00:00+00:00. Mend the log"
    )
    assert (error.where, error.value, error.remedy) == ("R-1", NOON - MINUTE, "Mend the log")


@pytest.mark.parametrize("decision", ["maybe", "", "UP", "unknown", None, True])
def test_a_decision_that_there_is_not(decision: Any) -> None:
    with pytest.raises(sla.InvalidLog, match=f"decides {decision!r}") as caught:
        decided(decision=decision)
    error = caught.value
    assert (error.where, error.value) == ("R-1", decision)
    assert error.remedy == "Write one of up, down, excused, unexcused"


@pytest.mark.parametrize("name", ["start", "end", "decided_at"])
def test_a_time_without_a_zone(name: str) -> None:
    with pytest.raises(sla.NaiveDatetime, match="has no zone"):
        decided(**{name: datetime(2026, 3, 2, 13)})


def test_a_decision_on_no_time_decides_nothing() -> None:
    bare = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=[sla.Incident("I-1", NOON, NOON + HOUR)])
    report = sla.evaluate_uptime(
        "99%",
        DAY,
        at=DAY.end,
        incidents=[sla.Incident("I-1", NOON, NOON + HOUR)],
        reclassified=[decided(end=NOON), decided(start=NOON - 40 * HOUR, end=NOON - 30 * HOUR)],
    )
    assert report.stretches == bare.stretches


def test_a_decision_may_be_taken_before_its_time_and_says_nothing_of_time_to_come() -> None:
    decision = decided(decision="down", decided_at=NOON - 5 * HOUR)
    report = sla.evaluate_uptime("99%", DAY, at=NOON + HOUR / 2, reclassified=[decision])
    assert report.downtime.lower == HOUR / 2
    assert report.table()["not_yet", "none"] == 11.5 * 3600 * 10**6


def test_decisions_are_values() -> None:
    decision = decided(reason="false alarm")
    for twin in (pickle.loads(pickle.dumps(decision)), copy.deepcopy(decision)):  # noqa: S301
        assert twin == decision
        assert hash(twin) == hash(decision)
    others = [
        decided(reason="false alarm", **{name: value})
        for name, value in (
            ("id", "R-2"),
            ("start", NOON - MINUTE),
            ("end", NOON + MINUTE),
            ("decision", "excused"),
            ("decided_at", NOON),
        )
    ]
    assert len({decision, decided(), *others}) == 7
    with pytest.raises(AttributeError):
        decision.decision = "down"  # type: ignore[misc]


# --- late probes -----------------------------------------------------------------------------------------------------

EARLY = "the probe of 2026-03-02T12:00:00+00:00 came in at 2026-03-02T11:59:00+00:00, before it was made"


def test_a_probe_that_came_in_before_it_was_made() -> None:
    one = 60 * 10**6
    late = [(MICROS, MICROS - one)]
    makers: list[Callable[[], object]] = [
        lambda: sla.ProbeLog.of([(NOON, True)], every="1m", late=[(NOON, NOON - MINUTE)]),
        lambda: sla.ProbeLog.of_micros([(MICROS, True)], every="1m", late=late),
        lambda: probe_log(np.array([MICROS]), np.array([True]), every="1m", late=late),
    ]
    for make in makers:
        with pytest.raises(sla.InvalidLog) as caught:
            make()
        error = caught.value
        assert str(error) == f"late: {EARLY}. Mend the log"
        assert (error.where, error.value, error.remedy) == ("late", MICROS - one, "Mend the log")


def test_one_that_came_in_at_once_is_not_late() -> None:
    rows = [(NOON, True), (NOON + MINUTE, False)]
    log = sla.ProbeLog.of(rows, every="1m", late=[(NOON, NOON)])
    assert log.as_of(MICROS) == log


def test_it_is_there_from_the_microsecond_on_at_which_it_came_in() -> None:
    rows = [(NOON, True), (NOON + MINUTE, False)]
    log = sla.ProbeLog.of(rows, every="1m", late=[(NOON + MINUTE, NOON + HOUR)])
    came = MICROS + 3600 * 10**6
    assert log.as_of(came - 1).instants == (MICROS,)
    assert log.as_of(came - 1).late == ()
    assert log.as_of(came) == log


def test_a_late_probe_that_is_not_in_the_log_changes_nothing() -> None:
    rows = [(NOON, True), (NOON + MINUTE, False)]
    log = sla.ProbeLog.of(rows, every="1m", late=[(NOON + HOUR, NOON + 2 * HOUR)])
    assert list(log.states(MICROS, MICROS + 10**8, at=MICROS + 10**9)) == list(
        sla.ProbeLog.of(rows, every="1m").states(MICROS, MICROS + 10**8)
    )


def test_a_late_time_without_a_zone() -> None:
    with pytest.raises(sla.NaiveDatetime, match="has no zone"):
        sla.ProbeLog.of([(NOON, True)], every="1m", late=[(NOON, datetime(2026, 3, 2, 13))])
