"""
One calendar for all rows, or for each row the one that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from sla_engine.amounts import Amount
from sla_engine.calendars import Calendar
from sla_engine.errors import InvalidCalendar, UnknownName, close_to
from sla_engine.frames.columns import codes_of
from sla_engine.frames.kernels.kernel import NULL, Kernel, kernel_of
from sla_engine.frames.kernels.per_row import Kernels
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

Calendars: TypeAlias = Calendar | Mapping[Any, Calendar]
"""A calendar for all rows, or several by name."""


class OwnKernels:
    """The kernels of rows that each name a calendar, asked as one kernel is."""

    __slots__ = ("_kernels", "_which")

    def __init__(self, kernels: Kernels, which: Ints) -> None:
        self._kernels = kernels
        self._which = which

    def add(self, starts: Ints, amounts: Ints | int) -> Ints:
        """Return when each amount of open time after each start is over."""
        return self._kernels.add(self._which, starts, amounts)

    def due(self, starts: Ints, amount: Amount) -> Ints:
        """Return when an amount of any kind after each start is over."""
        return self._kernels.due(self._which, starts, amount)

    def elapsed(self, starts: Ints, ends: Ints) -> Ints:
        """Return the open time from each start to each end."""
        return self._kernels.elapsed(self._which, starts, ends)

    def is_open(self, instants: Ints) -> Bools:
        """Return for each instant whether its calendar is open."""
        return self._kernels.is_open(self._which, instants)

    def next_opening(self, instants: Ints) -> Ints:
        """Return the first opening at or after each instant."""
        return self._kernels.next_opening(self._which, instants)

    def business_days_between(self, starts: Ints, ends: Ints) -> Ints:
        """Return how many business dates follow each rolled start's, up to and with each end's."""
        return self._kernels.business_days_between(self._which, starts, ends)


def chosen(calendars: Calendars, which: Any, micros: Ints) -> tuple[Kernel | OwnKernels, Ints]:
    """
    Return the kernel of rows, and their instants without those that name no calendar.

    `which` is a column of the names of calendars, or one name for all; None where there is one calendar. Raises
    `UnknownName` for the first row with an instant whose calendar there is not, and `InvalidCalendar` where the two do
    not go together.
    """
    if isinstance(calendars, Calendar):
        if which is not None:
            raise InvalidCalendar(
                "there is one calendar, and a column that chooses among several",
                where="which",
                remedy='Give the calendars by name: {"Rome": rome, "York": york}',
            )
        return kernel_of(calendars), micros
    if not isinstance(calendars, Mapping):
        raise InvalidCalendar(
            f"{type(calendars).__name__} is no calendar",
            where="calendar",
            value=type(calendars).__name__,
            remedy="Give a calendar, or several by name and a column that chooses: which=",
        )
    if which is None:
        raise InvalidCalendar(
            "there are several calendars, and no column that chooses among them",
            where="which",
            remedy="Give a column of their names: which=",
        )
    if isinstance(which, str):
        codes, names = np.zeros(len(micros), dtype=np.int64), [which]
    else:
        codes, names = codes_of(which, name="which", rows=len(micros))
    known = [name for name in names if name in calendars]
    places = {name: place for place, name in enumerate(known)}
    # A code of -1 takes the last of these, which is for rows that name none.
    numbers = np.array([*(places.get(name, -1) for name in names), -1], dtype=np.int64)[codes]
    wrong = np.flatnonzero((numbers < 0) & (codes >= 0) & (micros != NULL))
    if len(wrong):
        raise _unknown(int(wrong[0]), names[codes[wrong[0]]], calendars)
    kernels = Kernels([calendars[name] for name in known])
    return OwnKernels(kernels, numbers), np.where(numbers < 0, NULL, micros)


def _unknown(row: int, name: Any, calendars: Mapping[Any, Calendar]) -> UnknownName:
    close = close_to(str(name), map(str, calendars), n=1)
    return UnknownName(
        f"there is no calendar {name!r}",
        where=f"row {row}",
        value=name,
        remedy=f"Did you mean {close[0]!r}?"
        if close
        else f"The calendars are {', '.join(map(repr, calendars)) or 'none'}",
    )
