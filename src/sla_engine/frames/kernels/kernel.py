"""
A calendar's questions over columns of instants: the same look-ups as for one, in blocks that stay in the cache.

Columns are int64: microseconds since 1970 UTC, and amounts in microseconds. `NULL` is no value (NumPy's NaT), and gives
`NULL`. The compiled table of the calendar is turned into arrays once. An instant finds its window by the bucket of a
power of two in which it lies, and a comparison with the window that follows: the cost does not depend on how many
windows there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sla_engine.amounts import Amount, BusinessDays, BusinessTime, CalendarDays, ElapsedTime
from sla_engine.calendars import Calendar, business_dates
from sla_engine.calendars.timeline import Timeline
from sla_engine.frames.kernels.answers import DECIDED, Block, Question, never_due
from sla_engine.frames.kernels.compiled import Arrays, Tables
from sla_engine.frames.kernels.days import UNFINISHED
from sla_engine.frames.kernels.days_due import (
    CivilDays,
    business_days_block,
    count_between,
    elapsed_block,
    of_years_1_to_9999,
)
from sla_engine.frames.kernels.rows import (
    NULL,
    ROWS,
    Never,
    Scratch,
    are_null,
    blocks,
    checked,
    one_or_each,
    room_for,
    same_length,
    take,
    within,
)
from sla_engine.frames.kernels.zone_clock import FAR, FIRST_ASKED, LAST_ASKED, Steps
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sla_engine.frames.kernels.rows import Rows

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["NULL", "Kernel", "Never", "kernel_of"]

_LARGE = 2**62
_LONG_YEAR = 366 * DAY


class Kernel:
    """
    The questions of one calendar over columns.

    Every answer is the one that the calendar gives for the row by itself. An error names the first row that has no
    answer. Where a question takes `never`, a row whose answer lies beyond the horizon of the calendar
    (`BeyondHorizon`) has no value with `never="null"`; one that the data or the years do not reach (`OutOfRange`) is
    an error in any case.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._timeline: Timeline = calendar.timeline
        self._tables = Tables(self._timeline)
        self._civil_days = CivilDays(self._timeline)

    # --- open time ---------------------------------------------------------------------------------------------

    def add(self, starts: Ints, amounts: Ints | int, *, out: Ints | None = None, never: Never = "raise") -> Ints:
        """Return when each amount of open time after each start is over; a negative amount subtracts."""
        starts, null = checked(starts), are_null(never)
        given = one_or_each(amounts, starts)
        result = room_for(out, starts, given)
        if isinstance(given, int) and given == NULL:
            result[:] = NULL
            return result
        if self._timeline.never_opens:
            never_due(self._timeline.add, null=null).answer(starts, given, result)
            np.copyto(result, starts, where=np.equal(given, 0))
            return result

        def block(rows: Block) -> Rows:
            return self._add_block(rows, null=null)

        return Question(block, self._timeline.add, null=null).answer(starts, given, result)

    def _add_block(self, rows: Block, *, null: bool) -> Rows:
        starts, amounts, out = rows.at, rows.other, rows.out
        least, most = (amounts, amounts) if isinstance(amounts, int) else (int(amounts.min()), int(amounts.max()))
        if least <= -_LARGE or most >= _LARGE:
            return rows.all_rows()
        place, work, until, target, mask = rows.scratch.of(len(starts))
        arrays, outside = self._reaching(rows, least, most)
        # The least instant with so much open time before it for what is added, the greatest for what is subtracted.
        sought = target
        if most > 0:
            sought = until
            if least > 0:
                np.subtract(target, 1, out=sought)
            else:  # -1 where the amount is above 0
                np.negative(amounts, out=sought)
                np.right_shift(sought, 63, out=sought)
                np.add(target, sought, out=sought)
        if outside:
            sought = np.clip(sought, 0, arrays.total, out=until)
        arrays.before.place(sought, place, work)
        take(arrays.less, place, work)
        np.subtract(target, work, out=out)
        if least <= 0 <= most:
            np.copyto(out, starts, where=True if isinstance(amounts, int) else np.equal(amounts, 0, out=mask))
        near = self._timeline._near
        if not outside and max(most, -least) <= arrays.assured(near):
            return DECIDED
        np.subtract(out, starts, out=work)
        np.abs(work, out=work)
        never = (target > arrays.total) | (target < 0)
        if not null:
            return np.flatnonzero(never | (work > near))
        # Beyond a table that reaches the horizon of all rows, or further from the start than the horizon ever is.
        never |= work > self._timeline.horizon * _LONG_YEAR
        out[never] = NULL
        return np.flatnonzero(~never & (work > near))

    def _reaching(self, rows: Block, least: int, most: int) -> tuple[Arrays, bool]:
        """
        Put the open time before each answer into the scratch; return a table, and whether answers lie outside of it.

        The table is made as large as the answers need, up to the horizon.
        """
        place, work, until, target, _ = rows.scratch.of(len(rows.at))
        told = self._tables.covering(rows.lo, rows.hi)
        while True:
            told.open_before(rows.at, out=until, place=place, work=work)
            np.add(until, rows.other, out=target)
            late = most > 0 and int(target.max()) > told.total
            early = least < 0 and int(target.min()) < 0
            more = self._tables.beyond(rows.lo, rows.hi, later=True) if late else None
            if more is None and early:
                more = self._tables.beyond(rows.lo, rows.hi, later=False)
            if more is None:
                return told, late or early
            told = more

    def subtract(self, ends: Ints, amounts: Ints | int, *, out: Ints | None = None, never: Never = "raise") -> Ints:
        """Return when each amount of open time before each end begins; a negative amount adds."""
        if isinstance(amounts, int):
            return self.add(ends, NULL if amounts == NULL else -amounts, out=out, never=never)
        # The smallest int64 is its own opposite, so no value stays none.
        return self.add(ends, -same_length(checked(amounts), checked(ends), "amounts"), out=out, never=never)

    def elapsed(self, starts: Ints, ends: Ints, *, out: Ints | None = None) -> Ints:
        """Return the open time from each start to each end; negative where the end is before the start."""
        starts, ends = checked(starts), same_length(checked(ends), checked(starts), "ends")
        result = room_for(out, starts, ends)

        def block(rows: Block) -> Rows:
            if self._timeline.never_opens:
                rows.out[:] = 0
                return DECIDED
            arrays = self._tables.covering(rows.lo, rows.hi)
            place, work, until, _, _ = rows.scratch.of(len(rows.at))
            arrays.open_before(rows.other, out=until, place=place, work=work)
            arrays.open_before(rows.at, out=rows.out, place=place, work=work)
            np.subtract(until, rows.out, out=rows.out)
            return DECIDED

        return Question(block, self._timeline.elapsed, pairs=True).answer(starts, ends, result)

    def open_time(self, instants: Ints, *, out: Ints | None = None) -> Ints:
        """
        Return the open time before each instant, counted from a moment that is the same for all rows of one call.

        So the difference of two answers of one call is exactly the open time between their instants, however far apart;
        answers of two calls are not to be compared, because each may count from another moment. Of a calendar that
        never opens it is 0. All time between the first and the last instant is compiled. Raises `OutOfRange`.
        """
        instants = checked(instants)
        result = room_for(out, instants)
        ends = within(instants)
        if ends is None:
            result[:] = NULL
            return result
        if self._timeline.never_opens:
            np.multiply(instants == NULL, NULL, out=result)
            return result
        arrays = self._tables.across(instants, *ends)
        scratch = Scratch(min(ROWS, len(instants)))
        for start, stop in blocks(len(instants)):
            at, _, empty = scratch.without_nulls(instants[start:stop], 0)
            into = result[start:stop]
            if len(empty) < len(at):
                place, work, *_ = scratch.of(len(at))
                arrays.open_before(at, out=into, place=place, work=work)
            into[empty] = NULL
        return result

    # --- opening and closing -----------------------------------------------------------------------------------

    def is_open(self, instants: Ints) -> Bools:
        """Return for each instant whether the calendar is open; of no value it is False."""
        instants = checked(instants)
        result = np.zeros(len(instants), dtype=np.bool_)
        if self._timeline.never_opens:
            return result

        def block(rows: Block) -> Rows:
            arrays = self._tables.covering(rows.lo, rows.hi)
            place, work, *_ = rows.scratch.of(len(rows.at))
            arrays.opens.place(rows.at, place, work)
            take(arrays.closes, place, work)
            np.less(rows.at, work, out=rows.out)
            return DECIDED

        def one(at: int, _: int) -> bool:
            return self._timeline.is_open(at)

        return Question(block, one, nothing=False).answer(instants, 0, result)

    def next_opening(self, instants: Ints, *, never: Never = "raise") -> Ints:
        """Return the first opening at or after each instant."""
        instants, null = checked(instants), are_null(never)

        def one(at: int, _: int) -> int:
            return self._timeline.next_opening(at)

        def block(rows: Block) -> Rows:
            return self._next_block(rows, null=null)

        question = never_due(one, null=null) if self._timeline.never_opens else Question(block, one, null=null)
        return question.answer(instants, 0, np.empty(len(instants), dtype=np.int64))

    def _next_block(self, rows: Block, *, null: bool) -> Rows:
        at, out = rows.at, rows.out
        place, work, before, away, none = rows.scratch.of(len(at))
        while True:
            arrays = self._tables.covering(rows.lo, rows.hi)
            np.maximum(at, arrays.lo + 1, out=before)
            np.subtract(before, 1, out=before)
            arrays.opens.place(before, place, work)
            take(arrays.opens.before_next, place, out)
            np.add(out, 1, out=out)
            np.greater_equal(out, arrays.hi, out=none)
            sides = {True: bool(none.any())}
            if not self._tables.wider(rows.lo, rows.hi, sides):
                break
        np.subtract(out, at, out=away)
        # What opens at the edge of the table may have begun before it.
        unsure = none | (at <= arrays.lo) | (away >= self._timeline._near)
        if null:
            never = np.where(none, True in sides, away > self._timeline.horizon * _LONG_YEAR) & (at > arrays.lo)
            out[never] = NULL
            unsure &= ~never
        return np.flatnonzero(unsure)

    # --- days --------------------------------------------------------------------------------------------------

    def business_days_between(self, starts: Ints, ends: Ints) -> Ints:
        """Return how many business dates follow each rolled start's, up to and with each end's."""
        starts, ends = checked(starts), same_length(checked(ends), checked(starts), "ends")

        def one(start: int, end: int) -> int:
            return business_dates.between(self._timeline, start, end)

        def block(rows: Block) -> Rows:
            if self._timeline.never_opens:
                rows.out[:] = 0
                return DECIDED
            return count_between(self._tables, rows)

        self._tables.foresee(starts, ends)
        return Question(block, one, pairs=True).answer(starts, ends, np.empty(len(starts), dtype=np.int64))

    def due(self, starts: Ints, amount: Amount, *, never: Never = "raise") -> Ints:
        """
        Return when an amount of any kind after each start is over; a negative one leads back.

        Raises what `calendar.add` does for a row.
        """
        starts, null = checked(starts), are_null(never)
        if isinstance(amount, BusinessTime):
            return self.add(starts, amount.micros, never=never)

        def one(at: int, _: int) -> int:
            return of_years_1_to_9999(self.calendar._due(at, amount))

        question = never_due(one, null=null)
        if isinstance(amount, ElapsedTime):
            question = Question(elapsed_block(amount.micros), one)
        elif isinstance(amount, CalendarDays):
            question = Question(self._civil_days.block(amount), one)
        elif isinstance(amount, BusinessDays) and not self._timeline.never_opens:
            self._tables.foresee(starts)
            question = Question(business_days_block(self._tables, amount, null=null), one, null=null)
        return question.answer(starts, 0, np.empty(len(starts), dtype=np.int64))

    def _steps(self, amount: Amount, lo: int, hi: int) -> Steps | None:
        """
        Return when an amount that is no open time is over after all instants in [lo, hi), as steps of more than those.

        None where a row would have to be asked about by itself, or has no answer.
        """
        if lo < FIRST_ASKED or hi > LAST_ASKED:
            return None
        self.due(np.array([lo, hi - 1], dtype=np.int64), amount)  # which makes the tables as large as they must be
        if isinstance(amount, ElapsedTime) or amount == CalendarDays(0):
            one = np.zeros(1, dtype=np.int64)
            shift = amount.micros if isinstance(amount, ElapsedTime) else 0
            return Steps(one + lo, hi, one + shift, one - FAR, one + FAR)
        if isinstance(amount, BusinessDays):
            dates = self._tables.covering(lo, hi).dates(self._timeline)
            found = dates.plan(amount.count, at_close=amount.due == "close")
        else:
            assert isinstance(amount, CalendarDays)  # noqa: S101  (there is no other kind)
            found = self._civil_days.covering(amount, lo, hi - 1)
        edges = found.axis.edges
        asked = slice(np.searchsorted(edges, lo, side="right") - 1, np.searchsorted(edges, hi))
        return found if int(found.most[asked].min()) > UNFINISHED else None


def kernel_of(calendar: Calendar) -> Kernel:
    """Return the kernel of a calendar; its arrays are made once."""
    # It is kept with the timeline, so that both go when nobody has the calendar any more.
    kept = vars(calendar.timeline)
    found: Kernel | None = kept.get("_kernel")
    if found is None:
        found = kept["_kernel"] = Kernel(calendar)
    return found
