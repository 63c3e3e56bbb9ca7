"""Published numbers about probes, incidents and monitors (../shared/data/vectors/uptime.json)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

import sla_engine as sla

Case = dict[str, Any]
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def cases(read_json: Callable[[str], Any]) -> dict[str, Case]:
    data = read_json("vectors/uptime.json")
    return {case["id"]: case for case in [*data["cases"], *data["derived_cases"]]}


def minutes(amount: str | int | Fraction) -> sla.Downtime:
    return sla.Downtime(Fraction(amount) * 60 * 10**6)


def evaluated(length: timedelta, **known: Any) -> sla.UptimeReport:
    end = START + length
    return sla.evaluate_uptime("99%", sla.Rolling(end, length), at=end, **known)


def at_time(text: str) -> datetime:
    hour, minute, second = ([int(part) for part in text.split(":")] + [0])[:3]
    return START.replace(hour=hour, minute=minute, second=second)


def sampled(outage: timedelta, spacing: timedelta, phase: timedelta) -> sla.UptimeReport:
    """An outage two spacings after the start, and probes that come some time after the start and then regularly."""
    begin = START + 2 * spacing
    times = [START - spacing + phase + spacing * number for number in range(8 + outage // spacing)]
    log = sla.ProbeLog.of([(at, not begin <= at < begin + outage) for at in times], every=spacing)
    window = sla.Rolling(START + 5 * spacing + outage, 5 * spacing + outage)
    return sla.evaluate_uptime("99%", window, at=START + timedelta(days=1), probes=log)


def test_a_run_of_failed_probes_has_bounds(cases: dict[str, Case]) -> None:
    case = cases["D022"]
    found = re.fullmatch(r"(\d+) < d < (\d+), expected (\d+)", case["expected"])
    assert found
    spacing, failed = timedelta(minutes=case["input"]["interval_min"]), case["input"]["run_of_failed"]
    rows = [(START + spacing * number, not 2 <= number < 2 + failed) for number in range(5 + failed)]
    report = evaluated(spacing * (4 + failed), probes=sla.ProbeLog.of(rows, every=spacing))
    low, high, expected = (minutes(one) for one in found.groups())
    assert (report.downtime.lower, report.downtime.expected, report.downtime.upper) == (low, expected, high)


def test_the_bounds_of_an_outage_that_its_source_adds_up_wrongly(cases: dict[str, Case]) -> None:
    case = cases["U160"]
    rows = [(at_time(text.split()[0]), text.endswith("ok")) for text in case["input"]["probes"]]
    assert [up for _, up in rows] == [True, False, False, False, True]
    log = sla.ProbeLog.of(rows, every=timedelta(minutes=case["input"]["interval_min"]))
    end = rows[-1][0]
    report = sla.evaluate_uptime("99%", sla.Rolling(end, end - rows[0][0]), at=end, probes=log)
    assert report.downtime.lower == minutes(case["exact_fraction"]) == minutes(30)
    assert report.downtime.lower != minutes(case["printed"])
    # "expected 45; upper 60", says its note.
    assert (report.downtime.expected, report.downtime.upper) == (minutes(45), minutes(60))


def test_an_outage_shorter_than_the_spacing_is_recorded_without_bias(cases: dict[str, Case]) -> None:
    case = cases["D024"]
    found = re.fullmatch(r"P\(detected\)=([\d.]+); E\[recorded\]=([\d.]+); var=([\d.]+)", case["expected"])
    assert found
    chance, mean, variance = map(Fraction, found.groups())
    spacing, outage = (timedelta(minutes=case["input"][name]) for name in ("interval_min", "outage_min"))
    # Every second of the spacing is a phase as likely as the others.
    phases = range(0, int(spacing / timedelta(seconds=1)), 1)
    recorded = [
        sampled(outage, spacing, timedelta(seconds=one)).downtime.expected.micros / (60 * 10**6) for one in phases
    ]
    assert Fraction(sum(one > 0 for one in recorded), len(phases)) == chance
    assert sum(recorded) / len(phases) == mean
    assert sum((one - mean) ** 2 for one in recorded) / len(phases) == variance


@pytest.mark.parametrize("name", ["U157", "U158"])
def test_the_chance_that_a_probe_sees_an_outage(name: str, cases: dict[str, Case]) -> None:
    case = cases[name]
    spacing, outage = (timedelta(seconds=case["input"][key]) for key in ("interval_s", "outage_s"))
    phases = range(case["input"]["interval_s"])
    seen = sum(bool(sampled(outage, spacing, timedelta(seconds=one)).downtime.upper) for one in phases)
    assert Fraction(100 * seen, len(phases)) == Fraction(case["exact_fraction"])


def test_the_delay_until_a_probe_sees_an_outage(cases: dict[str, Case]) -> None:
    case = cases["U159"]
    spacing = timedelta(minutes=case["input"]["interval_min"])
    begin = START + 2 * spacing
    # Each second of the spacing is as likely as the others, and its middle stands for it.
    phases = [timedelta(seconds=one, milliseconds=500) for one in range(int(spacing / timedelta(seconds=1)))]
    delays = []
    for phase in phases:
        report = sampled(3 * spacing, spacing, phase)
        first = next(one.start for one in report.stretches if one.state == "down")
        delays.append(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=first) - begin)
    assert (min(delays), max(delays)) == (phases[0], phases[-1])
    assert sum(delays, timedelta()) / len(delays) == minutes(case["exact_fraction"])


def test_overlapping_incidents_are_their_union(cases: dict[str, Case]) -> None:
    case = cases["D031"]
    spans = [[at_time(end) for end in text.split("-")] for text in case["input"]["incidents"]]
    incidents = [sla.Incident(f"I-{number}", begin, end) for number, (begin, end) in enumerate(spans)]
    report = evaluated(timedelta(hours=2), incidents=incidents)
    assert report.downtime.lower == report.downtime.upper == minutes(case["expected"])
    assert sum((end - start for start, end in spans), timedelta()) == 125 * MINUTE  # as others count


def test_an_outage_by_its_duration(cases: dict[str, Case]) -> None:
    case = cases["D035"]
    begin, end = (at_time(text) for text in case["input"]["outage"].split("-"))
    report = evaluated(timedelta(hours=1), incidents=[sla.Incident("I-1", begin, end)])
    assert "119 s by duration" in case["unit"]
    assert report.downtime.expected == timedelta(seconds=119)
    # By whole minutes of the clock, as its rule says.
    assert case["input"]["rule"] == ">=1 consecutive whole minute"
    whole = evaluated(
        timedelta(hours=1), incidents=[sla.Incident("I-1", begin, end)], rules=sla.CountingRules(unit="1m")
    )
    assert whole.downtime.lower == whole.downtime.upper == minutes(case["expected"])
    assert [(one.start, one.duration) for one in (outage.span for outage in whole.outages())] == [
        (at_time("10:01"), MINUTE)
    ]


def test_two_groups_of_which_any_takes_all_down(cases: dict[str, Case]) -> None:
    case = cases["U085"]
    given = case["input"]
    first = START + 60 * MINUTE
    second = first + (given["downtime_min_group_a"] - given["overlap_min"]) * MINUTE
    incidents = [
        sla.Incident("a", first, first + given["downtime_min_group_a"] * MINUTE),
        sla.Incident("b", second, second + given["downtime_min_group_b"] * MINUTE),
    ]
    report = evaluated(given["window_min"] * MINUTE, incidents=incidents)
    assert report.availability == Fraction(case["exact_fraction"]) / 100


def test_monitors_of_which_any_takes_all_down(cases: dict[str, Case]) -> None:
    case = cases["U088"]
    given = case["input"]
    incidents = [
        sla.Incident(f"{name}-{period}", START + (period - 1) * MINUTE, START + period * MINUTE)
        for name, periods in given["monitors"].items()
        for period in periods
    ]
    report = evaluated(given["periods"] * MINUTE, incidents=incidents)
    assert report.availability == Fraction(case["exact_fraction"]) / 100


def test_ten_short_outages_of_which_probes_may_see_nothing(cases: dict[str, Case]) -> None:
    case = cases["U093"]
    day = sla.Day(date(2026, 3, 2), zone="UTC")
    begin = day.start
    length = case["input"]["window_min"] * MINUTE
    # Ten of two minutes, says its note, and a monitor that looks every five.
    outages = [begin + timedelta(days=2 * number, hours=5, minutes=1) for number in range(10)]
    assert 2 * len(outages) == case["input"]["downtime_min"]
    incidents = [sla.Incident(at.isoformat(), at, at + 2 * MINUTE) for at in outages]
    times = [begin + 5 * MINUTE * number for number in range(length // (5 * MINUTE) + 1)]
    log = sla.ProbeLog.of([(at, not any(one <= at < one + 2 * MINUTE for one in outages)) for at in times], every="5m")
    window = sla.Rolling(begin + length, length)
    said = sla.evaluate_uptime("99%", window, at=begin + length, incidents=incidents)
    seen = sla.evaluate_uptime("99%", window, at=begin + length, probes=log)
    assert said.availability == Fraction(case["exact_fraction"]) / 100
    assert seen.availability == 1
    assert seen.downtime.upper == timedelta()
    # Nothing of it was seen, and nothing of it is as long as what would have been.
    assert seen.longest_unseen == 5 * MINUTE
