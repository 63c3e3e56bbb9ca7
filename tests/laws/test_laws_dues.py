"""Blocks of rows that are asked about again and again: tables of steps say what the calendar says of each row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Calendar, SlaError
from sla_engine.amounts import Amount
from sla_engine.frames.kernels.dues import Dues
from sla_engine.frames.kernels.kernel import Kernel
from sla_engine.instants import to_micros, utc
from sla_engine.testing.strategies import calendars_and_instants

HOUR = 3_600_000_000
DAY = 24 * HOUR
ROME = sla.BusinessCalendar(
    zone="Europe/Rome",
    hours={"mon-fri": ["09:00-13:00", "14:00-18:00"]},
    closures=[(datetime(2026, 3, 5, 9, tzinfo=UTC), datetime(2026, 3, 5, 11, 30, tzinfo=UTC))],
)
NIGHTS = sla.BusinessCalendar(zone="America/New_York", hours={"mon-sun": "22:00-06:00"})
ALWAYS = sla.always_open("UTC")
ASKED: list[tuple[Calendar, Amount]] = [
    *((calendar, sla.business_time(timedelta(microseconds=micros))) for calendar in (ROME, NIGHTS, ALWAYS)
      for micros in (1, 4 * HOUR, 9 * HOUR, 400 * HOUR)),
    (ROME, sla.business_days(5)),
    (NIGHTS, sla.business_days(1)),
    (ROME, sla.business_days(2, due="close")),
    (ROME, sla.business_days(0)),
    (ROME, sla.business_days(-3)),
    (ROME, sla.business_days(-1, due="close")),
    (ROME, sla.calendar_days(3)),
    (NIGHTS, sla.calendar_days(-40)),
    (ROME, sla.calendar_days(0)),
    (NIGHTS, sla.elapsed_time("30h")),
]  # fmt: skip
amounts = st.one_of(
    st.sampled_from([1, HOUR, 4 * HOUR, 9 * HOUR]).map(lambda one: sla.business_time(timedelta(microseconds=one))),
    st.integers(-2 * HOUR, 60 * HOUR).map(lambda one: sla.business_time(timedelta(microseconds=one))),
    st.builds(sla.business_days, st.integers(-3, 6), due=st.sampled_from(["same_time", "close"])),
    st.builds(sla.calendar_days, st.integers(-3, 40)),
    st.integers(-60 * HOUR, 60 * HOUR).map(lambda one: sla.elapsed_time(timedelta(microseconds=one))),
)


def column(values: Sequence[int]) -> Any:
    return np.array(values, dtype=np.int64)


def alone(calendar: Calendar, at: int, amount: Amount) -> int:
    return to_micros(calendar.add(utc(at), amount))


def agree(dues: Dues, asked: Sequence[tuple[Calendar, Amount]], starts: Sequence[int], which: Sequence[int]) -> None:
    """The block says what each row says by itself; or it refuses, as the first row does that has no answer."""
    expected: list[int] = []
    for row, (at, number) in enumerate(zip(starts, which, strict=True)):
        try:
            expected.append(alone(asked[number][0], at, asked[number][1]))
        except SlaError as refusal:
            with pytest.raises(type(refusal)) as error:
                dues.due(column(starts), column(which))
            assert error.value.where.startswith(f"row {row}")
            return
    assert dues.due(column(starts), column(which)).tolist() == expected
    if len(asked) == 1:
        assert dues.due(column(starts)).tolist() == expected


def at_edges(random: np.random.Generator, first: int, last: int, rows: int) -> list[int]:
    since, until = (to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (first, last))
    starts = random.integers(since, until, rows)
    starts[: rows // 2] -= starts[: rows // 2] % HOUR - random.integers(-1, 2, rows // 2)
    return [int(one) for one in starts]


def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no kernel answers, so that only a table can."""

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a kernel was asked")

    for name in ("add", "due", "is_open", "next_opening", "_steps"):
        monkeypatch.setattr(Kernel, name, refused)


@pytest.mark.parametrize("number", range(len(ASKED)), ids=[f"{place} {one[1]}" for place, one in enumerate(ASKED)])
def test_one_amount_beyond_what_was_seen(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(number)
    asked = [ASKED[number]]
    dues = Dues(asked)
    for first, last in ((2026, 2027), (2030, 2031), (2026, 2027), (1999, 2001), (1960, 1961), (2150, 2160)):
        agree(dues, asked, at_edges(random, first, last, 300), [0] * 300)
    unasked(monkeypatch)
    agree(dues, asked, at_edges(random, 2000, 2030, 300), [0] * 300)  # which lie between those


@pytest.mark.parametrize("place", range(3))
def test_several_amounts_in_one_table(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(place)
    asked = ASKED[place::3]
    dues = Dues(asked)
    for first, last in ((2026, 2027), (2024, 2030)):
        agree(dues, asked, at_edges(random, first, last, 2_000), random.integers(0, len(asked), 2_000).tolist())
    unasked(monkeypatch)
    for number in range(len(asked)):
        agree(dues, asked, at_edges(random, 2024, 2030, 50), [number] * 50)
    assert dues.due(column([]), column([])).tolist() == []


@pytest.mark.parametrize(
    ("calendar", "amount", "grid"),
    [
        (ROME, sla.business_time("4h"), HOUR // 2),  # the closure ends at half past
        (ROME, sla.business_days(5), HOUR // 2),
        (NIGHTS, sla.business_time("15m"), HOUR // 4),
        (NIGHTS, sla.calendar_days(3), HOUR),
        (ALWAYS, sla.business_time("4h"), DAY),
        (ROME, sla.business_time("1h 17m 13s"), None),
        (NIGHTS, sla.business_time(timedelta(microseconds=HOUR + 1)), None),
    ],
    ids=str,
)
def test_buckets_are_on_the_grid_of_the_steps_where_that_is_wide_enough(
    calendar: Calendar, amount: Amount, grid: int | None
) -> None:
    asked = [(calendar, amount)]
    dues = Dues(asked)
    agree(dues, asked, at_edges(np.random.default_rng(4), 2025, 2030, 1_000), [0] * 1_000)
    table = dues._table
    assert table is not None
    assert (int(table.width) if table.steps is None else None) == grid
    starts = [table.first + number * HOUR // 4 + beside for number in range(2_000) for beside in (-1, 0, 1)]
    agree(dues, asked, starts[1:], [0] * (len(starts) - 1))
    assert dues._table is table


def test_amounts_of_which_there_is_no_table() -> None:
    for amount in (sla.business_time(timedelta()), sla.business_time(timedelta(hours=-5))):
        asked = [(ROME, amount)]
        agree(Dues(asked), asked, at_edges(np.random.default_rng(3), 2026, 2028, 100), [0] * 100)


@pytest.mark.parametrize("number", range(len(ASKED)), ids=[f"{place} {one[1]}" for place, one in enumerate(ASKED)])
def test_where_the_clock_repeats_and_skips_an_hour_and_where_the_years_end(number: int) -> None:
    asked = [ASKED[number]]
    for day in ((2026, 3, 29), (2026, 10, 25), (2026, 3, 8), (2026, 11, 1)):
        start = to_micros(datetime(*day, tzinfo=UTC))
        agree(Dues(asked), asked, [start + quarter * HOUR // 4 for quarter in range(-8, 48)], [0] * 56)
    first, last = to_micros(datetime(1, 1, 1, tzinfo=UTC)), to_micros(datetime(9999, 12, 31, tzinfo=UTC))
    for at in (first, first + DAY, first + 366 * DAY, first + 368 * DAY, last - 368 * DAY, last - 366 * DAY, last):
        for beside in (0, HOUR):
            agree(Dues(asked), asked, [at + beside], [0])


def test_numbers_that_are_no_instants() -> None:
    start = to_micros(datetime(2026, 3, 4, 12, tzinfo=UTC))
    for at in (2**63 - 1, 1 - 2**63, 2**62, -(2**62), 9 * 10**17, -(10**17)):
        for calendar, amount in ASKED:
            for starts in ([at], [start, at]):
                dues = Dues([(calendar, amount)])
                dues.due(column([start]))
                for asked in (dues, Dues([(calendar, amount)])):
                    with pytest.raises(sla.OutOfRange) as error:
                        asked.due(column(starts))
                    assert error.value.where == f"row {len(starts) - 1}"


def test_rows_before_and_after_a_table_of_several_are_not_those_of_a_neighbour() -> None:
    asked = [(ROME, sla.business_time("4h")), (NIGHTS, sla.business_time("4h")), (ROME, sla.business_days(5))]
    start = to_micros(datetime(2026, 3, 4, 12, tzinfo=UTC))
    for away in (-900 * DAY, -367 * DAY, -366 * DAY - 1, -1, 1, 366 * DAY, 366 * DAY + 1, 380 * DAY, 900 * DAY):
        for number in range(len(asked)):
            dues = Dues(asked)
            agree(dues, asked, [start], [0])
            agree(dues, asked, [start, start + away], [1, number])


def test_an_amount_that_comes_later_is_in_the_table_too() -> None:
    dues = Dues()
    numbers = [dues.number(calendar, amount) for calendar, amount in ASKED[:4]]
    start = to_micros(datetime(2026, 3, 4, 12, tzinfo=UTC))
    agree(dues, ASKED, [start] * 4, numbers)
    more = [dues.number(calendar, amount) for calendar, amount in ASKED[:8]]
    assert more == list(range(8))
    agree(dues, ASKED, [start] * 8, more)


def test_more_amounts_than_a_table_is_made_for() -> None:
    asked = [(ROME, sla.business_time(timedelta(minutes=minutes))) for minutes in range(1, 80)]
    dues = Dues(asked)
    starts = at_edges(np.random.default_rng(2), 2026, 2028, len(asked))
    agree(dues, asked, starts, list(range(len(asked))))


def test_a_row_that_is_refused_is_the_first_one_whatever_its_amount() -> None:
    never = sla.never_open()
    asked = [(ROME, sla.business_time("4h")), (never, sla.business_time("1h")), (never, sla.business_days(1))]
    start = to_micros(datetime(2026, 3, 4, 12, tzinfo=UTC))
    for which in ([0, 0, 2, 1], [0, 1, 2, 0], [0, 0, 0, 0], [2, 2, 2]):
        agree(Dues(asked), asked, [start + hour * HOUR for hour in range(len(which))], which)


@settings(max_examples=60)
@given(data=st.data(), asked=st.lists(amounts, min_size=1, max_size=3), size=st.integers(1, 8))
def test_any_calendars_and_amounts(data: Any, asked: list[Amount], size: int) -> None:
    pairs: list[tuple[Calendar, Amount]] = []
    starts: list[int] = []
    for amount in asked:
        calendar, moments = data.draw(calendars_and_instants(6, horizon=2))
        pairs.append((calendar, amount))
        starts += map(to_micros, moments)
    dues = Dues(pairs)
    numbers = [dues.number(*pair) for pair in pairs]
    starts = data.draw(st.permutations(starts))
    which = [numbers[place % len(numbers)] for place in range(len(starts))]
    for start in range(0, len(starts), size):
        agree(dues, pairs, starts[start : start + size], which[start : start + size])


@settings(max_examples=40)
@given(case=calendars_and_instants(2, horizon=2), amount=amounts)
def test_where_steps_and_tables_begin_and_end(case: Any, amount: Amount) -> None:
    calendar, moments = case
    asked = [(calendar, amount)]
    dues = Dues(asked)
    agree(dues, asked, [to_micros(moments[0])], [0])
    known = dues._table
    if known is None:
        return  # the kernel answers
    wide = int(known.width)
    edges = [known.first, known.last, known.first + known.buckets * wide]
    # Each alone, because a table that reaches further is made where one is beyond.
    for edge in (edge + beside for edge in edges for beside in (-1, 0, 1, wide // 2)):
        dues._table = known
        agree(dues, asked, [edge], [0])
    dues._table = known
    steps = [known.first + wide * number for number in range(300)] if known.steps is None else known.steps[1].tolist()
    inside = [edge + beside for edge in steps[:300] for beside in (-1, 0, 1) if known.first < edge < known.last]
    inside += [edge for window in calendar.timeline.spans(known.first, known.first + 30 * DAY) for edge in window]
    agree(dues, asked, inside, [0] * len(inside))


def test_days_that_are_not_due_between_those_that_are() -> None:
    months = [
        datetime(year, month, 2, 9, tzinfo=UTC) for year in (2023, 2024, 2030, 2031, 2032) for month in range(1, 13)
    ]
    pairs = [(day, day + timedelta(hours=10)) for day in months]
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=pairs, horizon=2)
    middle = [to_micros(datetime(year, 6, 2, hour, tzinfo=UTC)) for year in (2025, 2027, 2029) for hour in (8, 12)]
    ends = [to_micros(datetime(year, 6, 2, 12, tzinfo=UTC)) for year in (2024, 2031)]
    for amount in (sla.business_days(1), sla.business_days(-1), sla.business_time("1h")):
        asked = [(calendar, amount)]
        dues = Dues(asked)
        agree(dues, asked, ends, [0, 0])
        for at in middle:
            agree(dues, asked, [ends[0], at, ends[1]], [0, 0, 0])


def test_of_what_closes_for_good() -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC)
    for hours, zone in ((10, "UTC"), (3, "Europe/Rome")):
        calendar = sla.BusinessCalendar(zone=zone, hours={}, openings=[(day, day + timedelta(hours=hours))], horizon=2)
        for amount in (timedelta(microseconds=1), timedelta(hours=3), timedelta(hours=10), timedelta(hours=11)):
            asked = [(calendar, sla.business_time(amount))]
            dues = Dues(asked)
            for hour in (-30_000, -20_000, -8_000, -1, 0, 1, 2, 7, 8, 9, 10, 11, 9_000):
                for beside in (-1, 0, 1):
                    agree(dues, asked, [to_micros(day) + hour * HOUR + beside], [0])


def test_where_nothing_opens_for_longer_than_the_horizon() -> None:
    early, late = datetime(2026, 3, 2, tzinfo=UTC), datetime(2031, 3, 2, tzinfo=UTC)
    pairs = [(day, day + timedelta(hours=10)) for day in (early, late, late + timedelta(days=9))]
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=pairs, horizon=2)
    for amount in (sla.business_time("1h"), sla.business_time("11h"), sla.business_days(1), sla.business_days(-1)):
        asked = [(calendar, amount)]
        dues = Dues(asked)
        # From the later opening its table would reach back over the years in which nothing is due.
        for day in (late, early):
            for hour in (-30_000, -10_000, -1, 0, 1, 7, 9, 10, 9_000, 20_000):
                agree(dues, asked, [to_micros(day) + hour * HOUR], [0])
