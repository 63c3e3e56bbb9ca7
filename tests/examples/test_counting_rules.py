"""Stories of contracts that do not count all that was down, each worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import sla_engine as sla

DAY = sla.Day(date(2026, 4, 7), zone="UTC")
GOOGLE = sla.CountingRules(unit="1m")
"""Whole minutes in a row, at least one; parts of minutes never count."""
VERTEX_SEARCH = sla.CountingRules(unit="1m", least_outage="10m")
AMAZON = sla.CountingRules(unit="1m", unit_counts="touched")
"""Every minute of the clock in which something was down, the reading that is best for the customer."""
FIVE_MINUTES = sla.CountingRules(unit="5m")
"""The first contract of EC2 counted periods of five minutes that were down throughout."""
FLAPPING = sla.CountingRules(absorb_up="2m", absorb_down="5m")
"""Short times of either kind belong to what is around them, as Checkmk counts."""


def clock(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-04-07T{text}").replace(tzinfo=UTC)


def evaluated(outages: str, rules: sla.CountingRules | None, **more: Any) -> sla.UptimeReport:
    spans = [text.split("-") for text in outages.split()]
    incidents = [sla.Incident(f"I-{n}", clock(start), clock(end)) for n, (start, end) in enumerate(spans, start=1)]
    given = {"period": DAY, "at": DAY.end, **more}
    return sla.evaluate_uptime("99%", incidents=incidents, rules=rules, **given)


def counted(outages: str, rules: sla.CountingRules | None, **more: Any) -> str:
    report = evaluated(outages, rules, **more)
    assert report.downtime.lower == report.downtime.expected == report.downtime.upper
    return str(report.downtime.lower)


def ends_of(report: sla.UptimeReport) -> tuple[timedelta, timedelta]:
    return report.downtime.lower.duration, report.downtime.upper.duration


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        ("10:00:30-10:02:29", "1m"),  # only 10:01 is whole
        ("10:00:30-10:02:30", "1m"),
        ("10:00:00-10:02:00", "2m"),
        ("10:00:01-10:01:59", "0s"),  # 118 seconds, and no minute is whole
        ("10:00:00-10:00:59.999999", "0s"),
        ("10:00:00-10:00:30 10:00:30-10:01:00", "1m"),  # two incidents, one after the other
        ("10:00:00-10:00:30 10:00:31-10:01:00", "0s"),
        ("10:59:20-12:00:40", "1h"),
    ],
)
def test_google_counts_whole_minutes(outages: str, expected: str) -> None:
    assert counted(outages, GOOGLE) == expected


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        ("10:00:00-10:09:59", "0s"),
        ("10:00:00-10:10:00", "10m"),
        ("10:00:30-10:10:30", "0s"),  # ten minutes by duration, but nine whole ones
        ("10:00:30-10:11:29", "10m"),
        ("10:00:00-10:05:00 10:05:00-10:10:00", "10m"),
        ("10:00:00-10:06:00 10:07:00-10:13:00", "0s"),  # twelve minutes, but not in a row
        ("10:00:00-10:06:00 10:06:01-10:12:00", "0s"),  # a second breaks it
        ("10:00:00-10:12:00 11:00:00-11:09:00 12:00:00-12:30:00", "42m"),
    ],
)
def test_ten_minutes_in_a_row(outages: str, expected: str) -> None:
    assert counted(outages, VERTEX_SEARCH) == expected


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        ("10:00:30-10:02:29", "3m"),  # 10:00, 10:01 and 10:02
        ("10:00:59-10:01:01", "2m"),
        ("10:00:10-10:00:11", "1m"),
        ("10:00:10-10:00:11 10:00:40-10:00:50", "1m"),  # a minute counts once
        ("10:00:00-10:01:00", "1m"),  # its end is not in it
    ],
)
def test_amazon_counts_minutes_of_the_clock(outages: str, expected: str) -> None:
    assert counted(outages, AMAZON) == expected


def test_periods_of_five_minutes() -> None:
    # From 10:05 to 10:15 two of them are whole; by the clock it was down for 18 minutes.
    assert counted("10:01:00-10:19:00", FIVE_MINUTES) == "10m"
    assert counted("10:01:00-10:09:59", FIVE_MINUTES) == "0s"


def test_azure_counts_a_minute_where_all_attempts_failed() -> None:
    # Three attempts a minute, 20 seconds apart. In 10:01 and 10:02 all fail, in 10:00 and 10:03 some do not.
    failed = {clock("10:00:40"), *(clock("10:01:00") + timedelta(seconds=20 * n) for n in range(6)), clock("10:03:00")}
    made = [clock("09:00:00") + timedelta(seconds=20 * number) for number in range(361)]
    rows = [(at, 1, int(at in failed)) for at in made]
    log = sla.RequestLog.of(rows, every="20s", gate=sla.RequestGate())
    hours = sla.Rolling(clock("11:00:00"), timedelta(hours=2))
    known: dict[str, Any] = {"period": hours, "at": clock("11:00:00"), "requests": log}
    assert sla.evaluate_uptime("99%", rules=GOOGLE, **known).downtime.lower == timedelta(minutes=2)
    # From 10:00:40 to 10:03:20 it is 160 seconds without the rule.
    assert sla.evaluate_uptime("99%", **known).downtime.lower == timedelta(seconds=160)


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        # Up for a minute between two outages is down, as if it had been one: seven minutes.
        ("10:00-10:03 10:04-10:07", "7m"),
        # Up for two minutes is up, and each of the outages is too short to count.
        ("10:00-10:03 10:05-10:08", "0s"),
        ("10:00-10:05 10:07-10:12", "10m"),
        # Down for a minute, and up for one, five times: nine minutes.
        ("10:00-10:01 10:02-10:03 10:04-10:05 10:06-10:07 10:08-10:09", "9m"),
        # Twice only: three minutes, which do not count.
        ("10:00-10:01 10:02-10:03", "0s"),
        ("10:00-10:05", "5m"),
        ("10:00-10:04:59", "0s"),
    ],
)
def test_flapping_is_absorbed_both_ways(outages: str, expected: str) -> None:
    assert counted(outages, FLAPPING) == expected


def test_breaks_are_filled_before_outages_are_dropped_and_units_are_counted_before_the_last_rule() -> None:
    # 10:00:30 to 10:05:30 with a break of 30 seconds: filled, it has four whole minutes.
    outages = "10:00:30-10:02:40 10:03:10-10:05:30"
    assert counted(outages, sla.CountingRules(absorb_up="1m", absorb_down="5m", unit="1m")) == "4m"
    # By whole minutes 10:01 and 10:04 are down; the one outage of five minutes would be two.
    assert counted(outages, GOOGLE) == "2m"
    assert counted(outages, sla.CountingRules(absorb_down="5m", unit="1m")) == "0s"
    # Four whole minutes are no outage of five minutes any more.
    assert counted(outages, sla.CountingRules(absorb_up="1m", unit="1m", least_outage="5m")) == "0s"
    assert counted(outages, sla.CountingRules(absorb_up="1m", unit="1m", least_outage="4m")) == "4m"
    # And minutes that it touched are six, which are.
    touched = sla.CountingRules(absorb_down="3m", unit="1m", unit_counts="touched", least_outage="6m")
    assert counted("10:00:30-10:05:30", touched) == "6m"
    assert counted("10:00:30-10:03:20", touched) == "0s"


def test_excused_work_ends_an_outage() -> None:
    works = [sla.Maintenance("M-1", clock("10:06"), clock("10:20"), announced_at=clock("00:00"))]
    # Six minutes before and eight after: neither is ten in a row, and together they are not one.
    assert counted("10:00-10:28", VERTEX_SEARCH) == "28m"
    assert counted("10:00-10:28", VERTEX_SEARCH, maintenance=works) == "0s"
    assert counted("10:00-10:30", VERTEX_SEARCH, maintenance=works) == "10m"
    # Nor is it absorbed.
    assert counted("10:00-10:06 10:20-10:26", sla.CountingRules(absorb_up="1h"), maintenance=works) == "12m"
    # Work that is not excused changes nothing.
    assert counted(
        "10:00-10:28", VERTEX_SEARCH, maintenance=[sla.Maintenance("M-1", clock("10:06"), clock("10:20"))]
    ) == ("28m")


def test_an_outage_over_midnight_counts_for_its_length_on_both_days() -> None:
    # Twelve minutes, four of them on the day before and eight on the day: by themselves neither would count.
    outage = sla.Incident("I-1", DAY.start - timedelta(minutes=4), DAY.start + timedelta(minutes=8))
    days = [
        sla.evaluate_uptime("99%", day, at=DAY.end, incidents=[outage], rules=VERTEX_SEARCH).downtime.lower
        for day in (DAY.previous(), DAY)
    ]
    assert days == [timedelta(minutes=4), timedelta(minutes=8)]


@pytest.mark.parametrize(
    ("outages", "rules", "window", "expected"),
    [
        # Half of the minute 10:00 is in the window, and it was down throughout.
        ("10:00:00-10:02:00", GOOGLE, "10:00:30-11:00:00", "1m30s"),
        ("10:00:00-10:02:00", GOOGLE, "09:00:00-10:00:30", "30s"),
        # Touched by what was before the window began.
        ("10:00:10-10:00:20", AMAZON, "10:00:30-11:00:00", "30s"),
        # Six minutes, with a break of one that is filled; one minute of them is in the window.
        ("09:55-09:57 09:58-10:01", FLAPPING, "10:00:00-11:00:00", "1m"),
        ("09:59-10:02 10:03-10:05", FLAPPING, "09:00:00-10:00:00", "1m"),
        # The break is five minutes before the window: without what was before it the outage is ten seconds too short.
        ("09:50:00-09:54:30 09:55:30-10:00:20", FLAPPING, "10:00:00-11:00:00", "20s"),
        ("09:59:40-10:04:30 10:05:30-10:10:00", FLAPPING, "09:00:00-10:00:00", "20s"),
        # Ten whole minutes, the last of which ends more than nine and a half after the window.
        ("10:00-10:10", sla.CountingRules(unit="1m", least_outage="9m30s"), "09:00:00-10:00:10", "10s"),
        # Filled, it is ten minutes long; and the last of them ends later than any one rule looks.
        (
            "10:00-10:05 10:06-10:10",
            sla.CountingRules(absorb_up="2m", absorb_down="4m", unit="5m", least_outage="9m"),
            "09:00:00-10:00:10",
            "10s",
        ),
    ],
)
def test_what_is_outside_of_a_window_decides_on_what_is_in_it(
    outages: str, rules: sla.CountingRules, window: str, expected: str
) -> None:
    start, end = map(clock, window.split("-"))
    assert counted(outages, rules, period=sla.Rolling(end, end - start), at=DAY.end) == expected


def test_an_outage_that_goes_on_may_still_come_to_count() -> None:
    # Seven minutes ago it began. If it is up at once it does not count; else all of it does, and what is to come.
    began = sla.Incident("I-1", clock("10:00"))
    report = sla.evaluate_uptime("99%", DAY, at=clock("10:07"), incidents=[began], rules=VERTEX_SEARCH)
    to_come = timedelta(hours=13, minutes=53)
    assert ends_of(report) == (timedelta(0), timedelta(minutes=7) + to_come)
    assert {one.state for one in report.stretches} == {"up", "uncertain", "not_yet"}
    report = report.as_of(clock("10:10"))
    assert report.downtime.lower == timedelta(minutes=10)
    # Five seconds later five seconds of a minute are down, of which nobody knows yet whether it will be whole.
    report = report.as_of(clock("10:10:05"))
    assert report.downtime.lower == timedelta(minutes=10)
    assert report.downtime.upper == timedelta(minutes=10, seconds=5) + timedelta(hours=13, minutes=49, seconds=55)


def test_what_probes_leave_open_stays_open() -> None:
    # Probes each minute; those from 10:01 to 10:10 failed: down for nine minutes, and at most for eleven.
    failed = {clock(f"10:{minute:02}") for minute in range(1, 11)}
    made = [DAY.start + timedelta(minutes=number) for number in range(1441)]
    log = sla.ProbeLog.of([(at, at not in failed) for at in made], every="1m")
    report = evaluated("", VERTEX_SEARCH, probes=log)
    assert ends_of(report) == (timedelta(0), timedelta(minutes=11))
    assert report.downtime.expected == timedelta(minutes=5.5)
    assert report.outages() == ()
    # One more, and it is certain that it counts.
    log = sla.ProbeLog.of([(at, at not in failed | {clock("10:11")}) for at in made], every="1m")
    report = evaluated("", VERTEX_SEARCH, probes=log)
    assert ends_of(report) == (timedelta(minutes=10), timedelta(minutes=12))


def test_a_part_of_the_service_counts_for_its_part() -> None:
    third = sla.Incident("I-1", clock("10:00:30"), clock("10:03:30"), "1/3")
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=[third], rules=GOOGLE)
    assert report.downtime.lower == report.downtime.upper == timedelta(seconds=40)


def test_what_does_not_count_keeps_its_name() -> None:
    report = evaluated("10:00:30-10:02:29", GOOGLE)
    said = [(one.state, one.source) for one in report.stretches]
    assert said == [("up", ""), ("up", "I-1"), ("down", "I-1"), ("up", "I-1"), ("up", "")]
    assert [str(one.downtime.lower) for one in report.outages()] == ["1m"]


# --- one outage that is too long -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outages", "allowed", "longest", "verdict"),
    [
        # 14 minutes 24 seconds are the budget of a day at 99 %.
        ("10:00-10:10", "10m", "10m", "met"),
        ("10:00-10:10", "9m59s", "10m", "breached"),
        ("10:00-10:06 11:00-11:06", "6m", "6m", "met"),
        ("10:00-10:06 11:00-11:10", "10m", "10m", "breached"),  # sixteen minutes are over the budget
    ],
)
def test_how_long_one_outage_may_last(outages: str, allowed: str, longest: str, verdict: str) -> None:
    report = evaluated(outages, None, longest_outage=allowed)
    reading = report.reading()
    assert reading.longest_outage is not None
    assert str(reading.longest_outage.lower) == str(reading.longest_outage.upper) == longest
    assert (report.verdict, str(report.longest_allowed)) == (verdict, allowed)


def test_what_probes_know_of_the_longest_outage() -> None:
    # Two failed probes of five minutes: five minutes for certain, and less than fifteen.
    failed = {clock("10:00"), clock("10:05")}
    made = [DAY.start + timedelta(minutes=5 * number) for number in range(289)]
    log = sla.ProbeLog.of([(at, at not in failed) for at in made], every="5m")
    found = {
        allowed: sla.evaluate_uptime("90%", DAY, at=DAY.end, probes=log, longest_outage=allowed).verdict
        for allowed in ("4m59s", "5m", "14m59s", "15m")
    }
    assert found == {"4m59s": "breached", "5m": "undecided", "14m59s": "undecided", "15m": "met"}
