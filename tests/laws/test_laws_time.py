"""Laws of open time: measuring it, adding it, taking it away, and the edges at which it starts and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from sla_engine import BeyondHorizon, BusinessCalendar, Calendar, Span, SpanSet, elapsed_time
from sla_engine.instants import to_micros, utc
from sla_engine.testing.strategies import calendars, calendars_and_instants, durations

US = timedelta.resolution
ZERO = timedelta()
Case = tuple[Calendar, list[datetime]]

# Searches that find nothing look through the whole horizon, so it is short here.
HORIZON = 2
some = durations(min_value=US, max_value=timedelta(days=4))
signed = durations(min_value=timedelta(days=-4), max_value=timedelta(days=4))


def cases(count: int) -> st.SearchStrategy[Case]:
    return calendars_and_instants(count, horizon=HORIZON)


def moved(calendar: Calendar, at: datetime, amount: timedelta) -> datetime:
    """`add` in UTC, where comparing datetimes compares instants."""
    try:
        return calendar.add(utc(to_micros(at)), amount)
    except BeyondHorizon:
        reject()


# --- elapsed -------------------------------------------------------------------------------------------------------


@given(cases(3))
def test_elapsed_is_additive_and_signed(case: Case) -> None:
    calendar, (a, b, c) = case
    assert calendar.elapsed(a, b) + calendar.elapsed(b, c) == calendar.elapsed(a, c)
    assert calendar.elapsed(b, a) == -calendar.elapsed(a, b)
    assert calendar.elapsed(a, a) == ZERO


@given(cases(2))
def test_elapsed_is_at_most_the_time_that_passes(case: Case) -> None:
    calendar, moments = case
    a, b = sorted(map(to_micros, moments))
    assert ZERO <= calendar.elapsed(utc(a), utc(b)) <= timedelta(0, 0, b - a)


@given(cases(6))
def test_splitting_a_span_changes_nothing(case: Case) -> None:
    calendar, moments = case
    cuts = [utc(at) for at in sorted(map(to_micros, moments))]
    parts = [calendar.elapsed(*pair) for pair in pairwise(cuts)]
    assert sum(parts, ZERO) == calendar.elapsed(cuts[0], cuts[-1])
    pieces = [calendar.open_spans(*pair) for pair in pairwise(cuts)]
    joined = pieces[0]
    for piece in pieces[1:]:
        joined |= piece
    assert joined == calendar.open_spans(cuts[0], cuts[-1])


@given(cases(2))
def test_elapsed_is_the_length_of_the_open_spans(case: Case) -> None:
    calendar, moments = case
    a, b = (utc(at) for at in sorted(map(to_micros, moments)))
    assert calendar.open_spans(a, b).duration == calendar.elapsed(a, b)


# --- add -----------------------------------------------------------------------------------------------------------


@given(cases(1), some)
def test_add_is_the_first_instant_with_the_amount(case: Case, amount: timedelta) -> None:
    calendar, [a] = case
    due = moved(calendar, a, amount)
    assert to_micros(due) >= to_micros(a)
    assert calendar.elapsed(a, due) == amount
    assert calendar.elapsed(a, due - US) == amount - US


@given(cases(1))
def test_adding_nothing_is_the_start(case: Case) -> None:
    calendar, [a] = case
    assert to_micros(calendar.add(a, ZERO)) == to_micros(calendar.subtract(a, ZERO)) == to_micros(a)


@given(cases(2))
def test_a_budget_used_up_at_closing_is_due_at_closing(case: Case) -> None:
    calendar, moments = case
    a, b = (utc(at) for at in sorted(map(to_micros, moments)))
    spans = list(calendar.open_spans(a, b))
    assume(spans)
    for span in spans:
        assert calendar.add(a, calendar.elapsed(a, span.end)) == span.end


@given(cases(1), some)
def test_resumes_at_is_the_last_instant_with_no_more_than_the_amount(case: Case, amount: timedelta) -> None:
    calendar, [a] = case
    try:
        resumes = calendar.resumes_at(utc(to_micros(a)), amount)
    except BeyondHorizon:
        reject()
    assert calendar.elapsed(a, resumes) == amount
    assert calendar.is_open(resumes)
    assert calendar.elapsed(a, resumes + US) == amount + US
    due = moved(calendar, a, amount)
    assert resumes == (due if calendar.is_open(due) else calendar.next_opening(due))


@given(cases(1))
def test_resuming_after_nothing_is_the_next_open_instant(case: Case) -> None:
    calendar, [a] = case
    at = utc(to_micros(a))
    try:
        assert calendar.resumes_at(at, ZERO) == (at if calendar.is_open(at) else calendar.next_opening(at))
    except BeyondHorizon:
        reject()


# --- subtract ------------------------------------------------------------------------------------------------------


@given(cases(1), some)
def test_subtract_is_the_last_instant_with_the_amount(case: Case, amount: timedelta) -> None:
    calendar, [b] = case
    start = moved(calendar, b, -amount)
    assert start == calendar.subtract(utc(to_micros(b)), amount)
    assert to_micros(start) <= to_micros(b)
    assert calendar.elapsed(start, b) == amount
    assert calendar.elapsed(start + US, b) == amount - US


@given(cases(1), signed)
def test_subtracting_is_adding_the_negative_amount(case: Case, amount: timedelta) -> None:
    calendar, [a] = case
    assert moved(calendar, a, -amount) == calendar.subtract(utc(to_micros(a)), amount)


# --- both ----------------------------------------------------------------------------------------------------------


@given(cases(2), signed, signed)
def test_add_is_monotone_in_both_arguments(case: Case, one: timedelta, other: timedelta) -> None:
    calendar, moments = case
    early, late = sorted(map(to_micros, moments))
    less, more = sorted((one, other))
    if less or more:  # adding nothing does not move, so a closed start may lie beyond
        assert moved(calendar, utc(early), one) <= moved(calendar, utc(late), one)
    assert moved(calendar, utc(early), less) <= moved(calendar, utc(early), more)


@given(cases(1), some, some, st.sampled_from([1, -1]))
def test_adding_twice_is_adding_the_sum(case: Case, one: timedelta, other: timedelta, sign: int) -> None:
    calendar, [a] = case
    assert moved(calendar, moved(calendar, a, sign * one), sign * other) == moved(calendar, a, sign * (one + other))


@given(cases(1), some)
def test_subtracting_what_was_added_is_at_or_after_the_start(case: Case, amount: timedelta) -> None:
    calendar, [a] = case
    at = utc(to_micros(a))
    back = calendar.subtract(moved(calendar, a, amount), amount)
    assert back >= at
    if calendar.is_open(at):
        assert back == at
    else:
        assert back == calendar.next_opening(at)


@given(cases(1), some)
def test_adding_what_was_subtracted_is_at_or_before_the_end(case: Case, amount: timedelta) -> None:
    calendar, [b] = case
    at = utc(to_micros(b))
    forth = calendar.add(moved(calendar, b, -amount), amount)
    assert forth <= at
    if calendar.is_open(at - US):
        assert forth == at
    else:
        assert forth == calendar.previous_closing(at)


@given(cases(1), signed)
def test_elapsed_time_counts_every_hour(case: Case, amount: timedelta) -> None:
    calendar, [a] = case
    assert to_micros(calendar.add(a, elapsed_time(amount))) - to_micros(a) == amount // US


# --- openings and closings -----------------------------------------------------------------------------------------


def opens_at(calendar: Calendar, at: datetime) -> bool:
    return calendar.is_open(at) and not calendar.is_open(at - US)


def closes_at(calendar: Calendar, at: datetime) -> bool:
    return calendar.is_open(at - US) and not calendar.is_open(at)


@given(cases(2))
def test_open_spans_are_the_instants_that_are_open(case: Case) -> None:
    calendar, moments = case
    a, b = (utc(at) for at in sorted(map(to_micros, moments)))
    spans = list(calendar.open_spans(a, b))
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(set(edges)), "spans are in order, not empty, and do not touch"
    for span in spans:
        assert a <= span.start
        assert span.end <= b
        assert calendar.is_open(span.start)
        assert calendar.is_open(span.end - US)
        assert span.start == a or opens_at(calendar, span.start)
        assert span.end == b or closes_at(calendar, span.end)
    for at in (a, b - US, a + (b - a) / 2):
        if a <= at < b:
            assert calendar.is_open(at) == any(at in span for span in spans)


@given(cases(1))
def test_next_opening_is_the_first_opening_at_or_after(case: Case) -> None:
    calendar, [t] = case
    at = utc(to_micros(t))
    try:
        found = calendar.next_opening(at)
    except BeyondHorizon:
        reject()
    assert found >= at
    assert opens_at(calendar, found)
    between = [span for span in calendar.open_spans(at, found) if opens_at(calendar, span.start)]
    assert not between


@given(cases(1))
def test_next_closing_is_the_first_closing_after(case: Case) -> None:
    calendar, [t] = case
    at = utc(to_micros(t))
    try:
        found = calendar.next_closing(at)
    except BeyondHorizon:
        reject()
    assert found > at
    assert closes_at(calendar, found)
    assert len(calendar.open_spans(at, found)) == 1
    if calendar.is_open(at):
        assert calendar.elapsed(at, found) == found - at


@given(cases(1))
def test_previous_opening_is_the_last_opening_at_or_before(case: Case) -> None:
    calendar, [t] = case
    at = utc(to_micros(t))
    try:
        found = calendar.previous_opening(at)
    except BeyondHorizon:
        reject()
    assert found <= at
    assert opens_at(calendar, found)
    assert not [span for span in calendar.open_spans(found + US, at + US) if opens_at(calendar, span.start)]


@given(cases(1))
def test_previous_closing_is_the_last_closing_at_or_before(case: Case) -> None:
    calendar, [t] = case
    at = utc(to_micros(t))
    try:
        found = calendar.previous_closing(at)
    except BeyondHorizon:
        reject()
    assert found <= at
    assert closes_at(calendar, found)
    assert not [span for span in calendar.open_spans(found, at + US) if span.end <= at]


@given(cases(1))
def test_the_closing_instant_is_closed_and_the_opening_instant_is_open(case: Case) -> None:
    calendar, [t] = case
    try:
        opening = calendar.next_opening(t)
        closing = calendar.next_closing(opening)
    except BeyondHorizon:
        reject()
    assert calendar.is_open(opening)
    assert not calendar.is_open(closing)
    assert to_micros(opening) < to_micros(closing)
    assert Span(opening, closing).duration == calendar.elapsed(opening, closing)
    assert to_micros(calendar.previous_opening(closing)) == to_micros(opening)
    assert to_micros(calendar.previous_closing(closing)) == to_micros(closing)


# --- what is written -----------------------------------------------------------------------------------------------


@given(calendars_and_instants(2, composite=False, horizon=HORIZON))
def test_a_closure_takes_out_exactly_its_span_and_an_opening_puts_it_in(case: Case) -> None:
    calendar, moments = case
    assert isinstance(calendar, BusinessCalendar)
    a, b = (utc(at) for at in sorted(map(to_micros, moments)))
    assume(a < b)
    wide = a - timedelta(days=9), b + timedelta(days=9)
    span = Span(a, b)
    hours = calendar.model_copy(update={"openings": ()})
    closed = hours.model_copy(update={"closures": [*calendar.closures, span]})
    assert closed.open_spans(*wide) == hours.open_spans(*wide) - SpanSet([span])
    opened = calendar.model_copy(update={"openings": [*calendar.openings, span]})
    assert opened.open_spans(*wide) == calendar.open_spans(*wide) | SpanSet([span])
    assert opened.elapsed(a, b) == b - a


@given(calendars(horizon=HORIZON), st.integers(2005, 2030))
def test_an_empty_override_closes_the_windows_that_start_on_its_date(calendar: BusinessCalendar, year: int) -> None:
    plain = BusinessCalendar(zone=calendar.zone, hours=calendar.hours)
    day = date(year, 6, 15)
    closed = plain.model_copy(update={"overrides": {day: []}})
    holiday = plain.model_copy(update={"holidays": [day]})
    assert not closed.is_business_date(day)
    start, end = datetime(year, 6, 1, tzinfo=UTC), datetime(year, 7, 1, tzinfo=UTC)
    assert closed.open_spans(start, end) == holiday.open_spans(start, end)
    reopened = holiday.model_copy(update={"overrides": {day: list(plain.hours.days[day.weekday()])}})
    assert reopened.open_spans(start, end) == plain.open_spans(start, end)


@given(cases(1))
def test_a_reversed_span_is_refused(case: Case) -> None:
    calendar, [a] = case
    with pytest.raises(ValueError, match="before it starts"):
        calendar.open_spans(a, utc(to_micros(a) - 1))
