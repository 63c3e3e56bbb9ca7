"""Laws of ledgers: the rows follow one another, add up exactly, and say open where it is open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, reject
from hypothesis import strategies as st

from sla_engine import (
    Amount,
    BeyondHorizon,
    BusinessCalendar,
    BusinessDays,
    BusinessTime,
    Calendar,
    HolidayDates,
    Ledger,
)
from sla_engine.instants import clock_changes, to_micros, utc
from sla_engine.testing.strategies import amounts, calendars_and_instants, durations
from sla_engine.zones import zone_of

US = timedelta.resolution
HORIZON = 2
OPEN_KINDS = {"weekly_hours", "override", "opening"}
CLOSED_KINDS = {"outside_hours", "holiday", "override", "closure", "taken_out"}
Case = tuple[Calendar, list[datetime]]


def cases(count: int) -> st.SearchStrategy[Case]:
    return calendars_and_instants(count, horizon=HORIZON)


def check_rows(ledger: Ledger, start: int, end: int) -> None:
    """The rows lie end to end from start to end, and their totals run."""
    at, total = min(start, end), 0
    for row in ledger:
        assert row.span.micros[0] == at, "rows follow one another without a gap"
        at = row.span.micros[1]
        total += row.counted_micros
        assert row.total_micros == total
        if row.kind == "clock_change":
            assert row.span.is_empty
        else:
            assert not row.span.is_empty
        counted = row.span.duration if row.is_open else timedelta()
        assert abs(row.counted) == counted
        assert row.counted_micros * (1 if start <= end else -1) >= 0
    assert at == max(start, end)
    assert ledger.total == timedelta(0, 0, total)


def check_causes(calendar: Calendar, ledger: Ledger) -> None:
    for row in ledger:
        assert row.cause
        if row.span.is_empty:
            continue
        assert row.kind in (OPEN_KINDS if row.is_open else CLOSED_KINDS), f"{row.kind} is open={row.is_open}"
        spans = calendar.open_spans(*row.span)
        assert spans.duration == row.counted * (1 if row.counted_micros >= 0 else -1)
        last = row.span.end.astimezone(UTC) - US  # where the clock skips an hour, the wall clock has no such moment
        assert calendar.is_open(row.span.start) == calendar.is_open(last) == row.is_open


@given(cases(2))
def test_the_rows_of_elapsed_time_add_up_to_it(case: Case) -> None:
    calendar, [a, b] = case
    ledger = calendar.explain(a, until=b)
    assert ledger.answer == ledger.total == calendar.elapsed(a, b)
    check_rows(ledger, to_micros(a), to_micros(b))
    check_causes(calendar, ledger)


@given(cases(1), durations(min_value=-timedelta(days=3), max_value=timedelta(days=3)))
def test_the_rows_of_a_deadline_add_up_to_the_amount(case: Case, amount: timedelta) -> None:
    calendar, [a] = case
    try:
        ledger = calendar.explain(a, amount)
    except BeyondHorizon:
        reject()
    assert isinstance(ledger.answer, datetime)
    assert ledger.answer == calendar.add(a, amount)
    assert ledger.total == amount
    check_rows(ledger, to_micros(a), to_micros(ledger.answer))
    check_causes(calendar, ledger)


@given(cases(1), durations(max_value=timedelta(days=3)))
def test_the_rows_of_a_latest_start_add_up_to_the_amount(case: Case, amount: timedelta) -> None:
    calendar, [b] = case
    try:
        ledger = calendar.explain(b, subtract=amount)
    except BeyondHorizon:
        reject()
    assert isinstance(ledger.answer, datetime)
    assert ledger.answer == calendar.subtract(b, amount)
    assert ledger.total == amount
    check_rows(ledger, to_micros(ledger.answer), to_micros(b))
    check_causes(calendar, ledger)


@given(cases(1), amounts())
def test_every_amount_can_be_explained(case: Case, amount: Amount) -> None:
    calendar, [a] = case
    try:
        ledger = calendar.explain(a, amount)
    except BeyondHorizon:
        reject()
    assert isinstance(ledger.answer, datetime)
    assert to_micros(ledger.answer) == to_micros(calendar.add(a, amount))
    check_rows(ledger, to_micros(a), to_micros(ledger.answer))
    if isinstance(amount, (BusinessTime, BusinessDays)):
        assert ledger.total == calendar.elapsed(a, ledger.answer)
        check_causes(calendar, ledger)
    else:
        assert ledger.total == timedelta(0, 0, to_micros(ledger.answer) - to_micros(a))
        assert {row.kind for row in ledger} <= {"every_hour", "clock_change"}


@given(cases(1), st.integers(-4, 4))
def test_the_dates_of_a_ledger_are_the_business_dates_counted(case: Case, count: int) -> None:
    calendar, [a] = case
    try:
        ledger = calendar.explain(a, f"{count} business days")
    except BeyondHorizon:
        reject()
    assert len(ledger.dates) == abs(count)
    assert list(ledger.dates) == sorted(ledger.dates, reverse=count < 0)
    assert all(map(calendar.is_business_date, ledger.dates))


@given(cases(2))
def test_every_change_of_the_clock_is_a_row(case: Case) -> None:
    calendar, moments = case
    a, b = sorted(map(to_micros, moments))
    rows = [row for row in calendar.explain(utc(a), until=utc(b)) if row.kind == "clock_change"]
    changes = clock_changes(zone_of(calendar.zone), a, b)
    assert [row.span.micros[0] for row in rows] == [at for at, _, _ in changes]


@given(cases(2))
def test_neighbouring_rows_differ_and_every_form_shows_every_row(case: Case) -> None:
    calendar, [a, b] = case
    ledger = calendar.explain(a, until=b)
    for one, other in zip(ledger.rows, ledger.rows[1:], strict=False):
        assert "clock_change" in (one.kind, other.kind) or (one.is_open, one.cause) != (other.is_open, other.cause)
    assert len(ledger.to_data()["rows"]) == len(ledger) == len(ledger.rows)
    assert len(ledger.text.splitlines()) == len(ledger) + 4
    assert ledger.html.count("<tr>") == len(ledger) + 1


def test_a_window_of_a_date_that_began_before_its_eve_ended() -> None:
    # In St John's the clock went from 00:01 of 2 November 2008 back to 23:01 of the eve, which is a holiday here.
    zone = ZoneInfo("America/St_Johns")
    calendar = BusinessCalendar(
        zone="America/St_Johns",
        hours={"mon-sun": "00:00-09:00"},
        holidays=[HolidayDates(annual={"11-01": "a holiday"})],
    )
    again = datetime(2008, 11, 1, 23, 30, tzinfo=zone, fold=1)
    assert calendar.is_open(again)
    (row,) = calendar.explain(again, subtract=timedelta(minutes=5))
    assert (row.is_open, row.kind, row.counted) == (True, "weekly_hours", timedelta(minutes=5))


def test_a_night_of_a_version_that_is_over_reaches_into_no_year() -> None:
    nights = BusinessCalendar(zone="UTC", hours={"mon-sun": "22:00-06:00"})
    closed = BusinessCalendar(zone="UTC", hours={"mon-sun": "12:00-13:00"})
    new_year = datetime(2006, 1, 1, tzinfo=UTC)
    # Asked about 2006 first, nothing of 2005 is compiled, in which the nights ended.
    calendar = nights.changed(from_date=date(2005, 1, 26), to=closed)
    assert not calendar.is_open(new_year + timedelta(hours=1))
    assert calendar.elapsed(new_year, new_year + timedelta(days=1)) == timedelta(hours=1)
    first, _, _ = calendar.explain(new_year, until=new_year + timedelta(days=1))
    assert (first.is_open, first.kind) == (False, "outside_hours")
