"""Laws of calendars made of calendars: union, intersection, difference, and versions that change on a date."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from sla_engine import BusinessCalendar, Calendar, VersionedCalendar, always_open, never_open
from sla_engine.instants import local_day, midnight, to_micros, utc
from sla_engine.testing.strategies import calendars, composite_calendars, instants_near, zones
from sla_engine.zones import zone_of

FIRST, LAST = date(2011, 12, 20), date(2012, 1, 10)
dates = st.dates(FIRST, LAST)
plain = calendars(min_date=FIRST, max_date=LAST, resolution=timedelta.resolution)
made = composite_calendars(min_date=FIRST, max_date=LAST, resolution=timedelta.resolution)
any_calendars = st.one_of(plain, made)


@st.composite
def spans(draw: st.DrawFn, *operands: Calendar) -> tuple[datetime, datetime]:
    near = st.one_of(*(instants_near(one, min_date=FIRST, max_date=LAST) for one in operands))
    a, b = sorted((to_micros(draw(near)), to_micros(draw(near))))
    return utc(a), utc(b)


@given(any_calendars, any_calendars, st.data())
def test_the_time_of_a_union_is_the_sum_less_the_intersection(a: Calendar, b: Calendar, data: st.DataObject) -> None:
    span = data.draw(spans(a, b))
    assert (a | b).elapsed(*span) == a.elapsed(*span) + b.elapsed(*span) - (a & b).elapsed(*span)


@given(any_calendars, any_calendars, st.data())
def test_the_time_of_a_difference_is_the_left_less_the_intersection(
    a: Calendar, b: Calendar, data: st.DataObject
) -> None:
    span = data.draw(spans(a, b))
    assert (a - b).elapsed(*span) == a.elapsed(*span) - (a & b).elapsed(*span)


@given(any_calendars, any_calendars, st.data())
def test_combined_calendars_have_the_combined_spans(a: Calendar, b: Calendar, data: st.DataObject) -> None:
    span = data.draw(spans(a, b))
    ours, theirs = a.open_spans(*span), b.open_spans(*span)
    assert (a | b).open_spans(*span) == ours | theirs
    assert (a & b).open_spans(*span) == ours & theirs
    assert (a - b).open_spans(*span) == ours - theirs


@given(any_calendars, any_calendars, st.data())
def test_union_and_intersection_have_equal_time_either_way_round(a: Calendar, b: Calendar, data: st.DataObject) -> None:
    span = data.draw(spans(a, b))
    assert (a | b).open_spans(*span) == (b | a).open_spans(*span)
    assert (a & b).open_spans(*span) == (b & a).open_spans(*span)


@given(plain, plain, plain, st.data())
def test_union_and_intersection_may_be_grouped_and_distributed(
    a: Calendar, b: Calendar, c: Calendar, data: st.DataObject
) -> None:
    span = data.draw(spans(a, b, c))
    assert ((a | b) | c).open_spans(*span) == (a | (b | c)).open_spans(*span)
    assert ((a & b) & c).open_spans(*span) == (a & (b & c)).open_spans(*span)
    assert (a & (b | c)).open_spans(*span) == ((a & b) | (a & c)).open_spans(*span)
    assert (a - (b | c)).open_spans(*span) == ((a - b) & (a - c)).open_spans(*span)


@given(any_calendars, zones(), st.data())
def test_always_open_and_never_open_are_the_neutral_calendars(a: Calendar, zone: str, data: st.DataObject) -> None:
    span = data.draw(spans(a))
    ours = a.open_spans(*span)
    assert (a | never_open(zone)).open_spans(*span) == ours
    assert (a & always_open(zone)).open_spans(*span) == ours
    assert (a - never_open(zone)).open_spans(*span) == ours
    assert (a | a).open_spans(*span) == (a & a).open_spans(*span) == ours
    assert not (a - a).open_spans(*span)
    assert not (a - always_open(zone)).open_spans(*span)
    assert (always_open(zone) - a).elapsed(*span) == span[1] - span[0] - ours.duration


@given(any_calendars, any_calendars)
def test_the_zone_of_a_combination_is_the_left_one(a: Calendar, b: Calendar) -> None:
    assert (a | b).zone == (a & b).zone == (a - b).zone == a.zone
    assert a.changed(from_date=FIRST, to=b).zone == a.zone
    assert (a | b).in_zone(b.zone).zone == b.zone


@given(any_calendars, any_calendars, zones(), st.data())
def test_the_zone_of_a_combination_changes_days_and_not_time(
    a: Calendar, b: Calendar, zone: str, data: st.DataObject
) -> None:
    span = data.draw(spans(a, b))
    assert (a | b).in_zone(zone).open_spans(*span) == (a | b).open_spans(*span)


@given(plain, plain)
def test_the_business_dates_of_a_composite_are_its_operands_dates_that_are_still_open(
    a: BusinessCalendar, b: BusinessCalendar
) -> None:
    b = b.model_copy(update={"zone": a.zone})
    both = set(a.business_dates(FIRST, LAST)) | set(b.business_dates(FIRST, LAST))
    # With one zone every date of either is one of the union: its start is open.
    assert set((a | b).business_dates(FIRST, LAST)) == both


# --- versions ------------------------------------------------------------------------------------------------------


@given(any_calendars, any_calendars, dates, st.data())
def test_history_keeps_its_answers(old: Calendar, new: Calendar, day: date, data: st.DataObject) -> None:
    calendar = old.changed(from_date=day, to=new)
    # Each version's dates are those of its own zone.
    until = utc(min(midnight(zone_of(one.calendar.zone), day.toordinal()) for one in calendar.versions))
    a, b = data.draw(spans(old))
    assume(a < until)
    assert calendar.open_spans(a, min(b, until)) == old.open_spans(a, min(b, until))


@given(any_calendars, any_calendars, dates, st.data())
def test_after_the_change_and_the_last_old_window_the_new_calendar_answers(
    old: Calendar, new: Calendar, day: date, data: st.DataObject
) -> None:
    calendar = old.changed(from_date=day, to=new)
    later = max(midnight(zone_of(one.calendar.zone), day.toordinal()) for one in calendar.versions)
    reach = timedelta(0, 0, old._reach() + new._reach())
    a, b = utc(later) + reach, utc(later) + reach + timedelta(days=data.draw(st.integers(0, 30)))
    assert calendar.open_spans(a, b) == new.open_spans(a, b)


@given(plain, plain, dates)
def test_each_version_owns_the_windows_that_start_on_its_dates(
    old: BusinessCalendar, new: BusinessCalendar, day: date
) -> None:
    new = new.model_copy(update={"zone": old.zone})
    calendar = old.changed(from_date=day, to=new)
    before, after = FIRST - timedelta(days=3), LAST + timedelta(days=3)
    assert calendar.business_dates(before, day) == old.business_dates(before, day)
    # For some days after, a new window from before the change may be missing; then its dates are all there.
    settled, end = day + timedelta(days=4), after + timedelta(days=9)
    assert set(calendar.business_dates(settled, end)) >= set(new.business_dates(settled, end))


@given(any_calendars, dates, st.data())
def test_a_change_to_the_same_calendar_changes_no_time(calendar: Calendar, day: date, data: st.DataObject) -> None:
    span = data.draw(spans(calendar))
    assert calendar.changed(from_date=day, to=calendar).open_spans(*span) == calendar.open_spans(*span)
    assert VersionedCalendar(versions=[{"calendar": calendar}]).open_spans(*span) == calendar.open_spans(*span)  # type: ignore[list-item]


@given(plain, plain, plain, dates, dates)
def test_changing_again_keeps_the_versions_before(
    a: BusinessCalendar, b: BusinessCalendar, c: BusinessCalendar, one: date, other: date
) -> None:
    assume(one < other)
    b, c = (calendar.model_copy(update={"zone": a.zone}) for calendar in (b, c))
    twice = a.changed(from_date=one, to=b).changed(from_date=other, to=c)
    assert [version.from_date for version in twice.versions] == [None, one, other]
    assert a.changed(from_date=other, to=b).changed(from_date=one, to=c) == a.changed(from_date=one, to=c)


@given(any_calendars, dates)
def test_before_the_first_version_nothing_is_open(calendar: Calendar, day: date) -> None:
    late = VersionedCalendar(versions=[{"calendar": calendar, "from_date": day}])  # type: ignore[list-item]
    start = midnight(zone_of(calendar.zone), day.toordinal())
    assert local_day(zone_of(calendar.zone), start) >= day.toordinal()
    assert late.elapsed(utc(start) - timedelta(days=30), utc(start)) == timedelta()
