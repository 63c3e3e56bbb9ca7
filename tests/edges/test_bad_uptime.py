"""Logs of uptime as they should not be: what is clear is understood, what is not is refused, and nothing guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import sla_engine as sla

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = sla.Day(date(2026, 3, 2), zone="UTC")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MICROS = 24 * 3600 * 10**6


def evaluated(**known: Any) -> sla.UptimeReport:
    return sla.evaluate_uptime("99%", DAY, **{"at": DAY.end, **known})


# --- probes ----------------------------------------------------------------------------------------------------------


def test_probes_may_come_in_any_order() -> None:
    rows = [(NOON, True), (NOON + MINUTE, False), (NOON + 2 * MINUTE, False), (NOON + 3 * MINUTE, True)]
    logs = {sla.ProbeLog.of(given, every="1m") for given in permutations(rows)}
    assert len(logs) == 1
    (log,) = logs
    assert log.ups == (True, False, False, True)
    report = sla.evaluate_uptime("99%", sla.Rolling(NOON + 3 * MINUTE, 3 * MINUTE), at=DAY.end, probes=log)
    assert report.downtime.lower == MINUTE
    assert report.downtime.upper == 3 * MINUTE


def test_a_probe_that_stands_twice_counts_once() -> None:
    once = [(NOON, True), (NOON + MINUTE, False)]
    log = sla.ProbeLog.of([once[1], *once, once[0], once[0]], every="1m")
    assert len(log) == 2
    assert log == sla.ProbeLog.of(once, every="1m")


def test_probes_of_one_instant_that_contradict_each_other_are_refused() -> None:
    rome = NOON.astimezone(ZoneInfo("Europe/Rome"))
    for rows in ([(NOON, True), (NOON, False)], [(NOON, False), (NOON - MINUTE, True), (rome, True)]):
        with pytest.raises(sla.InvalidLog, match=r"2026-03-02T12:00:00\+00:00 contradict each other") as caught:
            sla.ProbeLog.of(rows, every="1m")
        assert "location" in caught.value.remedy


@pytest.mark.parametrize("state", ["up", "down", "", 1, 0, None])
def test_a_state_that_is_no_boolean_is_refused(state: Any) -> None:
    with pytest.raises(sla.InvalidLog, match=r"where True \(up\) or False \(down\) is expected") as caught:
        sla.ProbeLog.of([(NOON, True), (NOON + MINUTE, state)], every="1m")
    assert caught.value.where == "probe 1"


def test_a_clock_that_goes_back_is_not_a_contradiction() -> None:
    # In Rome it is half past two twice on 25 October 2026, an hour apart.
    rome = ZoneInfo("Europe/Rome")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=rome, fold=fold) for fold in (0, 1))
    log = sla.ProbeLog.of([(second, False), (first, True)], every="1h")
    assert log.instants[1] - log.instants[0] == 3600 * 10**6
    day = sla.Day(date(2026, 10, 25), zone="Europe/Rome")
    report = sla.evaluate_uptime("99%", day, at=day.end, probes=log)
    # 25 hours: half an hour up before, an hour uncertain, and nothing known of the rest.
    assert report.table() == {
        ("unknown", "none"): 23 * 3600 * 10**6 + 1800 * 10**6,
        ("up", "none"): 1800 * 10**6,
        ("uncertain", "none"): 3600 * 10**6,
    }


MAKERS: dict[str, Callable[[datetime], object]] = {
    "probe": lambda naive: sla.ProbeLog.of([(NOON, True), (naive, True)], every="1m"),
    "cadence": lambda naive: sla.ProbeLog.of([(NOON, True)], every=[(naive, "1m")]),
    "incident": lambda naive: sla.Incident("I-1", naive),
    "end of incident": lambda naive: sla.Incident("I-1", NOON, naive),
    "maintenance": lambda naive: sla.Maintenance("M-1", naive, NOON),
    "end of maintenance": lambda naive: sla.Maintenance("M-1", NOON, naive),
    "announcement": lambda naive: sla.Maintenance("M-1", NOON, NOON + HOUR, naive),
    "now": lambda naive: evaluated(at=naive),
}


@pytest.mark.parametrize("name", MAKERS)
def test_times_without_a_zone_are_refused(name: str) -> None:
    with pytest.raises(sla.NaiveDatetime, match="has no zone"):
        MAKERS[name](datetime(2026, 3, 2, 13))


def test_of_an_empty_log_nothing_is_known() -> None:
    report = evaluated(probes=sla.ProbeLog.of([], every="1m"))
    assert report.table() == {("unknown", "none"): MICROS}
    assert report.coverage == 0
    assert report.verdict == "undecided"
    assert report.downtime.lower == timedelta()
    assert report.downtime.upper == 24 * HOUR
    assert report.reading(unknown="up").verdict == "met"
    assert report.reading(unknown="down").verdict == "breached"
    assert report.reading(unknown="down").availability == 0
    rest = report.reading(unknown="excluded")
    assert (rest.base_micros, rest.availability, rest.spent) == (0, None, None)
    assert report.longest_unseen == timedelta()
    assert report.outages() == ()


def test_a_service_that_nobody_speaks_of_is_up() -> None:
    report = evaluated()
    assert report.table() == {("up", "none"): MICROS}
    assert report.verdict == "met"
    assert report.availability == 1
    assert report.coverage == 1


@pytest.mark.parametrize("far", [-40, 40])
def test_probes_far_from_the_window_tell_nothing_of_it(far: int) -> None:
    log = sla.ProbeLog.of([(NOON + far * HOUR, False)], every="1h")
    assert evaluated(probes=log).table() == {("unknown", "none"): MICROS}


@pytest.mark.parametrize("gap", [0, -1, Fraction(99, 100)])
def test_a_gap_below_one_spacing_is_refused(gap: int | Fraction) -> None:
    with pytest.raises(sla.InvalidLog, match="between regular probes unknown") as caught:
        sla.ProbeLog.of([(NOON, True)], every="1m", gap=gap)
    assert (caught.value.where, caught.value.value) == ("gap", gap)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("every", "words"),
    [
        ("0m", "need time between them"),
        (timedelta(), "need time between them"),
        (-MINUTE, "need time between them"),
        ([(NOON, "1m"), (NOON + HOUR, "0s")], "need time between them"),
        ([], "no spacing is given"),
    ],
)
def test_probes_without_time_between_them_are_refused(every: Any, words: str) -> None:
    with pytest.raises(sla.InvalidLog, match=words) as caught:
        sla.ProbeLog.of([(NOON, True)], every=every)
    assert caught.value.where == "every"
    assert caught.value.remedy


@pytest.mark.parametrize(("locations", "needs"), [(0, 2), (0, 0), (1, 2), (1, 0), (3, 4), (3, -1)])
def test_so_many_locations_as_there_are_not_cannot_agree(locations: int, needs: int) -> None:
    logs = [sla.ProbeLog.of([(NOON, True)], every="1m")] * locations
    with pytest.raises(sla.InvalidAmount, match=f"{needs} of {locations} locations cannot agree") as caught:
        evaluated(probes=logs, down_needs=needs)
    assert (caught.value.where, caught.value.value) == ("down_needs", needs)


# --- incidents and maintenance ---------------------------------------------------------------------------------------


def test_what_ends_before_it_starts_is_refused_by_name() -> None:
    words = r"'X-7' ends at 2026-03-02T11:59:00\+00:00, before it starts at 2026-03-02T12:00:00\+00:00"
    for make in (sla.Incident, sla.Maintenance):
        with pytest.raises(sla.InvalidLog, match=words) as caught:
            make("X-7", NOON, NOON - MINUTE)
        assert (caught.value.where, caught.value.value) == ("X-7", NOON - MINUTE)
        assert caught.value.remedy


def test_an_incident_without_time_and_one_to_come_are_no_downtime() -> None:
    report = evaluated(
        at=NOON,
        incidents=[
            sla.Incident("none", NOON - HOUR, NOON - HOUR),
            sla.Incident("later", NOON + HOUR),
            sla.Incident("now", NOON, NOON + HOUR),
            sla.Incident("before", DAY.start - HOUR, DAY.start),
        ],
    )
    assert report.table() == {("up", "none"): MICROS // 2, ("not_yet", "none"): MICROS // 2}


@pytest.mark.parametrize("weight", ["0%", "0", "-10%", "100.01%", "101%", 2, Fraction(-1, 3)])
def test_a_weight_that_is_no_part_of_a_service_is_refused(weight: Any) -> None:
    with pytest.raises(sla.InvalidLog, match="the incident 'I-1' has a weight of") as caught:
        sla.Incident("I-1", NOON, NOON + HOUR, weight)
    assert caught.value.where == "I-1"
    assert caught.value.remedy


@pytest.mark.parametrize("weight", [0.5, "half", None, True])
def test_a_weight_that_is_no_exact_share_is_refused(weight: Any) -> None:
    with pytest.raises(sla.InvalidAmount):
        sla.Incident("I-1", NOON, NOON + HOUR, weight)


def test_maintenance_longer_than_the_window_is_all_of_it() -> None:
    work = sla.Maintenance("M-1", DAY.start - 50 * HOUR, DAY.end + 50 * HOUR, DAY.start - 60 * HOUR)
    report = evaluated(incidents=[sla.Incident("I-1", NOON)], maintenance=[work])
    assert report.table() == {("up", "excused"): MICROS // 2, ("down", "excused"): MICROS // 2}
    assert report.downtime.upper == timedelta()
    assert report.verdict == "met"
    assert report.availability == 1
    assert report.outages() == ()
    rest = report.reading(base="less_maintenance")
    assert (rest.base_micros, rest.availability, rest.spent) == (0, None, None)
    # Its cap is counted from when it begins, not from when the window does.
    for cap, excused in (("50h", 0), ("53h", 3)):
        capped = evaluated(maintenance=[work], terms=sla.MaintenanceTerms(cap_per_event=cap))
        assert capped.table().get(("up", "excused"), 0) == excused * 3600 * 10**6


@pytest.mark.parametrize("name", ["notice", "cap_per_event", "cap_per_window"])
@pytest.mark.parametrize("given", [-MINUTE, "-1h"])
def test_conditions_of_less_than_no_time_are_refused(name: str, given: Any) -> None:
    with pytest.raises(sla.InvalidAmount, match=f"{name} is -") as caught:
        sla.MaintenanceTerms(**{name: given})
    assert caught.value.where == name
    assert caught.value.remedy


# --- windows and targets ---------------------------------------------------------------------------------------------


def test_of_a_window_that_has_not_begun_nothing_is_decided() -> None:
    log = sla.ProbeLog.of([(DAY.start - 10 * MINUTE, False), (DAY.start - 9 * MINUTE, False)], every="1m")
    for at in (DAY.start, DAY.start - timedelta(days=900)):
        report = evaluated(at=at, probes=log, incidents=[sla.Incident("I-1", DAY.start - 10 * HOUR)])
        assert report.table() == {("not_yet", "none"): MICROS}
        assert (report.verdict, report.coverage, report.exhausted_at) == ("undecided", None, None)
        assert report.downtime.lower == timedelta()
        assert report.downtime.upper == 24 * HOUR
        assert report.outages() == ()
        assert report.longest_unseen == timedelta()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("100%", "leaves no budget at all"),
        (1, "leaves no budget at all"),
        ("0%", "is no promise"),
        ("100.1%", "is impossible"),
        ("-5%", "is impossible"),
        ("999", "is impossible"),
        (0.99, "no exact share"),
    ],
)
def test_a_target_that_cannot_be_promised_is_refused(target: Any, words: str) -> None:
    with pytest.raises(sla.InvalidAmount, match=words):
        sla.evaluate_uptime(target, DAY, at=NOON)
