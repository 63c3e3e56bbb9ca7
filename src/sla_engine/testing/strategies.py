"""
Hypothesis strategies for calendars, instants and amounts: they look for the edges at which business-hours code breaks.

Clock changes (at midnight, by half an hour, over a whole date), overnight windows, year ends, holidays on weekends,
moments one microsecond off a closing. All that they make is valid by construction, and shrinks to the plain case.
Install with `sla_engine[testing]`; `import sla_engine` alone never imports Hypothesis.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

from sla_engine.amounts import Amount, business_days, business_time, calendar_days, elapsed_time
from sla_engine.calendars import BusinessCalendar, Calendar, CombinedCalendar, HolidayDates, Version, VersionedCalendar
from sla_engine.errors import OutOfRange
from sla_engine.instants import DAY, clock_changes, micros_of, midnight, utc
from sla_engine.testing.drawing import DrawFn, InvalidArgument, SearchStrategy, st
from sla_engine.zones import zone_name, zone_of

__all__ = [
    "EDGE_ZONES",
    "DatetimeKind",
    "amounts",
    "calendars",
    "calendars_and_instants",
    "composite_calendars",
    "day_hours",
    "durations",
    "edge_dates",
    "instants_near",
    "weekly_hours",
    "zones",
]

DatetimeKind: TypeAlias = Literal["datetime", "pendulum", "pandas"]
"""The types of aware datetimes that the library takes."""

EDGE_ZONES = (
    "UTC",
    "Europe/Rome",
    "America/New_York",
    "America/Sao_Paulo",  # until 2019 the clock changed at midnight: some dates start at 01:00
    "Asia/Tehran",  # until 2022 at midnight too, by another calendar
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kolkata",  # a half hour off, and no changes
    "America/St_Johns",  # a half hour off; until 2011 the clock changed at 00:01, so that one date came twice
    "America/Havana",  # back at 01:00 to midnight: the first hour of a date comes twice
    "Africa/Casablanca",  # changes around Ramadan
    "Pacific/Apia",  # had no 2011-12-30
    "UTC+05:45",
    "UTC-06:00",
)
"""Zones that break assumptions, the plain ones first."""

_PLAIN: tuple[DatetimeKind, ...] = ("datetime",)
_DAY_MINUTES = 24 * 60
_MINUTE = timedelta(minutes=1)
_FIRST_DATE, _LAST_DATE = date(2005, 1, 1), date(2030, 12, 31)
# Clock times at which offices open, and those at which clocks change.
_EDGE_MINUTES = (540, 1020, 0, 1440, 60, 120, 180, 30, 90, 150, 1, 1439, 1320, 360, 720)
_NUDGES = (
    *(timedelta(), timedelta(microseconds=-1), timedelta(microseconds=1), timedelta(seconds=-1), timedelta(seconds=1)),
    *(-_MINUTE, _MINUTE, timedelta(minutes=-30), timedelta(minutes=30), timedelta(hours=-1), timedelta(hours=1)),
)


def zones(*, fixed: bool = True) -> SearchStrategy[str]:
    """
    Names of zones that break assumptions: changes at midnight, by half an hour, over a whole date.

    Without `fixed`, only zones of places. All are names as `Calendar.zone` gives them.
    """
    return st.sampled_from([name for name in EDGE_ZONES if fixed or "/" in name])


def edge_dates(
    zone: str | tzinfo, *, min_date: date = _FIRST_DATE, max_date: date = _LAST_DATE
) -> SearchStrategy[date]:
    """
    Dates from `min_date` to `max_date` at which things go wrong in a zone: clock changes, year ends, leap days, and
    some others.

    Raises `InvalidArgument` where the dates are in the wrong order.
    """
    _check_order("date", min_date, max_date)
    name = zone_name(zone)

    def near(year: int) -> SearchStrategy[date]:
        found = [*_change_dates(name, year), date(year, 12, 31), date(year, 1, 1), date(year, 3, 1) - timedelta(days=1)]
        inside = [day for day in found if min_date <= day <= max_date]
        return st.sampled_from(inside) if inside else anywhere

    anywhere = st.dates(min_date, max_date)
    return st.one_of(st.integers(min_date.year, max_date.year).flatmap(near), anywhere)


@lru_cache(maxsize=1024)
def _change_dates(zone: str, year: int) -> tuple[date, ...]:
    start, end = (midnight(zone_of(zone), date(one, 1, 1).toordinal()) for one in (year, year + 1))
    return tuple(utc(at).astimezone(zone_of(zone)).date() for at, _, _ in clock_changes(zone_of(zone), start, end))


# --- hours ---------------------------------------------------------------------------------------------------------

_Day: TypeAlias = list[tuple[int, int]]


@st.composite
def _days(draw: DrawFn, min_windows: int, max_windows: int, overnight: bool) -> _Day:
    """Draw one day's windows in minutes after its midnight, apart or abutting; the last may cross midnight."""
    if max_windows and draw(st.integers(0, 7)) == 7:  # noqa: PLR2004
        return [(0, _DAY_MINUTES)]
    clocks = st.one_of(st.sampled_from(_EDGE_MINUTES), st.integers(0, _DAY_MINUTES))
    times = sorted(draw(st.lists(clocks, min_size=2 * min_windows, max_size=2 * max_windows, unique=True)))
    day = list(zip(times[::2], times[1::2], strict=False))
    if len(times) % 2 and overnight and 0 < times[-1] < _DAY_MINUTES:
        day.append((times[-1], _DAY_MINUTES + draw(st.integers(1, times[-1] - 1)) if times[-1] > 1 else _DAY_MINUTES))
    if len(day) > 1 and draw(st.booleans()):
        # Two windows that abut are one span, but two starts.
        day[0] = (day[0][0], day[1][0])
    return day


def _written(day: _Day) -> list[str]:
    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    return [f"{clock(start)}-{clock(end if end <= _DAY_MINUTES else end - _DAY_MINUTES)}" for start, end in day]


def day_hours(*, min_windows: int = 0, max_windows: int = 3, overnight: bool = True) -> SearchStrategy[list[str]]:
    """
    One day's windows, as overrides take them: none, several, abutting, until 24:00, and with `overnight` past midnight.

    Raises `InvalidArgument` for numbers of windows in the wrong order.
    """
    _check_order("windows", min_windows, max_windows)
    return _days(min_windows, max_windows, overnight).map(_written)


@st.composite
def _weeks(draw: DrawFn, min_windows: int, max_windows: int, overnight: bool) -> dict[str, list[str]]:
    kinds = draw(st.lists(_days(min_windows, max_windows, overnight), min_size=1, max_size=3))
    # Weekdays of the first kind, a closed weekend, unless drawn otherwise.
    closed: _Day = [] if not min_windows else kinds[0]
    choices = [*kinds, closed]
    pattern = draw(
        st.one_of(st.just([0] * 5 + [-1] * 2), st.lists(st.integers(-1, len(kinds) - 1), min_size=7, max_size=7))
    )
    week = [list(choices[index]) for index in pattern]
    for number, day in enumerate(week):
        following = week[(number + 1) % 7]
        if day and day[-1][1] > _DAY_MINUTES and following:
            day[-1] = (day[-1][0], min(day[-1][1], _DAY_MINUTES + following[0][0]))
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {name: _written(day) for name, day in zip(names, week, strict=True) if day}


def weekly_hours(
    *, min_windows: int = 0, max_windows: int = 3, overnight: bool = True
) -> SearchStrategy[dict[str, list[str]]]:
    """
    Weekly hours as `BusinessCalendar` takes them: whole days, several windows a day, 24:00, and with `overnight` past
    midnight.

    `min_windows` and `max_windows` are for one day, in whole minutes. Raises `InvalidArgument` where they are in the
    wrong order.
    """
    _check_order("windows", min_windows, max_windows)
    return _weeks(min_windows, max_windows, overnight)


# --- calendars -----------------------------------------------------------------------------------------------------


@st.composite
def _spans(draw: DrawFn, min_date: date, max_date: date, resolution: timedelta) -> tuple[datetime, datetime]:
    start = _rounded(draw(_moments(min_date, max_date)), resolution)
    lengths = st.sampled_from([timedelta(hours=1), timedelta(minutes=1), timedelta(days=1), timedelta(hours=30)])
    length = _multiple(draw(st.one_of(lengths, durations(max_value=timedelta(days=3)))), resolution)
    return start, start + max(length, resolution)


def _moments(min_date: date, max_date: date) -> SearchStrategy[datetime]:
    """Moments on edges of the clock in UTC, and on any microsecond."""
    days = st.dates(min_date, max_date).map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC))
    hours = st.one_of(
        st.integers(0, 47).map(lambda half: half * 30 * _MINUTE), durations(max_value=timedelta(hours=24))
    )
    return st.builds(lambda day, clock: day + clock, days, hours)


@st.composite
def _plain_calendars(
    draw: DrawFn,
    *,
    zone: SearchStrategy[str],
    hours: SearchStrategy[dict[str, list[str]]],
    min_date: date,
    max_date: date,
    max_exceptions: int,
    resolution: timedelta,
    horizon: int,
) -> BusinessCalendar:
    dates = st.dates(min_date, max_date)
    spans = _spans(min_date, max_date, resolution)
    few = max_exceptions
    days = draw(st.lists(dates, max_size=few, unique=True))
    annual = draw(st.lists(dates.map(lambda day: f"{day:%m-%d}"), max_size=min(few, 2), unique=True))
    own = HolidayDates(days=dict.fromkeys(days, "holiday"), annual=dict.fromkeys(annual, "every year"))
    return BusinessCalendar(
        zone=draw(zone),
        hours=draw(hours),
        holidays=[own] if days or annual else [],
        overrides=draw(st.dictionaries(dates, day_hours(), max_size=few)),
        closures=draw(st.lists(spans, max_size=min(few, 2))),
        openings=draw(st.lists(spans, max_size=min(few, 2))),
        overnight=draw(st.sampled_from(["start_date", "civil_date"])),
        horizon=horizon,
    )


def calendars(
    *,
    zone: str | tzinfo | SearchStrategy[str] | None = None,
    hours: SearchStrategy[dict[str, list[str]]] | None = None,
    min_date: date = date(2024, 1, 1),
    max_date: date = date(2024, 12, 31),
    max_exceptions: int = 3,
    resolution: timedelta = _MINUTE,
    horizon: int = 100,
) -> SearchStrategy[BusinessCalendar]:
    """
    Calendars with own and annual holidays, overrides, closures, extra openings, and both readings of overnight windows.

    All dated exceptions lie from `min_date` to `max_date`, at most `max_exceptions` of each kind; closures and
    openings are on whole multiples of `resolution`. `zone` is a zone or a strategy for names of zones. Raises
    `InvalidArgument` for options that cannot be.
    """
    _check_order("date", min_date, max_date)
    _check_resolution(resolution)
    return _plain_calendars(
        zone=_zone_strategy(zone),
        hours=weekly_hours() if hours is None else hours,
        min_date=min_date,
        max_date=max_date,
        max_exceptions=max_exceptions,
        resolution=resolution,
        horizon=horizon,
    )


@st.composite
def _composites(
    draw: DrawFn,
    plain: SearchStrategy[BusinessCalendar],
    zone: SearchStrategy[str],
    dates: SearchStrategy[date],
    depth: int,
) -> Calendar:
    inner = _composites(plain, zone, dates, depth - 1) if depth > 1 else plain
    left: Calendar = draw(st.one_of(plain, inner))
    right: Calendar = draw(st.one_of(plain, inner))
    kind = draw(st.sampled_from(["union", "intersection", "difference", "changed", "versions"]))
    if kind == "changed":
        return left.changed(from_date=draw(dates), to=right)
    if kind == "versions":
        first, second = sorted(draw(st.lists(dates, min_size=2, max_size=2, unique=True)))
        return VersionedCalendar(
            versions=[Version(from_date=first, calendar=left), Version(from_date=second, calendar=right)],
            zone=draw(zone),
        )
    combined = {"union": left | right, "intersection": left & right, "difference": left - right}[kind]
    return combined.in_zone(draw(zone)) if draw(st.booleans()) else combined


def composite_calendars(
    *,
    zone: str | tzinfo | SearchStrategy[str] | None = None,
    hours: SearchStrategy[dict[str, list[str]]] | None = None,
    min_date: date = date(2024, 1, 1),
    max_date: date = date(2024, 12, 31),
    max_exceptions: int = 2,
    max_depth: int = 2,
    resolution: timedelta = _MINUTE,
    horizon: int = 100,
) -> SearchStrategy[Calendar]:
    """
    Calendars made of calendars, across zones: `|`, `&`, `-`, `.changed`, versions, and each of them inside another.

    `max_depth` is the number of operations on top of one another; the other options are those of `calendars`. Raises
    `InvalidArgument` for options that cannot be.
    """
    if max_depth < 1:
        raise InvalidArgument(f"max_depth={max_depth} makes no composite; give 1 or more, or use calendars()")
    if min_date >= max_date:
        raise InvalidArgument(f"versions need two dates; min_date={min_date} must be before max_date={max_date}")
    names = _zone_strategy(zone)
    plain = calendars(
        zone=names,
        hours=hours,
        min_date=min_date,
        max_date=max_date,
        max_exceptions=max_exceptions,
        resolution=resolution,
        horizon=horizon,
    )
    return _composites(plain, names, st.dates(min_date, max_date), max_depth)


# --- instants ------------------------------------------------------------------------------------------------------


def _parts(calendar: Calendar) -> Iterator[BusinessCalendar]:
    """Yield the plain calendars that a calendar is made of."""
    if isinstance(calendar, CombinedCalendar):
        yield from _parts(calendar.left)
        yield from _parts(calendar.right)
    elif isinstance(calendar, VersionedCalendar):
        for version in calendar.versions:
            yield from _parts(version.calendar)
    elif isinstance(calendar, BusinessCalendar):
        yield calendar


def _exceptional_dates(calendar: Calendar) -> Iterator[date]:
    """Yield the dates that a calendar or its parts name."""
    for part in _parts(calendar):
        yield from (day for day, _ in part.overrides)
        for rule in part.holidays:
            if isinstance(rule, HolidayDates):
                yield from (day for day, _ in rule.days)
        for span in (*part.closures, *part.openings):
            yield span.start.date()
            yield span.end.date()


@lru_cache(maxsize=512)
def _edges(calendar: Calendar, day: date) -> tuple[int, ...]:
    """Return the instants around a date at which something starts or ends: windows, dates, offsets."""
    zone = zone_of(calendar.zone)
    ordinal = day.toordinal()
    edges = [midnight(zone, ordinal), midnight(zone, ordinal + 1)]
    lo, hi = edges[0] - DAY, edges[1] + DAY
    with contextlib.suppress(OutOfRange):  # frozen for other years: the date itself has edges enough
        edges += [edge for pair in calendar.open_spans(utc(lo), utc(hi)).micros for edge in pair if lo < edge < hi]
    for name in dict.fromkeys([calendar.zone, *(part.zone for part in _parts(calendar))]):
        for at, before, after in clock_changes(zone_of(name), lo, hi):
            # An hour of the clock that comes twice lies on both sides of the change.
            edges += [at, at - abs(after - before), at + abs(after - before)]
    return tuple(dict.fromkeys(edges))


def _datetimes(kinds: Collection[DatetimeKind], zone: SearchStrategy[str], at: datetime) -> SearchStrategy[datetime]:
    def made(kind: DatetimeKind, name: str) -> datetime:
        local = at.astimezone(ZoneInfo(name) if "/" in name else zone_of(name))
        if kind == "pendulum":
            import pendulum  # noqa: PLC0415  (only for those who ask for it)

            return pendulum.instance(local)
        if kind == "pandas":
            import pandas as pd  # noqa: PLC0415  (an optional package)

            stamp: Any = pd.Timestamp(local)
            return stamp  # type: ignore[no-any-return]
        return local

    return st.builds(made, st.sampled_from(list(kinds)), zone)


@st.composite
def _instants(
    draw: DrawFn,
    calendar: Calendar,
    *,
    dates: SearchStrategy[date],
    resolution: timedelta,
    kinds: Collection[DatetimeKind],
    zone: SearchStrategy[str],
) -> datetime:
    edges = _edges(calendar, draw(dates))
    nudges = st.one_of(st.sampled_from(_NUDGES), durations(min_value=timedelta(days=-1), max_value=timedelta(days=1)))
    at = utc(draw(st.sampled_from(edges))) + draw(nudges)
    return draw(_datetimes(kinds, zone, _rounded(at, resolution)))


def instants_near(
    calendar: Calendar,
    *,
    min_date: date = _FIRST_DATE,
    max_date: date = _LAST_DATE,
    resolution: timedelta = timedelta.resolution,
    kinds: Collection[DatetimeKind] = _PLAIN,
    zone: str | tzinfo | SearchStrategy[str] | None = None,
) -> SearchStrategy[datetime]:
    """
    Aware datetimes on and around the edges of a calendar: openings, closings, midnights, clock changes, its own dates.

    At the edge, or a microsecond, a second, a minute, an hour or anything off it; written in zones from `zone`, in a
    type from `kinds` (`"pandas"` needs pandas), on whole multiples of `resolution`. Raises `InvalidArgument` for
    options that cannot be.
    """
    _check_order("date", min_date, max_date)
    _check_resolution(resolution)
    unknown = set(kinds) - set(get_args(DatetimeKind))
    if unknown or not kinds:
        raise InvalidArgument(f"kinds={kinds!r} are not from {', '.join(get_args(DatetimeKind))}")
    own = sorted({day for day in _exceptional_dates(calendar) if min_date <= day <= max_date})
    dates = edge_dates(calendar.zone, min_date=min_date, max_date=max_date)
    names = st.one_of(st.just(calendar.zone), zones()) if zone is None else _zone_strategy(zone)
    near = st.one_of(st.sampled_from(own), dates) if own else dates
    return _instants(calendar, dates=near, resolution=resolution, kinds=kinds, zone=names)


@st.composite
def calendars_and_instants(
    draw: DrawFn,
    count: int = 2,
    *,
    composite: bool | None = None,
    days: int = 12,
    zone: str | tzinfo | SearchStrategy[str] | None = None,
    hours: SearchStrategy[dict[str, list[str]]] | None = None,
    resolution: timedelta = timedelta.resolution,
    kinds: Collection[DatetimeKind] = _PLAIN,
    horizon: int = 100,
) -> tuple[Calendar, list[datetime]]:
    """
    Pairs of a calendar and `count` instants near its edges, all within `days` days of a date at which things go wrong.

    `composite` asks for calendars made of calendars, or for none of them; left out, for both. Instants are in any
    order.
    """
    name = draw(_zone_strategy(zone))
    centre = draw(
        edge_dates(name, min_date=_FIRST_DATE + timedelta(days=days), max_date=_LAST_DATE - timedelta(days=days))
    )
    min_date, max_date = centre - timedelta(days=days // 2), centre + timedelta(days=days // 2)
    # The zone with the edge, and mostly others beside it.
    names = st.just(name) if zone is not None else st.one_of(st.just(name), zones())
    plain = calendars(
        zone=name, hours=hours, min_date=min_date, max_date=max_date, resolution=resolution, horizon=horizon
    )
    made = composite_calendars(
        zone=names, hours=hours, min_date=min_date, max_date=max_date, resolution=resolution, horizon=horizon
    )
    calendar: Calendar = draw({None: st.one_of(plain, made), True: made, False: plain}[composite])
    near = instants_near(calendar, min_date=min_date, max_date=max_date, resolution=resolution, kinds=kinds)
    return calendar, draw(st.lists(near, min_size=count, max_size=count))


# --- amounts -------------------------------------------------------------------------------------------------------


def durations(
    *,
    min_value: timedelta = timedelta(),
    max_value: timedelta = timedelta(days=5),
    resolution: timedelta = timedelta.resolution,
) -> SearchStrategy[timedelta]:
    """
    Durations from `min_value` to `max_value` on whole multiples of `resolution`: round ones, their neighbours, and
    any other.

    Raises `InvalidArgument` where there is none.
    """
    _check_order("value", min_value, max_value)
    _check_resolution(resolution)
    unit = micros_of(resolution)
    lo, hi = -(-micros_of(min_value) // unit), micros_of(max_value) // unit
    if lo > hi:
        raise InvalidArgument(f"no multiple of resolution={resolution} lies from {min_value} to {max_value}")
    hour = timedelta(hours=1)
    rounds = {round_one // resolution + off for round_one in (_MINUTE, hour, 8 * hour, 24 * hour) for off in (0, -1, 1)}
    rounds |= {-one for one in rounds} | {0, 1, -1}
    inside = sorted((one for one in rounds if lo <= one <= hi), key=lambda one: (abs(one), one))
    whole = st.integers(lo, hi)
    return (st.one_of(st.sampled_from(inside), whole) if inside else whole).map(lambda count: count * resolution)


def amounts(
    *,
    min_days: int = -5,
    max_days: int = 5,
    max_time: timedelta = timedelta(days=5),
    resolution: timedelta = timedelta.resolution,
) -> SearchStrategy[Amount]:
    """
    Amounts of every kind: open and elapsed time (of either sign, at most `max_time`), business days due both ways,
    calendar days.

    Raises `InvalidArgument` for options that cannot be.
    """
    _check_order("days", min_days, max_days)
    times = durations(min_value=-max_time, max_value=max_time, resolution=resolution)
    counts = st.integers(min_days, max_days)
    return st.one_of(
        times.map(business_time),
        st.builds(lambda count, due: business_days(count, due=due), counts, st.sampled_from(["same_time", "close"])),
        counts.map(calendar_days),
        times.map(elapsed_time),
    )


# --- options -------------------------------------------------------------------------------------------------------


def _zone_strategy(zone: str | tzinfo | SearchStrategy[str] | None) -> SearchStrategy[str]:
    if zone is None:
        return zones()
    return zone if isinstance(zone, SearchStrategy) else st.just(zone_name(zone))


def _check_order(what: str, first: Any, last: Any) -> None:
    if first > last:
        raise InvalidArgument(f"min_{what}={first} is above max_{what}={last}")


def _check_resolution(resolution: timedelta) -> None:
    if resolution <= timedelta():
        raise InvalidArgument(f"resolution={resolution} is no length of time; give timedelta(minutes=1), for example")


def _multiple(duration: timedelta, resolution: timedelta) -> timedelta:
    return duration // resolution * resolution


def _rounded(at: datetime, resolution: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + _multiple(at - epoch, resolution)
