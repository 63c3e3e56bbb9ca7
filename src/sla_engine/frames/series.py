"""
A calendar's questions for columns of data frames: pandas and Polars Series, and Arrow arrays.

Each function gives back a column of the same kind, with the index, the name and the zone of what was given; a row
without a value has none in the answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sla_engine.amounts import Amount, BusinessTime, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.calendars.calendar import _negated
from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.frames.columns import durations_of, instants_of
from sla_engine.frames.kernel import NULL, kernel_of
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from sla_engine.frames.kernel import Ints

S = TypeVar("S")


def add(starts: S, amount: Any, calendar: Calendar, *, zone: str | None = None) -> S:
    """
    Return when an amount of a calendar's time after each start is over.

    `amount` is one for all, as `calendar.add` takes it, or a column of durations of open time. `zone` is that of
    instants that have none. Raises `NaiveDatetime`, `NanosecondsLost`, `NeverDue` for the first row that has no
    answer, and `InvalidInstant` for columns of another kind.
    """
    column = instants_of(starts, name="starts", zone=zone)
    found: S = column.instants(due(column.micros, _amount(amount, len(column.micros)), calendar))
    return found


def subtract(ends: S, amount: Any, calendar: Calendar, *, zone: str | None = None) -> S:
    """Return when an amount of a calendar's time before each end begins; takes and raises what `add` does."""
    column = instants_of(ends, name="ends", zone=zone)
    given = _amount(amount, len(column.micros))
    back = np.where(given == NULL, NULL, -given) if isinstance(given, np.ndarray) else _negated(given)
    found: S = column.instants(due(column.micros, back, calendar))
    return found


def elapsed(starts: S, ends: Any, calendar: Calendar, *, zone: str | None = None) -> S:
    """Return the open time from each start to each end, as durations; negative where the end is before the start."""
    column, until = instants_of(starts, name="starts", zone=zone), instants_of(ends, name="ends", zone=zone)
    found: S = column.durations(kernel_of(calendar).elapsed(column.micros, until.micros))
    return found


def is_open(instants: S, calendar: Calendar, *, zone: str | None = None) -> S:
    """Return for each instant whether the calendar is open."""
    column = instants_of(instants, name="instants", zone=zone)
    found: S = column.truths(kernel_of(calendar).is_open(column.micros), column.micros)
    return found


def next_opening(instants: S, calendar: Calendar, *, zone: str | None = None) -> S:
    """Return the first opening at or after each instant."""
    column = instants_of(instants, name="instants", zone=zone)
    found: S = column.instants(kernel_of(calendar).next_opening(column.micros))
    return found


def business_days_between(starts: S, ends: Any, calendar: Calendar, *, zone: str | None = None) -> S:
    """Return how many business dates follow each rolled start's, up to and with each end's."""
    column, until = instants_of(starts, name="starts", zone=zone), instants_of(ends, name="ends", zone=zone)
    found: S = column.counts(kernel_of(calendar).business_days_between(column.micros, until.micros))
    return found


def due(starts: Ints, amount: Amount | Ints, calendar: Calendar) -> Ints:
    """Return when an amount after each start is over; the columns are integers."""
    if not isinstance(amount, Amount):
        return kernel_of(calendar).add(starts, amount)
    if isinstance(amount, BusinessTime):
        return kernel_of(calendar).add(starts, amount.micros)
    found = np.empty(len(starts), dtype=np.int64)
    for row, start in enumerate(starts.tolist()):
        try:
            found[row] = NULL if start == NULL else calendar._due(start, amount)
        except SlaError as error:
            raise error.located(f"row {row}") from None
    return found


def _amount(given: Any, rows: int) -> Amount | Ints:
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
