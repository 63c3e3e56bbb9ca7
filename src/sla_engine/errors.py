"""
Every error that the library raises, in one tree.

```
SlaError
├── InvalidInstant (ValueError)        a datetime that names no exact instant
│   ├── NaiveDatetime                  no zone attached
│   ├── NotATime                       NaT
│   └── NanosecondsLost                finer than a microsecond
├── InvalidZone (ValueError)           unknown, or a text that means its opposite
├── InvalidAmount (ValueError)         not an amount of time that can be promised
│   └── AmbiguousDays                  "5 days" of what?
├── InvalidSpan (ValueError)           ends before it starts
├── InvalidPeriod (ValueError)         no such month, week, quarter or year
├── InvalidCalendar (ValueError)       rules that contradict themselves
│   ├── InvalidHours                   windows, days, times of day
│   └── InvalidHolidays                unknown country, subdivision, category
├── InvalidPolicy (ValueError)         a policy, or the file that it came from
├── InvalidLog (ValueError)            a ticket log, or one row of it
├── UnknownName (LookupError)          no tier, target, service or calendar of that name
├── OutOfRange (ValueError)            beyond the holiday data, or beyond year 9999
├── BeyondHorizon                      looked for up to the calendar's horizon, and not there
│   ├── NeverDue                       less open time than asked
│   ├── NeverOpens                     no opening on that side
│   └── NeverCloses                    no closing on that side
├── WorkersGone (RuntimeError)         worker processes that were closed, or have ended
└── MissingExtra (ImportError)         an optional part that is not installed
```

Each error says what was wrong, where, and what to do, and carries these as fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, TypeVar

_E = TypeVar("_E", bound="SlaError")


def close_to(given: str, known: Iterable[str], *, n: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the known names that a wrong one may have meant, the closest first."""
    import difflib  # noqa: PLC0415  (only errors need it)

    return difflib.get_close_matches(given, list(known), n=n, cutoff=cutoff)


class SlaError(Exception):
    """
    The root of the tree.

    `problem` is what was wrong, `where` the key, file, row or argument (may be empty), `value` what was given,
    `remedy` what to do about it, and `problems` the single errors where several were found at once.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        value: object = None,
        remedy: str = "",
        problems: tuple[SlaError, ...] = (),
        **fields: Any,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.value = value
        self.remedy = remedy
        self.problems = problems
        for name, field in fields.items():
            setattr(self, name, field)

    def __str__(self) -> str:
        if self.problems:
            return "\n".join([f"{self.problem}:", *(f"  - {problem}" for problem in self.problems)])
        head = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{head}. {self.remedy}" if self.remedy else head

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only fields do not survive the default pickling of exceptions.
        return _rebuild, (type(self), self.problem), self.__dict__

    def located(self, where: str) -> Self:
        """Return the same error, found inside `where`."""
        copy = _rebuild(type(self), self.problem)
        copy.__dict__.update(self.__dict__)
        if copy.where.startswith("["):
            copy.where = f"{where}{self.where}"
        else:
            copy.where = f"{where}.{self.where}" if self.where and where else where or self.where
        copy.problems = tuple(problem.located(where) for problem in self.problems)
        return copy


def several(error: type[SlaError], problems: Iterable[SlaError]) -> SlaError:
    """Return one error for several problems, or the only one as it is; lists in lists are made flat."""
    flat = tuple(one for problem in problems for one in (problem.problems or (problem,)))
    return flat[0] if len(flat) == 1 else error(f"{len(flat)} problems", problems=flat)


def _rebuild(kind: type[_E], problem: str) -> _E:
    return kind(problem)


class InvalidInstant(SlaError, ValueError):
    """A datetime that names no exact instant."""


class NaiveDatetime(InvalidInstant):
    """A datetime without a zone: nobody can know which instant it means."""


class NotATime(InvalidInstant):
    """A missing time (`pandas.NaT`)."""


class NanosecondsLost(InvalidInstant):
    """A time with nanoseconds that microseconds cannot hold."""


class InvalidZone(SlaError, ValueError):
    """A zone that is unknown, or a text that means the opposite of what it says."""


class InvalidAmount(SlaError, ValueError):
    """Not an amount of time that can be promised."""


class AmbiguousDays(InvalidAmount):
    """A number of days that does not say what a day is."""


class InvalidSpan(SlaError, ValueError):
    """A span that ends before it starts."""


class InvalidPeriod(SlaError, ValueError):
    """A month, week, quarter, year or window that does not exist."""


class InvalidCalendar(SlaError, ValueError):
    """Rules of a calendar that contradict themselves."""


class InvalidHours(InvalidCalendar):
    """Windows, days or times of day that cannot be."""


class InvalidHolidays(InvalidCalendar):
    """Holidays of an unknown country, subdivision, market or category, or that need hours of their own."""


class InvalidPolicy(SlaError, ValueError):
    """A policy that cannot be, or a file that holds none."""


class InvalidLog(SlaError, ValueError):
    """A ticket log that cannot be read, or one row of it."""


class UnknownName(SlaError, LookupError):
    """A tier, target, service or calendar that the policy does not have."""


class OutOfRange(SlaError, ValueError):
    """An answer that would need holidays beyond their data, or instants beyond year 9999."""


class BeyondHorizon(SlaError):
    """Something looked for up to the horizon of a calendar, and not found: `calendar`, `start`, `horizon`."""

    calendar: object
    start: Any
    horizon: Any


class NeverDue(BeyondHorizon):
    """Less open time before the horizon than asked: `asked` and `available`."""

    asked: Any
    available: Any


class NeverOpens(BeyondHorizon):
    """No opening on that side before the horizon."""


class NeverCloses(BeyondHorizon):
    """No closing on that side before the horizon."""


class MissingExtra(SlaError, ImportError):
    """An optional part of the library that is not installed."""


class WorkersGone(SlaError, RuntimeError):
    """Workers that were closed, or a worker process that ended before it answered."""
