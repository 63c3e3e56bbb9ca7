"""
Where datetimes become integers, and local rules become instants.

Inside the library an instant is an `int`: microseconds since 1970-01-01 UTC. Outside it is an aware `datetime`
of any kind. This is the only module that knows datetime, pendulum, pandas and zoneinfo, and their traps: two datetimes
of one zone compare by the clock and not by time, pendulum's arithmetic is slow and its copies and pickles lose `fold`,
a `Timestamp` may hold nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeVar

from sla_engine.errors import (
    InvalidInstant,
    NaiveDatetime,
    NanosecondsLost,
    NotATime,
    OutOfRange,
)

T = TypeVar("T", bound=datetime)

SECOND = 1_000_000
DAY_SECONDS = 86_400
DAY = DAY_SECONDS * SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_EPOCH_DAY = _EPOCH.toordinal()

_EXACT_AS_FLOAT = 2**32 * SECOND
"""
Until this instant (in 2106) a float of seconds is less than a quarter of a microsecond off, so it is rounded to the
very microsecond; and `fromtimestamp` is the quickest way to a datetime by far.
"""
_from_timestamp = datetime.fromtimestamp

FIRST_DAY = date(1, 1, 3).toordinal()
"""The first local date that can be asked about: no zone's offset reaches from here to before year 1."""
LAST_DAY = date(9999, 12, 29).toordinal()
"""The last local date that can be asked about."""
_LAST_ORDINAL = date.max.toordinal()


# --- datetimes and microseconds ------------------------------------------------------------------------------------


def to_micros(at: datetime) -> int:
    """
    Return the instant of an aware datetime, in microseconds since 1970 UTC.

    Raises `NaiveDatetime`, `NotATime`, `NanosecondsLost`, or `InvalidInstant` for what is no datetime at all.
    """
    if type(at) is not datetime:
        _check_foreign(at)
    zone = at.tzinfo
    if zone is None or (offset := zone.utcoffset(at)) is None:  # at.utcoffset() asks the same, and takes longer
        raise NaiveDatetime(
            f"{at!r} has no zone, so it names no instant",
            value=at,
            remedy='Attach the zone that it was written in: at.replace(tzinfo=ZoneInfo("Europe/Rome"))',
        )
    # By parts, and not by subtraction, which pendulum overrides and which ignores `fold` within one zone.
    return (
        ((at.toordinal() - _EPOCH_DAY - offset.days) * DAY_SECONDS - offset.seconds)
        + (at.hour * 60 + at.minute) * 60
        + at.second
    ) * SECOND + (at.microsecond - offset.microseconds)


def from_micros(micros: int, like: T) -> T:
    """
    Return the instant as a datetime of the type and zone of `like`.

    Raises `OutOfRange` where the calendar of `datetime` ends.
    """
    if 0 <= micros < _EXACT_AS_FLOAT:
        at = _from_timestamp(micros / SECOND, like.tzinfo)
    else:
        try:
            at = (_EPOCH + timedelta(0, 0, micros)).astimezone(like.tzinfo)
        except OverflowError:
            raise OutOfRange("the answer lies outside the years 1 to 9999 that datetime can hold") from None
    kind = type(like)
    if kind is datetime:
        return at  # type: ignore[return-value]
    if _is_pandas(kind):
        return _timestamp(at, like)  # type: ignore[no-any-return]
    return retyped(at, kind)


def plain(at: datetime) -> datetime:
    """Return a datetime of any type as one of the standard library's, in the same zone."""
    return from_micros(to_micros(at), datetime(1970, 1, 1, tzinfo=at.tzinfo))


def retyped(at: datetime, kind: type[T]) -> T:
    """Return a standard datetime as one of another type, in the same zone."""
    if kind is datetime:
        return at  # type: ignore[return-value]
    if _is_pandas(kind):
        return kind(at)  # type: ignore[call-arg, arg-type]
    return kind(
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, tzinfo=at.tzinfo, fold=at.fold
    )


def _timestamp(at: datetime, like: Any) -> Any:
    """Return a pandas Timestamp, in the unit of another where that unit can hold it."""
    stamp = type(like)(at)
    try:
        same_unit = stamp.as_unit(like.unit)
    except ValueError:
        return stamp
    return same_unit if same_unit == stamp else stamp


def utc(micros: int) -> datetime:
    """Return the instant as a plain UTC datetime."""
    return from_micros(micros, _EPOCH)


def utc_text(micros: int) -> str:
    """Return an instant in UTC as text of ISO 8601; the same as that of `utc`, and quicker where there are many."""
    seconds, fraction = divmod(micros, SECOND)
    day, clock = divmod(seconds, DAY_SECONDS)
    minutes, second = divmod(clock, 60)
    text = f"{_date_text(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}"
    return f"{text}.{fraction:06}+00:00" if fraction else f"{text}+00:00"


@lru_cache(maxsize=4096)
def _date_text(day: int) -> str:
    return date.fromordinal(_EPOCH_DAY + day).isoformat()


def _is_pandas(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "pandas"


def _check_foreign(at: object) -> None:
    if not isinstance(at, datetime):
        raise InvalidInstant(
            f"{at!r} is a {type(at).__name__}, not a datetime", value=at, remedy="Pass an aware datetime"
        )
    if _is_pandas(type(at)):
        if at != at:  # noqa: PLR0124  (NaT is the only datetime that differs from itself)
            raise NotATime("NaT is no time", value=at, remedy="Drop or fill missing times before asking")
        if at.nanosecond:  # type: ignore[attr-defined]
            raise NanosecondsLost(
                f"{at!r} has {at.nanosecond} ns beyond the microsecond",  # type: ignore[attr-defined]
                value=at,
                remedy='Round it yourself: at.floor("us") or at.ceil("us")',
            )


def micros_of(duration: timedelta) -> int:
    """Return a timedelta as a whole number of microseconds."""
    return (duration.days * DAY_SECONDS + duration.seconds) * SECOND + duration.microseconds


def years_later(micros: int, years: int) -> int:
    """Return the instant at the same UTC date and time some years on (29 February becomes 1 March)."""
    at = utc(micros)
    year = at.year + years
    if not 1 < year < 9999:  # noqa: PLR2004
        return micros + years * 366 * DAY  # beyond all that can be asked about
    try:
        moved = at.replace(year=year)
    except ValueError:
        moved = at.replace(year=year, month=3, day=1)
    return to_micros(moved)


# --- where a rule meets a zone -------------------------------------------------------------------------------------


def instant(zone: tzinfo, day: int, clock: int, *, last: bool = False) -> int:
    """
    Return the instant of a wall-clock time: `clock` microseconds after midnight of the date with ordinal `day`.

    24 hours and more are on the following dates. A time that the clock shows twice is its first showing, or its
    last if asked so; a time that the clock skips is the end of the gap.
    """
    wall = (day - _EPOCH_DAY) * DAY + clock
    if type(zone) is timezone:
        return wall - micros_of(zone.utcoffset(None))
    shown = _NAIVE_EPOCH + timedelta(0, 0, wall)
    early = zone.utcoffset(shown)
    late = zone.utcoffset(shown.replace(fold=1))
    if early == late:
        return wall - micros_of(early)  # type: ignore[arg-type]
    first, second = wall - micros_of(early), wall - micros_of(late)  # type: ignore[arg-type]
    if first < second:
        return second if last else first
    return _gap_end(zone, wall, second, first)


def _gap_end(zone: tzinfo, wall: int, before: int, after: int) -> int:
    """Return the first instant in (before, after] whose wall clock has reached `wall`."""
    while after - before > 1:
        middle = (before + after) // 2
        if middle + offset_at(zone, middle) >= wall:
            after = middle
        else:
            before = middle
    return after


def steady(zone: tzinfo, first: int, stop: int) -> Iterator[tuple[int, int, bool]]:
    """
    Yield the dates [first, stop) in stretches, and whether one offset holds from the date before to three dates after.

    One look a day finds every change of the clock, because no zone ever changed it there and back within three days.
    """
    if type(zone) is timezone:
        yield first, stop, True
        return
    days = range(max(first - 1, 1), min(stop + 4, _LAST_ORDINAL))
    at, day = first, days.start
    for _, same in groupby(map(zone.utcoffset, map(datetime.fromordinal, days))):
        begin = day + 1
        day += len(list(same))
        end = min(day - 4, stop)
        if begin < end:
            if at < begin:
                yield at, begin, False
            yield begin, end, True
            at = end
    if at < stop:
        yield at, stop, False


def offset_at(zone: tzinfo, micros: int) -> int:
    """
    Return the zone's offset from UTC at an instant, in microseconds (east is plus).

    Raises `OutOfRange` where the calendar of `datetime` ends on the zone's clock.
    """
    if type(zone) is timezone:
        return micros_of(zone.utcoffset(None))
    try:
        at = (_EPOCH + timedelta(0, 0, micros)).astimezone(zone)
    except OverflowError:
        raise OutOfRange(f"the clock of {zone} leaves the years 1 to 9999 that datetime can hold") from None
    return micros_of(at.utcoffset())  # type: ignore[arg-type]


def midnight(zone: tzinfo, day: int) -> int:
    """Return the first instant of the date with ordinal `day`."""
    return instant(zone, day, 0)


def local_day(zone: tzinfo, micros: int) -> int:
    """Return the ordinal of the local date at an instant."""
    return (micros + offset_at(zone, micros)) // DAY + _EPOCH_DAY


def local_clock(zone: tzinfo, micros: int, day: int) -> int:
    """Return what the wall clock shows at an instant, in microseconds from midnight of the date `day`."""
    return micros + offset_at(zone, micros) - (day - _EPOCH_DAY) * DAY


def clock_changes(zone: tzinfo, start: int, end: int) -> list[tuple[int, int, int]]:
    """Return the changes of the zone's offset in (start, end): the instant, the offset before, the offset after."""
    changes: list[tuple[int, int, int]] = []
    if type(zone) is timezone:
        return changes
    at, offset = start, offset_at(zone, start)
    while at < end:
        step = min(at + DAY // 4, end)
        after = offset_at(zone, step)
        if after != offset:
            low, high = at, step
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, middle) == offset:
                    low = middle
                else:
                    high = middle
            if high < end:
                changes.append((high, offset, after))
        at, offset = step, after
    return changes
