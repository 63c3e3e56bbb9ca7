"""
A second opinion on exchange hours: the `exchange_calendars` package, asked about minutes, openings and sessions.

Its rules (hours, the week, dates without a session, special hours) are written as a calendar of ours; then its own
minutes are compared with our spans, so that every clock change and every overnight session of the years is passed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import exchange_calendars
import pytest
from pandas import Timestamp, isna

from sla_engine import BusinessCalendar, Calendar, Holidays, InvalidHolidays, Span

# The package reads its own tables in ways that newer versions of pandas warn of.
pytestmark = pytest.mark.filterwarnings("ignore:(Series|DatetimeIndex)[.](values|weekday) :DeprecationWarning")

MINUTE = 60_000_000
QUESTIONS = 500
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

YEARS = {
    "XNYS": (2015, 2025),
    "XLON": (2015, 2025),
    "XTKS": (2015, 2025),  # a lunch break, and another close from November 2024 on
    "XHKG": (2015, 2025),  # a lunch break, and half days without one
    "XASX": (2015, 2025),  # clocks of the southern hemisphere
    "XKRX": (2015, 2025),  # on some dates later by an hour
    "XSAU": (2021, 2025),  # Sunday to Thursday
    "IEPA": (2018, 2025),  # 20:00 to 18:00 of the next day
    "CMES": (2021, 2025),  # 17:00 to 17:00 of the next day
    "us_futures": (2021, 2025),  # 18:00 to 18:00 of the next day
    "24/5": (2021, 2025),
}
OVERNIGHT = {"IEPA", "CMES", "us_futures"}
DAY_AND_NIGHT = {"CMES", "us_futures"}
ABUTTING = {*DAY_AND_NIGHT, "24/5"}
WITH_BREAKS = {"XTKS", "XHKG"}

Hours = tuple[float, ...]


@dataclass(frozen=True)
class Market:
    name: str
    theirs: Any
    usual: Hours
    sessions: dict[date, Hours]
    missing: list[date]
    pieces: list[tuple[int, int]]

    @property
    def lo(self) -> int:
        return self.pieces[0][0]

    @property
    def hi(self) -> int:
        return self.pieces[-1][1]


def micros(at: Any) -> int:
    nanoseconds = int(at.as_unit("ns").value)
    assert nanoseconds % 1000 == 0
    return nanoseconds // 1000


def stamp(at: int) -> Timestamp:
    return Timestamp(at, unit="us", tz="UTC")


def utc(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def _hour(at: time | None, day_offset: int) -> float | None:
    return None if at is None else at.hour + at.minute / 60 + 24 * day_offset


def _at_first(rules: Any, first: date) -> time | None:
    """Return the local time that a rule of the package gives on a date."""
    applying = [at for since, at in rules or () if since is None or since.date() <= first]
    return applying[-1] if applying else None


def _usual(theirs: Any, first: date) -> Hours:
    opening = _hour(_at_first(theirs.open_times, first), theirs.open_offset)
    breaks = [_hour(_at_first(rules, first), 0) for rules in (theirs.break_start_times, theirs.break_end_times)]
    closing = _hour(_at_first(theirs.close_times, first), theirs.close_offset)
    return tuple(hour for hour in (opening, *breaks, closing) if hour is not None)


def _local(row: Any, day: Timestamp, zone: Any) -> Hours:
    """Return a session's local clock times, in hours from the midnight of its date."""
    marks = [mark for mark in (row.open, row.break_start, row.break_end, row.close) if not isna(mark)]
    return tuple((mark.tz_convert(zone).tz_localize(None) - day).total_seconds() / 3600 for mark in marks)


@pytest.fixture(scope="module", params=sorted(YEARS))
def market(request: pytest.FixtureRequest) -> Market:
    first, last = YEARS[request.param]
    theirs = exchange_calendars.get_calendar(request.param, start=f"{first}-01-01", end=f"{last}-12-31", side="left")
    schedule = theirs.schedule
    rows: list[tuple[Any, Any]] = list(zip(schedule.index, schedule.itertuples(index=False), strict=True))
    pieces = []
    for _, row in rows:
        marks = [micros(mark) for mark in (row.open, row.break_start, row.break_end, row.close) if not isna(mark)]
        pieces += list(zip(marks[::2], marks[1::2], strict=True))
    sessions = {day.date(): _local(row, day, theirs.tz) for day, row in rows}
    span = range(min(sessions).toordinal(), max(sessions).toordinal() + 1)
    in_week = [day for day in map(date.fromordinal, span) if theirs.weekmask[day.weekday()] == "1"]
    assert set(sessions) <= set(in_week)
    missing = [day for day in in_week if day not in sessions]
    return Market(request.param, theirs, _usual(theirs, min(sessions)), sessions, missing, pieces)


def _clock(hour: float) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _windows(hours: Hours) -> list[str]:
    return [f"{_clock(start)}-{_clock(end)}" for start, end in zip(hours[::2], hours[1::2], strict=True)]


def _calendar(market: Market, cut: tuple[float, float], eve: int = 0) -> BusinessCalendar:
    """Return the part of the sessions between two hours of their dates, on the date itself or on its eve."""

    def part(hours: Hours) -> list[str]:
        return _windows(tuple(min(max(hour, cut[0]), cut[1]) + 24 * eve for hour in hours))

    def dated(day: date) -> date:
        return day - timedelta(days=eve)

    special = {dated(day): part(hours) for day, hours in market.sessions.items() if part(hours) != part(market.usual)}
    days = [WEEK[(number - eve) % 7] for number, held in enumerate(market.theirs.weekmask) if held == "1"]
    return BusinessCalendar(
        zone=str(market.theirs.tz),
        hours={",".join(days): part(market.usual)},
        holidays=[dated(day) for day in market.missing],
        overrides=special,
    )


@pytest.fixture(scope="module")
def calendar(market: Market) -> Calendar:
    if market.name in DAY_AND_NIGHT:
        # 17:00 to 17:00 is no window (it would have no length): the evening before, and the day.
        return _calendar(market, (-24, 0), eve=1) | _calendar(market, (0, 24))
    if market.name in OVERNIGHT:
        return _overnight(market)
    return _calendar(market, (0, 24))


def _overnight(market: Market) -> BusinessCalendar:
    """Return windows that cross midnight; each belongs to the eve, on which it starts."""

    def window(hours: Hours) -> str:
        opening, closing = hours
        return f"{_clock(opening + 24)}-{_clock(closing)}"

    eve = timedelta(days=1)
    days = [WEEK[number - 1] for number, held in enumerate(market.theirs.weekmask) if held == "1"]
    return BusinessCalendar(
        zone=str(market.theirs.tz),
        hours={",".join(days): window(market.usual)},
        holidays=[day - eve for day in market.missing],
        overrides={day - eve: window(hours) for day, hours in market.sessions.items() if hours != market.usual},
    )


def _random_minutes(market: Market, seed: int) -> Iterator[int]:
    chance = random.Random(seed)  # noqa: S311  (the same questions every time)
    edges = [edge for piece in market.pieces for edge in piece]
    for number in range(QUESTIONS):
        at = chance.choice(edges) if number % 3 == 0 else chance.randrange(market.lo, market.hi)
        yield min(max(at // MINUTE * MINUTE + chance.choice((-1, 0, 1)) * MINUTE, market.lo), market.hi - MINUTE)


def test_every_minute_of_the_years_is_the_same(market: Market, calendar: Calendar) -> None:
    ours: list[int] = []
    for start, end in calendar.open_spans(utc(market.lo), utc(market.hi)).micros:
        ours += range(start, end, MINUTE)
    assert ours == market.theirs.minutes.as_unit("us").asi8.tolist()
    assert len(ours) > 250_000


def test_spans_are_the_sessions(market: Market, calendar: Calendar) -> None:
    joined = market.pieces[:1]
    for start, end in market.pieces[1:]:
        if start == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    assert calendar.open_spans(utc(market.lo), utc(market.hi)).micros == tuple(joined)
    assert (len(joined) < len(market.pieces)) == (market.name in ABUTTING)


def test_elapsed_counts_their_minutes(market: Market, calendar: Calendar) -> None:
    for one, other in zip(_random_minutes(market, 1), _random_minutes(market, 2), strict=True):
        start, end = sorted((one, other))
        # Theirs counts both ends: the last minute is open until the next one.
        counted = len(market.theirs.minutes_in_range(stamp(start), stamp(end)))
        assert calendar.elapsed(utc(start), utc(end + MINUTE)) == timedelta(minutes=counted)


def test_the_nth_minute_on_is_where_time_resumes(market: Market, calendar: Calendar) -> None:
    chance = random.Random(3)  # noqa: S311  (the same questions every time)
    minutes = market.theirs.minutes
    for _ in range(QUESTIONS):
        here = chance.randrange(len(minutes))
        count = chance.randrange(-min(here, 5000), min(len(minutes) - here, 5000))
        start = micros(minutes[here])
        there = micros(market.theirs.minute_offset(minutes[here], count))
        # Each of their minutes is the start of an open one, so a count that ends at a close is the next opening.
        amount = timedelta(minutes=abs(count))
        found = calendar.resumes_at(utc(start), amount) if count >= 0 else calendar.subtract(utc(start), amount)
        assert found == utc(there)


def test_open_or_closed_to_the_microsecond(market: Market, calendar: Calendar) -> None:
    for number, minute in enumerate(_random_minutes(market, 4)):
        at = minute + (0, 1, MINUTE - 1)[number % 3]
        assert calendar.is_open(utc(at)) == market.theirs.is_open_at_time(stamp(at), side="left")


@pytest.mark.parametrize("market", sorted(set(YEARS) - ABUTTING - WITH_BREAKS), indirect=True)
def test_openings_and_closings_of_sessions(market: Market, calendar: Calendar) -> None:
    inside = [at for at in _random_minutes(market, 5) if market.pieces[1][0] < at < market.pieces[-2][1]]
    assert len(inside) > QUESTIONS - 20
    for at in inside:
        theirs, minute = market.theirs, stamp(at)
        # Theirs is strictly after, or strictly before; ours takes an opening that is now, and a closing that is now.
        assert calendar.next_opening(utc(at + 1)) == theirs.next_open(minute).to_pydatetime()
        assert calendar.next_closing(utc(at)) == theirs.next_close(minute).to_pydatetime()
        assert calendar.previous_opening(utc(at - 1)) == theirs.previous_open(minute).to_pydatetime()
        assert calendar.previous_closing(utc(at - 1)) == theirs.previous_close(minute).to_pydatetime()


@pytest.mark.parametrize("market", sorted(ABUTTING | WITH_BREAKS), indirect=True)
def test_openings_and_closings_of_open_time(market: Market, calendar: Calendar) -> None:
    # Theirs are those of sessions. A break closes ours, and where one session abuts the next ours stay open.
    theirs = market.theirs
    opens, closes = {micros(at) for at in theirs.opens}, {micros(at) for at in theirs.closes}
    break_starts, break_ends = (
        {micros(at) for at in column if not isna(at)} for column in (theirs.break_starts, theirs.break_ends)
    )
    # At the edge of the years asked about, theirs end; ours may go on.
    expected_starts = [at for at in sorted((opens | break_ends) - (closes | break_starts)) if market.lo < at]
    expected_ends = [at for at in sorted((closes | break_starts) - (opens | break_ends)) if at < market.hi]
    starts, ends = [], []
    at = utc(market.lo)
    while (at := calendar.next_closing(at)) < utc(market.hi):
        ends.append(micros(Timestamp(at)))
        starts.append(micros(Timestamp(calendar.next_opening(at))))
    assert (starts, ends) == (expected_starts, expected_ends)
    assert len(starts) > 200


def test_business_dates_are_the_sessions(market: Market, calendar: Calendar) -> None:
    first, last = min(market.sessions), max(market.sessions)
    eve = timedelta(days=1)
    if market.name in DAY_AND_NIGHT:
        # A window starts on the eve, and one on the day.
        expected = sorted({*market.sessions, *(day - eve for day in market.sessions)})
        assert calendar.business_dates(first - eve, last + eve) == expected
    elif market.name in OVERNIGHT:
        assert calendar.business_dates(first - eve, last) == [day - eve for day in market.sessions]
    else:
        assert calendar.business_dates(first, last + eve) == list(market.sessions)


@pytest.mark.parametrize("market", sorted(set(YEARS) - DAY_AND_NIGHT), indirect=True)
def test_sessions_are_counted_as_business_days(market: Market, calendar: Calendar) -> None:
    chance = random.Random(6)  # noqa: S311  (the same questions every time)
    theirs, sessions = market.theirs, list(market.theirs.sessions)
    for _ in range(QUESTIONS):
        here = chance.randrange(len(sessions))
        count = chance.randrange(-min(here, 300), min(len(sessions) - here, 300))
        there = theirs.session_offset(sessions[here], count)
        start = chance.choice(theirs.session_minutes(sessions[here])).to_pydatetime()
        close = theirs.session_close(there).to_pydatetime()
        assert calendar.add_business_days(start, count, due="close") == close
        end = chance.choice(theirs.session_minutes(there)).to_pydatetime()
        assert calendar.business_days_between(start, end) == count


# --- holidays -------------------------------------------------------------------------------------------------------

# Closed on a single occasion, by no rule. `exchange_calendars` keeps these apart from its regular holidays; our source
# of holidays gives them among the others.
XNYS_ON_OCCASION = {
    date(1972, 12, 28): "Funeral of former President Harry S. Truman",
    date(1973, 1, 25): "Funeral of former President Lyndon B. Johnson",
    date(1977, 7, 14): "Blackout in New York City",
    date(1985, 9, 27): "Hurricane Gloria",
    date(1994, 4, 27): "Funeral of former President Richard M. Nixon",
    date(2001, 9, 11): "Closed following Attacks on the World Trade Center",
    date(2001, 9, 12): "Closed following Attacks on the World Trade Center",
    date(2001, 9, 13): "Closed following Attacks on the World Trade Center",
    date(2001, 9, 14): "Closed following Attacks on the World Trade Center",
    date(2004, 6, 11): "National Day of Mourning for former President Ronald Reagan",
    date(2007, 1, 2): "National Day of Mourning for former President Gerald R. Ford",
    date(2012, 10, 29): "Hurricane Sandy",
    date(2012, 10, 30): "Hurricane Sandy",
    date(2018, 12, 5): "National Day of Mourning for former President George H. W. Bush",
    date(2025, 1, 9): "National Day of Mourning for former President Jimmy Carter",
}

# Market, its name among our holidays, years, and the dates that only one of the two sources closes, with the reason.
MARKETS: dict[str, tuple[str, tuple[int, int], dict[date, str], dict[date, str]]] = {
    "XNYS": ("XNYS", (1971, 2035), {}, {}),
    "XLON": ("XLON", (2015, 2025), {}, {}),
    "XTKS": ("XJPX", (2015, 2025), {}, {date(2020, 10, 1): "trading halted all day by a failure of the system"}),
    "XHKG": (
        "XHKG",
        (2015, 2025),
        {date(2023, 9, 1): "suspended, severe weather", date(2023, 9, 8): "suspended, severe weather"},
        {},
    ),
    "XASX": ("XASX", (2015, 2025), {}, {}),
    "XKRX": ("XKRX", (2015, 2025), {}, {}),
    "XTSE": ("XTSE", (2015, 2025), {}, {}),
}


def _ours(market: str, first: int, last: int) -> dict[date, str]:
    rule = Holidays(market=market)
    found: dict[date, str] = {}
    for year in range(first, last + 1):
        found.update(rule.in_year(year).closed)
    return {day: name for day, name in found.items() if day.weekday() < 5}


def _theirs(market: str, first: int, last: int) -> Any:
    return exchange_calendars.get_calendar(market, start=f"{first}-01-01", end=f"{last}-12-31", side="left")


def _weekdays(first: int, last: int) -> Iterator[date]:
    for day in range(date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal() + 1):
        if date.fromordinal(day).weekday() < 5:
            yield date.fromordinal(day)


@pytest.mark.parametrize("market_name", sorted(MARKETS))
def test_holidays_are_the_weekdays_without_a_session(market_name: str) -> None:
    ours_name, (first, last), only_ours, only_theirs = MARKETS[market_name]
    sessions = {at.date() for at in _theirs(market_name, first, last).sessions}
    without = {day for day in _weekdays(first, last) if day not in sessions}
    ours = set(_ours(ours_name, first, last))
    assert (ours - without, without - ours) == (set(only_ours), set(only_theirs))
    assert len(ours & without) > 80


def test_regular_holidays_of_new_york_and_those_on_occasion() -> None:
    first, last = MARKETS["XNYS"][1]
    theirs = _theirs("XNYS", first, last)
    years = Timestamp(f"{first}-01-01"), Timestamp(f"{last}-12-31")
    regular = {at.date() for at in theirs.regular_holidays.holidays(*years)}
    on_occasion = {Timestamp(at).date() for at in theirs.adhoc_holidays}
    ours = _ours("XNYS", first, last)
    assert {day: name for day, name in ours.items() if day not in regular} == XNYS_ON_OCCASION
    assert {day for day in regular if day.weekday() < 5} <= set(ours)
    assert {day for day in on_occasion if first <= day.year <= last} == set(XNYS_ON_OCCASION)


def test_before_1971_the_two_sources_part() -> None:
    # One of them closes the Friday before Memorial Day of 1970, a Saturday; the other has a session.
    assert _ours("XNYS", 1970, 1970).get(date(1970, 5, 29)) == "Memorial Day (observed)"
    assert date(1970, 5, 29) in {at.date() for at in _theirs("XNYS", 1970, 1970).sessions}


def test_half_days_of_new_york() -> None:
    first, last = 1993, 2035
    rule = Holidays(market="XNYS", categories=("half_day",))
    ours = {day: name for year in range(first, last + 1) for day, name in rule.in_year(year).half_days.items()}
    early = {at.date() for at in _theirs("XNYS", first, last).early_closes}
    # They leave out the early close of a snowstorm.
    assert {day: name for day, name in ours.items() if day not in early} == {
        date(1994, 2, 11): "Snowstorm (markets close at 2:30pm)"
    }
    assert early <= set(ours)
    assert len(early) > 90


def test_a_calendar_from_our_holidays_has_their_sessions() -> None:
    first, last = 2010, 2035
    theirs = _theirs("XNYS", first, last)
    rules = Holidays(market="XNYS", categories=("public", "half_day"))
    hours = {"mon-fri": "09:30-16:00"}
    with_gaps = BusinessCalendar(zone="America/New_York", hours=hours, holidays=rules)
    start, end = theirs.opens.iloc[0].to_pydatetime(), theirs.closes.iloc[-1].to_pydatetime()
    # A half day has no hours of its own.
    with pytest.raises(InvalidHolidays, match="half days have no hours"):
        with_gaps.open_spans(start, end)
    calendar = BusinessCalendar(
        zone="America/New_York",
        hours=hours,
        holidays=rules,
        overrides={at.date(): "09:30-13:00" for at in theirs.early_closes},
    )
    expected = tuple((micros(one), micros(other)) for one, other in zip(theirs.opens, theirs.closes, strict=True))
    assert calendar.open_spans(start, end).micros == expected
    assert calendar.open_spans(start, end)[0] == Span(start, theirs.closes.iloc[0].to_pydatetime())
