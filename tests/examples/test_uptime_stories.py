"""Stories of services: every number was worked out by hand, and stands beside how."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

import sla_engine as sla

APRIL = sla.Month(2026, 4, zone="UTC")
"""30 days: 43 200 minutes, of which 99 % leave 432."""
DAY = sla.Day(date(2026, 4, 7), zone="UTC")
"""1440 minutes, of which 99 % leave 14.4."""
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def april(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=UTC)


def minutes(*amounts: int | str) -> tuple[sla.Downtime, ...]:
    return tuple(sla.Downtime(Fraction(amount) * 60 * 10**6) for amount in amounts)


def bounds(found: sla.DowntimeBounds) -> tuple[sla.Downtime, ...]:
    return found.lower, found.expected, found.upper


def five_minutes(*failed: tuple[datetime, int], until: datetime = APRIL.end) -> sla.ProbeLog:
    """A month of probes every five minutes, up to the first of the next; so many from each instant on fail."""
    down = {start + 5 * MINUTE * number for start, count in failed for number in range(count)}
    times = [APRIL.start + 5 * MINUTE * number for number in range(8641)]
    return sla.ProbeLog.of([(at, at not in down) for at in times if at <= until], every="5m")


# --- probes ----------------------------------------------------------------------------------------------------------


def test_a_month_of_probes_with_three_outages_that_may_or_may_not_be_too_much() -> None:
    log = five_minutes((april(3, 10), 12), (april(9, 4, 25), 1), (april(20, 22), 72))
    report = sla.evaluate_uptime("99%", APRIL, at=APRIL.end, probes=log)
    # Runs of 12, 1 and 72: at least 11 + 0 + 71 spacings, at most 13 + 2 + 73, and 85 expected.
    assert bounds(report.downtime) == minutes(410, 425, 440)
    assert report.budget == minutes(432)[0]
    assert report.left == minutes(7)[0]
    assert report.verdict == "undecided"
    assert report.availability == Fraction(43200 - 425, 43200)
    assert f"{report.availability:.2%}" == "99.01%"  # 99.0162...
    assert report.coverage == 1
    assert report.longest_unseen == timedelta(minutes=5)
    assert report.exhausted_at is None
    assert report.table() == {
        ("up", "none"): (43200 - 440) * 60 * 10**6,
        ("down", "none"): 410 * 60 * 10**6,
        ("uncertain", "none"): 30 * 60 * 10**6,
    }
    # The one failed probe is down for certain at an instant, and so for no time: no outage is certain.
    first, last = report.outages()
    assert (first.span.start, first.span.end) == (april(3, 9, 55), april(3, 11))
    assert bounds(first.downtime) == minutes(55, 60, 65)
    # The run is named by its first failed probe, and the time after it by its last.
    assert first.sources == tuple(f"probe 2026-04-03T10:{minute}:00+00:00" for minute in ("00", "55"))
    assert (last.span.start, last.span.end) == (april(20, 21, 55), april(21, 4))
    assert bounds(last.downtime) == minutes(355, 360, 365)


@pytest.mark.parametrize(
    ("failed", "expected", "verdict"),
    [
        # 85 failed in one run: at most 86 spacings, 430 minutes. 88: at least 87, 435 minutes.
        (85, (420, 425, 430), "met"),
        (86, (425, 430, 435), "undecided"),
        (87, (430, 435, 440), "undecided"),
        (88, (435, 440, 445), "breached"),
    ],
)
def test_one_long_outage_and_what_probes_can_know_of_it(
    failed: int, expected: tuple[int, int, int], verdict: str
) -> None:
    report = sla.evaluate_uptime("99%", APRIL, at=APRIL.end, probes=five_minutes((april(12), failed)))
    assert bounds(report.downtime) == minutes(*expected)
    assert report.verdict == verdict
    # The budget of 432 minutes is gone for certain 432 minutes after the first failed probe.
    gone = april(12) + 432 * MINUTE
    assert report.exhausted_at == (gone if verdict == "breached" else None)


def test_after_the_last_probe_nothing_is_known() -> None:
    log = five_minutes(until=april(30, 23, 55))
    report = sla.evaluate_uptime("99%", APRIL, at=APRIL.end, probes=log)
    assert bounds(report.downtime) == minutes(0, 0, 5)
    assert report.coverage == Fraction(86390, 86400)
    assert f"{report.coverage:.2%}" == "99.98%"


def test_an_hour_in_the_dark_leaves_a_day_undecided() -> None:
    times = [DAY.start + 5 * MINUTE * number for number in range(289)]
    rows = [(at, True) for at in times if not april(7, 10) < at < april(7, 11)]
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, probes=sla.ProbeLog.of(rows, every="5m"))
    # Known until 10:02:30 and from 10:57:30 on: 55 minutes are dark, and 14.4 may be down.
    assert bounds(report.downtime) == minutes(0, 0, 55)
    assert report.coverage == Fraction(1385, 1440)
    found = {one.unknown: one for one in report.readings() if one.base == "window"}
    assert {name: one.verdict for name, one in found.items()} == {
        "either": "undecided",
        "up": "met",
        "down": "breached",
        "excluded": "met",
    }
    assert bounds(found["down"].downtime) == minutes(55, 55, 55)
    assert found["excluded"].base_micros == 1385 * 60 * 10**6
    assert found["excluded"].budget == minutes("13.85")[0]


def test_probes_that_came_more_often_later_are_weighted_by_time() -> None:
    # Every 10 minutes until 12:00, then every minute: 2 failed of the first kind, 3 of the second.
    rows = [(april(7, 11) + 10 * MINUTE * number, number not in (2, 3)) for number in range(6)]
    rows += [(april(7, 12) + MINUTE * number, number not in (5, 6, 7)) for number in range(61)]
    log = sla.ProbeLog.of(rows, every=[(april(7, 12), "1m"), (april(7), "10m")])
    report = sla.evaluate_uptime("99%", sla.Rolling(april(7, 13), 2 * HOUR), at=DAY.end, probes=log)
    assert report.coverage == 1
    assert bounds(report.downtime) == minutes(10 + 2, 20 + 3, 30 + 4)
    assert [bounds(one.downtime) for one in report.outages()] == [minutes(10, 20, 30), minutes(2, 3, 4)]


@pytest.mark.parametrize(("needs", "expected"), [(1, (30, 35, 40)), (2, (10, 15, 20))])
def test_two_locations_and_how_many_must_agree(needs: int, expected: tuple[int, int, int]) -> None:
    # Rome fails from 10:00 to 10:20, Oslo from 10:10 to 10:30; each may be down for five minutes more on both sides.
    rome, oslo = (
        sla.ProbeLog.of(
            [(april(7, 9) + 5 * MINUTE * number, not first <= number <= first + 4) for number in range(37)],
            every="5m",
            location=name,
        )
        for name, first in (("rome", 12), ("oslo", 14))
    )
    window = sla.Rolling(april(7, 12), 3 * HOUR)
    report = sla.evaluate_uptime("99%", window, at=DAY.end, probes=[rome, oslo], down_needs=needs)
    assert bounds(report.downtime) == minutes(*expected)
    (outage,) = report.outages()
    starts = {1: (april(7, 9, 55), april(7, 10, 35)), 2: (april(7, 10, 5), april(7, 10, 25))}
    assert (outage.span.start, outage.span.end) == starts[needs]
    assert "probe rome 2026-04-07T10:00:00+00:00" in outage.sources
    assert "probe oslo 2026-04-07T10:10:00+00:00" in outage.sources


def test_what_people_say_and_what_probes_say() -> None:
    # Probes saw 10:00 and 10:05 fail. People say: a third was down from 10:05 to 11:00, all from 10:30 to 10:40.
    log = five_minutes((april(7, 10), 2))
    said = [
        sla.Incident("slow", april(7, 10, 5), april(7, 11), "1/3"),
        sla.Incident("gone", april(7, 10, 30), april(7, 10, 40)),
    ]
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, probes=log, incidents=said)
    # 9:55 uncertain; 10:00 down; 10:05 a third for certain, perhaps all; 10:10 to 10:30 and 10:40 to 11:00 a third.
    low = Fraction(5) + Fraction(5, 3) + Fraction(40, 3) + 10
    high = 5 + 5 + 5 + Fraction(40, 3) + 10
    assert bounds(report.downtime) == minutes(str(low), str((low + high) / 2), str(high))
    (outage,) = report.outages()
    assert (outage.span.start, outage.span.end) == (april(7, 9, 55), april(7, 11))
    assert outage.sources == ("probe 2026-04-07T10:00:00+00:00", "slow", "gone")


# --- incidents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("down", "verdict", "shown", "left"), [(432, "met", "99.00%", 0), (433, "breached", "98.99%", -1)]
)
def test_the_last_minute_of_a_budget(down: int, verdict: str, shown: str, left: int) -> None:
    incident = sla.Incident("I-1", april(10), april(10) + down * MINUTE)
    report = sla.evaluate_uptime("99%", APRIL, at=APRIL.end, incidents=[incident])
    assert report.verdict == verdict
    assert f"{report.availability:.2%}" == shown
    assert report.left == minutes(left)[0]
    assert report.exhausted_at == (None if verdict == "met" else april(10) + 432 * MINUTE)


@pytest.mark.parametrize(("target", "verdict"), [("96%", "met"), ("97%", "breached")])
def test_a_part_of_a_service_counts_for_a_part(target: str, verdict: str) -> None:
    partial = sla.Incident("part", april(7, 10), april(7, 12), "30%")
    whole = sla.Incident("all", april(7, 11), april(7, 11, 30))
    report = sla.evaluate_uptime(target, DAY, at=DAY.end, incidents=[whole, partial])
    # 90 minutes of 30 %, and 30 whole ones: 57 minutes; the budgets are 57.6 and 43.2.
    assert bounds(report.downtime) == minutes(57, 57, 57)
    assert report.verdict == verdict
    (outage,) = report.outages()
    assert (outage.span.start, outage.span.end) == (april(7, 10), april(7, 12))
    assert set(outage.sources) == {"part", "all"}


def test_a_third_of_a_hundred_seconds_is_no_whole_microsecond() -> None:
    incident = sla.Incident("I-1", april(7, 10), april(7, 10) + timedelta(seconds=100), "1/3")
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=[incident])
    assert report.downtime.expected.micros == Fraction(10**8, 3)
    assert report.downtime.expected.duration == timedelta(microseconds=33_333_334)
    assert report.availability == 1 - Fraction(100, 3 * 86400)


def test_when_a_budget_was_gone() -> None:
    said = [
        sla.Incident("first", april(5), april(5, 5)),
        sla.Incident("second", april(10), april(10) + 400 * MINUTE, "50%"),
    ]
    report = sla.evaluate_uptime("99%", APRIL, at=APRIL.end, incidents=said)
    # 300 of 432 minutes by the 5th; the 132 that are left last for 264 minutes at half.
    assert report.exhausted_at == april(10, 4, 24)
    assert report.left == minutes(432 - 300 - 200)[0]
    # Known by then is enough, and a minute earlier it is not.
    for at, verdict in ((april(10, 4, 24), "undecided"), (april(10, 4, 25), "breached")):
        assert sla.evaluate_uptime("99%", APRIL, at=at, incidents=said).verdict == verdict


def test_an_incident_that_goes_on_lasts_until_now() -> None:
    open_one = sla.Incident("I-1", april(15))
    for at, down, verdict in ((april(15, 2), 120, "undecided"), (april(15, 8), 480, "breached")):
        report = sla.evaluate_uptime("99%", APRIL, at=at, incidents=[open_one])
        to_come = (APRIL.end - at) // MINUTE
        assert bounds(report.downtime) == minutes(down, down, down + to_come)
        assert report.verdict == verdict
        assert report.table()["not_yet", "none"] == to_come * 60 * 10**6


def test_how_long_it_takes_to_restore_a_service_and_until_it_fails_again() -> None:
    said = [
        sla.Incident("I-1", april(7, 2), april(7, 3)),
        sla.Incident("I-2", april(7, 10), april(7, 12), "50%"),
        sla.Incident("I-3", april(7, 20)),
    ]
    report = sla.evaluate_uptime("99%", DAY, at=april(7, 22), incidents=said)
    # An hour, half of two hours, and the two hours so far of the one that goes on: 240 minutes in three outages.
    assert report.mttr is not None
    assert bounds(report.mttr) == minutes(80, 80, 80)
    assert report.mtbf == minutes((22 * 60 - 240) // 3)[0]
    assert report.to_data()["mtbf"] == "6h"
    assert report.to_data()["mttr"] == {"lower": "1h20m", "expected": "1h20m", "upper": "1h20m"}
    quiet = sla.evaluate_uptime("99%", DAY, at=april(7, 22))
    assert (quiet.mttr, quiet.mtbf) == (None, None)


def test_of_incidents_at_once_the_oldest_is_named_in_any_window() -> None:
    old, new = sla.Incident("I-2", april(6, 22), april(7, 3)), sla.Incident("I-1", april(6, 23), april(7, 4))
    for given in ([old, new], [new, old]):
        for period in (DAY, APRIL):
            report = sla.evaluate_uptime("99%", period, at=APRIL.end, incidents=given)
            named = {
                one.source
                for one in report.stretches
                if one.start < int(april(7, 3).timestamp()) * 10**6 and one.state == "down"
            }
            assert named == {"I-2"}


def test_of_incidents_that_began_together_the_first_by_name_is_named() -> None:
    short, long = sla.Incident("I-1", april(7, 1), april(7, 2)), sla.Incident("I-2", april(7, 1), april(7, 3))
    for given in ([short, long], [long, short]):
        (outage,) = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=given).outages()
        assert outage.sources == ("I-1", "I-2")


# --- maintenance -----------------------------------------------------------------------------------------------------

EARLY, LATE, AFTERWARDS = april(4), april(7, 19), april(7, 21)
UNDER: dict[str, tuple[dict[str, Any], datetime | None, bool, int]] = {
    "announced": ({}, EARLY, False, 120),
    "early enough": ({"notice": "72h"}, EARLY, False, 120),
    "exactly early enough": ({"notice": "92h"}, EARLY, False, 120),
    "a minute late": ({"notice": timedelta(hours=92, minutes=1)}, EARLY, False, 240),
    "announced late": ({"notice": "48h"}, LATE, False, 240),
    "announced when it went on": ({}, AFTERWARDS, False, 240),
    "not announced": ({}, None, False, 240),
    "an emergency": ({"notice": "48h", "emergencies": True}, LATE, True, 120),
    "an emergency that nobody knew of": ({"emergencies": True}, None, True, 120),
    "an emergency without a rule for it": ({"notice": "48h"}, LATE, True, 240),
    "capped": ({"cap_per_event": "30m"}, EARLY, False, 210),
    "capped by the window": ({"cap_per_window": "90m"}, EARLY, False, 150),
    "capped by both": ({"cap_per_window": "90m", "cap_per_event": "30m"}, EARLY, False, 210),
    "without any": ({"cap_per_window": "0m"}, EARLY, False, 240),
}


@pytest.mark.parametrize("name", UNDER)
def test_maintenance_is_excused_under_its_conditions(name: str) -> None:
    # Planned from 20:00 to 22:00, and down until midnight: the two hours too many count in any case.
    terms, announced, emergency, counted = UNDER[name]
    report = sla.evaluate_uptime(
        "99%",
        DAY,
        at=DAY.end,
        incidents=[sla.Incident("I-1", april(7, 20), april(8))],
        maintenance=[sla.Maintenance("M-1", april(7, 20), april(7, 22), announced, emergency)],
        terms=sla.MaintenanceTerms(**terms),
    )
    assert bounds(report.downtime) == minutes(counted, counted, counted)
    expected = {
        ("up", "none"): 1200,
        ("down", "excused"): 240 - counted,
        ("down", "unexcused"): counted - 120,
        ("down", "none"): 120,
    }
    assert report.table() == {key: length * 60 * 10**6 for key, length in expected.items() if length}
    # What is over a cap is the last part of it, and so the outage begins later.
    (outage,) = report.outages()
    assert (outage.span.start, outage.span.end) == (april(8) - counted * MINUTE, april(8))


def test_a_cap_of_the_window_is_used_up_in_the_order_of_time() -> None:
    planned = [
        sla.Maintenance("second", april(7, 14), april(7, 16), april(1)),
        sla.Maintenance("first", april(7, 8), april(7, 9), april(1)),
        sla.Maintenance("overlapping", april(7, 8, 30), april(7, 9, 30), april(1)),
    ]
    report = sla.evaluate_uptime(
        "99%",
        DAY,
        at=DAY.end,
        incidents=[sla.Incident("I-1", april(7, 14), april(7, 15))],
        maintenance=planned,
        terms=sla.MaintenanceTerms(cap_per_window="2h"),
    )
    # 8:00 to 9:30 takes 90 minutes of the two hours; of 14:00 to 16:00 the first 30 are left.
    assert report.table() == {
        ("up", "none"): (1440 - 90 - 120) * 60 * 10**6,
        ("up", "excused"): 90 * 60 * 10**6,
        ("down", "excused"): 30 * 60 * 10**6,
        ("down", "unexcused"): 30 * 60 * 10**6,
        ("up", "unexcused"): 60 * 60 * 10**6,
    }
    assert report.exhausted_at == april(7, 14, 44) + timedelta(seconds=24)


def test_ten_days_of_maintenance_turn_met_into_breached_where_they_are_no_part_of_the_base() -> None:
    report = sla.evaluate_uptime(
        "99%",
        APRIL,
        at=APRIL.end,
        incidents=[sla.Incident("I-1", april(2), april(2, 5))],
        maintenance=[sla.Maintenance("M-1", april(11), april(21), april(1))],
    )
    whole, less = report.reading(), report.reading(base="less_maintenance")
    # 300 minutes down: 1 % of 30 days are 432, and of 20 days 288.
    assert (whole.budget, whole.left, whole.verdict) == (*minutes(432, 132), "met")
    assert (less.budget, less.left, less.verdict) == (*minutes(288, -12), "breached")
    assert whole.availability == 1 - Fraction(300, 43200)
    assert less.availability == 1 - Fraction(300, 28800)
    assert less.spent == Fraction(300, 288)
    assert f"{less.spent:.1%}" == "104.2%"  # 104.1666..., and spent is rounded up
    assert report.verdict == "met"
