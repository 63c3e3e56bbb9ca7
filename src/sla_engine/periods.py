"""
The periods that service levels are counted in: days, weeks, months, quarters and years in a zone, and rolling windows.

A civil period lasts from the first instant of its first local date to the first instant after its last, so a month
with a change of the clock is an hour shorter or longer, and February has 28 or 29 days.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Self, TypeVar

from typing_extensions import override

from sla_engine.amounts import elapsed_time
from sla_engine.errors import InvalidPeriod
from sla_engine.instants import from_micros, local_day, midnight, to_micros, utc
from sla_engine.spans import Span
from sla_engine.zones import zone_name, zone_of


class Period:
    """A named stretch of time: `start`, `end`, `span` and `label`; `at in period` tells whether an instant is in it."""

    __slots__ = ()

    @property
    @abstractmethod
    def span(self) -> Span:
        """The time from the period's start up to and without its end."""

    @property
    @abstractmethod
    def label(self) -> str:
        """How the period is called."""

    @abstractmethod
    def next(self) -> Period:
        """Return the period that follows."""

    @abstractmethod
    def previous(self) -> Period:
        """Return the period before."""

    @property
    def start(self) -> datetime:
        """The first instant of the period."""
        return self.span.start

    @property
    def end(self) -> datetime:
        """The first instant after the period."""
        return self.span.end

    @property
    def duration(self) -> timedelta:
        """The true length of the period."""
        return self.span.duration

    def __contains__(self, at: datetime) -> bool:
        return at in self.span

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class _Civil(Period):
    zone: str = field()

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", zone_name(self.zone))
        try:
            first, stop = self._first().toordinal(), self._next_first().toordinal()
            like = utc(0).astimezone(zone_of(self.zone))
            for day in (first, stop):
                from_micros(midnight(zone_of(self.zone), day), like)
        except (ValueError, TypeError, OverflowError):
            raise InvalidPeriod(
                f"there is no {type(self).__name__.lower()} {self._given()}", value=self, remedy="Look at its numbers"
            ) from None

    @abstractmethod
    def _first(self) -> date:
        """Return the first date of the period."""

    @abstractmethod
    def _next_first(self) -> date:
        """Return the first date after the period."""

    @classmethod
    @abstractmethod
    def _of(cls, day: date, zone: str) -> Self:
        """Return the period with a date in it."""

    def _given(self) -> str:
        return ", ".join(repr(getattr(self, name)) for name in self.__slots__)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._given()}, zone={self.zone!r})"

    @property
    @override
    def span(self) -> Span:
        zone = zone_of(self.zone)
        like = utc(0).astimezone(zone)
        first, stop = self._first().toordinal(), self._next_first().toordinal()
        return Span(from_micros(midnight(zone, first), like), from_micros(midnight(zone, stop), like))

    @property
    def dates(self) -> list[date]:
        """The local dates of the period."""
        return [date.fromordinal(day) for day in range(self._first().toordinal(), self._next_first().toordinal())]

    @classmethod
    def containing(cls, at: datetime, *, zone: str | tzinfo) -> Self:
        """Return the period in which an instant lies, in a zone."""
        name = zone_name(zone)
        return cls._of(date.fromordinal(local_day(zone_of(name), to_micros(at))), name)

    @classmethod
    def series(cls, start: datetime, end: datetime, *, zone: str | tzinfo) -> list[Self]:
        """Return the periods that share time with `[start, end)`, in order."""
        return list(_until(cls.containing(start, zone=zone), Span(start, end)))

    @override
    def next(self) -> Self:
        """Return the period that follows."""
        return self._of(self._next_first(), self.zone)

    @override
    def previous(self) -> Self:
        """Return the period before."""
        return self._of(self._first() - timedelta(days=1), self.zone)


_P = TypeVar("_P", bound=_Civil)


def _until(period: _P, span: Span) -> Iterator[_P]:
    """Yield a period and those that follow, as long as they begin before the end of the span."""
    while period.span.micros[0] < span.micros[1]:
        yield period
        period = period.next()


@dataclass(frozen=True, slots=True, repr=False)
class Day(_Civil):
    """One local date in a zone: `Day(date(2026, 3, 29), zone="Europe/Rome")` lasts 23 hours."""

    day: date

    def _first(self) -> date:
        return self.day

    def _next_first(self) -> date:
        return self.day + timedelta(days=1)

    @classmethod
    def _of(cls, day: date, zone: str) -> Self:
        return cls(day, zone=zone)

    @property
    @override
    def label(self) -> str:
        return str(self.day)


@dataclass(frozen=True, slots=True, repr=False)
class Week(_Civil):
    """An ISO week, Monday to Sunday: `Week(2026, 10, zone="UTC")`."""

    year: int
    week: int

    def _first(self) -> date:
        return date.fromisocalendar(self.year, self.week, 1)

    def _next_first(self) -> date:
        return self._first() + timedelta(days=7)

    @classmethod
    def _of(cls, day: date, zone: str) -> Self:
        year, week, _ = day.isocalendar()
        return cls(year, week, zone=zone)

    @property
    @override
    def label(self) -> str:
        return f"{self.year}-W{self.week:02}"


@dataclass(frozen=True, slots=True, repr=False)
class Month(_Civil):
    """
    A calendar month in a zone.

    >>> Month(2026, 3, zone="Europe/Rome").duration.total_seconds() / 3600
    743.0
    >>> Month.parse("2026-02", zone="UTC").next()
    Month(2026, 3, zone='UTC')
    """

    year: int
    month: int

    def _first(self) -> date:
        return date(self.year, self.month, 1)

    def _next_first(self) -> date:
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @classmethod
    def _of(cls, day: date, zone: str) -> Self:
        return cls(day.year, day.month, zone=zone)

    @classmethod
    def parse(cls, text: str, *, zone: str | tzinfo) -> Self:
        """Read `"2026-03"`."""
        found = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if not found:
            raise InvalidPeriod(f"{text!r} is no month", value=text, remedy='Write it as "2026-03"')
        return cls(int(found[1]), int(found[2]), zone=zone_name(zone))

    @property
    @override
    def label(self) -> str:
        return f"{self.year}-{self.month:02}"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class _OfYear(_Civil):
    """A period that is counted from the first month of a year, which a fiscal year chooses."""

    first_month: int = field(default=1)

    @override
    def __post_init__(self) -> None:
        _check_month(self.first_month)
        _Civil.__post_init__(self)

    @classmethod
    @abstractmethod
    def _counted(cls, day: date, zone: str, first_month: int) -> Self:
        """Return the period with a date in it, of years that begin in a month."""

    @classmethod
    @override
    def _of(cls, day: date, zone: str) -> Self:
        return cls._counted(day, zone, 1)

    @override
    def _given(self) -> str:
        numbers = ", ".join(repr(getattr(self, name)) for name in self.__slots__)
        return numbers if self.first_month == 1 else f"{numbers}, first_month={self.first_month}"

    @classmethod
    @override
    def containing(cls, at: datetime, *, zone: str | tzinfo, first_month: int = 1) -> Self:
        """Return the period in which an instant lies, in a zone, of years that begin in a month."""
        _check_month(first_month)
        name = zone_name(zone)
        return cls._counted(date.fromordinal(local_day(zone_of(name), to_micros(at))), name, first_month)

    @classmethod
    @override
    def series(  # pyright: ignore[reportIncompatibleMethodOverride]  (it takes Self for the two classes themselves)
        cls, start: datetime, end: datetime, *, zone: str | tzinfo, first_month: int = 1
    ) -> list[Self]:
        """Return the periods that share time with `[start, end)`, in order, of years that begin in a month."""
        return list(_until(cls.containing(start, zone=zone, first_month=first_month), Span(start, end)))

    @override
    def next(self) -> Self:
        """Return the period that follows."""
        return self._counted(self._next_first(), self.zone, self.first_month)

    @override
    def previous(self) -> Self:
        """Return the period before."""
        return self._counted(self._first() - timedelta(days=1), self.zone, self.first_month)


def _check_month(first_month: int) -> None:
    if type(first_month) is not int or not 1 <= first_month <= 12:  # noqa: PLR2004
        raise InvalidPeriod(
            f"a year cannot begin in month {first_month!r}",
            where="first_month",
            value=first_month,
            remedy="Give a number from 1 (January) to 12",
        )


def _month_of(year: int, month: int) -> date:
    """Return the first date of a month that is counted from the January of a year, from 0."""
    return date(year + month // 12, month % 12 + 1, 1)


@dataclass(frozen=True, slots=True, repr=False)
class Quarter(_OfYear):
    """
    A quarter of a year in a zone: `Quarter(2026, 1, zone="UTC")`.

    With `first_month` it is one of the fiscal year that begins in that month of `year`: the first of
    `Quarter(2026, 1, zone="UTC", first_month=4)` is 1 April 2026. Raises `InvalidPeriod`.
    """

    year: int
    quarter: int

    @override
    def __post_init__(self) -> None:
        if type(self.quarter) is int and not 1 <= self.quarter <= 4:  # noqa: PLR2004
            raise InvalidPeriod(f"there is no quarter {self._given()}", value=self, remedy="Look at its numbers")
        _OfYear.__post_init__(self)

    def _first(self) -> date:
        return _month_of(self.year, self.first_month - 1 + 3 * (self.quarter - 1))

    def _next_first(self) -> date:
        return _month_of(self.year, self.first_month - 1 + 3 * self.quarter)

    @classmethod
    def _counted(cls, day: date, zone: str, first_month: int) -> Self:
        months = 12 * day.year + day.month - first_month
        return cls(months // 12, months % 12 // 3 + 1, zone=zone, first_month=first_month)

    @property
    @override
    def label(self) -> str:
        return f"{_year_label(self.year, self.first_month)}-Q{self.quarter}"


@dataclass(frozen=True, slots=True, repr=False)
class Year(_OfYear):
    """
    A year in a zone: `Year(2028, zone="UTC")` has 366 days.

    With `first_month` it is the fiscal year that begins in that month: `Year(2026, zone="UTC", first_month=4)` is
    April 2026 to March 2027, and its label says both years, `2026/27`. Raises `InvalidPeriod`.
    """

    year: int

    def _first(self) -> date:
        return _month_of(self.year, self.first_month - 1)

    def _next_first(self) -> date:
        return _month_of(self.year + 1, self.first_month - 1)

    @classmethod
    def _counted(cls, day: date, zone: str, first_month: int) -> Self:
        return cls(day.year - (day.month < first_month), zone=zone, first_month=first_month)

    @property
    @override
    def label(self) -> str:
        return _year_label(self.year, self.first_month)


def _year_label(year: int, first_month: int) -> str:
    return f"{year}" if first_month == 1 else f"{year}/{(year + 1) % 100:02}"


@dataclass(frozen=True, slots=True)
class Rolling(Period):
    """
    The time of a fixed length up to an instant, every hour of it: `Rolling(at, timedelta(days=30))`.

    The length is a `timedelta` or text such as `"720h"`. A rolling window of 28 days is not a month.
    """

    until: datetime
    length: timedelta

    if TYPE_CHECKING:

        def __init__(self, until: datetime, length: timedelta | str) -> None: ...

    def __post_init__(self) -> None:
        length = elapsed_time(self.length).duration
        if length <= timedelta():
            raise InvalidPeriod(f"a window of {length} has no time in it", value=self.length, remedy="Give it a length")
        object.__setattr__(self, "length", length)
        to_micros(self.until)

    @property
    @override
    def span(self) -> Span:
        micros = to_micros(self.until)
        return Span(from_micros(micros - elapsed_time(self.length).micros, self.until), self.until)

    @property
    @override
    def label(self) -> str:
        return f"{self.length} to {self.until.isoformat()}"

    @override
    def next(self) -> Rolling:
        """Return the window of the same length that follows."""
        return self._later(1)

    @override
    def previous(self) -> Rolling:
        """Return the window of the same length before."""
        return self._later(-1)

    def _later(self, number: int) -> Rolling:
        micros = to_micros(self.until) + number * elapsed_time(self.length).micros
        return replace(self, until=from_micros(micros, self.until))

    def series(self, count: int, *, every: timedelta) -> Iterator[Rolling]:
        """Yield `count` windows of this length, the first this one, each ending `every` later than the one before."""
        step = elapsed_time(every).micros
        for number in range(count):
            yield replace(self, until=from_micros(to_micros(self.until) + number * step, self.until))
