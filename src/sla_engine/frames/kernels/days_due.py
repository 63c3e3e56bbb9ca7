"""
When amounts that are no open time are over, for blocks of rows: business days, calendar days, elapsed time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sla_engine.amounts import BusinessDays, CalendarDays
from sla_engine.errors import OutOfRange
from sla_engine.frames.kernels.answers import DECIDED, Block
from sla_engine.frames.kernels.days import ASK, EARLIER, LATER, NEVER, UNFINISHED
from sla_engine.frames.kernels.days_between import ASK as ASK_COUNT
from sla_engine.frames.kernels.days_between import FROM_EARLIER, FROM_LATER, TO_EARLIER, codes_of
from sla_engine.frames.kernels.rows import FAR_APART, take
from sla_engine.frames.kernels.zone_clock import FIRST_ASKED, LAST_ASKED, YEAR_1, YEAR_10000, Clock, Steps, civil_steps
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from sla_engine.calendars.timeline import Timeline
    from sla_engine.frames.kernels.compiled import Tables
    from sla_engine.frames.kernels.rows import Rows

_LARGE = 2**62
_SOME = 366 * DAY
_KEPT = 8


def _step(steps: Steps, rows: Block) -> None:
    """Put the value of the function of each instant into the room for answers."""
    place, work, *_ = rows.scratch.of(len(rows.at))
    steps.axis.place(rows.at, place, work)
    if not steps.is_fixed:
        take(steps.shift, place, work)
        np.add(rows.at, work, out=rows.out)
        take(steps.least, place, work)
        np.maximum(rows.out, work, out=rows.out)
        take(steps.most, place, work)
        np.minimum(rows.out, work, out=rows.out)
    else:
        take(steps.most, place, rows.out)


def business_days_block(tables: Tables, amount: BusinessDays, *, null: bool) -> Callable[[Block], Rows]:
    """Return how business days are added to a block of instants."""
    at_close = amount.due == "close"

    def block(rows: Block) -> Rows:
        while True:
            _step(tables.covering(rows.lo, rows.hi).dates(tables.timeline).plan(amount.count, at_close=at_close), rows)
            if int(rows.out.min()) > UNFINISHED:
                return DECIDED
            coded: Rows = np.flatnonzero(rows.out <= UNFINISHED)
            codes = rows.out[coded]
            later, earlier = codes == LATER, codes == EARLIER
            sides = {True: bool((later | (codes == UNFINISHED)).any()), False: bool(earlier.any())}
            if tables.wider(rows.lo, rows.hi, sides):
                continue
            if not null:
                return coded
            never = (codes == NEVER) | (later & (True in sides)) | (earlier & (False in sides))
            rows.out[coded[never]] = NEVER
            left: Rows = coded[~never]
            return left

    return block


def count_between(tables: Tables, rows: Block) -> Rows:
    """Count the business dates between the two instants of each row."""
    while True:
        counting = tables.covering(rows.lo, rows.hi).counting(tables.timeline)
        counting.between(rows.at, rows.other, rows.out, rows.scratch)
        codes = codes_of(rows.out)
        coded: Rows = np.flatnonzero(codes)
        if not len(coded):
            return DECIDED
        codes = codes[coded]
        sides = {True: bool((codes & FROM_LATER).any()), False: bool((codes & (FROM_EARLIER | TO_EARLIER)).any())}
        if tables.wider(rows.lo, rows.hi, sides):
            continue
        # From a start that rolls to nothing before the horizon nothing is counted.
        reached = (FROM_LATER if True in sides else 0) | (FROM_EARLIER if False in sides else 0)
        nothing = (codes < ASK_COUNT) & ((codes & reached) != 0)
        rows.out[coded[nothing]] = 0
        left: Rows = coded[~nothing]
        return left


class CivilDays:
    """The same clock time some civil dates on, for one zone: what was worked out of it, by the number of dates."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._steps: dict[int, Steps] = {}

    def block(self, amount: CalendarDays) -> Callable[[Block], Rows]:
        """Return how calendar days are added to a block of instants."""

        def block(rows: Block) -> Rows:
            if not amount.count:
                np.copyto(rows.out, rows.at)
                return _out_of_years(rows)
            if rows.lo < FIRST_ASKED or rows.hi >= LAST_ASKED:
                return rows.all_rows()
            _step(self.covering(amount, rows.lo, rows.hi), rows)
            return np.flatnonzero(rows.out == ASK)

        return block

    def covering(self, amount: CalendarDays, lo: int, hi: int) -> Steps:
        """Return when calendar days are over after both instants and all between, as steps with codes among them."""
        steps = self._steps.get(amount.count)
        if steps is not None:
            first, stop = steps.axis.base, steps.stop
            if first <= lo and hi < stop:
                return steps
            if max(hi, stop) - min(lo, first) <= FAR_APART:
                lo, hi = min(lo, first), max(hi, stop)
        elif len(self._steps) >= _KEPT:
            del self._steps[next(iter(self._steps))]
        lo, hi = lo - _SOME, hi + _SOME
        away = max(min(amount.count, 4 * 10**6), -4 * 10**6) * DAY
        clock = Clock(self._timeline.zone, min(lo, lo + away), max(hi, hi + away))
        found = self._steps[amount.count] = civil_steps(clock, lo, hi, amount, ASK)
        return found


def elapsed_block(micros: int) -> Callable[[Block], Rows]:
    """Return how time in which every hour counts is added to a block of instants."""

    def block(rows: Block) -> Rows:
        if max(abs(micros), abs(rows.lo), abs(rows.hi)) >= _LARGE:
            return rows.all_rows()
        np.add(rows.at, micros, out=rows.out)
        return _out_of_years(rows)

    return block


def _out_of_years(rows: Block) -> Rows:
    """Return the rows whose answers no datetime can hold."""
    found: Rows = np.flatnonzero((rows.out < YEAR_1) | (rows.out >= YEAR_10000))
    return found


def of_years_1_to_9999(at: int) -> int:
    """Return an instant that a datetime can hold; raises `OutOfRange` for any other."""
    if not YEAR_1 <= at < YEAR_10000:
        raise OutOfRange("the answer lies outside the years 1 to 9999 that datetime can hold")
    return at
