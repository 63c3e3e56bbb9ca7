"""
A calendar's questions for columns of data frames: pandas and Polars Series, and Arrow arrays.

Each function gives back a column of the same kind, with the index, the name and the zone of what was given; a row
without a value has none in the answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sla_engine.amounts import Amount, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.calendars.calendar import _negated
from sla_engine.errors import InvalidInstant
from sla_engine.frames.choice import Calendars, OwnKernels, chosen
from sla_engine.frames.columns import Column, durations_of, instants_of
from sla_engine.frames.kernels.kernel import NULL, kernel_of
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints, Kernel

S = TypeVar("S")


def add(starts: S, amount: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> S:
    """
    Return when an amount of a calendar's time after each start is over.

    `amount` is one for all, as `calendar.add` takes it, or a column of durations of open time. `calendar` is one for
    all, or several by name; then `which` is a column of their names, and a row that names none has no value. `zone` is
    that of instants that have none. Raises `NaiveDatetime`, `NanosecondsLost`, `NeverDue` for the first row that has
    no answer, `UnknownName` for a calendar that there is not, and `InvalidInstant` for columns of another kind.
    """
    column = instants_of(starts, name="starts", zone=zone)
    kernel, micros = chosen(calendar, which, column.micros)
    found: S = column.instants(_due(kernel, micros, _amount(amount, len(micros))))
    return found


def subtract(ends: S, amount: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> S:
    """Return when an amount of a calendar's time before each end begins; takes and raises what `add` does."""
    column = instants_of(ends, name="ends", zone=zone)
    kernel, micros = chosen(calendar, which, column.micros)
    given = _amount(amount, len(micros))
    back = np.where(given == NULL, NULL, -given) if isinstance(given, np.ndarray) else _negated(given)
    found: S = column.instants(_due(kernel, micros, back))
    return found


def elapsed(starts: S, ends: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> S:
    """Return the open time from each start to each end, as durations; negative where the end is before the start."""
    column, until = _pair(starts, ends, zone)
    kernel, micros = chosen(calendar, which, column.micros)
    found: S = column.durations(kernel.elapsed(micros, until))
    return found


def is_open(instants: S, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> S:
    """Return for each instant whether the calendar is open."""
    column = instants_of(instants, name="instants", zone=zone)
    kernel, micros = chosen(calendar, which, column.micros)
    found: S = column.truths(kernel.is_open(micros), micros)
    return found


def next_opening(instants: S, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> S:
    """Return the first opening at or after each instant."""
    column = instants_of(instants, name="instants", zone=zone)
    kernel, micros = chosen(calendar, which, column.micros)
    found: S = column.instants(kernel.next_opening(micros))
    return found


def business_days_between(
    starts: S, ends: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None
) -> S:
    """Return how many business dates follow each rolled start's, up to and with each end's."""
    column, until = _pair(starts, ends, zone)
    kernel, micros = chosen(calendar, which, column.micros)
    found: S = column.counts(kernel.business_days_between(micros, until))
    return found


def _pair(starts: Any, ends: Any, zone: str | None) -> tuple[Column, Ints]:
    """Return starts, and ends as integers; raises `InvalidInstant` where there are not as many."""
    column, until = instants_of(starts, name="starts", zone=zone), instants_of(ends, name="ends", zone=zone)
    if len(until.micros) != len(column.micros):
        raise InvalidInstant(
            f"there are {len(column.micros)} starts and {len(until.micros)} ends",
            where="ends",
            value=len(until.micros),
            remedy="Give one each",
        )
    return column, until.micros


def _due(kernel: Kernel | OwnKernels, starts: Ints, amount: Amount | Ints) -> Ints:
    return kernel.due(starts, amount) if isinstance(amount, Amount) else kernel.add(starts, amount)


def due(starts: Ints, amount: Amount | Ints, calendar: Calendar) -> Ints:
    """Return when an amount, or a column of open time, is over after each start; the columns are integers."""
    return _due(kernel_of(calendar), starts, amount)


def _amount(given: Any, rows: int) -> Amount | Ints:
    """Return one amount for all rows, or a column of open time for each; raises `InvalidInstant` for other lengths."""
    if isinstance(given, (str, timedelta, Amount)):
        return parse_amount(given)
    amounts = durations_of(given, name="amount")
    if len(amounts) != rows:
        raise InvalidInstant(
            f"there are {rows} instants and {len(amounts)} amounts",
            where="amount",
            value=len(amounts),
            remedy="Give one each, or one for all",
        )
    return amounts
