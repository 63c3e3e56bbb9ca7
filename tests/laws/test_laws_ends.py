"""Every question ends: with an answer, or with an error that says how much there was."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine import (
    BusinessCalendar,
    Calendar,
    HolidayDates,
    NeverCloses,
    NeverDue,
    NeverOpens,
    OutOfRange,
    always_open,
    business_days,
    never_open,
)
from sla_engine.instants import to_micros, years_later
from sla_engine.testing.strategies import calendars, durations, instants_near, zones

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
moments = instants_near(always_open())
some = durations(min_value=timedelta.resolution)


def assert_never(calendar: Calendar, at: datetime, amount: timedelta) -> None:
    for question in (calendar.add, calendar.subtract, calendar.resumes_at):
        with pytest.raises(NeverDue) as error:
            question(at, amount)
        assert error.value.calendar == calendar
        assert to_micros(error.value.start) == to_micros(at)
        assert error.value.available == timedelta()
        assert error.value.asked == amount
    for search in (calendar.next_opening, calendar.previous_opening):
        with pytest.raises(NeverOpens):
            search(at)
    for search in (calendar.next_closing, calendar.previous_closing):
        with pytest.raises(NeverCloses):
            search(at)
    with pytest.raises(NeverDue):
        calendar.add(at, business_days(1))
    with pytest.raises(NeverDue):
        calendar.add(at, business_days(-1))


@given(zones(), moments, moments, some)
def test_a_calendar_that_never_opens_says_so_and_has_no_time(
    zone: str, at: datetime, other: datetime, amount: timedelta
) -> None:
    for calendar in (never_open(zone), never_open(zone) & always_open(), never_open(zone) - always_open(zone)):
        assert calendar.elapsed(at, other) == timedelta()
        assert not calendar.is_open(at)
        assert calendar.add(at, timedelta()) == at
        assert calendar.business_days_between(at, other) == 0
        assert_never(calendar, at, amount)


def test_a_calendar_that_can_be_seen_never_to_open_answers_at_once() -> None:
    start = time.perf_counter()
    calendar = never_open().model_copy(update={"horizon": 7000})
    assert_never(calendar, AT, HOUR)
    assert time.perf_counter() - start < 1


@given(moments, some, st.integers(1, 4))
def test_a_calendar_that_turns_out_never_to_open_says_so_at_the_horizon(
    at: datetime, amount: timedelta, horizon: int
) -> None:
    mondays = BusinessCalendar(zone="UTC", hours={"mon": "09:00-17:00"}, horizon=horizon)
    tuesdays = BusinessCalendar(zone="UTC", hours={"tue": "09:00-17:00"}, horizon=horizon)
    for calendar in (mondays & tuesdays, mondays - mondays):
        assert_never(calendar, at, amount)


@given(calendars(hours=st.just({}), horizon=3), some)
def test_finite_time_can_be_used_up_and_no_more(calendar: BusinessCalendar, amount: timedelta) -> None:
    start, end = datetime(2023, 12, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
    there = calendar.elapsed(start, end)
    if not there:
        return
    spans = list(calendar.open_spans(start, end))
    assert calendar.add(start, there) == spans[-1].end
    assert calendar.subtract(end, there) == spans[0].start
    for question, at in ((calendar.add, start), (calendar.subtract, end)):
        with pytest.raises(NeverDue) as error:
            question(at, there + amount)
        assert error.value.available == there
        assert error.value.asked == there + amount
    with pytest.raises(NeverOpens):
        calendar.next_opening(spans[-1].start + timedelta.resolution)
    with pytest.raises(NeverCloses):
        calendar.next_closing(spans[-1].end)
    with pytest.raises(NeverOpens):
        calendar.previous_opening(spans[0].start - timedelta.resolution)
    with pytest.raises(NeverCloses):
        calendar.previous_closing(spans[0].start)
    with pytest.raises(NeverOpens):
        calendar.resumes_at(start, there)
    with pytest.raises(NeverDue):
        calendar.add_business_days(start, 1000)


@given(zones(), moments, st.integers(1, 3), st.integers(0, 1000))
def test_an_answer_is_never_beyond_the_horizon(zone: str, at: datetime, horizon: int, days: int) -> None:
    calendar = always_open(zone).model_copy(update={"horizon": horizon})
    limit, amount = years_later(to_micros(at), horizon), timedelta(days=days)
    beyond = to_micros(at) + amount // timedelta.resolution
    if beyond <= limit:
        assert to_micros(calendar.add(at, amount)) == beyond
    else:
        with pytest.raises(NeverDue) as error:
            calendar.add(at, amount)
        assert error.value.available == timedelta(0, 0, limit - to_micros(at))


@given(zones(), moments)
def test_a_calendar_that_is_always_open_has_neither_openings_nor_closings(zone: str, at: datetime) -> None:
    calendar = always_open(zone).model_copy(update={"horizon": 2})
    with pytest.raises(NeverOpens):
        calendar.next_opening(at)
    with pytest.raises(NeverOpens):
        calendar.previous_opening(at)
    with pytest.raises(NeverCloses):
        calendar.next_closing(at)
    with pytest.raises(NeverCloses):
        calendar.previous_closing(at)
    assert to_micros(calendar.resumes_at(at, HOUR)) == to_micros(at) + HOUR // timedelta.resolution


@given(calendars(min_date=AT.date(), max_date=AT.date() + timedelta(days=9)))
def test_needing_holidays_of_years_without_data_is_out_of_range(calendar: BusinessCalendar) -> None:
    known = HolidayDates(days=["2026-01-01"], years=(2026, 2026))
    calendar = BusinessCalendar(zone=calendar.zone, hours={"mon-fri": "09:00-17:00"}, holidays=known)
    assert calendar.elapsed(AT, AT + timedelta(days=30)) > timedelta()
    for ask in (
        lambda: calendar.add(AT, timedelta(days=1000)),
        lambda: calendar.subtract(AT, timedelta(days=1000)),
        lambda: calendar.elapsed(AT, datetime(2027, 6, 1, tzinfo=UTC)),
        lambda: calendar.is_open(datetime(2025, 6, 2, 12, tzinfo=UTC)),
        lambda: calendar.add_business_days(AT, 1000),
    ):
        with pytest.raises(OutOfRange):
            ask()


def test_the_last_date_of_the_data_is_counted_without_the_next_year() -> None:
    known = HolidayDates(days=["2026-12-25"], years=(2026, 2026))
    calendar = BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-17:00"}, holidays=known)
    first, last = (datetime(2026, 12, day, 12, tzinfo=UTC) for day in (1, 31))
    # Of the weekdays from the second to the thirty-first, twenty-two, one is a holiday.
    assert calendar.business_days_between(first, last) == 21
    assert calendar.business_days_between(last, first) == -21


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_years_are_out_of_range(year: int) -> None:
    calendar = BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-17:00"}, horizon=9000)
    at = datetime(year, 6, 1, tzinfo=UTC)
    amount = timedelta(days=3000) if year > 1 else timedelta(days=-3000)
    with pytest.raises((OutOfRange, NeverDue)):
        calendar.add(at, amount)
