"""
A calendar's questions over columns of instants: the same look-ups as for one, in blocks that stay in the cache.

Columns are int64: microseconds since 1970 UTC, and amounts in microseconds. `NULL` is no value (NumPy's NaT), and gives
`NULL`. The compiled table of the calendar is turned into arrays once. An instant finds its window by the bucket of a
power of two in which it lies, and a comparison with the window that follows: the cost does not depend on how many
windows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sla_engine.calendars import Calendar
from sla_engine.calendars import business_dates as dates
from sla_engine.calendars.timeline import Table, Timeline
from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

NULL: int = -(2**63)
"""No value: the smallest int64, which is what NumPy's NaT is."""
_LAST: int = 2**63 - 1
_ROWS = 65_536
"""So many rows are worked on at a time, with all that is worked out of them in the cache."""
_BUCKETS = 2**18
_CORRECTIONS = 4
_NO_ROWS = np.empty(0, dtype=np.intp)
_FAR_APART = 300 * 366 * 86_400 * 1_000_000
"""Rows of one block further apart than this are asked about one by one: the time between is not compiled."""


class _Axis:
    """Sorted edges, and for each value up to a last one the number of the last edge at or before it."""

    __slots__ = ("base", "before_next", "corrections", "edges", "first", "shift")

    def __init__(self, edges: Ints, last: int) -> None:
        self.edges = edges
        self.before_next = np.append(edges[1:], _LAST) - 1
        self.base = int(edges[0])
        length = last - self.base
        apart = np.diff(edges)
        smallest = int(apart[apart > 0].min()) if len(edges) > 1 and edges[-1] > edges[0] else max(length, 1)
        self.shift = max(smallest.bit_length() - 1, (length // _BUCKETS).bit_length())
        starts = self.base + (np.arange((length >> self.shift) + 2) << self.shift)
        self.first = np.searchsorted(edges, starts, side="right") - 1
        self.corrections = int(np.diff(self.first).max())

    def place(self, values: Ints, out: Ints, scratch: Ints) -> Ints:
        """Put into `out` the numbers of the last edges at or before values, none of which lies outside."""
        if self.corrections > _CORRECTIONS:
            out[:] = np.searchsorted(self.edges, values, side="right")
            return np.subtract(out, 1, out=out)
        np.subtract(values, self.base, out=scratch)
        np.right_shift(scratch, self.shift, out=scratch)
        _take(self.first, scratch, out)
        for _ in range(self.corrections):
            # One further where the next edge is at or before the value: the sign of the difference, as 0 or -1.
            _take(self.before_next, out, scratch)
            np.subtract(scratch, values, out=scratch)
            np.right_shift(scratch, 63, out=scratch)
            np.subtract(out, scratch, out=out)
        return out


def _take(table: Ints, places: Ints, out: Ints) -> None:
    # All places are in the table, so no mode changes any; this one is the quickest by half.
    np.take(table, places, out=out, mode="wrap")


class _Arrays:
    """A compiled table as arrays, with an empty window before the first."""

    __slots__ = ("_assured", "before", "closes", "hi", "less", "lo", "opens", "total", "until")

    def __init__(self, table: Table) -> None:
        self.lo, self.hi, self.total = table.lo, table.hi, table.total
        opens = np.array([table.lo, *table.opens], dtype=np.int64)
        before = np.array([0, *table.before], dtype=np.int64)
        self.closes = np.array([table.lo, *table.closes], dtype=np.int64)
        self.opens, self.before = _Axis(opens, table.hi), _Axis(before, table.total)
        # F(t) = min(t - opens + before, before of the next), so one subtraction and one comparison.
        self.less = before - opens
        self.until = np.append(before[1:], table.total)
        self._assured: tuple[int, int] | None = None

    def assured(self, length: int) -> int:
        """Return the open time that any time of a length has at least, as far as the table reaches."""
        if self._assured is None or self._assured[0] != length:
            # The least of it begins where a window closes, or ends where one opens.
            begins = np.concatenate((self.closes, self.opens.edges - length))
            begins = begins[(begins >= self.lo) & (begins + length <= self.hi)]
            least = _LAST
            if len(begins):
                one, other, place, work = (np.empty(len(begins), dtype=np.int64) for _ in range(4))
                _open_before(self, begins, out=one, place=place, work=work)
                _open_before(self, begins + length, out=other, place=place, work=work)
                least = int((other - one).min())
            self._assured = (length, least)
        return self._assured[1]


class _Scratch:
    """Room for what is worked out of a block, made once a call."""

    __slots__ = ("columns", "mask")

    def __init__(self, rows: int) -> None:
        self.columns = [np.empty(rows, dtype=np.int64) for _ in range(6)]
        self.mask = np.empty(rows, dtype=np.bool_)

    def of(self, rows: int) -> tuple[Ints, Ints, Ints, Ints, Bools]:
        """Return room for so many rows."""
        one, two, three, four = (column[:rows] for column in self.columns[:4])
        return one, two, three, four, self.mask[:rows]

    def without_nulls(self, column: Ints, other: Ints | int) -> tuple[Ints, Ints | int, NDArray[np.intp]]:
        """Return two columns with a value of their own where one has none, and the rows where that is."""
        found: list[Any] = [column, other]
        empty = _NO_ROWS
        for one in found:
            if not isinstance(one, int) and int(one.min()) == NULL:
                rows = np.flatnonzero(np.equal(one, NULL, out=self.mask[: len(one)]))
                empty = np.union1d(empty, rows) if len(empty) else rows
        if not len(empty):
            return column, other, _NO_ROWS
        for number, room in enumerate(self.columns[4:]):
            if isinstance(found[number], int):
                continue
            filled = room[: len(column)]
            np.copyto(filled, found[number])
            there = _first_other(empty)
            filled[empty] = filled[there] if there < len(filled) else 0
            found[number] = filled
        return found[0], found[1], empty


def _first_other(rows: NDArray[np.intp]) -> int:
    """Return the first row that is not among sorted ones."""
    return int(np.argmin(np.append(rows == np.arange(len(rows)), False)))


class Kernel:
    """
    The questions of one calendar over columns.

    Every answer is the one that the calendar gives for the row by itself. An error names the first row that has no
    answer.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._timeline: Timeline = calendar.timeline
        self._arrays: _Arrays | None = None

    # --- the table ---------------------------------------------------------------------------------------------

    def _covering(self, lo: int, hi: int) -> _Arrays:
        arrays = self._arrays
        if arrays is None or lo < arrays.lo or hi >= arrays.hi:
            arrays = self._arrays = _Arrays(self._timeline.covering(lo, hi))
        return arrays

    def _beyond(self, lo: int, hi: int, *, later: bool) -> _Arrays | None:
        """Return arrays of a larger table that covers both instants; None where no answer can be further away."""
        arrays = self._covering(lo, hi)
        limit = self._timeline.limit(hi if later else lo, later=later)
        if (arrays.hi > limit) if later else (arrays.lo <= limit):
            return None
        table = self._timeline.covering(lo, hi)
        while (table.hi <= arrays.hi) if later else (table.lo >= arrays.lo):
            table = self._timeline.beyond(table, later=later)
        self._arrays = _Arrays(table)
        return self._arrays

    # --- open time ---------------------------------------------------------------------------------------------

    def add(self, starts: Ints, amounts: Ints | int, *, out: Ints | None = None) -> Ints:
        """Return when each amount of open time after each start is over; a negative amount subtracts."""
        starts, given = _column(starts), _amounts(amounts, starts)
        result = _room(out, starts, given)
        if self._timeline.never_opens:
            return self._one_by_one(starts, given, result, np.arange(len(starts)))
        scratch = _Scratch(min(_ROWS, len(starts)))
        for start, stop in _blocks(len(starts)):
            amount = given if isinstance(given, int) else given[start:stop]
            self._add_block(starts[start:stop], amount, result[start:stop], scratch, start)
        return result

    def _add_block(self, starts: Ints, amounts: Ints | int, out: Ints, scratch: _Scratch, first: int) -> None:
        starts, amounts, empty = scratch.without_nulls(starts, amounts)
        lo, hi = int(starts.min()), int(starts.max())
        far_apart = hi - lo > _FAR_APART
        undecided = np.arange(len(starts)) if far_apart else self._add_near(starts, amounts, out, scratch, (lo, hi))
        if len(empty):
            undecided = np.setdiff1d(undecided, empty, assume_unique=True)
            out[empty] = NULL
        if len(undecided):
            self._one_by_one(starts, amounts, out, undecided, first)

    def _add_near(
        self, starts: Ints, amounts: Ints | int, out: Ints, scratch: _Scratch, within: tuple[int, int]
    ) -> NDArray[np.intp]:
        """Put the answers into `out`, and return the rows that the table does not decide."""
        place, work, until, target, mask = scratch.of(len(starts))
        least, most = (amounts, amounts) if isinstance(amounts, int) else (int(amounts.min()), int(amounts.max()))
        arrays, outside = self._reaching(starts, amounts, scratch, within, (least, most))
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
        _take(arrays.less, place, work)
        np.subtract(target, work, out=out)
        if least <= 0 <= most:
            np.copyto(out, starts, where=True if isinstance(amounts, int) else np.equal(amounts, 0, out=mask))
        near = self._timeline._near
        if not outside and max(most, -least) <= arrays.assured(near):
            return _NO_ROWS
        np.subtract(out, starts, out=work)
        decided = (target <= arrays.total if most > 0 else True) & (target >= 0 if least < 0 else True)
        return np.flatnonzero(~(decided & (work <= near) & (work >= -near)))

    def _reaching(
        self,
        starts: Ints,
        amounts: Ints | int,
        scratch: _Scratch,
        within: tuple[int, int],
        bounds: tuple[int, int],
    ) -> tuple[_Arrays, bool]:
        """
        Put the open time before each answer into the scratch; return a table, and whether answers lie outside of it.

        The table is made as large as the answers need, up to the horizon.
        """
        place, work, until, target, _ = scratch.of(len(starts))
        least, most = bounds
        told = self._covering(*within)
        while True:
            _open_before(told, starts, out=until, place=place, work=work)
            np.add(until, amounts, out=target)
            late = most > 0 and int(target.max()) > told.total
            early = least < 0 and int(target.min()) < 0
            more = self._beyond(*within, later=True) if late else None
            if more is None and early:
                more = self._beyond(*within, later=False)
            if more is None:
                return told, late or early
            told = more

    def _one_by_one(self, starts: Ints, amounts: Ints | int, out: Ints, rows: NDArray[Any], first: int = 0) -> Ints:
        for row in rows.tolist():
            start = int(starts[row])
            if start == NULL:
                out[row] = NULL
                continue
            amount = amounts if isinstance(amounts, int) else int(amounts[row])
            try:
                out[row] = NULL if amount == NULL else self._timeline.add(start, amount)
            except SlaError as error:
                raise error.located(f"row {first + row}") from None
        return out

    def subtract(self, ends: Ints, amounts: Ints | int, *, out: Ints | None = None) -> Ints:
        """Return when each amount of open time before each end begins; a negative amount adds."""
        if isinstance(amounts, int):
            return self.add(ends, -amounts, out=out)
        return self.add(ends, np.where(amounts == NULL, NULL, -amounts), out=out)

    def elapsed(self, starts: Ints, ends: Ints, *, out: Ints | None = None) -> Ints:
        """Return the open time from each start to each end; negative where the end is before the start."""
        starts, ends = _column(starts), _same_length(_column(ends), starts, "ends")
        result = _room(out, starts, ends)
        scratch = _Scratch(min(_ROWS, len(starts)))
        for start, stop in _blocks(len(starts)):
            one, other, empty = scratch.without_nulls(starts[start:stop], ends[start:stop])
            assert not isinstance(other, int)  # noqa: S101  (a column stays one)
            block = result[start:stop]
            self._elapsed_block(one, other, block, scratch)
            if len(empty):
                block[empty] = NULL
        return result

    def _elapsed_block(self, starts: Ints, ends: Ints, out: Ints, scratch: _Scratch) -> None:
        if self._timeline.never_opens:
            out[:] = 0
            return
        lo, hi = min(int(starts.min()), int(ends.min())), max(int(starts.max()), int(ends.max()))
        if hi - lo > _FAR_APART:
            out[:] = [self._timeline.elapsed(*pair) for pair in zip(starts.tolist(), ends.tolist(), strict=True)]
            return
        arrays = self._covering(lo, hi)
        place, work, until, _, _ = scratch.of(len(starts))
        _open_before(arrays, ends, out=until, place=place, work=work)
        _open_before(arrays, starts, out=out, place=place, work=work)
        np.subtract(until, out, out=out)

    # --- opening and closing -----------------------------------------------------------------------------------

    def is_open(self, instants: Ints) -> Bools:
        """Return for each instant whether the calendar is open; of no value it is False."""
        instants = _column(instants)
        result = np.zeros(len(instants), dtype=np.bool_)

        def block(arrays: _Arrays, at: Ints, out: Any, scratch: _Scratch) -> None:
            place, work, *_ = scratch.of(len(at))
            arrays.opens.place(at, place, work)
            _take(arrays.closes, place, work)
            np.less(at, work, out=out)

        self._each(instants, result, block, self._timeline.is_open, None)
        result[instants == NULL] = False
        return result

    def next_opening(self, instants: Ints) -> Ints:
        """Return the first opening at or after each instant."""
        instants = _column(instants)
        result = np.empty(len(instants), dtype=np.int64)

        def block(arrays: _Arrays, at: Ints, out: Any, scratch: _Scratch) -> None:
            place, work, before, *_ = scratch.of(len(at))
            np.maximum(at, arrays.lo + 1, out=before)
            np.subtract(before, 1, out=before)
            arrays.opens.place(before, place, work)
            _take(arrays.opens.before_next, place, out)
            np.add(out, 1, out=out)

        def is_sure(arrays: _Arrays, at: Ints, out: Ints) -> Bools:
            # What opens at the edge of the table may have begun before it.
            return (out < arrays.hi) & (at > arrays.lo) & (out - at < self._timeline._near)

        self._each(instants, result, block, self._timeline.next_opening, is_sure)
        return result

    def business_days_between(self, starts: Ints, ends: Ints) -> Ints:
        """Return how many business dates follow each rolled start's, up to and with each end's."""
        starts, ends = _column(starts), _same_length(_column(ends), starts, "ends")
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        return np.array(
            [NULL if NULL in pair else dates.between(self._timeline, *pair) for pair in pairs], dtype=np.int64
        )

    def _each(
        self,
        instants: Ints,
        result: Any,
        block: Callable[[_Arrays, Ints, Any, _Scratch], None],
        one: Callable[[int], Any],
        is_sure: Callable[[_Arrays, Ints, Ints], Bools] | None,
    ) -> None:
        scratch = _Scratch(min(_ROWS, len(instants)))
        for start, stop in _blocks(len(instants)):
            at, _, empty = scratch.without_nulls(instants[start:stop], 0)
            out = result[start:stop]
            lo, hi = int(at.min()), int(at.max())
            rows: list[int] = []
            if self._timeline.never_opens or hi - lo > _FAR_APART:
                rows = list(range(len(at)))
            else:
                arrays = self._covering(lo, hi)
                block(arrays, at, out, scratch)
                if is_sure is not None:
                    rows = np.flatnonzero(~is_sure(arrays, at, out)).tolist()
            for row in rows:
                if int(instants[start + row]) == NULL:
                    continue
                try:
                    out[row] = one(int(at[row]))
                except SlaError as error:
                    raise error.located(f"row {start + row}") from None
            if len(empty) and result.dtype == np.int64:
                out[empty] = NULL


def _open_before(arrays: _Arrays, at: Ints, *, out: Ints, place: Ints, work: Ints) -> None:
    """Put the open time before each instant into `out`."""
    arrays.opens.place(at, place, work)
    _take(arrays.less, place, work)
    np.add(at, work, out=out)
    _take(arrays.until, place, work)
    np.minimum(out, work, out=out)


def _blocks(rows: int) -> Iterator[tuple[int, int]]:
    return pairwise([*range(0, rows, _ROWS), rows])


def _column(given: Any) -> Ints:
    column = np.asarray(given)
    if column.ndim != 1 or (column.dtype != np.int64 and len(column)):
        raise InvalidInstant(
            f"a column of {column.dtype} with {column.ndim} dimensions, where one of int64 is expected",
            value=str(column.dtype),
            remedy="Give microseconds since 1970 UTC as int64",
        )
    return column if len(column) else column.astype(np.int64)


def _amounts(given: Any, starts: Ints) -> Ints | int:
    if isinstance(given, int):
        return given
    return _same_length(_column(given), starts, "amounts")


def _same_length(column: Ints, starts: Ints, what: str) -> Ints:
    if len(column) != len(starts):
        raise InvalidInstant(
            f"there are {len(starts)} starts and {len(column)} {what}",
            where=what,
            value=len(column),
            remedy="Give one each",
        )
    return column


def _room(out: Ints | None, *columns: Ints | int) -> Ints:
    like = columns[0]
    assert not isinstance(like, int)  # noqa: S101  (the first is a column)
    if out is None:
        return np.empty(len(like), dtype=np.int64)
    if any(not isinstance(column, int) and np.may_share_memory(out, column) for column in columns):
        raise InvalidInstant(
            "the room for the answers is that of a column that is asked about",
            where="out",
            remedy="Give it room of its own: np.empty_like",
        )
    if out.dtype != np.int64 or out.shape != like.shape:
        raise InvalidInstant(
            f"the room for the answers is {out.dtype} {out.shape}, where int64 {like.shape} is needed",
            where="out",
            value=str(out.dtype),
            remedy="Make it with np.empty_like",
        )
    return out


_KERNELS: WeakKeyDictionary[Timeline, Kernel] = WeakKeyDictionary()


def kernel_of(calendar: Calendar) -> Kernel:
    """Return the kernel of a calendar; its arrays are made once."""
    timeline = calendar.timeline
    found = _KERNELS.get(timeline)
    if found is None:
        found = _KERNELS[timeline] = Kernel(calendar)
    return found
