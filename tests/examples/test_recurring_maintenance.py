"""Maintenance that recurs: the same wall time through every change of the clock, and what the calendar says by hand."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine.uptime.recurring import RecurringMaintenance

ROME = ZoneInfo("Europe/Rome")
YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    return (at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def work(rrule: str, start: datetime, *, hours: float = 2, **more: Any) -> RecurringMaintenance:
    """Work of some hours from a first start on, by the clock of the zone that the start is in."""
    end = (start.astimezone(UTC) + timedelta(hours=hours)).astimezone(start.tzinfo)
    return RecurringMaintenance("M", start, end, rrule, **{"zone": str(start.tzinfo), **more})


def found(one: RecurringMaintenance, first: date, last: date) -> list[sla.Maintenance]:
    """What overlaps the UTC dates from the first to before the last."""
    lo, hi = (micros(datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in (first, last))
    return one.between(lo, hi)


def starts(one: RecurringMaintenance, first: date, last: date) -> list[str]:
    return [f"{each.start.astimezone(UTC):%Y-%m-%d %H:%M}" for each in found(one, first, last)]


def days(one: RecurringMaintenance, first: date, last: date) -> list[str]:
    return [each.id.removeprefix("M ") for each in found(one, first, last)]


# --- the clock -------------------------------------------------------------------------------------------------------


def test_a_time_that_the_clock_skips_in_rome_comes_an_hour_later() -> None:
    # Rome is an hour ahead of UTC until 29 March 2026, when it is two o'clock for the last time, and then two hours.
    one = work("FREQ=WEEKLY;BYDAY=SU", datetime(2026, 3, 15, 2, 30, tzinfo=ROME))
    spring = found(one, date(2026, 3, 10), date(2026, 4, 10))
    assert [(each.id, each.start.isoformat(), each.end.isoformat()) for each in spring] == [
        ("M 2026-03-15", "2026-03-15T02:30:00+01:00", "2026-03-15T04:30:00+01:00"),
        ("M 2026-03-22", "2026-03-22T02:30:00+01:00", "2026-03-22T04:30:00+01:00"),
        ("M 2026-03-29", "2026-03-29T03:30:00+02:00", "2026-03-29T05:30:00+02:00"),
        ("M 2026-04-05", "2026-04-05T02:30:00+02:00", "2026-04-05T04:30:00+02:00"),
    ]


def test_a_time_that_comes_twice_in_rome_is_the_first() -> None:
    # On 25 October 2026 it is half past two at 0:30 and at 1:30 UTC. Two hours of work end at 2:30 UTC.
    one = work("FREQ=WEEKLY", datetime(2026, 10, 18, 2, 30, tzinfo=ROME))
    assert starts(one, date(2026, 10, 1), date(2026, 11, 5)) == [
        "2026-10-18 00:30",
        "2026-10-25 00:30",
        "2026-11-01 01:30",
    ]
    ends = [each.end.astimezone(UTC) for each in found(one, date(2026, 10, 1), date(2026, 11, 5))]
    assert ends == [
        datetime(2026, month, day, hour, 30, tzinfo=UTC) for month, day, hour in [(10, 18, 2), (10, 25, 2), (11, 1, 3)]
    ]


def test_the_clock_of_new_york_skips_and_repeats_on_other_dates() -> None:
    # 8 March 2026: from 2:00 (UTC-5) to 3:00 (UTC-4). 1 November: from 2:00 (UTC-4) back to 1:00 (UTC-5).
    spring = work("FREQ=WEEKLY", datetime(2026, 3, 1, 2, 30, tzinfo=YORK))
    assert starts(spring, date(2026, 3, 1), date(2026, 3, 20)) == [
        "2026-03-01 07:30",
        "2026-03-08 07:30",
        "2026-03-15 06:30",
    ]
    autumn = work("FREQ=WEEKLY", datetime(2026, 10, 25, 1, 30, tzinfo=YORK))
    assert starts(autumn, date(2026, 10, 25), date(2026, 11, 10)) == [
        "2026-10-25 05:30",
        "2026-11-01 05:30",
        "2026-11-08 06:30",
    ]


def test_the_last_sunday_of_each_month() -> None:
    one = work("FREQ=MONTHLY;BYDAY=-1SU", datetime(2026, 1, 25, 2, 30, tzinfo=ROME))
    last = ["01-25", "02-22", "03-29", "04-26", "05-31", "06-28", "07-26", "08-30", "09-27", "10-25", "11-29", "12-27"]
    assert days(one, date(2026, 1, 1), date(2027, 1, 1)) == [f"2026-{day}" for day in last]
    shown = {f"{each.start:%m-%d %H:%M}" for each in found(one, date(2026, 1, 1), date(2027, 1, 1))}
    assert {each for each in shown if not each.endswith(" 02:30")} == {"03-29 03:30"}


def test_it_recurs_by_the_clock_of_its_zone_and_not_by_that_of_its_start() -> None:
    one = work("FREQ=WEEKLY", datetime(2026, 3, 22, 1, 0, tzinfo=UTC), zone="Europe/Rome")
    assert starts(one, date(2026, 3, 20), date(2026, 4, 7)) == [
        "2026-03-22 01:00",
        "2026-03-29 01:00",
        "2026-04-05 00:00",
    ]


def test_a_day_that_a_zone_leaves_out_is_the_day_after() -> None:
    # Samoa had no 30 December 2011: ten o'clock of it, by the offset before, is ten o'clock of the 31st.
    one = work("FREQ=DAILY", datetime(2011, 12, 28, 10, tzinfo=ZoneInfo("Pacific/Apia")))
    assert days(one, date(2011, 12, 1), date(2012, 1, 1)) == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]


# --- the calendar ----------------------------------------------------------------------------------------------------

OF_THE_RFC = {
    # Examples of RFC 5545, 3.8.5.3, all at nine in New York: the first, the rule, and what the text lists.
    "first Friday": ("1997-09-05", "FREQ=MONTHLY;COUNT=5;BYDAY=1FR", "09-05 10-03 11-07 12-05 1998-01-02"),
    "first and last Sunday": (
        "1997-09-07",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "09-07 09-28 11-02 11-30 1998-01-04 1998-01-25 1998-03-01 1998-03-29 1998-05-03 1998-05-31",
    ),
    "last Monday but one": (
        "1997-09-22",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "09-22 10-20 11-17 12-22 1998-01-19 1998-02-16",
    ),
    "third day from the end": (
        "1997-09-28",
        "FREQ=MONTHLY;COUNT=6;BYMONTHDAY=-3",
        "09-28 10-29 11-28 12-29 1998-01-29 1998-02-26",
    ),
    "days of the year": (
        "1997-01-01",
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "01-01 04-10 07-19 2000-01-01 2000-04-09 2000-07-18 2003-01-01 2003-04-10 2003-07-19 2006-01-01",
    ),
    "20th Monday": ("1997-05-19", "FREQ=YEARLY;COUNT=3;BYDAY=20MO", "05-19 1998-05-18 1999-05-17"),
    "Monday of week 20": ("1997-05-12", "FREQ=YEARLY;COUNT=3;BYWEEKNO=20;BYDAY=MO", "05-12 1998-05-11 1999-05-17"),
    "Fridays the 13th": (
        "1998-02-13",
        "FREQ=MONTHLY;COUNT=5;BYDAY=FR;BYMONTHDAY=13",
        "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13",
    ),
    "the day of elections": (
        "1996-11-05",
        "FREQ=YEARLY;INTERVAL=4;COUNT=3;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "1996-11-05 2000-11-07 2004-11-02",
    ),
    "third of Tuesday to Thursday": (
        "1997-09-04",
        "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
        "09-04 10-07 11-06",
    ),
    "last weekday but one": (
        "1997-09-29",
        "FREQ=MONTHLY;COUNT=7;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "09-29 10-30 11-27 12-30 1998-01-29 1998-02-26 1998-03-30",
    ),
    "weeks from Monday": (
        "1997-08-05",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "08-05 08-10 08-19 08-24",
    ),
    "weeks from Sunday": (
        "1997-08-05",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "08-05 08-17 08-19 08-31",
    ),
    "a date that February lacks": (
        "2007-01-15",
        "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30",
    ),
    "until Christmas": (
        "1997-09-02",
        "FREQ=MONTHLY;UNTIL=19971224T000000Z",
        "09-02 10-02 11-02 12-02",
    ),
}


@pytest.mark.parametrize("name", OF_THE_RFC)
def test_the_examples_of_the_rfc(name: str) -> None:
    first, rrule, listed = OF_THE_RFC[name]
    one = work(rrule, datetime.fromisoformat(f"{first}T09:00").replace(tzinfo=YORK))
    expected = [day if len(day) > 5 else f"1997-{day}" for day in listed.split()]
    assert days(one, date(1990, 1, 1), date(2030, 1, 1)) == expected
    # Whatever is asked, it says the same of the last.
    last = date.fromisoformat(expected[-1])
    assert days(one, last, last + timedelta(days=1)) == expected[-1:]


def test_what_a_rule_leaves_to_its_start() -> None:
    # No month but those with 31 days; no year but leap years, of which 2100 is none.
    long = ["01-31", "03-31", "05-31", "07-31", "08-31"]
    monthly = work("FREQ=MONTHLY", datetime(2026, 1, 31, 5, tzinfo=ROME))
    assert days(monthly, date(2026, 1, 1), date(2026, 9, 1)) == [f"2026-{day}" for day in long]
    yearly = work("FREQ=YEARLY", datetime(2024, 2, 29, 5, tzinfo=ROME))
    assert days(yearly, date(2024, 1, 1), date(2030, 1, 1)) == ["2024-02-29", "2028-02-29"]
    assert days(yearly, date(2095, 1, 1), date(2105, 1, 1)) == ["2096-02-29", "2104-02-29"]
    # 1 March 2026 is the Sunday of week 9 by ISO 8601; that of 2027 is 7 March.
    week = work("FREQ=YEARLY;BYWEEKNO=9", datetime(2026, 3, 1, 5, tzinfo=ROME))
    assert days(week, date(2026, 1, 1), date(2028, 1, 1)) == ["2026-03-01", "2027-03-07"]


def test_every_sunday_and_the_first_tuesday() -> None:
    one = work("FREQ=MONTHLY;BYDAY=SU,1TU", datetime(2026, 3, 1, 5, tzinfo=ROME))
    expected = ["03-01", "03-03", "03-08", "03-15", "03-22", "03-29", "04-05", "04-07", "04-12", "04-19", "04-26"]
    assert days(one, date(2026, 3, 1), date(2026, 5, 1)) == [f"2026-{day}" for day in expected]


def test_every_other_sunday_is_counted_from_the_first_however_late_one_asks() -> None:
    # 26 times two weeks after 1 March 2026 is 28 February 2027.
    one = work("FREQ=WEEKLY;INTERVAL=2", datetime(2026, 3, 1, 2, tzinfo=ROME))
    assert days(one, date(2027, 2, 20), date(2027, 4, 1)) == ["2027-02-28", "2027-03-14", "2027-03-28"]


# --- exceptions, additions and ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exdate",
    [
        "EXDATE:20260308T023000,20260329T023000",
        "EXDATE:20260308T023000\nEXDATE:20260329T033000",
        "EXDATE:20260308T013000Z,20260329T013000Z",
        "EXDATE;TZID=Europe/Rome:20260308T023000\nexdate;value=date-time;TZID=America/New_York:20260328T213000",
        "EXDATE:20260308T0230\n 00,20260329T023000",
    ],
    ids=["wall", "wall as it was shown", "UTC", "zones", "folded"],
)
def test_exceptions_are_left_out(exdate: str) -> None:
    # Half past two of 29 March does not exist in Rome, and is 1:30 UTC, which is 21:30 of the day before in New York.
    one = work(f"RRULE:FREQ=WEEKLY;BYDAY=SU\n{exdate}", datetime(2026, 3, 1, 2, 30, tzinfo=ROME))
    assert days(one, date(2026, 3, 1), date(2026, 4, 6)) == ["2026-03-01", "2026-03-15", "2026-03-22", "2026-04-05"]


def test_the_first_may_be_an_exception() -> None:
    one = work("FREQ=WEEKLY\nEXDATE:20260301T023000", datetime(2026, 3, 1, 2, 30, tzinfo=ROME))
    assert days(one, date(2026, 2, 1), date(2026, 3, 12)) == ["2026-03-08"]


def test_additions_are_put_in_and_each_is_as_long_as_the_first() -> None:
    text = "FREQ=WEEKLY;COUNT=2\r\nRDATE:20260303T100000,20260308T023000\r\nRDATE:20260401T000000Z"
    one = work(text, datetime(2026, 3, 1, 2, 30, tzinfo=ROME))
    # The second of them is the rule's own; the last is two o'clock in Rome.
    assert [(each.id, each.end.isoformat()) for each in found(one, date(2026, 3, 1), date(2026, 5, 1))] == [
        ("M 2026-03-01", "2026-03-01T04:30:00+01:00"),
        ("M 2026-03-03", "2026-03-03T12:00:00+01:00"),
        ("M 2026-03-08", "2026-03-08T04:30:00+01:00"),
        ("M 2026-04-01", "2026-04-01T04:00:00+02:00"),
    ]


def test_until_is_an_instant_and_belongs_to_the_time() -> None:
    # Ten in the evening of 22 March 2026 in New York is two o'clock of the 23rd in UTC.
    first = datetime(2026, 3, 15, 22, tzinfo=YORK)
    for until, expected in (
        ("20260323T020000Z", ["2026-03-15", "2026-03-22"]),
        ("20260323T015959Z", ["2026-03-15"]),
        ("20260322T220000", ["2026-03-15", "2026-03-22"]),
        ("20260322T215959", ["2026-03-15"]),
    ):
        one = work(f"FREQ=WEEKLY;UNTIL={until}", first)
        assert days(one, date(2026, 3, 1), date(2027, 1, 1)) == expected
        assert days(one, date(2026, 4, 1), date(2027, 1, 1)) == []


def test_until_in_the_hour_that_comes_twice_leaves_the_first_of_it() -> None:
    # 1:30 UTC is 2:30 for the second time; 2:45 for the first time was 0:45 UTC.
    one = work("FREQ=DAILY;UNTIL=20261025T013000Z", datetime(2026, 10, 23, 2, 45, tzinfo=ROME))
    assert days(one, date(2026, 10, 1), date(2026, 11, 1)) == ["2026-10-23", "2026-10-24", "2026-10-25"]


def test_a_count_counts_exceptions_and_no_additions() -> None:
    text = "FREQ=DAILY;COUNT=4\nEXDATE:20260302T020000\nRDATE:20260320T020000"
    one = work(text, datetime(2026, 3, 1, 2, tzinfo=ROME))
    assert days(one, date(2026, 3, 1), date(2026, 4, 1)) == ["2026-03-01", "2026-03-03", "2026-03-04", "2026-03-20"]
    assert days(one, date(2026, 3, 4), date(2026, 3, 19)) == ["2026-03-04"]
    assert days(one, date(2026, 3, 5), date(2026, 3, 19)) == []


# --- the window ------------------------------------------------------------------------------------------------------


def test_what_overlaps_a_window_is_in_it_whole() -> None:
    one = work("FREQ=DAILY", datetime(2026, 3, 1, 2, tzinfo=UTC))
    begin, end = micros(datetime(2026, 3, 10, 2, tzinfo=UTC)), micros(datetime(2026, 3, 10, 4, tzinfo=UTC))
    tenth = [
        sla.Maintenance("M 2026-03-10", datetime(2026, 3, 10, 2, tzinfo=UTC), datetime(2026, 3, 10, 4, tzinfo=UTC))
    ]
    assert one.between(begin, end) == tenth
    assert one.between(end - 1, end + 1) == tenth
    assert one.between(begin - 1, begin + 1) == tenth
    assert one.between(end, end + 1) == []
    assert one.between(begin - 1, begin) == []
    assert one.between(begin + 5, begin + 5) == one.between(end, begin) == []
    # It has not begun, and the calendar is over.
    assert one.between(-(10**18), micros(one.start)) == []
    assert one.between(10**18, 2 * 10**18) == []


def test_what_is_longer_than_its_distance_overlaps_itself() -> None:
    one = work("FREQ=DAILY", datetime(2026, 3, 1, 0, tzinfo=UTC), hours=60)
    noon = micros(datetime(2026, 3, 10, 12, tzinfo=UTC))
    # At noon of the tenth those are on that began on the eighth and after; that of the eighth ends at that noon.
    assert [each.id for each in one.between(noon, noon + 1)] == ["M 2026-03-09", "M 2026-03-10"]
    assert [each.id for each in one.between(noon - 1, noon)] == ["M 2026-03-08", "M 2026-03-09", "M 2026-03-10"]


def test_several_on_a_date_have_their_times_in_their_names() -> None:
    one = work("FREQ=DAILY;BYHOUR=2,14\nEXDATE:20260302T023000", datetime(2026, 3, 1, 2, 30, tzinfo=ROME), hours=1)
    assert days(one, date(2026, 3, 1), date(2026, 3, 3)) == ["2026-03-01T02:30", "2026-03-01T14:30", "2026-03-02"]
    afternoon = micros(datetime(2026, 3, 1, 13, 30, tzinfo=UTC))
    assert [each.id for each in one.between(afternoon, afternoon + 1)] == ["M 2026-03-01T14:30"]
    # Half past two for the first and, as an addition, for the second time; and to the second where that is needed.
    one = work("FREQ=DAILY\nRDATE:20261025T013000Z,20261024T023015", datetime(2026, 10, 23, 2, 30, tzinfo=ROME))
    assert days(one, date(2026, 10, 24), date(2026, 10, 26)) == [
        "2026-10-24T02:30",
        "2026-10-24T02:30:15",
        "2026-10-25T02:30",
        "2026-10-25T02:30+0100",
    ]


# --- announcements ---------------------------------------------------------------------------------------------------


def test_each_is_announced_so_long_before_it_starts() -> None:
    # 48 hours before 1:30 UTC of 29 March, whatever the clock shows.
    one = work("FREQ=WEEKLY", datetime(2026, 3, 22, 2, 30, tzinfo=ROME), announced_before="48h")
    told = [each.announced_at for each in found(one, date(2026, 3, 20), date(2026, 4, 1))]
    assert [at and at.astimezone(UTC).isoformat() for at in told] == [
        "2026-03-20T01:30:00+00:00",
        "2026-03-27T01:30:00+00:00",
    ]
    lo, hi = sla.Month(2026, 3, zone="UTC").span.micros
    for notice, excuse in (("48h", "excused"), ("48h1s", "unexcused")):
        stretches = sla.MaintenanceTerms(notice=notice).apply(one.between(lo, hi), lo, hi)
        assert {stretch[2] for stretch in stretches} == {excuse}


def test_one_announcement_is_for_all() -> None:
    told = datetime(2026, 3, 1, 9, tzinfo=UTC)
    one = work("FREQ=WEEKLY", datetime(2026, 3, 22, 2, 30, tzinfo=ROME), announced_at=told)
    assert [each.announced_at for each in found(one, date(2026, 3, 20), date(2026, 4, 1))] == [told, told]


def test_without_either_none_is_announced_and_an_emergency_is_one_each_time() -> None:
    one = work("FREQ=WEEKLY", datetime(2026, 3, 22, 2, 30, tzinfo=ROME), emergency=True)
    known = found(one, date(2026, 3, 20), date(2026, 4, 1))
    assert [(each.announced_at, each.emergency) for each in known] == [(None, True)] * 2


# --- the value -------------------------------------------------------------------------------------------------------


def test_it_is_equal_by_what_it_means() -> None:
    first = datetime(2026, 3, 1, 2, 30, tzinfo=ROME)
    one = work("FREQ=WEEKLY;BYDAY=SU", first, announced_before="48h")
    same = work(
        "rrule:wkst=mo;interval=1;freq=weekly",
        first.astimezone(UTC),
        zone="Europe/Rome",
        announced_before=timedelta(days=2),
    )
    assert one == same
    assert hash(one) == hash(same)
    for other in (
        work("FREQ=WEEKLY;INTERVAL=2", first, announced_before="48h"),
        work("FREQ=WEEKLY", first, announced_before="47h"),
        work("FREQ=WEEKLY", first),
        work("FREQ=WEEKLY", first, announced_before="48h", zone="Europe/Berlin"),
        work("FREQ=WEEKLY", first, announced_before="48h", hours=1),
        work("FREQ=WEEKLY\nEXDATE:20260308T023000", first, announced_before="48h"),
    ):
        assert one != other


def test_it_can_be_stored_and_not_changed() -> None:
    one = work("FREQ=WEEKLY;UNTIL=20270101T000000Z", datetime(2026, 3, 1, 2, 30, tzinfo=ROME), announced_before="48h")
    stored = pickle.loads(pickle.dumps(one))  # noqa: S301  (it is our own)
    for again in (stored, copy.copy(one), copy.deepcopy(one)):
        assert again == one
        assert found(again, date(2026, 3, 1), date(2026, 5, 1)) == found(one, date(2026, 3, 1), date(2026, 5, 1))
    with pytest.raises(AttributeError):
        one.rrule = "FREQ=DAILY"  # type: ignore[misc]
    assert repr(one).startswith("RecurringMaintenance(id='M', start=")
    assert "_rule" not in repr(one)


# --- laws ------------------------------------------------------------------------------------------------------------

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = 86_400 * 10**6
ZONES = ("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


@st.composite
def rules(draw: st.DrawFn, *, one_time: bool = False) -> RecurringMaintenance:
    """Rules that name their start, near changes of the clock, with ends and exceptions."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    on = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 365)))
    start = datetime(on.year, on.month, on.day, draw(st.integers(0, 23)), draw(st.sampled_from([0, 30])), tzinfo=zone)
    if start.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != start.replace(tzinfo=None):
        start += 2 * HOUR  # it does not exist
    weekday = DAYS[start.weekday()]
    text = draw(
        st.sampled_from(
            [
                "FREQ=DAILY",
                "FREQ=WEEKLY",
                f"FREQ=WEEKLY;BYDAY={','.join(sorted({weekday, 'SU', 'WE'}))}",
                "FREQ=MONTHLY",
                f"FREQ=MONTHLY;BYDAY={(start.day + 6) // 7}{weekday}",
                f"FREQ=MONTHLY;BYMONTHDAY={start.day},-1",
                f"FREQ=YEARLY;BYDAY={weekday};BYMONTH={start.month},3,10",
            ]
        )
    )
    text += f";INTERVAL={draw(st.integers(1, 3))};WKST={draw(st.sampled_from(DAYS))}"
    if not one_time and draw(st.booleans()):
        text += f";BYHOUR={start.hour},{draw(st.integers(0, 23))}"
    until = (start + timedelta(days=draw(st.integers(1, 500)))).astimezone(UTC)
    text += draw(st.sampled_from(["", f";COUNT={draw(st.integers(1, 60))}", f";UNTIL={until:%Y%m%dT%H%M%SZ}"]))
    text += f"\nRDATE:{until:%Y%m%dT%H%M%SZ}" if not one_time and draw(st.booleans()) else ""
    return work(text, start, hours=draw(st.sampled_from([0.5, 3, 30, 200])))


def whole(ones: list[sla.Maintenance]) -> list[tuple[str, datetime, datetime]]:
    return [(one.id, one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in ones]


@given(rules(), st.integers(-30, 900), st.integers(0, 200), st.integers(0, 200), st.integers(0, DAY))
def test_two_windows_that_follow_each_other_are_as_good_as_one(
    one: RecurringMaintenance, begin: int, length: int, more: int, part: int
) -> None:
    lo = micros(datetime(2026, 1, 1, tzinfo=UTC)) + begin * DAY
    middle, hi = lo + length * DAY + part, lo + (length + more) * DAY + 2 * part
    together = whole(one.between(lo, hi))
    assert sorted({*whole(one.between(lo, middle)), *whole(one.between(middle, hi))}) == sorted(together)
    assert [each[1] for each in together] == sorted({each[1] for each in together})
    assert len({each[0] for each in together}) == len(together)
    # And asked from the beginning of time, it is the same again.
    at, until = (EPOCH + timedelta(microseconds=edge) for edge in (lo, hi))
    assert [each for each in whole(one.between(0, hi)) if each[2] > at and each[1] < until] == together


@given(rules(one_time=True))
def test_each_is_at_the_wall_time_of_the_first_but_in_gaps(one: RecurringMaintenance) -> None:
    zone = ZoneInfo(one.zone)
    clock = one.start.astimezone(zone).time()
    length = one.end.astimezone(UTC) - one.start.astimezone(UTC)
    for each in found(one, date(2026, 1, 1), date(2028, 1, 1)):
        assert each.end.astimezone(UTC) - each.start.astimezone(UTC) == length
        assert each.start.fold == 0
        if each.start.time() != clock:
            planned = datetime.combine(each.start.date(), clock, tzinfo=zone)
            back = planned.astimezone(UTC).astimezone(zone)
            assert back.replace(tzinfo=None) != planned.replace(tzinfo=None)
            assert back == each.start


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_calendar_with_rules_is_read() -> None:
    told = sla.read_maintenance(
        "id,service,start,end,announced_at,emergency,rrule,zone,announced_before\n"
        "M-1,web,2026-03-01T02:30,2026-03-01T04:30,,no,FREQ=WEEKLY;BYDAY=SU,Europe/Rome,48h\n"
        "M-2,,2026-03-05T02:00,2026-03-05T03:00,2026-03-01T09:00,yes,FREQ=MONTHLY,,\n"
        'M-3,web,2026-03-02T00:00Z,2026-03-02T01:00Z,,,"RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260302T190000",'
        "America/New_York,\n"
        "M-4,web,2026-03-06T02:00,2026-03-06T03:00,2026-03-01T09:00,,,Europe/Rome,\n",
        zone="UTC",
    )
    assert told.problems == ()
    assert told.rows == 4

    def named(name: str, start: datetime, hours: int, rrule: str, **more: Any) -> RecurringMaintenance:
        return RecurringMaintenance(name, start, start + hours * HOUR, rrule, **more)

    announced = datetime(2026, 3, 1, 9, tzinfo=UTC)
    first, second, third = (
        named(
            "M-1",
            datetime(2026, 3, 1, 2, 30, tzinfo=ROME),
            2,
            "FREQ=WEEKLY",
            zone="Europe/Rome",
            announced_before="48h",
        ),
        named(
            "M-2",
            datetime(2026, 3, 5, 2, tzinfo=UTC),
            1,
            "FREQ=MONTHLY",
            zone="UTC",
            announced_at=announced,
            emergency=True,
        ),
        named(
            "M-3",
            datetime(2026, 3, 1, 19, tzinfo=YORK),
            1,
            "FREQ=DAILY;COUNT=3\nEXDATE:20260303T000000Z",
            zone="America/New_York",
        ),
    )
    fourth = sla.Maintenance(
        "M-4",
        datetime(2026, 3, 6, 2, tzinfo=ROME),
        datetime(2026, 3, 6, 3, tzinfo=ROME),
        datetime(2026, 3, 1, 9, tzinfo=ROME),
    )
    assert told.maintenance == {"web": (first, third, fourth), "": (second,)}


def test_the_zone_of_a_reader_is_that_of_the_rules_in_it() -> None:
    told = sla.read_maintenance(
        "id,start,end,announced_at,rrule\nM-1,2026-03-22T02:30,2026-03-22T04:30,,FREQ=WEEKLY\n", zone=ROME
    )
    (one,) = told.maintenance[""]
    assert isinstance(one, RecurringMaintenance)
    assert one.zone == "Europe/Rome"
    assert starts(one, date(2026, 4, 1), date(2026, 4, 6)) == ["2026-04-05 00:30"]
