"""Laws of sampling: what regular probes record of an outage they do not see begin; and months that add up to years."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine import (
    Downtime,
    DowntimeBounds,
    Incident,
    Maintenance,
    MaintenanceTerms,
    Month,
    Period,
    ProbeLog,
    Quarter,
    Rolling,
    UptimeReport,
    Year,
    evaluate_uptime,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = 10**6
Outages = Sequence[tuple[int, int]]


def seconds_after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def recorded(outages: Outages, spacing: int, phase: int, seconds: int) -> DowntimeBounds:
    """What probes every so many seconds, the first of them at a phase, record of outages."""
    return reported(outages, spacing, phase, seconds).downtime


def reported(outages: Outages, spacing: int, phase: int, seconds: int) -> UptimeReport:
    times = range(phase - 3 * spacing, seconds + 4 * spacing, spacing)
    rows = [(seconds_after(at), not any(start <= at < end for start, end in outages)) for at in times]
    window = Rolling(seconds_after(seconds), timedelta(seconds=seconds))
    log = ProbeLog.of(rows, every=f"{spacing}s")
    report = evaluate_uptime("99%", window, at=seconds_after(seconds + 9 * spacing), probes=log)
    assert report.coverage == 1
    return report


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def variance(values: Sequence[Fraction]) -> Fraction:
    return mean([(one - mean(values)) ** 2 for one in values])


# --- one outage, at every phase --------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(0, 90), st.integers(0, 60))
def test_over_all_phases_one_outage_is_recorded_right_on_average(spacing: int, length: int, begins: int) -> None:
    start = spacing + begins
    seconds = start + length + 2 * spacing
    found = [
        recorded([(start, start + length)], spacing, phase, seconds).expected.micros / SECOND
        for phase in range(spacing)
    ]
    rest = length % spacing
    assert mean(found) == length
    assert variance(found) == rest * (spacing - rest)
    # It is found with the chance D/I, and for certain if it lasts for a spacing.
    assert Fraction(sum(one > 0 for one in found), spacing) == min(Fraction(length, spacing), Fraction(1))


@given(st.integers(2, 40), st.integers(1, 90), st.integers(0, 60))
def test_an_outage_that_is_seen_has_half_a_spacing_of_error(spacing: int, length: int, begins: int) -> None:
    start = spacing + begins
    seconds = start + length + 2 * spacing
    found = [reported([(start, start + length)], spacing, phase, seconds) for phase in range(spacing)]
    seen = [one.sampling_error.micros for one in found if one.downtime.upper]
    assert set(seen) == {Fraction(spacing * SECOND, 2)}
    assert {one.sampling_error.micros for one in found if not one.downtime.upper} <= {0}
    rest = length % spacing
    assert seen[0] ** 2 >= rest * (spacing - rest) * SECOND**2


@given(st.integers(1, 12), st.integers(2, 30), st.integers(1, 30))
def test_the_sampling_error_grows_with_the_root_of_the_number_of_outages(count: int, spacing: int, more: int) -> None:
    # Each lasts for a spacing or longer, so each is seen; between two of them there are good probes.
    length = spacing + more
    outages = [(4 * spacing + number * (length + 4 * spacing), 0) for number in range(count)]
    outages = [(start, start + length) for start, _ in outages]
    error = reported(outages, spacing, 1, outages[-1][1] + 5 * spacing).sampling_error.micros
    exact = Fraction(count * (spacing * SECOND) ** 2, 4)
    assert (error - 1) ** 2 < exact <= error**2


@pytest.mark.parametrize(
    ("spacing", "length", "expected"), [(5, 2, 6), (5, 5, 0), (5, 7, 6), (4, 2, 4), (300, 90, 18900)]
)
def test_the_variance_by_hand(spacing: int, length: int, expected: int) -> None:
    # r(I - r): 2 of 5 is 2*3; a whole spacing is recorded exactly; 90 s of 5 min is 90*210.
    seconds = 3 * spacing + length
    found = [
        recorded([(spacing, spacing + length)], spacing, phase, seconds).expected.micros / SECOND
        for phase in range(spacing)
    ]
    assert mean(found) == length
    assert variance(found) == expected


@given(st.integers(2, 6), st.integers(0, 15), st.integers(0, 15))
@settings(max_examples=25)
def test_of_two_outages_apart_with_phases_of_their_own_the_variances_add_up(
    spacing: int, first: int, second: int
) -> None:
    # The probes stay where they are, and each outage begins anywhere in a spacing of its own.
    found = []
    later = (first // spacing + 4) * spacing
    seconds = later + second + 3 * spacing
    for one, other in product(range(spacing), repeat=2):
        outages = [(spacing + one, spacing + one + first), (later + other, later + other + second)]
        found.append(recorded(outages, spacing, 0, seconds).expected.micros / SECOND)
    assert mean(found) == first + second
    assert variance(found) == sum((length % spacing) * (spacing - length % spacing) for length in (first, second))
    # No more than half a spacing times the root of their number, as a standard deviation.
    assert variance(found) <= Fraction(spacing, 2) ** 2 * 2


# --- many outages, as long and as far apart as a spacing -------------------------------------------------------------


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6), st.data())
def test_where_the_state_flips_once_at_most_the_truth_is_between_the_bounds(
    spacing: int, more: list[tuple[int, int]], data: st.DataObject
) -> None:
    outages, at = [], data.draw(st.integers(-2 * spacing, 2 * spacing))
    for up, down in more:
        start = at + spacing + up
        at = start + spacing + down
        outages.append((start, at))
    seconds = data.draw(st.integers(1, max(at + spacing, 1)))
    true = sum(max(min(end, seconds) - max(start, 0), 0) for start, end in outages)
    truly = Downtime(true * SECOND)
    found = [recorded(outages, spacing, phase, seconds) for phase in range(spacing)]
    assert all(one.lower <= truly <= one.upper for one in found)
    # Half of what is uncertain lies in the middle, and is never off by more than half a spacing at each edge.
    for one in found:
        assert 2 * one.expected.micros == one.lower.micros + one.upper.micros
        assert abs(one.expected.micros - truly.micros) * 2 <= one.upper.micros - one.lower.micros
        assert (one.upper - one.lower).micros <= 2 * len(outages) * spacing * SECOND
    if outages and outages[0][0] - spacing >= 0 and outages[-1][1] + spacing <= seconds:
        assert mean([one.expected.micros for one in found]) == truly.micros


# --- windows that make up another ------------------------------------------------------------------------------------


def a_life(seed: int, period: Period) -> dict[str, Any]:
    """What is told of a service over a period and beyond, drawn at random: probes, incidents, and maintenance."""
    random = Random(seed)  # noqa: S311  (much is drawn of it, and quickly)
    begin = period.start.astimezone(UTC) - timedelta(days=3)
    minutes = int((period.duration + timedelta(days=6)) / timedelta(minutes=1))

    def some(count: int) -> list[datetime]:
        return [begin + timedelta(minutes=random.randrange(minutes)) for _ in range(count)]

    every: Any = random.choice(["10h", [(begin, "7h"), (some(1)[0], "31h")]])
    places = tuple(
        ProbeLog.of(
            [(begin + timedelta(minutes=at), random.random() < 0.7) for at in random.sample(range(minutes), count)],
            every=every,
            gap=4,
            location=f"place {number}",
        )
        for number, count in enumerate(random.choices([0, 40, 400, 900], k=random.randrange(3)))
    )
    return {
        "at": some(1)[0] if random.random() < 0.5 else period.end,
        "probes": places,
        "incidents": [
            Incident(
                f"I-{number}",
                start,
                start + timedelta(minutes=random.randrange(60_000)),
                random.choice(["1", "1/3", "50%"]),
                random.choice([None, *some(1)]),
            )
            for number, start in enumerate(some(9))
        ],
        "maintenance": [
            Maintenance(
                f"M-{number}",
                start,
                start + timedelta(minutes=random.randrange(9000)),
                random.choice([None, start - timedelta(minutes=random.randrange(90))]),
            )
            for number, start in enumerate(some(9))
        ],
        # No cap for the window: a year's would be another than twelve months'.
        "terms": MaintenanceTerms(notice="30m", cap_per_event=random.choice([None, "40h"])),
    }


def whole_and_parts(whole: Period, parts: Sequence[Period], seed: int) -> tuple[UptimeReport, list[UptimeReport]]:
    told = a_life(seed, whole)
    return evaluate_uptime("99.9%", whole, **told), [evaluate_uptime("99.9%", part, **told) for part in parts]


def add_up(report: UptimeReport, parts: Sequence[UptimeReport]) -> None:
    assert parts[0].period.start == report.period.start
    assert parts[-1].period.end == report.period.end
    table: Counter[Any] = Counter()
    for part in parts:
        table.update(part.table())
    assert report.table() == dict(table)
    readings = [part.readings() for part in parts]
    for number, reading in enumerate(report.readings()):
        each = [one[number] for one in readings]
        for bound in ("lower", "expected", "upper"):
            amounts = [getattr(one.downtime, bound) for one in each]
            assert sum(amounts, Downtime()) == getattr(reading.downtime, bound)
        assert sum((one.budget for one in each), Downtime()) == reading.budget
        assert sum((one.left for one in each), Downtime()) == reading.left
        assert sum(one.base_micros for one in each) == reading.base_micros
    assert report.longest_unseen >= max(part.longest_unseen for part in parts)


def months_of(year: int, zone: str) -> list[Period]:
    return [Month(year, number, zone=zone) for number in range(1, 13)]


def quarters_of(year: int, zone: str) -> list[Period]:
    return [Quarter(year, number, zone=zone) for number in range(1, 5)]


YEARS = [
    (2026, "Europe/Rome", 365),
    (2024, "America/New_York", 366),
    (2026, "Australia/Lord_Howe", 365),
    (2028, "UTC", 366),
    (2011, "Pacific/Apia", 364),
]


@pytest.mark.parametrize("parts_of", [months_of, quarters_of])
@pytest.mark.parametrize(("year", "zone", "days"), YEARS)
@given(st.integers(0, 10**9))
@settings(max_examples=10)
def test_months_and_quarters_add_up_to_the_year(
    year: int, zone: str, days: int, parts_of: Callable[[int, str], list[Period]], seed: int
) -> None:
    whole = Year(year, zone=zone)
    # Samoa went without 30 December 2011, and changed the clock by an hour on another day.
    assert round(whole.duration / timedelta(days=1)) == days
    report, parts = whole_and_parts(whole, parts_of(year, zone), seed)
    add_up(report, parts)
    assert sum(report.table().values()) == whole.duration / timedelta(microseconds=1)


@pytest.mark.parametrize("zone", ["Europe/Rome", "Australia/Lord_Howe"])
@pytest.mark.parametrize("first_month", [4, 7, 10])
@given(st.integers(0, 10**9))
@settings(max_examples=10)
def test_so_do_those_of_fiscal_years(zone: str, first_month: int, seed: int) -> None:
    whole = Year.containing(datetime(2026, 3, 2, tzinfo=UTC), zone=zone, first_month=first_month)
    assert whole.start.date() == date(2025, first_month, 1)
    months: list[Period] = []
    month = Month.containing(whole.start, zone=zone)
    while month.start in whole:
        months.append(month)
        month = month.next()
    assert len(months) == 12
    report, parts = whole_and_parts(whole, months, seed)
    add_up(report, parts)
    quarter = Quarter.containing(whole.start, zone=zone, first_month=first_month)
    quarters: list[Period] = [quarter]
    for _ in range(3):
        quarter = quarter.next()
        quarters.append(quarter)
    add_up(*whole_and_parts(whole, quarters, seed))
