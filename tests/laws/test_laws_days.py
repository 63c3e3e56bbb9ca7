"""Laws of business days: which dates they are, counting them, and the moment that a number of them is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from sla_engine import BeyondHorizon, BusinessCalendar, Calendar, always_open, business_days, calendar_days
from sla_engine.instants import clock_changes, local_clock, local_day, midnight, to_micros, utc
from sla_engine.testing.strategies import calendars, calendars_and_instants, edge_dates, instants_near, zones
from sla_engine.zones import zone_of

US = timedelta.resolution
DAY = timedelta(days=1)
HORIZON = 2
counts = st.integers(-4, 4)
Case = tuple[Calendar, list[datetime]]


def cases(count: int) -> st.SearchStrategy[Case]:
    return calendars_and_instants(count, horizon=HORIZON)


def at_utc(at: datetime) -> datetime:
    return utc(to_micros(at))


def due(calendar: Calendar, at: datetime, count: int, *, close: bool = False) -> datetime:
    try:
        return calendar.add_business_days(at_utc(at), count, due="close" if close else "same_time")
    except BeyondHorizon:
        reject()


def rolled(calendar: Calendar, at: datetime, *, back: bool = False) -> datetime:
    at = at_utc(at)
    if calendar.is_open(at):
        return at
    try:
        return calendar.previous_closing(at) if back else calendar.next_opening(at)
    except BeyondHorizon:
        reject()


def in_repeated_hour(calendar: Calendar, at: datetime) -> bool:
    micros, zone = to_micros(at), zone_of(calendar.zone)
    hours = 3 * 3600 * 10**6
    return any(
        after < before and change - (before - after) <= micros < change + (before - after)
        for change, before, after in clock_changes(zone, micros - hours, micros + hours)
    )


@given(cases(1), counts, st.booleans())
def test_the_business_days_between_a_start_and_its_due_instant_are_those_added(
    case: Case, count: int, close: bool
) -> None:
    calendar, [a] = case
    end = due(calendar, a, count, close=close)
    assume(count == 0 or (end >= at_utc(a)) == (count > 0))
    if count == 0 and end < at_utc(a):
        return  # a start in a repeated hour
    if calendar.is_open(end) and end == due(calendar, a, count, close=True):
        end -= US  # the next date starts where this one closes, and has the instant
    assert calendar.business_days_between(a, end) == count


@given(cases(1), counts)
def test_the_due_instant_stays_within_the_hours_of_its_date(case: Case, count: int) -> None:
    calendar, [a] = case
    end = due(calendar, a, count)
    assert calendar.is_open(end) or calendar.is_open(end - US), "it is open, or a closing"
    day = calendar.business_date(end)
    start = rolled(calendar, a, back=count < 0)
    if calendar.business_date(end) != calendar.business_date(start):
        assert day is not None
        assert calendar.is_business_date(day)


@given(cases(1), st.integers(0, 4))
def test_the_due_date_is_the_nth_business_date_after_the_start_s(case: Case, count: int) -> None:
    calendar, [a] = case
    end = due(calendar, a, count, close=True)
    start = rolled(calendar, a)
    first = calendar.business_date(start)
    assert first is not None
    following = [day for day in calendar.business_dates(first, at_utc(end).date() + 3 * DAY) if day > first]
    expected = [first, *following][count]
    # A close that is also the start of the next piece is open, and belongs to the next date.
    assert calendar.business_date(end - US) == expected


@given(cases(1), counts)
def test_due_at_close_is_never_before_due_at_the_same_time(case: Case, count: int) -> None:
    calendar, [a] = case
    close = due(calendar, a, count, close=True)
    assert close >= due(calendar, a, count)
    assert not calendar.is_open(close) or calendar.business_date(close) != calendar.business_date(close - US)


@given(cases(2), counts, st.booleans())
def test_the_due_instant_is_monotone_in_the_start(case: Case, count: int, close: bool) -> None:
    calendar, moments = case
    early, late = (utc(at) for at in sorted(map(to_micros, moments)))
    assume(not (in_repeated_hour(calendar, early) and in_repeated_hour(calendar, late)))
    assert due(calendar, early, count, close=close) <= due(calendar, late, count, close=close)


@given(cases(1), counts, st.booleans())
def test_the_due_instant_is_monotone_in_the_count(case: Case, count: int, close: bool) -> None:
    calendar, [a] = case
    assume(count not in (-1, 0))  # between them a closed start turns from rolling back to rolling forth
    assert due(calendar, a, count, close=close) <= due(calendar, a, count + 1, close=close)


@given(cases(1))
def test_no_days_are_the_rolled_start(case: Case) -> None:
    calendar, [a] = case
    start = rolled(calendar, a)
    assume(not in_repeated_hour(calendar, start))
    assert due(calendar, a, 0) == start
    assert due(calendar, a, 0, close=True) >= start


@given(cases(1), counts)
def test_an_amount_of_business_days_is_added_and_subtracted(case: Case, count: int) -> None:
    calendar, [a] = case
    end = due(calendar, a, count)
    assert calendar.add(at_utc(a), business_days(count)) == end
    if count:
        assert calendar.subtract(at_utc(a), business_days(-count)) == end


@given(cases(2))
def test_business_days_between_is_signed_and_counts_dates(case: Case) -> None:
    calendar, moments = case
    a, b = (utc(at) for at in sorted(map(to_micros, moments)))
    start, end = rolled(calendar, a), b
    first = calendar.business_date(start)
    last = calendar.business_date(end) or date.fromordinal(local_day(zone_of(calendar.zone), to_micros(end)))
    assert first is not None
    expected = len(calendar.business_dates(first + DAY, last + DAY)) if last > first else 0
    assert calendar.business_days_between(a, b) == expected
    assert calendar.business_days_between(a, a) == 0
    assert calendar.business_days_between(b, a) <= 0


@given(cases(1))
def test_open_moments_and_closings_have_a_business_date_and_no_others(case: Case) -> None:
    calendar, [t] = case
    at = at_utc(t)
    day = calendar.business_date(at)
    assert (day is not None) == (calendar.is_open(at) or calendar.is_open(at - US))
    if day is not None:
        assert calendar.is_business_date(day)
        civil = date.fromordinal(local_day(zone_of(calendar.zone), to_micros(at)))
        assert day <= civil


@given(cases(1))
def test_the_business_dates_of_two_stretches_are_those_of_both(case: Case) -> None:
    calendar, [t] = case
    day = at_utc(t).date()
    first, last = day - 9 * DAY, day + 9 * DAY
    found = calendar.business_dates(first, last)
    assert found == calendar.business_dates(first, day) + calendar.business_dates(day, last)
    assert found == [first + n * DAY for n in range(18) if calendar.is_business_date(first + n * DAY)]


@given(calendars())
def test_every_date_with_a_window_is_a_business_date_and_no_other_in_a_zone_without_changes(
    calendar: BusinessCalendar,
) -> None:
    plain = BusinessCalendar(zone="UTC", hours=calendar.hours)
    start = date(2024, 1, 1)
    for number in range(14):
        day = start + number * DAY
        assert plain.is_business_date(day) == bool(plain.hours.days[day.weekday()])


@given(zones(), edge_dates("Europe/Rome"))
def test_a_calendar_that_is_always_open_has_seven_business_dates_a_week(zone: str, day: date) -> None:
    skipped = {date(2011, 12, 30)} if zone == "Pacific/Apia" else set()
    week = [day + n * DAY for n in range(7)]
    assert always_open(zone).business_dates(day, day + 7 * DAY) == [one for one in week if one not in skipped]


@given(instants_near(always_open()), st.integers(1, 9))
def test_business_days_of_a_night_shift_count_the_date_on_which_it_starts(moment: datetime, count: int) -> None:
    night = BusinessCalendar(zone="UTC", hours={"mon-sun": "22:00-06:00"})
    at = at_utc(moment).replace(hour=2, minute=0, second=0, microsecond=0)
    assert night.business_date(at) == at.date() - DAY
    assert night.add_business_days(at, count) == at + count * DAY
    assert night.add_business_days(at, count, due="close") == at + count * DAY + timedelta(hours=4)


@given(cases(1), st.integers(-40, 40))
def test_calendar_days_keep_the_local_clock_time(case: Case, count: int) -> None:
    calendar, [a] = case
    zone = zone_of(calendar.zone)
    at = to_micros(a)
    moved = to_micros(calendar.add(a, calendar_days(count)))
    day = local_day(zone, at)
    if count == 0:
        assert moved == at
        return
    clock = local_clock(zone, at, day)
    landed = local_day(zone, moved)
    assert landed >= day + count
    if landed == day + count:
        shown = local_clock(zone, moved, landed)
        assert shown >= clock
        assert shown == clock or clock_changes(zone, moved - 1, moved + 1), "later only at the end of a gap"
        # The first of a repeated time.
        assert local_clock(zone, moved - 3600 * 10**6, landed) != clock
    else:
        assert moved == midnight(zone, landed), "the whole time was skipped"


@pytest.mark.parametrize("count", [-3, 0, 3])
def test_due_must_be_a_moment_of_a_day(count: int) -> None:
    calendar = always_open()
    with pytest.raises(ValueError, match="no moment of a day"):
        calendar.add_business_days(datetime(2026, 3, 2, tzinfo=UTC), count, due="noon")  # type: ignore[arg-type]
